-- The project list, the annual budget, the statement or the carry-over names a department that the delivered
--   department list does not have.
-- 项目库、年初预算、执行情况表或结转所列部门不在已报送的部门单位名录中。
-- rule: department-not-in-department-list
-- severity: warning
-- category: existence
-- scope: district_year
-- guards: core.department
-- tolerance: none
-- since: 0.1.0
-- value: count
-- message: Department {finding_key} stands on {lines} rows ({datasets}), but not in the department list; complete the
--   list or correct the code.
-- message_zh: 部门（单位）{finding_key} 见于 {lines} 行（{datasets}），但不在部门单位名录中；请补全名录或更正编码。
with known as (
    select
        district_code,
        fiscal_year,
        'code' as named_by,
        department_code as department_key
    from core.department
    union
    select
        district_code,
        fiscal_year,
        'code' as named_by,
        supervising_department_code as department_key
    from core.department
    union
    select
        district_code,
        fiscal_year,
        'name' as named_by,
        department_name as department_key
    from core.department
),

given as (
    select
        district_code,
        fiscal_year,
        'project' as dataset,
        department_code,
        department_name,
        source_file_id,
        source_sheet,
        source_line
    from core.project
    union all
    select
        district_code,
        fiscal_year,
        'annual_budget' as dataset,
        department_code,
        department_name,
        source_file_id,
        source_sheet,
        source_line
    from core.annual_budget
    union all
    select
        district_code,
        fiscal_year,
        'execution_statement' as dataset,
        department_code,
        department_name,
        source_file_id,
        source_sheet,
        source_line
    from core.execution_statement
    union all
    select
        district_code,
        fiscal_year,
        'carryover' as dataset,
        department_code,
        department_name,
        source_file_id,
        source_sheet,
        source_line
    from core.carryover
)

select
    given.district_code,
    given.fiscal_year,
    max(given.department_code) as department_code,
    max(given.department_name) as department_name,
    coalesce(given.department_code, given.department_name) as finding_key,
    string_agg(distinct given.dataset, ', ' order by given.dataset) as datasets,
    count(*) as lines,
    count(*) as source_value,
    0 as target_value,
    count(*) as difference,
    first_places(given.source_file_id, given.source_sheet, given.source_line) as source_lines,
    count(*) as source_line_count
from given
inner join quality.delivered_dataset as delivered
    on
        given.district_code = delivered.district_code
        and given.fiscal_year = delivered.fiscal_year
        and delivered.dataset = 'department'
left join known
    on
        given.district_code = known.district_code
        and given.fiscal_year = known.fiscal_year
        and case when given.department_code is null then 'name' else 'code' end = known.named_by
        and coalesce(given.department_code, given.department_name) = known.department_key
where known.department_key is null
group by given.district_code, given.fiscal_year, coalesce(given.department_code, given.department_name)
