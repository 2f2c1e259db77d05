-- A rate that a report publishes is what the warehouse computes for the same item, rounded to the digits printed.
-- 报告公布的比率应等于库中同一事项按公布位数四舍五入的比率。
-- rule: published-rate-differs-from-warehouse
-- severity: error
-- category: publication
-- scope: build
-- guards: quality.published_statement
-- tolerance: none
-- since: 0.1.0
-- value: rate
-- message: {document_path}, page {page_number}: {printed_subject} {published_measure} is published as {source_value} %,
--   the warehouse has {target_value} %, difference {difference} percentage points.
-- message_zh: 《{document_path}》第 {page_number} 页：{printed_subject} {published_measure_zh} 公布 {source_value}%，库中
--   {target_value}%，相差 {difference} 个百分点。
select
    line.district_code,
    line.fiscal_year,
    line.department_code,
    line.department_name,
    line.project_code,
    line.project_name,
    concat_ws(' / ', line.document_path, line.printed_subject, line.published_measure) as finding_key,
    line.printed_rate as source_value,
    line.computed_rate as target_value,
    line.publication_difference as difference,
    line.document_path,
    line.page_number,
    case line.printed_subject
        when 'DEPT' then coalesce(line.department_name, '部门整体') else line.printed_subject
    end as printed_subject,
    line.published_measure,
    published_measure_name(line.published_measure) as published_measure_zh
from summary.published_reconciliation as line
where line.reconciliation_status = 'differs' and line.printed_rate is not null
