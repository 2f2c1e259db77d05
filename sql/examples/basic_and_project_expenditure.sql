-- Basic and project expenditure of each department.
-- 各部门的基本支出与项目支出。
-- label_zh: 基本支出与项目支出
select
    district_code,
    fiscal_year,
    department_name,
    expenditure_nature,
    full_year_budget_amount,
    executed_amount,
    execution_rate_pct,
    is_complete
from summary.department_execution_by_nature
order by district_code, fiscal_year, department_name, expenditure_nature
