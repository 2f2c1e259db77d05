-- Departments (each month) and projects (latest month) of a district ranked by execution rate, against their average
--   and the time progress; month is empty where the source names no date.
-- 区内各部门（逐月）与项目（最近一月）按预算执行率排名，并与平均水平、序时进度比较；来源未注明日期时月份为空。
-- label_zh: 预算执行排名
with latest_month as (
    select
        district_code,
        fiscal_year,
        max(month) as month
    from summary.department_execution_monthly
    group by district_code, fiscal_year
),

undated as (
    select figure.*
    from core.execution_figure as figure
    left join summary.department_execution_monthly as monthly
        on
            figure.district_code = monthly.district_code
            and figure.fiscal_year = monthly.fiscal_year
            and figure.department_code is not distinct from monthly.department_code
            and figure.department_name is not distinct from monthly.department_name
    where monthly.district_code is null
),

standing as (
    select
        'department' as figure_level,
        district_code,
        fiscal_year,
        month,
        department_code,
        department_name,
        null as project_code,
        null as project_name,
        full_year_budget_amount,
        cumulative_executed_amount as executed_amount,
        time_progress,
        time_progress_pct,
        source_grain,
        as_of_date
    from summary.department_execution_monthly
    union all
    select
        'project' as figure_level,
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
        item.time_progress_pct,
        item.source_grain,
        item.as_of_date
    from summary.project_execution_monthly as item
    inner join latest_month
        on
            item.district_code = latest_month.district_code
            and item.fiscal_year = latest_month.fiscal_year
            and item.month = latest_month.month
    union all
    select
        figure_level,
        district_code,
        fiscal_year,
        null as month,
        department_code,
        department_name,
        project_code,
        project_name,
        full_year_budget_amount,
        executed_amount,
        null as time_progress,
        null as time_progress_pct,
        source_grain,
        as_of_date
    from undated
    where figure_level in ('department', 'project')
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
    execution_rate_pct
    - exact_rate_pct(group_executed_amount, group_budget_amount) as gap_to_average_points,
    execution_rate < exact_rate(group_executed_amount, group_budget_amount) as is_below_average,
    time_progress,
    time_progress_pct,
    execution_rate_pct - time_progress_pct as gap_to_progress_points,
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
