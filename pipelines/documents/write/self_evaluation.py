"""The quantitative parts of a department's self-evaluation report, from the published database.

Figures are published ones as they are, except that rows of fund types are summed into the four lines that reports
print. Does not belong here: what a fact is and how it is printed (``report``), the prose that only the department can
write.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pipelines.documents.model import DEPARTMENT, Measure
from pipelines.documents.write.publication import address_of, called, publication
from pipelines.documents.write.report import (
    Fact,
    Grid,
    Line,
    Missing,
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

FUNDS = (
    ("11", "一般公共预算财政拨款支出"),
    ("12", "政府性基金预算财政拨款支出"),
    ("13", "国有资本经营预算财政拨款支出"),
    ("", "其他资金支出"),
)
"""How codes of fund types begin, and what reports call their expenditure; the last for all others."""

NATURES = (("basic", "基本支出"), ("project", "项目支出"))


OUTLINE: Outline = (
    Line(("一、基本情况",), 1),
    Line(("（一）部门整体支出情况",), 2),
    "总体情况",
    "资金来源",
    "支出性质",
    Line(("二、综合评价分析",), 1),
    Line(("（一）自评结论",), 2),
    Line(("〔请填写〕",)),
    Line(("（二）各项目完成情况",), 2),
    "项目完成情况",
    Line(("三、存在的问题和改进措施",), 1),
    "调整幅度较大的项目",
    Line(("〔请填写〕",)),
)


def self_evaluation(database: Path, district: str, year: int, department: str) -> Report:
    """The report of a department, named by code or name.

    Raises:
        NotPublishedError: there is no published database.
        NothingToWriteError: no department, or more than one, of that code or name.
    """
    with publication(database, district, year) as published:
        build_id = published.build_id
        row = published.department(department)
        of_department = ("department_key = ?", row["department_key"])
        funds = published.rows("summary.department_execution_by_fund_type", *of_department)
        natures = published.rows("summary.department_execution_by_nature", *of_department)
        projects = published.rows(
            "summary.project_execution",
            *of_department,
            order="full_year_budget_amount desc nulls last, project_key",
        )
        adjusted = {
            warning["project_key"]
            for warning in published.rows(
                "summary.execution_warning", "warning_rule = 'adjustment-rate' and department_key = ?", of_department[1]
            )
        }
    large = [one for one in projects if one["project_key"] in adjusted]
    return Report(
        f"{called(row, 'department')}{year}年部门整体支出绩效自评报告",
        build_id,
        {
            "总体情况": [Line(("本部门", *_course(DEPARTMENT, row)))],
            "资金来源": _by_fund(funds),
            "支出性质": _by_nature(natures),
            "项目完成情况": [_project(number, one) for number, one in enumerate(projects, 1)],
            "调整幅度较大的项目": [_adjustments(large)] if large else [],
        },
        {"部门": (called(row, "department"),), "年度": (str(year),), **_words(DEPARTMENT, row)},
        tuple({"名称": (name,), **_words(name, one)} for one in projects for name in (called(one, "project"),)),
    )


def _words(subject: str, row: dict[str, Any]) -> dict[str, tuple[Piece, ...]]:
    """The figures of a row for sentences of a bureau's own; the adjustment with its direction (调增…)."""
    address = address_of(row)

    def amount(measure: Measure, column: str) -> tuple[Piece, ...]:
        fact = money(subject, measure, row, column, explain_command(address, column))
        return signed(fact) if isinstance(fact, Fact) else (fact,)

    def percent(measure: Measure, column: str) -> tuple[Piece, ...]:
        found = rate(subject, measure, row, column, explain_command(address, column))
        return signed(found) if found else ("—",)

    return {
        "年初预算数": amount(Measure.INITIAL_BUDGET, "initial_budget_amount"),
        "年中调整": _adjustment(subject, row),
        "全年预算数": amount(Measure.FULL_YEAR_BUDGET, "full_year_budget_amount"),
        "全年执行数": amount(Measure.EXECUTED, "executed_amount"),
        "预算执行率": percent(Measure.EXECUTION_RATE, "execution_rate_pct"),
        "预算调整率": percent(Measure.NET_ADJUSTMENT_RATE, "net_adjustment_rate_pct"),
    }


def _adjustment(subject: str, row: dict[str, Any]) -> tuple[Piece, ...]:
    source = explain_command(address_of(row), "net_adjustment_amount")
    adjustment = money(subject, Measure.ADJUSTMENT, row, "net_adjustment_amount", source)
    if isinstance(adjustment, Missing):
        return ("调整", adjustment)
    return ("调增" if adjustment.value > 0 else "调减", adjustment) if adjustment.value else ("未作调整",)


