-- Each amount of the latest statement lines beside what the detail adds up to until the statement's date, of sheets and
--   figures in which any disagrees.
-- 最近一期执行情况表各行金额与截至该日明细合计的对照（仅含有不一致的工作表与数字）。
with project_detail as (
    select
        district_code,
        fiscal_year,
        department_key,
        project_key,
        until,
        sum(initial_budget_amount) as initial_budget_amount,
        sum(net_adjustment_amount) as adjustment_amount,
        sum(paid_amount) as executed_amount,
        sum(budget_line_count + adjustment_count + payment_count) as line_count
    from rule_detail
    where project_key is not null
    group by district_code, fiscal_year, department_key, project_key, until
),

unit_detail as (
    select
        district_code,
        fiscal_year,
        department_key,
        unit_key,
        fund_type_code,
        expenditure_nature,
        until,
        sum(initial_budget_amount) as initial_budget_amount,
        sum(net_adjustment_amount) as adjustment_amount,
        sum(paid_amount) as executed_amount,
        sum(budget_line_count + adjustment_count + payment_count) as line_count
    from rule_detail
    group by district_code, fiscal_year, department_key, unit_key, fund_type_code, expenditure_nature, until
),

-- A department with units of its own is stated with them, unless its units are stated beside it.
unit_stated as (
    select distinct
        district_code,
        fiscal_year,
        department_key,
        level
    from rule_statement
    where unit_key <> department_key
),

-- A line of a wide table states several rows, so its place does not tell them apart.
stated as materialized (
    select
        line.*,
        row_number() over (
            order by
                line.source_file_id,
                line.source_sheet,
                line.source_line,
                line.unit_key,
                line.project_key,
                line.fund_type_code,
                line.expenditure_nature
        ) as stated_number,
        line.unit_key = line.department_key and unit_stated.level is null as is_with_units
    from rule_statement as line
    inner join core.district_year_grain as delivered
        on line.district_code = delivered.district_code and line.fiscal_year = delivered.fiscal_year
    left join unit_stated
        on
            line.district_code = unit_stated.district_code
            and line.fiscal_year = unit_stated.fiscal_year
            and line.department_key = unit_stated.department_key
            and line.level = unit_stated.level
    where line.is_latest and line.level <> 'part' and delivered.has_annual_budget
),

-- A nature or fund type that some of the detail does not tell cannot be compared.
told as (
    select
        district_code,
        fiscal_year,
        unit_key,
        count(*) = count(fund_type_code) as has_fund_types,
        count(*) = count(expenditure_nature) as has_natures
    from unit_detail
    group by district_code, fiscal_year, unit_key
),

-- Of a fund type or nature without any detail the sum is zero, of a project without any it is unknown.
matched as (
    select
        stated.stated_number,
        detail.initial_budget_amount,
        detail.adjustment_amount,
        detail.executed_amount,
        detail.line_count,
        case stated.level
            when 'fund_type' then coalesce(starts_with(detail.fund_type_code, stated.fund_type_code), false)
            when 'nature' then coalesce(detail.expenditure_nature = stated.expenditure_nature, false)
            else true
        end as is_part,
        case stated.level
            when 'fund_type' then told.has_fund_types
            when 'nature' then told.has_natures
            else true
        end as is_told
    from stated
    inner join unit_detail as detail
        on
            stated.district_code = detail.district_code
            and stated.fiscal_year = detail.fiscal_year
            and stated.department_key = detail.department_key
            and (stated.unit_key = detail.unit_key or stated.is_with_units)
            and stated.until >= detail.until
    inner join told
        on
            detail.district_code = told.district_code
            and detail.fiscal_year = told.fiscal_year
            and detail.unit_key = told.unit_key
    where stated.level <> 'project'
    union all
    select
        stated.stated_number,
        detail.initial_budget_amount,
        detail.adjustment_amount,
        detail.executed_amount,
        detail.line_count,
        true as is_part,
        true as is_told
    from stated
    inner join project_detail as detail
        on
            stated.district_code = detail.district_code
            and stated.fiscal_year = detail.fiscal_year
            and stated.department_key = detail.department_key
            and stated.project_key = detail.project_key
            and stated.until >= detail.until
    where stated.level = 'project'
),

added as (
    select
        stated_number,
        sum(case when is_part then initial_budget_amount else 0 end) as initial_budget_amount,
        sum(case when is_part then adjustment_amount else 0 end) as adjustment_amount,
        sum(case when is_part then executed_amount else 0 end) as executed_amount,
        sum(case when is_part then line_count else 0 end) as line_count
    from matched
    group by stated_number
    having bool_and(is_told)
),

