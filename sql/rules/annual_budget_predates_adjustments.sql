-- Adjustments were delivered, but the full-year budgets of the annual budget all still equal the initial ones.
-- 已报送预算调整，但年初预算表中的全年预算数仍全部等于年初预算数。
-- rule: annual-budget-predates-adjustments
-- severity: warning
-- category: arithmetic
-- scope: district_year
-- guards: core.annual_budget
-- tolerance: none
-- since: 0.1.0
-- message: The annual budget was exported before the adjustments ({target_value} yuan of them were delivered): its
--   full-year budgets cannot be checked; deliver a later export.
-- message_zh: 年初预算表导出于调整之前（已报送调整 {target_value} 元），其全年预算数无从核对；请报送较晚的导出。
with stated as (
    select
        district_code,
        fiscal_year,
        sum(full_year_budget_amount - initial_budget_amount) as moved_amount,
        first_places(source_file_id, source_sheet, source_line) as source_lines,
        count(*) as source_line_count
    from core.annual_budget
    group by district_code, fiscal_year
    having
        count(full_year_budget_amount) > 0
        and count(case when full_year_budget_amount <> initial_budget_amount then 1 end) = 0
),

budgeted as (
    select distinct
        district_code,
        fiscal_year,
        coalesce(project_code, project_name) as project_key
    from core.annual_budget
),

moved as (
    select
        line.district_code,
        line.fiscal_year,
        sum(line.adjustment_amount) as moved_amount,
        sum(abs(line.adjustment_amount)) as gross_amount
    from core.budget_adjustment as line
    inner join budgeted
        on
            line.district_code = budgeted.district_code
            and line.fiscal_year = budgeted.fiscal_year
            and coalesce(line.project_code, line.project_name) = budgeted.project_key
    group by line.district_code, line.fiscal_year
    having sum(abs(line.adjustment_amount)) > 0
)

select
    stated.district_code,
    stated.fiscal_year,
    '年初预算 annual_budget' as finding_key,
    stated.moved_amount as source_value,
    moved.moved_amount as target_value,
    stated.moved_amount - moved.moved_amount as difference,
    stated.source_lines,
    stated.source_line_count
from stated
inner join moved on stated.district_code = moved.district_code and stated.fiscal_year = moved.fiscal_year
