-- Each amount that the statement tells of a unit by fund type or nature is what the detail adds up to; told where the
--   unit's own line does not tell it.
-- 执行情况表按资金性质、支出性质的金额应等于明细合计；单位行已报告的不再重复。
-- rule: statement-breakdown-differs-from-detail
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
left join rule_statement_pair as unit
    on
        unit.level = 'department'
        and pair.district_code = unit.district_code
        and pair.fiscal_year = unit.fiscal_year
        and pair.unit_key = unit.unit_key
        and pair.figure = unit.figure
        and unit.is_failing
where pair.level in ('fund_type', 'nature') and pair.is_failing and unit.level is null
