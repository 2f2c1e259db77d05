-- Each day of a fiscal year with the first date of an execution statement that covers it.
-- 预算年度的每一天，以及首个涵盖它的执行情况表截止日期。
-- label_zh: 执行情况表涵盖日期
-- kept: no
with statement_date as (
    select distinct
        district_code,
        fiscal_year,
        as_of_date
    from core.execution_statement
    where as_of_date is not null
),

district_year as (
    select distinct
        district_code,
        fiscal_year
    from quality.delivered_dataset
),

calendar as (
    select
        district_year.district_code,
        district_year.fiscal_year,
        cast(calendar_day.day as date) as day
    from district_year
    cross join
        unnest(
            generate_series(
                make_date(district_year.fiscal_year, 1, 1),
                make_date(district_year.fiscal_year, 12, 31),
                interval 1 day
            )
        ) as calendar_day (day)
)

-- What no statement covers yet counts from the end of all days on.
select
    calendar.district_code,
    calendar.fiscal_year,
    calendar.day,
    coalesce(min(statement_date.as_of_date), date '9999-12-31') as covered_until
from calendar
left join statement_date
    on
        calendar.district_code = statement_date.district_code
        and calendar.fiscal_year = statement_date.fiscal_year
        and calendar.day <= statement_date.as_of_date
group by calendar.district_code, calendar.fiscal_year, calendar.day
