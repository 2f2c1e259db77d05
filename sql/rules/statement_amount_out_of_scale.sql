-- The budget of a project in a statement in 10,000 yuan is so small, in itself and beside its department, that its
--   unit must be wrong.
-- 万元表中某项目的预算数本身及与部门相比都过小，疑为金额单位有误。
-- rule: statement-amount-out-of-scale
-- severity: warning
-- category: plausibility
-- scope: district_year
-- guards: core.execution_statement
-- tolerance: unit_slip_below, unit_slip_share
-- since: 0.1.0
-- message: {finding_key}: a budget of {source_value} yuan in a table in 万元, beside {target_value} of its department;
--   the amount may have been meant in another unit.
-- message_zh: {finding_key}：万元表中预算数仅合 {source_value} 元，而所在部门为 {target_value} 元；该数可能误用了其他单位。
with department as (
    select
        district_code,
        fiscal_year,
        unit_key,
        until,
        max(coalesce(full_year_budget_amount, initial_budget_amount)) as budget_amount
    from rule_statement
    where level = 'department'
    group by district_code, fiscal_year, unit_key, until
)

select
    line.district_code,
    line.fiscal_year,
    line.department_code,
    line.department_name,
    line.project_code,
    line.project_name,
    line.finding_key,
    coalesce(line.full_year_budget_amount, line.initial_budget_amount) as source_value,
    department.budget_amount as target_value,
    coalesce(line.full_year_budget_amount, line.initial_budget_amount) - department.budget_amount as difference,
    line.source_file_id,
    line.source_sheet,
    line.source_line
from rule_statement as line
inner join department
    on
        line.district_code = department.district_code
        and line.fiscal_year = department.fiscal_year
        and line.unit_key = department.unit_key
        and line.until = department.until
inner join rule_threshold as threshold on line.district_code = threshold.district_code
where
    line.level in ('project', 'fund_type')
    and line.unit_factor = 10000
    and coalesce(line.full_year_budget_amount, line.initial_budget_amount) > 0
    and coalesce(line.full_year_budget_amount, line.initial_budget_amount) < threshold.unit_slip_below
    and coalesce(line.full_year_budget_amount, line.initial_budget_amount)
    < department.budget_amount * threshold.unit_slip_share
