-- One name has two codes that differ in leading zeros or capitals only: a spreadsheet took one of them for a number, and
--   the figures are divided between both.
-- 同一名称有两个编码，仅前导零或大小写不同：多为表格软件把编码当作数字，数字被分列在两处。
-- rule: codes-look-alike
-- severity: error
-- category: existence
-- scope: district_year
-- guards: core.payment
-- tolerance: none
-- since: 0.2.0
-- message: {finding_key} has the codes {codes}; correct them to one, or name it in the department list.
-- message_zh: {finding_key} 有多个编码 {codes}；请统一编码，或报送部门单位名录。
with coded as (
    select
        district_code,
        fiscal_year,
        'department' as kind,
        department_code as code,
        department_name as name,
        detail_number
    from rule_detail
    where department_code is not null and department_name is not null
    union all
    select
        district_code,
        fiscal_year,
        'project' as kind,
        project_code as code,
        project_name as name,
        detail_number
    from rule_detail
    where project_code is not null and project_name is not null
)

select
    district_code,
    fiscal_year,
    concat_ws(' ', ltrim(lower(code), '0'), min(name)) as finding_key,
    string_agg(distinct code, '、' order by code) as codes,
    cast(null as decimal(18, 2)) as source_value,
    cast(null as decimal(18, 2)) as target_value,
    cast(null as decimal(18, 2)) as difference,
    first_details(detail_number) as source_lines,
    count(*) as source_line_count
from coded
group by district_code, fiscal_year, kind, lower(name), ltrim(lower(code), '0')
having count(distinct code) > 1
