-- Projects of one million yuan and more that have spent less than half, with what is unspent.
-- 预算一百万元以上而执行不足一半的项目及未支出数。
-- label_zh: 大额慢支项目
select
    district_code,
    fiscal_year,
    department_name,
    project_name,
    full_year_budget_amount,
    executed_amount,
    unspent_amount,
    execution_rate_pct,
    is_complete
from summary.project_execution
where full_year_budget_amount >= 1000000 and execution_rate < 0.5
order by unspent_amount desc, project_name asc
