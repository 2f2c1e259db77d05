-- One account that several districts of a province paid with the same amount in one year: paid once more than owed?
-- 全省同一年度被多个区以相同金额支付的同一收款账号：是否重复支付？
-- label_zh: 跨区相同收款
select
    fiscal_year,
    payee_account,
    paid_amount,
    count(distinct district_code) as district_count,
    string_agg(distinct district_code, ', ' order by district_code) as districts,
    count(*) as payment_count,
    sum(paid_amount) as paid_in_all
from core.payment
where payee_account is not null and paid_amount > 0
group by fiscal_year, payee_account, paid_amount
having count(distinct district_code) > 1
order by paid_in_all desc, payee_account asc, fiscal_year asc, paid_amount asc
