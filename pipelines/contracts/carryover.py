"""Contract of carried-over appropriations (BA_BGT_CARRYOVERS, 财政资金结转指标)."""

from pipelines.contracts.common import (
    DEPARTMENT_CODE,
    DEPARTMENT_NAME,
    FUNCTION_CODE,
    FUNCTION_NAME,
    FUND_TYPE_CODE,
    ONE_DELETED_TWO_NOT,
    ORIGIN,
    PROJECT_CODE,
    PROJECT_NAME,
    REMARK,
)
from pipelines.contracts.model import Column, Dataset, Kind

CARRYOVER = Dataset(
    name="carryover",
    label_zh="结转结余",
    meaning="What a project carried over from the year before, and what was taken back.",
    meaning_zh="项目自上年结转的资金与被收回的资金。",
    columns=(
        *ORIGIN,
        DEPARTMENT_CODE.but(headers=(*DEPARTMENT_CODE.headers, "代码")),
        DEPARTMENT_NAME,
        PROJECT_CODE,
        PROJECT_NAME,
        FUNCTION_CODE,
        FUNCTION_NAME,
        FUND_TYPE_CODE,
        Column(
            "approved_amount",
            Kind.AMOUNT,
            "批复结转数",
            "Carry-over approved, in yuan.",
            "批复的结转数（元）。",
            headers=("批复结转数", "批复数", "approve_amt", "approved_amount"),
        ),
        Column(
            "carried_over_amount",
            Kind.AMOUNT,
            "结转数",
            "Amount carried over into this year, in yuan.",
            "结转到本年的数额（元）。",
            headers=("结转数", "结转金额", "上年结转", "上年结转数", "carryovers_amt", "carried_over_amount"),
        ).as_required(),
        Column(
            "taken_back_amount",
            Kind.AMOUNT,
            "收回数",
            "Amount taken back by the treasury, in yuan.",
            "财政收回的数额（元）。",
            headers=("收回数", "收回金额", "taken_back_amount"),
        ),
        REMARK,
    ),
    identity=("department_code", "project_code", "function_code", "fund_type_code"),
    reclassified_by=("function_code", "fund_type_code"),
    one_of=(("department_code", "department_name"),),
    distinguishing=("carried_over_amount",),
    deletion_marks=ONE_DELETED_TWO_NOT,
)
