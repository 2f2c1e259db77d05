-- Amounts of every department, project, fund type and expenditure nature, each from one source: detail or statement.
-- 各部门、项目、资金性质、支出性质的金额，每行只取一个来源：明细或执行情况表。
-- label_zh: 执行数基础表
with level as (
    select 'department' as figure_level
    union all
    select 'project' as figure_level
    union all
    select 'fund_type' as figure_level
    union all
    select 'nature' as figure_level
),

-- Detail -------------------------------------------------------------------------------------------------------
detail_sum as (
    select
        level.figure_level,
        item.district_code,
        item.fiscal_year,
        item.department_code,
        item.department_name,
        case when level.figure_level = 'project' then item.project_code end as project_code,
        case when level.figure_level = 'project' then item.project_name end as project_name,
        case when level.figure_level = 'project' then item.project_kind end as project_kind,
        case when level.figure_level in ('project', 'nature') then item.expenditure_nature end as expenditure_nature,
        case when level.figure_level = 'fund_type' then item.fund_type_code end as fund_type_code,
        sum(item.budget_line_count) as budget_line_count,
        sum(item.budget_line_with_full_year_count) as budget_line_with_full_year_count,
        sum(item.initial_budget_amount) as initial_budget_amount,
        sum(item.stated_full_year_amount) as stated_full_year_amount,
        sum(item.adjustment_count) as adjustment_count,
        sum(item.increase_amount) as increase_amount,
        sum(item.decrease_amount) as decrease_amount,
        sum(item.gross_adjustment_amount) as gross_adjustment_amount,
        sum(item.executed_amount) as executed_amount,
        sum(item.paid_in_10 + item.paid_in_11 + item.paid_in_12) as last_quarter_amount,
        sum(item.paid_in_11 + item.paid_in_12) as november_december_amount
    from core.detail_movement as item
    cross join level
    group by
        level.figure_level,
        item.district_code,
        item.fiscal_year,
        item.department_code,
        item.department_name,
        case when level.figure_level = 'project' then item.project_code end,
        case when level.figure_level = 'project' then item.project_name end,
        case when level.figure_level = 'project' then item.project_kind end,
        case when level.figure_level in ('project', 'nature') then item.expenditure_nature end,
        case when level.figure_level = 'fund_type' then item.fund_type_code end
),

detail_known as (
    select
        detail_sum.*,
        district_year.source_grain as usual_grain,
        district_year.latest_event_date as as_of_date,
        district_year.has_budget_adjustment,
        district_year.has_payment,
        case when district_year.has_annual_budget then detail_sum.initial_budget_amount end as known_initial_amount,
        case
            when detail_sum.budget_line_count = 0 and district_year.has_full_year_on_every_budget_line then 0
            when
                detail_sum.budget_line_count > 0
                and detail_sum.budget_line_count = detail_sum.budget_line_with_full_year_count
                then detail_sum.stated_full_year_amount
        end as known_full_year_amount
    from detail_sum
    inner join core.district_year_grain as district_year
        on
            detail_sum.district_code = district_year.district_code
            and detail_sum.fiscal_year = district_year.fiscal_year
),

detail_figure as (
    select
        figure_level,
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name,
        project_kind,
        expenditure_nature,
        fund_type_code,
        known_initial_amount as initial_budget_amount,
        case when has_budget_adjustment then increase_amount end as increase_amount,
        case when has_budget_adjustment then decrease_amount end as decrease_amount,
        case
            when has_budget_adjustment then increase_amount - decrease_amount
            else known_full_year_amount - known_initial_amount
        end as net_adjustment_amount,
        case when has_budget_adjustment then adjustment_count end as adjustment_count,
        case when has_budget_adjustment then gross_adjustment_amount end as gross_adjustment_amount,
        case
            when has_budget_adjustment then known_initial_amount + increase_amount - decrease_amount
            else known_full_year_amount
        end as full_year_budget_amount,
        case when has_payment then executed_amount end as executed_amount,
        case when has_payment then last_quarter_amount end as last_quarter_amount,
        case when has_payment then november_december_amount end as november_december_amount,
        'detail' as source_grain,
        as_of_date,
        case when usual_grain = 'detail' then 1 else 2 end as preference
    from detail_known
),

-- What the lists name without any money: an approved budget of nothing, where the approved budget was delivered. ---
listed as (
    select
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name,
        project_kind,
        expenditure_nature,
        'project' as figure_level
    from core.project_resolution
    where project_code is not null
    union
    select
        district_code,
        fiscal_year,
        department_code,
        department_name,
        null as project_code,
        null as project_name,
        null as project_kind,
        null as expenditure_nature,
        'department' as figure_level
    from core.department_resolution
),

