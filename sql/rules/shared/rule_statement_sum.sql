-- Sums of a unit's statement lines by fund type, nature and project that differ from the unit's own line of the date.
-- 同一单位同一截止日期的执行情况表：按资金性质、支出性质、项目加总与单位行不一致者。
with figure as (
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

-- A fund type that stands beside its own children is their subtotal.
parent_fund as (
    select distinct
        parent.district_code,
        parent.fiscal_year,
        parent.unit_key,
        parent.until,
        parent.fund_type_code
    from rule_statement as parent
    inner join rule_statement as child
        on
            child.level = 'fund_type'
            and parent.district_code = child.district_code
            and parent.fiscal_year = child.fiscal_year
            and parent.unit_key = child.unit_key
            and parent.until = child.until
            and starts_with(child.fund_type_code, parent.fund_type_code)
            and parent.fund_type_code <> child.fund_type_code
    where parent.level = 'fund_type'
),

line as (
    select
        stated.*,
        case
            when stated.level = 'fund_type' then concat_ws(' ', '资金性质 fund type', stated.fund_type_code)
            when stated.level = 'nature' and stated.expenditure_nature = 'basic' then '基本支出 basic'
            when stated.level = 'nature' then '项目支出 project'
            else coalesce(stated.project_name, stated.project_code)
        end as label
    from rule_statement as stated
    left join parent_fund
        on
            stated.level = 'fund_type'
            and stated.district_code = parent_fund.district_code
            and stated.fiscal_year = parent_fund.fiscal_year
            and stated.unit_key = parent_fund.unit_key
            and stated.until = parent_fund.until
            and stated.fund_type_code = parent_fund.fund_type_code
    where stated.level <> 'part' and parent_fund.unit_key is null
),

-- A sum of which a part is unknown is unknown.
added as (
    select
        district_code,
        fiscal_year,
        unit_key,
        until,
        level,
        count(*) as parts_count,
        case when count(*) = count(initial_budget_amount) then sum(initial_budget_amount) end as initial_budget_amount,
        case when count(*) = count(adjustment_amount) then sum(adjustment_amount) end as adjustment_amount,
        case
            when count(*) = count(full_year_budget_amount) then sum(full_year_budget_amount)
        end as full_year_budget_amount,
        case when count(*) = count(executed_amount) then sum(executed_amount) end as executed_amount,
        case when count(*) = count(unit_factor) and min(unit_factor) = max(unit_factor) then min(unit_factor) end
            as unit_factor
    from line
    where level in ('fund_type', 'nature', 'project')
    group by district_code, fiscal_year, unit_key, until, level
),

compared as (
    select
        unit.district_code,
        unit.fiscal_year,
        unit.unit_key,
        unit.until,
        unit.department_code,
        unit.department_name,
        unit.finding_key,
        unit.source_file_id,
        unit.source_sheet,
        unit.source_line,
        added.level as parts_level,
        added.parts_count,
        case when unit.unit_factor = added.unit_factor then unit.unit_factor end as common_factor,
        figure.figure,
        figure.figure_label,
        case figure.figure
            when 'initial_budget_amount' then unit.initial_budget_amount
            when 'adjustment_amount' then unit.adjustment_amount
            when 'full_year_budget_amount' then unit.full_year_budget_amount
            else unit.executed_amount
        end as total_amount,
        case figure.figure
            when 'initial_budget_amount' then added.initial_budget_amount
            when 'adjustment_amount' then added.adjustment_amount
            when 'full_year_budget_amount' then added.full_year_budget_amount
            else added.executed_amount
        end as parts_amount
    from line as unit
    inner join added
        on
            unit.district_code = added.district_code
            and unit.fiscal_year = added.fiscal_year
            and unit.unit_key = added.unit_key
            and unit.until = added.until
    cross join figure
    where unit.level = 'department'
),

differing as (
    select *
    from compared
    where total_amount <> parts_amount
),

-- Parts and their lines are listed of the sums that differ only.
wanted as (
    select distinct
        district_code,
        fiscal_year,
        unit_key,
        until,
        parts_level,
        figure
    from differing
),

listed as (
    select
        line.district_code,
        line.fiscal_year,
        line.unit_key,
        line.until,
        line.level,
        wanted.figure,
        list(
            {
                'label': line.label,
                'amount': case wanted.figure
                    when 'initial_budget_amount' then line.initial_budget_amount
                    when 'adjustment_amount' then line.adjustment_amount
                    when 'full_year_budget_amount' then line.full_year_budget_amount
                    else line.executed_amount
                end
            }
            order by line.source_line, line.project_key, line.fund_type_code, line.expenditure_nature
        ) as parts,
        first_places(line.source_file_id, line.source_sheet, line.source_line) as places
    from line
    inner join wanted
        on
            line.district_code = wanted.district_code
            and line.fiscal_year = wanted.fiscal_year
            and line.unit_key = wanted.unit_key
            and line.until = wanted.until
            and line.level = wanted.parts_level
    group by line.district_code, line.fiscal_year, line.unit_key, line.until, line.level, wanted.figure
)

select
    unit.parts_level as level,
    unit.district_code,
    unit.fiscal_year,
    unit.department_code,
    unit.department_name,
    unit.finding_key,
    unit.figure,
    unit.figure_label,
    unit.total_amount,
    unit.parts_amount,
    unit.parts_count,
    listed.parts,
    unit.common_factor as unit_factor,
    rounding_tolerance(
        unit.common_factor, unit.parts_count,
        threshold.yuan_tolerance, threshold.ten_thousand_tolerance_per_row, threshold.ten_thousand_tolerance_at_most
    ) as tolerance,
    unit.source_file_id,
    unit.source_sheet,
    unit.source_line,
    list_prepend(
        source_place(unit.source_file_id, unit.source_sheet, unit.source_line),
        listed.places[1:19]
    ) as source_lines,
    unit.parts_count + 1 as source_line_count
from differing as unit
inner join listed
    on
        unit.district_code = listed.district_code
        and unit.fiscal_year = listed.fiscal_year
        and unit.unit_key = listed.unit_key
        and unit.until = listed.until
        and unit.parts_level = listed.level
        and unit.figure = listed.figure
inner join rule_threshold as threshold on unit.district_code = threshold.district_code
