"""The unit of a sheet that names none, in a workbook whose other sheets are in 万元 (or 千元 …).

Such a sheet may be in yuan or in the unit of its neighbours. What the sheets sum decides: projects that add up to what
the departments of another sheet add up to are in its unit. Where sums say nothing, nothing is guessed.
Does not belong here: units that a table, its headers or its cells name (headers, cells).
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.contracts.model import Kind
from pipelines.ingest.cells import unit_name
from pipelines.ingest.columns import Manner, Texts, read_column
from pipelines.ingest.headers import Recognised, Unit
from pipelines.ingest.model import FileRefused
from pipelines.ingest.raw_rows import RawRows
from pipelines.ingest.totals import total_scope

_MILLION = 1_000_000
"""Amounts are read as millions, which keeps the places that 万元 have behind the point."""
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


def _sums(recognised: Recognised, rows: RawRows) -> Sums:
    """What the amounts of a table sum to, without rows that a label calls totals."""
    is_total = pa.array([False] * len(rows))
    for header in recognised.headers:
        if header.column and header.column.kind is Kind.TEXT and header.index < len(rows.columns):
            encoded = Texts(rows.columns[header.index]).encoded
            words = [i for i, text in enumerate(encoded.dictionary.to_pylist()) if text and total_scope(text)]
            is_total = pc.or_(
                is_total, pc.fill_null(pc.is_in(encoded.indices, pa.array(words, encoded.indices.type)), False)
            )
    sums: Sums = {}
    for header in recognised.headers:
        if header.column and header.column.kind is Kind.AMOUNT and header.index < len(rows.columns):
            texts = Texts(rows.columns[header.index])
            # Millions keep the places that amounts in 万元 have behind the point.
            values = read_column(
                header.column, texts, Manner(factor=1_000_000, is_stated=False, from_double=True)
            ).values
            added = pc.sum(values.filter(pc.invert(is_total))).as_py()
            if added:
                sums[header.column.name] = added / 1_000_000
    return sums


def _agree(own: Sums, other: Sums, factor: int) -> bool:
    """Whether two tables sum to the same in a column, the other one in a unit of ``factor``."""
    return any(own[name] == other[name] * factor for name in own.keys() & other.keys())