listed_figure as (
    select
        listed.figure_level,
        listed.district_code,
        listed.fiscal_year,
        listed.department_code,
        listed.department_name,
        listed.project_code,
        listed.project_name,
        listed.project_kind,
        listed.expenditure_nature,
        cast(null as varchar) as fund_type_code,
        0 as initial_budget_amount,
        case when district_year.has_budget_adjustment then 0 end as increase_amount,
        case when district_year.has_budget_adjustment then 0 end as decrease_amount,
        case
            when district_year.has_budget_adjustment or district_year.has_full_year_on_every_budget_line then 0
        end as net_adjustment_amount,
        case when district_year.has_budget_adjustment then 0 end as adjustment_count,
        case when district_year.has_budget_adjustment then 0 end as gross_adjustment_amount,
        case
            when district_year.has_budget_adjustment or district_year.has_full_year_on_every_budget_line then 0
        end as full_year_budget_amount,
        case when district_year.has_payment then 0 end as executed_amount,
        case when district_year.has_payment then 0 end as last_quarter_amount,
        case when district_year.has_payment then 0 end as november_december_amount,
        'detail' as source_grain,
        district_year.latest_event_date as as_of_date,
        4 as preference
    from listed
    inner join core.district_year_grain as district_year
        on
            listed.district_code = district_year.district_code
            and listed.fiscal_year = district_year.fiscal_year
    where district_year.has_annual_budget
),

-- Statement ----------------------------------------------------------------------------------------------------
statement_total as (
    select
        figure_level,
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name,
        project_kind,
        expenditure_nature,
        fund_type_code,
        count(*) as line_count,
        count(initial_budget_amount) as initial_count,
        count(adjustment_amount) as adjustment_count,
        count(full_year_budget_amount) as full_year_count,
        count(executed_amount) as executed_count,
        sum(initial_budget_amount) as initial_budget_amount,
        sum(adjustment_amount) as adjustment_amount,
        sum(full_year_budget_amount) as full_year_budget_amount,
        sum(executed_amount) as executed_amount,
        max(as_of_date) as as_of_date,
        count(distinct coalesce(as_of_date, date '0001-01-01')) = 1 as is_of_one_date
    from core.statement_choice
    group by
        figure_level,
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name,
        project_kind,
        expenditure_nature,
        fund_type_code
),

-- Units as of different dates make a sum of no date: it is unknown.
statement_sum as (
    select
        figure_level,
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name,
        project_kind,
        expenditure_nature,
        fund_type_code,
        case when is_of_one_date and initial_count = line_count then initial_budget_amount end as initial_budget_amount,
        case when is_of_one_date and adjustment_count = line_count then adjustment_amount end as adjustment_amount,
        case
            when is_of_one_date and full_year_count = line_count then full_year_budget_amount
        end as full_year_budget_amount,
        case when is_of_one_date and executed_count = line_count then executed_amount end as executed_amount,
        case when is_of_one_date then as_of_date end as as_of_date
    from statement_total
),

-- A department of which only projects are stated has a row of its own, with everything unknown.
statement_department as (
    select distinct
        district_code,
        fiscal_year,
        department_code,
        department_name
    from core.statement_line
),

statement_figure as (
    select
        statement_sum.figure_level,
        statement_sum.district_code,
        statement_sum.fiscal_year,
        statement_sum.department_code,
        statement_sum.department_name,
        statement_sum.project_code,
        statement_sum.project_name,
        statement_sum.project_kind,
        statement_sum.expenditure_nature,
        statement_sum.fund_type_code,
        statement_sum.initial_budget_amount,
        coalesce(
            statement_sum.adjustment_amount,
            statement_sum.full_year_budget_amount - statement_sum.initial_budget_amount
        ) as net_adjustment_amount,
        statement_sum.full_year_budget_amount,
        statement_sum.executed_amount,
        statement_sum.as_of_date,
        case when district_year.source_grain = 'statement' then 1 else 2 end as preference
    from statement_sum
    inner join core.district_year_grain as district_year
        on
            statement_sum.district_code = district_year.district_code
            and statement_sum.fiscal_year = district_year.fiscal_year
    union all
    select
        'department' as figure_level,
        statement_department.district_code,
        statement_department.fiscal_year,
        statement_department.department_code,
        statement_department.department_name,
        null as project_code,
        null as project_name,
        null as project_kind,
        null as expenditure_nature,
        null as fund_type_code,
        null as initial_budget_amount,
        null as net_adjustment_amount,
        null as full_year_budget_amount,
        null as executed_amount,
        null as as_of_date,
        3 as preference
    from statement_department
    left join statement_sum
        on
            statement_sum.figure_level = 'department'
            and statement_department.district_code = statement_sum.district_code
            and statement_department.fiscal_year = statement_sum.fiscal_year
            and statement_department.department_code is not distinct from statement_sum.department_code
            and statement_department.department_name is not distinct from statement_sum.department_name
    where statement_sum.figure_level is null
),

