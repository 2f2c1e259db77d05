-- Rows that fulfil the checks; of several with the same identity the one in the last file.
select * exclude (filename, paid_amount, payment_date), try_cast(paid_amount as decimal(18, 2)) as paid_amount,
    try_cast(payment_date as date) as payment_date
from read_csv('{{ env_var("PLAIN") }}/payment*.csv', all_varchar = true, header = true, filename = true)
where voucher_number is not null and regexp_full_match(paid_amount, '-?\d+(\.\d{1,2})?')
    and year(try_cast(payment_date as date)) = 2024
    and regexp_full_match(department_code, '\d{3,9}')
    and regexp_full_match(function_code, '\d{3}(\d{2}){0,2}')
    and regexp_full_match(department_economy_code, '\d{3}(\d{2})?')
    and fund_type_code in {{ var('fund_types') }}
    and project_code in (select project_code from {{ ref('annual_budget') }})
qualify row_number() over (partition by {{ var('identity') }} order by filename like '%restated%' desc) = 1
