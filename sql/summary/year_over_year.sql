-- Each department and project beside its own figures of the year before up to the same day (a finished year beside the
--   whole year); a base of 0 gives no percentage, and a code that another project bears is no comparison.
-- 各部门、项目与上年同期（本年已结束的与上年全年）的比较；基数为零时不计算百分比，编码改用于其他项目的不作比较。
-- label_zh: 年度同比
with joined as (
    select
        coalesce(this_year.district_code, last_year.district_code) as district_code,
        coalesce(this_year.fiscal_year, last_year.fiscal_year) as fiscal_year,
        coalesce(this_year.figure_level, last_year.figure_level) as figure_level,
        coalesce(this_year.department_code, last_year.department_code) as department_code,
        coalesce(this_year.department_name, last_year.department_name) as department_name,
        coalesce(this_year.project_code, last_year.project_code) as project_code,
        coalesce(this_year.project_name, last_year.project_name) as project_name,
        last_year.project_name as last_year_project_name,
        case
            when this_year.figure_level is null then 'ended'
            when last_year.figure_level is null and last_grain.fiscal_year is null then 'unknown'
            when last_year.figure_level is null then 'new'
            when comparable_name(this_year.project_name) <> comparable_name(last_year.project_name)
                then 'another_project'
            else 'continued'
        end as comparison_status,
        this_year.is_year_finished,
        this_year.initial_budget_amount,
        this_year.net_adjustment_amount,
        this_year.full_year_budget_amount,
        this_year.executed_amount,
        this_year.source_grain,
        this_year.as_of_date,
        coalesce(this_year.same_period_date, last_year.same_period_date) as same_period_date,
        last_year.same_period_full_year_budget_amount,
        last_year.same_period_executed_amount,
        last_year.initial_budget_amount as last_year_initial_budget_amount,
        last_year.net_adjustment_amount as last_year_net_adjustment_amount,
        case when last_year.is_year_finished then last_year.full_year_budget_amount end
            as last_year_full_year_budget_amount,
        case when last_year.is_year_finished then last_year.executed_amount end as last_year_executed_amount,
        last_year.source_grain as last_year_source_grain,
        last_year.as_of_date as last_year_as_of_date
    from core.compared_figure as this_year
    full join summary.same_period_figure as last_year
        on
            this_year.figure_level = last_year.figure_level
            and this_year.district_code = last_year.district_code
            and this_year.fiscal_year = last_year.fiscal_year
            and this_year.department_match = last_year.department_match
            and this_year.project_match = last_year.project_match
    left join core.district_year_grain as last_grain
        on
            this_year.district_code = last_grain.district_code
            and this_year.fiscal_year = last_grain.fiscal_year + 1
),

-- What another project had under the same code is shown, but nothing is taken off it.
base as (
    select
        *,
        case when comparison_status <> 'another_project' then last_year_initial_budget_amount end
            as initial_budget_base,
        case when comparison_status <> 'another_project' then same_period_full_year_budget_amount end
            as full_year_budget_base,
        case when comparison_status <> 'another_project' then same_period_executed_amount end as executed_base
    from joined
)

select
    base.district_code,
    base.fiscal_year,
    base.figure_level,
    base.department_code,
    base.department_name,
    code_or_name(base.department_code, base.department_name) as department_key,
    base.project_code,
    base.project_name,
    code_or_name(base.project_code, base.project_name) as project_key,
    base.last_year_project_name,
    base.comparison_status,
    base.is_year_finished,
    base.same_period_date,
    base.initial_budget_amount,
    base.last_year_initial_budget_amount,
    base.initial_budget_amount - base.initial_budget_base as initial_budget_change_amount,
    exact_rate_pct(base.initial_budget_amount - base.initial_budget_base, base.initial_budget_base)
        as initial_budget_change_pct,
    base.full_year_budget_amount,
    base.same_period_full_year_budget_amount,
    base.full_year_budget_amount - base.full_year_budget_base as full_year_budget_change_amount,
    exact_rate_pct(base.full_year_budget_amount - base.full_year_budget_base, base.full_year_budget_base)
        as full_year_budget_change_pct,
    base.last_year_full_year_budget_amount,
    base.executed_amount,
    base.same_period_executed_amount,
    base.executed_amount - base.executed_base as executed_change_amount,
    exact_rate_pct(base.executed_amount - base.executed_base, base.executed_base) as executed_change_pct,
    base.last_year_executed_amount,
    exact_rate_pct(base.executed_amount, base.full_year_budget_amount) as execution_rate_pct,
    exact_rate_pct(
        base.same_period_executed_amount, base.same_period_full_year_budget_amount
    ) as same_period_execution_rate_pct,
    exact_rate_pct(base.executed_amount, base.full_year_budget_amount)
    - exact_rate_pct(base.executed_base, base.full_year_budget_base) as execution_rate_change_points,
    exact_rate_pct(base.last_year_executed_amount, base.last_year_full_year_budget_amount)
        as last_year_execution_rate_pct,
    exact_rate_pct(base.net_adjustment_amount, base.initial_budget_amount) as net_adjustment_rate_pct,
    exact_rate_pct(
        base.last_year_net_adjustment_amount, base.last_year_initial_budget_amount
    ) as last_year_net_adjustment_rate_pct,
    coalesce(base.source_grain, base.last_year_source_grain) as source_grain,
    base.as_of_date,
    base.last_year_as_of_date,
    mark.is_complete,
    mark.set_aside_row_count,
    mark.set_aside_amount
from base
left join core.figure_completeness as mark
    on
        base.figure_level = mark.figure_level
        and base.district_code = mark.district_code
        and base.fiscal_year = mark.fiscal_year
        and code_or_name(base.department_code, base.department_name) = mark.department_key
        and code_or_name(base.project_code, base.project_name) = mark.project_key
order by
    base.district_code, base.fiscal_year, base.figure_level, base.department_code, base.department_name,
    base.project_code, base.project_name
