-- Departments and projects that paid more than half of their year's budget in November and December.
-- 十一、十二月支出超过全年预算一半的部门与项目。
-- label_zh: 年底突击支出
select
    district_code,
    fiscal_year,
    figure_level,
    department_name,
    project_name,
    november_december_amount,
    november_december_share_pct
from summary.carryover
where november_december_share > 0.5
order by november_december_amount desc, department_name asc, project_name asc
