-- A department or project has more than one row in the summary of its year.
-- 某部门或项目在同一年度的汇总表中有多行。
-- rule: summary-row-is-not-unique
-- severity: fatal
-- category: conservation
-- scope: build
-- guards: summary.department_execution
-- tolerance: none
-- since: 0.1.0
-- value: count
-- message: {finding_key} has {source_value} rows in the summary, expected 1; whoever adds them up counts it twice.
-- message_zh: {finding_key} 在汇总表中有 {source_value} 行，应为 1 行；加总时会重复计算。
select
    district_code,
    fiscal_year,
    item_key(max(department_code), max(department_name), null, null) as finding_key,
    count(*) as source_value,
    1 as target_value,
    count(*) - 1 as difference
from summary.department_execution
group by district_code, fiscal_year, coalesce(department_code, department_name)
having count(*) > 1
union all
select
    district_code,
    fiscal_year,
    item_key(max(department_code), max(department_name), max(project_code), max(project_name)) as finding_key,
    count(*) as source_value,
    1 as target_value,
    count(*) - 1 as difference
from summary.project_execution
group by
    district_code,
    fiscal_year,
    coalesce(department_code, department_name),
    coalesce(project_code, project_name)
having count(*) > 1
