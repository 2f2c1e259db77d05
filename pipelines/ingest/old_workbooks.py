"""Merged cells, units in formats, and errors of an old ``.xls``, which its reader of values does not tell.

A compound file is a small file system of sectors; its stream ``Workbook`` is a run of records (type, length, content).
Only what leads to these is looked at; of a file that is odd here nothing is told. Does not belong here: values, whether
the file can be read at all (workbook).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from pipelines.ingest.packages import SheetFacts, format_mark

_LARGEST = 512 * 1024**2
_END_OF_CHAIN = 0xFFFFFFFA
"""Sector numbers from here on are marks."""
_SMALL_STREAM = 4096
_BOUND_SHEET, _BEGIN, _END, _MERGED, _FORMAT, _STYLE = 0x0085, 0x0809, 0x000A, 0x00E5, 0x041E, 0x00E0
_FORMULA, _SEVERAL_NUMBERS, _FLAG_OR_ERROR = 0x0006, 0x00BD, 0x0205
_NUMBERS = frozenset({_FORMULA, 0x0203, 0x027E})
_ERROR = 2
"""The kind of a formula's result that is an error."""
_ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}


def read_xls_facts(path: Path) -> dict[str, SheetFacts]:
    """The facts of each sheet by its name; nothing for a file that is not put together as expected."""
    if path.stat().st_size > _LARGEST:
        return {}
    try:
        stream = _workbook_stream(path.read_bytes())
        marks = _style_marks(stream)
        return {name: _sheet_facts(stream, start, marks) for name, start in _sheets(stream)}
    except (struct.error, IndexError, UnicodeDecodeError, ValueError):
        return {}


def _workbook_stream(data: bytes) -> bytes:
    (shift,) = struct.unpack_from("<H", data, 30)
    if shift not in {9, 12}:
        raise ValueError("no compound file")
    size = 1 << shift
    first_directory, first_small, first_table, tables = (
        struct.unpack_from("<I", data, at)[0] for at in (48, 60, 68, 72)
    )
    sectors = list(struct.unpack_from("<109I", data, 76))
    for _ in range(min(tables, len(data) // size)):
        further = struct.unpack_from(f"<{size // 4}I", data, (first_table + 1) * size)
        sectors += further[:-1]
        first_table = further[-1]
        if first_table >= _END_OF_CHAIN:
            break
    next_of: list[int] = []
    for sector in sectors:
        if sector < _END_OF_CHAIN:
            next_of += struct.unpack_from(f"<{size // 4}I", data, (sector + 1) * size)
    body = data[size:]
    directory = _chain(body, next_of, first_directory, size)
    for at in range(0, len(directory) - 127, 128):
        (length,) = struct.unpack_from("<H", directory, at + 64)
        name = directory[at : at + max(min(length, 64) - 2, 0)].decode("utf-16-le")
        start, content = struct.unpack_from("<II", directory, at + 116)
        if name in {"Workbook", "Book"} and content >= _SMALL_STREAM:
            return _chain(body, next_of, start, size)[:content]
        if name in {"Workbook", "Book"}:
            # Small streams are cut into smaller sectors of one stream, which the first entry names.
            small = _chain(body, next_of, struct.unpack_from("<I", directory, 116)[0], size)
            table = _chain(body, next_of, first_small, size)
            return _chain(small, list(struct.unpack(f"<{len(table) // 4}I", table)), start, 64)[:content]
    raise ValueError("no stream of a workbook")


def _chain(data: bytes, next_of: list[int], sector: int, size: int) -> bytes:
    parts: list[bytes] = []
    while sector < _END_OF_CHAIN:
        if sector >= len(next_of) or len(parts) > len(next_of):
            raise ValueError("a chain of sectors without end")
        parts.append(data[sector * size : (sector + 1) * size])
        sector = next_of[sector]
    return b"".join(parts)


def _records(stream: bytes, at: int) -> Iterator[tuple[int, int, int]]:
    """Type, start and length of the records from a position on, to the end of what begins there."""
    depth = 0
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        depth += (kind == _BEGIN) - (kind == _END)
        yield kind, at + 4, length
        if depth <= 0:
            return
        at += 4 + length


def _sheets(stream: bytes) -> Iterator[tuple[str, int]]:
    for kind, at, _ in _records(stream, 0):
        if kind == _BOUND_SHEET:
            start, _, characters, is_wide = struct.unpack_from("<IHBB", stream, at)
            name = stream[at + 8 : at + 8 + characters * (2 if is_wide & 1 else 1)]
            yield name.decode("utf-16-le" if is_wide & 1 else "latin-1"), start


def _style_marks(stream: bytes) -> dict[int, str]:
    """Index of a cell style → the unit or percent sign with which it shows a number."""
    formats = {9: "%", 10: "%"}
    styles: list[int] = []
    for kind, at, _ in _records(stream, 0):
        if kind == _FORMAT:
            number, characters, is_wide = struct.unpack_from("<HHB", stream, at)
            code = stream[at + 5 : at + 5 + characters * (2 if is_wide & 1 else 1)]
            if mark := format_mark(code.decode("utf-16-le" if is_wide & 1 else "latin-1")):
                formats[number] = mark
        elif kind == _STYLE:
            styles.append(struct.unpack_from("<H", stream, at + 2)[0])
    return {style: formats[number] for style, number in enumerate(styles) if number in formats}


def _sheet_facts(stream: bytes, start: int, marks: dict[int, str]) -> SheetFacts:
    facts = SheetFacts()
    for kind, at, length in _records(stream, start):
        if kind == _MERGED:
            (count,) = struct.unpack_from("<H", stream, at)
            for number in range(min(count, (length - 2) // 8)):
                first_row, last_row, first, last = struct.unpack_from("<4H", stream, at + 2 + number * 8)
                facts.merged.append((first_row + 1, last_row + 1, first + 1, last + 1))
        elif kind in _NUMBERS:
            row, column, style = struct.unpack_from("<3H", stream, at)
            if mark := marks.get(style):
                facts.marked.setdefault(mark, {}).setdefault(column + 1, []).append(row + 1)
            if kind == _FORMULA and stream[at + 12 : at + 14] == b"\xff\xff" and stream[at + 6] == _ERROR:
                facts.shown.setdefault(column + 1, {})[row + 1] = _ERRORS.get(stream[at + 8], "#ERROR!")
        elif kind == _SEVERAL_NUMBERS:
            row, column = struct.unpack_from("<2H", stream, at)
            for number in range((length - 6) // 6):
                (style,) = struct.unpack_from("<H", stream, at + 4 + number * 6)
                if mark := marks.get(style):
                    facts.marked.setdefault(mark, {}).setdefault(column + number + 1, []).append(row + 1)
        elif kind == _FLAG_OR_ERROR and stream[at + 7 : at + 8] == b"\x01":
            row, column = struct.unpack_from("<2H", stream, at)
            facts.shown.setdefault(column + 1, {})[row + 1] = _ERRORS.get(stream[at + 6], "#ERROR!")
    return facts
