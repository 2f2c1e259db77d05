-- The annual budget names a project that the delivered project list does not have.
-- 年初预算中的项目不在已报送的项目库中。
-- rule: budgeted-project-not-in-project-list
-- severity: warning
-- category: existence
-- scope: district_year
-- guards: core.annual_budget
-- tolerance: none
-- since: 0.1.0
-- message: Project {finding_key} has an initial budget of {source_value} yuan, but is not in the project list; its
--   kind and nature are unknown.
-- message_zh: 项目 {finding_key} 有年初预算 {source_value} 元，但不在项目库中，其类别与支出性质未知。
with known as (
    select
        district_code,
        fiscal_year,
        'code' as named_by,
        project_code as project_key
    from core.project
    union
    select
        district_code,
        fiscal_year,
        'name' as named_by,
        project_name as project_key
    from core.project
)

select
    line.district_code,
    line.fiscal_year,
    max(line.department_code) as department_code,
    max(line.department_name) as department_name,
    max(line.project_code) as project_code,
    max(line.project_name) as project_name,
    coalesce(line.project_code, line.project_name) as finding_key,
    sum(line.initial_budget_amount) as source_value,
    cast(null as decimal(18, 2)) as target_value,
    cast(null as decimal(18, 2)) as difference,
    first_places(line.source_file_id, line.source_sheet, line.source_line) as source_lines,
    count(*) as source_line_count
from core.annual_budget as line
inner join quality.delivered_dataset as delivered
    on
        line.district_code = delivered.district_code
        and line.fiscal_year = delivered.fiscal_year
        and delivered.dataset = 'project'
left join known
    on
        line.district_code = known.district_code
        and line.fiscal_year = known.fiscal_year
        and case when line.project_code is null then 'name' else 'code' end = known.named_by
        and coalesce(line.project_code, line.project_name) = known.project_key
where known.project_key is null
group by line.district_code, line.fiscal_year, coalesce(line.project_code, line.project_name)
