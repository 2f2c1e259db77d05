-- The amount, or 0 where it is negative; unknown stays unknown (greatest() would make it 0).
-- 金额，为负时取零；未知仍为未知。
create or replace temp macro not_below_zero(amount) as case when amount < 0 then 0 else amount end
