-- An amount divided by a ratio above 0 with six places, in whole cents, rounded half up once.
-- 金额除以大于零的六位小数比值，四舍五入到分。
create or replace temp macro amount_over_ratio(amount, ratio) as
cast(
    exact_half_up(cents(amount), cast(ratio * 1000000 as hugeint), cast(1000000 as hugeint)) as decimal(32, 0)
) * cast(0.01 as decimal(2, 2))
