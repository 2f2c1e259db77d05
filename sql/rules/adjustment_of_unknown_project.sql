-- An adjustment names a project that neither the project list nor the annual budget knows; asked only where the project
--   list was delivered, because an adjustment may bring a new project into the budget.
-- 调整所属项目既不在项目库、也不在年初预算中；仅在已报送项目库时检查，因为追加可以新增项目。
-- rule: adjustment-of-unknown-project
-- severity: error
-- category: existence
-- scope: district_year
-- guards: core.budget_adjustment
-- sets_aside: budget_adjustment
-- tolerance: none
-- since: 0.1.0
-- message: Project {finding_key} of the adjustment is in no project list and no budget; correct the code, or deliver
--   the list that has it.
-- message_zh: 调整所属项目 {finding_key} 不在项目库与预算中；请更正编码，或补报含该项目的名录。
with listed as (
    select
        district_code,
        fiscal_year
    from quality.delivered_dataset
    where dataset = 'project'
),

judged as (
    select
        district_code,
        fiscal_year
    from listed
),

known as (
    select
        district_code,
        fiscal_year,
        project_code,
        project_name
    from core.project
    union
    select
        district_code,
        fiscal_year,
        project_code,
        project_name
    from core.annual_budget
),

known_key as (
    select
        district_code,
        fiscal_year,
        'code' as named_by,
        project_code as project_key
    from known
    union
    select
        district_code,
        fiscal_year,
        'name' as named_by,
        project_name as project_key
    from known
),

given as (
    select distinct
        district_code,
        fiscal_year,
        project_code,
        project_name,
        case when project_code is null then 'name' else 'code' end as named_by,
        coalesce(project_code, project_name) as project_key
    from core.budget_adjustment
),

unknown as (
    select
        given.district_code,
        given.fiscal_year,
        given.project_code,
        given.project_name
    from given
    inner join judged on given.district_code = judged.district_code and given.fiscal_year = judged.fiscal_year
    left join known_key
        on
            given.district_code = known_key.district_code
            and given.fiscal_year = known_key.fiscal_year
            and given.named_by = known_key.named_by
            and given.project_key = known_key.project_key
    where given.project_key is not null and known_key.project_key is null
)

select
    line.district_code,
    line.fiscal_year,
    line.project_code,
    line.project_name,
    coalesce(line.project_code, line.project_name) as finding_key,
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
        and line.project_code is not distinct from unknown.project_code
        and line.project_name is not distinct from unknown.project_name
