-- Budget and execution of each department by economy class and item of both classifications; each level of each
--   classification adds up to the department. Adjustments name no economy class: see full_year_budget_amount.
-- 各部门按部门预算、政府预算支出经济分类（类、款）的预算与执行情况；每一分类的每一级合计等于部门，调整明细不分经济分类。
-- label_zh: 部门预算执行（按经济分类）
with department as (
    select
        figure.district_code,
        figure.fiscal_year,
        figure.department_code,
        figure.department_name,
        figure.as_of_date,
        grain.has_annual_budget,
        grain.has_payment,
        grain.has_full_year_on_every_budget_line
    from core.execution_figure as figure
    inner join core.district_year_grain as grain
        on
            figure.district_code = grain.district_code
            and figure.fiscal_year = grain.fiscal_year
    where figure.figure_level = 'department' and figure.source_grain = 'detail'
),

level as (
    select 1 as economy_level
    union all
    select 2 as economy_level
),

coded as (
    select
        *,
        'department' as economy_classification,
        department_economy_code as economy_code
    from core.class_movement
    where budget_line_count > 0 or payment_count > 0
    union all
    select
        *,
        'government' as economy_classification,
        government_economy_code as economy_code
    from core.class_movement
    where budget_line_count > 0 or payment_count > 0
),

summed as (
    select
        item.district_code,
        item.fiscal_year,
        item.department_code,
        item.department_name,
        item.economy_classification,
        level.economy_level,
        left(item.economy_code, 2 * level.economy_level + 1) as economy_class_code,
        sum(item.initial_budget_amount) as initial_budget_amount,
        sum(item.stated_full_year_amount) as stated_full_year_amount,
        sum(item.budget_line_count) as budget_line_count,
        sum(item.budget_line_with_full_year_count) as budget_line_with_full_year_count,
        sum(item.executed_amount) as executed_amount
    from coded as item
    cross join level
    group by
        item.district_code,
        item.fiscal_year,
        item.department_code,
        item.department_name,
        item.economy_classification,
        level.economy_level,
        left(item.economy_code, 2 * level.economy_level + 1)
),

figure as (
    select
        summed.district_code,
        summed.fiscal_year,
        summed.department_code,
        summed.department_name,
        summed.economy_classification,
        summed.economy_level,
        summed.economy_class_code,
        department.as_of_date,
        case when department.has_annual_budget then summed.initial_budget_amount end as initial_budget_amount,
        case
            when summed.budget_line_count = 0 and department.has_full_year_on_every_budget_line then 0
            when
                summed.budget_line_count > 0
                and summed.budget_line_count = summed.budget_line_with_full_year_count
                then summed.stated_full_year_amount
        end as full_year_budget_amount,
        case when department.has_payment then summed.executed_amount end as executed_amount
    from summed
    inner join department
        on
            summed.district_code = department.district_code
            and summed.fiscal_year = department.fiscal_year
            and summed.department_code is not distinct from department.department_code
            and summed.department_name is not distinct from department.department_name
),

used as (
    select distinct
        district_code,
        fiscal_year,
        economy_class_code
    from figure
),

-- Names: what the district delivered for the year, else the list in force then, else the newest list before it.
listed as (
    select
        code.district_code,
        code.fiscal_year,
        code.economy_class_code as class_code,
        reference.class_name,
        case
            when coalesce(reference.last_fiscal_year, code.fiscal_year) >= code.fiscal_year then 'reference'
            else 'earlier_reference'
        end as class_name_source,
        row_number() over (
            partition by code.district_code, code.fiscal_year, code.economy_class_code
            order by reference.first_fiscal_year desc
        ) as preference
    from used as code
    inner join core.class_name_reference as reference
        on
            reference.class_kind = 'economy'
            and code.economy_class_code = reference.class_code
            and code.fiscal_year >= reference.first_fiscal_year
),

delivered as (
    select
        district_code,
        fiscal_year,
        economy_code,
        coalesce(
            economy_classification, case when left(economy_code, 1) = '5' then 'government' else 'department' end
        ) as economy_classification,
        min(economy_name) as economy_name
    from core.economy_code
    group by
        district_code,
        fiscal_year,
        economy_code,
        coalesce(
            economy_classification, case when left(economy_code, 1) = '5' then 'government' else 'department' end
        )
)

select
    figure.district_code,
    figure.fiscal_year,
    figure.department_code,
    figure.department_name,
    code_or_name(figure.department_code, figure.department_name) as department_key,
    figure.economy_classification,
    figure.economy_level,
    figure.economy_class_code,
    coalesce(
        delivered.economy_name, case when figure.economy_classification = 'department' then listed.class_name end
    ) as economy_class_name,
    case
        when delivered.economy_name is not null then 'delivered'
        when figure.economy_classification = 'department' then listed.class_name_source
    end as class_name_source,
    case when figure.economy_level > 1 then left(figure.economy_class_code, 3) end as parent_economy_class_code,
    figure.initial_budget_amount,
    figure.full_year_budget_amount - figure.initial_budget_amount as net_adjustment_amount,
    figure.full_year_budget_amount,
    figure.executed_amount,
    figure.full_year_budget_amount - figure.executed_amount as unspent_amount,
    exact_rate(figure.executed_amount, figure.full_year_budget_amount) as execution_rate,
    exact_rate_pct(figure.executed_amount, figure.full_year_budget_amount) as execution_rate_pct,
    exact_rate(figure.executed_amount, figure.initial_budget_amount) as completion_rate_of_initial,
    exact_rate_pct(figure.executed_amount, figure.initial_budget_amount) as completion_rate_of_initial_pct,
    exact_rate(
        figure.full_year_budget_amount - figure.initial_budget_amount, figure.initial_budget_amount
    ) as net_adjustment_rate,
    exact_rate_pct(
        figure.full_year_budget_amount - figure.initial_budget_amount, figure.initial_budget_amount
    ) as net_adjustment_rate_pct,
    execution_status(figure.executed_amount, figure.full_year_budget_amount) as execution_status,
    adjustment_status(
        figure.initial_budget_amount, figure.full_year_budget_amount - figure.initial_budget_amount
    ) as adjustment_status,
    'detail' as source_grain,
    figure.as_of_date,
    -- Rows that were set aside tell no class: of an incomplete department, any of its classes may be.
    case when mark.is_complete then true end as is_complete,
    mark.set_aside_row_count,
    mark.set_aside_amount
from figure
left join core.figure_completeness as mark
    on
        mark.figure_level = 'department'
        and figure.district_code = mark.district_code
        and figure.fiscal_year = mark.fiscal_year
        and code_or_name(figure.department_code, figure.department_name) = mark.department_key
left join delivered
    on
        figure.district_code = delivered.district_code
        and figure.fiscal_year = delivered.fiscal_year
        and figure.economy_class_code = delivered.economy_code
        and figure.economy_classification = delivered.economy_classification
left join listed
    on
        listed.preference = 1
        and figure.district_code = listed.district_code
        and figure.fiscal_year = listed.fiscal_year
        and figure.economy_class_code = listed.class_code
order by
    figure.district_code, figure.fiscal_year, figure.department_code, figure.department_name,
    figure.economy_classification, figure.economy_level, figure.economy_class_code
