-- How far the projection of the year's end was off in finished years, asked at the ends of March, June and September: the
--   error in percent of the budget, and how often the bounds held the figure.
-- 对已结束年度在三、六、九月末所作年末预测的检验：误差占预算的百分比，以及上下限涵盖实际数的比例。
-- label_zh: 项目执行预测检验
with tested as (
    -- What was added later brings money of its own: the figure is held against what was spent of that day's budget.
    select
        district_code,
        fiscal_year,
        at_month,
        standing_budget_amount,
        projected_executed_amount,
        projected_lowest_amount,
        projected_highest_amount,
        case
            when final_executed_amount > standing_budget_amount then standing_budget_amount
            else final_executed_amount
        end as final_executed_amount
    from summary.project_projection
    where final_executed_amount is not null and projection_basis in ('own_kind', 'all_kinds')
)

select
    district_code,
    fiscal_year,
    at_month as month,
    count(*) as tested_project_count,
    sum(standing_budget_amount) as full_year_budget_amount,
    sum(projected_executed_amount) as projected_executed_amount,
    sum(final_executed_amount) as executed_amount,
    exact_rate_pct(
        sum(projected_executed_amount) - sum(final_executed_amount), sum(standing_budget_amount)
    ) as projection_bias_pct,
    exact_rate_pct(
        sum(abs(projected_executed_amount - final_executed_amount)), sum(standing_budget_amount)
    ) as projection_error_pct,
    exact_rate_pct(
        sum(
            case
                when
                    final_executed_amount >= projected_lowest_amount
                    and final_executed_amount <= projected_highest_amount
                    then 1
                else 0
            end
        ),
        count(*)
    ) as bounds_coverage_pct
from tested
group by district_code, fiscal_year, at_month
order by district_code, fiscal_year, at_month
