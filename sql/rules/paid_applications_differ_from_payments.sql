-- The applications for payment of a project say that another amount was paid than its payments do.
-- 项目支付申请所载已付金额与支付明细不一致。
-- rule: paid-applications-differ-from-payments
-- severity: warning
-- category: execution
-- scope: district_year
-- guards: core.payment_application
-- tolerance: yuan_tolerance
-- since: 0.1.0
-- message: The applications for {finding_key} say that {source_value} yuan were paid, the payments say {target_value}.
--   Only payments count as executed, because only they have a date; deliver the missing vouchers (PAY_VOUCHER_BILL), or
--   both tables of one day.
-- message_zh: {finding_key} 的支付申请载明已付 {source_value} 元，支付明细为 {target_value} 元。仅支付明细带有支付日期并计入执行数；
--   请补报支付凭证（PAY_VOUCHER_BILL），或报送同一日导出的两张表。
with settled as (
    select
        district_code,
        fiscal_year,
        coalesce(project_code, project_name) as project_key,
        min(department_code) as department_code,
        min(department_name) as department_name,
        min(project_code) as project_code,
        min(project_name) as project_name,
        sum(settled_amount) as settled_amount,
        first_places(source_file_id, source_sheet, source_line) as source_lines,
        count(*) as source_line_count
    from core.payment_application
    where settled_amount <> 0
    group by district_code, fiscal_year, coalesce(project_code, project_name)
),

paid as (
    select
        line.district_code,
        line.fiscal_year,
        coalesce(line.project_code, line.project_name) as project_key,
        sum(line.paid_amount) as paid_amount
    from core.payment as line
    inner join settled
        on
            line.district_code = settled.district_code
            and line.fiscal_year = settled.fiscal_year
            and coalesce(line.project_code, line.project_name) = settled.project_key
    group by line.district_code, line.fiscal_year, coalesce(line.project_code, line.project_name)
)

select
    settled.district_code,
    settled.fiscal_year,
    settled.department_code,
    settled.department_name,
    settled.project_code,
    settled.project_name,
    settled.project_key as finding_key,
    settled.settled_amount as source_value,
    coalesce(paid.paid_amount, 0) as target_value,
    settled.settled_amount - coalesce(paid.paid_amount, 0) as difference,
    settled.source_lines,
    settled.source_line_count
from settled
inner join rule_threshold as threshold on settled.district_code = threshold.district_code
left join paid
    on
        settled.district_code = paid.district_code
        and settled.fiscal_year = paid.fiscal_year
        and settled.project_key = paid.project_key
where abs(settled.settled_amount - coalesce(paid.paid_amount, 0)) > threshold.yuan_tolerance
