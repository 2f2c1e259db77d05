-- A budgeted project was paid from a fund type on which it has neither budget nor adjustment.
-- 有预算的项目从未安排预算与调整的资金性质中支付。
-- rule: fund-type-changed-in-year
-- severity: warning
-- category: coding
-- scope: district_year
-- guards: core.payment
-- tolerance: yuan_tolerance
-- since: 0.1.0
-- message: {source_value} yuan were paid for {finding_key}, but its budget stands on fund type {budgeted_codes}; the
--   fund type was changed without an adjustment, or one of the codes is wrong.
-- message_zh: {finding_key} 已支付 {source_value} 元，而该项目预算的资金性质为 {budgeted_codes}；资金性质未经调整即变更，或编码有误。
with budgeted as (
    select
        district_code,
        fiscal_year,
        department_key,
        project_key,
        string_agg(fund_type_code, ', ' order by fund_type_code) as budgeted_codes,
        list(fund_type_code) as fund_type_codes
    from rule_project_fund
    where budget_rows > 0 and fund_type_code is not null
    group by district_code, fiscal_year, department_key, project_key
    having sum(full_year_budget_amount) <> 0
)

select
    spent.district_code,
    spent.fiscal_year,
    spent.department_code,
    spent.department_name,
    spent.project_code,
    spent.project_name,
    concat_ws(
        ' / ',
        item_key(spent.department_code, spent.department_name, spent.project_code, spent.project_name),
        spent.fund_type_code
    ) as finding_key,
    budgeted.budgeted_codes,
    spent.paid_amount as source_value,
    cast(0 as decimal(18, 2)) as target_value,
    spent.paid_amount as difference,
    spent.source_lines,
    spent.source_line_count
from rule_project_fund as spent
inner join budgeted
    on
        spent.district_code = budgeted.district_code
        and spent.fiscal_year = budgeted.fiscal_year
        and spent.department_key = budgeted.department_key
        and spent.project_key = budgeted.project_key
inner join rule_threshold as threshold on spent.district_code = threshold.district_code
where
    spent.budget_rows = 0
    and abs(spent.paid_amount) > threshold.yuan_tolerance
    -- The same fund type told less or more finely (11 and 111) is no change.
    and not exists (
        select 1
        from unnest(budgeted.fund_type_codes) as code (fund_type_code)
        where
            starts_with(code.fund_type_code, spent.fund_type_code)
            or starts_with(spent.fund_type_code, code.fund_type_code)
    )
