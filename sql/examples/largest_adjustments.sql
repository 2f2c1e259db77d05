-- Projects whose net adjustment is at least 15 % of their initial budget, up or down.
-- 净调整达年初预算百分之十五以上的项目（增减均计）。
-- label_zh: 大幅调整项目
select
    district_code,
    fiscal_year,
    department_name,
    project_name,
    initial_budget_amount,
    net_adjustment_amount,
    net_adjustment_rate_pct,
    adjustment_count,
    adjustment_status
from summary.project_execution
where abs(net_adjustment_rate) >= 0.15
order by abs(net_adjustment_amount) desc, project_name
