-- The departments and projects that payments and adjustments name, each name once, and in which of the two it stands.
-- 支付与调整所写的部门和项目（去重），以及出自二者中的哪一个。
select distinct
    'payment' as dataset,
    district_code,
    fiscal_year,
    department_code,
    department_name,
    project_code,
    project_name
from core.payment
union all
select distinct
    'budget_adjustment' as dataset,
    district_code,
    fiscal_year,
    department_code,
    department_name,
    project_code,
    project_name
from core.budget_adjustment
