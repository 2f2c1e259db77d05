-- Time progress at every date at which figures stand: a published yardstick of the month, or days elapsed.
-- 各截止日期的序时进度：当月公布标准，或按已过天数。
-- label_zh: 序时进度
with month_number as (
    select cast(listed.month as bigint) as month
    from (values (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11), (12)) as listed (month)
),

as_of as (
    select
        grain.district_code,
        grain.fiscal_year,
        least(grain.latest_event_date, last_day(make_date(grain.fiscal_year, month_number.month, 1))) as as_of_date
    from core.district_year_grain as grain
    inner join month_number on month_number.month <= extract(month from grain.latest_event_date)
    union
    select
        district_code,
        fiscal_year,
        as_of_date
    from core.statement_line
    where extract(year from as_of_date) >= fiscal_year
),

nature as (
    select cast(null as varchar) as expenditure_nature
    union
    select expenditure_nature
    from core.project_kind_reference
),

-- A statement dated after the year's end shows the year as it ended.
day as (
    select
        as_of.district_code,
        as_of.fiscal_year,
        as_of.as_of_date,
        nature.expenditure_nature,
        extract(month from least(as_of.as_of_date, make_date(as_of.fiscal_year, 12, 31))) as month,
        date_diff(
            'day', make_date(as_of.fiscal_year, 1, 1), least(as_of.as_of_date, make_date(as_of.fiscal_year, 12, 31))
        ) + 1 as days_elapsed,
        date_diff('day', make_date(as_of.fiscal_year, 1, 1), make_date(as_of.fiscal_year, 12, 31)) + 1 as days_in_year
    from as_of
    cross join nature
)

select
    day.district_code,
    day.fiscal_year,
    day.as_of_date,
    day.expenditure_nature,
    day.month,
    coalesce(
        own_nature.time_progress, any_nature.time_progress, exact_rate(day.days_elapsed, day.days_in_year)
    ) as time_progress,
    coalesce(
        cast(own_nature.time_progress * 100 as decimal(14, 2)),
        cast(any_nature.time_progress * 100 as decimal(14, 2)),
        exact_rate_pct(day.days_elapsed, day.days_in_year)
    ) as time_progress_pct,
    case
        when coalesce(own_nature.time_progress, any_nature.time_progress) is null then 'days'
        else 'yardstick'
    end as time_progress_source
from day
left join core.reference_version as version
    on
        version.reference_table = 'time_progress_yardstick'
        and day.district_code = version.district_code
        and day.fiscal_year = version.fiscal_year
left join core.time_progress_yardstick as own_nature
    on
        version.version = own_nature.version
        and version.reference_district_code is not distinct from own_nature.district_code
        and day.month = own_nature.month
        and day.expenditure_nature = own_nature.expenditure_nature
left join core.time_progress_yardstick as any_nature
    on
        version.version = any_nature.version
        and version.reference_district_code is not distinct from any_nature.district_code
        and day.month = any_nature.month
        and any_nature.expenditure_nature is null
order by day.district_code, day.fiscal_year, day.as_of_date, day.expenditure_nature
