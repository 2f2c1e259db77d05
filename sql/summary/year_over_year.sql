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

-- Those of the year before, where the year itself was delivered.
earlier as (
    select
        figure.*,
        grain.fiscal_year as next_fiscal_year
    from figure
    inner join core.district_year_grain as grain
        on
            figure.district_code = grain.district_code
            and figure.fiscal_year + 1 = grain.fiscal_year
)

select
    coalesce(this_year.district_code, last_year.district_code) as district_code,
    coalesce(this_year.fiscal_year, last_year.next_fiscal_year) as fiscal_year,
    coalesce(this_year.figure_level, last_year.figure_level) as figure_level,
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
from figure as this_year
full join earlier as last_year
    on
        this_year.figure_level = last_year.figure_level
        and this_year.district_code = last_year.district_code
        and this_year.fiscal_year = last_year.next_fiscal_year
        and this_year.department_key = last_year.department_key
        and this_year.project_key is not distinct from last_year.project_key
left join core.district_year_grain as last_grain
    on
        this_year.district_code = last_grain.district_code
        and this_year.fiscal_year = last_grain.fiscal_year + 1
order by district_code, fiscal_year, figure_level, department_code, department_name, project_code, project_name
