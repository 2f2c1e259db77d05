-- The unit of the amounts of each sheet, unknown where its tables differ or a column has its own.
-- 各工作表的金额单位；各表不一或按列不同时为空。
select
    district_code,
    fiscal_year,
    dataset,
    source_file_id,
    source_sheet,
    case
        when count(*) = count(unit_factor) and min(unit_factor) = max(unit_factor) then min(unit_factor)
    end as unit_factor
from quality.source_file
where dataset is not null
group by district_code, fiscal_year, dataset, source_file_id, source_sheet
