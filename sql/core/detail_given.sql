-- The detail under the names, function codes and fund types that its rows give, by the first statement date that covers
--   it; a name has a row for its budget, its adjustments and its payments each.
-- 明细资金，按数据行所写的部门、项目、功能科目与资金性质，以及首个涵盖它的执行情况表截止日期；预算、调整、支付各占一行。
-- label_zh: 明细资金（按原名）
-- kept: no
select
    -- Every row is read once and summed under the names as given: names are resolved when only few rows are left.
    district_code,
    fiscal_year,
    department_code,
    department_name,
    project_code,
    project_name,
    function_code,
    fund_type_code,
    date '0001-01-01' as covered_until,
    sum(initial_budget_amount) as initial_budget_amount,
    sum(coalesce(full_year_budget_amount, 0)) as stated_full_year_amount,
    count(*) as budget_line_count,
    count(full_year_budget_amount) as budget_line_with_full_year_count,
    0 as net_adjustment_amount,
    0 as adjustment_count,
    0 as paid_amount,
    0 as refunded_amount,
    0 as payment_count,
    cast(null as date) as latest_event_date
from core.annual_budget
group by
    district_code, fiscal_year, department_code, department_name, project_code, project_name, function_code,
    fund_type_code
union all
select
    line.district_code,
    line.fiscal_year,
    line.department_code,
    line.department_name,
    line.project_code,
    line.project_name,
    line.function_code,
    line.fund_type_code,
    coalesce(covered.covered_until, date '9999-12-31') as covered_until,
    0 as initial_budget_amount,
    0 as stated_full_year_amount,
    0 as budget_line_count,
    0 as budget_line_with_full_year_count,
    sum(line.adjustment_amount) as net_adjustment_amount,
    count(*) as adjustment_count,
    0 as paid_amount,
    0 as refunded_amount,
    0 as payment_count,
    max(line.adjustment_date) as latest_event_date
from core.budget_adjustment as line
left join core.covered_day as covered
    on
        line.district_code = covered.district_code
        and line.fiscal_year = covered.fiscal_year
        and line.adjustment_date = covered.day
group by
    line.district_code, line.fiscal_year, line.department_code, line.department_name, line.project_code,
    line.project_name, line.function_code, line.fund_type_code,
    coalesce(covered.covered_until, date '9999-12-31')
union all
select
    line.district_code,
    line.fiscal_year,
    line.department_code,
    line.department_name,
    line.project_code,
    line.project_name,
    line.function_code,
    line.fund_type_code,
    coalesce(covered.covered_until, date '9999-12-31') as covered_until,
    0 as initial_budget_amount,
    0 as stated_full_year_amount,
    0 as budget_line_count,
    0 as budget_line_with_full_year_count,
    0 as net_adjustment_amount,
    0 as adjustment_count,
    sum(line.paid_amount) as paid_amount,
    sum(least(line.paid_amount, 0)) as refunded_amount,
    count(*) as payment_count,
    max(line.payment_date) as latest_event_date
from core.payment as line
left join core.covered_day as covered
    on
        line.district_code = covered.district_code
        and line.fiscal_year = covered.fiscal_year
        and line.payment_date = covered.day
group by
    line.district_code, line.fiscal_year, line.department_code, line.department_name, line.project_code,
    line.project_name, line.function_code, line.fund_type_code,
    coalesce(covered.covered_until, date '9999-12-31')
