-- Red warnings with their evidence.
-- 红色预警及其依据。
-- label_zh: 红色预警
select
    district_code,
    fiscal_year,
    department_name,
    project_name,
    warning_rule,
    evidence_zh,
    evidence,
    warning_amount
from summary.execution_warning
where warning_level = 'red'
order by district_code asc, fiscal_year asc, warning_amount desc nulls last, department_name asc, project_name asc
