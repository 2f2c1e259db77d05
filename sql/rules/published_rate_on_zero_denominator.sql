-- A rate is published although its denominator is zero, and no other denominator fits it.
-- 分母为零却公布了比率，且与其他分母均不相符。
-- rule: published-rate-on-zero-denominator
-- severity: error
-- category: publication
-- scope: district_year
-- guards: core.execution_statement
-- tolerance: published_rate_tolerance
-- since: 0.1.0
-- value: rate
-- message: {finding_key}: {source_value} % is published, but the {denominator_label} is 0; such a rate does not
--   exist.
-- message_zh: {finding_key}：公布 {source_value}%，但{denominator_label_zh}为 0，不存在该比率。
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
where not rate.is_right and rate.fitting_label is null and rate.denominator = 0
