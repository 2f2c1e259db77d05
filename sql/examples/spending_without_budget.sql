-- Projects that have spent money without a budget.
-- 无预算而有支出的项目。
-- label_zh: 无预算支出
select
    district_code,
    fiscal_year,
    department_name,
    project_code,
    project_name,
    full_year_budget_amount,
    executed_amount
from summary.project_execution
where execution_status = 'spend_without_budget'
order by executed_amount desc, project_name asc
