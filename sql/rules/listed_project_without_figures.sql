-- The project list has projects without any budget, adjustment or payment; one finding per department tells them all.
-- 项目库中有项目既无预算、也无调整与支付；每个部门合并报告一次。
-- rule: listed-project-without-figures
-- severity: warning
-- category: existence
-- scope: district_year
-- guards: core.project
-- tolerance: none
-- since: 0.1.0
-- value: count
-- message: {finding_key}: {source_value} listed projects have no budget, adjustment or payment this year, among them
--   {first_project}.
-- message_zh: {finding_key}：项目库中有 {source_value} 个项目本年无预算、调整与支付，如 {first_project}。
with moved as (
    select distinct
        district_code,
        fiscal_year,
        project_key
    from rule_detail
),

unmoved as (
    select resolution.*
    from core.project_resolution as resolution
    left join moved
        on
            resolution.district_code = moved.district_code
            and resolution.fiscal_year = moved.fiscal_year
            and resolution.project_code = moved.project_key
    where moved.project_key is null
),

listed as (
    select
        resolution.district_code,
        resolution.fiscal_year,
        coalesce(resolution.department_code, resolution.department_name) as department_key,
        resolution.department_code,
        resolution.department_name,
        resolution.project_code as project_key,
        max(resolution.project_name) as project_name,
        first_places(line.source_file_id, line.source_sheet, line.source_line) as places
    from core.project as line
    inner join unmoved as resolution
        on
            line.district_code = resolution.district_code
            and line.fiscal_year = resolution.fiscal_year
            and line.department_code is not distinct from resolution.given_department_code
            and line.department_name is not distinct from resolution.given_department_name
            and line.project_code is not distinct from resolution.given_project_code
            and line.project_name is not distinct from resolution.given_project_name
    group by
        resolution.district_code, resolution.fiscal_year, resolution.department_code, resolution.department_name,
        resolution.project_code
)

select
    listed.district_code,
    listed.fiscal_year,
    max(listed.department_code) as department_code,
    max(listed.department_name) as department_name,
    item_key(max(listed.department_code), max(listed.department_name), null, null) as finding_key,
    min(concat_ws(' ', listed.project_key, listed.project_name)) as first_project,
    count(*) as source_value,
    0 as target_value,
    count(*) as difference,
    flatten(list(listed.places order by listed.project_key))[1:20] as source_lines,
    count(*) as source_line_count
from listed
inner join core.district_year_grain as delivered
    on listed.district_code = delivered.district_code and listed.fiscal_year = delivered.fiscal_year
where
    delivered.has_annual_budget
    and delivered.has_budget_adjustment
    and delivered.has_payment
group by listed.district_code, listed.fiscal_year, listed.department_key
