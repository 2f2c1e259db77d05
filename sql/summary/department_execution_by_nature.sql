-- Budget, adjustment and execution of each department by basic and project expenditure; adds up to the department.
-- 各部门按基本支出、项目支出的预算、调整与执行情况，合计等于部门。
-- label_zh: 部门预算执行（按支出性质）
select
    district_code,
    fiscal_year,
    department_code,
    department_name,
    department_key,
    expenditure_nature,
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
where figure_level = 'nature'
order by
    district_code, fiscal_year, department_code, department_name,
    expenditure_nature
