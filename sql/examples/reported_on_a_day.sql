-- What did we report on a day? Every department's figures as the last publication of that day said them (UTC);
--   put the day in place of current_date.
-- 某一天我们报出的是什么数？按当日最后一次发布列出各部门数据（UTC），请将 current_date 换成所问日期。
with reported as (
    select build_id
    from history.publication
    where published_at < current_date + interval 1 day
    order by build_number desc
    limit 1
)

select
    said.published_at,
    said.district_code,
    said.fiscal_year,
    said.department_code,
    said.department_name,
    said.full_year_budget_amount,
    said.executed_amount,
    said.execution_rate_pct,
    said.net_adjustment_rate_pct,
    said.as_of_date
from history.department_execution as said
inner join reported on said.build_id = reported.build_id
order by said.district_code, said.fiscal_year, said.department_code, said.department_name
