-- An adjustment names a department or unit that the delivered department list does not have.
-- 调整所属部门（单位）不在已报送的部门单位名录中。
-- rule: adjustment-of-unknown-department
-- severity: error
-- category: existence
-- scope: district_year
-- guards: core.budget_adjustment
-- sets_aside: budget_adjustment
-- tolerance: none
-- since: 0.1.0
-- message: Department {finding_key} of the adjustment is not in the department list; correct the
--   code, or complete the list.
-- message_zh: 调整所属部门（单位）{finding_key} 不在部门单位名录中；请更正编码，或补全名录。
with known as (
    select
        district_code,
        fiscal_year,
        department_code,
        department_name
    from core.department
    union
    select
        district_code,
        fiscal_year,
        supervising_department_code as department_code,
        null as department_name
    from core.department
),

known_key as (
    select
        district_code,
        fiscal_year,
        'code' as named_by,
        department_code as department_key
    from known
    union
    select
        district_code,
        fiscal_year,
        'name' as named_by,
        department_name as department_key
    from known
),

given as (
    select distinct
        line.district_code,
        line.fiscal_year,
        line.department_code,
        line.department_name,
        case when line.department_code is null then 'name' else 'code' end as named_by,
        coalesce(line.department_code, line.department_name) as department_key
    from core.budget_adjustment as line
    inner join quality.delivered_dataset as delivered
        on
            line.district_code = delivered.district_code
            and line.fiscal_year = delivered.fiscal_year
            and delivered.dataset = 'department'
),

unknown as (
    select
        given.district_code,
        given.fiscal_year,
        given.department_code,
        given.department_name
    from given
    left join known_key
        on
            given.district_code = known_key.district_code
            and given.fiscal_year = known_key.fiscal_year
            and given.named_by = known_key.named_by
            and given.department_key = known_key.department_key
    where given.department_key is not null and known_key.department_key is null
)

select
    line.district_code,
    line.fiscal_year,
    line.department_code,
    line.department_name,
    coalesce(line.department_code, line.department_name) as finding_key,
    line.adjustment_amount as source_value,
    cast(null as decimal(18, 2)) as target_value,
    cast(null as decimal(18, 2)) as difference,
    line.source_file_id,
    line.source_sheet,
    line.source_line
from core.budget_adjustment as line
inner join unknown
    on
        line.district_code = unknown.district_code
        and line.fiscal_year = unknown.fiscal_year
        and line.department_code is not distinct from unknown.department_code
        and line.department_name is not distinct from unknown.department_name
