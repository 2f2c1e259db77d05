-- Every project that probably cannot be carried out this year, wholly or in part: why, what it will probably have spent by
--   the year's end, and the part that should be proposed for adjustment; only of years that are not finished.
-- 本年度可能全部或部分无法实施的项目：原因、年末预计执行数，以及建议申请调整的金额；仅列未结束的年度。
-- label_zh: 项目跟踪清单
with threshold as (
    select
        version.district_code,
        version.fiscal_year,
        max(case when item.watch_reason = 'no-contract' then item.watch_threshold end) as no_contract_below,
        max(case when item.watch_reason = 'no-payment' then item.watch_threshold end) as no_payment_months,
        max(case when item.watch_reason = 'approval-missing' then item.watch_threshold end) as approval_missing_below,
        max(case when item.watch_reason = 'far-behind' then item.watch_threshold end) as far_behind_below,
        max(case when item.watch_reason = 'cut-to-zero' then item.watch_threshold end) as cut_from_amount
    from core.reference_version as version
    inner join core.project_watch_thresholds as item
        on
            version.version = item.version
            and version.reference_district_code is not distinct from item.district_code
    where version.reference_table = 'project_watch_thresholds'
    group by version.district_code, version.fiscal_year
),

listed as (
    select
        district_code,
        fiscal_year,
        project_code,
        min(contract_date) as contract_date,
        min(planned_start_date) as planned_start_date,
        max(case when is_approved then 1 when not is_approved then 0 end) as is_approved
    from core.project
    group by district_code, fiscal_year, project_code
),

-- What the district's project list tells at all: a column that nobody fills shows nothing.
told as (
    select
        district_code,
        fiscal_year,
        count(contract_date) > 0 as has_contract_dates,
        count(planned_start_date) > 0 as has_start_dates,
        count(is_approved) > 0 as has_approvals
    from core.project
    group by district_code, fiscal_year
),

moved as (
    select
        district_code,
        fiscal_year,
        department_key,
        project_key,
        max(case when month_executed_amount <> 0 then month else 0 end) as last_paid_month,
        min(case when full_year_budget_amount > 0 then month end) as first_budget_month,
        max(month) as latest_month
    from summary.project_execution_monthly
    where month_executed_amount is not null
    group by district_code, fiscal_year, department_key, project_key
),

standing as (
    select
        figure.district_code,
        figure.fiscal_year,
        figure.department_code,
        figure.department_name,
        code_or_name(figure.department_code, figure.department_name) as department_key,
        figure.project_code,
        figure.project_name,
        code_or_name(figure.project_code, figure.project_name) as project_key,
        figure.project_kind,
        figure.expenditure_nature,
        figure.initial_budget_amount,
        figure.full_year_budget_amount,
        figure.executed_amount,
        exact_rate(figure.executed_amount, figure.full_year_budget_amount) as execution_rate,
        listed.contract_date,
        listed.planned_start_date,
        listed.project_code is not null as is_listed,
        listed.is_approved,
        coalesce(told.has_contract_dates, false) as has_contract_dates,
        coalesce(told.has_start_dates, false) as has_start_dates,
        coalesce(told.has_approvals, false) as has_approvals,
        -- Whole months since something was paid, or since there was money and the project was to begin.
        moved.latest_month - greatest(
            moved.last_paid_month,
            coalesce(moved.first_budget_month - 1, moved.latest_month),
            case
                when listed.planned_start_date is null then 0
                when listed.planned_start_date > figure.as_of_date then moved.latest_month
                when extract(year from listed.planned_start_date) < figure.fiscal_year then 0
                else extract(month from listed.planned_start_date) - 1
            end
        ) as months_without_payment,
        projection.comparable_project_count,
        case
            when figure.full_year_budget_amount <= figure.executed_amount then 'spent'
            else projection.projection_basis
        end as projection_basis,
        case
            when figure.full_year_budget_amount <= figure.executed_amount then figure.executed_amount
            else projection.projected_executed_amount
        end as projected_executed_amount,
        case
            when figure.full_year_budget_amount <= figure.executed_amount then figure.executed_amount
            else projection.projected_lowest_amount
        end as projected_lowest_amount,
        case
            when figure.full_year_budget_amount <= figure.executed_amount then figure.executed_amount
            else projection.projected_highest_amount
        end as projected_highest_amount,
        threshold.no_contract_below,
        threshold.no_payment_months,
        threshold.approval_missing_below,
        threshold.far_behind_below,
        threshold.cut_from_amount,
        figure.source_grain,
        figure.as_of_date
    from core.compared_figure as figure
    inner join threshold
        on
            figure.district_code = threshold.district_code
            and figure.fiscal_year = threshold.fiscal_year
    left join listed
        on
            figure.district_code = listed.district_code
            and figure.fiscal_year = listed.fiscal_year
            and figure.project_code = listed.project_code
    left join told
        on
            figure.district_code = told.district_code
            and figure.fiscal_year = told.fiscal_year
    left join moved
        on
            figure.district_code = moved.district_code
            and figure.fiscal_year = moved.fiscal_year
            and code_or_name(figure.department_code, figure.department_name) = moved.department_key
            and code_or_name(figure.project_code, figure.project_name) = moved.project_key
    left join summary.project_projection as projection
        on
            projection.at_month = 0
            and figure.district_code = projection.district_code
            and figure.fiscal_year = projection.fiscal_year
            and code_or_name(figure.department_code, figure.department_name) = projection.department_key
            and code_or_name(figure.project_code, figure.project_name) = projection.project_key
    where
        figure.figure_level = 'project'
        and not figure.is_year_finished
        and coalesce(figure.project_code, figure.project_name) is not null
),

