-- The date up to which a statement counts lies outside its fiscal year.
-- 执行情况表的截止日期不在预算年度内。
-- rule: statement-date-outside-fiscal-year
-- severity: warning
-- category: row
-- scope: district_year
-- guards: core.execution_statement
-- tolerance: none
-- since: 0.1.0
-- value: count
-- message: {finding_key}: the statement counts up to a date in {stated_year}, expected {expected_year}; correct the
--   date, or deliver the sheet into its own year.
-- message_zh: {finding_key}：截止日期在 {stated_year} 年，应为 {expected_year} 年；请更正日期，或放入相应年度。
select
    line.district_code,
    line.fiscal_year,
    concat_ws(' ', nullif(line.source_sheet, ''), line.as_of_date) as finding_key,
    cast(extract(year from line.as_of_date) as varchar) as stated_year,
    cast(line.fiscal_year as varchar) as expected_year,
    extract(year from line.as_of_date) as source_value,
    line.fiscal_year as target_value,
    extract(year from line.as_of_date) - line.fiscal_year as difference,
    first_places(line.source_file_id, line.source_sheet, line.source_line) as source_lines,
    count(*) as source_line_count
from core.execution_statement as line
where extract(year from line.as_of_date) <> line.fiscal_year
group by line.district_code, line.fiscal_year, line.source_file_id, line.source_sheet, line.as_of_date
