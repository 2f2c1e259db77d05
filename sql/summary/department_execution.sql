-- Budget, adjustment and execution of each department in each fiscal year.
-- 各部门各年度的预算、调整与执行情况。
-- label_zh: 部门预算执行
select
    district_code,
    fiscal_year,
    department_code,
    department_name,
    code_or_name(department_code, department_name) as department_key,
    initial_budget_amount,
    increase_amount,
    decrease_amount,
    net_adjustment_amount,
    adjustment_count,
    full_year_budget_amount,
    executed_amount,
    full_year_budget_amount - executed_amount as unspent_amount,
    exact_rate(executed_amount, full_year_budget_amount) as execution_rate,
    exact_rate_pct(executed_amount, full_year_budget_amount) as execution_rate_pct,
    exact_rate(executed_amount, initial_budget_amount) as completion_rate_of_initial,
    exact_rate_pct(executed_amount, initial_budget_amount) as completion_rate_of_initial_pct,
    exact_rate(net_adjustment_amount, initial_budget_amount) as net_adjustment_rate,
    exact_rate_pct(net_adjustment_amount, initial_budget_amount) as net_adjustment_rate_pct,
    exact_rate(gross_adjustment_amount, initial_budget_amount) as gross_adjustment_rate,
    exact_rate_pct(gross_adjustment_amount, initial_budget_amount) as gross_adjustment_rate_pct,
    execution_status(executed_amount, full_year_budget_amount) as execution_status,
    adjustment_status(initial_budget_amount, net_adjustment_amount) as adjustment_status,
    source_grain,
    as_of_date
from core.execution_figure
where figure_level = 'department'
order by district_code, fiscal_year, department_code, department_name
