-- An adjustment names an indicator instead of a department and a project, and no delivered indicator says whose it is; a
--   reallocation is set aside with both of its sides.
-- 调整只载明指标而未写部门与项目，已报送的指标中又查不到该指标；调剂的调入与调出一并剔除。
-- rule: adjustment-of-unknown-indicator
-- severity: error
-- category: existence
-- scope: district_year
-- guards: core.budget_adjustment
-- sets_aside: budget_adjustment
-- tolerance: none
-- since: 0.1.0
-- message: Indicator {finding_key} of the adjustment is in no delivered table of indicators, so its project is not known;
--   deliver the indicators (BA_BGT_INFO) that have it.
-- message_zh: 调整所涉指标 {finding_key} 不在已报送的指标中，无法确定其项目；请补报含该指标的指标信息（BA_BGT_INFO）。
select
    line.district_code,
    line.fiscal_year,
    min(line.indicator_id) as finding_key,
    sum(line.adjustment_amount) as source_value,
    cast(null as decimal(18, 2)) as target_value,
    cast(null as decimal(18, 2)) as difference,
    line.source_file_id,
    line.source_sheet,
    line.source_line
from core.budget_adjustment as line
where
    coalesce(line.department_code, line.department_name) is null
    or coalesce(line.project_code, line.project_name) is null
group by line.district_code, line.fiscal_year, line.source_file_id, line.source_sheet, line.source_line
