-- The detail's money under the names that its rows give, one row per name and fund type: budget, adjustments, payments.
-- 明细资金，按数据行所写的部门、项目与资金性质汇总：预算、调整、支付。
-- label_zh: 明细资金（按原名）
-- kept: no
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

-- Every row is read once and summed under the names as given: names are resolved when only few rows are left.
budget as (
    select
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name,
        fund_type_code,
        count(*) as budget_line_count,
        count(full_year_budget_amount) as budget_line_with_full_year_count,
        sum(initial_budget_amount) as initial_budget_amount,
        sum(full_year_budget_amount) as stated_full_year_amount
    from core.annual_budget
    group by
        district_code, fiscal_year, department_code, department_name, project_code, project_name, fund_type_code
),

dated_adjustment as (
    select
        adjustment.district_code,
        adjustment.fiscal_year,
        adjustment.department_code,
        adjustment.department_name,
        adjustment.project_code,
        adjustment.project_name,
        adjustment.fund_type_code,
        adjustment.adjustment_amount,
        adjustment.adjustment_date,
        extract(month from adjustment.adjustment_date) as month,
        exempt.adjustment_reason is not null as is_exempt
    from core.budget_adjustment as adjustment
    left join exempt
        on
            adjustment.district_code = exempt.district_code
            and adjustment.fiscal_year = exempt.fiscal_year
            and trim(adjustment.adjustment_reason) = exempt.adjustment_reason
),

adjustment as (
    select
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name,
        fund_type_code,
        count(*) as adjustment_count,
        sum(case when adjustment_amount > 0 then adjustment_amount end) as increase_amount,
        sum(case when adjustment_amount < 0 then -adjustment_amount end) as decrease_amount,
        sum(case when not is_exempt then abs(adjustment_amount) end) as gross_adjustment_amount,
        sum(case when month = 1 then adjustment_amount end) as adjusted_in_01,
        sum(case when month = 2 then adjustment_amount end) as adjusted_in_02,
        sum(case when month = 3 then adjustment_amount end) as adjusted_in_03,
        sum(case when month = 4 then adjustment_amount end) as adjusted_in_04,
        sum(case when month = 5 then adjustment_amount end) as adjusted_in_05,
        sum(case when month = 6 then adjustment_amount end) as adjusted_in_06,
        sum(case when month = 7 then adjustment_amount end) as adjusted_in_07,
        sum(case when month = 8 then adjustment_amount end) as adjusted_in_08,
        sum(case when month = 9 then adjustment_amount end) as adjusted_in_09,
        sum(case when month = 10 then adjustment_amount end) as adjusted_in_10,
        sum(case when month = 11 then adjustment_amount end) as adjusted_in_11,
        sum(case when month = 12 then adjustment_amount end) as adjusted_in_12,
        max(adjustment_date) as latest_event_date
    from dated_adjustment
    group by
        district_code, fiscal_year, department_code, department_name, project_code, project_name, fund_type_code
),

dated_payment as (
    select
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name,
        fund_type_code,
        paid_amount,
        payment_date,
        extract(month from payment_date) as month
    from core.payment
),

payment as (
    select
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name,
        fund_type_code,
        count(*) as payment_count,
        sum(paid_amount) as executed_amount,
        sum(case when month = 1 then paid_amount end) as paid_in_01,
        sum(case when month = 2 then paid_amount end) as paid_in_02,
        sum(case when month = 3 then paid_amount end) as paid_in_03,
        sum(case when month = 4 then paid_amount end) as paid_in_04,
        sum(case when month = 5 then paid_amount end) as paid_in_05,
        sum(case when month = 6 then paid_amount end) as paid_in_06,
        sum(case when month = 7 then paid_amount end) as paid_in_07,
        sum(case when month = 8 then paid_amount end) as paid_in_08,
        sum(case when month = 9 then paid_amount end) as paid_in_09,
        sum(case when month = 10 then paid_amount end) as paid_in_10,
        sum(case when month = 11 then paid_amount end) as paid_in_11,
        sum(case when month = 12 then paid_amount end) as paid_in_12,
        max(payment_date) as latest_event_date
    from dated_payment
    group by
        district_code, fiscal_year, department_code, department_name, project_code, project_name, fund_type_code
),

