-- Payments end more than a month before the last adjustment: what was executed stands at the earlier day, while the
--   full-year budget holds adjustments of later months.
-- 支付数据的截止日早于最后一笔预算调整一个月以上：执行数停留在较早日期，而全年预算数已含其后各月的调整。
-- rule: payments-end-before-adjustments
-- severity: warning
-- category: existence
-- scope: district_year
-- guards: core.payment
-- tolerance: none
-- since: 0.2.0
-- message: Payments end on {paid_until}, adjustments on {adjusted_until}; {source_value} yuan of adjustments (net) are of
--   later months. Every rate stands at {paid_until}, and no warning is made of the time since. Deliver the payments since.
-- message_zh: 国库支付数据截至 {paid_until}，预算调整已至 {adjusted_until}，其后各月净调整 {source_value} 元。各执行率均为
--   {paid_until} 的数，其后时间不作预警；请补报其后的支付数据。
select
    grain.district_code,
    grain.fiscal_year,
    'payment' as finding_key,
    cast(max(grain.latest_payment_date) as varchar) as paid_until,
    cast(max(grain.latest_adjustment_date) as varchar) as adjusted_until,
    sum(line.adjustment_amount) as source_value,
    cast(null as decimal(38, 2)) as target_value,
    cast(null as decimal(38, 2)) as difference,
    first_places(line.source_file_id, line.source_sheet, line.source_line) as source_lines,
    count(*) as source_line_count
from core.district_year_grain as grain
inner join core.budget_adjustment as line
    on
        grain.district_code = line.district_code
        and grain.fiscal_year = line.fiscal_year
        and grain.latest_payment_date < line.adjustment_date
where month(grain.latest_adjustment_date) > month(grain.latest_payment_date) + 1
group by grain.district_code, grain.fiscal_year
