"""The workbook in which a person looks up figures and names of published reports, and what is taken back from it.

It lists what the program will not decide: unread numbers, figures that their document contradicts, figures of pages
that were read as pictures, and names that are no item of the accounts, each beside the names most like it. Only what a
person fills in is taken back. Does not belong here: the files in which answers are kept (``accepted``).
"""

from __future__ import annotations

import difflib
import io
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from pipelines.contracts.quality_tables import PUBLISHED_MEASURES, STATEMENT_STATUSES
from pipelines.documents.accepted import (
    ALIASES,
    CONFIRMATIONS,
    PLACE,
    Confirmation,
    add_aliases,
    add_confirmations,
    read_aliases,
)
from pipelines.documents.model import DEPARTMENT
from pipelines.warehouse.connect import open_published

FIGURES, NAMES = "待确认数字", "待对应名称"
_CANDIDATES = 3
_FIGURE_HEADS = (
    *("区划", "文件", "文件标识", "页", "段", "表", "行", "列", "公布数", "原文", "状态"),
    *("事项", "公布内容", "确认人"),
)
_NAME_HEADS = ("区划", "文件", "公布事项", "相近名称（仅供参考）", "库中名称", "确认人")
_ANSWERS = ("事项", "公布内容", "确认人", "库中名称")
_MEASURES = {name: measure for measure, name in PUBLISHED_MEASURES}
_WHOLE = "部门整体"


class NotAcceptedError(Exception):
    """An answer that cannot be taken: what was found, where, and what was expected; nothing of the workbook counts."""


@dataclass(frozen=True, slots=True)
class Taken:
    """How many figures and names were taken back."""

    figures: int
    names: int


def questions(database: Path, district: str | None = None) -> tuple[bytes, int]:
    """The workbook of what is open in the publication, and how many questions it has; raises ``NotPublishedError``."""
    with open_published(database) as connection:

        def rows(table: str, columns: str, condition: str, order: str = "all") -> list[dict[str, Any]]:
            found = connection.table(table).filter(duckdb.SQLExpression(condition))
            if district is not None:
                found = found.filter(duckdb.ColumnExpression("district_code") == duckdb.ConstantExpression(district))
            cursor = found.project(columns).distinct().order(order)
            return [dict(zip(cursor.columns, row, strict=True)) for row in cursor.fetchall()]

        figures = rows(
            "quality.published_statement",
            "*",
            "confirmed_on is null and statement_status in ('unread', 'contradicted')",
            "document_path, statement_number",
        )
        unlinked = rows(
            "summary.published_reconciliation",
            "district_code, fiscal_year, department_name, document_path, printed_subject",
            "reconciliation_status = 'not_linked'",
        )
        items = rows(
            "summary.project_execution",
            "district_code, fiscal_year, department_name, project_name",
            "project_name is not null",
        )
    names: defaultdict[tuple[Any, ...], list[str]] = defaultdict(list)
    for row in items:
        names[row["district_code"], row["fiscal_year"], row["department_name"]].append(row["project_name"])
    return _workbook(figures, unlinked, names), len(figures) + len(unlinked)


def _workbook(figures: Sequence[dict[str, Any]], unlinked: Sequence[dict[str, Any]], names: Any) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    if sheet is None:
        raise RuntimeError("a new workbook has a sheet")
    sheet.title = FIGURES
    sheet.append(_FIGURE_HEADS)
    statuses, measures = dict(STATEMENT_STATUSES), dict(PUBLISHED_MEASURES)
    for row in figures:
        is_read = row["published_measure"] is not None
        place = [row[name] for name in PLACE]
        told = (row["printed_sentence"], statuses[row["statement_status"]])
        read = (_shown(row["printed_subject"]), measures[row["published_measure"]]) if is_read else ("", "")
        sheet.append([row["district_code"], row["document_path"], row["document_id"], *place, *told, *read, ""])
    choice = DataValidation(type="list", formula1=f'"{",".join(_MEASURES)}"', allow_blank=True)
    sheet.add_data_validation(choice)
    choice.add(f"M2:M{max(2, sheet.max_row)}")
    other = book.create_sheet(NAMES)
    other.append(_NAME_HEADS)
    for row in unlinked:
        known = names[row["district_code"], row["fiscal_year"], row["department_name"]]
        near = difflib.get_close_matches(row["printed_subject"], known, _CANDIDATES, 0.3)
        other.append([row["district_code"], row["document_path"], row["printed_subject"], "、".join(near), "", ""])
    for one in (sheet, other):
        _dress(one)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _shown(subject: str | None) -> str:
    return _WHOLE if subject == DEPARTMENT else subject or ""


