-- What an execution rate says or why there is none: ok, zero_budget (0 of 0), spend_without_budget (x of 0),
--   over_executed (more than the budget), negative_budget (more was cut than there was), unknown (an input is missing).
-- 执行率的含义或为何没有：正常、零预算、无预算支出、超预算支出、预算为负、未知。
create or replace temp macro execution_status(executed_amount, full_year_budget_amount) as
case
    when executed_amount is null or full_year_budget_amount is null then 'unknown'
    when full_year_budget_amount < 0 then 'negative_budget'
    when full_year_budget_amount = 0 and executed_amount = 0 then 'zero_budget'
    when full_year_budget_amount = 0 then 'spend_without_budget'
    when executed_amount > full_year_budget_amount then 'over_executed'
    else 'ok'
end
