-- The detail's money per project, fund type and month: initial budget (month 0), adjustments, payments.
-- 明细资金，按项目、资金性质与月份：年初预算（0 月）、调整、支付。
-- label_zh: 明细资金变动
with exempt as (
    select distinct
        version.district_code,
        version.fiscal_year,
        reason.adjustment_reason
    from core.reference_version as version
    inner join core.exempt_adjustment_reasons as reason
        on
            version.version = reason.version
            and version.reference_district_code is not distinct from reason.district_code
    where version.reference_table = 'exempt_adjustment_reasons'
),

-- Summed under the names as given, so that only few rows have to be resolved.
movement as (
    select
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name,
        fund_type_code,
        0 as month,
        count(*) as budget_line_count,
        count(full_year_budget_amount) as budget_line_with_full_year_count,
        sum(initial_budget_amount) as initial_budget_amount,
        sum(coalesce(full_year_budget_amount, 0)) as stated_full_year_amount,
        0 as adjustment_count,
        0 as increase_amount,
        0 as decrease_amount,
        0 as gross_adjustment_amount,
        0 as payment_count,
        0 as executed_amount,
        cast(null as date) as latest_event_date
    from core.annual_budget
    group by
        district_code, fiscal_year, department_code, department_name, project_code, project_name, fund_type_code
    union all
    select
        adjustment.district_code,
        adjustment.fiscal_year,
        adjustment.department_code,
        adjustment.department_name,
        adjustment.project_code,
        adjustment.project_name,
        adjustment.fund_type_code,
        extract(month from adjustment.adjustment_date) as month,
        0 as budget_line_count,
        0 as budget_line_with_full_year_count,
        0 as initial_budget_amount,
        0 as stated_full_year_amount,
        count(*) as adjustment_count,
        sum(greatest(adjustment.adjustment_amount, 0)) as increase_amount,
        sum(greatest(-adjustment.adjustment_amount, 0)) as decrease_amount,
        sum(
            case when exempt.adjustment_reason is null then abs(adjustment.adjustment_amount) else 0 end
        ) as gross_adjustment_amount,
        0 as payment_count,
        0 as executed_amount,
        max(adjustment.adjustment_date) as latest_event_date
    from core.budget_adjustment as adjustment
    left join exempt
        on
            adjustment.district_code = exempt.district_code
            and adjustment.fiscal_year = exempt.fiscal_year
            and trim(adjustment.adjustment_reason) = exempt.adjustment_reason
    group by
        adjustment.district_code,
        adjustment.fiscal_year,
        adjustment.department_code,
        adjustment.department_name,
        adjustment.project_code,
        adjustment.project_name,
        adjustment.fund_type_code,
        extract(month from adjustment.adjustment_date)
    union all
    select
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name,
        fund_type_code,
        extract(month from payment_date) as month,
        0 as budget_line_count,
        0 as budget_line_with_full_year_count,
        0 as initial_budget_amount,
        0 as stated_full_year_amount,
        0 as adjustment_count,
        0 as increase_amount,
        0 as decrease_amount,
        0 as gross_adjustment_amount,
        count(*) as payment_count,
        sum(paid_amount) as executed_amount,
        max(payment_date) as latest_event_date
    from core.payment
    group by
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name,
        fund_type_code,
        extract(month from payment_date)
)

select
    movement.district_code,
    movement.fiscal_year,
    project.department_code,
    project.department_name,
    project.project_code,
    project.project_name,
    project.project_kind,
    project.expenditure_nature,
    movement.fund_type_code,
    movement.month,
    sum(movement.budget_line_count) as budget_line_count,
    sum(movement.budget_line_with_full_year_count) as budget_line_with_full_year_count,
    sum(movement.initial_budget_amount) as initial_budget_amount,
    sum(movement.stated_full_year_amount) as stated_full_year_amount,
    sum(movement.adjustment_count) as adjustment_count,
    sum(movement.increase_amount) as increase_amount,
    sum(movement.decrease_amount) as decrease_amount,
    sum(movement.gross_adjustment_amount) as gross_adjustment_amount,
    sum(movement.payment_count) as payment_count,
    sum(movement.executed_amount) as executed_amount,
    max(movement.latest_event_date) as latest_event_date
from movement
inner join core.project_resolution as project
    on
        movement.district_code = project.district_code
        and movement.fiscal_year = project.fiscal_year
        and movement.department_code is not distinct from project.given_department_code
        and movement.department_name is not distinct from project.given_department_name
        and movement.project_code is not distinct from project.given_project_code
        and movement.project_name is not distinct from project.given_project_name
group by
    movement.district_code,
    movement.fiscal_year,
    project.department_code,
    project.department_name,
    project.project_code,
    project.project_name,
    project.project_kind,
    project.expenditure_nature,
    movement.fund_type_code,
    movement.month
order by
    movement.district_code,
    movement.fiscal_year,
    project.department_code,
    project.department_name,
    project.project_code,
    project.project_name,
    movement.fund_type_code,
    movement.month
