-- What a plain join goes by: the code where there is one, else the name; an empty text where neither is there.
-- 关联用的键：有编码取编码，无编码取名称，两者皆无为空文本。
create or replace temp macro code_or_name(code, name) as coalesce(code, name, '')
