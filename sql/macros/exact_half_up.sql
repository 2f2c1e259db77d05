-- The integer nearest to numerator x scale / denominator, halves away from zero; NULL for a zero denominator.
-- 分子乘以倍数再除以分母所得的最近整数，恰为一半时远离零；分母为零时为空。
create or replace temp macro exact_half_up(numerator, denominator, scale) as (
    -- Integer division drops the rest: half a denominator more, with the numerator's sign, makes it round half up.
    (2 * numerator * scale + sign(numerator) * abs(denominator)) // nullif(2 * denominator, 0)
)
