-- Budget and execution of each project at the end of each month, against time progress.
-- 各项目每月末的预算与执行：当月与累计，并与序时进度比较。
-- label_zh: 项目预算执行（按月）
select
    figure.district_code,
    figure.fiscal_year,
    figure.department_code,
    figure.department_name,
    code_or_name(figure.department_code, figure.department_name) as department_key,
    figure.project_code,
    figure.project_name,
    code_or_name(figure.project_code, figure.project_name) as project_key,
    figure.project_kind,
    figure.expenditure_nature,
    figure.month,
    figure.initial_budget_amount,
    figure.month_net_adjustment_amount,
    figure.cumulative_net_adjustment_amount,
    figure.full_year_budget_amount,
    figure.month_executed_amount,
    figure.cumulative_executed_amount,
    figure.unspent_amount,
    figure.execution_rate,
    figure.execution_rate_pct,
    figure.time_progress,
    figure.time_progress_pct,
    figure.time_progress_source,
    figure.gap_to_progress_points,
    figure.gap_to_progress_amount,
    figure.execution_status,
    figure.source_grain,
    figure.as_of_date,
    case when mark.figure_level is null then true else mark.is_complete end as is_complete,
    case when mark.figure_level is null then 0 else mark.set_aside_row_count end as set_aside_row_count,
    cast(
        case when mark.figure_level is null then 0 else mark.set_aside_amount end as decimal(18, 2)
    ) as set_aside_amount
from core.monthly_execution as figure
left join core.set_aside_figure as mark
    on
        figure.figure_level = mark.figure_level
        and figure.district_code = mark.district_code
        and figure.fiscal_year = mark.fiscal_year
        and code_or_name(figure.department_code, figure.department_name) = mark.department_key
        and code_or_name(figure.project_code, figure.project_name) = mark.project_key
where figure.figure_level = 'project'
