-- Each adjustment line with its reason and batch, beside the count, gross and net of its project and how far to look;
--   a project known from a statement only has one row with its net figure.
-- 每条预算调整及其原因、批次，并列所属项目的次数、总额、净额与审核等级；仅有执行情况表的项目列一行净额。
-- label_zh: 预算调整审核
with exempt as (
    select distinct
        version.district_code,
        version.fiscal_year,
        reason.adjustment_reason
    from core.reference_version as version
    inner join core.exempt_adjustment_reasons as reason
        on
            version.version = reason.version
            and version.reference_district_code is not distinct from reason.district_code
    where version.reference_table = 'exempt_adjustment_reasons'
),

look as (
    select
        district_code,
        fiscal_year,
        department_code,
        department_name,
        project_code,
        project_name,
        max(case warning_level when 'red' then 3 when 'orange' then 2 else 1 end) as level_order
    from summary.execution_warning
    where figure_level = 'project' and warning_rule in ('adjustment-rate', 'adjustment-count')
    group by district_code, fiscal_year, department_code, department_name, project_code, project_name
),

review as (
    select
        figure.district_code,
        figure.fiscal_year,
        figure.department_code,
        figure.department_name,
        figure.project_code,
        figure.project_name,
        figure.initial_budget_amount,
        figure.adjustment_count as project_adjustment_count,
        figure.increase_amount as project_increase_amount,
        figure.decrease_amount as project_decrease_amount,
        figure.net_adjustment_amount as project_net_adjustment_amount,
        figure.gross_adjustment_amount as project_gross_adjustment_amount,
        exact_rate(figure.net_adjustment_amount, figure.initial_budget_amount) as net_adjustment_rate,
        exact_rate_pct(figure.net_adjustment_amount, figure.initial_budget_amount) as net_adjustment_rate_pct,
        exact_rate(figure.gross_adjustment_amount, figure.initial_budget_amount) as gross_adjustment_rate,
        exact_rate_pct(figure.gross_adjustment_amount, figure.initial_budget_amount) as gross_adjustment_rate_pct,
        adjustment_status(figure.initial_budget_amount, figure.net_adjustment_amount) as adjustment_status,
        case look.level_order when 3 then 'red' when 2 then 'orange' when 1 then 'yellow' end as warning_level,
        figure.source_grain
    from core.execution_figure as figure
    left join look
        on
            figure.district_code = look.district_code
            and figure.fiscal_year = look.fiscal_year
            and figure.department_code is not distinct from look.department_code
            and figure.department_name is not distinct from look.department_name
            and figure.project_code is not distinct from look.project_code
            and figure.project_name is not distinct from look.project_name
    where figure.figure_level = 'project'
),

-- The review of each project under every name that rows give it: one join for many lines.
review_by_name as (
    select
        review.*,
        project.given_department_code,
        project.given_department_name,
        project.given_project_code,
        project.given_project_name
    from core.project_resolution as project
    inner join review
        on
            project.district_code = review.district_code
            and project.fiscal_year = review.fiscal_year
            and project.department_code is not distinct from review.department_code
            and project.department_name is not distinct from review.department_name
            and project.project_code is not distinct from review.project_code
            and project.project_name is not distinct from review.project_name
),

line as (
    select
        review.district_code,
        review.fiscal_year,
        review.department_code,
        review.department_name,
        code_or_name(review.department_code, review.department_name) as department_key,
        review.project_code,
        review.project_name,
        code_or_name(review.project_code, review.project_name) as project_key,
        adjustment.fund_type_code,
        adjustment.adjustment_number,
        adjustment.batch_number,
        adjustment.adjustment_date,
        adjustment.adjustment_kind,
        adjustment.adjustment_amount,
        adjustment.document_number,
        adjustment.adjustment_reason,
        exempt.adjustment_reason is not null as is_exempt,
        coalesce(trim(adjustment.adjustment_reason), '') = '' as is_reason_missing,
        review.initial_budget_amount,
        review.project_adjustment_count,
        review.project_increase_amount,
        review.project_decrease_amount,
        review.project_net_adjustment_amount,
        review.project_gross_adjustment_amount,
        review.net_adjustment_rate,
        review.net_adjustment_rate_pct,
        review.gross_adjustment_rate,
        review.gross_adjustment_rate_pct,
        review.adjustment_status,
        review.warning_level,
        review.source_grain,
        adjustment.source_file_id,
        adjustment.source_sheet,
        adjustment.source_line
    from core.budget_adjustment as adjustment
    inner join review_by_name as review
        on
            adjustment.district_code = review.district_code
            and adjustment.fiscal_year = review.fiscal_year
            and adjustment.department_code is not distinct from review.given_department_code
            and adjustment.department_name is not distinct from review.given_department_name
            and adjustment.project_code is not distinct from review.given_project_code
            and adjustment.project_name is not distinct from review.given_project_name
    left join exempt
        on
            adjustment.district_code = exempt.district_code
            and adjustment.fiscal_year = exempt.fiscal_year
            and trim(adjustment.adjustment_reason) = exempt.adjustment_reason
)

select * from line
union all
select
    review.district_code,
    review.fiscal_year,
    review.department_code,
    review.department_name,
    code_or_name(review.department_code, review.department_name) as department_key,
    review.project_code,
    review.project_name,
    code_or_name(review.project_code, review.project_name) as project_key,
    null as fund_type_code,
    null as adjustment_number,
    null as batch_number,
    null as adjustment_date,
    null as adjustment_kind,
    review.project_net_adjustment_amount as adjustment_amount,
    null as document_number,
    null as adjustment_reason,
    null as is_exempt,
    null as is_reason_missing,
    review.initial_budget_amount,
    review.project_adjustment_count,
    review.project_increase_amount,
    review.project_decrease_amount,
    review.project_net_adjustment_amount,
    review.project_gross_adjustment_amount,
    review.net_adjustment_rate,
    review.net_adjustment_rate_pct,
    review.gross_adjustment_rate,
    review.gross_adjustment_rate_pct,
    review.adjustment_status,
    review.warning_level,
    review.source_grain,
    null as source_file_id,
    null as source_sheet,
    null as source_line
from review
inner join core.district_year_grain as grain
    on
        review.district_code = grain.district_code
        and review.fiscal_year = grain.fiscal_year
where
    review.project_net_adjustment_amount <> 0
    and (review.source_grain = 'statement' or not grain.has_budget_adjustment)