figure as (
    select
        'initial_budget_amount' as figure,
        '年初预算数 initial budget' as figure_label
    union all
    select
        'adjustment_amount' as figure,
        '预算调整数 adjustment' as figure_label
    union all
    select
        'full_year_budget_amount' as figure,
        '全年预算数 full-year budget' as figure_label
    union all
    select
        'executed_amount' as figure,
        '执行数 executed' as figure_label
),

compared as (
    select
        stated.stated_number,
        stated.source_file_id,
        stated.source_sheet,
        stated.tolerance_of_one,
        figure.figure,
        figure.figure_label,
        added.line_count,
        case figure.figure
            when 'initial_budget_amount' then stated.initial_budget_amount
            when 'adjustment_amount' then stated.adjustment_amount
            when 'full_year_budget_amount' then stated.full_year_budget_amount
            else stated.executed_amount
        end as stated_amount,
        case figure.figure
            when 'initial_budget_amount' then added.initial_budget_amount
            when 'adjustment_amount' then case when delivered.has_budget_adjustment then added.adjustment_amount end
            when 'full_year_budget_amount'
                then
                    case
                        when delivered.has_budget_adjustment
                            then added.initial_budget_amount + added.adjustment_amount
                    end
            when 'executed_amount' then case when delivered.has_payment then added.executed_amount end
        end as detail_amount
    from stated
    inner join added on stated.stated_number = added.stated_number
    inner join core.district_year_grain as delivered
        on stated.district_code = delivered.district_code and stated.fiscal_year = delivered.fiscal_year
    cross join figure
),

-- Of what agrees, only the neighbours of what does not are of interest: most sheets end here.
disagreeing as (
    select distinct
        source_file_id,
        source_sheet,
        figure
    from compared
    where abs(stated_amount - detail_amount) > tolerance_of_one
),

judged as (
    select
        stated.*,
        compared.figure,
        compared.figure_label,
        compared.stated_amount,
        compared.detail_amount,
        compared.line_count,
        compared.stated_amount - compared.detail_amount as difference,
        abs(compared.stated_amount - compared.detail_amount) > compared.tolerance_of_one as is_failing
    from compared
    inner join disagreeing
        on
            compared.source_file_id = disagreeing.source_file_id
            and compared.source_sheet is not distinct from disagreeing.source_sheet
            and compared.figure = disagreeing.figure
    inner join stated on compared.stated_number = stated.stated_number
    where compared.stated_amount is not null and compared.detail_amount is not null
),

-- The lines of the detail are listed of what fails only.
failing as (
    select distinct
        stated_number,
        district_code,
        fiscal_year,
        department_key,
        unit_key,
        project_key,
        fund_type_code,
        expenditure_nature,
        level,
        until,
        is_with_units
    from judged
    where is_failing
),

listed as (
    select
        failing.stated_number,
        first_details(detail.detail_number) as places
    from failing
    inner join rule_detail as detail
        on
            failing.district_code = detail.district_code
            and failing.fiscal_year = detail.fiscal_year
            and failing.department_key = detail.department_key
            and (failing.unit_key = detail.unit_key or failing.is_with_units)
            and failing.until >= detail.until
            and case failing.level
                when 'fund_type' then starts_with(detail.fund_type_code, failing.fund_type_code)
                when 'nature' then failing.expenditure_nature = detail.expenditure_nature
                else true
            end
    where failing.level <> 'project'
    group by failing.stated_number
    union all
    select
        failing.stated_number,
        first_details(detail.detail_number) as places
    from failing
    inner join rule_detail as detail
        on
            failing.district_code = detail.district_code
            and failing.fiscal_year = detail.fiscal_year
            and failing.department_key = detail.department_key
            and failing.project_key = detail.project_key
            and failing.until >= detail.until
    where failing.level = 'project'
    group by failing.stated_number
)

select
    judged.district_code,
    judged.fiscal_year,
    judged.department_key,
    judged.unit_key,
    judged.project_key,
    judged.department_code,
    judged.department_name,
    judged.project_code,
    judged.project_name,
    judged.fund_type_code,
    judged.expenditure_nature,
    judged.level,
    judged.finding_key,
    judged.unit_factor,
    judged.tolerance_of_one,
    judged.figure,
    judged.figure_label,
    judged.stated_amount,
    judged.detail_amount,
    judged.source_file_id,
    judged.source_sheet,
    judged.source_line,
    judged.difference,
    judged.is_failing,
    list_prepend(
        source_place(judged.source_file_id, judged.source_sheet, judged.source_line),
        coalesce(listed.places[1:19], [])
    ) as source_lines,
    judged.line_count + 1 as source_line_count
from judged
left join listed on judged.is_failing and judged.stated_number = listed.stated_number
