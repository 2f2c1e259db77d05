-- Which version of each reference table is in force for a district and year, and whether it is the district's own.
-- 各参考表在某区某年度适用的版本，以及是否为该区自定。
-- label_zh: 参考表适用版本
with district_year as (
    select distinct
        district_code,
        fiscal_year
    from quality.delivered_dataset
),

offered as (
    select distinct
        'exempt_adjustment_reasons' as reference_table,
        district_code,
        version,
        first_fiscal_year,
        last_fiscal_year
    from core.exempt_adjustment_reasons
    union
    select distinct
        'time_progress_yardstick' as reference_table,
        district_code,
        version,
        first_fiscal_year,
        last_fiscal_year
    from core.time_progress_yardstick
    union
    select distinct
        'warning_thresholds' as reference_table,
        district_code,
        version,
        first_fiscal_year,
        last_fiscal_year
    from core.warning_thresholds
    union
    select distinct
        'self_evaluation_rubric' as reference_table,
        district_code,
        version,
        first_fiscal_year,
        last_fiscal_year
    from core.self_evaluation_rubric
    union
    select distinct
        'control_number_parameters' as reference_table,
        district_code,
        version,
        first_fiscal_year,
        last_fiscal_year
    from core.control_number_parameters
    union
    select distinct
        'warning_materiality' as reference_table,
        district_code,
        version,
        first_fiscal_year,
        last_fiscal_year
    from core.warning_materiality
    union
    select distinct
        'project_watch_thresholds' as reference_table,
        district_code,
        version,
        first_fiscal_year,
        last_fiscal_year
    from core.project_watch_thresholds
),

ranked as (
    select
        district_year.district_code,
        district_year.fiscal_year,
        offered.reference_table,
        offered.version,
        offered.district_code as reference_district_code,
        row_number() over (
            partition by district_year.district_code, district_year.fiscal_year, offered.reference_table
            order by
                case when offered.district_code is null then 1 else 0 end,
                offered.first_fiscal_year desc,
                offered.version desc
        ) as preference
    from district_year
    inner join offered
        on
            (offered.district_code is null or district_year.district_code = offered.district_code)
            and district_year.fiscal_year >= offered.first_fiscal_year
            and (offered.last_fiscal_year is null or district_year.fiscal_year <= offered.last_fiscal_year)
)

select
    district_code,
    fiscal_year,
    reference_table,
    version,
    reference_district_code
from ranked
where preference = 1
order by district_code, fiscal_year, reference_table
