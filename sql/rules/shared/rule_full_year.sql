-- The full-year budget as the annual budget states it beside initial budget plus adjustments, per
--   line, project and department.
-- 年初预算所载全年预算数与年初预算数加调整数的对照，按明细、项目、部门三级。
with level as (
    select 'line' as level
    union all
    select 'project' as level
    union all
    select 'department' as level
),

-- An annual budget that was exported before the adjustments says nothing about them: one warning tells it.
reflected as (
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

budgeted as (
    select
        detail.district_code,
        detail.fiscal_year,
        detail.department_key,
        detail.project_key,
        detail.fund_type_code,
        max(detail.department_code) as department_code,
        max(detail.department_name) as department_name,
        max(detail.project_code) as project_code,
        max(detail.project_name) as project_name,
        sum(detail.budget_line_count) as budget_line_count,
        sum(detail.budget_line_count - detail.budget_line_with_full_year_count) as lines_without_full_year,
        sum(
            case
                when detail.function_code is null and detail.budget_line_count + detail.adjustment_count > 0 then 1
                else 0
            end
        ) as rows_without_function
    from rule_detail as detail
    inner join core.district_year_grain as delivered
        on detail.district_code = delivered.district_code and detail.fiscal_year = delivered.fiscal_year
    inner join reflected
        on detail.district_code = reflected.district_code and detail.fiscal_year = reflected.fiscal_year
    where delivered.has_annual_budget and delivered.has_budget_adjustment
    group by
        detail.district_code, detail.fiscal_year, detail.department_key, detail.project_key, detail.fund_type_code
)

select
    level.level,
    budgeted.district_code,
    budgeted.fiscal_year,
    budgeted.department_key,
    max(budgeted.department_code) as department_code,
    max(budgeted.department_name) as department_name,
    case when level.level <> 'department' then budgeted.project_key end as project_key,
    max(case when level.level <> 'department' then budgeted.project_code end) as project_code,
    max(case when level.level <> 'department' then budgeted.project_name end) as project_name,
    case when level.level <> 'department' then budgeted.fund_type_code end as fund_type_code,
    case when level.level = 'line' then detail.function_code end as function_code,
    sum(detail.stated_full_year_amount) as stated_amount,
    sum(detail.initial_budget_amount + detail.net_adjustment_amount) as computed_amount,
    rounding_tolerance(
        max(unit.unit_factor), sum(detail.budget_line_count + detail.adjustment_count),
        max(threshold.yuan_tolerance), max(threshold.ten_thousand_tolerance_per_row),
        max(threshold.ten_thousand_tolerance_at_most)
    ) as tolerance,
    first_details(detail.detail_number) as source_lines,
    sum(detail.budget_line_count + detail.adjustment_count) as source_line_count
from budgeted
inner join rule_detail as detail
    on
        budgeted.district_code = detail.district_code
        and budgeted.fiscal_year = detail.fiscal_year
        and budgeted.department_key = detail.department_key
        and budgeted.project_key = detail.project_key
        and budgeted.fund_type_code is not distinct from detail.fund_type_code
        and detail.budget_line_count + detail.adjustment_count > 0
inner join unit on budgeted.district_code = unit.district_code and budgeted.fiscal_year = unit.fiscal_year
inner join rule_threshold as threshold on budgeted.district_code = threshold.district_code
cross join level
where
    budgeted.budget_line_count > 0
    and budgeted.lines_without_full_year = 0
    and (level.level <> 'line' or budgeted.rows_without_function = 0)
group by
    level.level,
    budgeted.district_code,
    budgeted.fiscal_year,
    budgeted.department_key,
    case when level.level <> 'department' then budgeted.project_key end,
    case when level.level <> 'department' then budgeted.fund_type_code end,
    case when level.level = 'line' then detail.function_code end
