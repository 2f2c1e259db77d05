-- A unit's statement lists projects, but leaves out projects of which the detail has money; one finding tells them
--   all.
-- 单位的执行情况表列有项目，但漏列了明细中有金额的项目；每个单位合并报告一次。
-- rule: detail-projects-missing-in-statement
-- severity: warning
-- category: existence
-- scope: district_year
-- guards: core.execution_statement
-- tolerance: none
-- since: 0.1.0
-- message: {finding_key}: the statement leaves out {projects} projects with a full-year budget of {source_value}
--   yuan, among them {first_project}.
-- message_zh: {finding_key}：执行情况表漏列 {projects} 个项目，全年预算数合计 {source_value} 元，如 {first_project}。
with stated as (
    select distinct
        district_code,
        fiscal_year,
        department_key,
        project_key
    from rule_statement
    where level = 'project'
),


-- A department is listed with its units; a unit that lists nothing of its own claims nothing.
listed_unit as (
    select distinct
        line.district_code,
        line.fiscal_year,
        line.department_key,
        line.unit_key
    from rule_statement as line
    where line.level = 'project'
),

missing as (
    select
        detail.district_code,
        detail.fiscal_year,
        detail.department_key,
        detail.unit_key,
        detail.project_key,
        max(detail.department_code) as department_code,
        max(detail.department_name) as department_name,
        max(detail.project_name) as project_name,
        sum(detail.initial_budget_amount + detail.net_adjustment_amount) as full_year_budget_amount,
        first_details(detail.detail_number) as places,
        sum(detail.budget_line_count + detail.adjustment_count + detail.payment_count) as line_count
    from rule_detail as detail
    inner join listed_unit
        on
            detail.district_code = listed_unit.district_code
            and detail.fiscal_year = listed_unit.fiscal_year
            and detail.unit_key = listed_unit.unit_key
    left join stated
        on
            detail.district_code = stated.district_code
            and detail.fiscal_year = stated.fiscal_year
            and detail.department_key = stated.department_key
            and detail.project_key = stated.project_key
    where stated.project_key is null
    group by
        detail.district_code, detail.fiscal_year, detail.department_key, detail.unit_key, detail.project_key
    having
        sum(abs(detail.initial_budget_amount)) <> 0
        or sum(abs(detail.net_adjustment_amount)) <> 0
        or sum(abs(detail.paid_amount)) <> 0
)

select
    district_code,
    fiscal_year,
    max(department_code) as department_code,
    max(department_name) as department_name,
    unit_key as finding_key,
    count(*) as projects,
    min(concat_ws(' ', project_key, nullif(project_name, project_key))) as first_project,
    sum(full_year_budget_amount) as source_value,
    cast(null as decimal(18, 2)) as target_value,
    cast(null as decimal(18, 2)) as difference,
    flatten(list(places))[1:20] as source_lines,
    sum(line_count) as source_line_count
from missing
group by district_code, fiscal_year, unit_key
