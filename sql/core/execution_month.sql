-- How every department and project stood at the end of each month, from dated detail or dated statements.
-- 各部门、项目每月末的预算与执行，取自带日期的明细或执行情况表。
-- label_zh: 月末执行数基础表
with month_number as (
    select cast(listed.month as bigint) as month
    from (values (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11), (12)) as listed (month)
),

level as (
    select 'department' as figure_level
    union all
    select 'project' as figure_level
),

figure as (
    select
        *,
        coalesce(department_code, department_name) as department_key,
        coalesce(project_code, project_name) as project_key
    from core.execution_figure
    where figure_level in ('department', 'project')
),

-- Detail: a row for every month up to the latest event of the district-year, whether anything moved in it or not.
movement as (
    select
        level.figure_level,
        item.district_code,
        item.fiscal_year,
        coalesce(item.department_code, item.department_name) as department_key,
        case
            when level.figure_level = 'project' then coalesce(item.project_code, item.project_name)
        end as project_key,
        item.month,
        sum(item.increase_amount - item.decrease_amount) as net_adjustment_amount,
        sum(item.executed_amount) as executed_amount
    from core.detail_movement as item
    cross join level
    where item.month > 0
    group by
        level.figure_level,
        item.district_code,
        item.fiscal_year,
        coalesce(item.department_code, item.department_name),
        case
            when level.figure_level = 'project' then coalesce(item.project_code, item.project_name)
        end,
        item.month
),

detail_month as (
    select
        figure.figure_level,
        figure.district_code,
        figure.fiscal_year,
        figure.department_key,
        figure.project_key,
        month_number.month,
        least(grain.latest_event_date, last_day(make_date(figure.fiscal_year, month_number.month, 1))) as as_of_date,
        figure.initial_budget_amount,
        figure.full_year_budget_amount as final_full_year_budget_amount,
        case
            when grain.has_budget_adjustment then coalesce(movement.net_adjustment_amount, 0)
        end as month_net_adjustment_amount,
        case when grain.has_payment then coalesce(movement.executed_amount, 0) end as month_executed_amount
    from figure
    inner join core.district_year_grain as grain
        on
            figure.district_code = grain.district_code
            and figure.fiscal_year = grain.fiscal_year
    inner join month_number on month_number.month <= extract(month from grain.latest_event_date)
    left join movement
        on
            figure.figure_level = movement.figure_level
            and figure.district_code = movement.district_code
            and figure.fiscal_year = movement.fiscal_year
            and figure.department_key = movement.department_key
            and figure.project_key is not distinct from movement.project_key
            and month_number.month = movement.month
    where figure.source_grain = 'detail'
),

detail_cumulative as (
    select
        *,
        sum(month_net_adjustment_amount) over (
            partition by figure_level, district_code, fiscal_year, department_key, project_key
            order by month
            rows between unbounded preceding and current row
        ) as cumulative_net_adjustment_amount,
        sum(month_executed_amount) over (
            partition by figure_level, district_code, fiscal_year, department_key, project_key
            order by month
            rows between unbounded preceding and current row
        ) as cumulative_executed_amount
    from detail_month
),

-- Statements: a row for every month for which one was delivered; known where every unit delivered one.
dated_line as (
    select
        level.figure_level,
        line.*,
        coalesce(line.department_code, line.department_name) as department_key,
        coalesce(line.project_code, line.project_name) as project_key,
        coalesce(line.unit_code, line.unit_name) as unit_key,
        case
            when extract(year from line.as_of_date) > line.fiscal_year then 12
            else extract(month from line.as_of_date)
        end as month
    from core.statement_line as line
    inner join level
        on (level.figure_level = 'project') = (coalesce(line.project_code, line.project_name) is not null)
    where extract(year from line.as_of_date) >= line.fiscal_year
),

chosen_line as (
    select
        *,
        dense_rank() over (
            partition by figure_level, district_code, fiscal_year, unit_key, department_key, project_key, month
            order by
                as_of_date desc,
                case
                    when fund_type_code is null and expenditure_nature is null then 1
                    when expenditure_nature is null then 2
                    when fund_type_code is null then 3
                    else 4
                end
        ) as choice
    from dated_line
),

unit_count as (
    select
        figure_level,
        district_code,
        fiscal_year,
        department_key,
        project_key,
        count(distinct unit_key) as units
    from dated_line
    group by figure_level, district_code, fiscal_year, department_key, project_key
),

statement_sum as (
    select
        figure_level,
        district_code,
        fiscal_year,
        department_key,
        project_key,
        month,
        count(distinct unit_key) as units,
        max(as_of_date) as as_of_date,
        case when count(*) = count(initial_budget_amount) then sum(initial_budget_amount) end as initial_budget_amount,
        case when count(*) = count(adjustment_amount) then sum(adjustment_amount) end as adjustment_amount,
        case
            when count(*) = count(full_year_budget_amount) then sum(full_year_budget_amount)
        end as full_year_budget_amount,
        case when count(*) = count(executed_amount) then sum(executed_amount) end as executed_amount
    from chosen_line
    where choice = 1
    group by figure_level, district_code, fiscal_year, department_key, project_key, month
),

