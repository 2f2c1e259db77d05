-- Budget and execution of the whole district by fund type.
-- 全区按资金性质的预算与执行。
-- label_zh: 按资金性质
select
    district_code,
    fiscal_year,
    fund_type_code,
    fund_type_name,
    sum(full_year_budget_amount) as full_year_budget_amount,
    sum(executed_amount) as executed_amount,
    count(*) - count(executed_amount) as departments_unknown
from summary.department_execution_by_fund_type
group by district_code, fiscal_year, fund_type_code, fund_type_name
order by district_code, fiscal_year, fund_type_code
