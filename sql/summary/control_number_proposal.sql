-- Next year's control number of each department, proposed from the final execution of a finished year without one-off
--   projects and without what was paid from carried-over money, as far as these are known; beside it the rule that cuts
--   a share of the increase in carry-over.
-- 以已结束年度的执行数剔除（已知的）一次性项目与结转资金测算各部门下年预算控制数，并列按结转增加额压减的办法。
-- label_zh: 预算控制数建议
with one_off as (
    select
        district_code,
        fiscal_year,
        project_code,
        max(case when is_one_off then 1 when not is_one_off then 0 end) as is_one_off
    from core.project
    group by district_code, fiscal_year, project_code
),

parameter as (
    select
        version.district_code,
        version.fiscal_year,
        version.version,
        max(parameter.carryover_increase_cut_share) as carryover_increase_cut_share
    from core.reference_version as version
    inner join core.control_number_parameters as parameter
        on
            version.version = parameter.version
            and version.reference_district_code is not distinct from parameter.district_code
    where version.reference_table = 'control_number_parameters'
    group by version.district_code, version.fiscal_year, version.version
),

project as (
    select
        figure.district_code,
        figure.fiscal_year,
        figure.department_code,
        figure.department_name,
        figure.executed_amount,
        figure.source_grain,
        one_off.is_one_off,
        carryover.carried_over_amount,
        -- Carried-over money counts as spent first, up to what was spent at all.
        case
            when carryover.carried_over_amount - carryover.taken_back_amount > not_below_zero(figure.executed_amount)
                then not_below_zero(figure.executed_amount)
            else not_below_zero(carryover.carried_over_amount - carryover.taken_back_amount)
        end as spent_carryover_amount
    from core.execution_figure as figure
    left join one_off
        on
            figure.district_code = one_off.district_code
            and figure.fiscal_year = one_off.fiscal_year
            and figure.project_code = one_off.project_code
    left join summary.carryover as carryover
        on
            carryover.figure_level = 'project'
            and figure.district_code = carryover.district_code
            and figure.fiscal_year = carryover.fiscal_year
            and figure.department_code is not distinct from carryover.department_code
            and figure.department_name is not distinct from carryover.department_name
            and figure.project_code is not distinct from carryover.project_code
            and figure.project_name is not distinct from carryover.project_name
    where figure.figure_level = 'project'
),

department_project as (
    select
        district_code,
        fiscal_year,
        department_code,
        department_name,
        source_grain,
        case
            when sum(case when is_one_off = 1 and executed_amount is null then 1 else 0 end) = 0
                then sum(case when is_one_off = 1 then executed_amount else 0 end)
        end as one_off_executed_amount,
        sum(case when is_one_off is null and executed_amount <> 0 then 1 else 0 end) as undetermined_project_count,
        count(is_one_off) as determined_project_count,
        sum(case when is_one_off is not null then executed_amount else 0 end) as determined_executed_amount,
        sum(case when is_one_off is null then executed_amount else 0 end) as undetermined_executed_amount,
        sum(case when is_one_off = 0 then coalesce(spent_carryover_amount, 0) else 0 end)
            as known_spent_carryover_amount,
        sum(carried_over_amount) as carried_over_amount,
        case
            when count(*) = count(spent_carryover_amount)
                then sum(case when is_one_off = 0 then spent_carryover_amount else 0 end)
        end as spent_carryover_amount
    from project
    group by district_code, fiscal_year, department_code, department_name, source_grain
),

