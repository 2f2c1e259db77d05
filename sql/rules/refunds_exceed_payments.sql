-- The refunds of a project and fund type exceed its payments, so that its execution is below zero.
-- 项目（按资金性质）的退款超过支付，执行数为负。
-- rule: refunds-exceed-payments
-- severity: warning
-- category: execution
-- scope: district_year
-- guards: core.payment
-- tolerance: yuan_tolerance
-- since: 0.1.0
-- message: {finding_key}: payments and refunds add up to {source_value} yuan; refunds of an earlier year belong to
--   that year.
-- message_zh: {finding_key}：支付与退款合计 {source_value} 元；以前年度支出的退款应归入相应年度。
select
    spent.district_code,
    spent.fiscal_year,
    max(spent.department_code) as department_code,
    max(spent.department_name) as department_name,
    max(spent.project_code) as project_code,
    max(spent.project_name) as project_name,
    concat_ws(
        ' / ',
        item_key(
            max(spent.department_code), max(spent.department_name), max(spent.project_code), max(spent.project_name)
        ),
        spent.fund_type_code
    ) as finding_key,
    sum(spent.paid_amount) as source_value,
    0 as target_value,
    sum(spent.paid_amount) as difference,
    first_details(spent.detail_number) as source_lines,
    sum(spent.payment_count) as source_line_count
from rule_detail as spent
inner join rule_threshold as threshold on spent.district_code = threshold.district_code
where spent.payment_count > 0
group by
    spent.district_code,
    spent.fiscal_year,
    spent.department_key,
    spent.project_key,
    spent.fund_type_code,
    threshold.yuan_tolerance
having sum(spent.paid_amount) < -threshold.yuan_tolerance
