-- An amount in yuan with two places as a whole number of cents.
-- 两位小数的元金额换成整数分。
create or replace temp macro cents(amount) as cast(cast(amount as decimal(38, 2)) * 100 as hugeint)
