-- Adjustment lines that carry no reason, with file, sheet and line.
-- 没有写明原因的调整明细及其文件、工作表、行号。
-- label_zh: 无原因的调整
with file as (
    select distinct
        source_file_id,
        source_path
    from quality.source_file
)

select
    review.district_code,
    review.fiscal_year,
    review.project_name,
    review.adjustment_date,
    review.adjustment_amount,
    file.source_path,
    review.source_sheet,
    review.source_line
from summary.adjustment_review as review
left join file on review.source_file_id = file.source_file_id
where review.is_reason_missing
order by abs(review.adjustment_amount) desc, review.project_name, review.source_line asc
