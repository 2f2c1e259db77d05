-- An adjustment names a department or unit that the delivered department list does not have.
-- 调整所属部门（单位）不在已报送的部门单位名录中。
-- rule: adjustment-of-unknown-department
-- severity: error
-- category: existence
-- scope: district_year
-- guards: core.budget_adjustment
-- sets_aside: budget_adjustment
-- tolerance: none
-- since: 0.1.0
-- message: Department {finding_key} of the adjustment is not in the department list; correct the
--   code, or complete the list.
-- message_zh: 调整所属部门（单位）{finding_key} 不在部门单位名录中；请更正编码，或补全名录。
select
    line.district_code,
    line.fiscal_year,
    line.department_code,
    line.department_name,
    coalesce(line.department_code, line.department_name) as finding_key,
    line.adjustment_amount as source_value,
    cast(null as decimal(18, 2)) as target_value,
    cast(null as decimal(18, 2)) as difference,
    line.source_file_id,
    line.source_sheet,
    line.source_line
from core.budget_adjustment as line
inner join rule_unknown_department as unknown
    on
        line.district_code = unknown.district_code
        and line.fiscal_year = unknown.fiscal_year
        and line.department_code is not distinct from unknown.department_code
        and line.department_name is not distinct from unknown.department_name
