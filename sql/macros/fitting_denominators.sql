-- Of labelled denominators those with which the numerator makes the rate, within a tolerance of the rate.
-- 若干带名称的分母中，与分子相除所得与给定比率之差在容差之内者。
create or replace temp macro fitting_denominators(rate, numerator, denominators, tolerance) as list_filter(
    denominators,
    lambda part: part['amount'] <> 0
    and abs(rate * part['amount'] - numerator) <= tolerance * abs(part['amount'])
)
