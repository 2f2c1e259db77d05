"""How the demo's files are written: text through Arrow in bulk, workbooks as a finance office lays them out.

A file appears under its name only when it is complete. Does not belong here: what the files say.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xlsxwriter

from pipelines.demo.draws import Integers

YUAN_PLACES = 2
WAN_PLACES = 6
"""Decimal places at which cents are whole: in yuan, and in 万元 (10,000 yuan)."""

_BOM = b"\xef\xbb\xbf"


@contextlib.contextmanager
def complete_file(path: Path) -> Iterator[Path]:
    """A path to write to that becomes ``path`` when the block ends well; readers never meet half a file."""
    partial = path.with_name(f"{path.name}.part")
    yield partial
    partial.replace(path)


class TextFile:
    """A CSV file that grows by Arrow string arrays of whole lines; ``rows`` counts them without the header."""

    def __init__(self, path: Path, header: Sequence[str], *, encoding: str = "utf-8", newline: str = "\n") -> None:
        self.path = path
        self.rows = 0
        self._encoding = "utf-8" if encoding == "utf-8-sig" else encoding
        self._stack = contextlib.ExitStack()
        self._file = self._stack.enter_context(self._stack.enter_context(complete_file(path)).open("wb"))
        if encoding == "utf-8-sig":
            self._file.write(_BOM)
        self.newline = newline
        self._file.write((",".join(header) + newline).encode(self._encoding))

    def write_lines(self, lines: pa.StringArray) -> None:
        """Append complete lines, each with its line end."""
        offsets = np.frombuffer(lines.buffers()[1], dtype=np.int32)[lines.offset : lines.offset + len(lines) + 1]
        if not len(lines):
            return
        text = memoryview(lines.buffers()[2])[offsets[0] : offsets[-1]]
        self._file.write(text if self._encoding == "utf-8" else bytes(text).decode().encode(self._encoding))
        self.rows += len(lines)

    def write_columns(self, columns: Sequence[Any]) -> None:
        """Append rows given as string arrays or single strings, one per column, of which one is an array."""
        self.write_lines(joined_lines(columns, self.newline))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)


def joined_lines(columns: Sequence[Any], newline: str) -> pa.StringArray:
    """Join columns into CSV lines; values that need quotes bring their own."""
    head, last = columns[:-1], columns[-1]
    ending = f"{last}{newline}" if isinstance(last, str) else pc.binary_join_element_wise(last, newline, "")
    return pc.binary_join_element_wise(*head, ending, ",")


def texts(values: Iterable[str]) -> pa.StringArray:
    """An Arrow string array."""
    return pa.array(list(values), type=pa.string())


def decimals(cents: Integers, places: int = YUAN_PLACES) -> pa.Decimal128Array:
    """Cents as exact decimals with ``places`` places: 2 gives yuan, 6 gives 万元."""
    words = np.empty((len(cents), 2), dtype=np.int64)
    words[:, 0] = cents
    words[:, 1] = cents >> 63
    return pa.Array.from_buffers(pa.decimal128(20, places), len(cents), [None, pa.py_buffer(words)])


def decimal_texts(cents: Integers, places: int = YUAN_PLACES) -> pa.StringArray:
    """Cents as plain decimal text."""
    return decimals(cents, places).cast(pa.string())


def percent(part: int, whole: int) -> str | None:
    """The ratio as text in percent with two places, half up; None where there is nothing to divide by."""
    if whole <= 0:
        return None
    hundredths = (20_000 * abs(part) + whole) // (2 * whole)
    return f"{'-' if part < 0 and hundredths else ''}{hundredths // 100}.{hundredths % 100:02d}%"


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """A column of a workbook: its header, the header above it (merged over neighbours that share it), its width."""

    header: str
    above: str = ""
    width: int = 16


class Workbook:
    """A workbook with fixed timestamps and a money unit, laid out with title, preparer, unit, headers and total row."""

    def __init__(self, path: Path, *, wan: bool) -> None:
        self._stack = contextlib.ExitStack()
        partial = self._stack.enter_context(complete_file(path))
        self._book = self._stack.enter_context(xlsxwriter.Workbook(str(partial)))
        # A workbook has no time zone, and the same day every time makes the same bytes.
        created = datetime(2000, 1, 1)  # noqa: DTZ001 - a workbook's properties have no time zone
        self._book.set_properties({"created": created, "author": "", "title": "synthetic 演示数据"})
        self.wan = wan
        add = self._book.add_format
        money = "#,##0.00####" if wan else "#,##0.00"
        self._title = add({"bold": True, "font_size": 14, "align": "center"})
        self._header = add({"bold": True, "align": "center", "valign": "vcenter", "border": 1, "text_wrap": True})
        self._money = add({"num_format": money})
        self._date = add({"num_format": "yyyy-mm-dd"})
        self._total = add({"bold": True, "num_format": money, "top": 1})

    def add_sheet(
        self,
        name: str,
        title: str,
        notes: Sequence[str],
        columns: Sequence[SheetColumn],
        *,
        rows: Iterable[Sequence[object]],
        total: Sequence[object] | None = None,
    ) -> None:
        """Write one sheet. Integers are cents, None is blank; ``notes`` stand below the title."""
        sheet = self._book.add_worksheet(name)
        last = len(columns) - 1
        sheet.merge_range(0, 0, 0, last, title, self._title)
        unit = "单位：万元" if self.wan else "单位：元"
        for place, note in zip((0, len(columns) // 2), notes, strict=False):
            sheet.write_string(1, place, note)
        sheet.write_string(1, last, unit)
        line = 2 + self._write_headers(sheet, columns)
        for row in rows:
            self._write_row(sheet, line, row, None)
            line += 1
        if total is not None:
            self._write_row(sheet, line, total, self._total)

    def _write_headers(self, sheet: Any, columns: Sequence[SheetColumn]) -> int:
        levels = 2 if any(column.above for column in columns) else 1
        position = 0
        for number, column in enumerate(columns):
            sheet.set_column(number, number, column.width)
            if column.above or levels == 1:
                sheet.write_string(1 + levels, number, column.header, self._header)
            else:
                sheet.merge_range(2, number, 3, number, column.header, self._header)
        while position < len(columns):
            above = columns[position].above
            end = position
            while end + 1 < len(columns) and columns[end + 1].above == above:
                end += 1
            if above and end > position:
                sheet.merge_range(2, position, 2, end, above, self._header)
            elif above:
                sheet.write_string(2, position, above, self._header)
            position = end + 1
        return levels

    def _write_row(self, sheet: Any, line: int, row: Sequence[object], total: Any) -> None:
        divisor = 1_000_000 if self.wan else 100
        for place, value in enumerate(row):
            if isinstance(value, str):
                sheet.write_string(line, place, value, total)
            elif isinstance(value, date):
                sheet.write_datetime(line, place, value, self._date)
            elif isinstance(value, int):
                # True division of integers gives the double nearest to the exact decimal, as an office program does.
                sheet.write_number(line, place, value / divisor, total or self._money)
            elif value is not None:
                raise TypeError(
                    f"a workbook cell must be text, date, integer cents or None, not {type(value).__name__}"
                )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)
