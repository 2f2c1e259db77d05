-- The day of the year before that a day is compared with: the same day, a month's end with the month's end.
-- 上年同期日：上年同一天；月末对月末。
create or replace temp macro same_day_last_year(day) as
case
    when day = last_day(day) then last_day(cast(day - interval 1 year as date))
    else cast(day - interval 1 year as date)
end
