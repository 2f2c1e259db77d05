-- Execution points and grade of each department, with the number of its projects by grade.
-- 各部门的预算执行得分与等级，及其项目的等级分布。
-- label_zh: 自评得分与等级
select
    district_code,
    fiscal_year,
    department_name,
    execution_rate_pct,
    execution_points,
    maximum_points,
    execution_grade,
    excellent_project_count,
    good_project_count,
    fair_project_count,
    poor_project_count
from summary.self_evaluation
where figure_level = 'department'
order by district_code asc, fiscal_year asc, execution_points desc nulls last, department_name asc
