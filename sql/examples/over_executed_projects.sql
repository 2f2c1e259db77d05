-- Projects that have spent more than their full-year budget, and by how much.
-- 支出超过全年预算的项目及超出数。
-- label_zh: 超预算项目
select
    district_code,
    fiscal_year,
    department_name,
    project_name,
    full_year_budget_amount,
    executed_amount,
    -unspent_amount as over_executed_amount,
    execution_rate_pct,
    is_complete
from summary.project_execution
where execution_status = 'over_executed'
order by unspent_amount, project_name
