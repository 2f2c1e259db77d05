-- The integer nearest to numerator x scale / denominator, halves away from zero; NULL for a zero denominator.
-- 分子乘以倍数再除以分母所得的最近整数，恰为一半时远离零；分母为零时为空。
create or replace temp macro exact_half_up(numerator, denominator, scale) as (
    case
        when denominator <> 0
            then
                sign(numerator) * sign(denominator)
                * ((2 * abs(numerator) * scale + abs(denominator)) // (2 * abs(denominator)))
    end
)
