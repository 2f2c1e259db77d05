"""Loads versioned reference tables (thresholds, yardsticks, rubrics, exempt reasons) into schema ``core``.

The defaults ship with the program; a district's own file replaces a whole table for that district. Its files count from
the accepted store, where they come from raw/ once all of them are right: a wrong one holds its district back and
changes nobody's figures.
Does not belong here: what the columns are (contracts.reference_tables), which version counts (sql/core).
"""

from __future__ import annotations

import csv
import io
import re
import shutil
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pipelines.contracts.arrow_types import ARROW_TYPES
from pipelines.contracts.model import Column, Dataset, Kind
from pipelines.contracts.reference_tables import REFERENCE_TABLES
from pipelines.ingest.links import leads_out_of
from pipelines.ingest.opening import answered, small_file
from pipelines.ledger.fingerprint import fingerprint
from pipelines.printable import printable
from pipelines.settings import Settings
from pipelines.warehouse.database import CLASS_NAMES
from pipelines.warehouse.store import new_directory

if TYPE_CHECKING:
    import duckdb

DEFAULTS = Path(__file__).parent.parent / "reference"
"""The reference files that ship with the program."""

_FOLDER = "reference"
_MAX_BYTES = 4 * 1024**2
_SHOWN_CHARACTERS = 80


class ReferenceFileError(Exception):
    """A reference file is not what it should be: file, line, column, what was found and expected, in both languages."""

    def __init__(self, path: Path, place: str, place_zh: str) -> None:
        self.path = path
        self.told = f"{path.name}{place}"
        self.told_zh = f"{path.name}{place_zh}"
        super().__init__(f"{printable(str(path))}{place} {place_zh}")


def reference_files(root: Path) -> list[tuple[Path, str | None]]:
    """Every reference file with the district that it is for (None: the defaults), districts below ``root`` in order."""
    files: list[tuple[Path, str | None]] = [(DEFAULTS / f"{name}.csv", None) for name in REFERENCE_TABLES]
    for district in sorted(root.glob("[0-9]*")):
        if re.fullmatch(r"\d{6}", district.name, re.ASCII):
            files += [(path, district.name) for path in _files_of(district)]
    return files


def _files_of(district: Path) -> list[Path]:
    """The reference files in a district's folder; the folder itself where it cannot be looked into."""
    folder = district / _FOLDER
    try:
        return answered(lambda: sorted(path for path in folder.iterdir() if path.suffix == ".csv"), about=folder)
    except FileNotFoundError:
        return []
    except OSError:
        return [folder]


def wrong_reference_files(raw: Path, district_code: str) -> list[ReferenceFileError]:
    """What is wrong with the reference files of a district in raw/; empty: nothing."""
    wrong = []
    for path in _files_of(raw / district_code):
        try:
            _checked(path, raw, district_code)
        except ReferenceFileError as error:
            wrong.append(error)
    return wrong


def take_reference_files(settings: Settings) -> None:
    """Makes the files of every district below raw/ those that count, where all of them are right.

    Those of a district that has a wrong one stay as they are in the store, and so do those of a district whose folder
    is not there. The caller holds the warehouse's lock.
    """
    for district in sorted(settings.raw.glob("[0-9]*")):
        if not re.fullmatch(r"\d{6}", district.name, re.ASCII):
            continue
        kept = settings.accepted / district.name / _FOLDER
        try:
            contents = {path.name: _checked(path, settings.raw, district.name) for path in _files_of(district)}
        except ReferenceFileError:
            _drop_damaged(kept, district.name)
            continue
        if not contents:
            shutil.rmtree(kept, ignore_errors=True)
        elif contents != {path.name: path.read_bytes() for path in _files_of(kept.parent) if path.is_file()}:
            with new_directory(kept) as target:
                for name, content in contents.items():
                    (target / name).write_bytes(content)


def _drop_damaged(kept: Path, district_code: str) -> None:
    """Takes kept files that are not as they were written out of the way: the defaults count until raw/ is right."""
    try:
        for path in _files_of(kept.parent):
            _checked(path, kept.parent.parent, district_code)
    except ReferenceFileError:
        shutil.rmtree(kept, ignore_errors=True)


def _checked(path: Path, root: Path, district_code: str) -> bytes:
    """The content of a district's reference file that is right."""
    if path.suffix != ".csv":
        raise ReferenceFileError(path, ": the folder cannot be looked into.", "：无法查看该文件夹。")
    if path.stem not in REFERENCE_TABLES:
        raise ReferenceFileError(
            path,
            f": {path.stem!r} is not a reference table; expected one of {', '.join(REFERENCE_TABLES)}.",
            f"：{path.stem} 不是参考表，应为 {'、'.join(REFERENCE_TABLES)} 之一。",
        )
    if leads_out_of(path, root, district_code):
        raise ReferenceFileError(
            path,
            ": a link that leads out of the district's folder; put the file itself there.",
            "：链接指向本区文件夹之外，请放入文件本身。",
        )
    content = _content(path)
    read_reference_file(path, REFERENCE_TABLES[path.stem], district_code, content)
    return content


def reference_fingerprint(root: Path) -> str:
    """A hash of every reference file below ``root``: a build made with others is not current."""
    files = ((f"{district_code}/{path.name}", path.read_bytes()) for path, district_code in reference_files(root))
    return fingerprint(content=[CLASS_NAMES.read_bytes(), *(part for file in files for part in file)])


