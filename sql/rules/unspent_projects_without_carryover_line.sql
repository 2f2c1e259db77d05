-- Projects left money unspent the year before, but no carry-over line names them; one finding per department tells
--   them all.
-- 上年有未执行数的项目在结转数据中没有任何一行；每个部门合并报告一次。
-- rule: unspent-projects-without-carryover-line
-- severity: warning
-- category: carryover
-- scope: build
-- guards: core.carryover
-- tolerance: yuan_tolerance, ten_thousand_tolerance_per_row, ten_thousand_tolerance_at_most
-- since: 0.1.0
-- message: {finding_key}: {projects} projects left {source_value} yuan unspent the year before and stand in no
--   carry-over line, among them {first_project}.
-- message_zh: {finding_key}：有 {projects} 个项目上年未执行共 {source_value} 元，结转数据中无此项目，如 {first_project}。
select
    carried.district_code,
    carried.fiscal_year,
    max(carried.department_code) as department_code,
    max(carried.department_name) as department_name,
    item_key(max(carried.department_code), max(carried.department_name), null, null) as finding_key,
    count(*) as projects,
    min(concat_ws(' ', carried.project_code, carried.project_name)) as first_project,
    sum(carried.unspent_amount) as source_value,
    cast(0 as decimal(18, 2)) as target_value,
    sum(carried.unspent_amount) as difference
from rule_carried_over as carried
inner join rule_carryover_tolerance as allowed
    on carried.district_code = allowed.district_code and carried.fiscal_year = allowed.fiscal_year
where not carried.is_carried and carried.unspent_amount > allowed.tolerance
group by
    carried.district_code, carried.fiscal_year, coalesce(carried.department_code, carried.department_name)
