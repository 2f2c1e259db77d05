-- An amount below a hundred million million yuan as a number of cents: in 64 bits, many times faster than in 128.
-- 百万亿元以内的金额换成整数分，用 64 位计算，比 128 位快得多。
create or replace temp macro whole_cents(amount) as cast(cast(amount as decimal(18, 2)) * 100 as bigint)
