-- Of every figure, whether rows are missing from it, their number and their money.
-- 每个数是否有行未计入，及未计入的行数与金额。
-- label_zh: 数字是否完整
-- kept: no
with delivered as (
    select distinct
        district_code,
        fiscal_year,
        source_file_id,
        source_sheet,
        source_table,
        dataset,
        file_outcome,
        rows_read,
        money_read
    from quality.source_file
    where dataset in ('annual_budget', 'budget_adjustment', 'payment', 'execution_statement')
),

accepted_file as (
    select distinct
        district_code,
        fiscal_year,
        source_file_id,
        dataset
    from delivered
    where file_outcome = 'accepted'
),

-- Whose a row is -------------------------------------------------------------------------------------------------
rejected as (
    select
        aside.district_code,
        aside.fiscal_year,
        aside.dataset,
        aside.department_code,
        aside.department_name,
        aside.project_code,
        aside.project_name,
        aside.fund_type_code,
        -- The cells of such a row may stand in the wrong columns.
        aside.has_unreadable_amount and aside.columns = '' as is_shifted,
        contains(aside.columns, 'project_') as is_project_at_fault,
        count(*) as row_count,
        sum(case when aside.has_unreadable_amount then 1 else 0 end) as unreadable_count,
        sum(aside.money) as money
    from quality.rejected_row as aside
    inner join accepted_file as file
        on
            aside.district_code = file.district_code
            and aside.fiscal_year = file.fiscal_year
            and aside.source_file_id = file.source_file_id
            and aside.dataset = file.dataset
    group by
        aside.district_code,
        aside.fiscal_year,
        aside.dataset,
        aside.department_code,
        aside.department_name,
        aside.project_code,
        aside.project_name,
        aside.fund_type_code,
        aside.has_unreadable_amount and aside.columns = '',
        contains(aside.columns, 'project_')
),

department as (
    select
        district_code,
        fiscal_year,
        given_department_code,
        lower(given_department_name) as folded_name,
        code_or_name(department_code, department_name) as department_key
    from core.department_resolution
),

department_by_code as (
    select
        district_code,
        fiscal_year,
        given_department_code,
        min(department_key) as department_key
    from department
    where given_department_code is not null
    group by district_code, fiscal_year, given_department_code
    having count(distinct department_key) = 1
),

department_by_name as (
    select
        district_code,
        fiscal_year,
        folded_name,
        min(department_key) as department_key
    from department
    where folded_name is not null
    group by district_code, fiscal_year, folded_name
    having count(distinct department_key) = 1
),

project as (
    select
        district_code,
        fiscal_year,
        given_project_code,
        lower(given_project_name) as folded_name,
        expenditure_nature,
        code_or_name(department_code, department_name) as department_key,
        code_or_name(project_code, project_name) as project_key
    from core.project_resolution
),

project_by_code as (
    select
        district_code,
        fiscal_year,
        given_project_code,
        min(department_key) as department_key
    from project
    where given_project_code is not null
    group by district_code, fiscal_year, given_project_code
    having count(distinct department_key) = 1
),

placed as (
    select
        rejected.*,
        case
            when rejected.department_code is not null or rejected.department_name is not null
                then coalesce(
                    by_code.department_key,
                    by_name.department_key,
                    case
                        when not rejected.is_shifted
                            then code_or_name(rejected.department_code, rejected.department_name)
                    end
                )
            else by_project.department_key
        end as department_key
    from rejected
    left join department_by_code as by_code
        on
            rejected.district_code = by_code.district_code
            and rejected.fiscal_year = by_code.fiscal_year
            and rejected.department_code = by_code.given_department_code
    left join department_by_name as by_name
        on
            rejected.department_code is null
            and rejected.district_code = by_name.district_code
            and rejected.fiscal_year = by_name.fiscal_year
            and lower(rejected.department_name) = by_name.folded_name
    left join project_by_code as by_project
        on
            rejected.district_code = by_project.district_code
            and rejected.fiscal_year = by_project.fiscal_year
            and rejected.project_code = by_project.given_project_code
),

