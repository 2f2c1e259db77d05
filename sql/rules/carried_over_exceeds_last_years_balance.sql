-- What a project carried into the year and what was taken back from it exceed what the year before left unspent.
-- 项目结转入本年与被收回之和超过上年未执行数。
-- rule: carried-over-exceeds-last-years-balance
-- severity: error
-- category: carryover
-- scope: build
-- guards: core.carryover
-- tolerance: yuan_tolerance, ten_thousand_tolerance_per_row, ten_thousand_tolerance_at_most
-- since: 0.1.0
-- message: {finding_key}: {source_value} yuan were carried over or taken back, but the year before left only
--   {target_value} unspent.
-- message_zh: {finding_key}：结转与收回合计 {source_value} 元，而上年未执行数仅 {target_value} 元。
select
    carried.district_code,
    carried.fiscal_year,
    carried.department_code,
    carried.department_name,
    carried.project_code,
    carried.project_name,
    item_key(
        carried.department_code, carried.department_name, carried.project_code, carried.project_name
    ) as finding_key,
    carried.carried_over_amount + coalesce(carried.taken_back_amount, 0) as source_value,
    carried.unspent_amount as target_value,
    carried.carried_over_amount + coalesce(carried.taken_back_amount, 0) - carried.unspent_amount as difference,
    carried.source_lines,
    carried.source_line_count
from rule_carried_over as carried
inner join rule_carryover_tolerance as allowed
    on carried.district_code = allowed.district_code and carried.fiscal_year = allowed.fiscal_year
where
    carried.is_carried
    and carried.carried_over_amount + coalesce(carried.taken_back_amount, 0) - carried.unspent_amount
    > allowed.tolerance
