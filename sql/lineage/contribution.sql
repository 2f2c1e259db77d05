-- The source rows behind every amount of the department and project tables: their contributions add up to the amount.
-- 部门表、项目表每个金额背后的数据行：各行计入金额之和即为该数。
-- label_zh: 数据来源明细
with figure as (
    select
        figure.figure_level,
        figure.district_code,
        figure.fiscal_year,
        figure.department_code,
        figure.department_name,
        figure.project_code,
        figure.project_name,
        figure.source_grain,
        delivered.has_payment
    from core.execution_figure as figure
    inner join core.district_year_grain as delivered
        on figure.district_code = delivered.district_code and figure.fiscal_year = delivered.fiscal_year
    where figure.figure_level in ('department', 'project')
),

file as (
    select distinct
        source_file_id,
        source_path
    from quality.source_file
),

-- To which figures a line of each dataset contributes.
contributing as (
    select
        listed.dataset,
        listed.figure_name
    from (
        values
        ('annual_budget', 'initial_budget_amount'),
        ('annual_budget', 'full_year_budget_amount'),
        ('annual_budget', 'net_adjustment_amount'),
        ('budget_adjustment', 'full_year_budget_amount'),
        ('budget_adjustment', 'net_adjustment_amount'),
        ('budget_adjustment', 'increase_amount'),
        ('budget_adjustment', 'decrease_amount'),
        ('budget_adjustment', 'gross_adjustment_amount'),
        ('payment', 'executed_amount'),
        ('execution_statement', 'initial_budget_amount'),
        ('execution_statement', 'net_adjustment_amount'),
        ('execution_statement', 'full_year_budget_amount'),
        ('execution_statement', 'executed_amount')
    ) as listed (dataset, figure_name)
),

-- Where adjustments were delivered, the full-year budget is the initial one and they; else it is as the budget states it.
budget_line as (
    select
        project.district_code,
        project.fiscal_year,
        project.department_code,
        project.department_name,
        project.project_code,
        project.project_name,
        line.fund_type_code,
        delivered.has_budget_adjustment,
        line.initial_budget_amount,
        case
            when delivered.has_budget_adjustment then line.initial_budget_amount
            else line.full_year_budget_amount
        end as full_year_budget_amount,
        line.full_year_budget_amount - line.initial_budget_amount as net_adjustment_amount,
        line.source_file_id,
        line.source_sheet,
        line.source_line
    from core.annual_budget as line
    inner join core.project_resolution as project
        on
            line.district_code = project.district_code
            and line.fiscal_year = project.fiscal_year
            and line.department_code is not distinct from project.given_department_code
            and line.department_name is not distinct from project.given_department_name
            and line.project_code is not distinct from project.given_project_code
            and line.project_name is not distinct from project.given_project_name
    inner join core.district_year_grain as delivered
        on line.district_code = delivered.district_code and line.fiscal_year = delivered.fiscal_year
),

detail_line as (
    select
        line.district_code,
        line.fiscal_year,
        line.department_code,
        line.department_name,
        line.project_code,
        line.project_name,
        line.fund_type_code,
        contributing.figure_name,
        case contributing.figure_name
            when 'initial_budget_amount' then line.initial_budget_amount
            when 'full_year_budget_amount' then line.full_year_budget_amount
            else line.net_adjustment_amount
        end as contributed_amount,
        cast(null as date) as event_date,
        contributing.dataset,
        line.source_file_id,
        line.source_sheet,
        line.source_line
    from budget_line as line
    inner join contributing on contributing.dataset = 'annual_budget'
    where contributing.figure_name <> 'net_adjustment_amount' or not line.has_budget_adjustment
    union all
    select
        line.district_code,
        line.fiscal_year,
        line.department_code,
        line.department_name,
        line.project_code,
        line.project_name,
        line.fund_type_code,
        contributing.figure_name,
        case contributing.figure_name
            when 'decrease_amount' then -line.adjustment_amount
            when 'gross_adjustment_amount' then abs(line.adjustment_amount)
            else line.adjustment_amount
        end as contributed_amount,
        line.adjustment_date as event_date,
        contributing.dataset,
        line.source_file_id,
        line.source_sheet,
        line.source_line
    from summary.adjustment_review as line
    inner join contributing on contributing.dataset = 'budget_adjustment'
    where
        line.source_file_id is not null
        and case contributing.figure_name
            when 'increase_amount' then line.adjustment_amount > 0
            when 'decrease_amount' then line.adjustment_amount < 0
            when 'gross_adjustment_amount' then not line.is_exempt
            else true
        end
    union all
    select
        project.district_code,
        project.fiscal_year,
        project.department_code,
        project.department_name,
        project.project_code,
        project.project_name,
        line.fund_type_code,
        contributing.figure_name,
        line.paid_amount as contributed_amount,
        line.payment_date as event_date,
        contributing.dataset,
        line.source_file_id,
        line.source_sheet,
        line.source_line
    from core.payment as line
    inner join contributing on contributing.dataset = 'payment'
    inner join core.project_resolution as project
        on
            line.district_code = project.district_code
            and line.fiscal_year = project.fiscal_year
            and line.department_code is not distinct from project.given_department_code
            and line.department_name is not distinct from project.given_department_name
            and line.project_code is not distinct from project.given_project_code
            and line.project_name is not distinct from project.given_project_name
),

