-- The statement tells money of a project of which the delivered detail has no row at all.
-- 执行情况表中有金额的项目在已报送的明细中没有任何数据。
-- rule: statement-project-without-detail
-- severity: error
-- category: existence
-- scope: district_year
-- guards: core.execution_statement
-- tolerance: none
-- since: 0.1.0
-- message: {finding_key} stands in the statement with {source_value} yuan, but in no budget, adjustment or payment;
--   deliver its detail or correct its code.
-- message_zh: {finding_key} 在执行情况表中有 {source_value} 元，但预算、调整、支付明细中均无该项目；请补报明细或更正编码。
with detailed as (
    select
        district_code,
        fiscal_year,
        department_key,
        project_key
    from rule_detail
    group by district_code, fiscal_year, department_key, project_key
),

-- A department without any detail is told once, for itself.
detailed_department as (
    select distinct
        district_code,
        fiscal_year,
        department_key
    from rule_detail
)

select
    line.district_code,
    line.fiscal_year,
    line.department_code,
    line.department_name,
    line.project_code,
    line.project_name,
    line.finding_key,
    greatest(line.full_year_budget_amount, line.executed_amount, line.initial_budget_amount) as source_value,
    cast(null as decimal(18, 2)) as target_value,
    cast(null as decimal(18, 2)) as difference,
    line.source_file_id,
    line.source_sheet,
    line.source_line
from rule_statement as line
inner join core.district_year_grain as delivered
    on line.district_code = delivered.district_code and line.fiscal_year = delivered.fiscal_year
inner join detailed_department
    on
        line.district_code = detailed_department.district_code
        and line.fiscal_year = detailed_department.fiscal_year
        and line.department_key = detailed_department.department_key
left join detailed
    on
        line.district_code = detailed.district_code
        and line.fiscal_year = detailed.fiscal_year
        and line.department_key = detailed.department_key
        and line.project_key = detailed.project_key
where
    delivered.has_annual_budget
    and line.is_latest
    and line.level = 'project'
    and detailed.project_key is null
    and (line.initial_budget_amount <> 0 or line.full_year_budget_amount <> 0 or line.executed_amount <> 0)
