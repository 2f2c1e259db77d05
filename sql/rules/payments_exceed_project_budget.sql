-- The payments of a project from one fund type exceed its full-year budget from that fund type.
-- 项目某一资金性质的支付超过其全年预算数。
-- rule: payments-exceed-project-budget
-- severity: error
-- category: execution
-- scope: district_year
-- guards: core.payment
-- tolerance: yuan_tolerance
-- since: 0.1.0
-- message: {source_value} yuan were paid for {finding_key}, the full-year budget of this fund type is {target_value};
--   an adjustment is missing, or a payment belongs elsewhere.
-- message_zh: {finding_key} 已支付 {source_value} 元，该资金性质全年预算数为 {target_value} 元；可能缺少调整或支付归属有误。
with spent as (
    select
        detail.district_code,
        detail.fiscal_year,
        detail.department_code,
        detail.department_name,
        detail.project_code,
        detail.project_name,
        detail.fund_type_code,
        sum(detail.initial_budget_amount + detail.net_adjustment_amount) as full_year_budget_amount,
        sum(detail.paid_amount) as paid_amount,
        sum(detail.budget_line_count + detail.adjustment_count) as budget_lines,
        flatten(list(detail.places order by detail.until))[1:20] as source_lines,
        sum(detail.budget_line_count + detail.adjustment_count + detail.payment_count) as source_line_count
    from rule_detail as detail
    inner join core.district_year_grain as delivered
        on detail.district_code = delivered.district_code and detail.fiscal_year = delivered.fiscal_year
    where delivered.has_annual_budget and delivered.has_budget_adjustment and delivered.has_payment
    group by
        detail.district_code,
        detail.fiscal_year,
        detail.department_code,
        detail.department_name,
        detail.project_code,
        detail.project_name,
        detail.fund_type_code
)

-- A budget of nothing is payment-without-budget, a fund type without any budget line is fund-type-changed-in-year.
select
    spent.district_code,
    spent.fiscal_year,
    spent.department_code,
    spent.department_name,
    spent.project_code,
    spent.project_name,
    concat_ws(
        ' / ',
        item_key(spent.department_code, spent.department_name, spent.project_code, spent.project_name),
        spent.fund_type_code
    ) as finding_key,
    spent.paid_amount as source_value,
    spent.full_year_budget_amount as target_value,
    spent.paid_amount - spent.full_year_budget_amount as difference,
    spent.source_lines,
    spent.source_line_count
from spent
inner join rule_threshold as threshold on spent.district_code = threshold.district_code
where
    spent.budget_lines > 0
    and spent.full_year_budget_amount > 0
    and spent.paid_amount - spent.full_year_budget_amount > threshold.yuan_tolerance
