-- The payments behind one project's executed amount, with file, sheet and line.
-- 某项目执行数背后的支付明细及其文件、工作表、行号。
-- label_zh: 项目支付来源
with file as (
    select distinct
        source_file_id,
        source_path
    from quality.source_file
)

select
    payment.project_code,
    payment.payment_date,
    payment.voucher_number,
    payment.paid_amount,
    file.source_path,
    payment.source_sheet,
    payment.source_line
from core.payment as payment
left join file on payment.source_file_id = file.source_file_id
where payment.project_code = (select min(first_payment.project_code) from core.payment as first_payment)
order by payment.payment_date, payment.voucher_number, payment.source_line