def _dress(sheet: Any) -> None:
    sheet.freeze_panes = "A2"
    for column, cell in enumerate(sheet[1], 1):
        cell.font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(column)].width = 40 if cell.value in ("原文", "文件") else 16
        if cell.value in _ANSWERS:
            cell.fill = PatternFill("solid", fgColor="FFF2CC")
    for row in sheet.iter_rows(min_row=2):
        for cell in row:
            cell.alignment = Alignment(wrap_text=True, vertical="top")


def take_back(content: bytes, published: Path, today: date) -> Taken:
    """Keeps the answers of a filled workbook beside the districts' published reports; rows without 确认人 are open.

    Raises:
        NotAcceptedError: an answer cannot be taken; then none of the workbook is.
    """
    try:
        book = openpyxl.load_workbook(io.BytesIO(content), data_only=True)
    except Exception as error:
        raise NotAcceptedError(
            f"not a workbook ({type(error).__name__}) | 不是工作簿，请使用 reports confirm 生成的表"
        ) from None
    confirmations: defaultdict[str, list[Confirmation]] = defaultdict(list)
    for where, row in _answers(book, FIGURES, _FIGURE_HEADS):
        confirmations[_district(row, where, published)].append(_confirmation(row, where, today))
    aliases: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for where, row in _answers(book, NAMES, _NAME_HEADS):
        district, printed, name = _district(row, where, published), row["公布事项"], row["库中名称"]
        if not name:
            raise NotAcceptedError(f"{where}: 库中名称 is empty, expected a name of the accounts | 请填写库中名称")
        kept = aliases[district] or read_aliases(published / district / ALIASES)
        if kept.get(printed, name) != name:
            raise NotAcceptedError(
                f"{where}: {printed} is accepted as {kept[printed]} already, found {name}; change {ALIASES} if that is"
                f" wrong | “{printed}”已对应“{kept[printed]}”，如需更改请修改 {ALIASES}"
            )
        aliases[district] = {**kept, printed: name}
    for district, found in confirmations.items():
        add_confirmations(published / district / CONFIRMATIONS, found)
    before = {district: read_aliases(published / district / ALIASES) for district in aliases}
    for district, names in aliases.items():
        add_aliases(published / district / ALIASES, names)
    new = sum(len(names) - len(before[district]) for district, names in aliases.items())
    return Taken(sum(map(len, confirmations.values())), new)


def _answers(book: Any, title: str, heads: Sequence[str]) -> Iterable[tuple[str, dict[str, str]]]:
    """The rows of a sheet in which a person signed."""
    if title not in book.sheetnames:
        raise NotAcceptedError(f"no sheet {title} | 缺少工作表“{title}”，请使用 reports confirm 生成的表")
    rows = book[title].iter_rows(values_only=True)
    found = tuple("" if cell is None else str(cell).strip() for cell in next(rows, ()))
    if found[: len(heads)] != tuple(heads):
        raise NotAcceptedError(f"sheet {title}: found the headers {found}, expected {heads} | 表头已改动，请恢复")
    for number, row in enumerate(rows, 2):
        cells = ["" if cell is None else str(cell).strip() for cell in row[: len(heads)]]
        answer = dict(zip(heads, cells, strict=True))
        if answer["确认人"]:
            yield f"sheet {title} row {number} | 工作表“{title}”第 {number} 行", answer


def _district(row: dict[str, str], where: str, published: Path) -> str:
    code = row["区划"]
    if not re.fullmatch(r"\d{6}", code) or not (published / code).is_dir():
        raise NotAcceptedError(f"{where}: {code!r} has no folder below {published} | 该区没有公开报告目录")
    return code


def _confirmation(row: dict[str, str], where: str, today: date) -> Confirmation:
    measure = _MEASURES.get(row["公布内容"])
    if measure is None or not row["事项"]:
        raise NotAcceptedError(
            f"{where}: found 事项 {row['事项']!r} and 公布内容 {row['公布内容']!r}, expected a name and one of"
            f" {'、'.join(_MEASURES)} | 请填写事项，并从列表中选择公布内容"
        )
    try:
        places = [int(row[name]) if row[name] else None for name in ("页", "段", "表", "行", "列")]
    except ValueError:
        raise NotAcceptedError(f"{where}: the place was changed | 位置列不得改动") from None
    if places[0] is None:
        raise NotAcceptedError(f"{where}: the place was changed | 位置列不得改动")
    subject = DEPARTMENT if row["事项"] == _WHOLE else row["事项"]
    page, paragraph, table, table_row, table_column = places
    return Confirmation(
        row["文件标识"],
        page or 1,
        paragraph,
        table,
        table_row,
        table_column,
        row["公布数"],
        subject,
        measure,
        row["确认人"],
        today,
    )
