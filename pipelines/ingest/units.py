"""The unit of a sheet that names none in a workbook whose other sheets do, or whose number formats show another one.

A sheet without a unit beside sheets in 万元 (or 千元 …) may be in yuan or in the unit of its neighbours. What they sum
decides: projects that add up to what the departments of another sheet add up to are in its unit.
A number that its format shows divided is stored in yuan; on a sheet in yuan both say the same. Any other format that
shows another unit than the sheet names contradicts it. Where nothing decides, nothing is guessed.
Does not belong here: units that a table, its headers or its cells name (headers, cells).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.contracts.model import Kind
from pipelines.ingest.cells import UNIT_FACTORS, unit_name
from pipelines.ingest.columns import ReadingOptions, Texts, read_column
from pipelines.ingest.headers import Header, Recognised, Unit
from pipelines.ingest.model import FileRefused
from pipelines.ingest.raw_rows import RawRows
from pipelines.ingest.sheet_cells import UnitShown
from pipelines.ingest.totals import total_scope

_MILLION = 1_000_000
"""Amounts are read as millions, which keeps the places that 万元 have behind the point."""
_SHOWN = re.compile(r"(-?[0-9.]+)([^0-9/ ]*)(?: / (-?[0-9.]+)元)?")
"""A number as its format shows it, exactly; behind a stroke the yuan that are stored."""
Sums = dict[str, Decimal]
"""Amount column → what its rows sum to, in the unit of the sheet."""


class WorkbookUnits:
    """What the sheets of a workbook say of their units, and what they sum to."""

    def __init__(self) -> None:
        self._stated: dict[int, list[Sums]] = {}

    def note(self, recognised: Recognised, rows: RawRows) -> None:
        """Notes a table that names its unit."""
        if recognised.unit.is_stated and recognised.unit.factor not in (None, 1):
            self._stated.setdefault(recognised.unit.factor, []).append(_sums(recognised, rows))

    def decided(self, recognised: Recognised, rows: RawRows, *, sheet: str, line: int) -> Recognised:
        """A table without a unit in the unit that its sums tell.

        Raises ``FileRefused`` with both readings where other sheets have another unit than yuan and sums tell none.
        """
        if not self._stated:
            return recognised
        own = _sums(recognised, rows)
        factors = {factor for factor, tables in self._stated.items() if any(_agree(own, sums, 1) for sums in tables)}
        is_yuan = any(_agree(own, sums, factor) for factor, tables in self._stated.items() for sums in tables)
        if is_yuan and not factors:
            return recognised
        if len(factors) == 1 and not is_yuan:
            return replace(recognised, unit=Unit(factors.pop(), is_stated=False))
        factor = next(iter(self._stated))
        amount = max(own.values(), key=abs, default=Decimal(0))
        raise FileRefused(
            "unit-on-other-sheet-only",
            found=f"{amount:,} 元",
            expected=f"{amount:,} {unit_name(factor)} = {amount * factor:,} 元",
            sheet=sheet,
            line=line,
            remedy="Write 单位：元 or 单位：万元 above the header of this sheet too.",
            remedy_zh="请在该工作表表头上方同样注明“单位：元”或“单位：万元”。",
        )


def settled_formats(recognised: Recognised, rows: RawRows, shown: Sequence[UnitShown], *, sheet: str) -> RawRows:
    """The rows with amounts whose formats show them divided on a sheet in yuan as the yuan that are stored.

    Raises ``FileRefused`` with both readings where formats contradict the unit that the sheet or the header names.
    """
    for header in recognised.headers:
        units = [unit for unit in shown if unit.position == header.index]
        if not units or header.column is None or header.column.kind is not Kind.AMOUNT:
            continue
        factor = header.factor or recognised.unit.factor
        stated = factor if recognised.unit.is_stated else None
        encoded = Texts(rows.columns[header.index]).encoded
        texts = encoded.dictionary.to_pylist()
        readings = [_readings(text, units, stated) for text in texts]
        if any(found and found[0] != found[1] for found in readings):
            _refuse_formats(header, rows, readings, _is_total(recognised, rows), sheet=sheet)
        if stated == 1:
            yuan = [f"{found[0]:f}" if found else text for found, text in zip(readings, texts, strict=True)]
            rows.columns[header.index] = pa.array(yuan, pa.string()).take(encoded.indices)
    return rows


def _readings(text: str | None, units: Sequence[UnitShown], factor: int | None) -> tuple[Decimal, Decimal] | None:
    """The yuan of a shown number by its format and by the unit of the sheet (``factor``; None: it names none).

    None where no format shows a unit.
    """
    match = _SHOWN.fullmatch(text or "")
    if match is None or not (match[2] or match[3]):
        return None
    value, own = Decimal(match[1]), UNIT_FACTORS.get(match[2].casefold())
    if match[3]:
        return Decimal(match[3]), value * (own or factor or 1)
    kind = next((unit for unit in units if own and unit.unit == unit_name(own)), None)
    if kind is None or own is None:
        return None
    by_format = value * own
    return by_format, by_format if factor is None or (kind.is_scaled and factor == 1) else value * factor


def _refuse_formats(
    header: Header,
    rows: RawRows,
    readings: Sequence[tuple[Decimal, Decimal] | None],
    is_total: pa.Array,
    *,
    sheet: str,
) -> None:
    """Refuses a file with what the doubtful amounts of a column, without totals, sum to in either reading."""
    encoded = Texts(rows.columns[header.index]).encoded
    doubtful = [i for i, found in enumerate(readings) if found and found[0] != found[1]]
    is_doubtful = pc.fill_null(pc.is_in(encoded.indices, pa.array(doubtful, encoded.indices.type)), False)
    facts = pc.and_(is_doubtful, pc.invert(is_total))
    chosen = facts if pc.any(facts).as_py() else is_doubtful
    told = [found for i in encoded.indices.filter(chosen).to_pylist() if (found := readings[i])]
    position = pc.index(chosen, True).as_py()
    by_format, by_sheet = (sum((found[place] for found in told), Decimal(0)) for place in (0, 1))
    raise FileRefused(
        "number-format-contradicts-unit",
        found=f"{encoded.dictionary[encoded.indices[position].as_py()].as_py()} ({header.shown}) = {by_format:,.2f} 元",
        expected=f"{by_sheet:,.2f} 元",
        sheet=sheet,
        line=rows.lines[position].as_py(),
        remedy="Correct the number format of the cells or the unit that the sheet names.",
        remedy_zh="请更正单元格的数字格式或工作表注明的单位。",
    )


def _sums(recognised: Recognised, rows: RawRows) -> Sums:
    """What the amounts of a table sum to, without rows that a label calls totals."""
    is_total = _is_total(recognised, rows)
    sums: Sums = {}
    for header in recognised.headers:
        if header.column and header.column.kind is Kind.AMOUNT and header.index < len(rows.columns):
            texts = Texts(rows.columns[header.index])
            # Millions keep the places that amounts in 万元 have behind the point.
            values = read_column(
                header.column, texts, ReadingOptions(factor=1_000_000, is_stated=False, from_double=True)
            ).values
            added = pc.sum(values.filter(pc.invert(is_total))).as_py()
            if added:
                sums[header.column.name] = added / 1_000_000
    return sums


def _is_total(recognised: Recognised, rows: RawRows) -> pa.Array:
    """Which rows a label calls totals."""
    is_total = pa.array(np.zeros(len(rows), dtype=bool))
    for header in recognised.headers:
        if header.column and header.column.kind is Kind.TEXT and header.index < len(rows.columns):
            encoded = Texts(rows.columns[header.index]).encoded
            words = [i for i, text in enumerate(encoded.dictionary.to_pylist()) if text and total_scope(text)]
            is_word = pc.is_in(encoded.indices, pa.array(words, encoded.indices.type))
            is_total = pc.or_(is_total, pc.fill_null(is_word, False))
    return is_total


def _agree(own: Sums, other: Sums, factor: int) -> bool:
    """Whether two tables sum to the same in a column, the other one in a unit of ``factor``."""
    return any(own[name] == other[name] * factor for name in own.keys() & other.keys())
