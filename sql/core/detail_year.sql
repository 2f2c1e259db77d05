-- The detail figures of departments and projects with their adjustments and payments of the twelve months.
-- 取自明细的部门、项目数字及其十二个月的调整与支付。
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
    coalesce(moved.adjusted_in_01, 0) as adjusted_in_01,
    coalesce(moved.adjusted_in_02, 0) as adjusted_in_02,
    coalesce(moved.adjusted_in_03, 0) as adjusted_in_03,
    coalesce(moved.adjusted_in_04, 0) as adjusted_in_04,
    coalesce(moved.adjusted_in_05, 0) as adjusted_in_05,
    coalesce(moved.adjusted_in_06, 0) as adjusted_in_06,
    coalesce(moved.adjusted_in_07, 0) as adjusted_in_07,
    coalesce(moved.adjusted_in_08, 0) as adjusted_in_08,
    coalesce(moved.adjusted_in_09, 0) as adjusted_in_09,
    coalesce(moved.adjusted_in_10, 0) as adjusted_in_10,
    coalesce(moved.adjusted_in_11, 0) as adjusted_in_11,
    coalesce(moved.adjusted_in_12, 0) as adjusted_in_12,
    coalesce(moved.paid_in_01, 0) as paid_in_01,
    coalesce(moved.paid_in_02, 0) as paid_in_02,
    coalesce(moved.paid_in_03, 0) as paid_in_03,
    coalesce(moved.paid_in_04, 0) as paid_in_04,
    coalesce(moved.paid_in_05, 0) as paid_in_05,
    coalesce(moved.paid_in_06, 0) as paid_in_06,
    coalesce(moved.paid_in_07, 0) as paid_in_07,
    coalesce(moved.paid_in_08, 0) as paid_in_08,
    coalesce(moved.paid_in_09, 0) as paid_in_09,
    coalesce(moved.paid_in_10, 0) as paid_in_10,
    coalesce(moved.paid_in_11, 0) as paid_in_11,
    coalesce(moved.paid_in_12, 0) as paid_in_12
from core.execution_figure as figure
left join moved
    on
        figure.figure_level = moved.figure_level
        and figure.district_code = moved.district_code
        and figure.fiscal_year = moved.fiscal_year
        and figure.department_code is not distinct from moved.department_code
        and figure.department_name is not distinct from moved.department_name
        and figure.project_code is not distinct from moved.project_code
        and figure.project_name is not distinct from moved.project_name
where figure.figure_level in ('department', 'project') and figure.source_grain = 'detail'
