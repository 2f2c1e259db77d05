-- Budget, adjustment and execution of each department in each fiscal year.
-- 各部门各年度的预算、调整与执行情况。
-- label_zh: 部门预算执行
select
    district_code,
    fiscal_year,
    department_code,
    department_name,
    department_key,
    initial_budget_amount,
    increase_amount,
    decrease_amount,
    net_adjustment_amount,
    adjustment_count,
    full_year_budget_amount,
    executed_amount,
    unspent_amount,
    execution_rate,
    execution_rate_pct,
    completion_rate_of_initial,
    completion_rate_of_initial_pct,
    net_adjustment_rate,
    net_adjustment_rate_pct,
    gross_adjustment_rate,
    gross_adjustment_rate_pct,
    execution_status,
    adjustment_status,
    source_grain,
    as_of_date,
    is_complete,
    set_aside_row_count,
    set_aside_amount
from core.rated_figure
where figure_level = 'department'
order by district_code, fiscal_year, department_code, department_name
