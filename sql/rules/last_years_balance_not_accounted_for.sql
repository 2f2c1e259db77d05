-- Of what a project left unspent the year before, its carry-over line accounts for less: neither carried over nor
--   taken back.
-- 项目上年未执行数中有一部分既未结转、也未收回。
-- rule: last-years-balance-not-accounted-for
-- severity: warning
-- category: carryover
-- scope: build
-- guards: core.carryover
-- tolerance: yuan_tolerance, ten_thousand_tolerance_per_row, ten_thousand_tolerance_at_most
-- since: 0.1.0
-- message: {finding_key}: the year before left {target_value} yuan unspent, {source_value} were carried over or taken
--   back; the rest is not accounted for.
-- message_zh: {finding_key}：上年未执行 {target_value} 元，结转与收回合计 {source_value} 元，其余去向不明。
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
    carried.carried_over_amount + carried.taken_back_amount as source_value,
    carried.unspent_amount as target_value,
    carried.carried_over_amount + carried.taken_back_amount - carried.unspent_amount as difference,
    carried.source_lines,
    carried.source_line_count
from rule_carried_over as carried
inner join rule_carryover_tolerance as allowed
    on carried.district_code = allowed.district_code and carried.fiscal_year = allowed.fiscal_year
where
    carried.is_carried
    and carried.unspent_amount - carried.carried_over_amount - carried.taken_back_amount > allowed.tolerance
