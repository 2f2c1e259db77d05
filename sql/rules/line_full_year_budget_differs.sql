-- The full-year budget of a budget line (project, fund type, function code) is its initial budget plus its
--   adjustments.
-- 预算明细（项目、资金性质、功能科目）的全年预算数应等于年初预算数加调整数。
-- rule: line-full-year-budget-differs
-- severity: error
-- category: arithmetic
-- scope: district_year
-- guards: core.annual_budget
-- tolerance: yuan_tolerance, ten_thousand_tolerance_per_row, ten_thousand_tolerance_at_most
-- since: 0.1.0
-- message: {finding_key}: the annual budget states a full-year budget of {source_value} yuan, initial budget and
--   adjustments make {target_value}; an adjustment is missing or one of the figures is wrong.
-- message_zh: {finding_key}：年初预算表所载全年预算数为 {source_value} 元，年初预算数加调整数为 {target_value} 元；缺少调整或数字有误。
select
    judged.district_code,
    judged.fiscal_year,
    judged.department_code,
    judged.department_name,
    judged.project_code,
    judged.project_name,
    concat_ws(
        ' / ',
        item_key(judged.department_code, judged.department_name, judged.project_code, judged.project_name),
        judged.fund_type_code,
        judged.function_code
    ) as finding_key,
    judged.stated_amount as source_value,
    judged.computed_amount as target_value,
    judged.stated_amount - judged.computed_amount as difference,
    judged.source_lines,
    judged.source_line_count
from rule_full_year as judged
where judged.level = 'line' and abs(judged.stated_amount - judged.computed_amount) > judged.tolerance
