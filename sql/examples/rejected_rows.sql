-- Rows that were set aside, with the place and the reason for the office that must correct them.
-- 被剔除的行、位置与原因，供报送单位更正。
-- label_zh: 剔除行清单
with file as (
    select distinct
        source_file_id,
        source_path
    from quality.source_file
)

select
    file.source_path,
    rejected.source_sheet,
    rejected.source_line,
    rejected.messages_zh,
    rejected.messages,
    rejected.money,
    rejected.row_text
from quality.rejected_row as rejected
left join file on rejected.source_file_id = file.source_file_id
order by file.source_path, rejected.source_sheet, rejected.source_line
