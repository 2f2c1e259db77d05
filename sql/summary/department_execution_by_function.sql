-- Budget and execution of each department by function class, section and item; each level adds up to the department.
-- 各部门按支出功能分类（类、款、项）的预算与执行情况，每一级合计等于部门。
-- label_zh: 部门预算执行（按功能分类）
with department as (
    select
        figure.district_code,
        figure.fiscal_year,
        figure.department_code,
        figure.department_name,
        figure.as_of_date,
        grain.has_annual_budget,
        grain.has_budget_adjustment,
        grain.has_payment,
        grain.has_full_year_on_every_budget_line
    from core.execution_figure as figure
    inner join core.district_year_grain as grain
        on
            figure.district_code = grain.district_code
            and figure.fiscal_year = grain.fiscal_year
    where figure.figure_level = 'department' and figure.source_grain = 'detail'
),

-- An adjustment that names no function moves nobody knows which of them.
unassigned as (
    select
        district_code,
        fiscal_year,
        department_code,
        department_name
    from core.class_movement
    where function_code is null and adjustment_count > 0
    group by district_code, fiscal_year, department_code, department_name
),

level as (
    select 1 as function_level
    union all
    select 2 as function_level
    union all
    select 3 as function_level
),

summed as (
    select
        item.district_code,
        item.fiscal_year,
        item.department_code,
        item.department_name,
        level.function_level,
        left(item.function_code, 2 * level.function_level + 1) as function_class_code,
        sum(item.initial_budget_amount) as initial_budget_amount,
        sum(item.net_adjustment_amount) as net_adjustment_amount,
        sum(item.stated_full_year_amount) as stated_full_year_amount,
        sum(item.budget_line_count) as budget_line_count,
        sum(item.budget_line_with_full_year_count) as budget_line_with_full_year_count,
        sum(item.executed_amount) as executed_amount
    from core.class_movement as item
    cross join level
    group by
        item.district_code,
        item.fiscal_year,
        item.department_code,
        item.department_name,
        level.function_level,
        left(item.function_code, 2 * level.function_level + 1)
),

figure as (
    select
        summed.district_code,
        summed.fiscal_year,
        summed.department_code,
        summed.department_name,
        summed.function_level,
        summed.function_class_code,
        department.as_of_date,
        case when department.has_annual_budget then summed.initial_budget_amount end as initial_budget_amount,
        case
            when not department.has_annual_budget then null
            when department.has_budget_adjustment and unassigned.district_code is null
                then summed.initial_budget_amount + summed.net_adjustment_amount
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
    left join unassigned
        on
            summed.district_code = unassigned.district_code
            and summed.fiscal_year = unassigned.fiscal_year
            and summed.department_code is not distinct from unassigned.department_code
            and summed.department_name is not distinct from unassigned.department_name
),

used as (
    select distinct
        district_code,
        fiscal_year,
        function_class_code
    from figure
),

-- Names: what the district delivered for the year, else the list in force then, else the newest list before it.
listed as (
    select
        code.district_code,
        code.fiscal_year,
        code.function_class_code as class_code,
        reference.class_name,
        case
            when coalesce(reference.last_fiscal_year, code.fiscal_year) >= code.fiscal_year then 'reference'
            else 'earlier_reference'
        end as class_name_source,
        row_number() over (
            partition by code.district_code, code.fiscal_year, code.function_class_code
            order by reference.first_fiscal_year desc
        ) as preference
    from used as code
    inner join core.class_name_reference as reference
        on
            reference.class_kind = 'function'
            and code.function_class_code = reference.class_code
            and code.fiscal_year >= reference.first_fiscal_year
),

delivered as (
    select
        district_code,
        fiscal_year,
        function_code,
        min(function_name) as function_name
    from core.function_code
    group by district_code, fiscal_year, function_code
)

select
    figure.district_code,
    figure.fiscal_year,
    figure.department_code,
    figure.department_name,
    code_or_name(figure.department_code, figure.department_name) as department_key,
    figure.function_level,
    figure.function_class_code,
    coalesce(delivered.function_name, listed.class_name) as function_class_name,
    case when delivered.function_name is not null then 'delivered' else listed.class_name_source end
        as class_name_source,
    case
        when figure.function_level > 1 then left(figure.function_class_code, 2 * figure.function_level - 1)
    end as parent_function_class_code,
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
        and figure.function_class_code = delivered.function_code
left join listed
    on
        listed.preference = 1
        and figure.district_code = listed.district_code
        and figure.fiscal_year = listed.fiscal_year
        and figure.function_class_code = listed.class_code
order by
    figure.district_code, figure.fiscal_year, figure.department_code, figure.department_name, figure.function_level,
    figure.function_class_code
