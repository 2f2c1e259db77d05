-- The balance of a budget indicator is its amount without what was cut from it and what was applied for.
-- 预算指标余额应等于指标金额减去追减金额与已申请支付金额。
-- rule: indicator-balance-does-not-add-up
-- severity: error
-- category: arithmetic
-- scope: district_year
-- guards: core.budget_indicator
-- tolerance: yuan_tolerance, ten_thousand_tolerance_per_row, ten_thousand_tolerance_at_most
-- since: 0.1.0
-- message: Indicator {finding_key}: the balance is {source_value} yuan, amount less cuts less applications make
--   {target_value}.
-- message_zh: 指标 {finding_key}：余额为 {source_value} 元，指标金额减追减与已申请支付为 {target_value} 元。
with line as (
    select
        indicator.*,
        indicator.indicator_amount - coalesce(indicator.cut_amount, 0)
        - coalesce(indicator.applied_amount, 0) as computed_amount,
        file.unit_factor,
        rounding_tolerance(
            file.unit_factor, 3, threshold.yuan_tolerance, threshold.ten_thousand_tolerance_per_row,
            threshold.ten_thousand_tolerance_at_most
        ) as tolerance
    from core.budget_indicator as indicator
    inner join rule_threshold as threshold on indicator.district_code = threshold.district_code
    left join rule_sheet_unit as file
        on
            file.dataset = 'budget_indicator'
            and indicator.source_file_id = file.source_file_id
            and indicator.source_sheet is not distinct from file.source_sheet
)

select
    line.district_code,
    line.fiscal_year,
    line.department_code,
    line.department_name,
    line.project_code,
    line.project_name,
    line.indicator_id as finding_key,
    line.balance_amount as source_value,
    line.computed_amount as target_value,
    line.balance_amount - line.computed_amount as difference,
    [
        { 'label': '指标金额', 'amount': line.indicator_amount },
        { 'label': '追减金额', 'amount': -line.cut_amount },
        { 'label': '已申请支付金额', 'amount': -line.applied_amount }
    ] as parts,
    '指标余额' as total_label,
    line.unit_factor,
    line.tolerance as allowed_difference,
    line.source_file_id,
    line.source_sheet,
    line.source_line
from line
where abs(line.balance_amount - line.computed_amount) > line.tolerance
