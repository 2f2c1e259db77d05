-- The units of one department (or the lines of one project) are stated as of different dates; their sum is of no date,
--   and the figure is unknown.
-- 同一部门各单位（或同一项目各行）的执行情况表截止日期不同，合计数不属于任何一个日期，该数列为未知。
-- rule: statement-units-of-different-dates
-- severity: error
-- category: arithmetic
-- scope: district_year
-- guards: core.statement_choice
-- tolerance: none
-- since: 0.2.0
-- message: The lines of {finding_key} are as of dates from {first_date} to {last_date}, together {source_value} yuan;
--   they are not summed. Deliver all units as of one date.
-- message_zh: {finding_key} 各行截止日期自 {first_date} 至 {last_date} 不一，合计 {source_value} 元；不予加总。请各单位按同一截止日期报送。
select
    district_code,
    fiscal_year,
    max(department_code) as department_code,
    max(department_name) as department_name,
    max(project_code) as project_code,
    max(project_name) as project_name,
    item_key(max(department_code), max(department_name), max(project_code), max(project_name)) as finding_key,
    coalesce(cast(min(as_of_date) as varchar), '—') as first_date,
    case
        when count(*) = count(as_of_date) then cast(max(as_of_date) as varchar)
        else '—'
    end as last_date,
    sum(coalesce(executed_amount, full_year_budget_amount, initial_budget_amount)) as source_value,
    cast(null as decimal(18, 2)) as target_value,
    cast(null as decimal(18, 2)) as difference,
    first_places(source_file_id, source_sheet, source_line) as source_lines,
    count(*) as source_line_count
from core.statement_choice
where figure_level in ('department', 'project')
group by
    district_code,
    fiscal_year,
    figure_level,
    coalesce(department_code, department_name),
    coalesce(project_code, project_name)
having min(as_of_date) <> max(as_of_date) or count(as_of_date) not in (0, count(*))
