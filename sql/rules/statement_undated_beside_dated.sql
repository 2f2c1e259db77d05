-- A statement that does not say up to when it goes stands beside one that does; nobody can tell which is the later.
-- 未注明截止日期的执行情况表与注明截止日期的并存，无法判断先后。
-- rule: statement-undated-beside-dated
-- severity: error
-- category: arithmetic
-- scope: district_year
-- guards: core.execution_statement
-- tolerance: none
-- since: 0.2.0
-- message: {finding_key} stands in a statement as of {dated_until} with {target_value} yuan and in one without a date with
--   {source_value} yuan; the dated one counts. Write the period into the title of the other, or withdraw it.
-- message_zh: {finding_key} 在截止 {dated_until} 的执行情况表中为 {target_value} 元，在未注明截止日期的表中为 {source_value}
--   元；暂按注明日期者计。请在另一张表的标题中注明期间，或撤回该表。
with line as (
    select
        *,
        until < date '9999-12-31' as is_dated,
        coalesce(executed_amount, full_year_budget_amount, initial_budget_amount, adjustment_amount) as amount
    from rule_statement
),

latest as (
    select
        district_code,
        fiscal_year,
        unit_key,
        project_key,
        fund_type_code,
        expenditure_nature,
        max(until) as until
    from line
    where is_dated
    group by district_code, fiscal_year, unit_key, project_key, fund_type_code, expenditure_nature
)

select
    undated.district_code,
    undated.fiscal_year,
    max(undated.department_code) as department_code,
    max(undated.department_name) as department_name,
    max(undated.project_code) as project_code,
    max(undated.project_name) as project_name,
    max(undated.finding_key) as finding_key,
    cast(max(latest.until) as varchar) as dated_until,
    max(undated.amount) as source_value,
    max(dated.amount) as target_value,
    max(undated.amount) - max(dated.amount) as difference,
    first_places(undated.source_file_id, undated.source_sheet, undated.source_line) as source_lines,
    count(*) as source_line_count
from line as undated
inner join latest
    on
        undated.district_code = latest.district_code
        and undated.fiscal_year = latest.fiscal_year
        and undated.unit_key is not distinct from latest.unit_key
        and undated.project_key is not distinct from latest.project_key
        and undated.fund_type_code is not distinct from latest.fund_type_code
        and undated.expenditure_nature is not distinct from latest.expenditure_nature
inner join line as dated
    on
        latest.district_code = dated.district_code
        and latest.fiscal_year = dated.fiscal_year
        and latest.unit_key is not distinct from dated.unit_key
        and latest.project_key is not distinct from dated.project_key
        and latest.fund_type_code is not distinct from dated.fund_type_code
        and latest.expenditure_nature is not distinct from dated.expenditure_nature
        and latest.until = dated.until
where not undated.is_dated
group by
    undated.district_code,
    undated.fiscal_year,
    undated.unit_key,
    undated.project_key,
    undated.fund_type_code,
    undated.expenditure_nature
