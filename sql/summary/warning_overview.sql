-- One row for each department and project that people should look at: rules that say the same are one statement, the level
--   follows from rule and money at stake, the most money first; summary.execution_warning has every rule.
-- 每个部门、项目一行的预警概览：同义规则合并，等级由规则与涉及金额共同决定，金额大者在前；全部规则见预算执行预警。
-- label_zh: 预警概览
with statement as (
    select
        warning.district_code,
        warning.fiscal_year,
        warning.figure_level,
        warning.department_code,
        warning.department_name,
        warning.department_key,
        warning.project_code,
        warning.project_name,
        warning.project_key,
        case
            when warning.warning_rule in ('spend-without-budget', 'over-executed') then 'overspending'
            when warning.warning_rule in ('year-end-rush', 'prepaid-in-december') then 'year_end'
            when warning.warning_rule in ('adjustment-rate', 'adjustment-count') then 'adjustment'
            else 'spending'
        end as warning_statement,
        warning.warning_rule,
        case warning.warning_level when 'red' then 3 when 'orange' then 2 else 1 end as rule_level,
        abs(warning.warning_amount) as warning_amount,
        warning.evidence,
        warning.evidence_zh,
        warning.as_of_date
    from summary.execution_warning as warning
),

-- Of rules that say the same the gravest gives the level, and the one that says most gives the words.
told as (
    select
        statement.* exclude (rule_level),
        max(rule_level) over (
            partition by district_code, fiscal_year, figure_level, department_key, project_key, warning_statement
        ) as rule_level,
        row_number() over (
            partition by district_code, fiscal_year, figure_level, department_key, project_key, warning_statement
            order by
                case warning_rule
                    when 'may-not-proceed' then 1
                    when 'spend-without-budget' then 1
                    when 'low-execution-three-years' then 2
                    when 'no-spending' then 3
                    when 'low-execution-in-year' then 4
                    else 5
                end,
                warning_rule
        ) as preference
    from statement
),

district as (
    select
        district_code,
        fiscal_year,
        sum(full_year_budget_amount) as full_year_budget_amount
    from core.execution_figure
    where figure_level = 'department'
    group by district_code, fiscal_year
),

materiality as (
    select
        version.district_code,
        version.fiscal_year,
        item.warning_statement,
        item.warning_subject,
        case item.warning_level when 'red' then 3 when 'orange' then 2 else 1 end as material_level,
        greatest(
            item.minimum_amount,
            coalesce(
                share_of_amount(not_below_zero(district.full_year_budget_amount), item.minimum_district_share), 0
            )
        ) as minimum_amount
    from core.reference_version as version
    inner join core.warning_materiality as item
        on
            version.version = item.version
            and version.reference_district_code is not distinct from item.district_code
    left join district
        on
            version.district_code = district.district_code
            and version.fiscal_year = district.fiscal_year
    where version.reference_table = 'warning_materiality'
),

-- The level of a statement is its rule's, lowered to that for which its money is enough; below the lowest it is left out.
levelled as (
    select
        told.district_code,
        told.fiscal_year,
        told.figure_level,
        told.department_key,
        told.project_key,
        told.warning_statement,
        told.evidence,
        told.evidence_zh,
        told.warning_amount,
        max(materiality.material_level) as statement_level
    from told
    inner join materiality
        on
            told.district_code = materiality.district_code
            and told.fiscal_year = materiality.fiscal_year
            and told.warning_statement = materiality.warning_statement
            and told.figure_level = materiality.warning_subject
            and told.rule_level >= materiality.material_level
            and told.warning_amount >= materiality.minimum_amount
    where told.preference = 1
    group by
        told.district_code,
        told.fiscal_year,
        told.figure_level,
        told.department_key,
        told.project_key,
        told.warning_statement,
        told.evidence,
        told.evidence_zh,
        told.warning_amount
),

subject as (
    select
        district_code,
        fiscal_year,
        figure_level,
        department_key,
        project_key,
        min(department_code) as department_code,
        min(department_name) as department_name,
        min(project_code) as project_code,
        min(project_name) as project_name,
        string_agg(distinct warning_rule, '; ' order by warning_rule) as warning_rules,
        count(*) as warning_rule_count,
        max(as_of_date) as as_of_date
    from statement
    group by district_code, fiscal_year, figure_level, department_key, project_key
),

overview as (
    select
        district_code,
        fiscal_year,
        figure_level,
        department_key,
        project_key,
        max(statement_level) as level_number,
        count(*) as warning_statement_count,
        max(warning_amount) as warning_amount,
        string_agg(evidence, ' ' order by statement_level desc, warning_amount desc, warning_statement asc) as evidence,
        string_agg(
            evidence_zh, '' order by statement_level desc, warning_amount desc, warning_statement asc
        ) as evidence_zh
    from levelled
    group by district_code, fiscal_year, figure_level, department_key, project_key
)

select
    overview.district_code,
    overview.fiscal_year,
    overview.figure_level,
    subject.department_code,
    subject.department_name,
    overview.department_key,
    subject.project_code,
    subject.project_name,
    overview.project_key,
    case overview.level_number when 3 then 'red' when 2 then 'orange' else 'yellow' end as warning_level,
    overview.warning_amount,
    overview.warning_statement_count,
    subject.warning_rules,
    overview.evidence,
    overview.evidence_zh,
    subject.as_of_date
from overview
inner join subject
    on
        overview.district_code = subject.district_code
        and overview.fiscal_year = subject.fiscal_year
        and overview.figure_level = subject.figure_level
        and overview.department_key = subject.department_key
        and overview.project_key = subject.project_key
order by
    overview.district_code asc,
    overview.fiscal_year asc,
    overview.level_number desc,
    overview.warning_amount desc,
    overview.figure_level asc,
    overview.department_key asc,
    overview.project_key asc
