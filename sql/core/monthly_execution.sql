-- Budget and execution of each department and project at the end of each month, against time progress.
-- 各部门、各项目每月末的预算与执行：当月与累计，并与序时进度比较。
-- label_zh: 预算执行分月
-- kept: as a view
with level as (
    select 'department' as figure_level
    union all
    select 'project' as figure_level
),

moved as (
    select
        level.figure_level,
        item.district_code,
        item.fiscal_year,
        item.department_code,
        item.department_name,
        case when level.figure_level = 'project' then item.project_code end as project_code,
        case when level.figure_level = 'project' then item.project_name end as project_name,
        cast(sum(item.adjusted_in_01) as decimal(18, 2)) as adjusted_in_01,
        cast(sum(item.adjusted_in_02) as decimal(18, 2)) as adjusted_in_02,
        cast(sum(item.adjusted_in_03) as decimal(18, 2)) as adjusted_in_03,
        cast(sum(item.adjusted_in_04) as decimal(18, 2)) as adjusted_in_04,
        cast(sum(item.adjusted_in_05) as decimal(18, 2)) as adjusted_in_05,
        cast(sum(item.adjusted_in_06) as decimal(18, 2)) as adjusted_in_06,
        cast(sum(item.adjusted_in_07) as decimal(18, 2)) as adjusted_in_07,
        cast(sum(item.adjusted_in_08) as decimal(18, 2)) as adjusted_in_08,
        cast(sum(item.adjusted_in_09) as decimal(18, 2)) as adjusted_in_09,
        cast(sum(item.adjusted_in_10) as decimal(18, 2)) as adjusted_in_10,
        cast(sum(item.adjusted_in_11) as decimal(18, 2)) as adjusted_in_11,
        cast(sum(item.adjusted_in_12) as decimal(18, 2)) as adjusted_in_12,
        cast(sum(item.paid_in_01) as decimal(18, 2)) as paid_in_01,
        cast(sum(item.paid_in_02) as decimal(18, 2)) as paid_in_02,
        cast(sum(item.paid_in_03) as decimal(18, 2)) as paid_in_03,
        cast(sum(item.paid_in_04) as decimal(18, 2)) as paid_in_04,
        cast(sum(item.paid_in_05) as decimal(18, 2)) as paid_in_05,
        cast(sum(item.paid_in_06) as decimal(18, 2)) as paid_in_06,
        cast(sum(item.paid_in_07) as decimal(18, 2)) as paid_in_07,
        cast(sum(item.paid_in_08) as decimal(18, 2)) as paid_in_08,
        cast(sum(item.paid_in_09) as decimal(18, 2)) as paid_in_09,
        cast(sum(item.paid_in_10) as decimal(18, 2)) as paid_in_10,
        cast(sum(item.paid_in_11) as decimal(18, 2)) as paid_in_11,
        cast(sum(item.paid_in_12) as decimal(18, 2)) as paid_in_12
    from core.detail_movement as item
    cross join level
    group by
        level.figure_level,
        item.district_code,
        item.fiscal_year,
        item.department_code,
        item.department_name,
        case when level.figure_level = 'project' then item.project_code end,
        case when level.figure_level = 'project' then item.project_name end
),

cumulated as (
    select
        *,
        adjusted_in_01 as adjusted_until_01,
        adjusted_until_01 + adjusted_in_02 as adjusted_until_02,
        adjusted_until_02 + adjusted_in_03 as adjusted_until_03,
        adjusted_until_03 + adjusted_in_04 as adjusted_until_04,
        adjusted_until_04 + adjusted_in_05 as adjusted_until_05,
        adjusted_until_05 + adjusted_in_06 as adjusted_until_06,
        adjusted_until_06 + adjusted_in_07 as adjusted_until_07,
        adjusted_until_07 + adjusted_in_08 as adjusted_until_08,
        adjusted_until_08 + adjusted_in_09 as adjusted_until_09,
        adjusted_until_09 + adjusted_in_10 as adjusted_until_10,
        adjusted_until_10 + adjusted_in_11 as adjusted_until_11,
        adjusted_until_11 + adjusted_in_12 as adjusted_until_12,
        paid_in_01 as paid_until_01,
        paid_until_01 + paid_in_02 as paid_until_02,
        paid_until_02 + paid_in_03 as paid_until_03,
        paid_until_03 + paid_in_04 as paid_until_04,
        paid_until_04 + paid_in_05 as paid_until_05,
        paid_until_05 + paid_in_06 as paid_until_06,
        paid_until_06 + paid_in_07 as paid_until_07,
        paid_until_07 + paid_in_08 as paid_until_08,
        paid_until_08 + paid_in_09 as paid_until_09,
        paid_until_09 + paid_in_10 as paid_until_10,
        paid_until_10 + paid_in_11 as paid_until_11,
        paid_until_11 + paid_in_12 as paid_until_12
    from moved
),

