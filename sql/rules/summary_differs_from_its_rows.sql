-- The department and project tables add up to the accepted rows behind them, to the cent.
-- 部门表与项目表之和应与其背后的数据行分毫不差。
-- rule: summary-differs-from-its-rows
-- severity: fatal
-- category: conservation
-- scope: build
-- guards: summary.department_execution
-- tolerance: none
-- since: 0.1.0
-- message: {finding_key}: the table adds up to {source_value} yuan, its rows to {target_value}; money was lost or
--   counted twice in the program.
-- message_zh: {finding_key}：表中合计 {source_value} 元，数据行合计 {target_value} 元；程序有遗漏或重复计算。
with row_sum as (
    select
        district_code,
        fiscal_year,
        'initial_budget_amount' as figure,
        sum(initial_budget_amount) as amount
    from core.annual_budget
    group by district_code, fiscal_year
    union all
    select
        district_code,
        fiscal_year,
        'net_adjustment_amount' as figure,
        sum(adjustment_amount) as amount
    from core.budget_adjustment
    group by district_code, fiscal_year
    union all
    select
        district_code,
        fiscal_year,
        'executed_amount' as figure,
        sum(paid_amount) as amount
    from core.payment
    group by district_code, fiscal_year
),

published as (
    select
        'department' as level,
        district_code,
        fiscal_year,
        initial_budget_amount,
        net_adjustment_amount,
        executed_amount
    from summary.department_execution
    where source_grain = 'detail'
    union all
    select
        'project' as level,
        district_code,
        fiscal_year,
        initial_budget_amount,
        net_adjustment_amount,
        executed_amount
    from summary.project_execution
    where source_grain = 'detail'
),

summary_sum as (
    select
        published.level,
        published.district_code,
        published.fiscal_year,
        sum(published.initial_budget_amount) as initial_budget_amount,
        sum(published.net_adjustment_amount) as net_adjustment_amount,
        sum(published.executed_amount) as executed_amount
    from published
    group by published.level, published.district_code, published.fiscal_year
)

select
    summary_sum.district_code,
    summary_sum.fiscal_year,
    concat_ws(' / ', summary_sum.level, row_sum.figure) as finding_key,
    case row_sum.figure
        when 'initial_budget_amount' then summary_sum.initial_budget_amount
        when 'net_adjustment_amount' then summary_sum.net_adjustment_amount
        else summary_sum.executed_amount
    end as source_value,
    row_sum.amount as target_value,
    coalesce(
        case row_sum.figure
            when 'initial_budget_amount' then summary_sum.initial_budget_amount
            when 'net_adjustment_amount' then summary_sum.net_adjustment_amount
            else summary_sum.executed_amount
        end,
        0
    ) - row_sum.amount as difference
from summary_sum
inner join row_sum
    on summary_sum.district_code = row_sum.district_code and summary_sum.fiscal_year = row_sum.fiscal_year
inner join core.district_year_grain as delivered
    on summary_sum.district_code = delivered.district_code and summary_sum.fiscal_year = delivered.fiscal_year
where
    delivered.has_annual_budget
    and coalesce(
        case row_sum.figure
            when 'initial_budget_amount' then summary_sum.initial_budget_amount
            when 'net_adjustment_amount' then summary_sum.net_adjustment_amount
            else summary_sum.executed_amount
        end,
        0
    ) <> row_sum.amount
