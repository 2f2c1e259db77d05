-- How every department stood at the end of May.
-- 各部门截至五月底的执行情况。
-- label_zh: 五月底的执行情况
select
    district_code,
    fiscal_year,
    department_name,
    full_year_budget_amount,
    cumulative_executed_amount,
    execution_rate_pct,
    gap_to_progress_points,
    execution_status
from summary.department_execution_monthly
where month = 5
order by district_code asc, fiscal_year asc, execution_rate_pct desc nulls last, department_name asc
