"""The forms of self-evaluation as workbooks, 项目支出绩效自评表 and 部门整体支出绩效自评表, from the publication.

Execution rate and its points are the published ones; the indicators' rows are left to the department, their weights
are given and checked by the workbook itself: 10 for execution and 90 for indicators.
Does not belong here: running text (``report``), how a form is read (``figures.tables``).
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.utils import get_column_letter

from pipelines.documents.model import Measure
from pipelines.documents.write.publication import Publication, address_of, called, publication
from pipelines.documents.write.report import (
    AUTHOR,
    LABELS,
    Fact,
    Missing,
    Piece,
    explain_command,
    incomplete,
    money,
    query_command,
    rate,
    total,
)

SOURCES = (("1", "财政资金"), ("2", "财政专户管理资金"), ("3", "单位资金"), ("", "其他资金"))
"""How codes of fund types begin, and the lines of a form by where the money comes from; the last for all others."""

NATURES = (("basic", "基本支出"), ("project", "项目支出"))

_AMOUNTS = (
    (Measure.INITIAL_BUDGET, "initial_budget_amount"),
    (Measure.FULL_YEAR_BUDGET, "full_year_budget_amount"),
    (Measure.EXECUTED, "executed_amount"),
)
_INDICATORS = (
    ("产出指标", "数量指标", 20),
    ("产出指标", "质量指标", 15),
    ("产出指标", "时效指标", 10),
    ("产出指标", "成本指标", 5),
    ("效益指标", "经济效益指标", 10),
    ("效益指标", "社会效益指标", 10),
    ("效益指标", "可持续影响指标", 10),
    ("满意度指标", "服务对象满意度指标", 10),
)
INDICATOR_POINTS = 90
"""What the weights of the indicators add up to; the rest of 100 is for execution."""

_WIDTH = 8
_EDGE = Side(style="thin")


@dataclass(slots=True)
class Form:
    """A form's title, its head (names and values), its rows of money, and what it does not have."""

    title: str
    subject: str
    year: int
    head: tuple[tuple[str, str], ...]
    rows: list[tuple[Piece, ...]] = field(default_factory=list)
    notes: tuple[str, ...] = ()

    @property
    def facts(self) -> list[Fact]:
        """Every number from the publication, in the order of printing."""
        return [piece for row in self.rows for piece in row if isinstance(piece, Fact)]

    @property
    def missing(self) -> list[Missing]:
        """Every figure that is unknown."""
        return [piece for row in self.rows for piece in row if isinstance(piece, Missing)]


def project_form(database: Path, district: str, year: int, department: str, project: str) -> Form:
    """项目支出绩效自评表 of a department's project, each named by code or name.

    Raises:
        NotPublishedError: there is no published database.
        NothingToWriteError: no department or project, or more than one, of that code or name.
    """
    with publication(database, district, year) as published:
        owner = published.department(department)
        row = published.project(owner["department_key"], project)
        form = Form(
            "项目支出绩效自评表",
            called(row, "project"),
            year,
            (("项目名称", called(row, "project")), ("主管部门", called(owner, "department"))),
        )
        _fill(form, row, _points(published, row), "年度资金总额")
        by_fund = published.rows("summary.project_execution_by_fund_type", "project_key = ?", row["project_key"])
    form.rows += _by_source(by_fund, "summary.project_execution_by_fund_type", row)
    return form


def department_form(database: Path, district: str, year: int, department: str) -> Form:
    """部门整体支出绩效自评表 of a department, named by code or name; raises as ``project_form``."""
    with publication(database, district, year) as published:
        row = published.department(department)
        name = called(row, "department")
        form = Form("部门整体支出绩效自评表", name, year, (("部门名称", name),))
        _fill(form, row, _points(published, row), "部门预算总额")
        key = ("department_key = ?", row["department_key"])
        table = "summary.department_execution_by_fund_type"
        form.rows += _by_source(published.rows(table, *key), table, row)
        table = "summary.department_execution_by_nature"
        natures = published.rows(table, *key)
    for nature, label in NATURES:
        if found := [one for one in natures if one["expenditure_nature"] == nature]:
            form.rows.append(_line(label, label, found, query_command(table, **_keys(row))))
    return form


def _points(published: Publication, row: dict[str, Any]) -> dict[str, Any]:
    """The row of the rubric's execution points."""
    level = "project" if "project_key" in row else "department"
    rows = published.rows(
        "summary.self_evaluation", f"figure_level = ? and {level}_key = ?", level, row[f"{level}_key"]
    )
    return rows[0] if len(rows) == 1 else {"maximum_points": None, "execution_points": None}


def _fill(form: Form, row: dict[str, Any], points: dict[str, Any], label: str) -> None:
    address = address_of(row)
    cells: list[Piece] = ["", label]
    for measure, column in _AMOUNTS:
        cells.append(_plain(money(form.subject, measure, row, column, explain_command(address, column))))
    column = "execution_rate_pct"
    executed = rate(form.subject, Measure.EXECUTION_RATE, row, column, explain_command(address, column))
    score, maximum = points["execution_points"], points["maximum_points"]
    source = query_command("summary.self_evaluation", **_keys(row))
    is_unknown = row["full_year_budget_amount"] is None or row["executed_amount"] is None
    points_cell: Piece = Missing(form.subject, LABELS["execution_points"]) if is_unknown else "—"
    if score is not None:
        points_cell = Fact(form.subject, Measure.SCORE, score, "分", source, is_plain=True)
    cells += ["" if maximum is None else f"{maximum.normalize():f}", executed or "", points_cell]
    form.rows.append(tuple(cells))
    form.notes = tuple(str(piece) for piece in incomplete([row]))


