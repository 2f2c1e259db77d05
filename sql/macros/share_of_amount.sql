-- An amount times a ratio between 0 and 1 with six places, in whole cents, rounded half up once.
-- 金额乘以零至一之间的六位小数比值，四舍五入到分。
create or replace temp macro share_of_amount(amount, ratio) as case
    when abs(amount) < 40000000000
        then cast(
            exact_half_up(whole_cents(amount), 1000000, cast(ratio * 1000000 as bigint)) as decimal(18, 0)
        ) * cast(0.01 as decimal(2, 2))
    else cast(
        exact_half_up(cents(amount), cast(1000000 as hugeint), cast(ratio * 1000000 as hugeint)) as decimal(32, 0)
    ) * cast(0.01 as decimal(2, 2))
end
