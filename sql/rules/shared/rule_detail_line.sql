-- The source lines of the rows of rule_detail whose numbers are in rule_wanted_detail.
-- 所需明细行（rule_wanted_detail）的来源行。
with named as (
    select
        detail.detail_number,
        detail.district_code,
        detail.fiscal_year,
        detail.function_code,
        detail.fund_type_code,
        detail.until,
        project.given_department_code,
        project.given_department_name,
        project.given_project_code,
        project.given_project_name
    from rule_detail as detail
    inner join rule_wanted_detail as wanted on detail.detail_number = wanted.detail_number
    inner join core.project_resolution as project
        on
            detail.district_code = project.district_code
            and detail.fiscal_year = project.fiscal_year
            and detail.unit_key = coalesce(project.unit_code, project.unit_name)
            and detail.department_code is not distinct from project.department_code
            and detail.department_name is not distinct from project.department_name
            and detail.project_code is not distinct from project.project_code
            and detail.project_name is not distinct from project.project_name
            and detail.expenditure_nature is not distinct from project.expenditure_nature
)

select
    named.detail_number,
    first_places(line.source_file_id, line.source_sheet, line.source_line) as places
from core.annual_budget as line
inner join named
    on
        line.district_code = named.district_code
        and line.fiscal_year = named.fiscal_year
        and line.department_code is not distinct from named.given_department_code
        and line.department_name is not distinct from named.given_department_name
        and line.project_code is not distinct from named.given_project_code
        and line.project_name is not distinct from named.given_project_name
        and line.function_code is not distinct from named.function_code
        and line.fund_type_code is not distinct from named.fund_type_code
        and named.until = date '0001-01-01'
group by named.detail_number
union all
select
    named.detail_number,
    first_places(line.source_file_id, line.source_sheet, line.source_line) as places
from core.budget_adjustment as line
inner join named
    on
        line.district_code = named.district_code
        and line.fiscal_year = named.fiscal_year
        and line.department_code is not distinct from named.given_department_code
        and line.department_name is not distinct from named.given_department_name
        and line.project_code is not distinct from named.given_project_code
        and line.project_name is not distinct from named.given_project_name
        and line.function_code is not distinct from named.function_code
        and line.fund_type_code is not distinct from named.fund_type_code
inner join core.covered_day as covered
    on
        line.district_code = covered.district_code
        and line.fiscal_year = covered.fiscal_year
        and line.adjustment_date = covered.day
        and named.until = covered.covered_until
group by named.detail_number
union all
select
    named.detail_number,
    first_places(line.source_file_id, line.source_sheet, line.source_line) as places
from core.payment as line
inner join named
    on
        line.district_code = named.district_code
        and line.fiscal_year = named.fiscal_year
        and line.department_code is not distinct from named.given_department_code
        and line.department_name is not distinct from named.given_department_name
        and line.project_code is not distinct from named.given_project_code
        and line.project_name is not distinct from named.given_project_name
        and line.function_code is not distinct from named.function_code
        and line.fund_type_code is not distinct from named.fund_type_code
inner join core.covered_day as covered
    on
        line.district_code = covered.district_code
        and line.fiscal_year = covered.fiscal_year
        and line.payment_date = covered.day
        and named.until = covered.covered_until
group by named.detail_number
