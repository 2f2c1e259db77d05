-- Each department as rows name it (code, name or both), with its unit and the department to which the unit belongs.
-- 数据行所写的部门（编码、名称或二者），以及对应的单位与其主管部门。
-- label_zh: 部门对应
-- derived_from: district_year
with given as (
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
        department_code,
        department_name
    from core.project
    union
    select
        district_code,
        fiscal_year,
        department_code,
        department_name
    from core.detail_given
    union
    select
        district_code,
        fiscal_year,
        department_code,
        department_name
    from core.carryover
    union
    select
        district_code,
        fiscal_year,
        department_code,
        department_name
    from core.execution_statement
),

listed as (
    select
        district_code,
        fiscal_year,
        department_code,
        min(department_name) as department_name,
        min(nullif(supervising_department_code, department_code)) as supervising_department_code
    from core.department
    group by district_code, fiscal_year, department_code
),

-- A name stands for a code where the department list gives it to exactly one code; names that the list does not
-- know are looked up in the rows that give both.
listed_name as (
    select
        district_code,
        fiscal_year,
        lower(department_name) as folded_name,
        min(department_code) as department_code,
        count(distinct department_code) as codes
    from core.department
    group by district_code, fiscal_year, lower(department_name)
),

given_name as (
    select
        district_code,
        fiscal_year,
        lower(department_name) as folded_name,
        min(department_code) as department_code,
        count(distinct department_code) as codes
    from given
    where department_code is not null and department_name is not null
    group by district_code, fiscal_year, lower(department_name)
),

-- Names that differ in capitals only are one name; the other differences of looks are gone at the door.
spelling as (
    select
        district_code,
        fiscal_year,
        lower(department_name) as folded_name,
        min(department_name) as department_name
    from given
    where department_name is not null
    group by district_code, fiscal_year, lower(department_name)
),

code_name as (
    select
        district_code,
        fiscal_year,
        department_code,
        min(department_name) as department_name
    from given
    where department_code is not null
    group by district_code, fiscal_year, department_code
),

-- Each step doubles the number of supervision levels climbed: 1, 2, 4, 8.
climbed_1 as (
    select
        district_code,
        fiscal_year,
        department_code,
        supervising_department_code as above_code
    from listed
    where supervising_department_code is not null
),

climbed_2 as (
    select
        lower.district_code,
        lower.fiscal_year,
        lower.department_code,
        coalesce(higher.above_code, lower.above_code) as above_code
    from climbed_1 as lower
    left join climbed_1 as higher
        on
            lower.district_code = higher.district_code
            and lower.fiscal_year = higher.fiscal_year
            and lower.above_code = higher.department_code
),

climbed_4 as (
    select
        lower.district_code,
        lower.fiscal_year,
        lower.department_code,
        coalesce(higher.above_code, lower.above_code) as above_code
    from climbed_2 as lower
    left join climbed_2 as higher
        on
            lower.district_code = higher.district_code
            and lower.fiscal_year = higher.fiscal_year
            and lower.above_code = higher.department_code
),

climbed_8 as (
    select
        lower.district_code,
        lower.fiscal_year,
        lower.department_code,
        coalesce(higher.above_code, lower.above_code) as above_code
    from climbed_4 as lower
    left join climbed_4 as higher
        on
            lower.district_code = higher.district_code
            and lower.fiscal_year = higher.fiscal_year
            and lower.above_code = higher.department_code
),

-- What still has somebody above it after eight levels supervises itself in a circle: every unit of it stays itself.
topmost as (
    select
        climbed_8.district_code,
        climbed_8.fiscal_year,
        climbed_8.department_code,
        climbed_8.above_code
    from climbed_8
    left join climbed_1
        on
            climbed_8.district_code = climbed_1.district_code
            and climbed_8.fiscal_year = climbed_1.fiscal_year
            and climbed_8.above_code = climbed_1.department_code
    where climbed_1.department_code is null
),

unit as (
    select
        given.district_code,
        given.fiscal_year,
        given.department_code as given_department_code,
        given.department_name as given_department_name,
        spelling.department_name as spelt_department_name,
        coalesce(
            given.department_code,
            case
                when listed_name.codes = 1 then listed_name.department_code
                when listed_name.codes is null and given_name.codes = 1 then given_name.department_code
            end
        ) as unit_code
    from given
    left join listed_name
        on
            given.district_code = listed_name.district_code
            and given.fiscal_year = listed_name.fiscal_year
            and lower(given.department_name) = listed_name.folded_name
    left join given_name
        on
            given.district_code = given_name.district_code
            and given.fiscal_year = given_name.fiscal_year
            and lower(given.department_name) = given_name.folded_name
    left join spelling
        on
            given.district_code = spelling.district_code
            and given.fiscal_year = spelling.fiscal_year
            and lower(given.department_name) = spelling.folded_name
)

select
    unit.district_code,
    unit.fiscal_year,
    unit.given_department_code,
    unit.given_department_name,
    unit.unit_code,
    case
        when unit.unit_code is null then unit.spelt_department_name
        else coalesce(listed.department_name, code_name.department_name)
    end as unit_name,
    coalesce(topmost.above_code, unit.unit_code) as department_code,
    case
        when unit.unit_code is null then unit.spelt_department_name
        when topmost.above_code is null then coalesce(listed.department_name, code_name.department_name)
        else coalesce(above_listed.department_name, above_name.department_name)
    end as department_name
from unit
left join listed
    on
        unit.district_code = listed.district_code
        and unit.fiscal_year = listed.fiscal_year
        and unit.unit_code = listed.department_code
left join code_name
    on
        unit.district_code = code_name.district_code
        and unit.fiscal_year = code_name.fiscal_year
        and unit.unit_code = code_name.department_code
left join topmost
    on
        unit.district_code = topmost.district_code
        and unit.fiscal_year = topmost.fiscal_year
        and unit.unit_code = topmost.department_code
left join listed as above_listed
    on
        unit.district_code = above_listed.district_code
        and unit.fiscal_year = above_listed.fiscal_year
        and topmost.above_code = above_listed.department_code
left join code_name as above_name
    on
        unit.district_code = above_name.district_code
        and unit.fiscal_year = above_name.fiscal_year
        and topmost.above_code = above_name.department_code
order by unit.district_code, unit.fiscal_year, unit.given_department_code, unit.given_department_name
