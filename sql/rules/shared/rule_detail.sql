-- The detail per unit, project, function code and fund type, by the first statement date that covers it.
-- 明细资金，按单位、项目、功能科目、资金性质，以及首个涵盖它的执行情况表截止日期。
with movement as (
    select
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name,
        function_code,
        fund_type_code,
        date '0001-01-01' as until,
        sum(initial_budget_amount) as initial_budget_amount,
        sum(coalesce(full_year_budget_amount, 0)) as stated_full_year_amount,
        count(*) as budget_line_count,
        count(full_year_budget_amount) as budget_line_with_full_year_count,
        0 as net_adjustment_amount,
        0 as adjustment_count,
        0 as paid_amount,
        0 as refunded_amount,
        0 as payment_count
    from core.annual_budget
    group by
        district_code, fiscal_year, department_code, department_name, project_code, project_name,
        function_code, fund_type_code
    union all
    select
        line.district_code,
        line.fiscal_year,
        line.department_code,
        line.department_name,
        line.project_code,
        line.project_name,
        line.function_code,
        line.fund_type_code,
        covered.until,
        0 as initial_budget_amount,
        0 as stated_full_year_amount,
        0 as budget_line_count,
        0 as budget_line_with_full_year_count,
        sum(line.adjustment_amount) as net_adjustment_amount,
        count(*) as adjustment_count,
        0 as paid_amount,
        0 as refunded_amount,
        0 as payment_count
    from core.budget_adjustment as line
    inner join rule_covered_day as covered
        on
            line.district_code = covered.district_code
            and line.fiscal_year = covered.fiscal_year
            and line.adjustment_date = covered.day
    group by
        line.district_code, line.fiscal_year, line.department_code, line.department_name, line.project_code,
        line.project_name, line.function_code, line.fund_type_code, covered.until
    union all
    select
        line.district_code,
        line.fiscal_year,
        line.department_code,
        line.department_name,
        line.project_code,
        line.project_name,
        line.function_code,
        line.fund_type_code,
        covered.until,
        0 as initial_budget_amount,
        0 as stated_full_year_amount,
        0 as budget_line_count,
        0 as budget_line_with_full_year_count,
        0 as net_adjustment_amount,
        0 as adjustment_count,
        sum(line.paid_amount) as paid_amount,
        sum(least(line.paid_amount, 0)) as refunded_amount,
        count(*) as payment_count
    from core.payment as line
    inner join rule_covered_day as covered
        on
            line.district_code = covered.district_code
            and line.fiscal_year = covered.fiscal_year
            and line.payment_date = covered.day
    group by
        line.district_code, line.fiscal_year, line.department_code, line.department_name, line.project_code,
        line.project_name, line.function_code, line.fund_type_code, covered.until
)

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
    movement.until,
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
                movement.until,
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
from movement
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
    movement.until
