-- Every department and project with what it goes by in other years, whether its year is finished, and the day of the
--   year before that it is compared with.
-- 各部门、项目的跨年对应键、本年是否结束，以及与之比较的上年同期日。
-- label_zh: 跨年比较基础
-- kept: no
with named as (
    select
        figure.*,
        code_or_name(figure.department_code, comparable_name(figure.department_name)) as looked_up_department,
        code_or_name(figure.project_code, comparable_name(figure.project_name)) as looked_up_project,
        case
            when figure.source_grain = 'detail' then finished.is_detail_finished
            when figure.as_of_date is null then finished.is_over
            else figure.as_of_date >= make_date(figure.fiscal_year, 12, 31)
        end as is_year_finished
    from core.execution_figure as figure
    inner join core.finished_year as finished
        on
            figure.district_code = finished.district_code
            and figure.fiscal_year = finished.fiscal_year
    where figure.figure_level in ('department', 'project')
),

counted as (
    select
        *,
        count(*) over (
            partition by figure_level, district_code, fiscal_year, looked_up_department, looked_up_project
        ) as same_match_count
    from named
)

-- Two that differ in more than looks within one year stay two.
select
    * exclude (looked_up_department, looked_up_project, same_match_count),
    case
        when same_match_count = 1 then looked_up_department
        else code_or_name(department_code, department_name)
    end as department_match,
    case
        when same_match_count = 1 then looked_up_project
        else code_or_name(project_code, project_name)
    end as project_match,
    case
        when is_year_finished then make_date(fiscal_year - 1, 12, 31)
        else same_day_last_year(as_of_date)
    end as same_period_date
from counted
