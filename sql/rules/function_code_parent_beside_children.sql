-- A row of the annual budget carries a function code of a class or section whose items are budgeted for the same
--   project and fund type beside it.
-- 年初预算中类、款级功能科目的行与其下级科目的行并存于同一项目、同一资金性质。
-- rule: function-code-parent-beside-children
-- severity: error
-- category: arithmetic
-- scope: district_year
-- guards: core.annual_budget
-- tolerance: none
-- since: 0.1.0
-- message: {finding_key}: {source_value} yuan stand on function code {parent_code} and {target_value} on its
--   children; a subtotal among rows counts twice, and it should equal its children.
-- message_zh: {finding_key}：功能科目 {parent_code} 有 {source_value} 元，其下级科目合计 {target_value} 元；小计混入明细会重复计算，且应等于下级之和。
with budget as (
    select
        district_code,
        fiscal_year,
        department_key,
        project_key,
        max(department_code) as department_code,
        max(department_name) as department_name,
        max(project_code) as project_code,
        max(project_name) as project_name,
        fund_type_code,
        function_code,
        sum(initial_budget_amount) as initial_budget_amount,
        first_details(detail_number)[1:10] as places,
        sum(budget_line_count) as line_count
    from rule_detail
    where budget_line_count > 0 and function_code is not null
    group by district_code, fiscal_year, department_key, project_key, fund_type_code, function_code
)

select
    parent.district_code,
    parent.fiscal_year,
    parent.department_code,
    parent.department_name,
    parent.project_code,
    parent.project_name,
    concat_ws(
        ' / ',
        item_key(parent.department_code, parent.department_name, parent.project_code, parent.project_name),
        parent.fund_type_code,
        parent.function_code
    ) as finding_key,
    parent.function_code as parent_code,
    parent.initial_budget_amount as source_value,
    sum(child.initial_budget_amount) as target_value,
    parent.initial_budget_amount - sum(child.initial_budget_amount) as difference,
    list({ 'label': child.function_code, 'amount': child.initial_budget_amount } order by child.function_code) as parts,
    parent.function_code as total_label,
    list_concat(parent.places, flatten(list(child.places order by child.function_code)))[1:20] as source_lines,
    parent.line_count + sum(child.line_count) as source_line_count
from budget as parent
inner join budget as child
    on
        parent.district_code = child.district_code
        and parent.fiscal_year = child.fiscal_year
        and parent.department_key = child.department_key
        and parent.project_key = child.project_key
        and parent.fund_type_code is not distinct from child.fund_type_code
        and starts_with(child.function_code, parent.function_code)
        and parent.function_code <> child.function_code
group by
    parent.district_code,
    parent.fiscal_year,
    parent.department_code,
    parent.department_name,
    parent.project_code,
    parent.project_name,
    parent.fund_type_code,
    parent.function_code,
    parent.initial_budget_amount,
    parent.places,
    parent.line_count
