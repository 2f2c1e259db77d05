-- Quotient of two amounts as a ratio with six places, rounded half up once; NULL for a zero or unknown denominator,
--   and where the ratio has more than twelve digits before the point.
-- 两个金额之比，六位小数，一次四舍五入；分母为零或未知、或整数部分超过十二位时为空。
create or replace temp macro exact_rate(numerator, denominator) as try_cast(
    case
        when abs(numerator) < 40000000000 and abs(denominator) < 100000000000000
            then cast(exact_half_up(whole_cents(numerator), whole_cents(denominator), 1000000) as decimal(32, 0))
        else cast(
            exact_half_up(cents(numerator), cents(denominator), cast(1000000 as hugeint)) as decimal(32, 0)
        )
    end * cast(0.000001 as decimal(6, 6)) as decimal(18, 6)
)
