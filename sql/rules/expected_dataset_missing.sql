-- A district-year delivers detail, but one of the datasets that belong to it was never delivered.
-- 区年度报送了明细，但缺少与之配套的数据集。
-- rule: expected-dataset-missing
-- severity: warning
-- category: existence
-- scope: district_year
-- guards: quality.delivered_dataset
-- tolerance: none
-- since: 0.1.0
-- value: count
-- message: The dataset {finding_key} was never delivered; what depends on it is unknown, and its rules are not asked.
-- message_zh: 未报送{label_zh}（{finding_key}）；相关数字按未知处理，有关规则不作检查。
with expected as (
    select
        'department' as dataset,
        '部门单位名录' as label_zh
    union all
    select
        'project' as dataset,
        '项目库' as label_zh
    union all
    select
        'annual_budget' as dataset,
        '年初预算' as label_zh
    union all
    select
        'budget_adjustment' as dataset,
        '预算调整' as label_zh
    union all
    select
        'payment' as dataset,
        '国库支付' as label_zh
),

detailed as (
    select
        district_code,
        fiscal_year,
        count(distinct dataset) as datasets
    from quality.delivered_dataset
    where dataset in ('annual_budget', 'budget_adjustment', 'payment')
    group by district_code, fiscal_year
)

select
    detailed.district_code,
    detailed.fiscal_year,
    expected.dataset as finding_key,
    expected.label_zh,
    0 as source_value,
    1 as target_value,
    -1 as difference
from detailed
cross join expected
left join quality.delivered_dataset as delivered
    on
        detailed.district_code = delivered.district_code
        and detailed.fiscal_year = delivered.fiscal_year
        and expected.dataset = delivered.dataset
where delivered.dataset is null
