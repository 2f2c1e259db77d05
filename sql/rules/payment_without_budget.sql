-- A project was paid for, but its full-year budget of all fund types together is zero.
-- 项目有支付，但各资金性质的全年预算数合计为零。
-- rule: payment-without-budget
-- severity: error
-- category: execution
-- scope: district_year
-- guards: core.payment
-- tolerance: yuan_tolerance
-- since: 0.1.0
-- message: {source_value} yuan were paid for {finding_key}, which has no budget this year; deliver its budget or
--   adjustment, or correct the payments.
-- message_zh: {finding_key} 已支付 {source_value} 元，但本年无预算；请补报预算或调整，或更正支付。
with spent as (
    select
        detail.district_code,
        detail.fiscal_year,
        detail.department_key,
        detail.project_key,
        max(detail.department_code) as department_code,
        max(detail.department_name) as department_name,
        max(detail.project_code) as project_code,
        max(detail.project_name) as project_name,
        sum(detail.initial_budget_amount + detail.net_adjustment_amount) as full_year_budget_amount,
        sum(detail.paid_amount) as paid_amount,
        first_details(detail.detail_number) as source_lines,
        sum(detail.budget_line_count + detail.adjustment_count + detail.payment_count) as source_line_count
    from rule_detail as detail
    inner join core.district_year_grain as delivered
        on detail.district_code = delivered.district_code and detail.fiscal_year = delivered.fiscal_year
    where delivered.has_annual_budget and delivered.has_budget_adjustment
    group by detail.district_code, detail.fiscal_year, detail.department_key, detail.project_key
)

select
    spent.district_code,
    spent.fiscal_year,
    spent.department_code,
    spent.department_name,
    spent.project_code,
    spent.project_name,
    item_key(spent.department_code, spent.department_name, spent.project_code, spent.project_name) as finding_key,
    spent.paid_amount as source_value,
    spent.full_year_budget_amount as target_value,
    spent.paid_amount - spent.full_year_budget_amount as difference,
    spent.source_lines,
    spent.source_line_count
from spent
inner join rule_threshold as threshold on spent.district_code = threshold.district_code
where spent.full_year_budget_amount = 0 and spent.paid_amount > threshold.yuan_tolerance
