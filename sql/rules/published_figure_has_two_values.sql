-- One published figure of one item stands with two different values, or with different amounts beside it.
-- 同一事项的同一公布指标出现两个不同的数值，或所附金额不同。
-- rule: published-figure-has-two-values
-- severity: error
-- category: publication
-- scope: district_year
-- guards: core.published_figure
-- tolerance: none
-- since: 0.1.0
-- message: {finding_key} is published with {values} different values, of {target_value} to {source_value} yuan
--   executed; only one can be right.
-- message_zh: {finding_key} 公布了 {values} 个不同的数值，所附执行数自 {target_value} 至 {source_value} 元；只能有一个正确。
select
    line.district_code,
    line.fiscal_year,
    max(line.department_code) as department_code,
    max(line.department_name) as department_name,
    max(line.project_code) as project_code,
    max(line.project_name) as project_name,
    concat_ws(
        ' / ',
        item_key(max(line.department_code), max(line.department_name), max(line.project_code), max(line.project_name)),
        nullif(concat_ws(' ', max(line.function_code), max(line.function_name)), ''),
        line.published_figure_kind
    ) as finding_key,
    greatest(
        count(distinct line.published_rate),
        count(distinct line.published_score),
        count(distinct line.initial_budget_amount),
        count(distinct line.full_year_budget_amount),
        count(distinct line.executed_amount)
    ) as values,
    max(line.executed_amount) as source_value,
    min(line.executed_amount) as target_value,
    max(line.executed_amount) - min(line.executed_amount) as difference,
    first_places(line.source_file_id, line.source_sheet, line.source_line) as source_lines,
    count(*) as source_line_count
from core.published_figure as line
group by
    line.district_code,
    line.fiscal_year,
    coalesce(line.department_code, line.department_name),
    coalesce(line.project_code, line.project_name),
    coalesce(line.function_code, line.function_name),
    line.published_figure_kind
having
    count(distinct line.published_rate) > 1
    or count(distinct line.published_score) > 1
    or count(distinct line.initial_budget_amount) > 1
    or count(distinct line.full_year_budget_amount) > 1
    or count(distinct line.executed_amount) > 1
