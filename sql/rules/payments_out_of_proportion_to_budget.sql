-- The payments of a district-year are so many times its full-year budget that a whole file must be in another unit.
-- 区年度支付总额与全年预算总额相差过于悬殊，必有整个文件的金额单位有误。
-- rule: payments-out-of-proportion-to-budget
-- severity: fatal
-- category: plausibility
-- scope: district_year
-- guards: core.payment
-- tolerance: payments_to_budget_at_most
-- since: 0.1.0
-- message: {source_value} yuan were paid against a full-year budget of {target_value}: more than any budget allows; a
--   file tells yuan as 万元 or the reverse.
-- message_zh: 支付 {source_value} 元，而全年预算数仅 {target_value} 元，超出合理范围；应有文件将元与万元混用。
select
    detail.district_code,
    detail.fiscal_year,
    '全区 district' as finding_key,
    sum(detail.paid_amount) as source_value,
    sum(detail.initial_budget_amount + detail.net_adjustment_amount) as target_value,
    sum(detail.paid_amount) - sum(detail.initial_budget_amount + detail.net_adjustment_amount) as difference
from rule_detail as detail
inner join core.district_year_grain as delivered
    on detail.district_code = delivered.district_code and detail.fiscal_year = delivered.fiscal_year
inner join rule_threshold as threshold on detail.district_code = threshold.district_code
where delivered.has_annual_budget and delivered.has_budget_adjustment
group by detail.district_code, detail.fiscal_year, threshold.payments_to_budget_at_most
having
    sum(detail.initial_budget_amount + detail.net_adjustment_amount) > 0
    and sum(detail.paid_amount)
    > sum(detail.initial_budget_amount + detail.net_adjustment_amount) * threshold.payments_to_budget_at_most
