"""Workbooks (.xlsx, .xls, .ods): every sheet as texts with the numbers of its rows.

Number cells come as decimal texts of the double in the file, dates as ISO text. A number that its cell format shows
with a unit or a percent sign comes with it (``12.5万元``, ``78.33%``); a number with more digits than a double holds
comes in scientific notation, as the spreadsheet shows it, and is refused where a code is expected.
Does not belong here: headers, what a cell means, the inside of a package (packages).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TypeVar

import fastexcel
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.ingest.model import FileRefused
from pipelines.ingest.old_workbooks import read_xls_facts
from pipelines.ingest.packages import PackageFacts, SheetFacts, mark_rows, read_ods_facts, read_xlsx_facts
from pipelines.ingest.raw_rows import RawRows
from pipelines.settings import Limits

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: its name, whether people see it, its rows, and the number (from 1) of the column of each.

    ``merged``: first and last row, first and last column (positions in ``rows``, from 0) of merged ranges.
    """

    name: str
    is_visible: bool
    rows: RawRows
    merged: tuple[tuple[int, int, int, int], ...] = ()
    epoch_1904: bool = False


def read_sheets(path: Path, kind: str, limits: Limits) -> Iterator[Sheet]:
    """The sheets of a workbook of a kind (``xlsx``, ``xls``, ``ods``) in order.

    Raises ``FileRefused`` where the file is damaged, locked by a password, or beyond the limits.
    """
    if kind == "xlsx":
        facts = read_xlsx_facts(path, limits)
    elif kind == "ods":
        facts = read_ods_facts(path, limits)
    else:
        facts = PackageFacts(sheets=read_xls_facts(path))
    workbook = _guarded(lambda: fastexcel.read_excel(_source(path, kind)))
    for name in workbook.sheet_names:
        load = partial(workbook.load_sheet, name, header_row=None, skip_rows=0, dtypes="string")
        sheet = _guarded(load, name)
        batch = _guarded(sheet.to_arrow, name)
        numbers = [column.absolute_index + 1 for column in sheet.selected_columns]
        of_sheet = facts.sheets.get(name, SheetFacts())
        columns = dict(zip(numbers, batch.columns, strict=True))
        _mark(columns, of_sheet)
        columns = {number: column for number, column in columns.items() if column.null_count < len(column)}
        if len(columns) > limits.max_columns:
            raise FileRefused(
                "file-too-large", found=f"{len(columns):,} columns", expected=f"{limits.max_columns:,}", sheet=name
            )
        lines = pa.array(np.arange(1, batch.num_rows + 1, dtype=np.int64))
        rows = RawRows(lines, list(columns.values()))
        merged = tuple(_positions(of_sheet.merged, list(columns)))
        yield Sheet(name, sheet.visible == "visible", rows, merged, facts.epoch_1904)


def _mark(columns: dict[int, pa.Array], facts: SheetFacts) -> None:
    """Writes into the cells what their formats show, and what a spreadsheet shows instead of their values."""
    for mark, by_column in facts.marked.items():
        for number, rows in by_column.items():
            if number not in columns:
                continue
            texts = columns[number]
            shown = mark_rows(rows, len(texts)) & pc.is_valid(texts).to_numpy(zero_copy_only=False)
            marked = [_with_mark(text, mark) for text in texts.filter(pa.array(shown)).to_pylist()]
            columns[number] = pc.replace_with_mask(texts, pa.array(shown), pa.array(marked, pa.string()))
    for number, cells in facts.shown.items():
        if number in columns:
            rows = sorted(row for row in cells if row <= len(columns[number]))
            mask = pa.array(mark_rows(rows, len(columns[number])))
            columns[number] = pc.replace_with_mask(columns[number], mask, pa.array([cells[row] for row in rows]))


def _with_mark(text: str, mark: str) -> str:
    if not re.fullmatch(r"-?\d+(?:\.\d+)?", text):
        return text
    return f"{(Decimal(text) * 100).normalize():f}%" if mark == "%" else text + mark


def _positions(merged: list[tuple[int, int, int, int]], numbers: list[int]) -> Iterator[tuple[int, int, int, int]]:
    """Merged ranges as positions among the rows and columns that are there; the first column must be."""
    for first_row, last_row, first, last in merged:
        if first in numbers:
            inside = [position for position, number in enumerate(numbers) if first <= number <= last]
            yield first_row - 1, last_row - 1, inside[0], inside[-1]


def _source(path: Path, kind: str) -> str | bytes:
    """The path, or the bytes of a file whose name ends as another kind of workbook does."""
    is_named = path.suffix.lower() in {f".{kind}", ".xlsm" if kind == "xlsx" else ""}
    return str(path) if is_named else path.read_bytes()


def _guarded(read: Callable[[], _Result], sheet: str = "") -> _Result:
    try:
        return read()
    except (fastexcel.FastExcelError, OSError, ValueError) as error:
        reason = str(error).splitlines()[0][:200]
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        reason = "it is damaged"
    raise FileRefused(
        "file-not-readable",
        found=reason,
        sheet=sheet,
        remedy="Open it, save it again as .xlsx without a password, and deliver it again.",
        remedy_zh="请打开后另存为不加密的 .xlsx，再重新报送。",
    )
