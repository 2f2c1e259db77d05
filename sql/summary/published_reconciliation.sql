-- Every published figure beside what the warehouse computes for the same item: linked by name or by an accepted alias
--   only, compared within half a unit of the last printed digit.
-- 每个公布数字与库中相应数字的核对：只按相同名称或经人确认的名称对应，容差为末位数字的一半。
-- label_zh: 公布核对
with named_department as (
    select distinct
        department.district_code,
        department.fiscal_year,
        document.document_id,
        department.department_code,
        department.department_name
    from quality.published_document as document
    inner join summary.department_execution as department
        on
            document.district_code = department.district_code
            and document.fiscal_year = department.fiscal_year
            and department.department_name is not null
            and contains(document.document_title, department.department_name)
),

ranked as (
    select
        *,
        row_number() over (
            partition by district_code, fiscal_year, document_id
            order by length(department_name) desc, department_code asc, department_name asc
        ) as choice
    from named_department
),

publisher as (
    select
        district_code,
        fiscal_year,
        document_id,
        department_code,
        department_name
    from ranked
    where choice = 1
),

item as (
    select
        'department' as linked_by,
        district_code,
        fiscal_year,
        department_code,
        department_name,
        cast(null as varchar) as project_code,
        cast(null as varchar) as project_name,
        'DEPT' as item_name,
        initial_budget_amount,
        net_adjustment_amount,
        full_year_budget_amount,
        executed_amount,
        execution_rate,
        completion_rate_of_initial,
        net_adjustment_rate
    from summary.department_execution
    union all
    select
        'exact' as linked_by,
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name,
        project_name as item_name,
        initial_budget_amount,
        net_adjustment_amount,
        full_year_budget_amount,
        executed_amount,
        execution_rate,
        completion_rate_of_initial,
        net_adjustment_rate
    from summary.project_execution
    where project_name is not null
    union all
    select
        'nature' as linked_by,
        district_code,
        fiscal_year,
        department_code,
        department_name,
        null as project_code,
        null as project_name,
        case expenditure_nature when 'basic' then '基本支出' when 'project' then '项目支出' end as item_name,
        initial_budget_amount,
        net_adjustment_amount,
        full_year_budget_amount,
        executed_amount,
        execution_rate,
        completion_rate_of_initial,
        net_adjustment_rate
    from summary.department_execution_by_nature
    where expenditure_nature in ('basic', 'project')
    union all
    select
        'fund_type' as linked_by,
        district_code,
        fiscal_year,
        department_code,
        department_name,
        null as project_code,
        null as project_name,
        case left(fund_type_code, 2)
            when '11' then '一般公共预算财政拨款支出'
            when '12' then '政府性基金预算财政拨款支出'
            when '13' then '国有资本经营预算财政拨款支出'
            else '其他资金支出'
        end as item_name,
        sum(initial_budget_amount) as initial_budget_amount,
        sum(net_adjustment_amount) as net_adjustment_amount,
        sum(full_year_budget_amount) as full_year_budget_amount,
        sum(executed_amount) as executed_amount,
        cast(null as decimal(18, 6)) as execution_rate,
        cast(null as decimal(18, 6)) as completion_rate_of_initial,
        cast(null as decimal(18, 6)) as net_adjustment_rate
    from summary.department_execution_by_fund_type
    where fund_type_code is not null
    group by
        district_code,
        fiscal_year,
        department_code,
        department_name,
        case left(fund_type_code, 2)
            when '11' then '一般公共预算财政拨款支出'
            when '12' then '政府性基金预算财政拨款支出'
            when '13' then '国有资本经营预算财政拨款支出'
            else '其他资金支出'
        end
),

-- A name that two projects of the department share is linked to neither.
only_item as (
    select
        *,
        count(*) over (
            partition by district_code, fiscal_year, department_code, department_name, linked_by, item_name
        ) as namesakes
    from item
),

compared as (
    select
        statement.district_code,
        statement.fiscal_year,
        publisher.department_code,
        publisher.department_name,
        item.project_code,
        item.project_name,
        statement.document_id,
        statement.document_path,
        statement.statement_number,
        statement.page_number,
        statement.document_section,
        statement.printed_sentence,
        statement.printed_subject,
        statement.published_measure,
        statement.printed_value,
        statement.printed_amount,
        statement.printed_rate,
        statement.printed_half_unit,
        statement.statement_status,
        case
            when item.item_name is null then 'none'
            when statement.accepted_subject <> statement.printed_subject then 'alias'
            else item.linked_by
        end as linked_by,
        case statement.published_measure
            when 'initial_budget' then item.initial_budget_amount
            when 'adjustment' then item.net_adjustment_amount
            when 'full_year_budget' then item.full_year_budget_amount
            when 'executed' then item.executed_amount
        end as computed_amount,
        case statement.published_measure
            when 'execution_rate' then item.execution_rate
            when 'completion_of_initial' then item.completion_rate_of_initial
            when 'net_adjustment_rate' then item.net_adjustment_rate
        end as computed_rate,
        statement.published_measure in (
            'initial_budget', 'adjustment', 'full_year_budget', 'executed', 'execution_rate', 'completion_of_initial',
            'net_adjustment_rate'
        )
        and coalesce(statement.stated_year, statement.fiscal_year) = statement.fiscal_year as is_comparable
    from quality.published_statement as statement
    left join publisher
        on
            statement.district_code = publisher.district_code
            and statement.fiscal_year = publisher.fiscal_year
            and statement.document_id = publisher.document_id
    left join only_item as item
        on
            publisher.district_code = item.district_code
            and publisher.fiscal_year = item.fiscal_year
            and publisher.department_code is not distinct from item.department_code
            and publisher.department_name is not distinct from item.department_name
            and statement.accepted_subject = item.item_name
            and item.namesakes = 1
    where statement.statement_status <> 'unread'
),

differing as (
    select
        *,
        coalesce(
            cast(printed_amount - computed_amount as decimal(38, 6)),
            cast(printed_rate - computed_rate as decimal(38, 6))
        ) as publication_difference
    from compared
)

select
    district_code,
    fiscal_year,
    department_code,
    department_name,
    project_code,
    project_name,
    document_id,
    document_path,
    statement_number,
    page_number,
    document_section,
    printed_sentence,
    printed_subject,
    published_measure,
    printed_value,
    printed_amount,
    printed_rate,
    computed_amount,
    computed_rate,
    publication_difference,
    linked_by,
    statement_status,
    case
        when not is_comparable then 'not_compared'
        when linked_by = 'none' then 'not_linked'
        when publication_difference is null then 'not_in_warehouse'
        when abs(publication_difference) <= printed_half_unit then 'agrees'
        when
            printed_rate is not null
            and abs(printed_rate) < abs(computed_rate)
            and abs(publication_difference) < 2 * printed_half_unit
            then 'truncated'
        when
            computed_amount <> 0
            and (
                abs(abs(printed_amount) - abs(computed_amount) * 10000) <= abs(computed_amount) * 50
                or abs(abs(printed_amount) * 10000 - abs(computed_amount)) <= abs(computed_amount) * 0.005
            )
            then 'unit_slip'
        else 'differs'
    end as reconciliation_status
from differing
