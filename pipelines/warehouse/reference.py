"""Loads versioned reference tables (thresholds, yardsticks, rubrics, exempt reasons) into schema ``core``.

The defaults ship with the program; a district's own file replaces a whole table for that district.
Does not belong here: what the columns are (contracts.reference_tables), which version counts (sql/core).
"""

from __future__ import annotations

import csv
import io
import re
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.contracts.model import Column, Dataset, Kind
from pipelines.contracts.reference_tables import REFERENCE_TABLES
from pipelines.ingest.links import leads_out_of
from pipelines.ledger.fingerprint import fingerprint
from pipelines.warehouse.database import CLASS_NAMES

if TYPE_CHECKING:
    import duckdb

DEFAULTS = Path(__file__).parent.parent / "reference"
"""The reference files that ship with the program."""


class ReferenceFileError(Exception):
    """A reference file is not what it should be: file, line, column, what was found and expected, in both languages."""


def reference_files(raw: Path) -> list[tuple[Path, str | None]]:
    """Every reference file with the district that it is for (None: the defaults), districts below ``raw`` in order.

    Raises:
        ReferenceFileError: a file has the name of no reference table, or leads out of ``raw`` (never opened).
    """
    defaults: list[tuple[Path, str | None]] = [(DEFAULTS / f"{name}.csv", None) for name in REFERENCE_TABLES]
    own: list[tuple[Path, str | None]] = []
    for path in sorted(raw.glob("*/reference/*.csv")):
        if path.stem not in REFERENCE_TABLES:
            raise ReferenceFileError(
                f"{path}: {path.stem!r} is not a reference table; expected one of {', '.join(REFERENCE_TABLES)}. "
                f"{path.stem} 不是参考表，应为 {'、'.join(REFERENCE_TABLES)} 之一。"
            )
        if leads_out_of(path, raw):
            raise ReferenceFileError(
                f"{path}: a link that leads out of raw/; put the file itself there. 链接指向 raw 之外，请放入文件本身。"
            )
        own.append((path, path.parent.parent.name))
    return defaults + own


def reference_fingerprint(raw: Path) -> str:
    """A hash of every reference file: a build made with others is not current."""
    files = ((f"{district_code}/{path.name}", path.read_bytes()) for path, district_code in reference_files(raw))
    return fingerprint(content=[CLASS_NAMES.read_bytes(), *(part for file in files for part in file)])


def load_reference_tables(connection: duckdb.DuckDBPyConnection, raw: Path) -> None:
    """Fills the reference tables, which ``create_core_tables`` made; raises ``ReferenceFileError`` for a bad file."""
    by_table: dict[str, list[dict[str, Any]]] = {name: [] for name in REFERENCE_TABLES}
    for path, district_code in reference_files(raw):
        by_table[path.stem].extend(read_reference_file(path, REFERENCE_TABLES[path.stem], district_code))
    for name, rows in by_table.items():
        places = ", ".join("?" for _ in REFERENCE_TABLES[name].columns)
        if rows:
            connection.executemany(
                f"insert into core.{name} values ({places})",
                [list(row.values()) for row in rows],
            )


def read_reference_file(path: Path, table: Dataset, district_code: str | None) -> list[dict[str, Any]]:
    """The rows of one reference file, typed; ``district_code`` is the district whose own file it is."""
    with io.StringIO(_decoded(path), newline="") as handle:
        reader = csv.DictReader(handle, strict=True)
        try:
            return _typed_rows(path, reader, table, district_code)
        except csv.Error as error:
            raise ReferenceFileError(
                f"{path}, line {reader.line_num}: {error}; expected short cells and closed quotation marks. "
                f"第 {reader.line_num} 行：单元格过长，或引号未闭合。"
            ) from None


def _typed_rows(
    path: Path, reader: csv.DictReader[str], table: Dataset, district_code: str | None
) -> list[dict[str, Any]]:
    found = reader.fieldnames or []
    expected = [column.name for column in table.columns]
    if sorted(found) != sorted(expected):
        raise ReferenceFileError(
            f"{path}, line 1: found the columns {', '.join(found)}, expected {', '.join(expected)}. "
            f"第 1 行：列为 {'、'.join(found)}，应为 {'、'.join(expected)}。"
        )
    rows: list[dict[str, Any]] = []
    seen: dict[tuple[Any, ...], int] = {}
    for record in reader:
        row = {column.name: _value(path, reader.line_num, column, record[column.name]) for column in table.columns}
        if (row["district_code"] or None) not in (None, district_code):
            raise ReferenceFileError(
                f"{path}, line {reader.line_num}, column district_code: found {row['district_code']}, "
                f"expected {district_code or 'an empty cell'}. "
                f"第 {reader.line_num} 行：区划应为 {district_code or '空'}。"
            )
        row["district_code"] = district_code
        key = tuple(row[name] for name in table.identity)
        if key in seen:
            raise ReferenceFileError(
                f"{path}, line {reader.line_num}: the same {', '.join(table.identity)} as line {seen[key]}; "
                f"keep one of them. 第 {reader.line_num} 行与第 {seen[key]} 行重复，请保留一行。"
            )
        seen[key] = reader.line_num
        rows.append(row)
    return rows


def _decoded(path: Path) -> str:
    """The file's text: UTF-8, or GB18030 as a spreadsheet on a Chinese Windows saves it."""
    content = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ReferenceFileError(
        f"{path}: the text is neither UTF-8 nor GB18030; save it as CSV again. "
        f"编码既非 UTF-8 也非 GB18030，请重新另存为 CSV。"
    )


def _value(path: Path, line: int, column: Column, text: str | None) -> Any:
    text = (text or "").strip()
    if not text and column.nullable:
        return None
    try:
        if column.pattern and not re.fullmatch(column.pattern, text):
            raise ValueError
        if column.codes and text not in dict(column.codes):
            raise ValueError
        return _PARSE[column.kind](text)
    except (ValueError, InvalidOperation) as error:
        expected = column.pattern or ", ".join(dict(column.codes)) or f"a value of kind {column.kind}"
        raise ReferenceFileError(
            f"{path}, line {line}, column {column.name}: found {text!r}, expected {expected}. "
            f"第 {line} 行“{column.label_zh}”列：发现 {text!r}，应为 {expected}。"
        ) from error


def _text(text: str) -> str:
    if not text:
        raise ValueError
    return text


def _decimal(places: int) -> Any:
    def parse(text: str) -> Decimal:
        if not re.fullmatch(rf"-?\d+(\.\d{{1,{places}}})?", text):
            raise ValueError
        return Decimal(text)

    return parse


_PARSE = {
    Kind.TEXT: _text,
    Kind.CODE: _text,
    Kind.INTEGER: int,
    Kind.DATE: date.fromisoformat,
    Kind.AMOUNT: _decimal(2),
    Kind.PERCENT: _decimal(2),
    Kind.RATIO: _decimal(6),
}
