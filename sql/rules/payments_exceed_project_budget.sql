-- The payments of a project from one fund type exceed its full-year budget from that fund type.
-- 项目某一资金性质的支付超过其全年预算数。
-- rule: payments-exceed-project-budget
-- severity: error
-- category: execution
-- scope: district_year
-- guards: core.payment
-- tolerance: yuan_tolerance
-- since: 0.1.0
-- message: {source_value} yuan were paid for {finding_key}, its full-year budget is {target_value}; an adjustment is
--   missing, or a payment belongs elsewhere.
-- message_zh: {finding_key} 已支付 {source_value} 元，全年预算数为 {target_value} 元；可能缺少调整或支付归属有误。
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
from rule_project_fund as spent
inner join rule_threshold as threshold on spent.district_code = threshold.district_code
-- A project without any budget is payment-without-budget, a fund type without any budget row is
-- fund-type-changed-in-year, a budget below zero is full-year-budget-is-negative.
where
    spent.budget_rows > 0
    and (
        spent.full_year_budget_amount > 0
        or (spent.full_year_budget_amount = 0 and spent.project_full_year_budget_amount <> 0)
    )
    and spent.paid_amount - spent.full_year_budget_amount > threshold.yuan_tolerance
