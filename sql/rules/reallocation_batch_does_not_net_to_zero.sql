-- The reallocations of one batch move money between projects and must add up to zero.
-- 同一批次的调剂只在项目之间转移资金，合计应为零。
-- rule: reallocation-batch-does-not-net-to-zero
-- severity: error
-- category: arithmetic
-- scope: district_year
-- guards: core.budget_adjustment
-- tolerance: yuan_tolerance
-- since: 0.1.0
-- message: The reallocations of batch {finding_key} add up to {source_value} yuan, expected 0; one side is missing or
--   a line is wrong.
-- message_zh: 调剂批次 {finding_key} 合计 {source_value} 元，应为 0；缺少一方或某行有误。
with reallocation as (
    select
        line.*,
        coalesce(line.batch_number, line.document_number, '(无批次 no batch)') as batch_key
    from core.budget_adjustment as line
    where line.adjustment_kind = 'reallocation'
),

-- Lines are listed of the failing batches only.
failing as (
    select
        reallocation.district_code,
        reallocation.fiscal_year,
        reallocation.batch_key
    from reallocation
    inner join rule_threshold as threshold on reallocation.district_code = threshold.district_code
    group by
        reallocation.district_code, reallocation.fiscal_year, reallocation.batch_key, threshold.yuan_tolerance
    having abs(sum(reallocation.adjustment_amount)) > threshold.yuan_tolerance
)

select
    line.district_code,
    line.fiscal_year,
    line.batch_key as finding_key,
    sum(line.adjustment_amount) as source_value,
    cast(0 as decimal(18, 2)) as target_value,
    sum(line.adjustment_amount) as difference,
    list(
        {
            'label': concat_ws(' ', line.adjustment_number, coalesce(line.project_code, line.project_name)),
            'amount': line.adjustment_amount
        }
        order by line.source_file_id, line.source_sheet, line.source_line
    ) as parts,
    first_places(line.source_file_id, line.source_sheet, line.source_line) as source_lines,
    count(*) as source_line_count
from reallocation as line
inner join failing
    on
        line.district_code = failing.district_code
        and line.fiscal_year = failing.fiscal_year
        and line.batch_key = failing.batch_key
group by line.district_code, line.fiscal_year, line.batch_key
