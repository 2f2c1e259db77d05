-- How far carry-over and last year's balance of a project may be apart, by the units in which either was told.
-- 结转与上年未执行数的容许差额，取决于双方的金额单位。
select
    unit.district_code,
    unit.fiscal_year,
    rounding_tolerance(
        greatest(max(unit.unit_factor), coalesce(max(before.unit_factor), 1)), 3, max(threshold.yuan_tolerance),
        max(threshold.ten_thousand_tolerance_per_row), max(threshold.ten_thousand_tolerance_at_most)
    ) as tolerance
from rule_dataset_unit as unit
left join rule_dataset_unit as before
    on
        unit.district_code = before.district_code
        and unit.fiscal_year = before.fiscal_year + 1
        and before.dataset in ('annual_budget', 'budget_adjustment', 'payment')
inner join rule_threshold as threshold on unit.district_code = threshold.district_code
where unit.dataset = 'carryover'
group by unit.district_code, unit.fiscal_year
