-- Every published report is read, and every number in it is told.
-- 每份公开报告均应读取，其中每个数字均应有去向。
-- rule: report-not-read
-- severity: warning
-- category: publication
-- scope: build
-- guards: quality.published_document
-- tolerance: none
-- since: 0.1.0
-- value: count
-- message: {document_path}: {source_value} of {numbers_found} numbers are unread and {pages_without_text} pages have no
--   text; {refusal}. Give the file a text layer, or confirm the figures with reports confirm.
-- message_zh: 《{document_path}》：{numbers_found} 个数字中 {source_value} 个未读，{pages_without_text} 页无文字层；{refusal_zh}。
--   请提供带文字层的文件，或用 reports confirm 确认。
select
    document.district_code,
    document.fiscal_year,
    document.document_path as finding_key,
    document.numbers_unread as source_value,
    0 as target_value,
    document.numbers_unread as difference,
    document.document_path,
    document.numbers_found,
    document.pages_without_text,
    coalesce(document.refusal, 'it was read otherwise') as refusal,
    coalesce(document.refusal_zh, '其余已读取') as refusal_zh
from quality.published_document as document
where document.numbers_unread > 0 or document.refusal is not null
