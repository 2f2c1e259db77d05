select * from read_csv('{{ env_var("PLAIN") }}/budget_adjustment.csv', all_varchar = true, header = true)
