-- One figure that a report prints twice has one value.
-- 报告中同一数字前后应一致。
-- rule: published-values-contradict
-- severity: error
-- category: publication
-- scope: build
-- guards: quality.published_inconsistency
-- tolerance: none
-- since: 0.1.0
-- message: {document_path}, page {page_number}: {printed_subject} is printed as {printed_value}, elsewhere
--   {expected_value}; only one can be right.
-- message_zh: 《{document_path}》第 {page_number} 页：{printed_subject} 公布 {printed_value}，他处为
--   {expected_value}，只能有一个正确。
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
where fault.inconsistency_kind = 'same_figure'
