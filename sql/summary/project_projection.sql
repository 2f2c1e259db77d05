-- What each project will probably have spent by the year's end, with a lower and an upper bound, and what that rests on:
--   what comparable projects of the year before still spent of what was left on the same day.
-- 各项目年末预计执行数及上下限与依据：上年同类项目在同一天之后所支用的剩余比例。
-- label_zh: 项目执行预测
-- kept: no
with scope as (
    select 'own_kind' as projection_basis
    union all
    select 'all_kinds' as projection_basis
),

course as (
    select
        scope.projection_basis,
        course.district_code,
        course.fiscal_year,
        course.at_month,
        course.execution_band,
        case when scope.projection_basis = 'own_kind' then course.project_kind else '' end as project_kind,
        course.standing_budget_amount - course.executed_amount as rest_amount,
        case
            when course.final_executed_amount > course.standing_budget_amount
                then course.standing_budget_amount - course.executed_amount
            when course.final_executed_amount < course.executed_amount then 0
            else course.final_executed_amount - course.executed_amount
        end as rest_spent_amount,
        course.rest_spent_rate,
        course.department_key,
        course.project_key
    from summary.project_course as course
    cross join scope
    where course.standing_role = 'course'
),

placed as (
    select
        *,
        row_number() over (
            partition by projection_basis, district_code, fiscal_year, at_month, execution_band, project_kind
            order by rest_spent_rate, department_key, project_key
        ) as place,
        count(*) over (
            partition by projection_basis, district_code, fiscal_year, at_month, execution_band, project_kind
        ) as comparable_project_count
    from course
),

-- The bounds leave out a tenth of the comparable projects on either side.
band as (
    select
        projection_basis,
        district_code,
        fiscal_year,
        at_month,
        execution_band,
        project_kind,
        max(comparable_project_count) as comparable_project_count,
        exact_rate(sum(rest_spent_amount), sum(rest_amount)) as rest_spent_rate,
        max(case when 10 * (place - 1) < comparable_project_count then rest_spent_rate end) as lowest_rate,
        min(case when 10 * place >= 9 * comparable_project_count then rest_spent_rate end) as highest_rate
    from placed
    group by projection_basis, district_code, fiscal_year, at_month, execution_band, project_kind
    having max(comparable_project_count) >= 20
),

projected as (
    select
        item.district_code,
        item.fiscal_year,
        item.at_month,
        item.department_key,
        item.project_key,
        item.standing_budget_amount,
        item.executed_amount,
        item.final_executed_amount,
        coalesce(own_kind.projection_basis, all_kinds.projection_basis) as course_basis,
        coalesce(own_kind.comparable_project_count, all_kinds.comparable_project_count) as comparable_project_count,
        coalesce(own_kind.rest_spent_rate, all_kinds.rest_spent_rate) as rest_spent_rate,
        coalesce(own_kind.lowest_rate, all_kinds.lowest_rate) as lowest_rate,
        coalesce(own_kind.highest_rate, all_kinds.highest_rate) as highest_rate,
        progress.time_progress
    from summary.project_course as item
    left join band as own_kind
        on
            own_kind.projection_basis = 'own_kind'
            and item.district_code = own_kind.district_code
            and item.fiscal_year = own_kind.fiscal_year
            and item.at_month = own_kind.at_month
            and item.execution_band = own_kind.execution_band
            and item.project_kind = own_kind.project_kind
    left join band as all_kinds
        on
            all_kinds.projection_basis = 'all_kinds'
            and item.district_code = all_kinds.district_code
            and item.fiscal_year = all_kinds.fiscal_year
            and item.at_month = all_kinds.at_month
            and item.execution_band = all_kinds.execution_band
    left join core.district_year_grain as grain
        on
            item.district_code = grain.district_code
            and item.fiscal_year = grain.fiscal_year
    left join core.time_progress as progress
        on
            item.at_month = 0
            and progress.expenditure_nature is null
            and item.district_code = progress.district_code
            and item.fiscal_year = progress.fiscal_year
            and grain.latest_event_date = progress.as_of_date
    where item.standing_role in ('tested', 'watched')
)

select
    district_code,
    fiscal_year,
    at_month,
    department_key,
    project_key,
    standing_budget_amount,
    executed_amount,
    final_executed_amount,
    comparable_project_count,
    case
        when course_basis is not null then course_basis
        when executed_amount > 0 and time_progress >= 0.25 then 'yardstick'
        else 'too_little'
    end as projection_basis,
    case
        when course_basis is not null
            then executed_amount + share_of_amount(standing_budget_amount - executed_amount, rest_spent_rate)
        when
            executed_amount > 0
            and time_progress >= 0.25
            and executed_amount >= share_of_amount(standing_budget_amount, time_progress)
            then standing_budget_amount
        when executed_amount > 0 and time_progress >= 0.25
            then amount_over_ratio(executed_amount, time_progress)
    end as projected_executed_amount,
    case
        when course_basis is not null
            then executed_amount + share_of_amount(standing_budget_amount - executed_amount, lowest_rate)
        when executed_amount > 0 and time_progress >= 0.25 then executed_amount
    end as projected_lowest_amount,
    case
        when course_basis is not null
            then executed_amount + share_of_amount(standing_budget_amount - executed_amount, highest_rate)
        when executed_amount > 0 and time_progress >= 0.25 then standing_budget_amount
    end as projected_highest_amount
from projected
