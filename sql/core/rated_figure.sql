-- The figures of execution_figure with their rates, what the rates mean, and whether rows are missing.
-- 执行数基础表各行及其比率、状态与是否完整。
-- label_zh: 执行数及比率
-- kept: no
select
    figure.figure_level,
    figure.district_code,
    figure.fiscal_year,
    figure.department_code,
    figure.department_name,
    code_or_name(figure.department_code, figure.department_name) as department_key,
    figure.project_code,
    figure.project_name,
    code_or_name(figure.project_code, figure.project_name) as project_key,
    figure.project_kind,
    figure.expenditure_nature,
    figure.fund_type_code,
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
    mark.is_complete,
    mark.set_aside_row_count,
    mark.set_aside_amount
from core.execution_figure as figure
left join core.figure_completeness as mark
    on
        figure.figure_level = mark.figure_level
        and figure.district_code = mark.district_code
        and figure.fiscal_year = mark.fiscal_year
        and code_or_name(figure.department_code, figure.department_name) = mark.department_key
        and code_or_name(figure.project_code, figure.project_name) = mark.project_key
        and figure.fund_type_code is not distinct from mark.fund_type_code
        and (case when figure.figure_level = 'nature' then figure.expenditure_nature end)
        is not distinct from mark.expenditure_nature
