-- Budget and execution of each department at the end of each month, against time progress.
-- 各部门每月末的预算与执行：当月与累计，并与序时进度比较。
-- label_zh: 部门预算执行（按月）
with paid as (
    select
        district_code,
        fiscal_year,
        department_code,
        department_name,
        sum(adjusted_in_01) as adjusted_in_01,
        sum(adjusted_in_02) as adjusted_in_02,
        sum(adjusted_in_03) as adjusted_in_03,
        sum(adjusted_in_04) as adjusted_in_04,
        sum(adjusted_in_05) as adjusted_in_05,
        sum(adjusted_in_06) as adjusted_in_06,
        sum(adjusted_in_07) as adjusted_in_07,
        sum(adjusted_in_08) as adjusted_in_08,
        sum(adjusted_in_09) as adjusted_in_09,
        sum(adjusted_in_10) as adjusted_in_10,
        sum(adjusted_in_11) as adjusted_in_11,
        sum(adjusted_in_12) as adjusted_in_12,
        sum(paid_in_01) as paid_in_01,
        sum(paid_in_02) as paid_in_02,
        sum(paid_in_03) as paid_in_03,
        sum(paid_in_04) as paid_in_04,
        sum(paid_in_05) as paid_in_05,
        sum(paid_in_06) as paid_in_06,
        sum(paid_in_07) as paid_in_07,
        sum(paid_in_08) as paid_in_08,
        sum(paid_in_09) as paid_in_09,
        sum(paid_in_10) as paid_in_10,
        sum(paid_in_11) as paid_in_11,
        sum(paid_in_12) as paid_in_12
    from core.detail_movement
    group by district_code, fiscal_year, department_code, department_name
),

date_of_month as (
    select
        grain.district_code,
        grain.fiscal_year,
        grain.has_budget_adjustment,
        grain.has_payment,
        progress.month,
        progress.as_of_date
    from core.district_year_grain as grain
    inner join core.time_progress as progress
        on
            grain.district_code = progress.district_code
            and grain.fiscal_year = progress.fiscal_year
            and progress.expenditure_nature is null
            and progress.as_of_date = least(grain.latest_event_date, last_day(progress.as_of_date))
),

-- A row for every month up to the latest event of the district-year, whether anything moved in it or not.
detail as (
    select
        figure.district_code,
        figure.fiscal_year,
        figure.department_code,
        figure.department_name,
        figure.initial_budget_amount,
        figure.full_year_budget_amount,
        date_of_month.month,
        date_of_month.as_of_date,
        case when date_of_month.has_budget_adjustment then coalesce(amount_in_month(
            date_of_month.month,
            paid.adjusted_in_01,
            paid.adjusted_in_02,
            paid.adjusted_in_03,
            paid.adjusted_in_04,
            paid.adjusted_in_05,
            paid.adjusted_in_06,
            paid.adjusted_in_07,
            paid.adjusted_in_08,
            paid.adjusted_in_09,
            paid.adjusted_in_10,
            paid.adjusted_in_11,
            paid.adjusted_in_12
        ), 0) end as month_net_adjustment_amount,
        case when date_of_month.has_budget_adjustment then coalesce(amount_until_month(
            date_of_month.month,
            paid.adjusted_in_01,
            paid.adjusted_in_02,
            paid.adjusted_in_03,
            paid.adjusted_in_04,
            paid.adjusted_in_05,
            paid.adjusted_in_06,
            paid.adjusted_in_07,
            paid.adjusted_in_08,
            paid.adjusted_in_09,
            paid.adjusted_in_10,
            paid.adjusted_in_11,
            paid.adjusted_in_12
        ), 0) end as cumulative_net_adjustment_amount,
        case when date_of_month.has_payment then coalesce(amount_in_month(
            date_of_month.month,
            paid.paid_in_01, paid.paid_in_02, paid.paid_in_03, paid.paid_in_04, paid.paid_in_05, paid.paid_in_06,
            paid.paid_in_07, paid.paid_in_08, paid.paid_in_09, paid.paid_in_10, paid.paid_in_11, paid.paid_in_12
        ), 0) end as month_executed_amount,
        case when date_of_month.has_payment then coalesce(amount_until_month(
            date_of_month.month,
            paid.paid_in_01, paid.paid_in_02, paid.paid_in_03, paid.paid_in_04, paid.paid_in_05, paid.paid_in_06,
            paid.paid_in_07, paid.paid_in_08, paid.paid_in_09, paid.paid_in_10, paid.paid_in_11, paid.paid_in_12
        ), 0) end as cumulative_executed_amount
    from core.execution_figure as figure
    inner join date_of_month
        on
            figure.district_code = date_of_month.district_code
            and figure.fiscal_year = date_of_month.fiscal_year
    left join paid
        on
            figure.district_code = paid.district_code
            and figure.fiscal_year = paid.fiscal_year
            and figure.department_code is not distinct from paid.department_code
            and figure.department_name is not distinct from paid.department_name
    where figure.figure_level = 'department' and figure.source_grain = 'detail'
),

standing as (
    select
        district_code,
        fiscal_year,
        department_code,
        department_name,
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
        as_of_date
    from detail
    union all
    select
        statement.district_code,
        statement.fiscal_year,
        statement.department_code,
        statement.department_name,
        statement.month,
        statement.initial_budget_amount,
        statement.month_net_adjustment_amount,
        statement.cumulative_net_adjustment_amount,
        statement.full_year_budget_amount,
        statement.month_executed_amount,
        statement.cumulative_executed_amount,
        figure.source_grain,
        statement.as_of_date
    from core.statement_month as statement
    inner join core.execution_figure as figure
        on
            figure.figure_level = 'department'
            and figure.source_grain = 'statement'
            and statement.figure_level = 'department'
            and statement.district_code = figure.district_code
            and statement.fiscal_year = figure.fiscal_year
            and statement.department_code is not distinct from figure.department_code
            and statement.department_name is not distinct from figure.department_name
)

select
    standing.district_code,
    standing.fiscal_year,
    standing.department_code,
    standing.department_name,
    standing.month,
    standing.initial_budget_amount,
    standing.month_net_adjustment_amount,
    standing.cumulative_net_adjustment_amount,
    standing.full_year_budget_amount,
    standing.month_executed_amount,
    standing.cumulative_executed_amount,
    standing.full_year_budget_amount - standing.cumulative_executed_amount as unspent_amount,
    exact_rate(standing.cumulative_executed_amount, standing.full_year_budget_amount) as execution_rate,
    exact_rate_pct(standing.cumulative_executed_amount, standing.full_year_budget_amount) as execution_rate_pct,
    progress.time_progress,
    progress.time_progress_pct,
    progress.time_progress_source,
    exact_rate_pct(standing.cumulative_executed_amount, standing.full_year_budget_amount)
    - progress.time_progress_pct as gap_to_progress_points,
    standing.cumulative_executed_amount
    - cast(
        cast(standing.full_year_budget_amount as decimal(29, 2)) * progress.time_progress as decimal(18, 2)
    ) as gap_to_progress_amount,
    execution_status(standing.cumulative_executed_amount, standing.full_year_budget_amount) as execution_status,
    standing.source_grain,
    standing.as_of_date
from standing
inner join core.time_progress as progress
    on
        standing.district_code = progress.district_code
        and standing.fiscal_year = progress.fiscal_year
        and standing.as_of_date = progress.as_of_date
        and progress.expenditure_nature is null
