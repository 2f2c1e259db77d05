"""Rows as delivered: texts in Arrow columns with their lines, before anybody has asked what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from pipelines.contracts.arrow_types import decoded, is_encoded


@dataclass(slots=True)
class RawRows:
    """Some consecutive rows: line numbers (int64), one string column per physical column (null: an empty cell).

    A column may be dictionary-encoded; its dictionary has the texts of these rows and no others. ``ragged`` maps the
    position of a row that has not as many cells as the table to the number that it has. ``scientific`` maps the
    positions of a column and a row to the stored spelling of a number whose digits were cut off by the program that
    wrote it: it is a number, but no code.
    """

    lines: pa.Array
    columns: list[pa.Array]
    ragged: dict[int, int] = field(default_factory=dict)
    scientific: dict[int, dict[int, str]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.lines)

    @classmethod
    def from_records(cls, lines: Sequence[int], records: Sequence[Sequence[str]], width: int) -> RawRows:
        """Rows from lists of cells. Empty cells beyond ``width`` are no cells; other rows of another width are ragged.

        A record without any cell is a blank line and has ``width`` empty cells.
        """
        ragged: dict[int, int] = {}
        even: list[Sequence[str | None]] = []
        for position, record in enumerate(records):
            cells: list[str | None] = [cell or None for cell in record]
            while len(cells) > width and cells[-1] is None:
                cells.pop()
            if len(cells) != width:
                if any(cell is not None and cell.strip() for cell in cells):
                    ragged[position] = len(cells)
                cells = cells[:width] + [None] * (width - len(cells))
            even.append(cells)
        columns = list(zip(*even, strict=True)) if even else [()] * width
        return cls(
            pa.array(np.asarray(lines, dtype=np.int64)), [pa.array(column, pa.string()) for column in columns], ragged
        )

    def slice(self, start: int, length: int | None = None) -> RawRows:
        """The rows from ``start`` on, at most ``length`` of them."""
        end = len(self) if length is None else min(len(self), start + length)
        return RawRows(
            self.lines.slice(start, end - start),
            [_part(column, start, end - start) for column in self.columns],
            {position - start: width for position, width in self.ragged.items() if start <= position < end},
            {
                column: {position - start: text for position, text in cells.items() if start <= position < end}
                for column, cells in self.scientific.items()
            },
        )


def _part(column: pa.Array, start: int, length: int) -> pa.Array:
    """Some rows of a column. Arrow would leave the others' texts in the dictionary, where they would be judged too."""
    part = column.slice(start, length)
    return decoded(part).dictionary_encode() if is_encoded(column) and length < len(column) else part


def concatenate(parts: Sequence[RawRows]) -> RawRows:
    """Several runs of rows as one."""
    if len(parts) == 1:
        return parts[0]
    ragged: dict[int, int] = {}
    offset = 0
    for part in parts:
        ragged.update({position + offset: width for position, width in part.ragged.items()})
        offset += len(part)
    columns = [pa.concat_arrays(map(decoded, run)) for run in zip(*(part.columns for part in parts), strict=True)]
    return RawRows(pa.concat_arrays([part.lines for part in parts]), columns, ragged)
