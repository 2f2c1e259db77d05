-- What the watch of a district-year can see and rests on: which columns of the project list were delivered, how many
--   projects are watched, and how far its projection was off in the latest finished year.
-- 各区年度项目跟踪的依据：项目库报送了哪些列、跟踪多少项目，以及预测在最近已结束年度的误差。
-- label_zh: 项目跟踪依据
with listed as (
    select
        district_code,
        fiscal_year,
        count(*) as listed_project_count,
        count(contract_date) as contract_date_count,
        count(planned_start_date) as planned_start_date_count,
        count(is_approved) as approval_count
    from core.project
    group by district_code, fiscal_year
),

figure as (
    select
        district_code,
        fiscal_year,
        count(*) as project_count,
        max(as_of_date) as as_of_date
    from core.compared_figure
    where figure_level = 'project' and not is_year_finished
    group by district_code, fiscal_year
),

watched as (
    select
        district_code,
        fiscal_year,
        count(*) as watched_project_count,
        sum(full_year_budget_amount) as watched_budget_amount,
        sum(proposed_adjustment_amount) as proposed_adjustment_amount,
        sum(case when projected_executed_amount is null then 1 else 0 end) as unprojected_project_count
    from summary.project_watch
    group by district_code, fiscal_year
),

tested as (
    select
        *,
        row_number() over (partition by district_code order by fiscal_year desc, month desc) as preference
    from summary.projection_backtest
    where month = 6
)

select
    figure.district_code,
    figure.fiscal_year,
    figure.project_count,
    coalesce(watched.watched_project_count, 0) as watched_project_count,
    coalesce(watched.watched_budget_amount, 0) as watched_budget_amount,
    case when watched.district_code is null then 0 else watched.proposed_adjustment_amount end
        as proposed_adjustment_amount,
    coalesce(watched.unprojected_project_count, 0) as unprojected_project_count,
    coalesce(listed.listed_project_count, 0) as listed_project_count,
    coalesce(listed.contract_date_count, 0) as contract_date_count,
    coalesce(listed.planned_start_date_count, 0) as planned_start_date_count,
    coalesce(listed.approval_count, 0) as approval_count,
    nullif(
        concat_ws(
            '; ',
            case when coalesce(listed.contract_date_count, 0) = 0 then 'contract_date' end,
            case when coalesce(listed.planned_start_date_count, 0) = 0 then 'planned_start_date' end,
            case when coalesce(listed.approval_count, 0) = 0 then 'is_approved' end
        ),
        ''
    ) as unseen_columns,
    tested.fiscal_year as tested_fiscal_year,
    tested.projection_error_pct,
    tested.bounds_coverage_pct,
    figure.as_of_date
from figure
left join watched
    on
        figure.district_code = watched.district_code
        and figure.fiscal_year = watched.fiscal_year
left join listed
    on
        figure.district_code = listed.district_code
        and figure.fiscal_year = listed.fiscal_year
left join tested
    on
        tested.preference = 1
        and figure.district_code = tested.district_code
order by figure.district_code, figure.fiscal_year
