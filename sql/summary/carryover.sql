-- What each department and project carried into the year, what it leaves unspent, what the next year took over, and
--   how much was paid late in the year.
-- 各部门、项目上年结转、本年未执行、下年实际结转，以及年末集中支付的比重。
-- label_zh: 结转结余分析
with level as (
    select 'department' as figure_level
    union all
    select 'project' as figure_level
),

carried as (
    select
        level.figure_level,
        line.district_code,
        line.fiscal_year,
        project.department_code,
        project.department_name,
        case when level.figure_level = 'project' then project.project_code end as project_code,
        case when level.figure_level = 'project' then project.project_name end as project_name,
        case when count(*) = count(line.approved_amount) then sum(line.approved_amount) end as approved_amount,
        sum(line.carried_over_amount) as carried_over_amount,
        case when count(*) = count(line.taken_back_amount) then sum(line.taken_back_amount) end as taken_back_amount
    from core.carryover as line
    inner join core.project_resolution as project
        on
            line.district_code = project.district_code
            and line.fiscal_year = project.fiscal_year
            and line.department_code is not distinct from project.given_department_code
            and line.department_name is not distinct from project.given_department_name
            and line.project_code is not distinct from project.given_project_code
            and line.project_name is not distinct from project.given_project_name
    cross join level
    where level.figure_level = 'department' or coalesce(project.project_code, project.project_name) is not null
    group by
        level.figure_level,
        line.district_code,
        line.fiscal_year,
        project.department_code,
        project.department_name,
        case when level.figure_level = 'project' then project.project_code end,
        case when level.figure_level = 'project' then project.project_name end
),

-- A row for everything that has a budget, and for everything that carried over and has none.
figure as (
    select
        figure_level,
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name,
        coalesce(department_code, department_name) as department_key,
        coalesce(project_code, project_name) as project_key,
        initial_budget_amount,
        full_year_budget_amount,
        executed_amount,
        last_quarter_amount,
        november_december_amount,
        source_grain,
        as_of_date
    from core.execution_figure
    where figure_level in ('department', 'project')
    union all
    select
        carried.figure_level,
        carried.district_code,
        carried.fiscal_year,
        carried.department_code,
        carried.department_name,
        carried.project_code,
        carried.project_name,
        coalesce(carried.department_code, carried.department_name) as department_key,
        coalesce(carried.project_code, carried.project_name) as project_key,
        null as initial_budget_amount,
        null as full_year_budget_amount,
        null as executed_amount,
        null as last_quarter_amount,
        null as november_december_amount,
        null as source_grain,
        null as as_of_date
    from carried
    left join core.execution_figure as figure
        on
            carried.figure_level = figure.figure_level
            and carried.district_code = figure.district_code
            and carried.fiscal_year = figure.fiscal_year
            and carried.department_code is not distinct from figure.department_code
            and carried.department_name is not distinct from figure.department_name
            and carried.project_code is not distinct from figure.project_code
            and carried.project_name is not distinct from figure.project_name
    where figure.figure_level is null
),

joined as (
    select
        figure.*,
        case
            when grain.has_carryover and carried.figure_level is null then 0
            else carried.approved_amount
        end as approved_amount,
        case when grain.has_carryover then coalesce(carried.carried_over_amount, 0) end as carried_over_amount,
        case
            when grain.has_carryover and carried.figure_level is null then 0
            else carried.taken_back_amount
        end as taken_back_amount,
        case
            when next_grain.has_carryover then coalesce(next_carried.carried_over_amount, 0)
        end as next_year_carried_over_amount
    from figure
    inner join core.district_year_grain as grain
        on
            figure.district_code = grain.district_code
            and figure.fiscal_year = grain.fiscal_year
    left join core.district_year_grain as next_grain
        on
            figure.district_code = next_grain.district_code
            and figure.fiscal_year + 1 = next_grain.fiscal_year
    left join carried
        on
            figure.figure_level = carried.figure_level
            and figure.district_code = carried.district_code
            and figure.fiscal_year = carried.fiscal_year
            and figure.department_code is not distinct from carried.department_code
            and figure.department_name is not distinct from carried.department_name
            and figure.project_code is not distinct from carried.project_code
            and figure.project_name is not distinct from carried.project_name
    left join carried as next_carried
        on
            figure.figure_level = next_carried.figure_level
            and figure.district_code = next_carried.district_code
            and figure.fiscal_year + 1 = next_carried.fiscal_year
            and figure.department_key = coalesce(next_carried.department_code, next_carried.department_name)
            and figure.project_key is not distinct from coalesce(
                next_carried.project_code, next_carried.project_name
            )
)

select
    district_code,
    fiscal_year,
    figure_level,
    department_code,
    department_name,
    code_or_name(department_code, department_name) as department_key,
    project_code,
    project_name,
    code_or_name(project_code, project_name) as project_key,
    approved_amount,
    carried_over_amount,
    taken_back_amount,
    initial_budget_amount,
    full_year_budget_amount,
    executed_amount,
    full_year_budget_amount - executed_amount as unspent_amount,
    exact_rate(full_year_budget_amount - executed_amount, full_year_budget_amount) as carryover_rate,
    exact_rate_pct(full_year_budget_amount - executed_amount, full_year_budget_amount) as carryover_rate_pct,
    full_year_budget_amount - executed_amount - carried_over_amount as carryover_increase_amount,
    next_year_carried_over_amount,
    next_year_carried_over_amount - (full_year_budget_amount - executed_amount) as carryover_chain_difference,
    last_quarter_amount,
    exact_rate(last_quarter_amount, executed_amount) as last_quarter_share,
    exact_rate_pct(last_quarter_amount, executed_amount) as last_quarter_share_pct,
    november_december_amount,
    exact_rate(november_december_amount, executed_amount) as november_december_share,
    exact_rate_pct(november_december_amount, executed_amount) as november_december_share_pct,
    source_grain,
    as_of_date
from joined
order by
    district_code,
    fiscal_year,
    figure_level,
    department_code,
    department_name,
    project_code,
    project_name
