-- What a finding is about, in one text: the department and the project by code and name, as far as they are known.
-- 问题所涉对象：部门与项目的编码和名称，知道多少写多少。
create or replace temp macro item_key(department_code, department_name, project_code, project_name) as concat_ws(
    ' / ',
    nullif(concat_ws(' ', department_code, department_name), ''),
    nullif(concat_ws(' ', project_code, project_name), '')
)
