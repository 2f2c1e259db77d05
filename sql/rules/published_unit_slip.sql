-- A published amount that is ten thousand times what the warehouse has, or a ten-thousandth of it, has a wrong unit.
-- 公布金额为库中金额的一万倍或万分之一，单位有误。
-- rule: published-unit-slip
-- severity: error
-- category: publication
-- scope: build
-- guards: quality.published_statement
-- tolerance: none
-- since: 0.1.0
-- message: {document_path}, page {page_number}: {printed_subject} {published_measure} is published as {printed_value},
--   {source_value} yuan; the warehouse has {target_value} yuan, difference {difference}. Correct the unit that the
--   report prints.
-- message_zh: 《{document_path}》第 {page_number} 页：{printed_subject} {published_measure_zh} 公布 {printed_value}（{source_value} 元），
--   库中 {target_value} 元，相差 {difference} 元。请更正报告所用单位。
select
    line.district_code,
    line.fiscal_year,
    line.department_code,
    line.department_name,
    line.project_code,
    line.project_name,
    concat_ws(' / ', line.document_path, line.printed_subject, line.published_measure) as finding_key,
    line.printed_amount as source_value,
    line.computed_amount as target_value,
    line.publication_difference as difference,
    line.document_path,
    line.page_number,
    case line.printed_subject
        when 'DEPT' then coalesce(line.department_name, '部门整体') else line.printed_subject
    end as printed_subject,
    line.printed_value,
    line.published_measure,
    published_measure_name(line.published_measure) as published_measure_zh
from summary.published_reconciliation as line
where line.reconciliation_status = 'unit_slip' and line.printed_amount is not null
