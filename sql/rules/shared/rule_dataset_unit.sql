-- The unit of the amounts of each dataset: 1 where every table is in yuan, 10,000 where any may not be.
-- 各数据集的金额单位：各表均为元时为 1，否则为 10000。
select
    delivered.district_code,
    delivered.fiscal_year,
    delivered.dataset,
    case when max(coalesce(file.unit_factor, 10000)) = 1 then 1 else 10000 end as unit_factor
from quality.delivered_dataset as delivered
left join quality.source_file as file
    on
        delivered.district_code = file.district_code
        and delivered.fiscal_year = file.fiscal_year
        and delivered.dataset = file.dataset
group by delivered.district_code, delivered.fiscal_year, delivered.dataset
