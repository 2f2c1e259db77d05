-- Projects that a payment or an adjustment names and neither the project list nor the annual budget has; beside them
--   whether an adjustment names them, and what was delivered.
-- 支付或调整写明、而项目库与年初预算中都没有的项目，以及是否见于调整、已报送哪些数据。
with delivered as (
    select
        district_code,
        fiscal_year,
        count(case when dataset = 'project' then 1 end) > 0 as has_project_list,
        count(distinct case when dataset in ('annual_budget', 'budget_adjustment') then dataset end)
        = 2 as has_budget_and_adjustment
    from quality.delivered_dataset
    group by district_code, fiscal_year
),

given as (
    select distinct
        district_code,
        fiscal_year,
        project_code,
        project_name
    from rule_given_name
),

named as (
    select
        district_code,
        fiscal_year,
        project_code,
        project_name,
        1 as is_listed
    from core.project
    union
    select
        district_code,
        fiscal_year,
        project_code,
        project_name,
        1 as is_listed
    from core.annual_budget
    union
    select
        district_code,
        fiscal_year,
        project_code,
        project_name,
        0 as is_listed
    from rule_given_name
    where dataset = 'budget_adjustment'
),

known_key as (
    select
        district_code,
        fiscal_year,
        'code' as named_by,
        project_code as project_key,
        max(is_listed) as is_listed
    from named
    group by district_code, fiscal_year, project_code
    union all
    select
        district_code,
        fiscal_year,
        'name' as named_by,
        project_name as project_key,
        max(is_listed) as is_listed
    from named
    group by district_code, fiscal_year, project_name
)

select
    given.district_code,
    given.fiscal_year,
    given.project_code,
    given.project_name,
    known_key.project_key is not null as is_adjusted,
    delivered.has_project_list,
    delivered.has_budget_and_adjustment
from given
inner join delivered
    on given.district_code = delivered.district_code and given.fiscal_year = delivered.fiscal_year
left join known_key
    on
        given.district_code = known_key.district_code
        and given.fiscal_year = known_key.fiscal_year
        and known_key.named_by = case when given.project_code is null then 'name' else 'code' end
        and known_key.project_key = coalesce(given.project_code, given.project_name)
where coalesce(given.project_code, given.project_name) is not null and coalesce(known_key.is_listed, 0) = 0
