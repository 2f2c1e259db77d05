-- Budget and execution of each department at the end of each month, against time progress.
-- 各部门每月末的预算与执行：当月与累计，并与序时进度比较。
-- label_zh: 部门预算执行（按月）
select
    district_code,
    fiscal_year,
    department_code,
    department_name,
    month,
    initial_budget_amount,
    month_net_adjustment_amount,
    cumulative_net_adjustment_amount,
    full_year_budget_amount,
    month_executed_amount,
    cumulative_executed_amount,
    full_year_budget_amount - cumulative_executed_amount as unspent_amount,
    exact_rate(cumulative_executed_amount, full_year_budget_amount) as execution_rate,
    exact_rate_pct(cumulative_executed_amount, full_year_budget_amount) as execution_rate_pct,
    time_progress,
    time_progress_source,
    gap_to_progress_points(
        cumulative_executed_amount, full_year_budget_amount, time_progress
    ) as gap_to_progress_points,
    cumulative_executed_amount
    - cast(cast(full_year_budget_amount as decimal(29, 2)) * time_progress as decimal(18, 2)) as gap_to_progress_amount,
    execution_status(cumulative_executed_amount, full_year_budget_amount) as execution_status,
    source_grain,
    as_of_date
from core.execution_month
where figure_level = 'department'
order by district_code, fiscal_year, department_code, department_name, month
