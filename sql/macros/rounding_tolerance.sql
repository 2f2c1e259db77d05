-- How far a sum of amounts may be from its total, in yuan: each amount of a table in 10,000 yuan was rounded by itself.
-- 若干金额之和与合计的容许差额（元）：万元表中每个数各自四舍五入。
create or replace temp macro rounding_tolerance(unit_factor, amounts, yuan, per_amount, at_most) as
case when unit_factor = 1 then yuan else least(amounts * per_amount, at_most) end
