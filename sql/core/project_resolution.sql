-- Each department and project as rows name them, with the department, project, kind and nature that they stand for.
-- 数据行所写的部门与项目，以及对应的部门、项目、项目类别与支出性质。
-- label_zh: 项目对应
-- derived_from: district_year
with stated as (
    select
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name,
        project_kind,
        expenditure_nature
    from core.annual_budget
    union
    select
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name,
        project_kind,
        expenditure_nature
    from core.execution_statement
),

given as (
    select
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name
    from core.project
    union
    select
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name
    from stated
    union
    select
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name
    from core.detail_given
    union
    select
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name
    from core.carryover
),

-- Names of projects repeat between departments, so a project's name counts within its department only; those that
-- differ in capitals only are one.
placed as (
    select
        given.district_code,
        given.fiscal_year,
        given.department_code as given_department_code,
        given.department_name as given_department_name,
        given.project_code as given_project_code,
        given.project_name as given_project_name,
        min(given.project_name) over (
            partition by
                given.district_code,
                given.fiscal_year,
                coalesce(department.department_code, department.department_name),
                lower(given.project_name)
        ) as spelt_project_name,
        department.unit_code,
        department.unit_name,
        department.department_code,
        department.department_name,
        coalesce(department.department_code, department.department_name) as department_key
    from given
    inner join core.department_resolution as department
        on
            given.district_code = department.district_code
            and given.fiscal_year = department.fiscal_year
            and given.department_code is not distinct from department.given_department_code
            and given.department_name is not distinct from department.given_department_name
),

listed as (
    select
        district_code,
        fiscal_year,
        project_code,
        min(project_name) as project_name,
        min(project_kind) as project_kind,
        min(expenditure_nature) as expenditure_nature
    from core.project
    group by district_code, fiscal_year, project_code
),

-- Looked up for rows without a code only: of most deliveries there is none.
uncoded as (
    select distinct
        district_code,
        fiscal_year,
        department_key,
        spelt_project_name
    from placed
    where given_project_code is null and spelt_project_name is not null
),

coded as (
    select
        placed.district_code,
        placed.fiscal_year,
        placed.department_key,
        placed.spelt_project_name,
        placed.given_project_code
    from placed
    inner join uncoded
        on
            placed.district_code = uncoded.district_code
            and placed.fiscal_year = uncoded.fiscal_year
            and placed.department_key = uncoded.department_key
            and placed.spelt_project_name = uncoded.spelt_project_name
    where placed.given_project_code is not null
),

listed_name as (
    select
        coded.district_code,
        coded.fiscal_year,
        coded.department_key,
        coded.spelt_project_name,
        min(coded.given_project_code) as project_code,
        count(distinct coded.given_project_code) as codes
    from coded
    inner join listed
        on
            coded.district_code = listed.district_code
            and coded.fiscal_year = listed.fiscal_year
            and coded.given_project_code = listed.project_code
            and lower(coded.spelt_project_name) = lower(listed.project_name)
    group by coded.district_code, coded.fiscal_year, coded.department_key, coded.spelt_project_name
),

given_name as (
    select
        district_code,
        fiscal_year,
        department_key,
        spelt_project_name,
        min(given_project_code) as project_code,
        count(distinct given_project_code) as codes
    from coded
    group by district_code, fiscal_year, department_key, spelt_project_name
),

coded_by_name as (
    select
        uncoded.district_code,
        uncoded.fiscal_year,
        uncoded.department_key,
        uncoded.spelt_project_name,
        case
            when listed_name.codes = 1 then listed_name.project_code
            when listed_name.codes is null and given_name.codes = 1 then given_name.project_code
        end as project_code
    from uncoded
    left join listed_name
        on
            uncoded.district_code = listed_name.district_code
            and uncoded.fiscal_year = listed_name.fiscal_year
            and uncoded.department_key = listed_name.department_key
            and uncoded.spelt_project_name = listed_name.spelt_project_name
    left join given_name
        on
            uncoded.district_code = given_name.district_code
            and uncoded.fiscal_year = given_name.fiscal_year
            and uncoded.department_key = given_name.department_key
            and uncoded.spelt_project_name = given_name.spelt_project_name
),

resolved as (
    select
        placed.*,
        coalesce(placed.given_project_code, coded_by_name.project_code) as project_code
    from placed
    left join coded_by_name
        on
            placed.given_project_code is null
            and placed.district_code = coded_by_name.district_code
            and placed.fiscal_year = coded_by_name.fiscal_year
            and placed.department_key = coded_by_name.department_key
            and placed.spelt_project_name = coded_by_name.spelt_project_name
),

known as (
    select
        resolved.*,
        coalesce(resolved.project_code, resolved.spelt_project_name) as project_key,
        listed.project_name as listed_name,
        listed.project_kind as listed_kind,
        listed.expenditure_nature as listed_nature
    from resolved
    left join listed
        on
            resolved.district_code = listed.district_code
            and resolved.fiscal_year = listed.fiscal_year
            and resolved.project_code = listed.project_code
),

-- What the project list does not tell of a project is told by the rows that name it.
code_name as (
    select
        district_code,
        fiscal_year,
        given_project_code,
        min(given_project_name) as project_name
    from known
    where given_project_code is not null and listed_name is null
    group by district_code, fiscal_year, given_project_code
),

silent as (
    select distinct
        district_code,
        fiscal_year,
        department_key,
        project_key
    from known
    where project_key is not null and (listed_kind is null or listed_nature is null)
),

-- Kind and nature as budget and statement lines state them: used where the project list is silent and the lines agree.
stated_nature as (
    select
        known.district_code,
        known.fiscal_year,
        known.department_key,
        known.project_key,
        case when count(distinct stated.project_kind) = 1 then min(stated.project_kind) end as project_kind,
        case
            when count(distinct stated.expenditure_nature) = 1 then min(stated.expenditure_nature)
        end as expenditure_nature
    from silent
    inner join known
        on
            silent.district_code = known.district_code
            and silent.fiscal_year = known.fiscal_year
            and silent.department_key = known.department_key
            and silent.project_key = known.project_key
    inner join stated
        on
            known.district_code = stated.district_code
            and known.fiscal_year = stated.fiscal_year
            and known.given_department_code is not distinct from stated.department_code
            and known.given_department_name is not distinct from stated.department_name
            and known.given_project_code is not distinct from stated.project_code
            and known.given_project_name is not distinct from stated.project_name
    group by known.district_code, known.fiscal_year, known.department_key, known.project_key
)

select
    known.district_code,
    known.fiscal_year,
    known.given_department_code,
    known.given_department_name,
    known.given_project_code,
    known.given_project_name,
    known.unit_code,
    known.unit_name,
    known.department_code,
    known.department_name,
    known.project_code,
    case
        when known.project_code is null then known.spelt_project_name
        else coalesce(known.listed_name, code_name.project_name)
    end as project_name,
    coalesce(known.listed_kind, stated_nature.project_kind) as project_kind,
    coalesce(known.listed_nature, stated_nature.expenditure_nature, kind.expenditure_nature) as expenditure_nature
from known
left join code_name
    on
        known.district_code = code_name.district_code
        and known.fiscal_year = code_name.fiscal_year
        and known.project_code = code_name.given_project_code
left join stated_nature
    on
        known.district_code = stated_nature.district_code
        and known.fiscal_year = stated_nature.fiscal_year
        and known.department_key = stated_nature.department_key
        and known.project_key = stated_nature.project_key
left join core.project_kind_reference as kind
    on coalesce(known.listed_kind, stated_nature.project_kind) = kind.project_kind