def _keys(row: dict[str, Any]) -> dict[str, Any]:
    names = ("district_code", "fiscal_year", "department_code", "project_code")
    return {name: row[name] for name in names if name in row}


def _by_source(rows: Sequence[dict[str, Any]], table: str, row: dict[str, Any]) -> list[tuple[Piece, ...]]:
    """A line for each source of money; nothing where a row does not tell its fund type."""
    if not rows or any(one["fund_type_code"] is None for one in rows):
        return []
    begins = [begin for begin, _ in SOURCES if begin]
    lines: list[tuple[Piece, ...]] = []
    for begin, label in SOURCES:
        of_source = [
            one
            for one in rows
            if (one["fund_type_code"].startswith(begin) if begin else one["fund_type_code"][:1] not in begins)
        ]
        shown = f"其中：{label}" if not lines else label
        lines.append(_line(shown, label, of_source, query_command(table, **_keys(row))))
    return lines


def _line(shown: str, subject: str, rows: Sequence[dict[str, Any]], source: str) -> tuple[Piece, ...]:
    """Budget, full-year budget and execution of several rows, with their rate where there is one row."""
    cells: list[Piece] = ["", shown]
    for measure, column in _AMOUNTS:
        cells.append(_plain(money(subject, measure, {column: total(rows, column)}, column, source)))
    only = rate(subject, Measure.EXECUTION_RATE, rows[0], "execution_rate_pct", source) if len(rows) == 1 else None
    return (*cells, "—", only or "—", "—")


def _plain(piece: Fact | Missing) -> Fact | Missing:
    """A fact for a cell whose header has its unit."""
    if isinstance(piece, Missing):
        return piece
    return Fact(piece.subject, piece.measure, piece.value, piece.unit, piece.source, is_plain=True)


def as_workbook(form: Form) -> bytes:
    """The form as a workbook; every number has a comment with the command that shows where it is from."""
    book = openpyxl.Workbook()
    sheet = book.active
    if sheet is None:
        raise RuntimeError("a new workbook has a sheet")
    sheet.title = form.title[:31]
    sheet.append([form.title])
    sheet.append([f"（{form.year}年度）"])
    for name, value in form.head:
        sheet.append([name, value])
        sheet.merge_cells(start_row=sheet.max_row, end_row=sheet.max_row, start_column=2, end_column=_WIDTH)
    begin = sheet.max_row + 1
    sheet.append(["预算执行情况（万元）", "", "年初预算数", "全年预算数", "全年执行数", "分值", "执行率", "得分"])
    for row in form.rows:
        _append(sheet, row)
    sheet.merge_cells(start_row=begin, end_row=sheet.max_row, start_column=1, end_column=1)
    sheet.append(["年度总体目标", "预期目标", "〔请填写〕", "", "", "实际完成情况", "〔请填写〕"])
    first = sheet.max_row + 2
    sheet.append(["绩效指标", "一级指标", "二级指标", "三级指标", "年度指标值", "实际完成值", "分值", "得分"])
    for level, kind, points in _INDICATORS:
        sheet.append(["", level, kind, "", "", "", points, ""])
    last = sheet.max_row
    sheet.merge_cells(start_row=first - 1, end_row=last, start_column=1, end_column=1)
    sheet.append(["指标分值合计", "", "", "", "", "", f"=SUM(G{first}:G{last})"])
    check = f'=IF(G{last + 1}={INDICATOR_POINTS},"","指标分值合计应为{INDICATOR_POINTS}分")'
    sheet.append(["分值核对", "", "", "", "", "", check])
    for note in form.notes:
        sheet.append([note])
    for missing in form.missing:
        sheet.append([f"〔缺：{missing.label}〕"])
    _dress(sheet)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _append(sheet: Any, row: tuple[Piece, ...]) -> None:
    number = sheet.max_row + 1
    for column, piece in enumerate(row, 1):
        cell = sheet.cell(number, column)
        match piece:
            case Fact():
                cell.value = f"{piece.value:f}%" if piece.unit == "%" else _number(piece.value)
                cell.comment = Comment(f"来源：{piece.source}", AUTHOR)
            case Missing():
                cell.value = f"〔缺：{piece.label}〕"
            case _:
                cell.value = piece or None


def _number(value: Decimal) -> Decimal | int:
    return int(value) if value == value.to_integral_value() else value


def _dress(sheet: Any) -> None:
    """Borders, widths, wrapped texts; title and year across the whole width."""
    for number in (1, 2):
        sheet.merge_cells(start_row=number, end_row=number, start_column=1, end_column=_WIDTH)
    for row in sheet.iter_rows(min_row=1, max_col=_WIDTH):
        for cell in row:
            cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
            cell.border = Border(_EDGE, _EDGE, _EDGE, _EDGE)
    sheet["A1"].font = Font(bold=True, size=16)
    for column, width in zip(range(1, _WIDTH + 1), (14, 20, 16, 16, 16, 12, 14, 12), strict=True):
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
