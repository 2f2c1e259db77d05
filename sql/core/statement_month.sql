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
        progress.month
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

chosen as (
    select
        *,
        dense_rank() over (
            partition by
                figure_level,
                district_code,
                fiscal_year,
                unit_key,
                department_code,
                project_code,
                project_name,
                month
            order by
                as_of_date desc,
                case
                    when fund_type_code is null and expenditure_nature is null then 1
                    when expenditure_nature is null then 2
                    when fund_type_code is null then 3
                    else 4
                end
        ) as choice
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
        count(distinct unit_key) as units
    from dated
    group by
        figure_level, district_code, fiscal_year, department_code, department_name, project_code, project_name
),

-- A sum is known where every unit delivered that month and every line tells its amount.
month_sum as (
    select
        chosen.figure_level,
        chosen.district_code,
        chosen.fiscal_year,
        chosen.department_code,
        chosen.department_name,
        chosen.project_code,
        chosen.project_name,
        chosen.project_kind,
        chosen.project_nature,
        chosen.month,
        max(chosen.as_of_date) as as_of_date,
        case
            when
                count(distinct chosen.unit_key) = max(unit_count.units)
                and count(*) = count(chosen.initial_budget_amount)
                then sum(chosen.initial_budget_amount)
        end as initial_budget_amount,
        case
            when count(distinct chosen.unit_key) = max(unit_count.units) and count(*) = count(chosen.adjustment_amount)
                then sum(chosen.adjustment_amount)
        end as adjustment_amount,
        case
            when
                count(distinct chosen.unit_key) = max(unit_count.units)
                and count(*) = count(chosen.full_year_budget_amount)
                then sum(chosen.full_year_budget_amount)
        end as full_year_budget_amount,
        case
            when count(distinct chosen.unit_key) = max(unit_count.units) and count(*) = count(chosen.executed_amount)
                then sum(chosen.executed_amount)
        end as executed_amount
    from chosen
    inner join unit_count
        on
            chosen.figure_level = unit_count.figure_level
            and chosen.district_code = unit_count.district_code
            and chosen.fiscal_year = unit_count.fiscal_year
            and chosen.department_code is not distinct from unit_count.department_code
            and chosen.department_name is not distinct from unit_count.department_name
            and chosen.project_code is not distinct from unit_count.project_code
            and chosen.project_name is not distinct from unit_count.project_name
    where chosen.choice = 1
    group by
        chosen.figure_level,
        chosen.district_code,
        chosen.fiscal_year,
        chosen.department_code,
        chosen.department_name,
        chosen.project_code,
        chosen.project_name,
        chosen.project_kind,
        chosen.project_nature,
        chosen.month
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
    from month_sum
),

-- What moved within a month is known where the month before is: January begins at nothing.
with_earlier as (
    select
        *,
        lag(month) over (
            partition by
                figure_level, district_code, fiscal_year, department_code, department_name, project_code, project_name
            order by month
        ) as earlier_month,
        lag(net_adjustment_amount) over (
            partition by
                figure_level, district_code, fiscal_year, department_code, department_name, project_code, project_name
            order by month
        ) as earlier_net_adjustment_amount,
        lag(executed_amount) over (
            partition by
                figure_level, district_code, fiscal_year, department_code, department_name, project_code, project_name
            order by month
        ) as earlier_executed_amount
    from standing
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
    project_nature as expenditure_nature,
    month,
    initial_budget_amount,
    case
        when month = 1 then net_adjustment_amount
        when earlier_month = month - 1 then net_adjustment_amount - earlier_net_adjustment_amount
    end as month_net_adjustment_amount,
    net_adjustment_amount as cumulative_net_adjustment_amount,
    full_year_budget_amount,
    case
        when month = 1 then executed_amount
        when earlier_month = month - 1 then executed_amount - earlier_executed_amount
    end as month_executed_amount,
    executed_amount as cumulative_executed_amount,
    as_of_date
from with_earlier
order by
    figure_level,
    district_code,
    fiscal_year,
    department_code,
    department_name,
    project_code,
    project_name,
    month
