-- Where the full-year budget that the annual budget states is not initial budget plus adjustments: lines, projects,
--   departments.
-- 年初预算所载全年预算数与年初预算数加调整数不一致者，按明细、项目、部门三级。
with reflected as (
    -- An annual budget that was exported before the adjustments says nothing about them: one warning tells it.
    select
        district_code,
        fiscal_year
    from core.annual_budget
    group by district_code, fiscal_year
    having
        count(full_year_budget_amount) > 0
        and count(case when full_year_budget_amount <> initial_budget_amount then 1 end) > 0
),

unit as (
    select
        district_code,
        fiscal_year,
        max(unit_factor) as unit_factor
    from rule_dataset_unit
    where dataset in ('annual_budget', 'budget_adjustment')
    group by district_code, fiscal_year
),

line as (
    select
        detail.district_code,
        detail.fiscal_year,
        detail.department_key,
        detail.project_key,
        detail.fund_type_code,
        detail.function_code,
        sum(detail.budget_line_count) as budget_line_count,
        sum(detail.budget_line_with_full_year_count) as budget_line_with_full_year_count,
        sum(detail.stated_full_year_amount) as stated_amount,
        sum(detail.initial_budget_amount + detail.net_adjustment_amount) as computed_amount
    from rule_detail as detail
    inner join core.district_year_grain as delivered
        on detail.district_code = delivered.district_code and detail.fiscal_year = delivered.fiscal_year
    inner join reflected
        on detail.district_code = reflected.district_code and detail.fiscal_year = reflected.fiscal_year
    where
        delivered.has_annual_budget
        and delivered.has_budget_adjustment
        and detail.project_key is not null
        and detail.budget_line_count + detail.adjustment_count > 0
    group by
        detail.district_code, detail.fiscal_year, detail.department_key, detail.project_key, detail.fund_type_code,
        detail.function_code
),

-- Only what the annual budget states on every line can be compared.
project as (
    select
        district_code,
        fiscal_year,
        department_key,
        project_key,
        fund_type_code,
        count(*) = count(function_code) as has_function_codes,
        sum(stated_amount) as stated_amount,
        sum(computed_amount) as computed_amount
    from line
    group by district_code, fiscal_year, department_key, project_key, fund_type_code
    having sum(budget_line_count) > 0 and sum(budget_line_count) = sum(budget_line_with_full_year_count)
),

differing as (
    select
        'line' as level,
        line.district_code,
        line.fiscal_year,
        line.department_key,
        line.project_key,
        line.fund_type_code,
        line.function_code,
        line.stated_amount,
        line.computed_amount
    from line
    inner join project
        on
            line.district_code = project.district_code
            and line.fiscal_year = project.fiscal_year
            and line.department_key = project.department_key
            and line.project_key = project.project_key
            and line.fund_type_code is not distinct from project.fund_type_code
    where project.has_function_codes and line.stated_amount <> line.computed_amount
    union all
    select
        'project' as level,
        district_code,
        fiscal_year,
        department_key,
        project_key,
        fund_type_code,
        null as function_code,
        stated_amount,
        computed_amount
    from project
    where stated_amount <> computed_amount
    union all
    select
        'department' as level,
        district_code,
        fiscal_year,
        department_key,
        null as project_key,
        null as fund_type_code,
        null as function_code,
        sum(stated_amount) as stated_amount,
        sum(computed_amount) as computed_amount
    from project
    group by district_code, fiscal_year, department_key
    having sum(stated_amount) <> sum(computed_amount)
)

-- Names and lines are looked up for what differs only.
select
    differing.level,
    differing.district_code,
    differing.fiscal_year,
    differing.department_key,
    max(detail.department_code) as department_code,
    max(detail.department_name) as department_name,
    differing.project_key,
    max(case when differing.level <> 'department' then detail.project_code end) as project_code,
    max(case when differing.level <> 'department' then detail.project_name end) as project_name,
    differing.fund_type_code,
    differing.function_code,
    differing.stated_amount,
    differing.computed_amount,
    rounding_tolerance(
        max(unit.unit_factor), sum(detail.budget_line_count + detail.adjustment_count),
        max(threshold.yuan_tolerance), max(threshold.ten_thousand_tolerance_per_row),
        max(threshold.ten_thousand_tolerance_at_most)
    ) as tolerance,
    first_details(detail.detail_number) as source_lines,
    sum(detail.budget_line_count + detail.adjustment_count) as source_line_count
from differing
inner join project
    on
        differing.district_code = project.district_code
        and differing.fiscal_year = project.fiscal_year
        and differing.department_key = project.department_key
        and (
            differing.level = 'department'
            or (
                differing.project_key = project.project_key
                and differing.fund_type_code is not distinct from project.fund_type_code
            )
        )
inner join rule_detail as detail
    on
        project.district_code = detail.district_code
        and project.fiscal_year = detail.fiscal_year
        and project.department_key = detail.department_key
        and project.project_key = detail.project_key
        and project.fund_type_code is not distinct from detail.fund_type_code
        and (differing.level <> 'line' or differing.function_code is not distinct from detail.function_code)
        and detail.budget_line_count + detail.adjustment_count > 0
inner join unit on differing.district_code = unit.district_code and differing.fiscal_year = unit.fiscal_year
inner join rule_threshold as threshold on differing.district_code = threshold.district_code
group by
    differing.level,
    differing.district_code,
    differing.fiscal_year,
    differing.department_key,
    differing.project_key,
    differing.fund_type_code,
    differing.function_code,
    differing.stated_amount,
    differing.computed_amount
