"""The cells of one sheet, as its reader finds them → rows of texts: the one place that says what a stored cell is.

A number is the shortest decimal of the double that is stored (``1.2345678E7`` is 12345678), with what its format shows
where that matters (number_formats). A number with a date's format is that date, with its time of day. An error is its
name (``#REF!``); a formula that was never calculated is the formula; both are no amounts. Does not belong here: files
(xlsx, xls, ods), what a text means (cells).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.ingest.model import FileRefused
from pipelines.ingest.number_formats import NumberFormat, Shown, name_of_unit
from pipelines.ingest.packages import too_large
from pipelines.ingest.raw_rows import RawRows
from pipelines.settings import Limits

LAST_ROW, LAST_COLUMN = 1_048_576, 16_384
"""The last row and column that a spreadsheet has."""

_PLAIN = r"^-?[0-9]+(\.[0-9]+)?$"
_FIFTEEN_DIGITS = 10**15
"""From here on a double does not hold every whole number: a code has lost digits."""
_STRUCK = "（删除线 struck through）"
"""Behind a number with a line through it: neither a fact nor nothing, so that its row is set aside with these words."""
_LOST_DIGITS = r"[eE]\+"
"""How programs that cut numbers off after some digits write a long one (C's ``%g``); Java writes no plus."""
_DAY = 86_400
_EPOCH, _EPOCH_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)  # noqa: DTZ001 - serials have no zone
_LAST_SERIAL = 2_958_465
"""31 December 9999."""

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class UnitShown:
    """A unit that number formats of one column name: the column's position, the unit, the first cell of that kind.

    ``is_scaled``: the formats show the stored number divided, which is therefore yuan.
    """

    position: int
    unit: str
    is_scaled: bool
    first_line: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: its name, whether people see it, its rows, and whether serials count from 1904.

    ``merged``: first and last row, first and last column (positions in ``rows``, from 0) of merged ranges.
    ``units``: the units that number formats name.
    """

    name: str
    is_visible: bool
    rows: RawRows
    merged: tuple[tuple[int, int, int, int], ...] = ()
    epoch_1904: bool = False
    units: tuple[UnitShown, ...] = ()


class SheetCells:
    """Collects the cells of one sheet in any order, rows and columns from 1, each at most once."""

    def __init__(
        self, name: str, limits: Limits, formats: Sequence[NumberFormat | None], *, epoch_1904: bool = False
    ) -> None:
        """``formats``: by index of a style, what it shows."""
        self.name = name
        self.merged: list[tuple[int, int, int, int]] = []
        """First and last row, first and last column of merged ranges, all from 1."""
        self.limits = limits
        self._formats = formats
        self._epoch_1904 = epoch_1904
        self._rows: list[Integers] = []
        self._columns: list[Integers] = []
        self._texts: list[pa.Array] = []
        self._bytes = 0
        self._last_row = 0
        self._used: set[int] = set()
        self._units: dict[tuple[int, str, bool], int] = {}
        self._scientific: dict[int, dict[int, str]] = {}
        self._has_unusual_formats = any(formats)

    def add_texts(self, rows: Integers, columns: Integers, texts: pa.Array) -> None:
        """Adds cells that are texts. Raises ``FileRefused`` as soon as the sheet is beyond the limits."""
        lengths = pc.binary_length(texts)
        if not pc.all(pc.greater(lengths, 0), min_count=0).as_py():
            # An empty text is an empty cell.
            held = np.flatnonzero(lengths.to_numpy(zero_copy_only=False))
            rows, columns, texts, lengths = rows[held], columns[held], texts.take(held), lengths.take(held)
        if not len(texts):
            return
        if (pc.max(lengths).as_py() or 0) > self.limits.max_cell_characters:
            longest = pc.max(pc.utf8_length(texts)).as_py()
            if longest > self.limits.max_cell_characters:
                expected = f"{self.limits.max_cell_characters:,}"
                raise too_large(f"{longest:,} characters in one cell", expected, self.name)
        further = pc.sum(lengths).as_py() or 0
        self.expect_bytes(further)
        self._bytes += further
        self._last_row = max(self._last_row, int(rows.max()))
        self._used.update(np.flatnonzero(np.bincount(columns)).tolist())
        self.check_extent(self._last_row, len(self._used))
        self._rows.append(rows)
        self._columns.append(columns)
        self._texts.append(texts)

    def expect_bytes(self, further: int) -> None:
        """Refuses a sheet whose texts would be longer than allowed with so many bytes more."""
        if self._bytes + further > self.limits.max_sheet_bytes:
            found, expected = f"{self._bytes + further:,} bytes of text in its cells", self.limits.max_sheet_bytes
            raise too_large(found, f"{expected:,} bytes", self.name)

    def check_extent(self, last_row: int, width: int) -> None:
        """Refuses a sheet of so many rows and used columns if that is more than allowed."""
        if width > self.limits.max_columns:
            raise too_large(f"{width:,} columns", f"{self.limits.max_columns:,}", self.name)
        if last_row * width > self.limits.max_cells:
            raise too_large(f"{last_row:,} rows", f"{self.limits.max_cells:,} cells", self.name)

    def add_numbers(self, rows: Integers, columns: Integers, stored: pa.Array, styles: Integers) -> None:
        """Adds cells that are numbers, as the file spells them, with the index of their style."""
        if not len(stored):
            return
        try:
            doubles = stored.cast(pa.float64())
        except pa.ArrowInvalid:
            stored = pc.utf8_trim_whitespace(stored)
            try:
                doubles = stored.cast(pa.float64())
            except pa.ArrowInvalid as error:
                raise FileRefused("file-not-readable", found=f"{error}"[:200], sheet=self.name) from None
        texts = doubles.cast(pa.string())
        is_odd = pc.invert(pc.match_substring_regex(texts, _PLAIN))
        if pc.any(is_odd).as_py():
            written = [_plain(number) for number in doubles.filter(is_odd).to_pylist()]
            texts = pc.replace_with_mask(texts, is_odd, pa.array(written, pa.string()))
        self._note_lost_digits(rows, columns, stored)
        if self._has_unusual_formats:
            texts = self._as_shown(rows, columns, doubles, texts, styles)
        self.add_texts(rows, columns, texts)

    def _note_lost_digits(self, rows: Integers, columns: Integers, stored: pa.Array) -> None:
        lost = pc.match_substring_regex(stored, _LOST_DIGITS)
        if pc.any(lost).as_py():
            for position in pc.indices_nonzero(lost).to_pylist():
                cells = self._scientific.setdefault(int(columns[position]), {})
                cells[int(rows[position])] = stored[position].as_py()

    def _as_shown(
        self, rows: Integers, columns: Integers, doubles: pa.Array, texts: pa.Array, styles: Integers
    ) -> pa.Array:
        """The texts with what their formats show."""
        for style in np.unique(styles).tolist():
            form = self._formats[style] if 0 <= style < len(self._formats) else None
            if form is None:
                continue
            places = np.flatnonzero(styles == style)
            numbers, plain = doubles.take(pa.array(places)), texts.take(pa.array(places))
            same = form.uniform
            if same and same.is_date:
                shown = self._dates(numbers, plain)
            else:
                cells = zip(places, numbers.to_pylist(), plain.to_pylist(), strict=True)
                shown = pa.array(
                    [
                        self._shown(same or form.shown(number), int(rows[place]), int(columns[place]), number, text)
                        for place, number, text in cells
                    ],
                    pa.string(),
                )
            if form.is_struck:
                shown = pc.binary_join_element_wise(shown, _STRUCK, "")
            mask = np.zeros(len(texts), dtype=bool)
            mask[places] = True
            texts = pc.replace_with_mask(texts, pa.array(mask), shown)
        return texts

    @property
    def _epoch(self) -> datetime:
        return _EPOCH_1904 if self._epoch_1904 else _EPOCH

    def _dates(self, numbers: pa.Array, plain: pa.Array) -> pa.Array:
        """The dates of serials: a column has few different ones."""
        distinct = numbers.dictionary_encode()
        dates = pa.array([_date(number, self._epoch) for number in distinct.dictionary.to_pylist()], pa.string())
        return pc.coalesce(dates.take(distinct.indices), plain)

    def _shown(self, shown: Shown, row: int, column: int, number: float, plain: str) -> str:
        if shown.is_date:
            return _date(number, self._epoch) or plain
        if not re.fullmatch(_PLAIN, plain):
            return plain
        text = shown.text(plain)
        if number and (unit := name_of_unit(text)):
            self._units.setdefault((column, unit, bool(shown.power)), row)
        return text

    def finish(self, *, is_visible: bool) -> Sheet:
        """All cells as a sheet."""
        if not self._rows:
            return Sheet(self.name, is_visible, RawRows(pa.array([], pa.int64()), []), (), self._epoch_1904)
        rows, columns = np.concatenate(self._rows), np.concatenate(self._columns)
        texts = pa.concat_arrays(self._texts)
        self._texts.clear()
        order = np.argsort(columns, kind="stable")
        numbers, starts = np.unique(columns[order], return_index=True)
        arrays = []
        for places in np.split(order, starts[1:]):
            cell_of_row = np.full(self._last_row, -1, dtype=np.int64)
            cell_of_row[rows[places] - 1] = places
            if np.count_nonzero(cell_of_row >= 0) != len(places):
                raise FileRefused("file-not-readable", found="a cell that is there twice", sheet=self.name)
            arrays.append(texts.take(pa.array(cell_of_row, mask=cell_of_row < 0)))
        positions = {number: position for position, number in enumerate(numbers.tolist())}
        lines = pa.array(np.arange(1, self._last_row + 1, dtype=np.int64))
        scientific = {
            positions[number]: {row - 1: text for row, text in cells.items()}
            for number, cells in self._scientific.items()
        }
        units = tuple(UnitShown(positions[key[0]], *key[1:], line) for key, line in self._units.items())
        return Sheet(
            self.name,
            is_visible,
            RawRows(lines, arrays, scientific=scientific),
            tuple(self._merged_positions(numbers.tolist())),
            self._epoch_1904,
            units,
        )

    def _merged_positions(self, numbers: list[int]) -> list[tuple[int, int, int, int]]:
        """Merged ranges as positions among the rows and columns that are there; the first column must be."""
        found = []
        for first_row, last_row, first, last in self.merged:
            if first in self._used:
                inside = [position for position, number in enumerate(numbers) if first <= number <= last]
                found.append((first_row - 1, last_row - 1, inside[0], inside[-1]))
        return found


@lru_cache(maxsize=4096)
def _date(serial: float, epoch: datetime) -> str | None:
    """The date of a serial, with the time of day where there is one; None for what is no serial."""
    if not 0 <= serial <= _LAST_SERIAL:
        return None
    days, second = divmod(round(serial * _DAY), _DAY)
    day = epoch + timedelta(days=days, seconds=second)
    return day.isoformat(" ") if second else day.date().isoformat()


def _plain(number: float) -> str:
    """A double without an exponent; in scientific notation from where on it does not hold every whole number."""
    if not math.isfinite(number):
        return "#NUM!"
    if abs(number) >= _FIFTEEN_DIGITS:
        return f"{number:.5E}"
    exact = Decimal(repr(number))
    # Thirty places are far below a cent, and few enough for a number.
    return f"{exact:f}" if abs(number) >= 1e-12 or not number else f"{exact:.30f}".rstrip("0").rstrip(".")


def rows_and_columns(cells: Sequence[tuple[int, int]]) -> tuple[Any, Any]:
    """Places of cells as arrays of rows and of columns."""
    places = np.asarray(cells, dtype=np.int64).reshape(-1, 2)
    return places[:, 0], places[:, 1]
