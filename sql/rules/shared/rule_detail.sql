-- The detail per unit, project, function code and fund type, by the first statement date that covers it.
-- 明细资金，按单位、项目、功能科目、资金性质，以及首个涵盖它的执行情况表截止日期。
select
    movement.district_code,
    movement.fiscal_year,
    coalesce(project.unit_code, project.unit_name) as unit_key,
    coalesce(project.department_code, project.department_name) as department_key,
    coalesce(project.project_code, project.project_name) as project_key,
    project.department_code,
    project.department_name,
    project.project_code,
    project.project_name,
    project.expenditure_nature,
    movement.function_code,
    movement.fund_type_code,
    movement.covered_until as until,
    sum(movement.initial_budget_amount) as initial_budget_amount,
    sum(movement.stated_full_year_amount) as stated_full_year_amount,
    sum(movement.budget_line_count) as budget_line_count,
    sum(movement.budget_line_with_full_year_count) as budget_line_with_full_year_count,
    sum(movement.net_adjustment_amount) as net_adjustment_amount,
    sum(movement.adjustment_count) as adjustment_count,
    sum(movement.paid_amount) as paid_amount,
    sum(movement.refunded_amount) as refunded_amount,
    sum(movement.payment_count) as payment_count,
    cast(
        row_number() over (
            order by
                movement.covered_until,
                movement.district_code,
                movement.fiscal_year,
                project.unit_code,
                project.unit_name,
                project.department_code,
                project.department_name,
                project.project_code,
                project.project_name,
                project.expenditure_nature,
                movement.function_code,
                movement.fund_type_code
        ) as hugeint
    ) as detail_number
from core.detail_given as movement
inner join core.project_resolution as project
    on
        movement.district_code = project.district_code
        and movement.fiscal_year = project.fiscal_year
        and movement.department_code is not distinct from project.given_department_code
        and movement.department_name is not distinct from project.given_department_name
        and movement.project_code is not distinct from project.given_project_code
        and movement.project_name is not distinct from project.given_project_name
group by
    movement.district_code,
    movement.fiscal_year,
    project.unit_code,
    project.unit_name,
    project.department_code,
    project.department_name,
    project.project_code,
    project.project_name,
    project.expenditure_nature,
    movement.function_code,
    movement.fund_type_code,
    movement.covered_until
