-- The full-year budget of a row of the annual budget is its initial budget plus the adjustment and reallocation told
--   in the same row.
-- 年初预算表同一行的全年预算数应等于年初预算数加该行所载调整与调剂。
-- rule: budget-line-does-not-add-up
-- severity: error
-- category: arithmetic
-- scope: district_year
-- guards: core.annual_budget
-- tolerance: yuan_tolerance, ten_thousand_tolerance_per_row, ten_thousand_tolerance_at_most
-- since: 0.1.0
-- message: {finding_key}: the row states a full-year budget of {source_value} yuan, its own initial budget,
--   adjustment and reallocation make {target_value}.
-- message_zh: {finding_key}：该行全年预算数为 {source_value} 元，其年初预算、调整与调剂之和为 {target_value} 元。
with line as (
    select
        budget.*,
        budget.initial_budget_amount + budget.adjustment_amount
        + coalesce(budget.reallocation_amount, 0) as computed_amount,
        file.unit_factor,
        rounding_tolerance(
            file.unit_factor, 3, threshold.yuan_tolerance, threshold.ten_thousand_tolerance_per_row,
            threshold.ten_thousand_tolerance_at_most
        ) as tolerance
    from core.annual_budget as budget
    inner join rule_threshold as threshold on budget.district_code = threshold.district_code
    left join rule_sheet_unit as file
        on
            file.dataset = 'annual_budget'
            and budget.source_file_id = file.source_file_id
            and budget.source_sheet is not distinct from file.source_sheet
)

select
    line.district_code,
    line.fiscal_year,
    line.department_code,
    line.department_name,
    line.project_code,
    line.project_name,
    concat_ws(
        ' / ',
        item_key(line.department_code, line.department_name, line.project_code, line.project_name),
        line.fund_type_code,
        line.function_code,
        line.department_economy_code
    ) as finding_key,
    line.full_year_budget_amount as source_value,
    line.computed_amount as target_value,
    line.full_year_budget_amount - line.computed_amount as difference,
    [
        { 'label': '年初预算数', 'amount': line.initial_budget_amount },
        { 'label': '预算调整数', 'amount': line.adjustment_amount },
        { 'label': '调剂金额', 'amount': line.reallocation_amount }
    ] as parts,
    '全年预算数' as total_label,
    line.unit_factor,
    line.tolerance as allowed_difference,
    line.source_file_id,
    line.source_sheet,
    line.source_line
from line
where abs(line.full_year_budget_amount - line.computed_amount) > line.tolerance
