-- Rows and money of every delivered file by what became of them.
-- 每个报送文件的行数与金额去向。
-- label_zh: 文件守恒
select
    source_path,
    source_sheet,
    dataset,
    rows_read,
    rows_accepted,
    rows_rejected,
    rows_duplicate,
    rows_subtotal,
    money_read,
    money_accepted,
    money_rejected,
    money_duplicate
from quality.source_file
where rows_read is not null
order by source_path, source_sheet