def _course(subject: str, row: dict[str, Any]) -> tuple[Piece, ...]:
    """Initial budget, adjustment and full-year budget, execution and its rate, with what is unknown and incomplete."""
    address = address_of(row)

    def amount(measure: Measure, column: str) -> Fact | Missing:
        return money(subject, measure, row, column, explain_command(address, column))

    pieces: list[Piece] = ["年初预算数", amount(Measure.INITIAL_BUDGET, "initial_budget_amount")]
    pieces += ["，年中", *_adjustment(subject, row)]
    pieces += ["，全年预算数", amount(Measure.FULL_YEAR_BUDGET, "full_year_budget_amount")]
    pieces += _rated(subject, Measure.NET_ADJUSTMENT_RATE, row, "net_adjustment_rate_pct", "，预算调整率")
    pieces += ["；全年执行数", amount(Measure.EXECUTED, "executed_amount")]
    pieces += _rated(subject, Measure.EXECUTION_RATE, row, "execution_rate_pct", "，完成预算的")
    return (*pieces, "。", *incomplete([row]))


def _rated(subject: str, measure: Measure, row: dict[str, Any], column: str, words: str) -> tuple[Piece, ...]:
    """A rate behind its words; nothing where there is none, or where nothing was adjusted."""
    found = rate(subject, measure, row, column, explain_command(address_of(row), column))
    is_told = found and (found.value or measure is not Measure.NET_ADJUSTMENT_RATE)
    return (words, *signed(found)) if found and is_told else ()


def _project(number: int, row: dict[str, Any]) -> Line:
    name = called(row, "project")
    return Line((f"{number}.{name}。该项目", *_course(name, row)))


def _adjustments(rows: Sequence[dict[str, Any]]) -> Line:
    """The projects whose adjustment rate is at a threshold of warning or beyond."""
    pieces: list[Piece] = []
    for row in rows:
        name, source = called(row, "project"), explain_command(address_of(row), "net_adjustment_amount")
        adjustment = money(name, Measure.ADJUSTMENT, row, "net_adjustment_amount", source)
        verb = "年中调减" if isinstance(adjustment, Fact) and adjustment.value < 0 else "年中调增"
        shown_name = f"“{name}”" if name.startswith("20") else name
        pieces += ["；" if pieces else "", shown_name, verb, adjustment]
        pieces += _rated(name, Measure.NET_ADJUSTMENT_RATE, row, "net_adjustment_rate_pct", "，预算调整率")
    return Line(("部分项目预算调整幅度较大：", *pieces, "。", *incomplete(rows)))


def _by_fund(rows: Sequence[dict[str, Any]]) -> list[Line | Grid]:
    """Execution by fund type; nothing where a row does not tell its fund type, for the others would not be all."""
    if not rows or any(row["fund_type_code"] is None for row in rows):
        return []
    table = "summary.department_execution_by_fund_type"
    parts = [(subject, [row for row in rows if _fund(row["fund_type_code"]) == begin]) for begin, subject in FUNDS]
    return [Line(("从资金来源看，", *_listed(parts, table, rows[0]), "。", *incomplete(rows)))]


def _fund(code: str) -> str:
    return next((begin for begin, _ in FUNDS if code.startswith(begin)), "")


def _by_nature(rows: Sequence[dict[str, Any]]) -> list[Line | Grid]:
    if not rows or any(row["expenditure_nature"] not in dict(NATURES) for row in rows):
        return []
    table = "summary.department_execution_by_nature"
    parts = [(subject, [row for row in rows if row["expenditure_nature"] == nature]) for nature, subject in NATURES]
    return [Line(("从支出性质看，", *_listed(parts, table, rows[0]), "。", *incomplete(rows)))]


def _listed(parts: Iterable[tuple[str, Sequence[dict[str, Any]]]], table: str, row: dict[str, Any]) -> list[Piece]:
    """Executed amounts of several groups of rows, each behind its name."""
    keys = {name: row[name] for name in ("district_code", "fiscal_year", "department_code")}
    pieces: list[Piece] = []
    for subject, rows in parts:
        summed = {"executed_amount": total(rows, "executed_amount")}
        fact = money(subject, Measure.EXECUTED, summed, "executed_amount", query_command(table, **keys))
        pieces += ["，" if pieces else "", subject, *(signed(fact) if isinstance(fact, Fact) else (fact,))]
    return pieces
