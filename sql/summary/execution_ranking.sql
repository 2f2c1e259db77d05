-- Departments (each month) and projects (latest month) of a district ranked by execution rate, against their average
--   and the time progress; month is empty where the source names no date.
-- 区内各部门（逐月）与项目（最近一月）按预算执行率排名，并与平均水平、序时进度比较；来源未注明日期时月份为空。
-- label_zh: 预算执行排名
with latest_month as (
    select
        district_code,
        fiscal_year,
        max(month) as month
    from core.execution_month
    group by district_code, fiscal_year
),

dated as (
    select distinct
        figure_level,
        district_code,
        fiscal_year,
        department_code,
        department_name
    from core.execution_month
),

standing as (
    select
        item.figure_level,
        item.district_code,
        item.fiscal_year,
        item.month,
        item.department_code,
        item.department_name,
        item.project_code,
        item.project_name,
        item.full_year_budget_amount,
        item.cumulative_executed_amount as executed_amount,
        item.time_progress,
        item.source_grain,
        item.as_of_date
    from core.execution_month as item
    inner join latest_month
        on
            item.district_code = latest_month.district_code
            and item.fiscal_year = latest_month.fiscal_year
    where item.figure_level = 'department' or item.month = latest_month.month
    union all
    select
        figure.figure_level,
        figure.district_code,
        figure.fiscal_year,
        null as month,
        figure.department_code,
        figure.department_name,
        figure.project_code,
        figure.project_name,
        figure.full_year_budget_amount,
        figure.executed_amount,
        null as time_progress,
        figure.source_grain,
        figure.as_of_date
    from core.execution_figure as figure
    left join dated
        on
            figure.figure_level = dated.figure_level
            and figure.district_code = dated.district_code
            and figure.fiscal_year = dated.fiscal_year
            and figure.department_code is not distinct from dated.department_code
            and figure.department_name is not distinct from dated.department_name
    where figure.figure_level in ('department', 'project') and dated.figure_level is null
),

rated as (
    select
        *,
        exact_rate(executed_amount, full_year_budget_amount) as execution_rate,
        exact_rate_pct(executed_amount, full_year_budget_amount) as execution_rate_pct,
        case
            when executed_amount is not null and full_year_budget_amount is not null then full_year_budget_amount
        end as compared_budget_amount,
        case
            when executed_amount is not null and full_year_budget_amount is not null then executed_amount
        end as compared_executed_amount
    from standing
),

compared as (
    select
        *,
        sum(compared_budget_amount) over (
            partition by figure_level, district_code, fiscal_year, month
        ) as group_budget_amount,
        sum(compared_executed_amount) over (
            partition by figure_level, district_code, fiscal_year, month
        ) as group_executed_amount,
        count(execution_rate) over (
            partition by figure_level, district_code, fiscal_year, month
        ) as ranked_count,
        case
            when execution_rate is not null
                then rank() over (
                    partition by figure_level, district_code, fiscal_year, month
                    order by case when execution_rate is null then 1 else 0 end, execution_rate desc
                )
        end as execution_rank,
        case
            when execution_rate is not null
                then count(*) over (
                    partition by figure_level, district_code, fiscal_year, month, execution_rate
                )
        end as sharing_rank_count
    from rated
)

select
    district_code,
    fiscal_year,
    month,
    figure_level,
    department_code,
    department_name,
    project_code,
    project_name,
    full_year_budget_amount,
    executed_amount,
    full_year_budget_amount - executed_amount as unspent_amount,
    execution_rate,
    execution_rate_pct,
    execution_rank,
    ranked_count,
    sharing_rank_count,
    exact_rate(group_executed_amount, group_budget_amount) as group_execution_rate,
    exact_rate_pct(group_executed_amount, group_budget_amount) as group_execution_rate_pct,
    gap_to_progress_points(
        executed_amount, full_year_budget_amount, exact_rate(group_executed_amount, group_budget_amount)
    ) as gap_to_average_points,
    execution_rate < exact_rate(group_executed_amount, group_budget_amount) as is_below_average,
    time_progress,
    gap_to_progress_points(executed_amount, full_year_budget_amount, time_progress) as gap_to_progress_points,
    execution_rate < time_progress as is_below_time_progress,
    exact_rate_pct(compared_budget_amount, group_budget_amount) as share_of_budget_pct,
    exact_rate_pct(
        compared_budget_amount - compared_executed_amount, group_budget_amount - group_executed_amount
    ) as share_of_unspent_pct,
    execution_status(executed_amount, full_year_budget_amount) as execution_status,
    source_grain,
    as_of_date
from compared
order by
    district_code,
    fiscal_year,
    month,
    figure_level,
    execution_rank,
    department_code,
    department_name,
    project_code,
    project_name
