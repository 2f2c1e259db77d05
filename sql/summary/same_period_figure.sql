-- What each department and project had and had spent by the day of the year before with which this year is compared.
-- 各部门、项目上年同期的预算与执行数。
-- label_zh: 上年同期数
-- kept: no
with detail_day as (
    select
        grain.district_code,
        grain.fiscal_year - 1 as fiscal_year,
        same_day_last_year(grain.latest_event_date) as same_period_date
    from core.district_year_grain as grain
    inner join core.finished_year as finished
        on
            grain.district_code = finished.district_code
            and grain.fiscal_year = finished.fiscal_year
    where not finished.is_detail_finished and grain.latest_event_date is not null
),

-- The month in which the day lies is not whole: its rows up to the day.
begun as (
    select
        district_code,
        fiscal_year,
        same_period_date,
        date_trunc('month', same_period_date) as first_day
    from detail_day
    where same_period_date < last_day(same_period_date)
),

moved_as_given as (
    select
        line.district_code,
        line.fiscal_year,
        line.department_code,
        line.department_name,
        line.project_code,
        line.project_name,
        sum(line.paid_amount) as paid_amount,
        null as adjusted_amount
    from core.payment as line
    inner join begun
        on
            line.district_code = begun.district_code
            and line.fiscal_year = begun.fiscal_year
            and line.payment_date >= begun.first_day
            and line.payment_date <= begun.same_period_date
    group by
        line.district_code, line.fiscal_year, line.department_code, line.department_name, line.project_code,
        line.project_name
    union all
    select
        line.district_code,
        line.fiscal_year,
        line.department_code,
        line.department_name,
        line.project_code,
        line.project_name,
        null as paid_amount,
        sum(line.adjustment_amount) as adjusted_amount
    from core.budget_adjustment as line
    inner join begun
        on
            line.district_code = begun.district_code
            and line.fiscal_year = begun.fiscal_year
            and line.adjustment_date >= begun.first_day
            and line.adjustment_date <= begun.same_period_date
    group by
        line.district_code, line.fiscal_year, line.department_code, line.department_name, line.project_code,
        line.project_name
),

level as (
    select 'department' as figure_level
    union all
    select 'project' as figure_level
),

moved as (
    select
        level.figure_level,
        given.district_code,
        given.fiscal_year,
        code_or_name(project.department_code, project.department_name) as department_key,
        case
            when level.figure_level = 'project' then code_or_name(project.project_code, project.project_name)
            else ''
        end as project_key,
        coalesce(sum(given.paid_amount), 0) as paid_amount,
        coalesce(sum(given.adjusted_amount), 0) as adjusted_amount
    from moved_as_given as given
    inner join core.project_resolution as project
        on
            given.district_code = project.district_code
            and given.fiscal_year = project.fiscal_year
            and given.department_code is not distinct from project.given_department_code
            and given.department_name is not distinct from project.given_department_name
            and given.project_code is not distinct from project.given_project_code
            and given.project_name is not distinct from project.given_project_name
    cross join level
    group by
        level.figure_level,
        given.district_code,
        given.fiscal_year,
        code_or_name(project.department_code, project.department_name),
        case
            when level.figure_level = 'project' then code_or_name(project.project_code, project.project_name)
            else ''
        end
),

monthly as (
    select
        'department' as figure_level,
        district_code,
        fiscal_year,
        department_key,
        '' as project_key,
        month,
        initial_budget_amount,
        full_year_budget_amount,
        cumulative_executed_amount,
        source_grain,
        as_of_date
    from summary.department_execution_monthly
    union all
    select
        'project' as figure_level,
        district_code,
        fiscal_year,
        department_key,
        project_key,
        month,
        initial_budget_amount,
        full_year_budget_amount,
        cumulative_executed_amount,
        source_grain,
        as_of_date
    from summary.project_execution_monthly
),

last_year as (
    select
        *,
        code_or_name(department_code, department_name) as department_key,
        code_or_name(project_code, project_name) as project_key
    from core.compared_figure
),

-- Where this year has nothing of it, the district's own day counts.
wanted as (
    select
        last_year.*,
        case
            when this_year.figure_level is not null then this_year.same_period_date
            when finished.is_detail_finished then make_date(last_year.fiscal_year, 12, 31)
            else detail_day.same_period_date
        end as wanted_date,
        finished.is_detail_finished as is_next_year_finished
    from last_year
    inner join core.finished_year as finished
        on
            last_year.district_code = finished.district_code
            and last_year.fiscal_year + 1 = finished.fiscal_year
    left join core.compared_figure as this_year
        on
            last_year.figure_level = this_year.figure_level
            and last_year.district_code = this_year.district_code
            and last_year.fiscal_year + 1 = this_year.fiscal_year
            and last_year.department_match = this_year.department_match
            and last_year.project_match = this_year.project_match
    left join detail_day
        on
            last_year.district_code = detail_day.district_code
            and last_year.fiscal_year = detail_day.fiscal_year
),

