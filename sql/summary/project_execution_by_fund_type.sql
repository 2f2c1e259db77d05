-- Budget and execution of each project by fund type; the detail's part of the project, which adds up to it.
-- 各项目按资金性质的预算与执行情况；取自明细，合计等于项目。
-- label_zh: 项目预算执行（按资金性质）
with project as (
    select
        figure.district_code,
        figure.fiscal_year,
        figure.department_code,
        figure.department_name,
        figure.project_code,
        figure.project_name,
        figure.project_kind,
        figure.expenditure_nature,
        figure.as_of_date,
        grain.has_annual_budget,
        grain.has_budget_adjustment,
        grain.has_payment,
        grain.has_full_year_on_every_budget_line
    from core.execution_figure as figure
    inner join core.district_year_grain as grain
        on
            figure.district_code = grain.district_code
            and figure.fiscal_year = grain.fiscal_year
    where figure.figure_level = 'project' and figure.source_grain = 'detail'
),

named as (
    select
        district_code,
        fiscal_year,
        fund_type_code,
        min(fund_type_name) as fund_type_name
    from core.fund_type
    group by district_code, fiscal_year, fund_type_code
),

figure as (
    select
        project.district_code,
        project.fiscal_year,
        project.department_code,
        project.department_name,
        project.project_code,
        project.project_name,
        project.project_kind,
        project.expenditure_nature,
        item.fund_type_code,
        project.as_of_date,
        case when project.has_annual_budget then item.initial_budget_amount end as initial_budget_amount,
        case
            when not project.has_annual_budget then null
            when project.has_budget_adjustment
                then item.initial_budget_amount + item.increase_amount - item.decrease_amount
            when item.budget_line_count = 0 and project.has_full_year_on_every_budget_line then 0
            when
                item.budget_line_count > 0
                and item.budget_line_count = item.budget_line_with_full_year_count
                then item.stated_full_year_amount
        end as full_year_budget_amount,
        case when project.has_payment then item.executed_amount end as executed_amount
    from core.detail_movement as item
    inner join project
        on
            item.district_code = project.district_code
            and item.fiscal_year = project.fiscal_year
            and item.department_code is not distinct from project.department_code
            and item.department_name is not distinct from project.department_name
            and item.project_code is not distinct from project.project_code
            and item.project_name is not distinct from project.project_name
)

select
    figure.district_code,
    figure.fiscal_year,
    figure.department_code,
    figure.department_name,
    code_or_name(figure.department_code, figure.department_name) as department_key,
    figure.project_code,
    figure.project_name,
    code_or_name(figure.project_code, figure.project_name) as project_key,
    figure.project_kind,
    figure.expenditure_nature,
    figure.fund_type_code,
    coalesce(named.fund_type_name, reference.fund_type_name) as fund_type_name,
    figure.initial_budget_amount,
    figure.full_year_budget_amount - figure.initial_budget_amount as net_adjustment_amount,
    figure.full_year_budget_amount,
    figure.executed_amount,
    figure.full_year_budget_amount - figure.executed_amount as unspent_amount,
    exact_rate(figure.executed_amount, figure.full_year_budget_amount) as execution_rate,
    exact_rate_pct(figure.executed_amount, figure.full_year_budget_amount) as execution_rate_pct,
    exact_rate(figure.executed_amount, figure.initial_budget_amount) as completion_rate_of_initial,
    exact_rate_pct(figure.executed_amount, figure.initial_budget_amount) as completion_rate_of_initial_pct,
    exact_rate(
        figure.full_year_budget_amount - figure.initial_budget_amount, figure.initial_budget_amount
    ) as net_adjustment_rate,
    exact_rate_pct(
        figure.full_year_budget_amount - figure.initial_budget_amount, figure.initial_budget_amount
    ) as net_adjustment_rate_pct,
    execution_status(figure.executed_amount, figure.full_year_budget_amount) as execution_status,
    adjustment_status(
        figure.initial_budget_amount, figure.full_year_budget_amount - figure.initial_budget_amount
    ) as adjustment_status,
    'detail' as source_grain,
    figure.as_of_date,
    mark.is_complete,
    mark.set_aside_row_count,
    mark.set_aside_amount
from figure
left join core.figure_completeness as mark
    on
        mark.figure_level = 'project_fund_type'
        and figure.district_code = mark.district_code
        and figure.fiscal_year = mark.fiscal_year
        and code_or_name(figure.department_code, figure.department_name) = mark.department_key
        and code_or_name(figure.project_code, figure.project_name) = mark.project_key
        and figure.fund_type_code is not distinct from mark.fund_type_code
left join named
    on
        figure.district_code = named.district_code
        and figure.fiscal_year = named.fiscal_year
        and figure.fund_type_code = named.fund_type_code
left join core.fund_type_reference as reference on figure.fund_type_code = reference.fund_type_code
order by
    figure.district_code, figure.fiscal_year, figure.department_code, figure.department_name, figure.project_code,
    figure.project_name, figure.fund_type_code
