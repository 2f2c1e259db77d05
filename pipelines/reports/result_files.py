"""The rows of any result as a file: CSV, JSON or a workbook, with every decimal digit by digit.

A spreadsheet cell is an IEEE double by definition, so a decimal that a double cannot hold exactly is written there as
text. Does not belong here: which rows a file holds, the bulletin workbook (``workbook``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

from rich.cells import cell_len
from xlsxwriter.format import Format

from pipelines.reports.sheets import DataSheet, open_workbook

SHEET_ROWS = 1_048_575
"""Rows below the head that a sheet can hold."""

_DAY = "yyyy-mm-dd"
_MOMENT = "yyyy-mm-dd hh:mm:ss"
_FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula, in Chinese ones the full-width signs too."""


class TooManyRowsError(Exception):
    """A sheet cannot hold the result: how many rows it holds, and what to choose instead."""


@dataclass(frozen=True, slots=True)
class Result:
    """The columns of a result and its rows in batches; ``rows`` is consumed once."""

    columns: tuple[str, ...]
    rows: Iterator[tuple[Any, ...]]


def as_text(value: Any) -> str:
    """A value as people read it: decimals in full digits, dates as ISO, NULL as ``NULL``."""
    match value:
        case None:
            return "NULL"
        case bool():
            return str(value).lower()
        case Decimal():
            return f"{value:f}"
        case list() | tuple() | dict():
            return as_json(value)
        case _:
            return str(value)


def as_json(value: Any) -> str:
    """A value as JSON; a decimal is a number with all its digits, which the json module cannot write."""
    match value:
        case Decimal():
            return f"{value:f}" if value.is_finite() else json.dumps(str(value))
        case float() if value - value != 0:
            return json.dumps(str(value))
        case None | bool() | int() | float() | str():
            return json.dumps(value, ensure_ascii=False)
        case list() | tuple():
            return f"[{', '.join(map(as_json, value))}]"
        case dict():
            members = (f"{json.dumps(as_text(key), ensure_ascii=False)}: {as_json(value[key])}" for key in value)
            return f"{{{', '.join(members)}}}"
        case _:
            return json.dumps(as_text(value), ensure_ascii=False)


def write_csv(result: Result, sink: IO[str]) -> None:
    """Writes the result with a head; a text that a spreadsheet would run as a formula gets an apostrophe in front."""
    sink.write(",".join(map(_csv_field, result.columns)) + "\n")
    for row in result.rows:
        sink.write(",".join(map(_csv_field, row)) + "\n")


def _csv_field(value: Any) -> str:
    """NULL as nothing, the empty text as ``""`` (the csv module cannot tell them apart), formulas made harmless."""
    if value is None:
        return ""
    text = as_text(value)
    if isinstance(value, str):
        if text.startswith(_FORMULA_STARTS):
            text = "'" + text
        if not text:
            return '""'
    if any(character in text for character in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


def write_json(result: Result, sink: IO[str]) -> None:
    """Writes the result as a list of objects, one a line."""
    keys = [json.dumps(name, ensure_ascii=False) for name in result.columns]
    opening = "[\n"
    for row in result.rows:
        members = ", ".join(f"{key}: {as_json(value)}" for key, value in zip(keys, row, strict=True))
        sink.write(f"{opening}{{{members}}}")
        opening = ",\n"
    sink.write("[]\n" if opening == "[\n" else "\n]\n")


def write_xlsx(result: Result, path: Path, *, sheet_name: str = "query", notes: Sequence[tuple[str, str]] = ()) -> None:
    """Writes the result as a workbook with numbers as numbers; ``notes`` are name and text of a second sheet.

    Raises ``TooManyRowsError`` where a sheet cannot hold the rows.
    """
    with open_workbook(str(path), constant_memory=True) as workbook:
        sheet = workbook.add_worksheet(sheet_name)
        heading = workbook.add_format({"bold": True, "bottom": 1})
        shown_as = {places: f"#,##0.{'0' * places}" for places in range(1, 7)} | {date: _DAY, datetime: _MOMENT}
        formats = {key: workbook.add_format({"num_format": text}) for key, text in shown_as.items()}
        sheet.freeze_panes(1, 0)
        for column, name in enumerate(result.columns):
            sheet.set_column(column, column, max(12, cell_len(name) + 2))
            sheet.write_string(0, column, name, heading)
        for line, row in enumerate(result.rows, start=1):
            if line > SHEET_ROWS:
                raise TooManyRowsError(
                    f"a sheet holds {SHEET_ROWS} rows and the result has more; choose csv or parquet\n"
                    f"结果超过工作表的 {SHEET_ROWS} 行上限，请改用 csv 或 parquet"
                )
            for column, value in enumerate(row):
                _write_cell(sheet, line, column, value, formats)
        if notes:
            _write_notes(workbook.add_worksheet("说明"), notes)


def _write_cell(sheet: DataSheet, line: int, column: int, value: Any, formats: dict[Any, Format]) -> None:
    """Writes a value; ``formats`` are by the number of decimal places, and by the types of days and moments."""
    match value:
        case None:
            return
        case bool():
            sheet.write_boolean(line, column, value)
        case int() | Decimal() if Decimal(f"{value:.16G}") == value:
            places = max(0, -int(value.as_tuple().exponent)) if isinstance(value, Decimal) else 0
            sheet.write_number(line, column, value, formats.get(places))
        case float() if value - value == 0:
            sheet.write_number(line, column, value)
        case datetime() if value.tzinfo is None:
            sheet.write_datetime(line, column, value, formats[datetime])
        case date() if not isinstance(value, datetime):
            sheet.write_datetime(line, column, value, formats[date])
        case _:
            sheet.write_string(line, column, as_text(value))


def _write_notes(sheet: DataSheet, notes: Sequence[tuple[str, str]]) -> None:
    sheet.set_column(0, 0, 18)
    sheet.set_column(1, 1, 90)
    for line, note in enumerate(notes):
        for column, text in enumerate(note):
            sheet.write_string(line, column, text)