judged as (
    select
        *,
        coalesce(
            has_contract_dates
            and is_listed
            and (contract_date is null or contract_date > as_of_date)
            and planned_start_date <= as_of_date
            and execution_rate < no_contract_below
            -- What is being paid goes ahead, whatever the list says of its contract.
            and coalesce(months_without_payment, 1) >= 1,
            false
        ) as is_without_contract,
        coalesce(
            full_year_budget_amount > executed_amount
            and coalesce(expenditure_nature, '') <> 'basic'
            and months_without_payment >= no_payment_months,
            false
        ) as is_without_payment,
        coalesce(is_approved = 0 and execution_rate < approval_missing_below, false) as is_without_approval,
        coalesce(
            projection_basis in ('own_kind', 'all_kinds')
            and projected_highest_amount < share_of_amount(full_year_budget_amount, far_behind_below),
            false
        ) as is_far_behind,
        coalesce(
            initial_budget_amount > 0 and initial_budget_amount >= cut_from_amount and full_year_budget_amount = 0,
            false
        ) as is_cut_to_zero
    from standing
),

-- The bureau names department and project by code or by name; of two entries the later counts.
handled as (
    select
        judged.district_code,
        judged.fiscal_year,
        judged.department_key,
        judged.project_key,
        entry.handling_state,
        entry.handled_on,
        entry.handling_note,
        row_number() over (
            partition by judged.district_code, judged.fiscal_year, judged.department_key, judged.project_key
            order by entry.handled_on desc, entry.handling_state asc, entry.handling_note asc
        ) as preference
    from judged
    inner join core.project_watch_handling as entry
        on
            judged.district_code = entry.district_code
            and judged.fiscal_year = entry.fiscal_year
            and (judged.project_key = entry.project_key or judged.project_name = entry.project_key)
            and (judged.department_key = entry.department_key or judged.department_name = entry.department_key)
)

select
    judged.district_code,
    judged.fiscal_year,
    judged.department_code,
    judged.department_name,
    judged.department_key,
    judged.project_code,
    judged.project_name,
    judged.project_key,
    judged.project_kind,
    concat_ws(
        '; ',
        case when judged.is_cut_to_zero then 'cut-to-zero' end,
        case when judged.is_without_contract then 'no-contract' end,
        case when judged.is_without_approval then 'approval-missing' end,
        case when judged.is_without_payment then 'no-payment' end,
        case when judged.is_far_behind then 'far-behind' end
    ) as watch_reasons,
    concat_ws(
        '；',
        case when judged.is_cut_to_zero then '预算已全部调减' end,
        case when judged.is_without_contract then '已过计划开工日期，尚未签订合同' end,
        case when judged.is_without_approval then '尚未批复立项' end,
        case
            when judged.is_without_payment and judged.executed_amount <= 0
                then '已连续' || judged.months_without_payment || '个月无支付'
            when judged.is_without_payment then '最近' || judged.months_without_payment || '个月无支付'
        end,
        case when judged.is_far_behind then '支出远低于同类项目同期进度' end
    ) as watch_reasons_zh,
    judged.initial_budget_amount,
    judged.full_year_budget_amount,
    judged.executed_amount,
    judged.full_year_budget_amount - judged.executed_amount as unspent_amount,
    exact_rate_pct(judged.executed_amount, judged.full_year_budget_amount) as execution_rate_pct,
    judged.contract_date,
    judged.planned_start_date,
    judged.months_without_payment,
    case
        when judged.has_contract_dates and judged.is_listed and judged.contract_date is null
            then judged.full_year_budget_amount - judged.executed_amount
    end as uncontracted_amount,
    judged.projected_executed_amount,
    judged.projected_lowest_amount,
    judged.projected_highest_amount,
    coalesce(judged.projection_basis, 'too_little') as projection_basis,
    judged.comparable_project_count,
    not_below_zero(
        judged.full_year_budget_amount - judged.projected_executed_amount
    ) as proposed_adjustment_amount,
    nullif(
        concat_ws(
            '; ',
            case when not judged.has_contract_dates then 'contract_date' end,
            case when not judged.has_start_dates then 'planned_start_date' end,
            case when not judged.has_approvals then 'is_approved' end
        ),
        ''
    ) as unseen_columns,
    handled.handling_state,
    handled.handled_on,
    handled.handling_note,
    cast(null as date) as listed_since,
    cast(null as varchar) as watch_change,
    cast(null as decimal(18, 2)) as proposed_adjustment_change_amount,
    judged.source_grain,
    judged.as_of_date,
    mark.is_complete,
    mark.set_aside_row_count,
    mark.set_aside_amount
from judged
left join core.figure_completeness as mark
    on
        mark.figure_level = 'project'
        and judged.district_code = mark.district_code
        and judged.fiscal_year = mark.fiscal_year
        and judged.department_key = mark.department_key
        and judged.project_key = mark.project_key
left join handled
    on
        handled.preference = 1
        and judged.district_code = handled.district_code
        and judged.fiscal_year = handled.fiscal_year
        and judged.department_key = handled.department_key
        and judged.project_key = handled.project_key
where
    judged.is_cut_to_zero
    or judged.is_without_contract
    or judged.is_without_approval
    or judged.is_without_payment
    or judged.is_far_behind
order by
    judged.district_code asc,
    judged.fiscal_year asc,
    judged.full_year_budget_amount - judged.projected_executed_amount desc,
    judged.department_code asc,
    judged.department_name asc,
    judged.project_code asc,
    judged.project_name asc