statement_known as (
    select
        statement_sum.figure_level,
        statement_sum.district_code,
        statement_sum.fiscal_year,
        statement_sum.department_key,
        statement_sum.project_key,
        statement_sum.month,
        statement_sum.as_of_date,
        case
            when statement_sum.units = unit_count.units then statement_sum.initial_budget_amount
        end as initial_budget_amount,
        case
            when statement_sum.units = unit_count.units
                then coalesce(
                    statement_sum.adjustment_amount,
                    statement_sum.full_year_budget_amount - statement_sum.initial_budget_amount
                )
        end as net_adjustment_amount,
        case
            when statement_sum.units = unit_count.units then statement_sum.full_year_budget_amount
        end as full_year_budget_amount,
        case when statement_sum.units = unit_count.units then statement_sum.executed_amount end as executed_amount
    from statement_sum
    inner join unit_count
        on
            statement_sum.figure_level = unit_count.figure_level
            and statement_sum.district_code = unit_count.district_code
            and statement_sum.fiscal_year = unit_count.fiscal_year
            and statement_sum.department_key = unit_count.department_key
            and statement_sum.project_key is not distinct from unit_count.project_key
),

-- What moved within a month is known where the month before is: January begins at nothing.
statement_month as (
    select
        *,
        case
            when month = 1 then 0
            when
                lag(month) over (
                    partition by figure_level, district_code, fiscal_year, department_key, project_key
                    order by month
                ) = month - 1
                then lag(net_adjustment_amount) over (
                    partition by figure_level, district_code, fiscal_year, department_key, project_key
                    order by month
                )
        end as earlier_net_adjustment_amount,
        case
            when month = 1 then 0
            when
                lag(month) over (
                    partition by figure_level, district_code, fiscal_year, department_key, project_key
                    order by month
                ) = month - 1
                then lag(executed_amount) over (
                    partition by figure_level, district_code, fiscal_year, department_key, project_key
                    order by month
                )
        end as earlier_executed_amount
    from statement_known
),

standing as (
    select
        figure_level,
        district_code,
        fiscal_year,
        department_key,
        project_key,
        'detail' as source_grain,
        month,
        as_of_date,
        initial_budget_amount,
        month_net_adjustment_amount,
        cumulative_net_adjustment_amount,
        case
            when cumulative_net_adjustment_amount is null then final_full_year_budget_amount
            else initial_budget_amount + cumulative_net_adjustment_amount
        end as full_year_budget_amount,
        month_executed_amount,
        cumulative_executed_amount
    from detail_cumulative
    union all
    select
        figure_level,
        district_code,
        fiscal_year,
        department_key,
        project_key,
        'statement' as source_grain,
        month,
        as_of_date,
        initial_budget_amount,
        net_adjustment_amount - earlier_net_adjustment_amount as month_net_adjustment_amount,
        net_adjustment_amount as cumulative_net_adjustment_amount,
        full_year_budget_amount,
        executed_amount - earlier_executed_amount as month_executed_amount,
        executed_amount as cumulative_executed_amount
    from statement_month
)

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
    standing.month,
    standing.initial_budget_amount,
    standing.month_net_adjustment_amount,
    standing.cumulative_net_adjustment_amount,
    standing.full_year_budget_amount,
    standing.month_executed_amount,
    standing.cumulative_executed_amount,
    coalesce(
        nature_progress.time_progress,
        general_progress.time_progress,
        exact_rate(
            date_diff('day', make_date(figure.fiscal_year, 1, 1), standing.as_of_date) + 1,
            date_diff('day', make_date(figure.fiscal_year, 1, 1), make_date(figure.fiscal_year + 1, 1, 1))
        )
    ) as time_progress,
    case
        when coalesce(nature_progress.time_progress, general_progress.time_progress) is null then 'days'
        else 'yardstick'
    end as time_progress_source,
    figure.source_grain,
    standing.as_of_date
from standing
inner join figure
    on
        standing.figure_level = figure.figure_level
        and standing.district_code = figure.district_code
        and standing.fiscal_year = figure.fiscal_year
        and standing.department_key = figure.department_key
        and standing.project_key is not distinct from figure.project_key
        and standing.source_grain = figure.source_grain
left join core.reference_version as version
    on
        version.reference_table = 'time_progress_yardstick'
        and figure.district_code = version.district_code
        and figure.fiscal_year = version.fiscal_year
left join core.time_progress_yardstick as general_progress
    on
        version.version = general_progress.version
        and version.reference_district_code is not distinct from general_progress.district_code
        and standing.month = general_progress.month
        and general_progress.expenditure_nature is null
left join core.time_progress_yardstick as nature_progress
    on
        version.version = nature_progress.version
        and version.reference_district_code is not distinct from nature_progress.district_code
        and standing.month = nature_progress.month
        and figure.expenditure_nature = nature_progress.expenditure_nature
order by
    figure.figure_level,
    figure.district_code,
    figure.fiscal_year,
    figure.department_code,
    figure.department_name,
    figure.project_code,
    figure.project_name,
    standing.month
