-- What to look at now: per department and project every rule whose threshold is passed, with level and evidence.
-- 当前应关注的事项：各部门、项目触发的预警规则、等级与依据。
-- label_zh: 预算执行预警
with threshold as (
    select
        version.district_code,
        version.fiscal_year,
        version.version,
        threshold.warning_rule,
        threshold.warning_level,
        threshold.warning_comparison,
        threshold.warning_threshold,
        threshold.from_month,
        threshold.keyword,
        row_number() over (
            partition by version.district_code, version.fiscal_year, threshold.warning_rule
            order by
                case threshold.warning_level when 'red' then 1 when 'orange' then 2 else 3 end,
                threshold.from_month,
                threshold.warning_threshold,
                threshold.keyword
        ) as preference
    from core.reference_version as version
    inner join core.warning_thresholds as threshold
        on
            version.version = threshold.version
            and version.reference_district_code is not distinct from threshold.district_code
    where version.reference_table = 'warning_thresholds'
),

prepaid_keyword as (
    select
        district_code,
        fiscal_year,
        list(keyword) as keywords
    from threshold
    where warning_rule = 'prepaid-in-december'
    group by district_code, fiscal_year
),

-- Summed under the names as given: they are resolved when only few rows are left.
prepaid_as_given as (
    select
        payment.district_code,
        payment.fiscal_year,
        payment.department_code,
        payment.department_name,
        payment.project_code,
        payment.project_name,
        sum(payment.paid_amount) as prepaid_amount
    from core.payment as payment
    inner join prepaid_keyword as prepaid
        on payment.district_code = prepaid.district_code and payment.fiscal_year = prepaid.fiscal_year
    where
        extract(month from payment.payment_date) = 12
        and contains_any(payment.payment_purpose, prepaid.keywords)
    group by
        payment.district_code,
        payment.fiscal_year,
        payment.department_code,
        payment.department_name,
        payment.project_code,
        payment.project_name
),

prepaid as (
    select
        given.district_code,
        given.fiscal_year,
        project.department_code,
        project.department_name,
        project.project_code,
        project.project_name,
        cast(sum(given.prepaid_amount) as decimal(18, 2)) as prepaid_amount
    from prepaid_as_given as given
    inner join core.project_resolution as project
        on
            given.district_code = project.district_code
            and given.fiscal_year = project.fiscal_year
            and given.department_code is not distinct from project.given_department_code
            and given.department_name is not distinct from project.given_department_name
            and given.project_code is not distinct from project.given_project_code
            and given.project_name is not distinct from project.given_project_name
    group by
        given.district_code,
        given.fiscal_year,
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
    from core.compared_figure
),

standing as (
    select
        figure.figure_level,
        figure.district_code,
        figure.fiscal_year,
        figure.department_code,
        figure.department_name,
        figure.department_key,
        figure.project_code,
        figure.project_name,
        figure.project_key,
        figure.full_year_budget_amount,
        figure.executed_amount,
        figure.full_year_budget_amount - figure.executed_amount as unspent_amount,
        figure.execution_rate,
        case
            when
                figure.execution_rate is not null
                and one_before.execution_rate is not null
                and two_before.execution_rate is not null
                then greatest(figure.execution_rate, one_before.execution_rate, two_before.execution_rate)
        end as best_rate_of_three_years,
        figure.net_adjustment_amount,
        exact_rate(figure.net_adjustment_amount, figure.initial_budget_amount) as net_adjustment_rate,
        figure.adjustment_count,
        exact_rate_pct(figure.executed_amount, figure.full_year_budget_amount)
        - figure.time_progress_pct as gap_to_progress_points,
        figure.time_progress_pct,
        exact_rate_pct(figure.executed_amount, figure.full_year_budget_amount) as rate_pct,
        figure.november_december_amount,
        prepaid.prepaid_amount,
        coalesce(
            listed_project.project_code is not null
            and listed_project.contract_date is null
            and (
                listed_project.planned_start_date is null
                or listed_project.planned_start_date <= figure.as_of_date
            ),
            false
        ) as may_not_proceed,
        figure.month,
        figure.source_grain,
        figure.as_of_date
    from rated as figure
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
            and figure.department_match = one_before.department_match
            and figure.project_match = one_before.project_match
            and coalesce(comparable_name(figure.project_name) = comparable_name(one_before.project_name), true)
    left join rated as two_before
        on
            figure.figure_level = two_before.figure_level
            and figure.district_code = two_before.district_code
            and figure.fiscal_year = two_before.fiscal_year + 2
            and figure.department_match = two_before.department_match
            and figure.project_match = two_before.project_match
            and coalesce(comparable_name(figure.project_name) = comparable_name(two_before.project_name), true)
),

