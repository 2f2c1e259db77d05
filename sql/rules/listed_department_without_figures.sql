-- The department list has a department or unit without any budget, adjustment, payment or statement.
-- 部门单位名录中的部门（单位）既无预算、调整、支付，也无执行情况表。
-- rule: listed-department-without-figures
-- severity: warning
-- category: existence
-- scope: district_year
-- guards: core.department
-- tolerance: none
-- since: 0.1.0
-- message: {finding_key} is in the department list, but no budget, adjustment, payment or statement names it or a
--   unit of it.
-- message_zh: {finding_key} 在部门单位名录中，但预算、调整、支付与执行情况表均未涉及该部门或其下属单位。
with named as (
    select
        district_code,
        fiscal_year,
        unit_key as department_key
    from rule_detail
    union
    select
        district_code,
        fiscal_year,
        department_key
    from rule_detail
    union
    select
        district_code,
        fiscal_year,
        unit_key as department_key
    from rule_statement
    union
    select
        district_code,
        fiscal_year,
        department_key
    from rule_statement
)

select
    line.district_code,
    line.fiscal_year,
    line.department_code,
    line.department_name,
    item_key(line.department_code, line.department_name, null, null) as finding_key,
    cast(null as decimal(18, 2)) as source_value,
    cast(null as decimal(18, 2)) as target_value,
    cast(null as decimal(18, 2)) as difference,
    line.source_file_id,
    line.source_sheet,
    line.source_line
from core.department as line
inner join core.district_year_grain as delivered
    on line.district_code = delivered.district_code and line.fiscal_year = delivered.fiscal_year
left join named
    on
        line.district_code = named.district_code
        and line.fiscal_year = named.fiscal_year
        and line.department_code = named.department_key
where
    named.department_key is null
    and (
        delivered.has_execution_statement
        or (delivered.has_annual_budget and delivered.has_budget_adjustment and delivered.has_payment)
    )
