-- Every district-year: whether it is over, and whether its detail reaches its end; a half year is never a whole one.
-- 各区年度是否已结束，以及明细是否报到年末；半年数不当作全年数。
-- label_zh: 年度是否结束
with later as (
    select
        district_code,
        max(fiscal_year) as latest_executed_year
    from core.district_year_grain
    where latest_payment_date is not null or has_execution_statement
    group by district_code
),

accepted as (
    select
        district_code,
        fiscal_year,
        max(accepted_at) as accepted_at
    from quality.district_year
    group by district_code, fiscal_year
),

stated as (
    select
        district_code,
        fiscal_year,
        max(as_of_date) as as_of_date
    from core.statement_line
    group by district_code, fiscal_year
),

reached as (
    select
        grain.district_code,
        grain.fiscal_year,
        make_date(grain.fiscal_year, 12, 31) as year_end_date,
        grain.latest_payment_date,
        coalesce(stated.as_of_date >= make_date(grain.fiscal_year, 12, 31), false) as is_stated_until_end,
        -- Execution of a later year has begun, or what counts came when the year was over.
        coalesce(later.latest_executed_year > grain.fiscal_year, false)
        or coalesce(accepted.accepted_at >= make_date(grain.fiscal_year + 1, 1, 1), false) as is_over
    from core.district_year_grain as grain
    left join later on grain.district_code = later.district_code
    left join accepted
        on
            grain.district_code = accepted.district_code
            and grain.fiscal_year = accepted.fiscal_year
    left join stated
        on
            grain.district_code = stated.district_code
            and grain.fiscal_year = stated.fiscal_year
)

select
    district_code,
    fiscal_year,
    is_over,
    -- Offices pay until some day in December, seldom on the last.
    coalesce(
        latest_payment_date >= year_end_date
        or is_stated_until_end
        or (extract(month from latest_payment_date) = 12 and is_over),
        false
    ) as is_detail_finished
from reached
order by district_code, fiscal_year
