-- A published rate does not fit the denominator that it names, but exactly fits another one.
-- 公布的比率与其所称分母不符，而与另一分母相符。
-- rule: published-rate-names-another-denominator
-- severity: error
-- category: publication
-- scope: district_year
-- guards: core.execution_statement
-- tolerance: published_rate_tolerance
-- since: 0.1.0
-- value: rate
-- message: {finding_key}: {source_value} % is published as a share of the {denominator_label}; it is the share of the
--   {fitting_label}.
-- message_zh: {finding_key}：公布 {source_value}%，称占{denominator_label_zh}之比，实为占{fitting_label_zh}之比。
select
    rate.district_code,
    rate.fiscal_year,
    rate.department_code,
    rate.department_name,
    rate.project_code,
    rate.project_name,
    rate.finding_key,
    rate.published_rate as source_value,
    rate.computed_rate as target_value,
    rate.published_rate - rate.computed_rate as difference,
    rate.denominator_label,
    rate.denominator_label_zh,
    rate.fitting_label,
    rate.fitting_label_zh,
    rate.source_file_id,
    rate.source_sheet,
    rate.source_line
from rule_published_rate as rate
where not rate.is_right and rate.fitting_label is not null
