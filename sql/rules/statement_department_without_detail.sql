-- The statement tells money of a unit of which the delivered detail has no row at all.
-- 执行情况表中有金额的单位在已报送的明细中没有任何数据。
-- rule: statement-department-without-detail
-- severity: error
-- category: existence
-- scope: district_year
-- guards: core.execution_statement
-- tolerance: none
-- since: 0.1.0
-- message: {finding_key} stands in the statement with {source_value} yuan, but in no budget, adjustment or payment;
--   deliver its detail or correct its code.
-- message_zh: {finding_key} 在执行情况表中有 {source_value} 元，但预算、调整、支付明细中均无该单位；请补报明细或更正编码。
with detailed as (
    select distinct
        district_code,
        fiscal_year,
        department_key
    from rule_detail
)

select
    line.district_code,
    line.fiscal_year,
    max(line.department_code) as department_code,
    max(line.department_name) as department_name,
    item_key(max(line.department_code), max(line.department_name), null, null) as finding_key,
    max(greatest(line.full_year_budget_amount, line.executed_amount, line.initial_budget_amount)) as source_value,
    cast(null as decimal(18, 2)) as target_value,
    cast(null as decimal(18, 2)) as difference,
    first_places(line.source_file_id, line.source_sheet, line.source_line) as source_lines,
    count(*) as source_line_count
from rule_statement as line
inner join core.district_year_grain as delivered
    on line.district_code = delivered.district_code and line.fiscal_year = delivered.fiscal_year
left join detailed
    on
        line.district_code = detailed.district_code
        and line.fiscal_year = detailed.fiscal_year
        and line.department_key = detailed.department_key
where
    delivered.has_annual_budget
    and line.is_latest
    and detailed.department_key is null
    and (line.initial_budget_amount <> 0 or line.full_year_budget_amount <> 0 or line.executed_amount <> 0)
group by line.district_code, line.fiscal_year, line.unit_key
