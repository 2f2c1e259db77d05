-- Quotient of two amounts times a maximum of points, with two places, rounded half up once.
-- 两个金额之比乘以满分，两位小数，一次四舍五入。
create or replace temp macro exact_points(numerator, denominator, maximum_points) as try_cast(
    case
        when abs(numerator) < 40000000000 and abs(denominator) < 100000000000000 and abs(maximum_points) <= 10000
            then cast(
                exact_half_up(
                    whole_cents(numerator), whole_cents(denominator), whole_cents(maximum_points)
                ) as decimal(34, 0)
            )
        else cast(exact_half_up(cents(numerator), cents(denominator), cents(maximum_points)) as decimal(34, 0))
    end * cast(0.01 as decimal(2, 2)) as decimal(14, 2)
)
