-- The full-year budgets of a department's projects are their initial budgets plus their adjustments; told where no
--   single project tells it.
-- 部门各项目的全年预算数之和应等于年初预算数加调整数之和；已按项目或明细报告的不再重复。
-- rule: department-full-year-budget-differs
-- severity: error
-- category: arithmetic
-- scope: district_year
-- guards: core.annual_budget
-- tolerance: yuan_tolerance, ten_thousand_tolerance_per_row, ten_thousand_tolerance_at_most
-- since: 0.1.0
-- message: {finding_key}: the annual budget states full-year budgets of {source_value} yuan, initial budgets and
--   adjustments make {target_value}, although no single project is beyond its tolerance.
-- message_zh: {finding_key}：年初预算表所载全年预算数合计 {source_value} 元，年初预算数加调整数合计 {target_value} 元，而各项目均在容差之内。
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
left join rule_full_year as finer
    on
        finer.level <> 'department'
        and judged.district_code = finer.district_code
        and judged.fiscal_year = finer.fiscal_year
        and judged.department_key = finer.department_key
        and abs(finer.stated_amount - finer.computed_amount) > finer.tolerance
where
    judged.level = 'department'
    and abs(judged.stated_amount - judged.computed_amount) > judged.tolerance
    and finer.level is null