def load_reference_tables(connection: duckdb.DuckDBPyConnection, root: Path) -> None:
    """Fills the reference tables, which ``create_core_tables`` made, with the defaults and the files below ``root``.

    Raises ``ReferenceFileError`` for a bad file; those in the accepted store were right when they came there.
    """
    rows: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for path, district_code in reference_files(root):
        table = REFERENCE_TABLES.get(path.stem)
        if table is None:
            _checked(path, root, district_code or "")
        else:
            rows[path.stem].extend(read_reference_file(path, table, district_code))
    for name, records in rows.items():
        types = pa.schema([(column.name, ARROW_TYPES[column.kind]) for column in REFERENCE_TABLES[name].columns])
        connection.register("reference_row", pa.Table.from_pylist(records, schema=types))
        connection.execute(f"insert into core.{name} by name select * from reference_row")
        connection.unregister("reference_row")


def read_reference_file(
    path: Path, table: Dataset, district_code: str | None, content: bytes | None = None
) -> list[dict[str, Any]]:
    """The rows of one reference file, typed; ``district_code`` is the district whose own file it is.

    ``content`` are its bytes where they have been read. Raises ``ReferenceFileError``.
    """
    reader = csv.DictReader(io.StringIO(_decoded(path, content), newline=""), strict=True, restkey=_TOO_MANY)
    try:
        return list(_rows(path, table, district_code, reader))
    except csv.Error as error:
        # Where a quote is never closed, the rest of the file is one cell.
        raise ReferenceFileError(
            path,
            f", line {reader.line_num}: it is no CSV there ({error}); is a quote not closed?",
            f"，第 {reader.line_num} 行：不是有效的 CSV，引号可能未闭合。",
        ) from None


_TOO_MANY = "\0"


def _rows(
    path: Path, table: Dataset, district_code: str | None, reader: csv.DictReader[str]
) -> Iterator[dict[str, Any]]:
    # People who keep a file in a spreadsheet may head its columns by their Chinese names.
    names = {column.label_zh: column.name for column in table.columns}
    found = [names.get(name.strip(), name.strip()) for name in reader.fieldnames or []]
    reader.fieldnames = found
    expected = [column.name for column in table.columns]
    if sorted(found) != sorted(expected):
        shown = _shown(", ".join(found))
        raise ReferenceFileError(
            path,
            f", line 1: found the columns {shown}, expected {', '.join(expected)}.",
            f"，第 1 行：列为 {shown}，应为 {'、'.join(expected)}。",
        )
    seen: dict[tuple[Any, ...], int] = {}
    for record in reader:
        line = reader.line_num
        if _TOO_MANY in record:
            raise ReferenceFileError(
                path,
                f", line {line}: more cells than the {len(expected)} of the header.",
                f"，第 {line} 行：单元格多于表头的 {len(expected)} 个。",
            )
        row = {column.name: _value(path, line, column, record[column.name] or "") for column in table.columns}
        if (row["district_code"] or None) not in (None, district_code):
            raise ReferenceFileError(
                path,
                f", line {line}, column district_code: found {row['district_code']}, "
                f"expected {district_code or 'an empty cell'}.",
                f"，第 {line} 行：区划应为 {district_code or '空'}。",
            )
        row["district_code"] = district_code
        key = tuple(row[name] for name in table.identity)
        if key in seen:
            raise ReferenceFileError(
                path,
                f", line {line}: the same {', '.join(table.identity)} as line {seen[key]}; keep one of them.",
                f"，第 {line} 行与第 {seen[key]} 行重复，请保留一行。",
            )
        seen[key] = line
        yield row


def _content(path: Path) -> bytes:
    try:
        return small_file(path, at_most=_MAX_BYTES)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ReferenceFileError(
            path, f": it cannot be read ({reason}); put a file there.", f"：无法读取（{reason}），请放入正常文件。"
        ) from None


def _decoded(path: Path, content: bytes | None) -> str:
    """The file's text: UTF-8, or GB18030 as a spreadsheet on a Chinese Windows saves it."""
    content = _content(path) if content is None else content
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ReferenceFileError(
        path,
        ": the text is neither UTF-8 nor GB18030; save it as CSV again.",
        "：编码既非 UTF-8 也非 GB18030，请重新另存为 CSV。",
    )


def _shown(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}… ({len(text):,})"


def _value(path: Path, line: int, column: Column, text: str) -> Any:
    text = text.strip()
    if not text and column.nullable:
        return None
    try:
        if column.pattern and not re.fullmatch(column.pattern, text):
            raise ValueError
        if column.codes and text not in dict(column.codes):
            raise ValueError
        if len(text) > _LONGEST:
            raise ValueError
        return _PARSE[column.kind](dict(column.codes).get(text, text))
    except (ValueError, InvalidOperation):
        expected = column.pattern or ", ".join(dict(column.codes)) or f"a value of kind {column.kind}"
        raise ReferenceFileError(
            path,
            f", line {line}, column {column.name}: found {_shown(text)!r}, expected {expected}.",
            f"，第 {line} 行“{column.label_zh}”列：发现 {_shown(text)!r}，应为 {expected}。",
        ) from None


_LONGEST = 1000
"""Characters of one cell; a longer one is a quote that was closed far below."""


def _text(text: str) -> str:
    if not text:
        raise ValueError
    return text


def _integer(text: str) -> int:
    if not re.fullmatch(r"-?\d{1,9}", text, re.ASCII):
        raise ValueError
    return int(text)


def _decimal(digits: int, places: int) -> Any:
    def parse(text: str) -> Decimal:
        if not re.fullmatch(rf"-?\d{{1,{digits - places}}}(\.\d{{1,{places}}})?", text, re.ASCII):
            raise ValueError
        return Decimal(text)

    return parse


_PARSE = {
    Kind.TEXT: _text,
    Kind.CODE: _text,
    Kind.INTEGER: _integer,
    Kind.DATE: date.fromisoformat,
    Kind.AMOUNT: _decimal(18, 2),
    Kind.PERCENT: _decimal(14, 2),
    Kind.RATIO: _decimal(18, 6),
}
