-- The full-year budget of a project and fund type is its initial budget plus its adjustments; told where its lines do
--   not tell it.
-- 项目（按资金性质）的全年预算数应等于年初预算数加调整数；已按明细报告的不再重复。
-- rule: project-full-year-budget-differs
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
left join rule_full_year as line
    on
        line.level = 'line'
        and judged.district_code = line.district_code
        and judged.fiscal_year = line.fiscal_year
        and judged.department_key = line.department_key
        and judged.project_key = line.project_key
        and judged.fund_type_code is not distinct from line.fund_type_code
        and abs(line.stated_amount - line.computed_amount) > line.tolerance
where
    judged.level = 'project'
    and abs(judged.stated_amount - judged.computed_amount) > judged.tolerance
    and line.level is null
