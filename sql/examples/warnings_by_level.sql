-- How many warnings of each level and rule there are.
-- 各等级、各规则的预警数。
-- label_zh: 预警统计
select
    district_code,
    fiscal_year,
    warning_level,
    warning_rule,
    count(*) as warnings
from summary.execution_warning
group by district_code, fiscal_year, warning_level, warning_rule
order by district_code, fiscal_year, warning_level, warning_rule
