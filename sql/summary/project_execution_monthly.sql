-- Budget and execution of each project at the end of each month, against time progress.
-- 各项目每月末的预算与执行：当月与累计，并与序时进度比较。
-- label_zh: 项目预算执行（按月）
select
    district_code,
    fiscal_year,
    department_code,
    department_name,
    department_key,
    project_code,
    project_name,
    project_key,
    project_kind,
    expenditure_nature,
    month,
    initial_budget_amount,
    month_net_adjustment_amount,
    cumulative_net_adjustment_amount,
    full_year_budget_amount,
    month_executed_amount,
    cumulative_executed_amount,
    unspent_amount,
    execution_rate,
    execution_rate_pct,
    time_progress,
    time_progress_pct,
    time_progress_source,
    gap_to_progress_points,
    gap_to_progress_amount,
    execution_status,
    source_grain,
    as_of_date,
    is_complete,
    set_aside_row_count,
    set_aside_amount
from core.monthly_execution
where figure_level = 'project'
