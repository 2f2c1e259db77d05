-- The detail's money of each department and project by function class and by economy class.
-- 各部门、项目的明细资金，按功能分类与经济分类。
-- label_zh: 明细资金（按科目）
-- kept: no
with given as (
    select
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name,
        function_code,
        government_economy_code,
        department_economy_code,
        sum(initial_budget_amount) as initial_budget_amount,
        sum(full_year_budget_amount) as stated_full_year_amount,
        count(*) as budget_line_count,
        count(full_year_budget_amount) as budget_line_with_full_year_count,
        0 as adjustment_count,
        null as net_adjustment_amount,
        0 as payment_count,
        null as paid_amount
    from core.annual_budget
    group by
        district_code, fiscal_year, department_code, department_name, project_code, project_name, function_code,
        government_economy_code, department_economy_code
    union all
    select
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name,
        function_code,
        null as government_economy_code,
        null as department_economy_code,
        null as initial_budget_amount,
        null as stated_full_year_amount,
        0 as budget_line_count,
        0 as budget_line_with_full_year_count,
        count(*) as adjustment_count,
        sum(adjustment_amount) as net_adjustment_amount,
        0 as payment_count,
        null as paid_amount
    from core.budget_adjustment
    group by
        district_code, fiscal_year, department_code, department_name, project_code, project_name, function_code
    union all
    select
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name,
        function_code,
        government_economy_code,
        department_economy_code,
        null as initial_budget_amount,
        null as stated_full_year_amount,
        0 as budget_line_count,
        0 as budget_line_with_full_year_count,
        0 as adjustment_count,
        null as net_adjustment_amount,
        count(*) as payment_count,
        sum(paid_amount) as paid_amount
    from core.payment
    group by
        district_code, fiscal_year, department_code, department_name, project_code, project_name, function_code,
        government_economy_code, department_economy_code
)

select
    given.district_code,
    given.fiscal_year,
    project.department_code,
    project.department_name,
    given.function_code,
    given.government_economy_code,
    given.department_economy_code,
    sum(given.budget_line_count) as budget_line_count,
    sum(given.budget_line_with_full_year_count) as budget_line_with_full_year_count,
    sum(given.adjustment_count) as adjustment_count,
    sum(given.payment_count) as payment_count,
    coalesce(sum(given.initial_budget_amount), 0) as initial_budget_amount,
    coalesce(sum(given.stated_full_year_amount), 0) as stated_full_year_amount,
    coalesce(sum(given.net_adjustment_amount), 0) as net_adjustment_amount,
    coalesce(sum(given.paid_amount), 0) as executed_amount
from given
inner join core.project_resolution as project
    on
        given.district_code = project.district_code
        and given.fiscal_year = project.fiscal_year
        and given.department_code is not distinct from project.given_department_code
        and given.department_name is not distinct from project.given_department_name
        and given.project_code is not distinct from project.given_project_code
        and given.project_name is not distinct from project.given_project_name
group by
    given.district_code, given.fiscal_year, project.department_code, project.department_name, given.function_code,
    given.government_economy_code, given.department_economy_code
