-- Departments (each month) and projects (latest month) of a district ranked by execution rate, against their average
--   and the time progress; month is empty where the source names no date. Left out of rank and average is what is
--   unknown, and what is not complete by an unknown amount or by half a percent of its budget or more.
-- 区内各部门（逐月）与项目（最近一月）按预算执行率排名，并与平均水平、序时进度比较；来源未注明日期时月份为空。
--   未知的，以及缺少金额不明或达全年预算千分之五的不完整数字，不参与排名和平均。
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
    from core.rated_figure as figure
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
        as_of_date,
        is_complete,
        set_aside_amount
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
        item.as_of_date,
        item.is_complete,
        item.set_aside_amount
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
        as_of_date,
        is_complete,
        set_aside_amount
    from undated
    where figure_level in ('department', 'project')
),

judged as (
    select
        *,
        exact_rate(executed_amount, full_year_budget_amount) as execution_rate,
        exact_rate_pct(executed_amount, full_year_budget_amount) as execution_rate_pct,
        executed_amount is not null
        and full_year_budget_amount is not null
        and (
            coalesce(is_complete, true)
            or coalesce(200 * abs(set_aside_amount) < abs(full_year_budget_amount), false)
        ) as is_compared
    from standing
),

rated as (
    select
        *,
        case when is_compared then execution_rate end as compared_rate,
        case when is_compared then full_year_budget_amount end as compared_budget_amount,
        case when is_compared then executed_amount end as compared_executed_amount
    from judged
),

-- Everything that shares an execution rate shares a rank.
by_rate as (
    select
        figure_level,
        district_code,
        fiscal_year,
        month,
        compared_rate,
        count(*) as sharing_rank_count,
        sum(compared_budget_amount) as compared_budget_amount,
        sum(compared_executed_amount) as compared_executed_amount
    from rated
    group by figure_level, district_code, fiscal_year, month, compared_rate
),

ranked as (
    select
        figure_level,
        district_code,
        fiscal_year,
        month,
        compared_rate,
        sharing_rank_count,
        1 + sum(sharing_rank_count) over (
            partition by figure_level, district_code, fiscal_year, month
            order by compared_rate desc
        ) - sharing_rank_count as execution_rank
    from by_rate
    where compared_rate is not null
),

compared_group as (
    select
        figure_level,
        district_code,
        fiscal_year,
        month,
        sum(compared_budget_amount) as budget_amount,
        sum(compared_executed_amount) as executed_amount,
        sum(case when compared_rate is not null then sharing_rank_count else 0 end) as ranked_count,
        sum(case when compared_rate is null then sharing_rank_count else 0 end) as left_out_count
    from by_rate
    group by figure_level, district_code, fiscal_year, month
),

average as (
    select
        *,
        exact_rate(executed_amount, budget_amount) as execution_rate,
        exact_rate_pct(executed_amount, budget_amount) as execution_rate_pct
    from compared_group
)

select
    rated.district_code,
    rated.fiscal_year,
    rated.month,
    rated.figure_level,
    rated.department_code,
    rated.department_name,
    code_or_name(rated.department_code, rated.department_name) as department_key,
    rated.project_code,
    rated.project_name,
    code_or_name(rated.project_code, rated.project_name) as project_key,
    rated.full_year_budget_amount,
    rated.executed_amount,
    rated.full_year_budget_amount - rated.executed_amount as unspent_amount,
    rated.execution_rate,
    rated.execution_rate_pct,
    ranked.execution_rank,
    average.ranked_count,
    average.left_out_count,
    ranked.sharing_rank_count,
    average.execution_rate as group_execution_rate,
    average.execution_rate_pct as group_execution_rate_pct,
    case
        when rated.compared_rate is not null then rated.execution_rate_pct - average.execution_rate_pct
    end as gap_to_average_points,
    rated.compared_rate < average.execution_rate as is_below_average,
    rated.time_progress,
    rated.time_progress_pct,
    rated.execution_rate_pct - rated.time_progress_pct as gap_to_progress_points,
    rated.execution_rate < rated.time_progress as is_below_time_progress,
    exact_rate_pct(rated.compared_budget_amount, average.budget_amount) as share_of_budget_pct,
    exact_rate_pct(
        rated.compared_budget_amount - rated.compared_executed_amount, average.budget_amount - average.executed_amount
    ) as share_of_unspent_pct,
    execution_status(rated.executed_amount, rated.full_year_budget_amount) as execution_status,
    rated.source_grain,
    rated.as_of_date,
    rated.is_complete
from rated
inner join average
    on
        rated.figure_level = average.figure_level
        and rated.district_code = average.district_code
        and rated.fiscal_year = average.fiscal_year
        and rated.month is not distinct from average.month
left join ranked
    on
        rated.figure_level = ranked.figure_level
        and rated.district_code = ranked.district_code
        and rated.fiscal_year = ranked.fiscal_year
        and rated.month is not distinct from ranked.month
        and rated.compared_rate = ranked.compared_rate
order by
    rated.district_code,
    rated.fiscal_year,
    rated.month,
    rated.figure_level,
    ranked.execution_rank,
    rated.department_code,
    rated.department_name,
    rated.project_code,
    rated.project_name
