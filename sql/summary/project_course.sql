-- Where each project stood at a day and what became of it: of earlier years at the day of today, and of finished years at
--   the ends of March, June and September, by which the projection is tested.
-- 各项目在某日的执行情况及其年末结果：以前年度同日，以及用于检验预测的各已结束年度三、六、九月末。
-- label_zh: 项目执行轨迹
-- kept: no
with final as (
    select
        figure.district_code,
        figure.fiscal_year,
        code_or_name(figure.department_code, figure.department_name) as department_key,
        code_or_name(figure.project_code, figure.project_name) as project_key,
        coalesce(figure.project_kind, '') as project_kind,
        figure.full_year_budget_amount,
        figure.executed_amount
    from core.compared_figure as figure
    where figure.figure_level = 'project' and figure.is_year_finished
),

-- Finished years at the end of a quarter.
quarter as (
    select
        item.district_code,
        item.fiscal_year,
        item.month as at_month,
        item.department_key,
        item.project_key,
        final.project_kind,
        item.full_year_budget_amount as standing_budget_amount,
        item.cumulative_executed_amount as executed_amount,
        final.executed_amount as final_executed_amount
    from summary.project_execution_monthly as item
    inner join final
        on
            item.district_code = final.district_code
            and item.fiscal_year = final.fiscal_year
            and item.department_key = final.department_key
            and item.project_key = final.project_key
    where item.month in (3, 6, 9)
),

standing as (
    select
        district_code,
        fiscal_year as course_year,
        fiscal_year + 1 as fiscal_year,
        at_month,
        department_key,
        project_key,
        project_kind,
        standing_budget_amount,
        executed_amount,
        final_executed_amount,
        'course' as standing_role
    from quarter
    union all
    select
        district_code,
        fiscal_year as course_year,
        fiscal_year,
        at_month,
        department_key,
        project_key,
        project_kind,
        standing_budget_amount,
        executed_amount,
        final_executed_amount,
        'tested' as standing_role
    from quarter
    union all
    select
        district_code,
        fiscal_year - 1 as course_year,
        fiscal_year,
        0 as at_month,
        code_or_name(department_code, department_name) as department_key,
        code_or_name(project_code, project_name) as project_key,
        coalesce(project_kind, '') as project_kind,
        same_period_full_year_budget_amount as standing_budget_amount,
        same_period_executed_amount as executed_amount,
        executed_amount as final_executed_amount,
        'course' as standing_role
    from summary.same_period_figure
    where figure_level = 'project' and is_year_finished
    union all
    select
        district_code,
        fiscal_year as course_year,
        fiscal_year,
        0 as at_month,
        code_or_name(department_code, department_name) as department_key,
        code_or_name(project_code, project_name) as project_key,
        coalesce(project_kind, '') as project_kind,
        full_year_budget_amount as standing_budget_amount,
        executed_amount,
        cast(null as decimal(18, 2)) as final_executed_amount,
        'watched' as standing_role
    from core.compared_figure
    where figure_level = 'project' and not is_year_finished
)

select
    *,
    case
        when executed_amount <= 0 then 0
        when 10 * executed_amount < standing_budget_amount then 1
        when 4 * executed_amount < standing_budget_amount then 2
        when 2 * executed_amount < standing_budget_amount then 3
        when 4 * executed_amount < 3 * standing_budget_amount then 4
        else 5
    end as execution_band,
    -- What was still spent of what was left, as a ratio between 0 and 1.
    case
        when standing_role = 'course' and final_executed_amount <= executed_amount then 0
        when standing_role = 'course' and final_executed_amount >= standing_budget_amount then 1
        when standing_role = 'course'
            then exact_rate(final_executed_amount - executed_amount, standing_budget_amount - executed_amount)
    end as rest_spent_rate
from standing
where
    standing_budget_amount > executed_amount
    and executed_amount is not null
    and (standing_role = 'watched' or final_executed_amount is not null)
