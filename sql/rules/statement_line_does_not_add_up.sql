-- The full-year budget of a statement line is its initial budget plus its adjustment.
-- 执行情况表各行的全年预算数应等于年初预算数加预算调整数。
-- rule: statement-line-does-not-add-up
-- severity: error
-- category: arithmetic
-- scope: district_year
-- guards: core.execution_statement
-- tolerance: yuan_tolerance, ten_thousand_tolerance_per_row, ten_thousand_tolerance_at_most
-- since: 0.1.0
-- message: {finding_key}: the full-year budget is {source_value} yuan, initial budget and adjustment make
--   {target_value}.
-- message_zh: {finding_key}：全年预算数为 {source_value} 元，年初预算数加调整数为 {target_value} 元。
select
    line.district_code,
    line.fiscal_year,
    line.department_code,
    line.department_name,
    line.project_code,
    line.project_name,
    line.finding_key,
    line.full_year_budget_amount as source_value,
    line.initial_budget_amount + line.adjustment_amount as target_value,
    line.full_year_budget_amount - line.initial_budget_amount - line.adjustment_amount as difference,
    [
        { 'label': '年初预算数', 'amount': line.initial_budget_amount },
        { 'label': '预算调整数', 'amount': line.adjustment_amount }
    ] as parts,
    '全年预算数' as total_label,
    line.unit_factor,
    line.tolerance_of_two as allowed_difference,
    line.source_file_id,
    line.source_sheet,
    line.source_line
from rule_statement as line
where
    abs(line.full_year_budget_amount - line.initial_budget_amount - line.adjustment_amount) > line.tolerance_of_two