-- A row without a project is one of its department, unless the project is what could not be read.
owned as (
    select
        placed.district_code,
        placed.fiscal_year,
        placed.dataset,
        placed.department_key,
        placed.fund_type_code,
        placed.row_count,
        placed.unreadable_count,
        placed.money,
        coalesce(min(project.project_key), code_or_name(placed.project_code, placed.project_name)) as project_key,
        case
            when min(project.project_key) is not null then true
            when placed.project_code is null and placed.project_name is null
                then not placed.is_project_at_fault and not placed.is_shifted
            else not placed.is_shifted
        end as is_project_known,
        case
            when
                min(project.project_key) is not null
                and count(distinct coalesce(project.expenditure_nature, '')) = 1
                then min(coalesce(project.expenditure_nature, ''))
        end as nature_key
    from placed
    left join project
        on
            placed.district_code = project.district_code
            and placed.fiscal_year = project.fiscal_year
            and placed.department_key = project.department_key
            and (
                placed.project_code = project.given_project_code
                or (
                    placed.project_code is null
                    and coalesce(lower(placed.project_name), '') = coalesce(project.folded_name, '')
                    and (placed.project_name is not null or project.given_project_code is null)
                    and not placed.is_project_at_fault
                    and not placed.is_shifted
                )
            )
    group by
        placed.district_code,
        placed.fiscal_year,
        placed.dataset,
        placed.department_key,
        placed.fund_type_code,
        placed.row_count,
        placed.unreadable_count,
        placed.money,
        placed.project_code,
        placed.project_name,
        placed.is_project_at_fault,
        placed.is_shifted
),

-- Rows of which only the number is kept, for there were too many of them ------------------------------------------
counted as (
    select
        line.district_code,
        line.fiscal_year,
        line.dataset,
        sum(line.line_count) as row_count,
        sum(line.unreadable_line_count) as unreadable_count,
        sum(line.money) as money
    from quality.delivered_line as line
    inner join accepted_file as file
        on
            line.district_code = file.district_code
            and line.fiscal_year = file.fiscal_year
            and line.source_file_id = file.source_file_id
            and line.dataset = file.dataset
    where line.line_outcome = 'rejected'
    group by line.district_code, line.fiscal_year, line.dataset
),

described as (
    select
        district_code,
        fiscal_year,
        dataset,
        sum(row_count) as row_count,
        sum(unreadable_count) as unreadable_count,
        sum(money) as money
    from rejected
    group by district_code, fiscal_year, dataset
),

-- Tables of a delivery that is held back: what they would change cannot be told.
held_back as (
    select
        delivered.district_code,
        delivered.fiscal_year,
        delivered.source_file_id,
        delivered.source_sheet,
        delivered.source_table,
        delivered.dataset,
        delivered.rows_read,
        delivered.money_read,
        coalesce(sum(line.unreadable_line_count), 0) as unreadable_count
    from delivered
    left join quality.delivered_line as line
        on
            delivered.district_code = line.district_code
            and delivered.fiscal_year = line.fiscal_year
            and delivered.source_file_id = line.source_file_id
            and delivered.source_sheet is not distinct from line.source_sheet
            and delivered.source_table = line.source_table
            and delivered.dataset = line.dataset
    where delivered.file_outcome = 'held_back'
    group by
        delivered.district_code,
        delivered.fiscal_year,
        delivered.source_file_id,
        delivered.source_sheet,
        delivered.source_table,
        delivered.dataset,
        delivered.rows_read,
        delivered.money_read
),

-- Files that took money with them when they were withdrawn; the finding tells how much.
withdrawn as (
    select
        finding.district_code,
        finding.fiscal_year,
        finding.source_value
    from quality.finding as finding
    inner join quality.source_file as file
        on
            finding.district_code = file.district_code
            and finding.fiscal_year = file.fiscal_year
            and finding.source_file_id = file.source_file_id
    where finding.rule_id = 'delivery-withdrawn' and file.file_outcome = 'withdrawn'
),

-- Files that cannot be read or are not ready ----------------------------------------------------------------------
unread as (
    select distinct
        district_code,
        fiscal_year,
        source_path
    from quality.source_file
    where file_outcome = 'refused' or (file_outcome = 'held_back' and dataset is null)
),

-- What counts of such a file is what it held before: whose it was then, it will be again.
last_version as (
    select distinct
        file.district_code,
        file.fiscal_year,
        file.source_file_id,
        file.dataset
    from unread
    inner join quality.source_file as file
        on
            unread.district_code = file.district_code
            and unread.fiscal_year = file.fiscal_year
            and unread.source_path = file.source_path
    where file.file_outcome = 'accepted'
),

counted_line as (
    select
        'annual_budget' as dataset,
        district_code,
        fiscal_year,
        source_file_id,
        department_code,
        department_name
    from core.annual_budget
    union all
    select
        'budget_adjustment' as dataset,
        district_code,
        fiscal_year,
        source_file_id,
        department_code,
        department_name
    from core.budget_adjustment
    union all
    select
        'payment' as dataset,
        district_code,
        fiscal_year,
        source_file_id,
        department_code,
        department_name
    from core.payment
    union all
    select
        'execution_statement' as dataset,
        district_code,
        fiscal_year,
        source_file_id,
        department_code,
        department_name
    from core.execution_statement
),

