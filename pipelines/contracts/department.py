"""Contract of the department list (部门单位名录)."""

from pipelines.contracts.common import DEPARTMENT_CODE, DEPARTMENT_NAME, ORIGIN, REMARK
from pipelines.contracts.model import Column, Dataset, Kind, Marks

DEPARTMENT = Dataset(
    name="department",
    label_zh="部门",
    meaning="Budget departments and units of a district in one year.",
    meaning_zh="一个区一个年度的预算部门与单位。",
    columns=(
        *ORIGIN,
        DEPARTMENT_CODE.as_required(),
        DEPARTMENT_NAME.as_required(),
        Column(
            "supervising_department_code",
            Kind.CODE,
            "主管部门编码",
            "Code of the department to which a unit belongs; its figures are summed there. Empty: the unit itself.",
            "主管部门编码，单位的数字汇总到主管部门；空表示单位自身。",
            headers=("主管部门编码", "主管部门代码", "上级单位编码", "supervising_department_code"),
            pattern=r"[0-9A-Za-z]{3,21}",
        ),
        REMARK,
    ),
    identity=("department_code",),
    marks=Marks.NONE,
    states_once=True,
)
