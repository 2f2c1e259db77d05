-- Each department's months beside the same months of the year before; a month that is not over beside the same days.
-- 各部门逐月与上年同月的比较；未结束的月份只比较到上年同一天。
-- label_zh: 年度同比（按月）
with month_end as (
    select
        item.*,
        figure.department_match,
        figure.is_year_finished,
        item.source_grain = 'detail' and not figure.is_year_finished and item.as_of_date = figure.as_of_date
        and item.as_of_date < last_day(item.as_of_date) as is_begun
    from summary.department_execution_monthly as item
    inner join core.compared_figure as figure
        on
            figure.figure_level = 'department'
            and item.district_code = figure.district_code
            and item.fiscal_year = figure.fiscal_year
            and item.department_key = code_or_name(figure.department_code, figure.department_name)
),

-- The day at which a month stands: the detail's months are whole, but for the one that has begun.
standing as (
    select
        *,
        case
            when source_grain = 'detail' and not is_begun
                then last_day(make_date(fiscal_year, cast(month as integer), 1))
            else least(as_of_date, make_date(fiscal_year, 12, 31))
        end as standing_date
    from month_end
),

joined as (
    select
        this_year.district_code,
        this_year.fiscal_year,
        this_year.department_code,
        this_year.department_name,
        this_year.department_key,
        this_year.month,
        this_year.is_begun,
        this_year.full_year_budget_amount,
        this_year.month_executed_amount,
        this_year.cumulative_executed_amount,
        this_year.execution_rate_pct,
        case
            when this_year.is_begun then day.same_period_full_year_budget_amount
            else last_year.full_year_budget_amount
        end as same_period_full_year_budget_amount,
        case
            when this_year.is_begun then day.same_period_executed_amount
            else last_year.cumulative_executed_amount
        end as same_period_cumulative_executed_amount,
        case
            when not this_year.is_begun then last_year.month_executed_amount
            when this_year.month = 1 then day.same_period_executed_amount
            else day.same_period_executed_amount - month_before.cumulative_executed_amount
        end as same_period_month_executed_amount,
        this_year.source_grain,
        this_year.as_of_date
    from standing as this_year
    left join standing as last_year
        on
            this_year.district_code = last_year.district_code
            and this_year.fiscal_year = last_year.fiscal_year + 1
            and this_year.department_match = last_year.department_match
            and this_year.month = last_year.month
            and same_day_last_year(this_year.standing_date) = last_year.standing_date
    left join standing as month_before
        on
            this_year.district_code = month_before.district_code
            and this_year.fiscal_year = month_before.fiscal_year + 1
            and this_year.department_match = month_before.department_match
            and this_year.month = month_before.month + 1
            and month_before.standing_date = last_day(month_before.standing_date)
    left join summary.same_period_figure as day
        on
            day.figure_level = 'department'
            and this_year.district_code = day.district_code
            and this_year.fiscal_year = day.fiscal_year
            and this_year.department_match = day.department_match
)

select
    district_code,
    fiscal_year,
    department_code,
    department_name,
    department_key,
    month,
    is_begun as is_month_begun,
    full_year_budget_amount,
    same_period_full_year_budget_amount,
    month_executed_amount,
    same_period_month_executed_amount,
    month_executed_amount - same_period_month_executed_amount as month_executed_change_amount,
    exact_rate_pct(
        month_executed_amount - same_period_month_executed_amount, same_period_month_executed_amount
    ) as month_executed_change_pct,
    cumulative_executed_amount,
    same_period_cumulative_executed_amount,
    cumulative_executed_amount - same_period_cumulative_executed_amount as cumulative_executed_change_amount,
    exact_rate_pct(
        cumulative_executed_amount - same_period_cumulative_executed_amount, same_period_cumulative_executed_amount
    ) as cumulative_executed_change_pct,
    execution_rate_pct,
    exact_rate_pct(
        same_period_cumulative_executed_amount, same_period_full_year_budget_amount
    ) as same_period_execution_rate_pct,
    execution_rate_pct - exact_rate_pct(
        same_period_cumulative_executed_amount, same_period_full_year_budget_amount
    ) as execution_rate_change_points,
    source_grain,
    as_of_date
from joined
order by district_code, fiscal_year, department_code, department_name, month
