-- Cumulative execution of a later statement is below that of an earlier one, and no refund of that time explains it.
-- 后一期执行情况表的累计执行数低于前一期，且其间没有足以解释的退款。
-- rule: cumulative-execution-falls
-- severity: warning
-- category: reconciliation
-- scope: district_year
-- guards: core.execution_statement
-- tolerance: yuan_tolerance, ten_thousand_tolerance_per_row, ten_thousand_tolerance_at_most
-- since: 0.1.0
-- message: {finding_key}: {source_value} yuan were executed by {as_of_date}, but {target_value} by {earlier_date}
--   already; refunds of that time are {refunded}.
-- message_zh: {finding_key}：截至 {as_of_date} 执行 {source_value} 元，低于 {earlier_date} 的 {target_value} 元；其间退款 {refunded} 元。
with followed as (
    select
        line.*,
        lag(line.executed_amount) over item as earlier_amount,
        lag(line.as_of_date) over item as earlier_date,
        lag(line.source_file_id) over item as earlier_file_id,
        lag(line.source_sheet) over item as earlier_sheet,
        lag(line.source_line) over item as earlier_line
    from rule_statement as line
    where line.as_of_date is not null
    window item as (
        partition by
            line.district_code, line.fiscal_year, line.unit_key, line.project_key, line.fund_type_code,
            line.expenditure_nature
        order by line.as_of_date
    )
),

fallen as (
    select *
    from followed
    where earlier_date < as_of_date and earlier_amount - executed_amount > tolerance_of_two
),

refund as (
    select
        fallen.source_file_id,
        fallen.source_sheet,
        fallen.source_line,
        sum(-detail.refunded_amount) as refunded
    from fallen
    inner join rule_detail as detail
        on
            fallen.district_code = detail.district_code
            and fallen.fiscal_year = detail.fiscal_year
            and fallen.department_key = detail.department_key
            and (fallen.project_key is null or fallen.project_key = detail.project_key)
            and fallen.earlier_date < detail.until
            and fallen.as_of_date >= detail.until
    group by fallen.source_file_id, fallen.source_sheet, fallen.source_line
)

select
    fallen.district_code,
    fallen.fiscal_year,
    fallen.department_code,
    fallen.department_name,
    fallen.project_code,
    fallen.project_name,
    fallen.finding_key,
    fallen.executed_amount as source_value,
    fallen.earlier_amount as target_value,
    fallen.executed_amount - fallen.earlier_amount as difference,
    fallen.as_of_date,
    fallen.earlier_date,
    coalesce(refund.refunded, 0) as refunded,
    fallen.source_file_id,
    fallen.source_sheet,
    fallen.source_line,
    [
        source_place(fallen.source_file_id, fallen.source_sheet, fallen.source_line),
        source_place(fallen.earlier_file_id, fallen.earlier_sheet, fallen.earlier_line)
    ] as source_lines,
    2 as source_line_count
from fallen
left join refund
    on
        fallen.source_file_id = refund.source_file_id
        and fallen.source_sheet is not distinct from refund.source_sheet
        and fallen.source_line = refund.source_line
where fallen.earlier_amount - fallen.executed_amount - coalesce(refund.refunded, 0) > fallen.tolerance_of_two