told_before as (
    select distinct
        line.district_code,
        line.fiscal_year,
        line.dataset,
        code_or_name(line.department_code, line.department_name) as department_key
    from last_version
    inner join counted_line as line
        on last_version.dataset = line.dataset and last_version.source_file_id = line.source_file_id
),

-- What is not known of a row is NULL here: a row without a department may be anybody's.
entry as (
    select
        district_code,
        fiscal_year,
        dataset,
        department_key,
        case when department_key is not null and is_project_known then project_key end as project_key,
        case when department_key is not null then fund_type_code end as fund_type_code,
        nature_key,
        row_count,
        case when unreadable_count = 0 then money end as amount
    from owned
    union all
    select
        counted.district_code,
        counted.fiscal_year,
        counted.dataset,
        null as department_key,
        null as project_key,
        null as fund_type_code,
        null as nature_key,
        counted.row_count - coalesce(described.row_count, 0) as row_count,
        case
            when counted.unreadable_count <= coalesce(described.unreadable_count, 0)
                then counted.money - coalesce(described.money, 0)
        end as amount
    from counted
    left join described
        on
            counted.district_code = described.district_code
            and counted.fiscal_year = described.fiscal_year
            and counted.dataset = described.dataset
    where counted.row_count > coalesce(described.row_count, 0)
    union all
    select
        district_code,
        fiscal_year,
        dataset,
        null as department_key,
        null as project_key,
        null as fund_type_code,
        null as nature_key,
        rows_read as row_count,
        case when unreadable_count = 0 then money_read end as amount
    from held_back
    union all
    select
        district_code,
        fiscal_year,
        null as dataset,
        null as department_key,
        null as project_key,
        null as fund_type_code,
        null as nature_key,
        null as row_count,
        null as amount
    from unread
    union all
    select
        told_before.district_code,
        told_before.fiscal_year,
        told_before.dataset,
        coalesce(by_code.department_key, by_name.department_key, told_before.department_key) as department_key,
        null as project_key,
        null as fund_type_code,
        null as nature_key,
        null as row_count,
        null as amount
    from told_before
    left join department_by_code as by_code
        on
            told_before.district_code = by_code.district_code
            and told_before.fiscal_year = by_code.fiscal_year
            and told_before.department_key = by_code.given_department_code
    left join department_by_name as by_name
        on
            told_before.district_code = by_name.district_code
            and told_before.fiscal_year = by_name.fiscal_year
            and lower(told_before.department_key) = by_name.folded_name
    where told_before.department_key is not null
    union all
    select
        district_code,
        fiscal_year,
        null as dataset,
        null as department_key,
        null as project_key,
        null as fund_type_code,
        null as nature_key,
        null as row_count,
        source_value as amount
    from withdrawn
),

-- Which figures they are missing from ----------------------------------------------------------------------------
figure as (
    select distinct
        item.figure_level,
        item.district_code,
        item.fiscal_year,
        code_or_name(item.department_code, item.department_name) as department_key,
        code_or_name(item.project_code, item.project_name) as project_key,
        item.fund_type_code,
        case when item.figure_level = 'nature' then item.expenditure_nature end as expenditure_nature,
        item.source_grain = 'detail' or grain.source_grain = 'detail' as is_made_of_detail,
        item.source_grain = 'statement' or grain.source_grain = 'statement'
        or not grain.has_payment as is_made_of_statement
    from core.execution_figure as item
    inner join core.district_year_grain as grain
        on
            item.district_code = grain.district_code
            and item.fiscal_year = grain.fiscal_year
    union all
    select distinct
        'project_fund_type' as figure_level,
        district_code,
        fiscal_year,
        code_or_name(department_code, department_name) as department_key,
        code_or_name(project_code, project_name) as project_key,
        fund_type_code,
        cast(null as varchar) as expenditure_nature,
        true as is_made_of_detail,
        false as is_made_of_statement
    from core.detail_movement
),

-- What tells the figures of one department apart, of the figure and of the rows: an empty text where nothing does.
told_figure as (
    select
        *,
        case when figure_level in ('project', 'project_fund_type') then project_key else '' end as figure_project,
        case
            when figure_level in ('fund_type', 'project_fund_type') then coalesce(fund_type_code, '')
            when figure_level = 'nature' then coalesce(expenditure_nature, '')
            else ''
        end as figure_part
    from figure
),

level as (
    select distinct figure_level
    from figure
),

