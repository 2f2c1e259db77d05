-- The basic and project expenditure of a unit's statement add up to the unit's own line; a single one of them may be
--   a part, but never more than the whole.
-- 执行情况表中单位的基本支出与项目支出之和应等于单位行；只列一项时可为部分，但不得超过总额。
-- rule: natures-differ-from-total
-- severity: error
-- category: arithmetic
-- scope: district_year
-- guards: core.execution_statement
-- tolerance: yuan_tolerance, ten_thousand_tolerance_per_row, ten_thousand_tolerance_at_most
-- since: 0.1.0
-- message: {finding_key}: the unit's line says {source_value} yuan, its basic and project expenditure add up to
--   {target_value}; difference {difference}.
-- message_zh: {finding_key}：单位行为 {source_value} 元，基本支出与项目支出合计 {target_value} 元，相差 {difference} 元。
select
    sums.district_code,
    sums.fiscal_year,
    sums.department_code,
    sums.department_name,
    concat_ws(' / ', sums.finding_key, sums.figure_label) as finding_key,
    sums.total_amount as source_value,
    sums.parts_amount as target_value,
    sums.total_amount - sums.parts_amount as difference,
    sums.parts,
    concat_ws(' ', sums.department_name, sums.figure_label) as total_label,
    sums.unit_factor,
    sums.tolerance as allowed_difference,
    sums.source_file_id,
    sums.source_sheet,
    sums.source_line,
    sums.source_lines,
    sums.source_line_count
from rule_statement_sum as sums
where
    sums.level = 'nature'
    and (
        (sums.parts_count > 1 and abs(sums.total_amount - sums.parts_amount) > sums.tolerance)
        or sums.parts_amount - sums.total_amount > sums.tolerance
    )
