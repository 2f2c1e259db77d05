-- What to look at now: per department and project every rule whose threshold is passed, with level and evidence.
-- 当前应关注的事项：各部门、项目触发的预警规则、等级与依据。
-- label_zh: 预算执行预警
with last_month as (
    select
        figure_level,
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name,
        max(month) as month
    from core.execution_month
    group by
        figure_level, district_code, fiscal_year, department_code, department_name, project_code, project_name
),

dated as (
    select
        item.figure_level,
        item.district_code,
        item.fiscal_year,
        item.department_code,
        item.department_name,
        item.project_code,
        item.project_name,
        item.month,
        item.time_progress
    from core.execution_month as item
    inner join last_month
        on
            item.figure_level = last_month.figure_level
            and item.district_code = last_month.district_code
            and item.fiscal_year = last_month.fiscal_year
            and item.department_code is not distinct from last_month.department_code
            and item.department_name is not distinct from last_month.department_name
            and item.project_code is not distinct from last_month.project_code
            and item.project_name is not distinct from last_month.project_name
            and item.month = last_month.month
),

late_payment as (
    select
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name,
        sum(executed_amount) as november_december_amount
    from core.detail_movement
    where month in (11, 12)
    group by district_code, fiscal_year, department_code, department_name, project_code, project_name
),

late_payment_by_level as (
    select
        'project' as figure_level,
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name,
        november_december_amount
    from late_payment
    union all
    select
        'department' as figure_level,
        district_code,
        fiscal_year,
        department_code,
        department_name,
        null as project_code,
        null as project_name,
        sum(november_december_amount) as november_december_amount
    from late_payment
    group by district_code, fiscal_year, department_code, department_name
),

threshold as (
    select
        version.district_code,
        version.fiscal_year,
        version.version,
        threshold.warning_rule,
        threshold.warning_level,
        threshold.warning_comparison,
        threshold.warning_threshold,
        threshold.from_month,
        threshold.keyword
    from core.reference_version as version
    inner join core.warning_thresholds as threshold
        on
            version.version = threshold.version
            and version.reference_district_code is not distinct from threshold.district_code
    where version.reference_table = 'warning_thresholds'
),

prepaid_purpose as (
    select distinct
        payment.district_code,
        payment.fiscal_year,
        payment.payment_purpose
    from core.payment as payment
    inner join threshold
        on
            payment.district_code = threshold.district_code
            and payment.fiscal_year = threshold.fiscal_year
            and payment.payment_purpose like '%' || threshold.keyword || '%'
    where threshold.warning_rule = 'prepaid-in-december' and extract(month from payment.payment_date) = 12
),

prepaid as (
    select
        payment.district_code,
        payment.fiscal_year,
        project.department_code,
        project.department_name,
        project.project_code,
        project.project_name,
        sum(payment.paid_amount) as prepaid_amount
    from core.payment as payment
    inner join prepaid_purpose
        on
            payment.district_code = prepaid_purpose.district_code
            and payment.fiscal_year = prepaid_purpose.fiscal_year
            and payment.payment_purpose = prepaid_purpose.payment_purpose
    inner join core.project_resolution as project
        on
            payment.district_code = project.district_code
            and payment.fiscal_year = project.fiscal_year
            and payment.department_code is not distinct from project.given_department_code
            and payment.department_name is not distinct from project.given_department_name
            and payment.project_code is not distinct from project.given_project_code
            and payment.project_name is not distinct from project.given_project_name
    where extract(month from payment.payment_date) = 12
    group by
        payment.district_code,
        payment.fiscal_year,
        project.department_code,
        project.department_name,
        project.project_code,
        project.project_name
),

listed_project as (
    select
        district_code,
        fiscal_year,
        project_code,
        min(contract_date) as contract_date,
        min(planned_start_date) as planned_start_date
    from core.project
    group by district_code, fiscal_year, project_code
),

rated as (
    select
        *,
        coalesce(department_code, department_name) as department_key,
        coalesce(project_code, project_name) as project_key,
        exact_rate(executed_amount, full_year_budget_amount) as execution_rate
    from core.execution_figure
    where figure_level in ('department', 'project')
),

