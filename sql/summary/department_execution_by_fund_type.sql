-- Budget, adjustment and execution of each department by fund type; adds up to the department.
-- 各部门按资金性质的预算、调整与执行情况，合计等于部门。
-- label_zh: 部门预算执行（按资金性质）
with named as (
    select
        district_code,
        fiscal_year,
        fund_type_code,
        min(fund_type_name) as fund_type_name
    from core.fund_type
    group by district_code, fiscal_year, fund_type_code
)

select
    figure.district_code,
    figure.fiscal_year,
    figure.department_code,
    figure.department_name,
    figure.department_key,
    figure.fund_type_code,
    coalesce(named.fund_type_name, reference.fund_type_name) as fund_type_name,
    figure.initial_budget_amount,
    figure.increase_amount,
    figure.decrease_amount,
    figure.net_adjustment_amount,
    figure.adjustment_count,
    figure.full_year_budget_amount,
    figure.executed_amount,
    figure.unspent_amount,
    figure.execution_rate,
    figure.execution_rate_pct,
    figure.completion_rate_of_initial,
    figure.completion_rate_of_initial_pct,
    figure.net_adjustment_rate,
    figure.net_adjustment_rate_pct,
    figure.gross_adjustment_rate,
    figure.gross_adjustment_rate_pct,
    figure.execution_status,
    figure.adjustment_status,
    figure.source_grain,
    figure.as_of_date,
    figure.is_complete,
    figure.set_aside_row_count,
    figure.set_aside_amount
from core.rated_figure as figure
left join named
    on
        figure.district_code = named.district_code
        and figure.fiscal_year = named.fiscal_year
        and figure.fund_type_code = named.fund_type_code
left join core.fund_type_reference as reference on figure.fund_type_code = reference.fund_type_code
where figure.figure_level = 'fund_type'
order by
    figure.district_code, figure.fiscal_year, figure.department_code, figure.department_name, figure.fund_type_code