-- Amounts of the twelve months as lists: of each month, and until the end of each month.
detail_year as (
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
        [
            moved.adjusted_in_01, moved.adjusted_in_02, moved.adjusted_in_03, moved.adjusted_in_04,
            moved.adjusted_in_05, moved.adjusted_in_06, moved.adjusted_in_07, moved.adjusted_in_08,
            moved.adjusted_in_09, moved.adjusted_in_10, moved.adjusted_in_11, moved.adjusted_in_12
        ] as adjusted_in_month,
        [
            moved.adjusted_until_01, moved.adjusted_until_02, moved.adjusted_until_03, moved.adjusted_until_04,
            moved.adjusted_until_05, moved.adjusted_until_06, moved.adjusted_until_07, moved.adjusted_until_08,
            moved.adjusted_until_09, moved.adjusted_until_10, moved.adjusted_until_11, moved.adjusted_until_12
        ] as adjusted_until_month,
        [
            moved.paid_in_01, moved.paid_in_02, moved.paid_in_03, moved.paid_in_04,
            moved.paid_in_05, moved.paid_in_06, moved.paid_in_07, moved.paid_in_08,
            moved.paid_in_09, moved.paid_in_10, moved.paid_in_11, moved.paid_in_12
        ] as paid_in_month,
        [
            moved.paid_until_01, moved.paid_until_02, moved.paid_until_03, moved.paid_until_04,
            moved.paid_until_05, moved.paid_until_06, moved.paid_until_07, moved.paid_until_08,
            moved.paid_until_09, moved.paid_until_10, moved.paid_until_11, moved.paid_until_12
        ] as paid_until_month
    from core.execution_figure as figure
    left join cumulated as moved
        on
            figure.figure_level = moved.figure_level
            and figure.district_code = moved.district_code
            and figure.fiscal_year = moved.fiscal_year
            and figure.department_code is not distinct from moved.department_code
            and figure.department_name is not distinct from moved.department_name
            and figure.project_code is not distinct from moved.project_code
            and figure.project_name is not distinct from moved.project_name
    where figure.figure_level in ('department', 'project') and figure.source_grain = 'detail'
),

date_of_month as (
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
    from detail_year as figure
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
    standing.figure_level,
    standing.district_code,
    standing.fiscal_year,
    standing.department_code,
    standing.department_name,
    code_or_name(standing.department_code, standing.department_name) as department_key,
    standing.project_code,
    standing.project_name,
    code_or_name(standing.project_code, standing.project_name) as project_key,
    standing.project_kind,
    standing.expenditure_nature,
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
    standing.time_progress,
    standing.time_progress_pct,
    standing.time_progress_source,
    exact_rate_pct(standing.cumulative_executed_amount, standing.full_year_budget_amount)
    - standing.time_progress_pct as gap_to_progress_points,
    standing.cumulative_executed_amount
    - share_of_amount(standing.full_year_budget_amount, standing.time_progress) as gap_to_progress_amount,
    execution_status(standing.cumulative_executed_amount, standing.full_year_budget_amount) as execution_status,
    standing.source_grain,
    standing.as_of_date,
    mark.is_complete,
    mark.set_aside_row_count,
    mark.set_aside_amount
from standing
left join core.figure_completeness as mark
    on
        standing.figure_level = mark.figure_level
        and standing.district_code = mark.district_code
        and standing.fiscal_year = mark.fiscal_year
        and code_or_name(standing.department_code, standing.department_name) = mark.department_key
        and code_or_name(standing.project_code, standing.project_name) = mark.project_key
