-- What all items of a later statement executed together is below what the same items had executed in an earlier one: a
--   statement of single months, perhaps, whose amounts are not cumulative.
-- 后一期执行情况表各项累计执行数合计低于前一期相同各项的合计：可能为单月数，而非累计数。
-- rule: statement-total-falls
-- severity: error
-- category: reconciliation
-- scope: district_year
-- guards: core.execution_statement
-- tolerance: yuan_tolerance, ten_thousand_tolerance_per_row, ten_thousand_tolerance_at_most
-- since: 0.2.0
-- message: {finding_key}: {source_value} yuan were executed by {as_of_date}, but {target_value} by {earlier_date}
--   already. Deliver cumulative amounts, or correct one of the statements.
-- message_zh: {finding_key}：截至 {as_of_date} 共执行 {source_value} 元，低于 {earlier_date} 的 {target_value} 元。请报送累计数，或更正其中一期。
with followed as (
    select
        line.*,
        lag(line.executed_amount) over item as earlier_amount,
        lag(line.as_of_date) over item as earlier_date
    from rule_statement as line
    where line.as_of_date is not null and line.level in ('department', 'project')
    window item as (
        partition by line.district_code, line.fiscal_year, line.level, line.unit_key, line.project_key
        order by line.as_of_date
    )
),

fallen as (
    select
        district_code,
        fiscal_year,
        level,
        as_of_date,
        earlier_date,
        sum(executed_amount) as executed_amount,
        sum(earlier_amount) as earlier_amount,
        sum(tolerance_of_two) as tolerance,
        first_places(source_file_id, source_sheet, source_line) as source_lines,
        count(*) as source_line_count
    from followed
    where earlier_date < as_of_date
    group by district_code, fiscal_year, level, as_of_date, earlier_date
    having count(*) > 1 and sum(earlier_amount) - sum(executed_amount) > sum(tolerance_of_two)
),

refund as (
    select
        fallen.district_code,
        fallen.fiscal_year,
        fallen.level,
        fallen.as_of_date,
        sum(-detail.refunded_amount) as refunded
    from fallen
    inner join rule_detail as detail
        on
            fallen.district_code = detail.district_code
            and fallen.fiscal_year = detail.fiscal_year
            and fallen.earlier_date < detail.until
            and fallen.as_of_date >= detail.until
    group by fallen.district_code, fallen.fiscal_year, fallen.level, fallen.as_of_date
)

select
    fallen.district_code,
    fallen.fiscal_year,
    case fallen.level when 'department' then '各单位合计 all units' else '各项目合计 all projects' end as finding_key,
    fallen.executed_amount as source_value,
    fallen.earlier_amount as target_value,
    fallen.executed_amount - fallen.earlier_amount as difference,
    fallen.as_of_date,
    fallen.earlier_date,
    fallen.source_lines,
    fallen.source_line_count
from fallen
left join refund
    on
        fallen.district_code = refund.district_code
        and fallen.fiscal_year = refund.fiscal_year
        and fallen.level = refund.level
        and fallen.as_of_date = refund.as_of_date
where fallen.earlier_amount - fallen.executed_amount - coalesce(refund.refunded, 0) > fallen.tolerance
