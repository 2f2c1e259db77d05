-- Rates that an office printed beside the rates recomputed from its own figures.
-- 单位公布的比率与按其数字重算的比率对照。
-- label_zh: 公布与重算比率
select
    statement.district_code,
    statement.fiscal_year,
    statement.project_name,
    cast(statement.published_adjustment_rate * 100 as decimal(14, 2)) as published_adjustment_rate_pct,
    project.net_adjustment_rate_pct,
    cast(statement.published_execution_rate * 100 as decimal(14, 2)) as published_execution_rate_pct,
    project.execution_rate_pct
from core.execution_statement as statement
inner join summary.project_execution as project
    on
        statement.district_code = project.district_code
        and statement.fiscal_year = project.fiscal_year
        and coalesce(statement.project_code, '') = coalesce(project.project_code, '')
        and statement.project_name = project.project_name
where statement.published_adjustment_rate is not null or statement.published_execution_rate is not null
order by statement.district_code, statement.fiscal_year, statement.project_name
