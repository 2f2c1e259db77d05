-- Next year's proposed control number of each department, from this year's final execution.
-- 按本年决算执行数测算的各部门下年控制数建议。
-- label_zh: 下年控制数建议
select
    district_code,
    proposal_year,
    department_name,
    executed_amount,
    one_off_executed_amount,
    spent_carryover_amount,
    proposed_amount,
    last_control_amount,
    proposed_change_amount,
    proposal_status
from summary.control_number_proposal
order by district_code, proposal_year, department_name
