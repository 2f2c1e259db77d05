-- Departments whose execution rate is below that of their whole district, and by how many percentage points.
-- 执行率低于全区水平的部门及低多少个百分点。
-- label_zh: 低于平均的部门
select
    district_code,
    fiscal_year,
    month,
    department_name,
    execution_rate_pct,
    group_execution_rate_pct,
    gap_to_average_points
from summary.execution_ranking as ranking
where
    figure_level = 'department'
    and is_below_average
    and month = (
        select max(latest.month) from summary.execution_ranking as latest
        where latest.district_code = ranking.district_code and latest.fiscal_year = ranking.fiscal_year
    )
order by district_code asc, fiscal_year asc, month desc, gap_to_average_points asc
