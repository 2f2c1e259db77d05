"""Contract of a department's published budget tables (部门预算公开表): revenue and expenditure by their classes.

The tables are wide: sides, fund types, natures and items stand as headers. They are read as one line per figure. They
say what a department published; the budget itself is the annual budget by project.
"""

from pipelines.contracts.common import (
    DEPARTMENT_CODE,
    DEPARTMENT_ECONOMY_CODE,
    DEPARTMENT_ECONOMY_NAME,
    DEPARTMENT_NAME,
    EXPENDITURE_NATURE,
    FUNCTION_CODE,
    FUNCTION_NAME,
    FUND_TYPE_CODE,
    ORIGIN,
    PROJECT_KIND,
    REMARK,
)
from pipelines.contracts.model import Column, Dataset, Kind

BUDGET_SIDES: tuple[tuple[str, str], ...] = (("revenue", "收入"), ("expenditure", "支出"))
"""Sides of a published budget table."""

BUDGET_SIDE_CODES: tuple[tuple[str, str], ...] = (
    *((code, code) for code, _ in BUDGET_SIDES),
    *((name, code) for code, name in BUDGET_SIDES),
    ("本年收入", "revenue"),
    ("收入预算", "revenue"),
    ("财政拨款收入", "revenue"),
    ("本年支出", "expenditure"),
    ("支出预算", "expenditure"),
    ("财政拨款支出", "expenditure"),
)

PUBLIC_EXPENSE_ITEMS: tuple[tuple[str, str], ...] = (
    ("travel_abroad", "因公出国（境）费"),
    ("official_reception", "公务接待费"),
    ("vehicle_purchase", "公务用车购置费"),
    ("vehicle_operation", "公务用车运行费"),
    ("agency_operation", "机关运行经费"),
)
"""The items of the table of official travel, reception, vehicles (三公经费) and agency operation."""

DEPARTMENT_BUDGET = Dataset(
    name="department_budget",
    label_zh="部门预算公开表",
    meaning="Figures of a department's published budget tables, one line per figure.",
    meaning_zh="部门预算公开表中的数字，每个数字一行。",
    columns=(
        *ORIGIN,
        DEPARTMENT_CODE,
        DEPARTMENT_NAME,
        Column(
            "budget_side",
            Kind.CODE,
            "收支方向",
            "revenue or expenditure.",
            "revenue 收入，expenditure 支出。",
            headers=("收支方向", "budget_side"),
            codes=BUDGET_SIDE_CODES,
            spreads=True,
        ),
        Column(
            "budget_item_name",
            Kind.TEXT,
            "预算项目",
            "Item of the table as printed.",
            "表中所列项目。",
            headers=("项目", "预算项目", "budget_item_name"),
        ),
        Column(
            "public_expense_item",
            Kind.CODE,
            "三公经费项目",
            "Item of official travel, reception, vehicles, or agency operation.",
            "“三公”经费与机关运行经费的项目。",
            headers=("三公经费项目", "public_expense_item"),
            codes=(
                *((code, code) for code, _ in PUBLIC_EXPENSE_ITEMS),
                *((name, code) for code, name in PUBLIC_EXPENSE_ITEMS),
                ("购置费", "vehicle_purchase"),
                ("运行费", "vehicle_operation"),
                ("公务用车运行维护费", "vehicle_operation"),
                ("机关运行经费预算数", "agency_operation"),
            ),
            spreads=True,
        ),
        FUNCTION_CODE,
        FUNCTION_NAME,
        DEPARTMENT_ECONOMY_CODE.but(
            headers=(*DEPARTMENT_ECONOMY_CODE.headers, "部门预算经济分类科目编码", "经济分类科目编码")
        ),
        DEPARTMENT_ECONOMY_NAME.but(
            headers=(*DEPARTMENT_ECONOMY_NAME.headers, "部门预算经济分类科目名称", "经济分类科目名称")
        ),
        FUND_TYPE_CODE,
        EXPENDITURE_NATURE.but(spreads=True),
        PROJECT_KIND.but(spreads=True),
        Column(
            "budget_amount",
            Kind.AMOUNT,
            "预算数",
            "Budget as published, in yuan.",
            "公布的预算数（元）。",
            headers=("预算数", "预算金额", "budget_amount"),
        ).as_required(),
        REMARK,
    ),
    identity=(
        "department_code",
        "budget_side",
        "budget_item_name",
        "public_expense_item",
        "function_code",
        "department_economy_code",
        "fund_type_code",
        "expenditure_nature",
        "project_kind",
    ),
    states_once=True,
    one_of=(("department_code", "department_name"),),
    spread_amount="budget_amount",
    spread_parents=(
        "收入预算",
        "支出预算",
        "一般公共预算支出",
        "政府性基金预算支出",
        "国有资本经营预算支出",
        "一般公共预算基本支出",
        "“三公”经费预算数",
        "三公经费预算数",
        "公务用车购置及运行费",
        "项目",
    ),
)
