"""What a cell beside an amount says of its row: that the money came back, or that the row no longer counts.

Does not belong here: the words (contracts.words), what follows for the row (tables).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from pipelines.contracts.words import DANGEROUS, MARK_COLUMNS, TRADITIONAL, MarkColumn, RowMark
from pipelines.ingest.cells import fold
from pipelines.ingest.headers import fold_header


def mark_values(path: Sequence[str]) -> MarkColumn | None:
    """The column of marks that a header is, None if it is none."""
    return _columns().get(fold_header(path[-1])[0].translate(TRADITIONAL))


def mark_of(text: str, column: MarkColumn | None) -> RowMark | None:
    """What a cell says of its row; None: something that nobody knows and that may change the row."""
    word = fold(text).removesuffix(".0").translate(TRADITIONAL)
    if column is not None and (mark := _values(column).get(word)) is not None:
        return mark
    if column is not None and not column.is_open:
        return None
    return None if DANGEROUS.fullmatch(word) else RowMark.COUNTS


@cache
def _columns() -> Mapping[str, MarkColumn]:
    return {fold_header(header)[0]: column for column in MARK_COLUMNS for header in column.headers}


@cache
def _values(column: MarkColumn) -> Mapping[str, RowMark]:
    return {fold(text): mark for text, mark in column.values}
