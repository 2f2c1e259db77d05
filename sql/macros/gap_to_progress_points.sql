-- Execution rate minus time progress in percentage points with two places, rounded half up once; negative is behind.
-- 执行率减序时进度的百分点，两位小数，一次四舍五入；负数为落后。
create or replace temp macro gap_to_progress_points(
    executed_amount, full_year_budget_amount, time_progress
) as try_cast(
    cast(
        exact_half_up(
            cents(executed_amount) * 1000000
            - cents(full_year_budget_amount) * cast(time_progress * 1000000 as hugeint),
            cents(full_year_budget_amount) * 1000000,
            cast(10000 as hugeint)
        ) as decimal(34, 0)
    ) * cast(0.01 as decimal(2, 2)) as decimal(14, 2)
)
