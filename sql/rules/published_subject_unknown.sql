-- What a report says of its own projects can be linked to projects of the accounts.
-- 报告所列项目应能与库中项目对应。
-- rule: published-subject-unknown
-- severity: warning
-- category: publication
-- scope: build
-- guards: quality.published_statement
-- tolerance: none
-- since: 0.1.0
-- value: count
-- message: {document_path}: {source_value} figures are about names that are no item of the warehouse, such as {names}.
--   Name the item for each in aliases.csv beside the district's published reports.
-- message_zh: 《{document_path}》：{source_value} 个数字的事项在库中无同名项目，如 {names}。请在该区公开报告目录的
--   aliases.csv 中逐一确认对应名称。
with publisher as (
    select
        district_code,
        fiscal_year,
        document_id,
        min(department_code) as department_code,
        min(department_name) as department_name
    from summary.published_reconciliation
    where department_name is not null
    group by district_code, fiscal_year, document_id
)

select
    line.district_code,
    line.fiscal_year,
    publisher.department_code,
    publisher.department_name,
    line.document_path as finding_key,
    count(*) as source_value,
    0 as target_value,
    count(*) as difference,
    line.document_path,
    array_to_string(list_slice(list_sort(list(distinct line.printed_subject)), 1, 5), '、') as names
from summary.published_reconciliation as line
inner join publisher
    on
        line.district_code = publisher.district_code
        and line.fiscal_year = publisher.fiscal_year
        and line.document_id = publisher.document_id
where line.reconciliation_status = 'not_linked'
group by
    line.district_code, line.fiscal_year, line.document_path, publisher.department_code, publisher.department_name
