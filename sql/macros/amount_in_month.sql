-- The one of twelve monthly amounts that belongs to the month.
-- 十二个月金额中该月的金额。
create or replace temp macro amount_in_month(
    month, amount_01, amount_02, amount_03, amount_04, amount_05, amount_06,
    amount_07, amount_08, amount_09, amount_10, amount_11, amount_12
) as case month
    when 1 then amount_01
    when 2 then amount_02
    when 3 then amount_03
    when 4 then amount_04
    when 5 then amount_05
    when 6 then amount_06
    when 7 then amount_07
    when 8 then amount_08
    when 9 then amount_09
    when 10 then amount_10
    when 11 then amount_11
    when 12 then amount_12
end
