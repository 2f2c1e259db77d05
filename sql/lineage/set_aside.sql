-- Rows that were delivered and do not count, with the department and project that they are about and why: rejected,
--   delivered twice (duplicate), or restated by a later delivery (superseded).
-- 已报送但不计入的数据行及其所涉部门、项目与原因：剔除、重复报送、被后续报送更正。
-- label_zh: 未计入行
with file as (
    select distinct
        source_file_id,
        source_path
    from quality.source_file
),

counted as (
    select
        'annual_budget' as dataset,
        source_file_id,
        source_sheet,
        source_line,
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name
    from core.annual_budget
    union all
    select
        'budget_adjustment' as dataset,
        source_file_id,
        source_sheet,
        source_line,
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name
    from core.budget_adjustment
    union all
    select
        'payment' as dataset,
        source_file_id,
        source_sheet,
        source_line,
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name
    from core.payment
    union all
    select
        'carryover' as dataset,
        source_file_id,
        source_sheet,
        source_line,
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name
    from core.carryover
    union all
    select
        'execution_statement' as dataset,
        source_file_id,
        source_sheet,
        source_line,
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name
    from core.execution_statement
),

aside as (
    select
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name,
        dataset,
        'rejected' as row_outcome,
        money,
        rule_ids,
        messages,
        messages_zh,
        source_file_id,
        source_sheet,
        source_line,
        null as kept_source_file_id,
        null as kept_source_sheet,
        null as kept_source_line,
        null as money_difference
    from quality.rejected_row
    union all
    select
        duplicate.district_code,
        duplicate.fiscal_year,
        counted.department_code,
        counted.department_name,
        counted.project_code,
        counted.project_name,
        duplicate.dataset,
        duplicate.duplicate_kind as row_outcome,
        duplicate.money,
        null as rule_ids,
        null as messages,
        null as messages_zh,
        duplicate.source_file_id,
        duplicate.source_sheet,
        duplicate.source_line,
        duplicate.kept_source_file_id,
        duplicate.kept_source_sheet,
        duplicate.kept_source_line,
        duplicate.money_difference
    from quality.duplicate_row as duplicate
    left join counted
        on
            duplicate.dataset = counted.dataset
            and duplicate.kept_source_file_id = counted.source_file_id
            and duplicate.kept_source_sheet = counted.source_sheet
            and duplicate.kept_source_line = counted.source_line
)

select
    aside.district_code,
    aside.fiscal_year,
    coalesce(project.department_code, aside.department_code) as department_code,
    coalesce(project.department_name, aside.department_name) as department_name,
    coalesce(project.project_code, aside.project_code) as project_code,
    coalesce(project.project_name, aside.project_name) as project_name,
    aside.dataset,
    aside.row_outcome,
    aside.money,
    aside.rule_ids,
    aside.messages,
    aside.messages_zh,
    file.source_path,
    aside.source_sheet,
    aside.source_line,
    kept.source_path as kept_source_path,
    aside.kept_source_sheet,
    aside.kept_source_line,
    aside.money_difference
from aside
left join file on aside.source_file_id = file.source_file_id
left join file as kept on aside.kept_source_file_id = kept.source_file_id
left join core.project_resolution as project
    on
        aside.district_code = project.district_code
        and aside.fiscal_year = project.fiscal_year
        and aside.department_code is not distinct from project.given_department_code
        and aside.department_name is not distinct from project.given_department_name
        and aside.project_code is not distinct from project.given_project_code
        and aside.project_name is not distinct from project.given_project_name
