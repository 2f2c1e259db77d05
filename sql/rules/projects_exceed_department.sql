-- The projects that a unit's statement names may be some of its projects, but never add up to more than the unit.
-- 执行情况表所列项目可以只是部分项目，但合计不得超过单位行。
-- rule: projects-exceed-department
-- severity: error
-- category: arithmetic
-- scope: district_year
-- guards: core.execution_statement
-- tolerance: yuan_tolerance, ten_thousand_tolerance_per_row, ten_thousand_tolerance_at_most
-- since: 0.1.0
-- message: {finding_key}: the unit's line says {source_value} yuan, the projects named add up to {target_value},
--   which is more.
-- message_zh: {finding_key}：单位行为 {source_value} 元，所列项目合计 {target_value} 元，超过单位总额。
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
    sums.level = 'project'
    and sums.figure <> 'adjustment_amount'
    and sums.parts_amount - sums.total_amount > sums.tolerance
