-- The full-year budget of a project and fund type, or of a statement line, is below zero.
-- 项目（按资金性质）或执行情况表某行的全年预算数为负。
-- rule: full-year-budget-is-negative
-- severity: error
-- category: execution
-- scope: district_year
-- guards: core.annual_budget
-- tolerance: yuan_tolerance
-- since: 0.1.0
-- message: {finding_key}: the full-year budget is {source_value} yuan, expected at least 0; more was cut than there
--   was.
-- message_zh: {finding_key}：全年预算数为 {source_value} 元，不应为负；调减超过了原有预算。
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
    spent.full_year_budget_amount as source_value,
    0 as target_value,
    spent.full_year_budget_amount as difference,
    spent.source_lines,
    spent.source_line_count
from rule_project_fund as spent
inner join rule_threshold as threshold on spent.district_code = threshold.district_code
where spent.full_year_budget_amount < -threshold.yuan_tolerance
union all
select
    line.district_code,
    line.fiscal_year,
    line.department_code,
    line.department_name,
    line.project_code,
    line.project_name,
    line.finding_key,
    line.full_year_budget_amount as source_value,
    0 as target_value,
    line.full_year_budget_amount as difference,
    first_places(line.source_file_id, line.source_sheet, line.source_line) as source_lines,
    1 as source_line_count
from rule_statement as line
where line.full_year_budget_amount < 0
group by
    line.district_code,
    line.fiscal_year,
    line.department_code,
    line.department_name,
    line.project_code,
    line.project_name,
    line.finding_key,
    line.full_year_budget_amount
