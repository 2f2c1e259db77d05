-- Each amount that the statement tells of a unit is what the detail adds up to until the statement's date.
-- 执行情况表中单位的各项金额应等于截至该日的明细合计。
-- rule: statement-department-differs-from-detail
-- severity: error
-- category: reconciliation
-- scope: district_year
-- guards: core.execution_statement
-- tolerance: yuan_tolerance, ten_thousand_tolerance_per_row, ten_thousand_tolerance_at_most
-- since: 0.1.0
-- message: {finding_key}: the statement says {source_value} yuan, the detail adds up to {target_value}; difference
--   {difference}.
-- message_zh: {finding_key}：执行情况表为 {source_value} 元，明细合计为 {target_value} 元，相差 {difference} 元。
select
    pair.district_code,
    pair.fiscal_year,
    pair.department_code,
    pair.department_name,
    pair.project_code,
    pair.project_name,
    concat_ws(' / ', pair.finding_key, pair.figure_label) as finding_key,
    pair.stated_amount as source_value,
    pair.detail_amount as target_value,
    pair.difference,
    [{ 'label': pair.figure_label, 'amount': pair.stated_amount }] as parts,
    pair.unit_factor,
    pair.tolerance_of_one as allowed_difference,
    pair.source_file_id,
    pair.source_sheet,
    pair.source_line,
    pair.source_lines,
    pair.source_line_count
from rule_statement_pair as pair
where pair.level = 'department' and pair.is_failing