-- One source for each row; breakdowns follow their department, or they would not add up to it. --------------------
candidate as (
    select
        figure_level,
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name,
        project_kind,
        expenditure_nature,
        fund_type_code,
        initial_budget_amount,
        increase_amount,
        decrease_amount,
        net_adjustment_amount,
        adjustment_count,
        gross_adjustment_amount,
        full_year_budget_amount,
        executed_amount,
        last_quarter_amount,
        november_december_amount,
        source_grain,
        as_of_date,
        preference
    from detail_figure
    union all
    select
        figure_level,
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name,
        project_kind,
        expenditure_nature,
        fund_type_code,
        initial_budget_amount,
        increase_amount,
        decrease_amount,
        net_adjustment_amount,
        adjustment_count,
        gross_adjustment_amount,
        full_year_budget_amount,
        executed_amount,
        last_quarter_amount,
        november_december_amount,
        source_grain,
        as_of_date,
        preference
    from listed_figure
    union all
    select
        figure_level,
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name,
        project_kind,
        expenditure_nature,
        fund_type_code,
        initial_budget_amount,
        null as increase_amount,
        null as decrease_amount,
        net_adjustment_amount,
        null as adjustment_count,
        null as gross_adjustment_amount,
        full_year_budget_amount,
        executed_amount,
        null as last_quarter_amount,
        null as november_december_amount,
        'statement' as source_grain,
        as_of_date,
        preference
    from statement_figure
),

preferred as (
    select
        candidate.*,
        min(candidate.preference) over (
            partition by
                candidate.figure_level,
                candidate.district_code,
                candidate.fiscal_year,
                coalesce(candidate.department_code, candidate.department_name),
                coalesce(candidate.project_code, candidate.project_name)
        ) as best_preference
    from candidate
),

stated as (
    select
        statement_sum.figure_level,
        statement_sum.district_code,
        statement_sum.fiscal_year,
        statement_sum.department_code,
        statement_sum.department_name,
        statement_sum.project_code,
        statement_sum.project_name,
        statement_sum.expenditure_nature,
        statement_sum.fund_type_code,
        statement_sum.executed_amount,
        statement_sum.as_of_date
    from statement_sum
    inner join core.district_year_grain as district_year
        on
            statement_sum.district_code = district_year.district_code
            and statement_sum.fiscal_year = district_year.fiscal_year
    where not district_year.has_payment and statement_sum.executed_amount is not null
)

select
    preferred.figure_level,
    preferred.district_code,
    preferred.fiscal_year,
    preferred.department_code,
    preferred.department_name,
    preferred.project_code,
    preferred.project_name,
    preferred.project_kind,
    preferred.expenditure_nature,
    preferred.fund_type_code,
    preferred.initial_budget_amount,
    preferred.increase_amount,
    preferred.decrease_amount,
    preferred.net_adjustment_amount,
    preferred.adjustment_count,
    preferred.gross_adjustment_amount,
    preferred.full_year_budget_amount,
    coalesce(preferred.executed_amount, stated.executed_amount) as executed_amount,
    preferred.last_quarter_amount,
    preferred.november_december_amount,
    preferred.source_grain,
    coalesce(stated.as_of_date, preferred.as_of_date) as as_of_date,
    progress.month,
    progress.time_progress,
    progress.time_progress_pct,
    progress.time_progress_source
from preferred
-- Where payments were not delivered, what was executed is what the statement says, as of its date.
left join stated
    on
        preferred.source_grain = 'detail'
        and preferred.figure_level = stated.figure_level
        and preferred.district_code = stated.district_code
        and preferred.fiscal_year = stated.fiscal_year
        and preferred.department_code is not distinct from stated.department_code
        and preferred.department_name is not distinct from stated.department_name
        and preferred.project_code is not distinct from stated.project_code
        and preferred.project_name is not distinct from stated.project_name
        and preferred.fund_type_code is not distinct from stated.fund_type_code
        and preferred.expenditure_nature is not distinct from stated.expenditure_nature
left join core.time_progress as progress
    on
        preferred.district_code = progress.district_code
        and preferred.fiscal_year = progress.fiscal_year
        and coalesce(stated.as_of_date, preferred.as_of_date) = progress.as_of_date
        and (case when preferred.figure_level = 'project' then preferred.expenditure_nature end)
        is not distinct from progress.expenditure_nature
where preferred.preference = preferred.best_preference