given as (
    select
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name,
        fund_type_code
    from budget
    union
    select
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name,
        fund_type_code
    from adjustment
    union
    select
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name,
        fund_type_code
    from payment
)

select
    given.district_code,
    given.fiscal_year,
    given.department_code,
    given.department_name,
    given.project_code,
    given.project_name,
    given.fund_type_code,
    coalesce(budget.budget_line_count, 0) as budget_line_count,
    coalesce(budget.budget_line_with_full_year_count, 0) as budget_line_with_full_year_count,
    coalesce(budget.initial_budget_amount, 0) as initial_budget_amount,
    coalesce(budget.stated_full_year_amount, 0) as stated_full_year_amount,
    coalesce(adjustment.adjustment_count, 0) as adjustment_count,
    coalesce(adjustment.increase_amount, 0) as increase_amount,
    coalesce(adjustment.decrease_amount, 0) as decrease_amount,
    coalesce(adjustment.gross_adjustment_amount, 0) as gross_adjustment_amount,
    coalesce(payment.payment_count, 0) as payment_count,
    coalesce(payment.executed_amount, 0) as executed_amount,
    coalesce(adjustment.adjusted_in_01, 0) as adjusted_in_01,
    coalesce(adjustment.adjusted_in_02, 0) as adjusted_in_02,
    coalesce(adjustment.adjusted_in_03, 0) as adjusted_in_03,
    coalesce(adjustment.adjusted_in_04, 0) as adjusted_in_04,
    coalesce(adjustment.adjusted_in_05, 0) as adjusted_in_05,
    coalesce(adjustment.adjusted_in_06, 0) as adjusted_in_06,
    coalesce(adjustment.adjusted_in_07, 0) as adjusted_in_07,
    coalesce(adjustment.adjusted_in_08, 0) as adjusted_in_08,
    coalesce(adjustment.adjusted_in_09, 0) as adjusted_in_09,
    coalesce(adjustment.adjusted_in_10, 0) as adjusted_in_10,
    coalesce(adjustment.adjusted_in_11, 0) as adjusted_in_11,
    coalesce(adjustment.adjusted_in_12, 0) as adjusted_in_12,
    coalesce(payment.paid_in_01, 0) as paid_in_01,
    coalesce(payment.paid_in_02, 0) as paid_in_02,
    coalesce(payment.paid_in_03, 0) as paid_in_03,
    coalesce(payment.paid_in_04, 0) as paid_in_04,
    coalesce(payment.paid_in_05, 0) as paid_in_05,
    coalesce(payment.paid_in_06, 0) as paid_in_06,
    coalesce(payment.paid_in_07, 0) as paid_in_07,
    coalesce(payment.paid_in_08, 0) as paid_in_08,
    coalesce(payment.paid_in_09, 0) as paid_in_09,
    coalesce(payment.paid_in_10, 0) as paid_in_10,
    coalesce(payment.paid_in_11, 0) as paid_in_11,
    coalesce(payment.paid_in_12, 0) as paid_in_12,
    greatest(adjustment.latest_event_date, payment.latest_event_date) as latest_event_date
from given
left join budget
    on
        given.district_code = budget.district_code
        and given.fiscal_year = budget.fiscal_year
        and given.department_code is not distinct from budget.department_code
        and given.department_name is not distinct from budget.department_name
        and given.project_code is not distinct from budget.project_code
        and given.project_name is not distinct from budget.project_name
        and given.fund_type_code is not distinct from budget.fund_type_code
left join adjustment
    on
        given.district_code = adjustment.district_code
        and given.fiscal_year = adjustment.fiscal_year
        and given.department_code is not distinct from adjustment.department_code
        and given.department_name is not distinct from adjustment.department_name
        and given.project_code is not distinct from adjustment.project_code
        and given.project_name is not distinct from adjustment.project_name
        and given.fund_type_code is not distinct from adjustment.fund_type_code
left join payment
    on
        given.district_code = payment.district_code
        and given.fiscal_year = payment.fiscal_year
        and given.department_code is not distinct from payment.department_code
        and given.department_name is not distinct from payment.department_name
        and given.project_code is not distinct from payment.project_code
        and given.project_name is not distinct from payment.project_name
        and given.fund_type_code is not distinct from payment.fund_type_code
