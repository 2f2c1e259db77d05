-- The first twenty rows of rule_detail in a group; quality.rules finds their source lines where they are told.
-- 一组明细中的前二十行（rule_detail）；需要时由 quality.rules 查出其来源行。
create or replace temp macro first_details(detail_number) as list_slice(list_sort(list(detail_number)), 1, 20)