dated as (
    select
        wanted.*,
        whole_month.cumulative_executed_amount as until_month_end_executed_amount,
        whole_month.full_year_budget_amount as until_month_end_budget_amount,
        stated.cumulative_executed_amount as stated_executed_amount,
        stated.full_year_budget_amount as stated_budget_amount,
        grain.has_payment,
        grain.has_budget_adjustment,
        begun.same_period_date is not null as is_within_month,
        coalesce(moved.paid_amount, 0) as paid_amount,
        coalesce(moved.adjusted_amount, 0) as adjusted_amount,
        coalesce(wanted.is_year_finished or wanted.as_of_date >= wanted.wanted_date, false) as is_reached,
        -- After the last month in which anything was paid, the months say no more.
        coalesce(
            wanted.source_grain = 'detail'
            and extract(month from wanted.wanted_date)
            - case when wanted.wanted_date = last_day(wanted.wanted_date) then 0 else 1 end
            > extract(month from wanted.as_of_date),
            false
        ) as is_after_last_month,
        coalesce(grain.latest_adjustment_date <= wanted.wanted_date, true) as is_adjusted
    from wanted
    inner join core.district_year_grain as grain
        on
            wanted.district_code = grain.district_code
            and wanted.fiscal_year = grain.fiscal_year
    left join begun
        on
            wanted.source_grain = 'detail'
            and wanted.district_code = begun.district_code
            and wanted.fiscal_year = begun.fiscal_year
            and wanted.wanted_date = begun.same_period_date
    left join moved
        on
            wanted.figure_level = moved.figure_level
            and wanted.district_code = moved.district_code
            and wanted.fiscal_year = moved.fiscal_year
            and wanted.department_key = moved.department_key
            and wanted.project_key = moved.project_key
    left join monthly as whole_month
        on
            wanted.source_grain = 'detail'
            and whole_month.source_grain = 'detail'
            and wanted.figure_level = whole_month.figure_level
            and wanted.district_code = whole_month.district_code
            and wanted.fiscal_year = whole_month.fiscal_year
            and wanted.department_key = whole_month.department_key
            and wanted.project_key = whole_month.project_key
            and whole_month.month = extract(month from wanted.wanted_date)
            - case when wanted.wanted_date = last_day(wanted.wanted_date) then 0 else 1 end
    left join monthly as stated
        on
            wanted.source_grain = 'statement'
            and stated.source_grain = 'statement'
            and wanted.figure_level = stated.figure_level
            and wanted.district_code = stated.district_code
            and wanted.fiscal_year = stated.fiscal_year
            and wanted.department_key = stated.department_key
            and wanted.project_key = stated.project_key
            and wanted.wanted_date = stated.as_of_date
)

select
    figure_level,
    district_code,
    fiscal_year + 1 as fiscal_year,
    department_code,
    department_name,
    department_match,
    project_code,
    project_name,
    project_match,
    project_kind,
    initial_budget_amount,
    net_adjustment_amount,
    full_year_budget_amount,
    executed_amount,
    source_grain,
    as_of_date,
    is_year_finished,
    wanted_date as same_period_date,
    case
        when not is_reached then null
        when wanted_date = make_date(fiscal_year, 12, 31) and is_year_finished then full_year_budget_amount
        when source_grain = 'statement' then stated_budget_amount
        when is_after_last_month then case when is_adjusted then full_year_budget_amount end
        when is_within_month and not has_budget_adjustment then full_year_budget_amount
        when is_within_month
            then
                case
                    when extract(month from wanted_date) = 1 then initial_budget_amount
                    else until_month_end_budget_amount
                end + adjusted_amount
        when wanted_date = last_day(wanted_date) then until_month_end_budget_amount
    end as same_period_full_year_budget_amount,
    case
        when not is_reached then null
        when wanted_date = make_date(fiscal_year, 12, 31) and is_year_finished then executed_amount
        when source_grain = 'statement' then stated_executed_amount
        when is_after_last_month then executed_amount
        when is_within_month and has_payment
            then
                case
                    when extract(month from wanted_date) = 1 then 0
                    else until_month_end_executed_amount
                end + paid_amount
        when wanted_date = last_day(wanted_date) then until_month_end_executed_amount
    end as same_period_executed_amount
from dated
