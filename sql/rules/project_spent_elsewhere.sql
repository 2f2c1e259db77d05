-- A department spent on a project whose budget stands under another department only: one of both was renamed or merged
--   during the year, or one of the deliveries names the unit and the other one its department.
-- 部门支出的项目，其预算仅列在另一部门名下：年中更名或合并，或一处列单位、另一处列主管部门。
-- rule: project-spent-elsewhere
-- severity: error
-- category: existence
-- scope: district_year
-- guards: core.payment
-- tolerance: none
-- since: 0.2.0
-- message: {source_value} yuan were spent on {finding_key}, whose budget stands under {other}; bring both under one
--   department, or deliver the department list that ties them.
-- message_zh: {finding_key} 已支出 {source_value} 元，而其预算列在 {other} 名下；请统一部门，或报送部门单位名录说明隶属关系。
with project as (
    select
        district_code,
        fiscal_year,
        department_key,
        max(department_code) as department_code,
        max(department_name) as department_name,
        project_code,
        max(project_name) as project_name,
        sum(budget_line_count + adjustment_count) as budgeted_count,
        sum(paid_amount) as paid_amount,
        first_details(detail_number) as source_lines,
        sum(payment_count) as payment_count
    from rule_detail
    where project_code is not null
    group by district_code, fiscal_year, department_key, project_code
)

select
    spent.district_code,
    spent.fiscal_year,
    max(spent.department_code) as department_code,
    max(spent.department_name) as department_name,
    spent.project_code,
    max(spent.project_name) as project_name,
    item_key(max(spent.department_code), max(spent.department_name), spent.project_code, max(spent.project_name))
        as finding_key,
    min(concat_ws(' ', planned.department_code, planned.department_name)) as other,
    max(spent.paid_amount) as source_value,
    cast(null as decimal(18, 2)) as target_value,
    cast(null as decimal(18, 2)) as difference,
    max(spent.source_lines) as source_lines,
    max(spent.payment_count) as source_line_count
from project as spent
inner join project as planned
    on
        spent.district_code = planned.district_code
        and spent.fiscal_year = planned.fiscal_year
        and spent.project_code = planned.project_code
        and spent.department_key <> planned.department_key
where spent.budgeted_count = 0 and spent.paid_amount <> 0 and planned.budgeted_count > 0
group by spent.district_code, spent.fiscal_year, spent.department_key, spent.project_code
