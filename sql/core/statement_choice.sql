-- Which statement lines count for which figure: of a unit's lines the latest, among them the total line before a
--   breakdown, and never a list of projects for their department, which named projects need not add up to.
-- 各项数据取自执行情况表的哪些行：每个单位取最新一期，有总行取总行，不以项目之和代替部门数。
-- label_zh: 执行情况表取用行
with level as (
    select 'department' as figure_level
    union all
    select 'project' as figure_level
    union all
    select 'fund_type' as figure_level
    union all
    select 'nature' as figure_level
),

ranked as (
    select
        level.figure_level,
        line.district_code,
        line.fiscal_year,
        line.department_code,
        line.department_name,
        line.project_code,
        line.project_name,
        line.project_kind,
        case
            when level.figure_level = 'project' then line.project_nature
            when level.figure_level = 'nature' then line.expenditure_nature
        end as expenditure_nature,
        case when level.figure_level = 'fund_type' then line.fund_type_code end as fund_type_code,
        line.initial_budget_amount,
        line.adjustment_amount,
        line.full_year_budget_amount,
        line.executed_amount,
        line.as_of_date,
        line.source_file_id,
        line.source_sheet,
        line.source_line,
        dense_rank() over (
            partition by
                level.figure_level,
                line.district_code,
                line.fiscal_year,
                coalesce(line.unit_code, line.unit_name),
                line.department_code,
                coalesce(line.project_code, line.project_name)
            order by
                case
                    when level.figure_level = 'fund_type' and line.fund_type_code is null then 1
                    when level.figure_level = 'nature' and line.expenditure_nature is null then 1
                    else 0
                end,
                case when line.as_of_date is null then 1 else 0 end,
                line.as_of_date desc,
                case
                    when line.fund_type_code is null and line.expenditure_nature is null then 1
                    when line.expenditure_nature is null then 2
                    when line.fund_type_code is null then 3
                    else 4
                end
        ) as choice
    from core.statement_line as line
    inner join level
        on (level.figure_level = 'project') = (coalesce(line.project_code, line.project_name) is not null)
)

select
    figure_level,
    district_code,
    fiscal_year,
    department_code,
    department_name,
    project_code,
    project_name,
    project_kind,
    expenditure_nature,
    fund_type_code,
    initial_budget_amount,
    adjustment_amount,
    full_year_budget_amount,
    executed_amount,
    as_of_date,
    source_file_id,
    source_sheet,
    source_line
from ranked
where choice = 1
