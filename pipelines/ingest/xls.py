"""Old workbooks (``.xls``), read by ``xlrd``; what it leaves out are the formulas, told from the stream of records.

Does not belong here: what a cell means (sheet_cells).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import xlrd
from xlrd.compdoc import CompDoc

from pipelines.ingest.model import FileRefused
from pipelines.ingest.number_formats import NumberFormat, parse_format, struck
from pipelines.ingest.sheet_cells import Sheet, SheetCells, rows_and_columns
from pipelines.settings import Limits

_LARGEST = 512 * 1024**2
_FEW_CELLS = 50_000
_BOUND_SHEET, _BEGIN, _END, _FORMULA = 0x0085, 0x0809, 0x000A, 0x0006
_CALCULATE_ON_LOAD = 0x0002


def read_xls(path: Path, limits: Limits) -> Iterator[Sheet]:
    """The sheets of a workbook, in order. Raises ``FileRefused`` where it is damaged or beyond the limits."""
    if path.stat().st_size > _LARGEST:
        raise FileRefused("file-too-large", found=f"{path.stat().st_size:,} bytes", expected=f"{_LARGEST:,}")
    content = path.read_bytes()
    with Path(os.devnull).open("w") as nothing:
        try:
            book = xlrd.open_workbook(file_contents=content, formatting_info=True, ragged_rows=True, logfile=nothing)
            placeholders = _never_calculated(content)
            formats = [_format(book, style) for style in book.xf_list]
        # On damaged files it fails in whatever way the damage leads to.
        except Exception as error:
            raise _refused(error) from None
    for number, sheet in enumerate(book.sheets()):
        cells = SheetCells(sheet.name, limits, formats, epoch_1904=book.datemode == 1)
        _read_sheet(sheet, cells, placeholders.get(number, frozenset()))
        # xlrd counts from 0, and the ends of its ranges are the first behind them.
        cells.merged += [(top + 1, bottom, left + 1, right) for top, bottom, left, right in sheet.merged_cells]
        yield cells.finish(is_visible=sheet.visibility == 0)


def _format(book: Any, style: Any) -> NumberFormat | None:
    form = parse_format(book.format_map[style.format_key].format_str)
    return struck(form) if book.font_list[style.font_index].struck_out else form


def _refused(error: Exception) -> FileRefused:
    is_encrypted = "encrypt" in str(error).casefold()
    return FileRefused(
        "file-not-readable",
        found="a password" if is_encrypted else f"it is damaged: {error}"[:200],
        remedy="Open it, save it again as .xlsx without a password, and deliver it again.",
        remedy_zh="请打开后另存为不加密的 .xlsx，再重新报送。",
    )


def _read_sheet(sheet: xlrd.sheet.Sheet, cells: SheetCells, placeholders: frozenset[tuple[int, int]]) -> None:
    """Hands the cells of a sheet on; ``placeholders``: formulas (row and column from 0) without a result."""
    texts: list[tuple[tuple[int, int], str]] = []
    numbers: list[tuple[tuple[int, int], str, int]] = []
    characters = 0
    for row in range(sheet.nrows):
        kinds, values = sheet.row_types(row), sheet.row_values(row)
        for column, (kind, value) in enumerate(zip(kinds, values, strict=True)):
            place = row + 1, column + 1
            if kind in {xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE}:
                if not value and (row, column) in placeholders:
                    texts.append((place, "="))
                else:
                    numbers.append((place, repr(value), sheet.cell_xf_index(row, column)))
            elif kind == xlrd.XL_CELL_TEXT and value:
                texts.append((place, value))
                characters += len(value)
            elif kind == xlrd.XL_CELL_BOOLEAN:
                texts.append((place, "true" if value else "false"))
            elif kind == xlrd.XL_CELL_ERROR:
                texts.append((place, xlrd.error_text_from_code.get(value, "#ERROR!")))
        if len(texts) + len(numbers) > _FEW_CELLS or characters > 16 * 1024**2 or row == sheet.nrows - 1:
            if texts:
                places, found = zip(*texts, strict=True)
                cells.add_texts(*rows_and_columns(places), pa.array(found, pa.string()))
            if numbers:
                places, stored, styles = zip(*numbers, strict=True)
                styles_of_cells = np.asarray(styles, dtype=np.int64)
                cells.add_numbers(*rows_and_columns(places), pa.array(stored, pa.string()), styles_of_cells)
            texts, numbers, characters = [], [], 0


def _never_calculated(content: bytes) -> dict[int, frozenset[tuple[int, int]]]:
    """By sheet, the formulas whose result is to be calculated when the file is opened (row and column from 0)."""
    compound = CompDoc(content)
    whole, base, length = next(
        place for name in ("Workbook", "Book") if (place := compound.locate_named_stream(name))[0] is not None
    )
    stream: bytes = whole[base : base + length]
    starts = [struct.unpack_from("<I", stream, at)[0] for kind, at, _ in _records(stream, 0) if kind == _BOUND_SHEET]
    found: dict[int, frozenset[tuple[int, int]]] = {}
    for number, start in enumerate(starts):
        cells = set()
        for kind, at, size in _records(stream, start):
            if kind == _FORMULA and size >= 16:
                row, column, _, flags = struct.unpack_from("<3H8xH", stream, at)
                if flags & _CALCULATE_ON_LOAD:
                    cells.add((row, column))
        found[number] = frozenset(cells)
    return found


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
