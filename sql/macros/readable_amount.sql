-- An amount with two decimals as a reader expects it in a sentence: thousands apart by commas.
-- 写进句子的两位小数金额：千分位以逗号分隔。
create or replace temp macro readable_amount(amount) as
case when amount < 0 then '-' else '' end
|| format('{:,}', cast(trunc(abs(amount)) as bigint)) || right(cast(amount as varchar), 3)
