-- A budgeted project and fund type was paid on a function code on which it has neither budget nor adjustment.
-- 有预算的项目在未安排预算与调整的功能科目上支付。
-- rule: function-code-changed-in-year
-- severity: warning
-- category: coding
-- scope: district_year
-- guards: core.payment
-- tolerance: yuan_tolerance
-- since: 0.1.0
-- message: {source_value} yuan were paid on {finding_key}, but the budget stands on function code {budgeted_codes};
--   the code was changed during the year, or one of the two is wrong.
-- message_zh: {finding_key} 已支付 {source_value} 元，而预算的功能科目为 {budgeted_codes}；科目年中变更，或其一有误。
with line as (
    select
        detail.district_code,
        detail.fiscal_year,
        detail.department_key,
        detail.project_key,
        detail.fund_type_code,
        detail.function_code,
        sum(detail.paid_amount) as paid_amount,
        sum(detail.budget_line_count + detail.adjustment_count) as budget_rows,
        first_details(detail.detail_number) as source_lines,
        sum(detail.payment_count) as source_line_count
    from rule_detail as detail
    group by
        detail.district_code,
        detail.fiscal_year,
        detail.department_key,
        detail.project_key,
        detail.fund_type_code,
        detail.function_code
),

budgeted as (
    select
        district_code,
        fiscal_year,
        department_key,
        project_key,
        fund_type_code,
        string_agg(function_code, ', ' order by function_code) as budgeted_codes,
        list(function_code) as function_codes
    from line
    where budget_rows > 0
    group by district_code, fiscal_year, department_key, project_key, fund_type_code
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
        spent.fund_type_code,
        line.function_code
    ) as finding_key,
    budgeted.budgeted_codes,
    line.paid_amount as source_value,
    cast(0 as decimal(18, 2)) as target_value,
    line.paid_amount as difference,
    line.source_lines,
    line.source_line_count
from rule_project_fund as spent
inner join line
    on
        spent.district_code = line.district_code
        and spent.fiscal_year = line.fiscal_year
        and spent.department_key = line.department_key
        and spent.project_key = line.project_key
        and spent.fund_type_code = line.fund_type_code
inner join budgeted
    on
        spent.district_code = budgeted.district_code
        and spent.fiscal_year = budgeted.fiscal_year
        and spent.department_key = budgeted.department_key
        and spent.project_key = budgeted.project_key
        and spent.fund_type_code = budgeted.fund_type_code
inner join rule_threshold as threshold on spent.district_code = threshold.district_code
where
    spent.has_function_codes
    and line.budget_rows = 0
    and abs(line.paid_amount) > threshold.yuan_tolerance
    -- The same function told less or more finely (20405 and 2040502) is no change.
    and not exists (
        select 1
        from unnest(budgeted.function_codes) as code (function_code)
        where
            starts_with(code.function_code, line.function_code)
            or starts_with(line.function_code, code.function_code)
    )
