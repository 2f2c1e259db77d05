-- A rate that a report prints is rounded half up, not cut off.
-- 报告所列比率应四舍五入，不应截尾。
-- rule: published-rate-truncated
-- severity: warning
-- category: publication
-- scope: build
-- guards: quality.published_inconsistency
-- tolerance: none
-- since: 0.1.0
-- value: rate
-- message: {document_path}, page {page_number}: {printed_subject} is printed as {printed_value}, which is
--   cut off; rounded half up it is {expected_value}.
-- message_zh: 《{document_path}》第 {page_number} 页：{printed_subject} 公布 {printed_value}，为截尾，四舍五入应为
--   {expected_value}。
select
    fault.district_code,
    fault.fiscal_year,
    concat_ws(' / ', fault.document_path, statement.printed_subject, statement.printed_value) as finding_key,
    fault.printed_number as source_value,
    fault.expected_number as target_value,
    fault.printed_number - fault.expected_number as difference,
    fault.document_path,
    statement.page_number,
    case statement.printed_subject when 'DEPT' then '部门整体' else statement.printed_subject end as printed_subject,
    statement.printed_value,
    fault.expected_value,
    fault.other_figures
from quality.published_inconsistency as fault
inner join quality.published_statement as statement
    on
        fault.district_code = statement.district_code
        and fault.fiscal_year = statement.fiscal_year
        and fault.document_id = statement.document_id
        and fault.statement_number = statement.statement_number
where fault.is_truncated
