-- Departments of each district and year by execution rate, with rank and the group's own rate.
-- 各区年度的部门按预算执行率排名，附全区执行率。
-- label_zh: 部门执行率排名
select
    district_code,
    fiscal_year,
    execution_rank,
    ranked_count,
    department_name,
    full_year_budget_amount,
    executed_amount,
    execution_rate_pct,
    group_execution_rate_pct,
    gap_to_average_points
from summary.execution_ranking as ranking
where
    figure_level = 'department'
    and month = (
        select max(latest.month) from summary.execution_ranking as latest
        where latest.district_code = ranking.district_code and latest.fiscal_year = ranking.fiscal_year
    )
order by district_code, fiscal_year, execution_rank, department_name
