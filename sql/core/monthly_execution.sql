-- Budget and execution of each department and project at the end of each month, against time progress.
-- 各部门、各项目每月末的预算与执行：当月与累计，并与序时进度比较。
-- label_zh: 预算执行分月
-- kept: as a view
with date_of_month as (
    select
        grain.district_code,
        grain.fiscal_year,
        grain.has_budget_adjustment,
        grain.has_payment,
        progress.month,
        progress.as_of_date,
        progress.expenditure_nature,
        progress.time_progress,
        progress.time_progress_pct,
        progress.time_progress_source
    from core.district_year_grain as grain
    inner join core.time_progress as progress
        on
            grain.district_code = progress.district_code
            and grain.fiscal_year = progress.fiscal_year
            and progress.as_of_date = least(grain.latest_event_date, last_day(progress.as_of_date))
),

-- A row for every month up to the latest event of the district-year, whether anything moved in it or not.
detail as (
    select
        figure.figure_level,
        figure.district_code,
        figure.fiscal_year,
        figure.department_code,
        figure.department_name,
        figure.project_code,
        figure.project_name,
        figure.project_kind,
        figure.expenditure_nature,
        figure.initial_budget_amount,
        figure.full_year_budget_amount,
        date_of_month.month,
        date_of_month.as_of_date,
        date_of_month.time_progress,
        date_of_month.time_progress_pct,
        date_of_month.time_progress_source,
        case
            when date_of_month.has_budget_adjustment then coalesce(figure.adjusted_in_month[date_of_month.month], 0)
        end as month_net_adjustment_amount,
        case
            when date_of_month.has_budget_adjustment then coalesce(figure.adjusted_until_month[date_of_month.month], 0)
        end as cumulative_net_adjustment_amount,
        case
            when date_of_month.has_payment then coalesce(figure.paid_in_month[date_of_month.month], 0)
        end as month_executed_amount,
        case
            when date_of_month.has_payment then coalesce(figure.paid_until_month[date_of_month.month], 0)
        end as cumulative_executed_amount
    from core.detail_year as figure
    inner join date_of_month
        on
            figure.district_code = date_of_month.district_code
            and figure.fiscal_year = date_of_month.fiscal_year
            and figure.expenditure_nature is not distinct from date_of_month.expenditure_nature
),

standing as (
    select
        figure_level,
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name,
        project_kind,
        expenditure_nature,
        month,
        initial_budget_amount,
        month_net_adjustment_amount,
        cumulative_net_adjustment_amount,
        case
            when cumulative_net_adjustment_amount is null then full_year_budget_amount
            else initial_budget_amount + cumulative_net_adjustment_amount
        end as full_year_budget_amount,
        month_executed_amount,
        cumulative_executed_amount,
        'detail' as source_grain,
        as_of_date,
        time_progress,
        time_progress_pct,
        time_progress_source
    from detail
    union all
    select
        statement.figure_level,
        statement.district_code,
        statement.fiscal_year,
        statement.department_code,
        statement.department_name,
        statement.project_code,
        statement.project_name,
        statement.project_kind,
        statement.expenditure_nature,
        statement.month,
        statement.initial_budget_amount,
        statement.month_net_adjustment_amount,
        statement.cumulative_net_adjustment_amount,
        statement.full_year_budget_amount,
        statement.month_executed_amount,
        statement.cumulative_executed_amount,
        figure.source_grain,
        statement.as_of_date,
        progress.time_progress,
        progress.time_progress_pct,
        progress.time_progress_source
    from core.statement_month as statement
    inner join core.execution_figure as figure
        on
            figure.source_grain = 'statement'
            and statement.figure_level = figure.figure_level
            and statement.district_code = figure.district_code
            and statement.fiscal_year = figure.fiscal_year
            and statement.department_code is not distinct from figure.department_code
            and statement.department_name is not distinct from figure.department_name
            and statement.project_code is not distinct from figure.project_code
            and statement.project_name is not distinct from figure.project_name
    inner join core.time_progress as progress
        on
            statement.district_code = progress.district_code
            and statement.fiscal_year = progress.fiscal_year
            and statement.as_of_date = progress.as_of_date
            and statement.expenditure_nature is not distinct from progress.expenditure_nature
)

select
    figure_level,
    district_code,
    fiscal_year,
    department_code,
    department_name,
    project_code,
    project_name,
    project_kind,
    expenditure_nature,
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
    time_progress_pct,
    time_progress_source,
    exact_rate_pct(cumulative_executed_amount, full_year_budget_amount)
    - time_progress_pct as gap_to_progress_points,
    cumulative_executed_amount
    - share_of_amount(full_year_budget_amount, time_progress) as gap_to_progress_amount,
    execution_status(cumulative_executed_amount, full_year_budget_amount) as execution_status,
    source_grain,
    as_of_date
from standing
