-- A payment names a project that neither the project list nor the annual budget knows; without a project list the
--   adjustments may have brought the project in, and both must have been delivered before a project is called unknown.
-- 支付所属项目既不在项目库、也不在年初预算中；未报送项目库时，须年初预算与调整均已报送且都没有该项目。
-- rule: payment-of-unknown-project
-- severity: error
-- category: existence
-- scope: district_year
-- guards: core.payment
-- sets_aside: payment
-- tolerance: none
-- since: 0.1.0
-- message: Project {finding_key} of the payment is in no project list and no budget; correct the code, or deliver the
--   list that has it.
-- message_zh: 支付所属项目 {finding_key} 不在项目库与预算中；请更正编码，或补报含该项目的名录。
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
    union
    select
        district_code,
        fiscal_year
    from quality.delivered_dataset
    where dataset in ('annual_budget', 'budget_adjustment')
    group by district_code, fiscal_year
    having count(distinct dataset) = 2
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
    union
    select
        adjustment.district_code,
        adjustment.fiscal_year,
        adjustment.project_code,
        adjustment.project_name
    from core.budget_adjustment as adjustment
    anti join listed
        on adjustment.district_code = listed.district_code and adjustment.fiscal_year = listed.fiscal_year
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
    from core.payment
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
    where known_key.project_key is null
)

select
    line.district_code,
    line.fiscal_year,
    line.project_code,
    line.project_name,
    coalesce(line.project_code, line.project_name) as finding_key,
    line.paid_amount as source_value,
    cast(null as decimal(18, 2)) as target_value,
    cast(null as decimal(18, 2)) as difference,
    line.source_file_id,
    line.source_sheet,
    line.source_line
from core.payment as line
inner join unknown
    on
        line.district_code = unknown.district_code
        and line.fiscal_year = unknown.fiscal_year
        and line.project_code is not distinct from unknown.project_code
        and line.project_name is not distinct from unknown.project_name
