-- A function code of the detail is not in the delivered table of function codes of its year.
-- 明细中的功能科目不在本年度已报送的功能科目表中。
-- rule: function-code-not-in-code-table
-- severity: warning
-- category: coding
-- scope: district_year
-- guards: core.function_code
-- tolerance: none
-- since: 0.1.0
-- message: Function code {finding_key} carries {source_value} yuan of budget and payments, but is not in the code
--   table of this year.
-- message_zh: 功能科目 {finding_key} 涉及预算与支付 {source_value} 元，但不在本年度科目表中。
with listed as (
    select distinct
        district_code,
        fiscal_year
    from core.function_code
)

select
    detail.district_code,
    detail.fiscal_year,
    detail.function_code as finding_key,
    sum(detail.initial_budget_amount + abs(detail.net_adjustment_amount) + detail.paid_amount) as source_value,
    cast(null as decimal(18, 2)) as target_value,
    cast(null as decimal(18, 2)) as difference,
    first_details(detail.detail_number) as source_lines,
    sum(detail.budget_line_count + detail.adjustment_count + detail.payment_count) as source_line_count
from rule_detail as detail
inner join listed on detail.district_code = listed.district_code and detail.fiscal_year = listed.fiscal_year
left join core.function_code as code
    on
        detail.district_code = code.district_code
        and detail.fiscal_year = code.fiscal_year
        and detail.function_code = code.function_code
where detail.function_code is not null and code.function_code is null
group by detail.district_code, detail.fiscal_year, detail.function_code