-- What each rule measures; where it does not apply there is nothing to measure.
measure as (
    select
        standing.figure_level,
        standing.district_code,
        standing.fiscal_year,
        standing.department_key,
        standing.project_key,
        threshold.warning_rule,
        threshold.warning_comparison,
        threshold.warning_threshold,
        threshold.preference,
        cast(
            case threshold.warning_rule
                when 'no-spending'
                    then case
                        when standing.full_year_budget_amount > 0 and standing.executed_amount <= 0
                            then 1 - standing.execution_rate
                    end
                when 'may-not-proceed'
                    then case
                        when
                            standing.full_year_budget_amount > 0
                            and standing.executed_amount <= 0
                            and standing.may_not_proceed
                            then 1 - standing.execution_rate
                    end
                when 'behind-time-progress' then -standing.gap_to_progress_points * 0.01
                when 'year-end-rush'
                    then exact_rate(standing.november_december_amount, standing.full_year_budget_amount)
                when 'low-execution-in-year' then standing.execution_rate
                when 'low-execution-three-years' then standing.best_rate_of_three_years
                when 'over-executed' then standing.execution_rate
                when 'adjustment-rate' then abs(standing.net_adjustment_rate)
                when 'adjustment-count'
                    then case when standing.figure_level = 'project' then standing.adjustment_count end
                when 'prepaid-in-december' then standing.prepaid_amount
                when 'spend-without-budget'
                    then case when standing.full_year_budget_amount = 0 then standing.executed_amount end
            end as decimal(38, 6)
        ) as measured_value
    from standing
    inner join threshold
        on
            standing.district_code = threshold.district_code
            and standing.fiscal_year = threshold.fiscal_year
            and (threshold.from_month is null or standing.month >= threshold.from_month)
),

-- Of the thresholds of a rule that are passed, the gravest counts.
passed as (
    select
        figure_level,
        district_code,
        fiscal_year,
        department_key,
        project_key,
        warning_rule,
        max(measured_value) as measured_value,
        min(preference) as preference
    from measure
    where
        case warning_comparison
            when 'above' then measured_value > warning_threshold
            when 'at_least' then measured_value >= warning_threshold
            else measured_value < warning_threshold
        end
    group by figure_level, district_code, fiscal_year, department_key, project_key, warning_rule
),

told as (
    select
        standing.*,
        passed.warning_rule,
        passed.measured_value,
        threshold.version,
        threshold.warning_level,
        threshold.warning_comparison,
        threshold.warning_threshold,
        cast(
            case
                when passed.warning_rule in ('year-end-rush', 'low-execution-three-years', 'adjustment-rate')
                    then passed.measured_value
            end * 100 as decimal(18, 2)
        ) as measured_pct,
        coalesce(cast(standing.as_of_date as varchar), '-') as as_of_text,
        readable_amount(
            case
                when passed.warning_rule in ('no-spending', 'may-not-proceed', 'over-executed')
                    then standing.full_year_budget_amount
            end
        ) as budget_text,
        readable_amount(
            case
                when passed.warning_rule in ('spend-without-budget', 'over-executed') then standing.executed_amount
            end
        ) as executed_text,
        readable_amount(
            case passed.warning_rule
                when 'over-executed' then -standing.unspent_amount
                when 'adjustment-rate' then standing.net_adjustment_amount
                when 'year-end-rush' then standing.november_december_amount
                when 'prepaid-in-december' then standing.prepaid_amount
            end
        ) as told_text
    from passed
    inner join standing
        on
            passed.figure_level = standing.figure_level
            and passed.district_code = standing.district_code
            and passed.fiscal_year = standing.fiscal_year
            and passed.department_key = standing.department_key
            and passed.project_key is not distinct from standing.project_key
    inner join threshold
        on
            passed.district_code = threshold.district_code
            and passed.fiscal_year = threshold.fiscal_year
            and passed.warning_rule = threshold.warning_rule
            and passed.preference = threshold.preference
)

