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
inner join rule_unknown_project as unknown
    on
        line.district_code = unknown.district_code
        and line.fiscal_year = unknown.fiscal_year
        and line.project_code is not distinct from unknown.project_code
        and line.project_name is not distinct from unknown.project_name
where unknown.has_project_list
