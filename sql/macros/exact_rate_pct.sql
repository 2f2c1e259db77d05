-- Quotient of two amounts in percent with two places, rounded half up once from the exact quotient; NULL for a zero
--   or unknown denominator, and where the percentage has more than twelve digits before the point.
-- 两个金额之比的百分数，两位小数，由精确商一次四舍五入；分母为零或未知、或整数部分超过十二位时为空。
create or replace temp macro exact_rate_pct(numerator, denominator) as try_cast(
    case
        when abs(numerator) < 4000000000000 and abs(denominator) < 100000000000000
            then cast(exact_half_up(whole_cents(numerator), whole_cents(denominator), 10000) as decimal(34, 0))
        else cast(
            exact_half_up(cents(numerator), cents(denominator), cast(10000 as hugeint)) as decimal(34, 0)
        )
    end * cast(0.01 as decimal(2, 2)) as decimal(14, 2)
)
