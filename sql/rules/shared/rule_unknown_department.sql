-- Departments and units that a payment or an adjustment names and the delivered department list does not have.
-- 支付或调整写明、而已报送的部门单位名录中没有的部门（单位）。
with known_key as (
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
    select distinct
        district_code,
        fiscal_year,
        department_code,
        department_name
    from rule_given_name
)

select
    given.district_code,
    given.fiscal_year,
    given.department_code,
    given.department_name
from given
inner join quality.delivered_dataset as delivered
    on
        given.district_code = delivered.district_code
        and given.fiscal_year = delivered.fiscal_year
        and delivered.dataset = 'department'
left join known_key
    on
        given.district_code = known_key.district_code
        and given.fiscal_year = known_key.fiscal_year
        and known_key.named_by = case when given.department_code is null then 'name' else 'code' end
        and known_key.department_key = coalesce(given.department_code, given.department_name)
where coalesce(given.department_code, given.department_name) is not null and known_key.department_key is null
