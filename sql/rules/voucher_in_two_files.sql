-- One voucher of a department and month stands in two files with the same amount, on another date and under another
--   project: it may be counted twice. Numbers that begin again, refunds and lines of other payees are no such case.
-- 同一部门同月同一凭证号、同一金额出现在两个文件中，日期与项目均不同，可能重复计算；重新编号、退款、不同收款人不在此列。
-- rule: voucher-in-two-files
-- severity: error
-- category: execution
-- scope: district_year
-- guards: core.payment
-- tolerance: none
-- since: 0.1.0
-- message: Voucher {finding_key} stands in {files} files with {source_value} yuan in all; withdraw the rows of one of
--   them, or correct the voucher number.
-- message_zh: 支付凭证 {finding_key} 出现在 {files} 个文件中，共 {source_value} 元；请撤回其一，或更正凭证号。
with district_year as (
    select
        district_code,
        fiscal_year
    from quality.source_file
    where dataset = 'payment'
    group by district_code, fiscal_year
    having count(distinct source_file_id) > 1
),

voucher as (
    select
        hash(
            line.district_code,
            line.fiscal_year,
            line.voucher_number,
            coalesce(line.department_code, line.department_name),
            line.payee_account,
            month(line.payment_date),
            line.paid_amount
        ) as voucher_hash,
        hash(line.source_file_id) as file_hash
    from core.payment as line
    inner join district_year
        on line.district_code = district_year.district_code and line.fiscal_year = district_year.fiscal_year
),

neighbour as (
    select
        voucher_hash,
        file_hash,
        lag(voucher_hash) over sorted as voucher_before,
        lag(file_hash) over sorted as file_before
    from voucher
    window sorted as (order by voucher_hash, file_hash)
),

-- Hashes find the few candidates, sorted rather than grouped: nearly every voucher is a group of its own. The vouchers
-- themselves decide.
candidate as (
    select distinct voucher_hash
    from neighbour
    where voucher_hash = voucher_before and file_hash <> file_before
),

found as (
    select
        line.district_code,
        line.fiscal_year,
        line.voucher_number,
        coalesce(line.department_code, line.department_name) as department_key,
        line.paid_amount,
        count(distinct line.source_file_id) as files,
        sum(line.paid_amount) as source_value,
        first_places(line.source_file_id, line.source_sheet, line.source_line) as source_lines,
        count(*) as source_line_count
    from core.payment as line
    inner join candidate
        on
            hash(
                line.district_code,
                line.fiscal_year,
                line.voucher_number,
                coalesce(line.department_code, line.department_name),
                line.payee_account,
                month(line.payment_date),
                line.paid_amount
            ) = candidate.voucher_hash
    group by
        line.district_code,
        line.fiscal_year,
        line.voucher_number,
        coalesce(line.department_code, line.department_name),
        line.payee_account,
        month(line.payment_date),
        line.paid_amount
    having
        count(distinct line.source_file_id) > 1
        and count(distinct line.payment_date) > 1
        and count(distinct coalesce(line.project_code, line.project_name)) > 1
)

select
    found.district_code,
    found.fiscal_year,
    found.voucher_number as finding_key,
    found.files,
    found.source_value,
    cast(null as decimal(18, 2)) as target_value,
    cast(null as decimal(18, 2)) as difference,
    found.source_lines,
    found.source_line_count
from found
-- A red entry took the first of both back.
left join core.payment as red
    on
        found.district_code = red.district_code
        and found.fiscal_year = red.fiscal_year
        and found.voucher_number = red.voucher_number
        and found.department_key = coalesce(red.department_code, red.department_name)
        and found.paid_amount = -red.paid_amount
where red.voucher_number is null
