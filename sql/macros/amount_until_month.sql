-- The sum of twelve monthly amounts from January to the month.
-- 十二个月金额自一月累计至该月。
create or replace temp macro amount_until_month(
    month, amount_01, amount_02, amount_03, amount_04, amount_05, amount_06,
    amount_07, amount_08, amount_09, amount_10, amount_11, amount_12
) as (
    amount_01
    + case when month >= 2 then amount_02 else 0 end
    + case when month >= 3 then amount_03 else 0 end
    + case when month >= 4 then amount_04 else 0 end
    + case when month >= 5 then amount_05 else 0 end
    + case when month >= 6 then amount_06 else 0 end
    + case when month >= 7 then amount_07 else 0 end
    + case when month >= 8 then amount_08 else 0 end
    + case when month >= 9 then amount_09 else 0 end
    + case when month >= 10 then amount_10 else 0 end
    + case when month >= 11 then amount_11 else 0 end
    + case when month >= 12 then amount_12 else 0 end
)
