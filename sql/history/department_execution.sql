-- What each publication said of each department's budget, adjustment and execution.
-- 历次发布所载的各部门预算、调整与执行情况。
-- label_zh: 部门预算执行历史
select
    publication.build_id,
    publication.published_at,
    span.district_code,
    span.fiscal_year,
    span.department_code,
    span.department_name,
    coalesce(span.department_code, span.department_name, '') as department_key,
    span.initial_budget_amount,
    span.increase_amount,
    span.decrease_amount,
    span.net_adjustment_amount,
    span.adjustment_count,
    span.full_year_budget_amount,
    span.executed_amount,
    span.unspent_amount,
    span.execution_rate,
    span.execution_rate_pct,
    span.completion_rate_of_initial,
    span.completion_rate_of_initial_pct,
    span.net_adjustment_rate,
    span.net_adjustment_rate_pct,
    span.gross_adjustment_rate,
    span.gross_adjustment_rate_pct,
    span.execution_status,
    span.adjustment_status,
    span.source_grain,
    span.as_of_date,
    span.is_complete,
    span.set_aside_row_count,
    span.set_aside_amount
from history.publication as publication
inner join history.department_execution_span as span
    on
        publication.build_number >= span.first_build_number
        and publication.build_number <= coalesce(span.last_build_number, publication.build_number)
