-- Whether a text contains one of a list of keywords.
-- 文本是否包含任一关键词。
create or replace temp macro contains_any(text, keywords) as
len(list_filter(keywords, lambda keyword: contains(text, keyword))) > 0
