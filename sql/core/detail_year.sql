-- The detail figures of departments and projects with their adjustments and payments of the twelve months, as lists:
--   of each month, and until the end of each month.
-- 取自明细的部门、项目数字及其十二个月的调整与支付，以列表给出当月数与累计数。
-- label_zh: 明细全年分月
-- kept: as a view
with level as (
    select 'department' as figure_level
    union all
    select 'project' as figure_level
),

moved as (
    select
        level.figure_level,
        item.district_code,
        item.fiscal_year,
        item.department_code,
        item.department_name,
        case when level.figure_level = 'project' then item.project_code end as project_code,
        case when level.figure_level = 'project' then item.project_name end as project_name,
        cast(sum(item.adjusted_in_01) as decimal(18, 2)) as adjusted_in_01,
        cast(sum(item.adjusted_in_02) as decimal(18, 2)) as adjusted_in_02,
        cast(sum(item.adjusted_in_03) as decimal(18, 2)) as adjusted_in_03,
        cast(sum(item.adjusted_in_04) as decimal(18, 2)) as adjusted_in_04,
        cast(sum(item.adjusted_in_05) as decimal(18, 2)) as adjusted_in_05,
        cast(sum(item.adjusted_in_06) as decimal(18, 2)) as adjusted_in_06,
        cast(sum(item.adjusted_in_07) as decimal(18, 2)) as adjusted_in_07,
        cast(sum(item.adjusted_in_08) as decimal(18, 2)) as adjusted_in_08,
        cast(sum(item.adjusted_in_09) as decimal(18, 2)) as adjusted_in_09,
        cast(sum(item.adjusted_in_10) as decimal(18, 2)) as adjusted_in_10,
        cast(sum(item.adjusted_in_11) as decimal(18, 2)) as adjusted_in_11,
        cast(sum(item.adjusted_in_12) as decimal(18, 2)) as adjusted_in_12,
        cast(sum(item.paid_in_01) as decimal(18, 2)) as paid_in_01,
        cast(sum(item.paid_in_02) as decimal(18, 2)) as paid_in_02,
        cast(sum(item.paid_in_03) as decimal(18, 2)) as paid_in_03,
        cast(sum(item.paid_in_04) as decimal(18, 2)) as paid_in_04,
        cast(sum(item.paid_in_05) as decimal(18, 2)) as paid_in_05,
        cast(sum(item.paid_in_06) as decimal(18, 2)) as paid_in_06,
        cast(sum(item.paid_in_07) as decimal(18, 2)) as paid_in_07,
        cast(sum(item.paid_in_08) as decimal(18, 2)) as paid_in_08,
        cast(sum(item.paid_in_09) as decimal(18, 2)) as paid_in_09,
        cast(sum(item.paid_in_10) as decimal(18, 2)) as paid_in_10,
        cast(sum(item.paid_in_11) as decimal(18, 2)) as paid_in_11,
        cast(sum(item.paid_in_12) as decimal(18, 2)) as paid_in_12
    from core.detail_movement as item
    cross join level
    group by
        level.figure_level,
        item.district_code,
        item.fiscal_year,
        item.department_code,
        item.department_name,
        case when level.figure_level = 'project' then item.project_code end,
        case when level.figure_level = 'project' then item.project_name end
),

cumulated as (
    select
        *,
        adjusted_in_01 as adjusted_until_01,
        adjusted_until_01 + adjusted_in_02 as adjusted_until_02,
        adjusted_until_02 + adjusted_in_03 as adjusted_until_03,
        adjusted_until_03 + adjusted_in_04 as adjusted_until_04,
        adjusted_until_04 + adjusted_in_05 as adjusted_until_05,
        adjusted_until_05 + adjusted_in_06 as adjusted_until_06,
        adjusted_until_06 + adjusted_in_07 as adjusted_until_07,
        adjusted_until_07 + adjusted_in_08 as adjusted_until_08,
        adjusted_until_08 + adjusted_in_09 as adjusted_until_09,
        adjusted_until_09 + adjusted_in_10 as adjusted_until_10,
        adjusted_until_10 + adjusted_in_11 as adjusted_until_11,
        adjusted_until_11 + adjusted_in_12 as adjusted_until_12,
        paid_in_01 as paid_until_01,
        paid_until_01 + paid_in_02 as paid_until_02,
        paid_until_02 + paid_in_03 as paid_until_03,
        paid_until_03 + paid_in_04 as paid_until_04,
        paid_until_04 + paid_in_05 as paid_until_05,
        paid_until_05 + paid_in_06 as paid_until_06,
        paid_until_06 + paid_in_07 as paid_until_07,
        paid_until_07 + paid_in_08 as paid_until_08,
        paid_until_08 + paid_in_09 as paid_until_09,
        paid_until_09 + paid_in_10 as paid_until_10,
        paid_until_10 + paid_in_11 as paid_until_11,
        paid_until_11 + paid_in_12 as paid_until_12
    from moved
)

select
    figure.figure_level,
    figure.district_code,
    figure.fiscal_year,
    figure.department_code,
    figure.department_name,
    figure.project_code,
    figure.project_name,
    figure.project_kind,
    figure.expenditure_nature,
    figure.initial_budget_amount,
    figure.full_year_budget_amount,
    [
        moved.adjusted_in_01, moved.adjusted_in_02, moved.adjusted_in_03, moved.adjusted_in_04,
        moved.adjusted_in_05, moved.adjusted_in_06, moved.adjusted_in_07, moved.adjusted_in_08,
        moved.adjusted_in_09, moved.adjusted_in_10, moved.adjusted_in_11, moved.adjusted_in_12
    ] as adjusted_in_month,
    [
        moved.adjusted_until_01, moved.adjusted_until_02, moved.adjusted_until_03, moved.adjusted_until_04,
        moved.adjusted_until_05, moved.adjusted_until_06, moved.adjusted_until_07, moved.adjusted_until_08,
        moved.adjusted_until_09, moved.adjusted_until_10, moved.adjusted_until_11, moved.adjusted_until_12
    ] as adjusted_until_month,
    [
        moved.paid_in_01, moved.paid_in_02, moved.paid_in_03, moved.paid_in_04,
        moved.paid_in_05, moved.paid_in_06, moved.paid_in_07, moved.paid_in_08,
        moved.paid_in_09, moved.paid_in_10, moved.paid_in_11, moved.paid_in_12
    ] as paid_in_month,
    [
        moved.paid_until_01, moved.paid_until_02, moved.paid_until_03, moved.paid_until_04,
        moved.paid_until_05, moved.paid_until_06, moved.paid_until_07, moved.paid_until_08,
        moved.paid_until_09, moved.paid_until_10, moved.paid_until_11, moved.paid_until_12
    ] as paid_until_month
from core.execution_figure as figure
left join cumulated as moved
    on
        figure.figure_level = moved.figure_level
        and figure.district_code = moved.district_code
        and figure.fiscal_year = moved.fiscal_year
        and figure.department_code is not distinct from moved.department_code
        and figure.department_name is not distinct from moved.department_name
        and figure.project_code is not distinct from moved.project_code
        and figure.project_name is not distinct from moved.project_name
where figure.figure_level in ('department', 'project') and figure.source_grain = 'detail'
