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
inner join rule_unknown_project as unknown
    on
        line.district_code = unknown.district_code
        and line.fiscal_year = unknown.fiscal_year
        and line.project_code is not distinct from unknown.project_code
        and line.project_name is not distinct from unknown.project_name
where unknown.has_project_list or (unknown.has_budget_and_adjustment and not unknown.is_adjusted)
