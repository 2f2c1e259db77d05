-- Statement lines with what they stand for, the unit of their amounts, and how far rounding may move a sum of them.
-- 执行情况表各行：对应的单位与项目、金额单位、四舍五入容差。
with line as (
    select
        stated.*,
        coalesce(project.unit_code, project.unit_name) as unit_key,
        project.unit_code,
        project.unit_name,
        coalesce(project.department_code, project.department_name) as department_key,
        coalesce(project.project_code, project.project_name) as project_key,
        project.project_code as resolved_project_code,
        project.project_name as resolved_project_name,
        case
            when coalesce(project.project_code, project.project_name) is not null
                then
                    case
                        when stated.fund_type_code is null and stated.expenditure_nature is null then 'project'
                        else 'part'
                    end
            when stated.fund_type_code is null and stated.expenditure_nature is null then 'department'
            when stated.expenditure_nature is null then 'fund_type'
            when stated.fund_type_code is null then 'nature'
            else 'part'
        end as level,
        file.unit_factor,
        coalesce(stated.as_of_date, date '9999-12-31') as until
    from core.execution_statement as stated
    inner join core.project_resolution as project
        on
            stated.district_code = project.district_code
            and stated.fiscal_year = project.fiscal_year
            and stated.department_code is not distinct from project.given_department_code
            and stated.department_name is not distinct from project.given_department_name
            and stated.project_code is not distinct from project.given_project_code
            and stated.project_name is not distinct from project.given_project_name
    left join rule_sheet_unit as file
        on
            file.dataset = 'execution_statement'
            and stated.source_file_id = file.source_file_id
            and stated.source_sheet is not distinct from file.source_sheet
)

select
    line.district_code,
    line.fiscal_year,
    line.unit_key,
    line.department_key,
    line.project_key,
    line.unit_code as department_code,
    line.unit_name as department_name,
    line.resolved_project_code as project_code,
    line.resolved_project_name as project_name,
    line.fund_type_code,
    line.expenditure_nature,
    line.level,
    concat_ws(
        ' / ',
        item_key(line.unit_code, line.unit_name, line.resolved_project_code, line.resolved_project_name),
        line.fund_type_code,
        line.expenditure_nature
    ) as finding_key,
    line.initial_budget_amount,
    line.adjustment_amount,
    line.full_year_budget_amount,
    line.executed_amount,
    line.published_execution_rate,
    line.published_adjustment_rate,
    line.as_of_date,
    line.until,
    coalesce(line.as_of_date, date '0001-01-01') = max(coalesce(line.as_of_date, date '0001-01-01')) over (
        partition by
            line.district_code, line.fiscal_year, line.unit_key, line.project_key, line.fund_type_code,
            line.expenditure_nature
    ) as is_latest,
    line.unit_factor,
    rounding_tolerance(
        line.unit_factor, 1, threshold.yuan_tolerance, threshold.ten_thousand_tolerance_per_row,
        threshold.ten_thousand_tolerance_at_most
    ) as tolerance_of_one,
    rounding_tolerance(
        line.unit_factor, 2, threshold.yuan_tolerance, threshold.ten_thousand_tolerance_per_row,
        threshold.ten_thousand_tolerance_at_most
    ) as tolerance_of_two,
    line.source_file_id,
    line.source_sheet,
    line.source_line
from line
inner join rule_threshold as threshold on line.district_code = threshold.district_code