standing as (
    select
        figure.figure_level,
        figure.district_code,
        figure.fiscal_year,
        figure.department_code,
        figure.department_name,
        figure.project_code,
        figure.project_name,
        figure.full_year_budget_amount,
        figure.executed_amount,
        figure.execution_rate,
        exact_rate(figure.net_adjustment_amount, figure.initial_budget_amount) as net_adjustment_rate,
        figure.net_adjustment_amount,
        figure.adjustment_count,
        dated.month,
        gap_to_progress_points(
            figure.executed_amount, figure.full_year_budget_amount, dated.time_progress
        ) as gap_to_progress_points,
        cast(dated.time_progress * 100 as decimal(14, 2)) as time_progress_pct,
        late.november_december_amount,
        prepaid.prepaid_amount,
        listed_project.project_code is not null as is_listed,
        listed_project.contract_date is not null as has_contract,
        coalesce(listed_project.planned_start_date > figure.as_of_date, false) as starts_later,
        greatest(figure.execution_rate, one_before.execution_rate, two_before.execution_rate)
            as best_rate_of_three_years,
        figure.execution_rate is not null
        and one_before.execution_rate is not null
        and two_before.execution_rate is not null as has_three_years,
        figure.source_grain,
        figure.as_of_date,
        coalesce(cast(figure.as_of_date as varchar), '-') as as_of_text
    from rated as figure
    left join dated
        on
            figure.figure_level = dated.figure_level
            and figure.district_code = dated.district_code
            and figure.fiscal_year = dated.fiscal_year
            and figure.department_code is not distinct from dated.department_code
            and figure.department_name is not distinct from dated.department_name
            and figure.project_code is not distinct from dated.project_code
            and figure.project_name is not distinct from dated.project_name
    left join late_payment_by_level as late
        on
            figure.source_grain = 'detail'
            and figure.figure_level = late.figure_level
            and figure.district_code = late.district_code
            and figure.fiscal_year = late.fiscal_year
            and figure.department_code is not distinct from late.department_code
            and figure.department_name is not distinct from late.department_name
            and figure.project_code is not distinct from late.project_code
            and figure.project_name is not distinct from late.project_name
    left join prepaid
        on
            figure.figure_level = 'project'
            and figure.district_code = prepaid.district_code
            and figure.fiscal_year = prepaid.fiscal_year
            and figure.department_code is not distinct from prepaid.department_code
            and figure.department_name is not distinct from prepaid.department_name
            and figure.project_code is not distinct from prepaid.project_code
            and figure.project_name is not distinct from prepaid.project_name
    left join listed_project
        on
            figure.figure_level = 'project'
            and figure.district_code = listed_project.district_code
            and figure.fiscal_year = listed_project.fiscal_year
            and figure.project_code = listed_project.project_code
    left join rated as one_before
        on
            figure.figure_level = one_before.figure_level
            and figure.district_code = one_before.district_code
            and figure.fiscal_year = one_before.fiscal_year + 1
            and figure.department_key = one_before.department_key
            and figure.project_key is not distinct from one_before.project_key
    left join rated as two_before
        on
            figure.figure_level = two_before.figure_level
            and figure.district_code = two_before.district_code
            and figure.fiscal_year = two_before.fiscal_year + 2
            and figure.department_key = two_before.department_key
            and figure.project_key is not distinct from two_before.project_key
),

