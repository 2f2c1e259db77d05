-- What each project carried into a year and what was taken back, beside what the year before left unspent.
-- 各项目结转入本年与被收回的数额，与上年未执行数的对照。
with carried as (
    select
        line.district_code,
        line.fiscal_year,
        coalesce(project.department_code, project.department_name) as department_key,
        coalesce(project.project_code, project.project_name) as project_key,
        max(project.department_code) as department_code,
        max(project.department_name) as department_name,
        max(project.project_code) as project_code,
        max(project.project_name) as project_name,
        sum(line.carried_over_amount) as carried_over_amount,
        case when count(*) = count(line.taken_back_amount) then sum(line.taken_back_amount) end as taken_back_amount,
        first_places(line.source_file_id, line.source_sheet, line.source_line) as source_lines,
        count(*) as source_line_count
    from core.carryover as line
    inner join core.project_resolution as project
        on
            line.district_code = project.district_code
            and line.fiscal_year = project.fiscal_year
            and line.department_code is not distinct from project.given_department_code
            and line.department_name is not distinct from project.given_department_name
            and line.project_code is not distinct from project.given_project_code
            and line.project_name is not distinct from project.given_project_name
    where coalesce(project.project_code, project.project_name) is not null
    group by
        line.district_code,
        line.fiscal_year,
        coalesce(project.department_code, project.department_name),
        coalesce(project.project_code, project.project_name)
),

-- A project code is known again in any department, a name only in its own.
figure as (
    select
        district_code,
        fiscal_year,
        coalesce(department_code, department_name) as department_key,
        coalesce(project_code, project_name) as project_key,
        max(department_code) as department_code,
        max(department_name) as department_name,
        max(project_code) as project_code,
        max(project_name) as project_name,
        sum(full_year_budget_amount) - sum(executed_amount) as unspent_amount,
        count(*) = count(full_year_budget_amount) and count(*) = count(executed_amount) as is_known
    from core.execution_figure
    where figure_level = 'project'
    group by
        district_code,
        fiscal_year,
        coalesce(department_code, department_name),
        coalesce(project_code, project_name)
),

-- Where the year before delivered detail, a project that it does not name had nothing.
year_before as (
    select
        district_code,
        fiscal_year + 1 as fiscal_year,
        source_grain = 'detail' as is_complete
    from core.district_year_grain
),

carryover_delivered as (
    select
        district_code,
        fiscal_year
    from core.district_year_grain
    where has_carryover
)

select
    carried.district_code,
    carried.fiscal_year,
    carried.department_code,
    carried.department_name,
    carried.project_code,
    carried.project_name,
    true as is_carried,
    carried.carried_over_amount,
    carried.taken_back_amount,
    case
        when figure.project_key is null and year_before.is_complete then 0
        when figure.is_known then figure.unspent_amount
    end as unspent_amount,
    carried.source_lines,
    carried.source_line_count
from carried
inner join year_before
    on carried.district_code = year_before.district_code and carried.fiscal_year = year_before.fiscal_year
left join figure
    on
        carried.district_code = figure.district_code
        and carried.fiscal_year = figure.fiscal_year + 1
        and carried.project_key = figure.project_key
        and (carried.project_code is not null or carried.department_key = figure.department_key)
union all
select
    figure.district_code,
    figure.fiscal_year + 1 as fiscal_year,
    figure.department_code,
    figure.department_name,
    figure.project_code,
    figure.project_name,
    false as is_carried,
    0 as carried_over_amount,
    0 as taken_back_amount,
    figure.unspent_amount,
    [] as source_lines,
    0 as source_line_count
from figure
inner join carryover_delivered
    on
        figure.district_code = carryover_delivered.district_code
        and figure.fiscal_year + 1 = carryover_delivered.fiscal_year
left join carried
    on
        figure.district_code = carried.district_code
        and figure.fiscal_year + 1 = carried.fiscal_year
        and figure.project_key = carried.project_key
        and (figure.project_code is not null or figure.department_key = carried.department_key)
where figure.is_known and figure.unspent_amount > 0 and carried.project_key is null