ingredient as (
    select
        department.district_code,
        department.fiscal_year,
        department.department_code,
        department.department_name,
        department.executed_amount,
        department.initial_budget_amount,
        carryover.carryover_increase_amount,
        department.source_grain,
        department.as_of_date,
        -- Projects that a statement names are not all its department's, so how many it leaves out is unknown there.
        case when department.source_grain = 'detail' then coalesce(item.undetermined_project_count, 0) end
            as undetermined_project_count,
        case
            when department.source_grain = 'detail' and department.executed_amount is null then null
            when department.source_grain = 'detail' and item.district_code is null then 0
            when department.source_grain = 'detail' then item.one_off_executed_amount
            when item.determined_project_count > 0 then item.one_off_executed_amount
        end as one_off_executed_amount,
        case
            when department.source_grain = 'detail' then coalesce(item.undetermined_executed_amount, 0)
            else department.executed_amount - coalesce(item.determined_executed_amount, 0)
        end as undetermined_executed_amount,
        coalesce(item.known_spent_carryover_amount, 0) as known_spent_carryover_amount,
        department.is_year_finished,
        -- What was carried over without a project cannot be told from recurrent spending.
        case
            when department.source_grain = 'detail' and item.district_code is null and carryover.carried_over_amount = 0
                then 0
            when department.source_grain = 'statement' and carryover.carried_over_amount = 0 then 0
            when item.carried_over_amount = carryover.carried_over_amount then item.spent_carryover_amount
        end as spent_carryover_amount
    from core.compared_figure as department
    left join department_project as item
        on
            department.source_grain = item.source_grain
            and department.district_code = item.district_code
            and department.fiscal_year = item.fiscal_year
            and department.department_code is not distinct from item.department_code
            and department.department_name is not distinct from item.department_name
    left join summary.carryover as carryover
        on
            carryover.figure_level = 'department'
            and department.district_code = carryover.district_code
            and department.fiscal_year = carryover.fiscal_year
            and department.department_code is not distinct from carryover.department_code
            and department.department_name is not distinct from carryover.department_name
    where department.figure_level = 'department'
),

proposal as (
    select
        ingredient.*,
        parameter.carryover_increase_cut_share,
        parameter.version,
        case
            when not ingredient.is_year_finished then null
            when ingredient.source_grain = 'statement'
                then not_below_zero(
                    ingredient.executed_amount
                    - coalesce(ingredient.one_off_executed_amount, 0)
                    - ingredient.known_spent_carryover_amount
                )
            when ingredient.undetermined_project_count = 0
                then not_below_zero(
                    ingredient.executed_amount - ingredient.one_off_executed_amount - ingredient.spent_carryover_amount
                )
        end as proposed_amount,
        case
            when ingredient.is_year_finished
                then not_below_zero(
                    ingredient.initial_budget_amount
                    - share_of_amount(
                        not_below_zero(ingredient.carryover_increase_amount), parameter.carryover_increase_cut_share
                    )
                )
        end as alternative_proposed_amount
    from ingredient
    left join parameter
        on
            ingredient.district_code = parameter.district_code
            and ingredient.fiscal_year = parameter.fiscal_year
)

select
    proposal.district_code,
    proposal.fiscal_year,
    proposal.fiscal_year + 1 as proposal_year,
    proposal.department_code,
    proposal.department_name,
    code_or_name(proposal.department_code, proposal.department_name) as department_key,
    proposal.executed_amount,
    proposal.one_off_executed_amount,
    proposal.undetermined_project_count,
    proposal.undetermined_executed_amount,
    proposal.spent_carryover_amount,
    proposal.proposed_amount,
    proposal.initial_budget_amount as last_control_amount,
    proposal.proposed_amount - proposal.initial_budget_amount as proposed_change_amount,
    exact_rate_pct(proposal.proposed_amount - proposal.initial_budget_amount, proposal.initial_budget_amount)
        as proposed_change_pct,
    proposal.carryover_increase_amount,
    proposal.carryover_increase_cut_share,
    proposal.alternative_proposed_amount,
    proposal.alternative_proposed_amount - proposal.initial_budget_amount as alternative_change_amount,
    case
        when proposal.executed_amount is null then 'unknown'
        when not proposal.is_year_finished then 'year_not_finished'
        when
            proposal.source_grain = 'statement'
            and proposal.undetermined_executed_amount = 0
            and proposal.spent_carryover_amount is not null
            then 'ok'
        when proposal.source_grain = 'statement' then 'partly_known'
        when proposal.undetermined_project_count > 0 then 'one_off_unknown'
        when proposal.spent_carryover_amount is null then 'carryover_unknown'
        else 'ok'
    end as proposal_status,
    proposal.version,
    proposal.source_grain,
    proposal.as_of_date,
    mark.is_complete,
    mark.set_aside_row_count,
    mark.set_aside_amount
from proposal
left join core.figure_completeness as mark
    on
        mark.figure_level = 'department'
        and proposal.district_code = mark.district_code
        and proposal.fiscal_year = mark.fiscal_year
        and code_or_name(proposal.department_code, proposal.department_name) = mark.department_key
order by proposal.district_code, proposal.fiscal_year, proposal.department_code, proposal.department_name
