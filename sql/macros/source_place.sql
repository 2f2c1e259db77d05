-- A source line as one number: the hash of file and sheet, then the line; a list of numbers costs far less than one of
--   texts. quality.rules turns it back.
-- 以一个数字表示来源行：文件与工作表的散列值，加行号；由 quality.rules 还原。
create or replace temp macro source_place(file_id, sheet, line) as
cast(hash(file_id, sheet) // 2 as hugeint) * 18446744073709551616 + line
