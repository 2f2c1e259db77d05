-- Every published rate beside the rate that its amounts make, with the denominator that it names and
--   another that fits it.
-- 每个公布的比率及按金额重新计算的比率，所称的分母，以及与之相符的其他分母。
with named as (
    select
        line.district_code,
        line.fiscal_year,
        line.department_code,
        line.department_name,
        line.project_code,
        line.project_name,
        line.finding_key,
        'execution_rate' as figure_kind,
        line.published_execution_rate as published_rate,
        line.initial_budget_amount,
        line.adjustment_amount,
        line.full_year_budget_amount,
        cast(null as decimal(18, 2)) as carried_in_amount,
        line.executed_amount,
        false as is_of_a_function,
        line.source_file_id,
        line.source_sheet,
        line.source_line
    from rule_statement as line
    where line.published_execution_rate is not null
    union all
    select
        line.district_code,
        line.fiscal_year,
        line.department_code,
        line.department_name,
        line.project_code,
        line.project_name,
        line.finding_key,
        'net_adjustment_rate' as figure_kind,
        line.published_adjustment_rate as published_rate,
        line.initial_budget_amount,
        line.adjustment_amount,
        line.full_year_budget_amount,
        cast(null as decimal(18, 2)) as carried_in_amount,
        line.executed_amount,
        false as is_of_a_function,
        line.source_file_id,
        line.source_sheet,
        line.source_line
    from rule_statement as line
    where line.published_adjustment_rate is not null
    union all
    select
        line.district_code,
        line.fiscal_year,
        line.department_code,
        line.department_name,
        line.project_code,
        line.project_name,
        concat_ws(
            ' / ',
            item_key(line.department_code, line.department_name, line.project_code, line.project_name),
            nullif(concat_ws(' ', line.function_code, line.function_name), '')
        ) as finding_key,
        line.published_figure_kind as figure_kind,
        line.published_rate,
        line.initial_budget_amount,
        line.adjustment_amount,
        line.full_year_budget_amount,
        line.carried_in_amount,
        line.executed_amount,
        coalesce(line.function_code, line.function_name) is not null as is_of_a_function,
        line.source_file_id,
        line.source_sheet,
        line.source_line
    from core.published_figure as line
    where line.published_rate is not null
),

-- A report that prints a rate without its amounts is compared with the detail of its department or project, or with
-- the statement where there is no detail.
without_amounts as (
    select distinct
        district_code,
        fiscal_year
    from named
    where
        coalesce(initial_budget_amount, full_year_budget_amount, executed_amount, adjustment_amount) is null
        and not is_of_a_function
),

source as (
    select
        detail.district_code,
        detail.fiscal_year,
        detail.department_code,
        detail.department_name,
        detail.project_code,
        detail.project_name,
        1 as preference,
        sum(detail.initial_budget_amount) as initial_budget_amount,
        case when delivered.has_budget_adjustment then sum(detail.net_adjustment_amount) end as adjustment_amount,
        case
            when delivered.has_budget_adjustment
                then sum(detail.initial_budget_amount + detail.net_adjustment_amount)
        end as full_year_budget_amount,
        case when delivered.has_payment then sum(detail.paid_amount) end as executed_amount
    from rule_detail as detail
    inner join core.district_year_grain as delivered
        on detail.district_code = delivered.district_code and detail.fiscal_year = delivered.fiscal_year
    inner join without_amounts
        on detail.district_code = without_amounts.district_code and detail.fiscal_year = without_amounts.fiscal_year
    where delivered.has_annual_budget
    group by
        grouping sets (
            (
                detail.district_code, detail.fiscal_year, detail.department_code, detail.department_name,
                delivered.has_budget_adjustment, delivered.has_payment
            ),
            (
                detail.district_code, detail.fiscal_year, detail.department_code, detail.department_name,
                detail.project_code, detail.project_name, delivered.has_budget_adjustment, delivered.has_payment
            )
        )
    union all
    select
        line.district_code,
        line.fiscal_year,
        line.department_code,
        line.department_name,
        line.project_code,
        line.project_name,
        2 as preference,
        line.initial_budget_amount,
        line.adjustment_amount,
        line.full_year_budget_amount,
        line.executed_amount
    from rule_statement as line
    inner join without_amounts
        on line.district_code = without_amounts.district_code and line.fiscal_year = without_amounts.fiscal_year
    where line.is_latest and line.level in ('department', 'project')
),

keyed as (
    select
        *,
        'code' as named_by,
        department_code as department_key,
        project_code as project_key
    from source
    where coalesce(project_code, project_name) is null or project_code is not null
    union all
    select
        *,
        'name' as named_by,
        department_name as department_key,
        project_name as project_key
    from source
    where coalesce(project_code, project_name) is null or project_name is not null
),

-- Both names or both codes must agree; a rate of a function code has no figure of its own.
named_once as (
    select
        *,
        case
            when department_code is not null and (project_code is not null or project_name is null) then 'code'
            else 'name'
        end as named_by
    from named
),

figure as (
    select
        *,
        row_number() over (
            partition by district_code, fiscal_year, named_by, department_key, project_key
            order by preference, department_code, project_code
        ) as choice
    from keyed
),