told_entry as (
    select
        level.figure_level,
        entry.district_code,
        entry.fiscal_year,
        entry.dataset,
        entry.department_key,
        case when level.figure_level in ('project', 'project_fund_type') then entry.project_key else '' end
            as entry_project,
        case
            when level.figure_level in ('fund_type', 'project_fund_type') then entry.fund_type_code
            when level.figure_level = 'nature' then entry.nature_key
            else ''
        end as entry_part,
        entry.row_count,
        entry.amount
    from entry
    cross join level
),

entry_sum as (
    select
        figure_level,
        district_code,
        fiscal_year,
        dataset,
        department_key,
        entry_project,
        entry_part,
        case when count(row_count) = count(*) then sum(row_count) end as row_count,
        case when count(amount) = count(*) then sum(amount) end as amount
    from told_entry
    group by figure_level, district_code, fiscal_year, dataset, department_key, entry_project, entry_part
),

-- Rows whose owner is known are many and meet one figure each; the others are few sums that meet many.
paired as (
    select
        figure.*,
        entry_sum.dataset,
        entry_sum.row_count,
        entry_sum.amount,
        true as is_owner_known
    from told_figure as figure
    inner join entry_sum
        on
            figure.figure_level = entry_sum.figure_level
            and figure.district_code = entry_sum.district_code
            and figure.fiscal_year = entry_sum.fiscal_year
            and figure.department_key = entry_sum.department_key
            and figure.figure_project = entry_sum.entry_project
            and figure.figure_part = entry_sum.entry_part
    union all
    select
        figure.*,
        entry_sum.dataset,
        entry_sum.row_count,
        entry_sum.amount,
        false as is_owner_known
    from told_figure as figure
    inner join entry_sum
        on
            figure.figure_level = entry_sum.figure_level
            and figure.district_code = entry_sum.district_code
            and figure.fiscal_year = entry_sum.fiscal_year
            and figure.department_key = entry_sum.department_key
            and figure.figure_project = entry_sum.entry_project
    where entry_sum.entry_part is null
    union all
    select
        figure.*,
        entry_sum.dataset,
        entry_sum.row_count,
        entry_sum.amount,
        false as is_owner_known
    from told_figure as figure
    inner join entry_sum
        on
            figure.figure_level = entry_sum.figure_level
            and figure.district_code = entry_sum.district_code
            and figure.fiscal_year = entry_sum.fiscal_year
            and figure.department_key = entry_sum.department_key
            and figure.figure_part = coalesce(entry_sum.entry_part, figure.figure_part)
    where entry_sum.entry_project is null
    union all
    select
        figure.*,
        entry_sum.dataset,
        entry_sum.row_count,
        entry_sum.amount,
        false as is_owner_known
    from told_figure as figure
    inner join entry_sum
        on
            figure.figure_level = entry_sum.figure_level
            and figure.district_code = entry_sum.district_code
            and figure.fiscal_year = entry_sum.fiscal_year
            and figure.figure_project = coalesce(entry_sum.entry_project, figure.figure_project)
            and figure.figure_part = coalesce(entry_sum.entry_part, figure.figure_part)
    where entry_sum.department_key is null
),

concerned as (
    select *
    from paired
    where
        case
            when dataset is null then true
            when dataset = 'execution_statement' then is_made_of_statement
            else is_made_of_detail
        end
),

missing as (
    select
        figure_level,
        district_code,
        fiscal_year,
        department_key,
        project_key,
        fund_type_code,
        expenditure_nature,
        case when max(case when is_owner_known then 1 else 0 end) = 1 then false end as is_complete,
        cast(case when count(row_count) = count(*) then sum(row_count) end as bigint) as set_aside_row_count,
        -- Money beyond what the column can hold is no money that anybody read right.
        try_cast(case when count(amount) = count(*) then sum(amount) end as decimal(18, 2)) as set_aside_amount
    from concerned
    group by
        figure_level,
        district_code,
        fiscal_year,
        department_key,
        project_key,
        fund_type_code,
        expenditure_nature
)

select
    figure.figure_level,
    figure.district_code,
    figure.fiscal_year,
    figure.department_key,
    figure.project_key,
    figure.fund_type_code,
    figure.expenditure_nature,
    case when missing.figure_level is null then true else missing.is_complete end as is_complete,
    case when missing.figure_level is null then 0 else missing.set_aside_row_count end as set_aside_row_count,
    cast(
        case when missing.figure_level is null then 0 else missing.set_aside_amount end as decimal(18, 2)
    ) as set_aside_amount
from figure
left join missing
    on
        figure.figure_level = missing.figure_level
        and figure.district_code = missing.district_code
        and figure.fiscal_year = missing.fiscal_year
        and figure.department_key = missing.department_key
        and figure.project_key = missing.project_key
        and figure.fund_type_code is not distinct from missing.fund_type_code
        and figure.expenditure_nature is not distinct from missing.expenditure_nature
