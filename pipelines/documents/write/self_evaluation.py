"""The quantitative parts of a department's self-evaluation report, as a Word file, from the published database.

Money is printed in 万元 with at most two decimals, rounded half up from exact yuan; rates are the published ones in
percent. What is unknown is printed as 〔缺：…〕 and listed at the end, never as 0; an incomplete figure says so. Every
number carries a Word comment with the ``explain`` command that finds its lines. Does not belong here: any computation
of a figure, the prose that only the department can write.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from pipelines.documents.model import DEPARTMENT, Measure
from pipelines.documents.read import read_document, read_figures
from pipelines.warehouse.connect import open_published

_WAN = Decimal(10_000)
_CENT = Decimal("0.01")
_AUTHOR = "district-finance"

FUNDS = (
    ("11", "一般公共预算财政拨款支出"),
    ("12", "政府性基金预算财政拨款支出"),
    ("13", "国有资本经营预算财政拨款支出"),
    ("", "其他资金支出"),
)
"""How codes of fund types begin, and what reports call their expenditure; the last for all others."""

_LABELS = {
    "initial_budget_amount": "年初预算数",
    "net_adjustment_amount": "预算调整数",
    "full_year_budget_amount": "全年预算数",
    "executed_amount": "全年执行数",
}

NATURES = (("basic", "基本支出"), ("project", "项目支出"))


class NoSuchDepartmentError(Exception):
    """The publication has no such department in that year: what was asked, and what there is."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One number to be printed: ``value`` in ``unit`` as printed; ``address`` and ``column`` are for ``explain``."""

    subject: str
    measure: str
    value: Decimal
    unit: str
    address: str
    column: str

    @property
    def text(self) -> str:
        """The number as printed: no trailing zeros of money, two decimals of a rate; without its sign."""
        return f"{abs(self.value):f}{self.unit}"


@dataclass(frozen=True, slots=True)
class Missing:
    """A figure that the warehouse does not have."""

    subject: str
    label: str


Piece = str | Fact | Missing


@dataclass(frozen=True, slots=True)
class Line:
    """A heading (``level`` from 1) or, at level 0, a paragraph."""

    pieces: tuple[Piece, ...]
    level: int = 0


@dataclass(slots=True)
class Report:
    """The lines of a report and the facts that they print."""

    title: str
    lines: list[Line] = field(default_factory=list)

    @property
    def facts(self) -> list[Fact]:
        """Every number, in the order of printing."""
        return [piece for line in self.lines for piece in line.pieces if isinstance(piece, Fact)]

    @property
    def missing(self) -> list[Missing]:
        """Every figure that is unknown."""
        return [piece for line in self.lines for piece in line.pieces if isinstance(piece, Missing)]


def self_evaluation(database: Path, district: str, year: int, department: str) -> Report:
    """The report of a department, named by code or name.

    Raises:
        NotPublishedError: there is no published database.
        NoSuchDepartmentError: no department, or more than one, of that code or name.
    """
    with open_published(database) as connection:

        def rows(query: str, *values: Any) -> list[dict[str, Any]]:
            cursor = connection.execute(query, list(values))
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

        of_year = "where district_code = ? and fiscal_year = ?"
        departments = rows(f"from summary.department_execution {of_year} order by department_key", district, year)
        chosen = [row for row in departments if department in {row["department_code"], row["department_name"]}]
        if len(chosen) != 1:
            known = "、".join(str(row["department_name"] or row["department_code"]) for row in departments[:10])
            raise NoSuchDepartmentError(
                f"{district}/{year}: {len(chosen)} departments are called {department!r};"
                f" expected one of: {known or '–'}. 未找到唯一的部门“{department}”。"
            )
        (row,) = chosen
        of_department = f"{of_year} and department_key = ?"
        key = (district, year, row["department_key"])
        funds = rows(f"from summary.department_execution_by_fund_type {of_department}", *key)
        natures = rows(f"from summary.department_execution_by_nature {of_department}", *key)
        projects = rows(
            f"from summary.project_execution {of_department}"
            " order by full_year_budget_amount desc nulls last, project_key",
            *key,
        )
    name = str(row["department_name"] or row["department_code"])
    address = f"{district}/{year}/{row['department_code'] or name}"
    report = Report(f"{name}{year}年部门整体支出绩效自评报告")
    lines = report.lines
    lines += [Line(("一、基本情况",), 1), Line(("（一）部门整体收支情况",), 2), _overall(row, address)]
    if by_fund := _by_fund(funds, address):
        lines.append(by_fund)
    if by_nature := _by_nature(natures, address):
        lines.append(by_nature)
    lines += [Line(("二、综合评价分析",), 1), Line(("（一）自评结论",), 2), Line(("〔请填写〕",))]
    lines.append(Line(("（二）各项目完成情况",), 2))
    lines += [_project(number, one, address) for number, one in enumerate(projects, 1)]
    lines += [Line(("三、存在的问题和改进措施",), 1), Line(("〔请填写〕",))]
    if missing := report.missing:
        lines.append(Line(("附：本稿缺少的数字",), 1))
        lines += [
            Line((f"{'部门整体' if one.subject == DEPARTMENT else one.subject}：{one.label}",)) for one in missing
        ]
    return report


def _money(subject: str, measure: Measure, row: dict[str, Any], column: str, address: str) -> Fact | Missing:
    amount = row[column]
    if amount is None:
        return Missing(subject, _LABELS[column])
    value = (amount / _WAN).quantize(_CENT, ROUND_HALF_UP).normalize()
    value = value.quantize(Decimal(1)) if value == value.to_integral_value() else value
    return Fact(subject, measure, value, "万元", address, column)


