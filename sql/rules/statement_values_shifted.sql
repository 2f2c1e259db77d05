-- Amounts of neighbouring projects in a statement were exchanged by a shifted column: line after line tells the next
--   or the previous project's amount.
-- 执行情况表中金额列与项目列错位：连续多行填的是上一行或下一行项目的数字。
-- rule: statement-values-shifted
-- severity: error
-- category: reconciliation
-- scope: district_year
-- guards: core.execution_statement
-- tolerance: shifted_lines_at_least
-- since: 0.1.0
-- value: count
-- message: {finding_key}: {source_value} lines tell the amount of the line above or below; the column was shifted
--   against the names, deliver the sheet again.
-- message_zh: {finding_key}：有 {source_value} 行填的是上一行或下一行的数字，金额列与名称列错位，请重新报送。
with neighbour as (
    select
        pair.*,
        lag(pair.detail_amount) over in_sheet as amount_above,
        lead(pair.detail_amount) over in_sheet as amount_below
    from rule_statement_pair as pair
    where pair.level = 'project'
    window in_sheet as (
        partition by pair.district_code, pair.fiscal_year, pair.source_file_id, pair.source_sheet, pair.figure
        order by pair.source_line
    )
),

direction as (
    select 'above' as direction
    union all
    select 'below' as direction
),

shifted as (
    select
        neighbour.*,
        direction.direction
    from neighbour
    cross join direction
    where
        neighbour.is_failing
        and neighbour.stated_amount <> 0
        and abs(
            neighbour.stated_amount
            - case direction.direction when 'above' then neighbour.amount_above else neighbour.amount_below end
        ) <= neighbour.tolerance_of_one
)

select
    shifted.district_code,
    shifted.fiscal_year,
    concat_ws(' / ', nullif(shifted.source_sheet, ''), shifted.figure_label) as finding_key,
    count(*) as source_value,
    0 as target_value,
    count(*) as difference,
    shifted.source_file_id,
    shifted.source_sheet,
    min(shifted.source_line) as source_line,
    first_places(shifted.source_file_id, shifted.source_sheet, shifted.source_line) as source_lines,
    count(*) as source_line_count
from shifted
inner join rule_threshold as threshold on shifted.district_code = threshold.district_code
group by
    shifted.district_code,
    shifted.fiscal_year,
    shifted.source_file_id,
    shifted.source_sheet,
    shifted.figure_label,
    shifted.direction,
    threshold.shifted_lines_at_least
having count(*) >= threshold.shifted_lines_at_least
