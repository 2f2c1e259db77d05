-- What an adjustment rate says or why there is none: ok, new_in_year (initial 0, money added), fully_cut (-100 %),
--   zero_budget (initial 0, nothing added), negative_initial_budget (a rate of it says nothing), unknown (an input is missing).
-- 调整率的含义或为何没有：正常、年中新增、全额调减、零预算、年初预算为负、未知。
create or replace temp macro adjustment_status(initial_budget_amount, net_adjustment_amount) as
case
    when initial_budget_amount is null or net_adjustment_amount is null then 'unknown'
    when initial_budget_amount < 0 then 'negative_initial_budget'
    when initial_budget_amount = 0 and net_adjustment_amount > 0 then 'new_in_year'
    when initial_budget_amount = 0 then 'zero_budget'
    when net_adjustment_amount = -initial_budget_amount then 'fully_cut'
    else 'ok'
end
