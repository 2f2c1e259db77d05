-- Execution points of each department and project by the rubric in force, the grade that they would earn by themselves,
--   and for departments how many of their projects earn each grade.
-- 按适用评分标准计算各部门、项目的预算执行得分与对应等级，以及各部门项目的等级分布。
-- label_zh: 绩效自评（预算执行）
with rubric as (
    select
        version.district_code,
        version.fiscal_year,
        version.version,
        max(case when item.rubric_item = 'execution-points' then item.rubric_value end) as maximum_points,
        max(case when item.rubric_item = 'excellent-from' then item.rubric_value end) as excellent_from,
        max(case when item.rubric_item = 'good-from' then item.rubric_value end) as good_from,
        max(case when item.rubric_item = 'fair-from' then item.rubric_value end) as fair_from
    from core.reference_version as version
    inner join core.self_evaluation_rubric as item
        on
            version.version = item.version
            and version.reference_district_code is not distinct from item.district_code
    where version.reference_table = 'self_evaluation_rubric'
    group by version.district_code, version.fiscal_year, version.version
),

rated as (
    select
        figure.figure_level,
        figure.district_code,
        figure.fiscal_year,
        figure.department_code,
        figure.department_name,
        figure.project_code,
        figure.project_name,
        figure.initial_budget_amount,
        figure.full_year_budget_amount,
        figure.executed_amount,
        rubric.maximum_points,
        rubric.excellent_from,
        rubric.good_from,
        rubric.fair_from,
        rubric.version,
        figure.source_grain,
        figure.as_of_date,
        -- Points are rounded from the exact quotient; the grade compares the exact quotient, so that exactly 90 is 90.
        case
            when figure.full_year_budget_amount <= 0 or figure.full_year_budget_amount is null then null
            when figure.executed_amount > figure.full_year_budget_amount then rubric.maximum_points
            when figure.executed_amount < 0 then 0
            else exact_points(figure.executed_amount, figure.full_year_budget_amount, rubric.maximum_points)
        end as execution_points,
        case
            when figure.full_year_budget_amount <= 0 or figure.full_year_budget_amount is null then null
            when
                figure.executed_amount
                >= figure.full_year_budget_amount * cast(rubric.excellent_from * 0.01 as decimal(20, 4))
                then 'excellent'
            when
                figure.executed_amount
                >= figure.full_year_budget_amount * cast(rubric.good_from * 0.01 as decimal(20, 4))
                then 'good'
            when
                figure.executed_amount
                >= figure.full_year_budget_amount * cast(rubric.fair_from * 0.01 as decimal(20, 4))
                then 'fair'
            when figure.executed_amount is not null then 'poor'
        end as execution_grade
    from core.execution_figure as figure
    left join rubric
        on
            figure.district_code = rubric.district_code
            and figure.fiscal_year = rubric.fiscal_year
    where figure.figure_level in ('department', 'project')
),

-- A score belongs to what it names by code, or by name; two different ones for one item are no score.
published as (
    select
        rated.figure_level,
        rated.district_code,
        rated.fiscal_year,
        rated.department_code,
        rated.department_name,
        rated.project_code,
        rated.project_name,
        min(score.published_score) as published_score
    from rated
    inner join core.published_figure as score
        on
            rated.district_code = score.district_code
            and rated.fiscal_year = score.fiscal_year
            and (
                rated.department_code = score.department_code
                or (score.department_code is null and rated.department_name = score.department_name)
            )
            and (
                rated.project_code = score.project_code
                or (score.project_code is null and rated.project_name = score.project_name)
                or (rated.figure_level = 'department' and coalesce(score.project_code, score.project_name) is null)
            )
    where score.published_figure_kind = 'self_evaluation_score' and score.function_code is null
    group by
        rated.figure_level,
        rated.district_code,
        rated.fiscal_year,
        rated.department_code,
        rated.department_name,
        rated.project_code,
        rated.project_name
    having count(distinct score.published_score) = 1
),

grade_count as (
    select
        district_code,
        fiscal_year,
        department_code,
        department_name,
        sum(case when execution_grade = 'excellent' then 1 else 0 end) as excellent_project_count,
        sum(case when execution_grade = 'good' then 1 else 0 end) as good_project_count,
        sum(case when execution_grade = 'fair' then 1 else 0 end) as fair_project_count,
        sum(case when execution_grade = 'poor' then 1 else 0 end) as poor_project_count,
        sum(case when execution_grade is null then 1 else 0 end) as ungraded_project_count
    from rated
    where figure_level = 'project'
    group by district_code, fiscal_year, department_code, department_name
)

select
    rated.district_code,
    rated.fiscal_year,
    rated.figure_level,
    rated.department_code,
    rated.department_name,
    code_or_name(rated.department_code, rated.department_name) as department_key,
    rated.project_code,
    rated.project_name,
    code_or_name(rated.project_code, rated.project_name) as project_key,
    rated.initial_budget_amount,
    rated.full_year_budget_amount,
    rated.executed_amount,
    exact_rate(rated.executed_amount, rated.full_year_budget_amount) as execution_rate,
    exact_rate_pct(rated.executed_amount, rated.full_year_budget_amount) as execution_rate_pct,
    rated.maximum_points,
    rated.execution_points,
    rated.execution_grade,
    published.published_score,
    case
        when cast(published.published_score as decimal(14, 2)) >= rated.excellent_from then 'excellent'
        when cast(published.published_score as decimal(14, 2)) >= rated.good_from then 'good'
        when cast(published.published_score as decimal(14, 2)) >= rated.fair_from then 'fair'
        when published.published_score is not null then 'poor'
    end as published_grade,
    grade_count.excellent_project_count,
    grade_count.good_project_count,
    grade_count.fair_project_count,
    grade_count.poor_project_count,
    grade_count.ungraded_project_count,
    execution_status(rated.executed_amount, rated.full_year_budget_amount) as execution_status,
    rated.version,
    rated.source_grain,
    rated.as_of_date,
    mark.is_complete,
    mark.set_aside_row_count,
    mark.set_aside_amount
from rated
left join core.figure_completeness as mark
    on
        rated.figure_level = mark.figure_level
        and rated.district_code = mark.district_code
        and rated.fiscal_year = mark.fiscal_year
        and code_or_name(rated.department_code, rated.department_name) = mark.department_key
        and code_or_name(rated.project_code, rated.project_name) = mark.project_key
left join grade_count
    on
        rated.figure_level = 'department'
        and rated.district_code = grade_count.district_code
        and rated.fiscal_year = grade_count.fiscal_year
        and rated.department_code is not distinct from grade_count.department_code
        and rated.department_name is not distinct from grade_count.department_name
left join published
    on
        rated.figure_level = published.figure_level
        and rated.district_code = published.district_code
        and rated.fiscal_year = published.fiscal_year
        and rated.department_code is not distinct from published.department_code
        and rated.department_name is not distinct from published.department_name
        and rated.project_code is not distinct from published.project_code
        and rated.project_name is not distinct from published.project_name
order by
    rated.district_code,
    rated.fiscal_year,
    rated.figure_level,
    rated.department_code,
    rated.department_name,
    rated.project_code,
    rated.project_name
