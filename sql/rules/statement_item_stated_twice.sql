-- One item of the statement (unit, project, fund type, nature, date) stands on two lines that both count; its figures
--   differ or count twice.
-- 执行情况表同一事项（单位、项目、资金性质、支出性质、截止日期）出现在两行且均计入，数字不一致或重复计算。
-- rule: statement-item-stated-twice
-- severity: error
-- category: arithmetic
-- scope: district_year
-- guards: core.execution_statement
-- tolerance: none
-- since: 0.1.0
-- message: {finding_key} stands on {lines} lines with amounts of {target_value} to {source_value} yuan; keep the one
--   that is right.
-- message_zh: {finding_key} 出现在 {lines} 行，金额自 {target_value} 至 {source_value} 元；请只保留正确的一行。
with line as (
    select
        *,
        coalesce(executed_amount, full_year_budget_amount, initial_budget_amount, adjustment_amount) as amount
    from rule_statement
)

select
    district_code,
    fiscal_year,
    max(department_code) as department_code,
    max(department_name) as department_name,
    max(project_code) as project_code,
    max(project_name) as project_name,
    max(finding_key) as finding_key,
    count(*) as lines,
    max(amount) as source_value,
    min(amount) as target_value,
    max(amount) - min(amount) as difference,
    first_places(source_file_id, source_sheet, source_line) as source_lines,
    count(*) as source_line_count
from line
group by district_code, fiscal_year, unit_key, project_key, fund_type_code, expenditure_nature, until
having count(*) > 1
