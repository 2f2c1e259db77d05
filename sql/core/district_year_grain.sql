-- Every district and fiscal year that delivered anything: which datasets there are, and which of them is the source.
-- 每个交来数据的区与年度：交来哪些数据集、以何者为来源。
-- label_zh: 区年度数据来源
with found as (
    select
        district_code,
        fiscal_year,
        dataset
    from quality.delivered_dataset
    union
    select distinct
        district_code,
        fiscal_year,
        'department' as dataset
    from core.department
    union
    select distinct
        district_code,
        fiscal_year,
        'project' as dataset
    from core.project
    union
    select distinct
        district_code,
        fiscal_year,
        'annual_budget' as dataset
    from core.annual_budget
    union
    select distinct
        district_code,
        fiscal_year,
        'budget_adjustment' as dataset
    from core.budget_adjustment
    union
    select distinct
        district_code,
        fiscal_year,
        'payment' as dataset
    from core.payment
    union
    select distinct
        district_code,
        fiscal_year,
        'carryover' as dataset
    from core.carryover
    union
    select distinct
        district_code,
        fiscal_year,
        'execution_statement' as dataset
    from core.execution_statement
),

delivered as (
    select
        district_code,
        fiscal_year,
        max(case when dataset = 'annual_budget' then 1 else 0 end) = 1 as has_annual_budget,
        max(case when dataset = 'budget_adjustment' then 1 else 0 end) = 1 as has_budget_adjustment,
        max(case when dataset = 'payment' then 1 else 0 end) = 1 as has_payment,
        max(case when dataset = 'carryover' then 1 else 0 end) = 1 as has_carryover,
        max(case when dataset = 'execution_statement' then 1 else 0 end) = 1 as has_execution_statement
    from found
    group by district_code, fiscal_year
),

event as (
    select
        district_code,
        fiscal_year,
        max(adjustment_date) as event_date
    from core.budget_adjustment
    group by district_code, fiscal_year
    union all
    select
        district_code,
        fiscal_year,
        max(payment_date) as event_date
    from core.payment
    group by district_code, fiscal_year
),

latest as (
    select
        district_code,
        fiscal_year,
        max(event_date) as latest_event_date
    from event
    group by district_code, fiscal_year
),

budget as (
    select
        district_code,
        fiscal_year,
        count(*) = count(full_year_budget_amount) as has_full_year_on_every_budget_line
    from core.annual_budget
    group by district_code, fiscal_year
)

select
    delivered.district_code,
    delivered.fiscal_year,
    case
        when delivered.has_annual_budget or not delivered.has_execution_statement then 'detail'
        else 'statement'
    end as source_grain,
    delivered.has_annual_budget,
    delivered.has_budget_adjustment,
    delivered.has_payment,
    delivered.has_carryover,
    delivered.has_execution_statement,
    coalesce(budget.has_full_year_on_every_budget_line, false) as has_full_year_on_every_budget_line,
    latest.latest_event_date
from delivered
left join latest
    on delivered.district_code = latest.district_code and delivered.fiscal_year = latest.fiscal_year
left join budget
    on delivered.district_code = budget.district_code and delivered.fiscal_year = budget.fiscal_year
order by delivered.district_code, delivered.fiscal_year
