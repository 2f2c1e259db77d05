-- Departments behind the time progress at the end of the latest month, in percentage points and in yuan.
-- 截至最近月份落后于序时进度的部门，差多少个百分点与多少元。
-- label_zh: 落后序时进度的部门
select
    district_code,
    fiscal_year,
    month,
    department_name,
    execution_rate_pct,
    gap_to_progress_points,
    gap_to_progress_amount,
    is_complete
from summary.department_execution_monthly as monthly
where
    gap_to_progress_points < 0
    and month = (
        select max(latest.month) from summary.department_execution_monthly as latest
        where latest.district_code = monthly.district_code and latest.fiscal_year = monthly.fiscal_year
    )
order by district_code, fiscal_year, gap_to_progress_points
