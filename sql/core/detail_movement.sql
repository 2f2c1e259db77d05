-- The detail's money of each project and fund type: budget, adjustments and payments, in the year and by month.
-- 各项目各资金性质的明细资金：预算、调整、支付，全年与分月。
-- label_zh: 明细资金变动
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
    sum(given.budget_line_count) as budget_line_count,
    sum(given.budget_line_with_full_year_count) as budget_line_with_full_year_count,
    sum(given.initial_budget_amount) as initial_budget_amount,
    sum(given.stated_full_year_amount) as stated_full_year_amount,
    sum(given.adjustment_count) as adjustment_count,
    sum(given.increase_amount) as increase_amount,
    sum(given.decrease_amount) as decrease_amount,
    sum(given.gross_adjustment_amount) as gross_adjustment_amount,
    sum(given.payment_count) as payment_count,
    sum(given.executed_amount) as executed_amount,
    sum(given.adjusted_in_01) as adjusted_in_01,
    sum(given.adjusted_in_02) as adjusted_in_02,
    sum(given.adjusted_in_03) as adjusted_in_03,
    sum(given.adjusted_in_04) as adjusted_in_04,
    sum(given.adjusted_in_05) as adjusted_in_05,
    sum(given.adjusted_in_06) as adjusted_in_06,
    sum(given.adjusted_in_07) as adjusted_in_07,
    sum(given.adjusted_in_08) as adjusted_in_08,
    sum(given.adjusted_in_09) as adjusted_in_09,
    sum(given.adjusted_in_10) as adjusted_in_10,
    sum(given.adjusted_in_11) as adjusted_in_11,
    sum(given.adjusted_in_12) as adjusted_in_12,
    sum(given.paid_in_01) as paid_in_01,
    sum(given.paid_in_02) as paid_in_02,
    sum(given.paid_in_03) as paid_in_03,
    sum(given.paid_in_04) as paid_in_04,
    sum(given.paid_in_05) as paid_in_05,
    sum(given.paid_in_06) as paid_in_06,
    sum(given.paid_in_07) as paid_in_07,
    sum(given.paid_in_08) as paid_in_08,
    sum(given.paid_in_09) as paid_in_09,
    sum(given.paid_in_10) as paid_in_10,
    sum(given.paid_in_11) as paid_in_11,
    sum(given.paid_in_12) as paid_in_12,
    max(given.latest_event_date) as latest_event_date
from core.detail_given as given
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
