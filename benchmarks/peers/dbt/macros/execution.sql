{% macro execution(keys) %}
with initial as (
    select {{ keys }}, sum(cast(initial_budget_amount as decimal(18, 2))) as amount
    from {{ ref('annual_budget') }} group by {{ keys }}
),

adjusted as (
    select {{ keys }}, sum(cast(adjustment_amount as decimal(18, 2))) as amount
    from {{ ref('budget_adjustment') }} group by {{ keys }}
),

paid as (
    select {{ keys }}, sum(paid_amount) as amount from {{ ref('payment') }} group by {{ keys }}
)

select
    {{ keys }},
    initial.amount as initial_budget_amount,
    paid.amount as executed_amount,
    initial.amount + coalesce(adjusted.amount, 0) as full_year_budget_amount,
    paid.amount / nullif(initial.amount + coalesce(adjusted.amount, 0), 0) as execution_rate
from initial left join adjusted using ({{ keys }}) left join paid using ({{ keys }})
{% endmacro %}
