-- A published rate differs from the exact one by more than rounding, but by little.
-- 公布的比率与按金额计算的比率略有出入，超出四舍五入所能解释。
-- rule: published-rate-differs-slightly
-- severity: warning
-- category: publication
-- scope: district_year
-- guards: core.execution_statement
-- tolerance: published_rate_tolerance, published_rate_error_beyond
-- since: 0.1.0
-- value: rate
-- message: {finding_key}: {source_value} % is published, the amounts make {target_value} % of the
--   {denominator_label}; difference {difference} percentage points.
-- message_zh: {finding_key}：公布 {source_value}%，按{denominator_label_zh}计算为 {target_value}%，相差 {difference} 个百分点。
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
inner join rule_threshold as threshold on rate.district_code = threshold.district_code
where
    not rate.is_right
    and rate.fitting_label is null
    and rate.denominator <> 0
    and abs(rate.published_rate - rate.computed_rate) <= threshold.published_rate_error_beyond
