-- Statement lines with the unit, department and project that they stand for.
--   The full-year budget is the initial one with its adjustment where it is not stated.
-- 执行情况表各行及其对应的单位、部门与项目；未列全年预算数的，按年初预算数加调整数计。
-- label_zh: 执行情况表对应行
select
    line.district_code,
    line.fiscal_year,
    project.unit_code,
    project.unit_name,
    project.department_code,
    project.department_name,
    project.project_code,
    project.project_name,
    project.project_kind,
    project.expenditure_nature as project_nature,
    line.fund_type_code,
    line.expenditure_nature,
    line.initial_budget_amount,
    line.adjustment_amount,
    coalesce(
        line.full_year_budget_amount, line.initial_budget_amount + line.adjustment_amount
    ) as full_year_budget_amount,
    line.executed_amount,
    line.as_of_date,
    line.source_file_id,
    line.source_sheet,
    line.source_line
from core.execution_statement as line
inner join core.project_resolution as project
    on
        line.district_code = project.district_code
        and line.fiscal_year = project.fiscal_year
        and line.department_code is not distinct from project.given_department_code
        and line.department_name is not distinct from project.given_department_name
        and line.project_code is not distinct from project.given_project_code
        and line.project_name is not distinct from project.given_project_name
order by
    line.district_code, line.fiscal_year, line.source_file_id, line.source_sheet, line.source_line
