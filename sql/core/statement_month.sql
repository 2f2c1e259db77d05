-- How departments and projects stood at the end of each month for which dated statements were delivered.
-- 按带截止日期的执行情况表列示各部门、项目的月末情况。
-- label_zh: 执行情况表按月
with level as (
    select 'department' as figure_level
    union all
    select 'project' as figure_level
),

dated as (
    select
        level.figure_level,
        line.district_code,
        line.fiscal_year,
        line.department_code,
        line.department_name,
        line.project_code,
        line.project_name,
        line.project_kind,
        line.project_nature,
        coalesce(line.unit_code, line.unit_name) as unit_key,
        line.fund_type_code,
        line.expenditure_nature,
        line.initial_budget_amount,
        line.adjustment_amount,
        line.full_year_budget_amount,
        line.executed_amount,
        line.as_of_date,
        progress.month,
        -- The later statement of a month counts, and of one day the line that is broken down least.
        10 * date_diff('day', make_date(line.fiscal_year, 1, 1), line.as_of_date)
        - case
            when line.fund_type_code is null and line.expenditure_nature is null then 1
            when line.expenditure_nature is null then 2
            when line.fund_type_code is null then 3
            else 4
        end as precedence
    from core.statement_line as line
    inner join level
        on (level.figure_level = 'project') = (coalesce(line.project_code, line.project_name) is not null)
    inner join core.time_progress as progress
        on
            line.district_code = progress.district_code
            and line.fiscal_year = progress.fiscal_year
            and line.as_of_date = progress.as_of_date
            and progress.expenditure_nature is null
),

first_choice as (
    select
        figure_level,
        district_code,
        fiscal_year,
        unit_key,
        department_code,
        project_code,
        project_name,
        month,
        max(precedence) as precedence
    from dated
    group by
        figure_level,
        district_code,
        fiscal_year,
        unit_key,
        department_code,
        project_code,
        project_name,
        month
),

-- What each unit stated of a month.
unit_month as (
    select
        dated.figure_level,
        dated.district_code,
        dated.fiscal_year,
        dated.department_code,
        dated.department_name,
        dated.project_code,
        dated.project_name,
        dated.project_kind,
        dated.project_nature,
        dated.month,
        dated.unit_key,
        max(dated.as_of_date) as as_of_date,
        case
            when count(*) = count(dated.initial_budget_amount) then sum(dated.initial_budget_amount)
        end as initial_budget_amount,
        case when count(*) = count(dated.adjustment_amount) then sum(dated.adjustment_amount) end as adjustment_amount,
        case
            when count(*) = count(dated.full_year_budget_amount) then sum(dated.full_year_budget_amount)
        end as full_year_budget_amount,
        case when count(*) = count(dated.executed_amount) then sum(dated.executed_amount) end as executed_amount
    from dated
    inner join first_choice
        on
            dated.figure_level = first_choice.figure_level
            and dated.district_code = first_choice.district_code
            and dated.fiscal_year = first_choice.fiscal_year
            and dated.unit_key is not distinct from first_choice.unit_key
            and dated.department_code is not distinct from first_choice.department_code
            and dated.project_code is not distinct from first_choice.project_code
            and dated.project_name is not distinct from first_choice.project_name
            and dated.month = first_choice.month
            and dated.precedence = first_choice.precedence
    group by
        dated.figure_level,
        dated.district_code,
        dated.fiscal_year,
        dated.department_code,
        dated.department_name,
        dated.project_code,
        dated.project_name,
        dated.project_kind,
        dated.project_nature,
        dated.month,
        dated.unit_key
),

unit as (
    select distinct
        figure_level,
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name,
        unit_key
    from dated
),

unit_count as (
    select
        figure_level,
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name,
        count(unit_key) as units
    from unit
    group by figure_level, district_code, fiscal_year, department_code, department_name, project_code, project_name
),

month_sum as (
    select
        figure_level,
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name,
        project_kind,
        project_nature,
        month,
        count(unit_key) as units,
        max(as_of_date) as as_of_date,
        case when count(*) = count(initial_budget_amount) then sum(initial_budget_amount) end as initial_budget_amount,
        case when count(*) = count(adjustment_amount) then sum(adjustment_amount) end as adjustment_amount,
        case
            when count(*) = count(full_year_budget_amount) then sum(full_year_budget_amount)
        end as full_year_budget_amount,
        case when count(*) = count(executed_amount) then sum(executed_amount) end as executed_amount
    from unit_month
    group by
        figure_level,
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name,
        project_kind,
        project_nature,
        month
),

-- A sum is known where every unit delivered that month and every line tells its amount.
known as (
    select
        month_sum.figure_level,
        month_sum.district_code,
        month_sum.fiscal_year,
        month_sum.department_code,
        month_sum.department_name,
        month_sum.project_code,
        month_sum.project_name,
        month_sum.project_kind,
        month_sum.project_nature,
        month_sum.month,
        month_sum.as_of_date,
        case when month_sum.units = unit_count.units then month_sum.initial_budget_amount end as initial_budget_amount,
        case when month_sum.units = unit_count.units then month_sum.adjustment_amount end as adjustment_amount,
        case
            when month_sum.units = unit_count.units then month_sum.full_year_budget_amount
        end as full_year_budget_amount,
        case when month_sum.units = unit_count.units then month_sum.executed_amount end as executed_amount
    from month_sum
    inner join unit_count
        on
            month_sum.figure_level = unit_count.figure_level
            and month_sum.district_code = unit_count.district_code
            and month_sum.fiscal_year = unit_count.fiscal_year
            and month_sum.department_code is not distinct from unit_count.department_code
            and month_sum.department_name is not distinct from unit_count.department_name
            and month_sum.project_code is not distinct from unit_count.project_code
            and month_sum.project_name is not distinct from unit_count.project_name
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
        project_nature,
        month,
        as_of_date,
        initial_budget_amount,
        coalesce(adjustment_amount, full_year_budget_amount - initial_budget_amount) as net_adjustment_amount,
        full_year_budget_amount,
        executed_amount
    from known
)

-- What moved within a month is known where the month before is: January begins at nothing.
select
    standing.figure_level,
    standing.district_code,
    standing.fiscal_year,
    standing.department_code,
    standing.department_name,
    standing.project_code,
    standing.project_name,
    standing.project_kind,
    standing.project_nature as expenditure_nature,
    standing.month,
    standing.initial_budget_amount,
    case
        when standing.month = 1 then standing.net_adjustment_amount
        else standing.net_adjustment_amount - earlier.net_adjustment_amount
    end as month_net_adjustment_amount,
    standing.net_adjustment_amount as cumulative_net_adjustment_amount,
    standing.full_year_budget_amount,
    case
        when standing.month = 1 then standing.executed_amount
        else standing.executed_amount - earlier.executed_amount
    end as month_executed_amount,
    standing.executed_amount as cumulative_executed_amount,
    standing.as_of_date
from standing
left join standing as earlier
    on
        standing.figure_level = earlier.figure_level
        and standing.district_code = earlier.district_code
        and standing.fiscal_year = earlier.fiscal_year
        and standing.department_code is not distinct from earlier.department_code
        and standing.department_name is not distinct from earlier.department_name
        and standing.project_code is not distinct from earlier.project_code
        and standing.project_name is not distinct from earlier.project_name
        and standing.month = earlier.month + 1
order by
    standing.figure_level,
    standing.district_code,
    standing.fiscal_year,
    standing.department_code,
    standing.department_name,
    standing.project_code,
    standing.project_name,
    standing.month