select
    district_code,
    fiscal_year,
    figure_level,
    department_code,
    department_name,
    code_or_name(department_code, department_name) as department_key,
    project_code,
    project_name,
    code_or_name(project_code, project_name) as project_key,
    warning_rule,
    warning_level,
    measured_value,
    warning_comparison,
    warning_threshold,
    case warning_rule
        when 'year-end-rush' then november_december_amount
        when 'prepaid-in-december' then prepaid_amount
        when 'spend-without-budget' then executed_amount
        when 'over-executed' then -unspent_amount
        when 'adjustment-rate' then net_adjustment_amount
        when 'adjustment-count' then net_adjustment_amount
        else unspent_amount
    end as warning_amount,
    case warning_rule
        when 'no-spending' then 'No payment by ' || as_of_text || ' from ' || budget_text || ' yuan.'
        when 'may-not-proceed'
            then
                'No payment, no contract and no later start planned by ' || as_of_text || '; budget '
                || budget_text || ' yuan.'
        when 'behind-time-progress'
            then
                'Executed ' || rate_pct || ' % by ' || as_of_text || ', time progress ' || time_progress_pct || ' %: '
                || (-gap_to_progress_points) || ' points behind.'
        when 'year-end-rush'
            then
                'Paid ' || told_text || ' yuan in November and December, ' || measured_pct
                || ' % of the budget.'
        when 'prepaid-in-december'
            then 'Paid ' || told_text || ' yuan in December for purposes that name a prepayment.'
        when 'spend-without-budget' then 'Executed ' || executed_text || ' yuan of a budget of 0.'
        when 'over-executed'
            then
                'Executed ' || executed_text || ' yuan of ' || budget_text || ', '
                || told_text || ' yuan above the budget.'
        when 'low-execution-in-year' then 'Executed ' || rate_pct || ' % by ' || as_of_text || '.'
        when 'low-execution-three-years'
            then 'The best execution rate of three years is ' || measured_pct || ' %.'
        when 'adjustment-rate'
            then 'Net adjustment ' || told_text || ' yuan, ' || measured_pct || ' % of the initial budget.'
        when 'adjustment-count' then 'Adjusted ' || adjustment_count || ' times.'
    end as evidence,
    case warning_rule
        when 'no-spending' then '截至' || as_of_text || '，预算' || budget_text || '元尚无支出。'
        when 'may-not-proceed'
            then '截至' || as_of_text || '，无支付、无合同、无未到期的开工计划，预算' || budget_text || '元。'
        when 'behind-time-progress'
            then
                '截至' || as_of_text || '，执行率' || rate_pct || '%，低于序时进度（' || time_progress_pct || '%）'
                || (-gap_to_progress_points) || '个百分点。'
        when 'year-end-rush'
            then '11至12月支付' || told_text || '元，占全年预算' || measured_pct || '%。'
        when 'prepaid-in-december' then '12月以预付、预存等用途支付' || told_text || '元。'
        when 'spend-without-budget' then '预算为零，支出' || executed_text || '元。'
        when 'over-executed'
            then
                '预算' || budget_text || '元，支出' || executed_text || '元，超出'
                || told_text || '元。'
        when 'low-execution-in-year' then '截至' || as_of_text || '，执行率' || rate_pct || '%。'
        when 'low-execution-three-years' then '近三年最高执行率为' || measured_pct || '%。'
        when 'adjustment-rate'
            then '净调整' || told_text || '元，相当于年初预算的' || measured_pct || '%。'
        when 'adjustment-count' then '年内调整' || adjustment_count || '次。'
    end as evidence_zh,
    month,
    version,
    source_grain,
    as_of_date
from told