measure as (
    select
        *,
        'no-spending' as warning_rule,
        cast(exact_rate(full_year_budget_amount - executed_amount, full_year_budget_amount) as decimal(38, 6)) as measured_value,
        full_year_budget_amount as warning_amount,
        'No payment by ' || as_of_text || ' from a budget of ' || full_year_budget_amount || ' yuan.' as evidence,
        '截至' || as_of_text || '，预算' || full_year_budget_amount || '元尚无支出。' as evidence_zh
    from standing
    where full_year_budget_amount > 0 and executed_amount <= 0
    union all
    select
        *,
        'behind-time-progress' as warning_rule,
        cast(-gap_to_progress_points * 0.01 as decimal(38, 6)) as measured_value,
        full_year_budget_amount - executed_amount as warning_amount,
        'Executed ' || exact_rate_pct(executed_amount, full_year_budget_amount) || ' % by ' || as_of_text
        || ', time progress '
        || time_progress_pct
        || ' %: '
        || (-gap_to_progress_points)
        || ' points behind.' as evidence,
        '截至' || as_of_text || '，执行率' || exact_rate_pct(executed_amount, full_year_budget_amount) || '%，序时进度'
        || time_progress_pct || '%，落后' || (-gap_to_progress_points) || '个百分点。' as evidence_zh
    from standing
    where full_year_budget_amount > 0 and gap_to_progress_points < 0
    union all
    select
        *,
        'year-end-rush' as warning_rule,
        cast(exact_rate(november_december_amount, full_year_budget_amount) as decimal(38, 6)) as measured_value,
        november_december_amount as warning_amount,
        'Paid ' || november_december_amount || ' yuan in November and December, '
        || exact_rate_pct(november_december_amount, full_year_budget_amount) || ' % of the budget.' as evidence,
        '11至12月支付' || november_december_amount || '元，占全年预算'
        || exact_rate_pct(november_december_amount, full_year_budget_amount) || '%。' as evidence_zh
    from standing
    where full_year_budget_amount > 0 and november_december_amount > 0
    union all
    select
        *,
        'prepaid-in-december' as warning_rule,
        cast(prepaid_amount as decimal(38, 6)) as measured_value,
        prepaid_amount as warning_amount,
        'Paid ' || prepaid_amount || ' yuan in December for purposes that name a prepayment.' as evidence,
        '12月以预付、预存等用途支付' || prepaid_amount || '元。' as evidence_zh
    from standing
    where prepaid_amount is not null
    union all
    select
        *,
        'spend-without-budget' as warning_rule,
        cast(executed_amount as decimal(38, 6)) as measured_value,
        executed_amount as warning_amount,
        'Executed ' || executed_amount || ' yuan of a budget of 0.' as evidence,
        '预算为零，支出' || executed_amount || '元。' as evidence_zh
    from standing
    where full_year_budget_amount = 0 and executed_amount <> 0
    union all
    select
        *,
        'over-executed' as warning_rule,
        cast(execution_rate as decimal(38, 6)) as measured_value,
        executed_amount - full_year_budget_amount as warning_amount,
        'Executed ' || executed_amount || ' yuan of ' || full_year_budget_amount || ': '
        || (executed_amount - full_year_budget_amount) || ' yuan above the budget.' as evidence,
        '预算' || full_year_budget_amount || '元，支出' || executed_amount || '元，超出'
        || (executed_amount - full_year_budget_amount) || '元。' as evidence_zh
    from standing
    where full_year_budget_amount > 0 and executed_amount > full_year_budget_amount
    union all
    select
        *,
        'low-execution-in-year' as warning_rule,
        cast(execution_rate as decimal(38, 6)) as measured_value,
        full_year_budget_amount - executed_amount as warning_amount,
        'Executed ' || exact_rate_pct(executed_amount, full_year_budget_amount) || ' % by ' || as_of_text
        || '.' as evidence,
        '截至' || as_of_text || '，执行率' || exact_rate_pct(executed_amount, full_year_budget_amount)
        || '%。' as evidence_zh
    from standing
    where full_year_budget_amount > 0
    union all
    select
        *,
        'low-execution-three-years' as warning_rule,
        cast(best_rate_of_three_years as decimal(38, 6)) as measured_value,
        full_year_budget_amount - executed_amount as warning_amount,
        'The best execution rate of the last three years is ' || best_rate_of_three_years || '.' as evidence,
        '近三年最高执行率（比值）为' || best_rate_of_three_years || '。' as evidence_zh
    from standing
    where has_three_years
    union all
    select
        *,
        'may-not-proceed' as warning_rule,
        cast(exact_rate(full_year_budget_amount - executed_amount, full_year_budget_amount) as decimal(38, 6)) as measured_value,
        full_year_budget_amount as warning_amount,
        'No payment, no contract and no start still to come by ' || as_of_text || '; budget '
        || full_year_budget_amount || ' yuan.' as evidence,
        '截至' || as_of_text || '，无支付、无合同、无未到期的开工计划，预算' || full_year_budget_amount
        || '元。' as evidence_zh
    from standing
    where
        full_year_budget_amount > 0
        and executed_amount <= 0
        and is_listed
        and not has_contract
        and not starts_later
    union all
    select
        *,
        'adjustment-rate' as warning_rule,
        cast(abs(net_adjustment_rate) as decimal(38, 6)) as measured_value,
        net_adjustment_amount as warning_amount,
        'Net adjustment ' || net_adjustment_amount || ' yuan, ' || net_adjustment_rate
        || ' of the initial budget.' as evidence,
        '净调整' || net_adjustment_amount || '元，为年初预算的' || net_adjustment_rate || '（比值）。' as evidence_zh
    from standing
    where net_adjustment_rate is not null
    union all
    select
        *,
        'adjustment-count' as warning_rule,
        cast(adjustment_count as decimal(38, 6)) as measured_value,
        net_adjustment_amount as warning_amount,
        'Adjusted ' || adjustment_count || ' times.' as evidence,
        '年内调整' || adjustment_count || '次。' as evidence_zh
    from standing
    where figure_level = 'project' and adjustment_count is not null
),

passed as (
    select
        measure.*,
        threshold.warning_level,
        threshold.warning_comparison,
        threshold.warning_threshold,
        threshold.version,
        row_number() over (
            partition by
                measure.figure_level,
                measure.district_code,
                measure.fiscal_year,
                measure.department_code,
                measure.department_name,
                measure.project_code,
                measure.project_name,
                measure.warning_rule
            order by
                case threshold.warning_level when 'red' then 1 when 'orange' then 2 else 3 end,
                threshold.from_month,
                threshold.warning_threshold,
                threshold.keyword
        ) as choice
    from measure
    inner join threshold
        on
            measure.district_code = threshold.district_code
            and measure.fiscal_year = threshold.fiscal_year
            and measure.warning_rule = threshold.warning_rule
            and (threshold.from_month is null or measure.month >= threshold.from_month)
            and (
                (threshold.warning_comparison = 'above' and measure.measured_value > threshold.warning_threshold)
                or (threshold.warning_comparison = 'at_least' and measure.measured_value >= threshold.warning_threshold)
                or (threshold.warning_comparison = 'below' and measure.measured_value < threshold.warning_threshold)
            )
)

select
    district_code,
    fiscal_year,
    figure_level,
    department_code,
    department_name,
    project_code,
    project_name,
    warning_rule,
    warning_level,
    measured_value,
    warning_comparison,
    warning_threshold,
    warning_amount,
    evidence,
    evidence_zh,
    month,
    version,
    source_grain,
    as_of_date
from passed
where choice = 1
order by
    district_code,
    fiscal_year,
    figure_level,
    department_code,
    department_name,
    project_code,
    project_name,
    warning_rule
