"""Contracts of the code tables: fund types, function codes, economy codes. Keyed by year: codes are reused."""

from pipelines.contracts.common import (
    FUNCTION_CODE,
    FUNCTION_NAME,
    FUND_TYPE_CODE,
    ORIGIN,
    REMARK,
)
from pipelines.contracts.model import Column, Dataset, Kind

FUND_TYPE = Dataset(
    name="fund_type",
    label_zh="资金性质",
    meaning="Fund types in use in a district and year.",
    meaning_zh="一个区一个年度使用的资金性质。",
    columns=(
        *ORIGIN,
        FUND_TYPE_CODE.as_required(headers=("资金性质编码", "资金性质代码", "fund_type_code")),
        Column(
            "fund_type_name",
            Kind.TEXT,
            "资金性质名称",
            "Name of the fund type.",
            "资金性质名称。",
            headers=("资金性质名称", "资金性质", "fund_type_name"),
        ).as_required(),
        REMARK,
    ),
    identity=("fund_type_code",),
    states_once=True,
)

FUNCTION_CODES = Dataset(
    name="function_code",
    label_zh="功能分类科目",
    meaning="Expenditure function codes in use in a district and year.",
    meaning_zh="一个区一个年度使用的支出功能分类科目。",
    columns=(
        *ORIGIN,
        FUNCTION_CODE.as_required(headers=(*FUNCTION_CODE.headers, "科目编码", "科目代码")),
        FUNCTION_NAME.as_required(headers=(*FUNCTION_NAME.headers, "科目名称")),
        REMARK,
    ),
    identity=("function_code",),
    states_once=True,
)

ECONOMY_CODES = Dataset(
    name="economy_code",
    label_zh="经济分类科目",
    meaning="Expenditure economy codes in use in a district and year.",
    meaning_zh="一个区一个年度使用的支出经济分类科目。",
    columns=(
        *ORIGIN,
        Column(
            "economy_code",
            Kind.CODE,
            "经济分类科目编码",
            "Economy code of 3, 5 or 7 digits.",
            "支出经济分类科目编码，3、5 或 7 位。",
            headers=("经济分类科目编码", "经济科目编码", "economy_code"),
            pattern=r"\d{3}|\d{5}|\d{7}",
            name_column="economy_name",
        ).as_required(),
        Column(
            "economy_name",
            Kind.TEXT,
            "经济分类科目名称",
            "Name of the economy code.",
            "支出经济分类科目名称。",
            headers=("经济分类科目名称", "经济科目名称", "economy_name"),
        ).as_required(),
        Column(
            "economy_classification",
            Kind.CODE,
            "经济分类体系",
            "government or department budget classification.",
            "government 政府预算，department 部门预算。",
            headers=("经济分类体系", "分类体系", "economy_classification"),
            codes=(
                ("government", "government"),
                ("政府预算", "government"),
                ("政府", "government"),
                ("department", "department"),
                ("部门预算", "department"),
                ("部门", "department"),
            ),
        ),
        REMARK,
    ),
    identity=("economy_code", "economy_classification"),
    states_once=True,
)
