-- The initial budget of a statement line is below zero.
-- 执行情况表某行的年初预算数为负。
-- rule: statement-initial-budget-is-negative
-- severity: error
-- category: execution
-- scope: district_year
-- guards: core.execution_statement
-- tolerance: none
-- since: 0.1.0
-- message: {finding_key}: the initial budget is {source_value} yuan, expected at least 0.
-- message_zh: {finding_key}：年初预算数为 {source_value} 元，不应为负。
select
    line.district_code,
    line.fiscal_year,
    line.department_code,
    line.department_name,
    line.project_code,
    line.project_name,
    line.finding_key,
    line.initial_budget_amount as source_value,
    0 as target_value,
    line.initial_budget_amount as difference,
    line.source_file_id,
    line.source_sheet,
    line.source_line
from rule_statement as line
where line.initial_budget_amount < 0
