-- Projects that have a budget and have spent nothing, the largest first.
-- 有预算而零支出的项目，按金额从大到小。
-- label_zh: 零支出项目
select
    district_code,
    fiscal_year,
    department_name,
    project_code,
    project_name,
    full_year_budget_amount,
    as_of_date
from summary.project_execution
where full_year_budget_amount > 0 and executed_amount = 0
order by full_year_budget_amount desc, project_name asc
