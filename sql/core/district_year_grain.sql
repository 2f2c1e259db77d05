-- Every district and fiscal year that delivered anything: which datasets there are, and which of them is the source.
-- 每个交来数据的区与年度：交来哪些数据集、以何者为来源。
-- label_zh: 区年度数据来源
-- derived_from: district_year
with delivered as (
    select
        district_code,
        fiscal_year,
        max(case when dataset = 'annual_budget' then 1 else 0 end) = 1 as has_annual_budget,
        max(case when dataset = 'budget_adjustment' then 1 else 0 end) = 1 as has_budget_adjustment,
        max(case when dataset = 'payment' then 1 else 0 end) = 1 as has_payment,
        max(case when dataset = 'carryover' then 1 else 0 end) = 1 as has_carryover,
        max(case when dataset = 'execution_statement' then 1 else 0 end) = 1 as has_execution_statement
    from quality.delivered_dataset
    group by district_code, fiscal_year
),

detail as (
    select
        district_code,
        fiscal_year,
        sum(budget_line_count) > 0
        and sum(budget_line_count) = sum(budget_line_with_full_year_count) as has_full_year_on_every_budget_line,
        max(case when payment_count > 0 then latest_event_date end) as latest_payment_date,
        max(case when adjustment_count > 0 then latest_event_date end) as latest_adjustment_date
    from core.detail_given
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
    coalesce(detail.has_full_year_on_every_budget_line, false) as has_full_year_on_every_budget_line,
    -- What was paid decides up to when the detail counts: an adjustment of a later day shows nothing of execution.
    coalesce(detail.latest_payment_date, detail.latest_adjustment_date) as latest_event_date,
    detail.latest_payment_date,
    detail.latest_adjustment_date
from delivered
left join detail
    on
        delivered.district_code = detail.district_code
        and delivered.fiscal_year = detail.fiscal_year
order by delivered.district_code, delivered.fiscal_year
