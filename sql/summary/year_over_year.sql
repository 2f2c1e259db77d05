-- Each department and project beside its own figures of the year before; a base of 0 gives no percentage.
-- 各部门、项目与上年同口径数字的比较；基数为零时不计算百分比。
-- label_zh: 年度同比
with figure as (
    select
        *,
        coalesce(department_code, department_name) as department_key,
        coalesce(project_code, project_name) as project_key
    from core.execution_figure
    where figure_level in ('department', 'project')
),

-- Every subject of the year, and those of the year before that are gone, where the year itself was delivered.
subject as (
    select
        figure_level,
        district_code,
        fiscal_year,
        department_key,
        project_key
    from figure
    union
    select
        figure.figure_level,
        figure.district_code,
        grain.fiscal_year,
        figure.department_key,
        figure.project_key
    from figure
    inner join core.district_year_grain as grain
        on
            figure.district_code = grain.district_code
            and figure.fiscal_year + 1 = grain.fiscal_year
)

select
    subject.district_code,
    subject.fiscal_year,
    subject.figure_level,
    coalesce(this_year.department_code, last_year.department_code) as department_code,
    coalesce(this_year.department_name, last_year.department_name) as department_name,
    coalesce(this_year.project_code, last_year.project_code) as project_code,
    coalesce(this_year.project_name, last_year.project_name) as project_name,
    case
        when this_year.figure_level is null then 'ended'
        when last_year.figure_level is not null then 'continued'
        when last_grain.fiscal_year is null then 'unknown'
        else 'new'
    end as comparison_status,
    this_year.initial_budget_amount,
    last_year.initial_budget_amount as last_year_initial_budget_amount,
    this_year.initial_budget_amount - last_year.initial_budget_amount as initial_budget_change_amount,
    exact_rate_pct(
        this_year.initial_budget_amount - last_year.initial_budget_amount, last_year.initial_budget_amount
    ) as initial_budget_change_pct,
    this_year.full_year_budget_amount,
    last_year.full_year_budget_amount as last_year_full_year_budget_amount,
    this_year.full_year_budget_amount - last_year.full_year_budget_amount as full_year_budget_change_amount,
    exact_rate_pct(
        this_year.full_year_budget_amount - last_year.full_year_budget_amount, last_year.full_year_budget_amount
    ) as full_year_budget_change_pct,
    this_year.executed_amount,
    last_year.executed_amount as last_year_executed_amount,
    this_year.executed_amount - last_year.executed_amount as executed_change_amount,
    exact_rate_pct(
        this_year.executed_amount - last_year.executed_amount, last_year.executed_amount
    ) as executed_change_pct,
    exact_rate_pct(this_year.executed_amount, this_year.full_year_budget_amount) as execution_rate_pct,
    exact_rate_pct(last_year.executed_amount, last_year.full_year_budget_amount) as last_year_execution_rate_pct,
    exact_rate_pct(this_year.executed_amount, this_year.full_year_budget_amount)
    - exact_rate_pct(last_year.executed_amount, last_year.full_year_budget_amount) as execution_rate_change_points,
    exact_rate_pct(this_year.net_adjustment_amount, this_year.initial_budget_amount) as net_adjustment_rate_pct,
    exact_rate_pct(
        last_year.net_adjustment_amount, last_year.initial_budget_amount
    ) as last_year_net_adjustment_rate_pct,
    coalesce(this_year.source_grain, last_year.source_grain) as source_grain,
    this_year.as_of_date,
    last_year.as_of_date as last_year_as_of_date
from subject
left join figure as this_year
    on
        subject.figure_level = this_year.figure_level
        and subject.district_code = this_year.district_code
        and subject.fiscal_year = this_year.fiscal_year
        and subject.department_key = this_year.department_key
        and subject.project_key is not distinct from this_year.project_key
left join figure as last_year
    on
        subject.figure_level = last_year.figure_level
        and subject.district_code = last_year.district_code
        and subject.fiscal_year = last_year.fiscal_year + 1
        and subject.department_key = last_year.department_key
        and subject.project_key is not distinct from last_year.project_key
left join core.district_year_grain as last_grain
    on
        subject.district_code = last_grain.district_code
        and subject.fiscal_year = last_grain.fiscal_year + 1
order by
    subject.district_code,
    subject.fiscal_year,
    subject.figure_level,
    department_code,
    department_name,
    project_code,
    project_name
