-- Budget and payments of each project by fund type, or of all fund types together where
--   some of its rows do not tell theirs.
-- 各项目按资金性质的预算与支付；有行未注明资金性质的项目合并为一行。
with project as (
    select
        district_code,
        fiscal_year,
        department_key,
        project_key,
        count(*) = count(fund_type_code) as has_fund_types,
        count(*) = count(function_code) as has_function_codes,
        sum(initial_budget_amount + net_adjustment_amount) as full_year_budget_amount
    from rule_detail
    group by district_code, fiscal_year, department_key, project_key
)

select
    detail.district_code,
    detail.fiscal_year,
    detail.department_key,
    detail.project_key,
    max(detail.department_code) as department_code,
    max(detail.department_name) as department_name,
    max(detail.project_code) as project_code,
    max(detail.project_name) as project_name,
    case when project.has_fund_types then detail.fund_type_code end as fund_type_code,
    project.has_function_codes,
    sum(detail.initial_budget_amount + detail.net_adjustment_amount) as full_year_budget_amount,
    project.full_year_budget_amount as project_full_year_budget_amount,
    sum(detail.paid_amount) as paid_amount,
    sum(detail.budget_line_count + detail.adjustment_count) as budget_rows,
    first_details(detail.detail_number) as source_lines,
    sum(detail.budget_line_count + detail.adjustment_count + detail.payment_count) as source_line_count
from rule_detail as detail
inner join project
    on
        detail.district_code = project.district_code
        and detail.fiscal_year = project.fiscal_year
        and detail.department_key = project.department_key
        and detail.project_key = project.project_key
inner join core.district_year_grain as delivered
    on detail.district_code = delivered.district_code and detail.fiscal_year = delivered.fiscal_year
where delivered.has_annual_budget and delivered.has_budget_adjustment
group by
    detail.district_code,
    detail.fiscal_year,
    detail.department_key,
    detail.project_key,
    case when project.has_fund_types then detail.fund_type_code end,
    project.has_function_codes,
    project.full_year_budget_amount
