"""The narrative of a department's final account by function class, from the published database.

Does not belong here: what a fact is and how it is printed (``report``), why a figure differs from its budget: that
only the department can write.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipelines.documents.model import DEPARTMENT, Measure
from pipelines.documents.write.publication import called, publication
from pipelines.documents.write.report import (
    Fact,
    Grid,
    Line,
    Outline,
    Piece,
    Report,
    explain_command,
    incomplete,
    money,
    query_command,
    rate,
    signed,
    total,
)

_LEVELS = {1: "（类）", 2: "（款）", 3: "（项）"}


OUTLINE: Outline = (
    Line(("一、支出决算总体情况",), 1),
    "总体情况",
    Line(("二、支出决算具体情况",), 1),
    "具体情况",
)


def final_account(database: Path, district: str, year: int, department: str) -> Report:
    """The narrative of a department, named by code or name: as a whole, then each function class at its lowest level.

    Raises:
        NotPublishedError: there is no published database.
        NothingToWriteError: no department, or more than one, of that code or name.
    """
    with publication(database, district, year) as published:
        build_id = published.build_id
        row = published.department(department)
        classes = published.rows(
            "summary.department_execution_by_function",
            "department_key = ? and function_class_code is not null",
            row["department_key"],
            order="function_class_code, function_level",
        )
    address = f"{district}/{year}/{row['department_code'] or row['department_name']}"
    names = {one["function_class_code"]: one for one in classes}
    parents = {one["parent_function_class_code"] for one in classes}
    lowest = [one for one in classes if one["function_class_code"] not in parents]
    details: list[Line | Grid] = []
    for number, one in enumerate(lowest, 1):
        path = _path(one, names)
        details.append(Line((f"{number}.{path}。", *_account(path, "", one, address, one["function_class_code"]))))
    if not lowest:
        details.append(Line(("〔缺：按功能分类的支出〕",)))
    elif total(lowest, "executed_amount") != row["executed_amount"]:
        details.append(Line(("〔另有支出未列功能科目，本节不完整〕",)))
    name = called(row, "department")
    return Report(
        f"{name}{year}年度部门决算情况说明",
        build_id,
        {"总体情况": [Line(_account(DEPARTMENT, "本部门支出", row, address, None))], "具体情况": details},
        {"部门": (name,), "年度": (str(year),)},
    )


def _path(row: dict[str, Any], names: dict[str, dict[str, Any]]) -> str:
    """类, 款 and 项 of a class as reports print them."""
    chain = [row]
    while (parent := names.get(chain[0]["parent_function_class_code"])) and len(chain) < len(_LEVELS):
        chain.insert(0, parent)
    return "".join(
        f"{one['function_class_name'] or one['function_class_code']}{_LEVELS[one['function_level']]}" for one in chain
    )


def _account(subject: str, words: str, row: dict[str, Any], address: str, class_code: str | None) -> tuple[Piece, ...]:
    """Initial budget, final figure, completion, and which is the larger."""

    def source(column: str) -> str:
        if class_code is None:
            return explain_command(address, column)
        keys = {name: row[name] for name in ("district_code", "fiscal_year", "department_code")}
        table = "summary.department_execution_by_function"
        return query_command(table, **keys, function_class_code=class_code)

    initial = money(subject, Measure.INITIAL_BUDGET, row, "initial_budget_amount", source("initial_budget_amount"))
    executed = money(subject, Measure.EXECUTED, row, "executed_amount", source("executed_amount"))
    pieces: list[Piece] = [f"{words}年初预算为", initial, "，支出决算为"]
    pieces += signed(executed) if isinstance(executed, Fact) else (executed,)
    column = "completion_rate_of_initial_pct"
    if completed := rate(subject, Measure.COMPLETION_OF_INITIAL, row, column, source(column)):
        pieces += ["，完成年初预算的", *signed(completed)]
    pieces.append("。")
    if isinstance(initial, Fact) and isinstance(executed, Fact):
        if initial.value == executed.value:
            pieces.append("决算数与预算数持平。")
        else:
            pieces.append(f"决算数{'大' if executed.value > initial.value else '小'}于预算数的主要原因：〔请填写〕。")
    return (*pieces, *(incomplete([row]) if class_code is None else ()))