def _rate(subject: str, measure: Measure, row: dict[str, Any], column: str, address: str) -> Fact | None:
    rate = row[column]
    return None if rate is None else Fact(subject, measure, rate, "%", address, column)


def _signed(fact: Fact) -> tuple[Piece, ...]:
    return ("-", fact) if fact.value < 0 else (fact,)


def _course(subject: str, row: dict[str, Any], address: str) -> tuple[Piece, ...]:
    """Initial budget, adjustment and full-year budget, execution and its rate, with what is unknown and incomplete."""
    initial = _money(subject, Measure.INITIAL_BUDGET, row, "initial_budget_amount", address)
    adjustment = _money(subject, Measure.ADJUSTMENT, row, "net_adjustment_amount", address)
    full_year = _money(subject, Measure.FULL_YEAR_BUDGET, row, "full_year_budget_amount", address)
    executed = _money(subject, Measure.EXECUTED, row, "executed_amount", address)
    pieces: list[Piece] = ["年初预算数", initial]
    if isinstance(adjustment, Missing):
        pieces += ["，年中调整", adjustment]
    elif adjustment.value:
        pieces += ["，年中调增" if adjustment.value > 0 else "，年中调减", adjustment]
    else:
        pieces.append("，年中未作调整")
    pieces += ["，全年预算数", full_year]
    rate = _rate(subject, Measure.NET_ADJUSTMENT_RATE, row, "net_adjustment_rate_pct", address)
    if rate and rate.value:
        pieces += ["，预算调整率", *_signed(rate)]
    pieces += ["；全年执行数", executed]
    if rate := _rate(subject, Measure.EXECUTION_RATE, row, "execution_rate_pct", address):
        pieces += ["，完成预算的", *_signed(rate)]
    pieces.append("。")
    if row["is_complete"] is not True:
        rows = row["set_aside_row_count"]
        pieces.append(f"〔不完整：另有{rows}行明细未计入〕" if rows else "〔可能不完整：有明细未能确定归属〕")
    return tuple(pieces)


def _overall(row: dict[str, Any], address: str) -> Line:
    return Line(("本部门", *_course(DEPARTMENT, row, address)))


def _project(number: int, row: dict[str, Any], address: str) -> Line:
    name = str(row["project_name"] or row["project_code"])
    return Line((f"{number}.{name}。该项目", *_course(name, row, f"{address}/{row['project_code'] or name}")))


def _by_fund(rows: Sequence[dict[str, Any]], address: str) -> Line | None:
    """Execution by fund type; nothing where a row does not tell its fund type, for the others would not be all."""
    if not rows or any(row["fund_type_code"] is None for row in rows):
        return None
    parts = []
    for begin, subject in FUNDS:
        of_fund = [row for row in rows if _fund(row["fund_type_code"]) == begin]
        parts.append(_sum(subject, of_fund, address))
    return Line(("从资金来源看，", *_listed(parts), "。"))


def _fund(code: str) -> str:
    return next((begin for begin, _ in FUNDS if code.startswith(begin)), "")


def _by_nature(rows: Sequence[dict[str, Any]], address: str) -> Line | None:
    if not rows or any(row["expenditure_nature"] not in dict(NATURES) for row in rows):
        return None
    parts = [
        _sum(subject, [row for row in rows if row["expenditure_nature"] == nature], address)
        for nature, subject in NATURES
    ]
    return Line(("从支出性质看，", *_listed(parts), "。"))


def _sum(subject: str, rows: Sequence[dict[str, Any]], address: str) -> tuple[str, Fact | Missing]:
    amounts = [row["executed_amount"] for row in rows]
    total = None if None in amounts else sum(amounts, Decimal(0))
    row = {"executed_amount": total}
    return subject, _money(subject, Measure.EXECUTED, row, "executed_amount", address)


def _listed(parts: Iterable[tuple[str, Fact | Missing]]) -> list[Piece]:
    pieces: list[Piece] = []
    for subject, fact in parts:
        pieces += ["，" if pieces else "", subject, *(_signed(fact) if isinstance(fact, Fact) else (fact,))]
    return pieces


def as_docx(report: Report) -> bytes:
    """The report as a Word file; every number carries a comment that tells how to find its lines."""
    import docx  # noqa: PLC0415 - slow to import

    document = docx.Document()
    document.core_properties.author = _AUTHOR
    document.core_properties.title = report.title
    document.add_heading(report.title, 0)
    for line in report.lines:
        paragraph = document.add_heading(level=line.level) if line.level else document.add_paragraph()
        for piece in line.pieces:
            match piece:
                case Fact():
                    run = paragraph.add_run(piece.text)
                    command = f'district-finance explain "{piece.address}" --figure {piece.column}'
                    document.add_comment(run, f"来源：{command}", author=_AUTHOR, initials="df")
                case Missing():
                    paragraph.add_run(f"〔缺：{piece.label}〕").bold = True
                case _:
                    paragraph.add_run(piece)
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """Figures (subject, measure, value, unit) that were written and not read back, and those read and not written."""

    lost: tuple[tuple[str, str, Decimal, str], ...]
    invented: tuple[tuple[str, str, Decimal, str], ...]


def read_back(report: Report, content: bytes, year: int) -> RoundTrip:
    """Compares what the program's own reader finds in a written report with what was written."""
    reading = read_figures(read_document("report.docx", content), year)
    written = Counter((fact.subject, str(fact.measure), fact.value, fact.unit) for fact in report.facts)
    read = Counter(
        (figure.subject or "", str(figure.measure), figure.number, figure.unit) for figure in reading.figures
    )
    return RoundTrip(tuple((written - read).elements()), tuple((read - written).elements()))
