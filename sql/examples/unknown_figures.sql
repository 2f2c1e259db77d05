-- Departments and projects whose execution rate is unknown: what has not been delivered.
-- 执行率未知的部门与项目：缺少哪些数据。
-- label_zh: 未知的数字
select
    district_code,
    fiscal_year,
    department_name,
    project_name,
    initial_budget_amount,
    full_year_budget_amount,
    executed_amount,
    source_grain
from summary.project_execution
where execution_status = 'unknown'
order by district_code, fiscal_year, department_name, project_name
