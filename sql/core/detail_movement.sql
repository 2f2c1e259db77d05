-- The detail's money of each project and fund type: budget, adjustments and payments, in the year and by month.
-- 各项目各资金性质的明细资金：预算、调整、支付，全年与分月。
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

-- Every row is read once and summed under the names as given: names are resolved when only few rows are left.
given as (
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
        sum(full_year_budget_amount) as stated_full_year_amount,
        null as adjustment_count,
        null as increase_amount,
        null as decrease_amount,
        null as gross_adjustment_amount,
        null as payment_count,
        null as executed_amount,
        null as adjusted_in_01,
        null as adjusted_in_02,
        null as adjusted_in_03,
        null as adjusted_in_04,
        null as adjusted_in_05,
        null as adjusted_in_06,
        null as adjusted_in_07,
        null as adjusted_in_08,
        null as adjusted_in_09,
        null as adjusted_in_10,
        null as adjusted_in_11,
        null as adjusted_in_12,
        null as paid_in_01,
        null as paid_in_02,
        null as paid_in_03,
        null as paid_in_04,
        null as paid_in_05,
        null as paid_in_06,
        null as paid_in_07,
        null as paid_in_08,
        null as paid_in_09,
        null as paid_in_10,
        null as paid_in_11,
        null as paid_in_12,
        cast(null as date) as latest_event_date
    from core.annual_budget
    group by
        district_code, fiscal_year, department_code, department_name, project_code, project_name, fund_type_code
    union all
    select
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name,
        fund_type_code,
        null as budget_line_count,
        null as budget_line_with_full_year_count,
        null as initial_budget_amount,
        null as stated_full_year_amount,
        count(*) as adjustment_count,
        sum(case when adjustment_amount > 0 then adjustment_amount end) as increase_amount,
        sum(case when adjustment_amount < 0 then -adjustment_amount end) as decrease_amount,
        sum(case when not is_exempt then abs(adjustment_amount) end) as gross_adjustment_amount,
        null as payment_count,
        null as executed_amount,
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
        null as paid_in_01,
        null as paid_in_02,
        null as paid_in_03,
        null as paid_in_04,
        null as paid_in_05,
        null as paid_in_06,
        null as paid_in_07,
        null as paid_in_08,
        null as paid_in_09,
        null as paid_in_10,
        null as paid_in_11,
        null as paid_in_12,
        max(adjustment_date) as latest_event_date
    from dated_adjustment
    group by
        district_code, fiscal_year, department_code, department_name, project_code, project_name, fund_type_code
    union all
    select
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name,
        fund_type_code,
        null as budget_line_count,
        null as budget_line_with_full_year_count,
        null as initial_budget_amount,
        null as stated_full_year_amount,
        null as adjustment_count,
        null as increase_amount,
        null as decrease_amount,
        null as gross_adjustment_amount,
        count(*) as payment_count,
        sum(paid_amount) as executed_amount,
        null as adjusted_in_01,
        null as adjusted_in_02,
        null as adjusted_in_03,
        null as adjusted_in_04,
        null as adjusted_in_05,
        null as adjusted_in_06,
        null as adjusted_in_07,
        null as adjusted_in_08,
        null as adjusted_in_09,
        null as adjusted_in_10,
        null as adjusted_in_11,
        null as adjusted_in_12,
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
)

select
    given.district_code,
    given.fiscal_year,
    project.department_code,
    project.department_name,
    project.project_code,
    project.project_name,
    project.project_kind,
    project.expenditure_nature,
    given.fund_type_code,
    coalesce(sum(given.budget_line_count), 0) as budget_line_count,
    coalesce(sum(given.budget_line_with_full_year_count), 0) as budget_line_with_full_year_count,
    coalesce(sum(given.initial_budget_amount), 0) as initial_budget_amount,
    coalesce(sum(given.stated_full_year_amount), 0) as stated_full_year_amount,
    coalesce(sum(given.adjustment_count), 0) as adjustment_count,
    coalesce(sum(given.increase_amount), 0) as increase_amount,
    coalesce(sum(given.decrease_amount), 0) as decrease_amount,
    coalesce(sum(given.gross_adjustment_amount), 0) as gross_adjustment_amount,
    coalesce(sum(given.payment_count), 0) as payment_count,
    coalesce(sum(given.executed_amount), 0) as executed_amount,
    coalesce(sum(given.adjusted_in_01), 0) as adjusted_in_01,
    coalesce(sum(given.adjusted_in_02), 0) as adjusted_in_02,
    coalesce(sum(given.adjusted_in_03), 0) as adjusted_in_03,
    coalesce(sum(given.adjusted_in_04), 0) as adjusted_in_04,
    coalesce(sum(given.adjusted_in_05), 0) as adjusted_in_05,
    coalesce(sum(given.adjusted_in_06), 0) as adjusted_in_06,
    coalesce(sum(given.adjusted_in_07), 0) as adjusted_in_07,
    coalesce(sum(given.adjusted_in_08), 0) as adjusted_in_08,
    coalesce(sum(given.adjusted_in_09), 0) as adjusted_in_09,
    coalesce(sum(given.adjusted_in_10), 0) as adjusted_in_10,
    coalesce(sum(given.adjusted_in_11), 0) as adjusted_in_11,
    coalesce(sum(given.adjusted_in_12), 0) as adjusted_in_12,
    coalesce(sum(given.paid_in_01), 0) as paid_in_01,
    coalesce(sum(given.paid_in_02), 0) as paid_in_02,
    coalesce(sum(given.paid_in_03), 0) as paid_in_03,
    coalesce(sum(given.paid_in_04), 0) as paid_in_04,
    coalesce(sum(given.paid_in_05), 0) as paid_in_05,
    coalesce(sum(given.paid_in_06), 0) as paid_in_06,
    coalesce(sum(given.paid_in_07), 0) as paid_in_07,
    coalesce(sum(given.paid_in_08), 0) as paid_in_08,
    coalesce(sum(given.paid_in_09), 0) as paid_in_09,
    coalesce(sum(given.paid_in_10), 0) as paid_in_10,
    coalesce(sum(given.paid_in_11), 0) as paid_in_11,
    coalesce(sum(given.paid_in_12), 0) as paid_in_12,
    max(given.latest_event_date) as latest_event_date
from given
inner join core.project_resolution as project
    on
        given.district_code = project.district_code
        and given.fiscal_year = project.fiscal_year
        and given.department_code is not distinct from project.given_department_code
        and given.department_name is not distinct from project.given_department_name
        and given.project_code is not distinct from project.given_project_code
        and given.project_name is not distinct from project.given_project_name
group by
    given.district_code,
    given.fiscal_year,
    project.department_code,
    project.department_name,
    project.project_code,
    project.project_name,
    project.project_kind,
    project.expenditure_nature,
    given.fund_type_code
