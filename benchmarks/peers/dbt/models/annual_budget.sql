select * from read_csv('{{ env_var("PLAIN") }}/annual_budget.csv', all_varchar = true, header = true)
