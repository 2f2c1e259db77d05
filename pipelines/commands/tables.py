"""Tables in a terminal's fixed-width font, where a Chinese character takes two cells.

Does not belong here: which rows are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from rich.cells import cell_len

from pipelines.printable import printable
from pipelines.reports.result_files import as_text


def format_table(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Heads and rows aligned, columns of numbers to the right; a head may have several lines.

    Line breaks inside a value become spaces, so that one row is one line; other controls are written out.
    """
    texts = [[printable(" ".join(as_text(value).splitlines())) for value in row] for row in rows]
    head_lines = [head.split("\n") for head in heads]
    height = max((len(lines) for lines in head_lines), default=0)
    above = [[lines[line] if line < len(lines) else "" for lines in head_lines] for line in range(height)]
    widths = [max(cell_len(line[position]) for line in [*above, *texts]) for position in range(len(heads))]
    to_right = [_is_numeric([row[position] for row in rows]) for position in range(len(heads))]

    def aligned(cells: Sequence[str]) -> str:
        padded = []
        for cell, width, right in zip(cells, widths, to_right, strict=True):
            blank = " " * (width - cell_len(cell))
            padded.append(blank + cell if right else cell + blank)
        return "  ".join(padded).rstrip()

    return "\n".join([*map(aligned, above), "  ".join("─" * width for width in widths), *map(aligned, texts)])


class Number(str):
    """A number written for reading (``87,781,700.00``, ``78.33 %``), or ``–`` for none: aligned as a number."""

    __slots__ = ()


def _is_numeric(values: Sequence[Any]) -> bool:
    """Whether there are numbers among the values and nothing else but NULL."""
    known = [value for value in values if value is not None]
    return bool(known) and all(type(value) in (int, Decimal, float, Number) for value in known)
