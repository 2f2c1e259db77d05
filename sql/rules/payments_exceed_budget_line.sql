-- The payments on one function code of a project and fund type exceed the full-year budget of that line, while the
--   project as a whole is within budget.
-- 项目总额未超，但某一功能科目明细的支付超过该明细的全年预算数。
-- rule: payments-exceed-budget-line
-- severity: warning
-- category: execution
-- scope: district_year
-- guards: core.payment
-- tolerance: yuan_tolerance
-- since: 0.1.0
-- message: {source_value} yuan were paid on {finding_key}, the full-year budget of this line is {target_value}; a
--   reallocation between lines is missing.
-- message_zh: {finding_key} 已支付 {source_value} 元，该明细全年预算数为 {target_value} 元；可能缺少明细之间的调剂。
with line as (
    select
        detail.district_code,
        detail.fiscal_year,
        detail.department_key,
        detail.project_key,
        detail.fund_type_code,
        detail.function_code,
        sum(detail.initial_budget_amount + detail.net_adjustment_amount) as full_year_budget_amount,
        sum(detail.paid_amount) as paid_amount,
        sum(detail.budget_line_count + detail.adjustment_count) as budget_rows,
        first_details(detail.detail_number) as source_lines,
        sum(detail.budget_line_count + detail.adjustment_count + detail.payment_count) as source_line_count
    from rule_detail as detail
    group by
        detail.district_code,
        detail.fiscal_year,
        detail.department_key,
        detail.project_key,
        detail.fund_type_code,
        detail.function_code
)

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
        spent.fund_type_code,
        line.function_code
    ) as finding_key,
    line.paid_amount as source_value,
    line.full_year_budget_amount as target_value,
    line.paid_amount - line.full_year_budget_amount as difference,
    line.source_lines,
    line.source_line_count
from rule_project_fund as spent
inner join line
    on
        spent.district_code = line.district_code
        and spent.fiscal_year = line.fiscal_year
        and spent.department_key = line.department_key
        and spent.project_key = line.project_key
        and spent.fund_type_code = line.fund_type_code
inner join rule_threshold as threshold on spent.district_code = threshold.district_code
where
    spent.has_function_codes
    and line.budget_rows > 0
    and line.paid_amount - line.full_year_budget_amount > threshold.yuan_tolerance
    and spent.paid_amount - spent.full_year_budget_amount <= threshold.yuan_tolerance
