-- An amount as a reader expects it in a sentence: two decimals, thousands apart by commas.
-- 写进句子的金额：两位小数，千分位以逗号分隔。
create or replace temp macro readable_amount(amount) as
case when amount < 0 then '-' else '' end
|| format('{:,}', cast(trunc(abs(cast(amount as decimal(38, 2)))) as bigint))
|| right(cast(cast(amount as decimal(38, 2)) as varchar), 3)
