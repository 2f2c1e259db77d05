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
    code_or_name(figure.department_code, figure.department_name) as department_key,
    figure.fund_type_code,
    coalesce(named.fund_type_name, reference.fund_type_name) as fund_type_name,
    figure.initial_budget_amount,
    figure.increase_amount,
    figure.decrease_amount,
    figure.net_adjustment_amount,
    figure.adjustment_count,
    figure.full_year_budget_amount,
    figure.executed_amount,
    figure.full_year_budget_amount - figure.executed_amount as unspent_amount,
    exact_rate(figure.executed_amount, figure.full_year_budget_amount) as execution_rate,
    exact_rate_pct(figure.executed_amount, figure.full_year_budget_amount) as execution_rate_pct,
    exact_rate(figure.executed_amount, figure.initial_budget_amount) as completion_rate_of_initial,
    exact_rate_pct(figure.executed_amount, figure.initial_budget_amount) as completion_rate_of_initial_pct,
    exact_rate(figure.net_adjustment_amount, figure.initial_budget_amount) as net_adjustment_rate,
    exact_rate_pct(figure.net_adjustment_amount, figure.initial_budget_amount) as net_adjustment_rate_pct,
    exact_rate(figure.gross_adjustment_amount, figure.initial_budget_amount) as gross_adjustment_rate,
    exact_rate_pct(figure.gross_adjustment_amount, figure.initial_budget_amount) as gross_adjustment_rate_pct,
    execution_status(figure.executed_amount, figure.full_year_budget_amount) as execution_status,
    adjustment_status(figure.initial_budget_amount, figure.net_adjustment_amount) as adjustment_status,
    figure.source_grain,
    figure.as_of_date,
    case when mark.figure_level is null then true else mark.is_complete end as is_complete,
    case when mark.figure_level is null then 0 else mark.set_aside_row_count end as set_aside_row_count,
    cast(
        case when mark.figure_level is null then 0 else mark.set_aside_amount end as decimal(18, 2)
    ) as set_aside_amount
from core.execution_figure as figure
left join named
    on
        figure.district_code = named.district_code
        and figure.fiscal_year = named.fiscal_year
        and figure.fund_type_code = named.fund_type_code
left join core.fund_type_reference as reference on figure.fund_type_code = reference.fund_type_code
left join core.set_aside_figure as mark
    on
        figure.figure_level = mark.figure_level
        and figure.district_code = mark.district_code
        and figure.fiscal_year = mark.fiscal_year
        and code_or_name(figure.department_code, figure.department_name) = mark.department_key
        and figure.fund_type_code is not distinct from mark.fund_type_code
where figure.figure_level = 'fund_type'
order by
    figure.district_code, figure.fiscal_year, figure.department_code, figure.department_name, figure.fund_type_code
