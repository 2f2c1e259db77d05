-- Quotient of two amounts times a maximum of points, with two places, rounded half up once.
-- 两个金额之比乘以满分，两位小数，一次四舍五入。
create or replace temp macro exact_points(numerator, denominator, maximum_points) as try_cast(
    cast(
        exact_half_up(
            cents(numerator) * cents(maximum_points), cents(denominator) * 100, cast(100 as hugeint)
        ) as decimal(34, 0)
    ) * cast(0.01 as decimal(2, 2)) as decimal(14, 2)
)