-- A net adjustment is the stated one where every line of the figure states it, else the difference of the budgets.
statement_line as (
    select
        choice.*,
        count(*) over figure_row as line_count,
        count(choice.adjustment_amount) over figure_row as adjustment_count
    from core.statement_choice as choice
    where choice.figure_level in ('department', 'project')
    window figure_row as (
        partition by
            choice.figure_level,
            choice.district_code,
            choice.fiscal_year,
            choice.department_code,
            choice.department_name,
            choice.project_code,
            choice.project_name
    )
),

statement_contribution as (
    select
        line.figure_level,
        line.district_code,
        line.fiscal_year,
        line.department_code,
        line.department_name,
        line.project_code,
        line.project_name,
        line.fund_type_code,
        contributing.figure_name,
        case contributing.figure_name
            when 'initial_budget_amount' then line.initial_budget_amount
            when 'full_year_budget_amount' then line.full_year_budget_amount
            when 'executed_amount' then line.executed_amount
            when 'net_adjustment_amount'
                then case
                    when line.line_count = line.adjustment_count then line.adjustment_amount
                    else line.full_year_budget_amount - line.initial_budget_amount
                end
        end as contributed_amount,
        line.as_of_date as event_date,
        line.source_file_id,
        line.source_sheet,
        line.source_line
    from statement_line as line
    inner join contributing on contributing.dataset = 'execution_statement'
)

select
    figure.figure_level,
    figure.district_code,
    figure.fiscal_year,
    figure.department_code,
    figure.department_name,
    figure.project_code,
    figure.project_name,
    detail_line.figure_name,
    cast(detail_line.contributed_amount as decimal(18, 2)) as contributed_amount,
    detail_line.event_date,
    detail_line.fund_type_code,
    detail_line.dataset,
    file.source_path,
    detail_line.source_sheet,
    detail_line.source_line,
    detail_line.source_file_id
from figure
inner join detail_line
    on
        figure.district_code = detail_line.district_code
        and figure.fiscal_year = detail_line.fiscal_year
        and figure.department_code is not distinct from detail_line.department_code
        and figure.department_name is not distinct from detail_line.department_name
        and figure.project_code
        is not distinct from case when figure.figure_level = 'project' then detail_line.project_code end
        and figure.project_name
        is not distinct from case when figure.figure_level = 'project' then detail_line.project_name end
inner join file on detail_line.source_file_id = file.source_file_id
where figure.source_grain = 'detail'
union all
select
    figure.figure_level,
    figure.district_code,
    figure.fiscal_year,
    figure.department_code,
    figure.department_name,
    figure.project_code,
    figure.project_name,
    statement_contribution.figure_name,
    cast(statement_contribution.contributed_amount as decimal(18, 2)) as contributed_amount,
    statement_contribution.event_date,
    statement_contribution.fund_type_code,
    'execution_statement' as dataset,
    file.source_path,
    statement_contribution.source_sheet,
    statement_contribution.source_line,
    statement_contribution.source_file_id
from figure
inner join statement_contribution
    on
        figure.district_code = statement_contribution.district_code
        and figure.fiscal_year = statement_contribution.fiscal_year
        and figure.department_code is not distinct from statement_contribution.department_code
        and figure.department_name is not distinct from statement_contribution.department_name
        and figure.figure_level = statement_contribution.figure_level
        and figure.project_code is not distinct from statement_contribution.project_code
        and figure.project_name is not distinct from statement_contribution.project_name
inner join file on statement_contribution.source_file_id = file.source_file_id
where
    figure.source_grain = 'statement'
    -- Where payments were not delivered, what was executed is what the statement says.
    or (not figure.has_payment and statement_contribution.figure_name = 'executed_amount')
