-- The first twenty source lines of a group, as places (file, sheet, line).
-- 一组数据的前二十个来源行（文件、工作表、行号）。
create or replace temp macro first_places(file_id, sheet, line) as min(source_place(file_id, sheet, line), 20)