known as (
    select
        named.* exclude (initial_budget_amount, adjustment_amount, full_year_budget_amount, executed_amount),
        coalesce(named.initial_budget_amount, figure.initial_budget_amount) as initial_budget_amount,
        coalesce(
            named.adjustment_amount,
            named.full_year_budget_amount - named.initial_budget_amount,
            figure.adjustment_amount
        ) as adjustment_amount,
        coalesce(named.full_year_budget_amount, figure.full_year_budget_amount) as full_year_budget_amount,
        coalesce(named.executed_amount, figure.executed_amount) as executed_amount
    from named_once as named
    left join figure
        on
            coalesce(
                named.initial_budget_amount, named.full_year_budget_amount, named.executed_amount,
                named.adjustment_amount
            ) is null
            and figure.choice = 1
            and named.district_code = figure.district_code
            and named.fiscal_year = figure.fiscal_year
            and named.named_by = figure.named_by
            and case named.named_by
                when 'code' then named.department_code else named.department_name
            end = figure.department_key
            and case named.named_by
                when 'code' then named.project_code else named.project_name
            end is not distinct from figure.project_key
            and not named.is_of_a_function
),

-- The first denominator is the one that the kind of rate names.
compared as (
    select
        known.*,
        case known.figure_kind
            when 'net_adjustment_rate' then known.adjustment_amount
            else known.executed_amount
        end as numerator,
        case known.figure_kind
            when 'execution_rate'
                then
                    [
                        { 'label': 'full-year budget', 'label_zh': '全年预算数', 'amount': known.full_year_budget_amount },
                        { 'label': 'initial budget', 'label_zh': '年初预算数', 'amount': known.initial_budget_amount },
                        {
                            'label': 'full-year budget with carry-over', 'label_zh': '全年预算数加上年结转',
                            'amount': known.full_year_budget_amount + known.carried_in_amount
                        },
                        {
                            'label': 'initial budget with carry-over', 'label_zh': '年初预算数加上年结转',
                            'amount': known.initial_budget_amount + known.carried_in_amount
                        }
                    ]
            when 'completion_rate_of_initial'
                then
                    [
                        { 'label': 'initial budget', 'label_zh': '年初预算数', 'amount': known.initial_budget_amount },
                        { 'label': 'full-year budget', 'label_zh': '全年预算数', 'amount': known.full_year_budget_amount },
                        {
                            'label': 'initial budget with carry-over', 'label_zh': '年初预算数加上年结转',
                            'amount': known.initial_budget_amount + known.carried_in_amount
                        },
                        {
                            'label': 'full-year budget with carry-over', 'label_zh': '全年预算数加上年结转',
                            'amount': known.full_year_budget_amount + known.carried_in_amount
                        }
                    ]
            when 'net_adjustment_rate'
                then
                    [
                        { 'label': 'initial budget', 'label_zh': '年初预算数', 'amount': known.initial_budget_amount },
                        { 'label': 'full-year budget', 'label_zh': '全年预算数', 'amount': known.full_year_budget_amount }
                    ]
        end as denominators
    from known
),

-- A column prints its rates with as many decimals as the finest of them has.
printed as (
    select
        district_code,
        fiscal_year,
        source_file_id,
        source_sheet,
        figure_kind,
        max(
            case
                when published_rate * 100 = trunc(published_rate * 100) then 0
                when published_rate * 1000 = trunc(published_rate * 1000) then 1
                else 2
            end
        ) as decimals
    from named
    group by district_code, fiscal_year, source_file_id, source_sheet, figure_kind
),

judged as (
    select
        compared.*,
        compared.denominators[1].label as denominator_label,
        compared.denominators[1].label_zh as denominator_label_zh,
        compared.denominators[1].amount as denominator,
        fitting_denominators(
            compared.published_rate,
            compared.numerator,
            compared.denominators,
            -- Half a unit of the last printed decimal: 91.9 % is right for 91.9357 %.
            greatest(
                threshold.published_rate_tolerance,
                case printed.decimals when 0 then 0.005 when 1 then 0.0005 else 0.00005 end
            )
        ) as fitting
    from compared
    inner join printed
        on
            compared.district_code = printed.district_code
            and compared.fiscal_year = printed.fiscal_year
            and compared.source_file_id = printed.source_file_id
            and compared.source_sheet is not distinct from printed.source_sheet
            and compared.figure_kind = printed.figure_kind
    inner join rule_threshold as threshold on compared.district_code = threshold.district_code
    where compared.numerator is not null
)

select
    judged.district_code,
    judged.fiscal_year,
    judged.department_code,
    judged.department_name,
    judged.project_code,
    judged.project_name,
    concat_ws(
        ' / ',
        judged.finding_key,
        case judged.figure_kind
            when 'execution_rate' then '执行率 execution rate'
            when 'net_adjustment_rate' then '调整率 adjustment rate'
            else '完成年初预算比率 completion rate of initial budget'
        end
    ) as finding_key,
    judged.published_rate,
    judged.numerator,
    judged.denominator,
    judged.denominator_label,
    judged.denominator_label_zh,
    exact_rate(judged.numerator, judged.denominator) as computed_rate,
    coalesce(list_contains(list_transform(judged.fitting, lambda part: part.label), judged.denominator_label), false)
        as is_right,
    judged.fitting[1].label as fitting_label,
    judged.fitting[1].label_zh as fitting_label_zh,
    judged.fitting[1].amount as fitting_amount,
    judged.source_file_id,
    judged.source_sheet,
    judged.source_line
from judged
