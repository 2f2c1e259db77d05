-- The detail has money of a department that the district's statement leaves out; a statement of one department alone
--   claims nothing about others.
-- 明细中有金额的部门未列入全区执行情况表；仅含一个部门的执行情况表不作此检查。
-- rule: detail-department-missing-in-statement
-- severity: warning
-- category: existence
-- scope: district_year
-- guards: core.execution_statement
-- tolerance: none
-- since: 0.1.0
-- message: {finding_key} has a full-year budget of {source_value} yuan in the detail, but no line in the statement.
-- message_zh: {finding_key} 在明细中全年预算数为 {source_value} 元，但未列入执行情况表。
with stated as (
    select
        district_code,
        fiscal_year,
        department_key
    from rule_statement
    where level <> 'project'
    group by district_code, fiscal_year, department_key
),

district_statement as (
    select
        district_code,
        fiscal_year
    from stated
    group by district_code, fiscal_year
    having count(*) > 1
)

select
    detail.district_code,
    detail.fiscal_year,
    max(detail.department_code) as department_code,
    max(detail.department_name) as department_name,
    item_key(max(detail.department_code), max(detail.department_name), null, null) as finding_key,
    sum(detail.initial_budget_amount + detail.net_adjustment_amount) as source_value,
    cast(null as decimal(18, 2)) as target_value,
    cast(null as decimal(18, 2)) as difference,
    first_details(detail.detail_number) as source_lines,
    sum(detail.budget_line_count + detail.adjustment_count + detail.payment_count) as source_line_count
from rule_detail as detail
inner join district_statement
    on detail.district_code = district_statement.district_code and detail.fiscal_year = district_statement.fiscal_year
left join stated
    on
        detail.district_code = stated.district_code
        and detail.fiscal_year = stated.fiscal_year
        and detail.department_key = stated.department_key
where stated.department_key is null
group by detail.district_code, detail.fiscal_year, detail.department_key
having
    sum(abs(detail.initial_budget_amount)) <> 0
    or sum(abs(detail.net_adjustment_amount)) <> 0
    or sum(abs(detail.paid_amount)) <> 0
