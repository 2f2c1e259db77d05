"""What a cell beside an amount says of its row: that the money came back, or that the row no longer counts.

Does not belong here: the words (contracts.words), what follows for the row (tables).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from pipelines.contracts.model import Column, Kind, Marks
from pipelines.contracts.words import DANGEROUS, MARK_COLUMNS, TRADITIONAL, MarkColumn, RowMark
from pipelines.ingest.cells import fold, is_empty
from pipelines.ingest.headers import fold_header


def mark_values(path: Sequence[str], kind: Marks) -> MarkColumn | None:
    """The column of marks that a header is in a dataset of that kind, None if it is none."""
    column = None if kind is Marks.NONE else _columns().get(fold_header(path[-1])[0].translate(TRADITIONAL))
    return None if column and column.gives_sign and kind is not Marks.SIGNED else column


def mark_of(text: str, column: MarkColumn | None) -> RowMark | None:
    """What a cell says of its row; None: something that nobody knows and that may change the row."""
    word = _word(text)
    if column is not None and (mark := _values(column).get(word)) is not None:
        return mark
    if is_empty(text):
        return RowMark.COUNTS
    if column is not None and not column.is_open:
        return None
    return None if DANGEROUS.fullmatch(word) else RowMark.COUNTS


def is_negative(mark: RowMark | None, kind: Marks) -> bool:
    """Whether an amount with this mark counts negative, whatever sign it was delivered with."""
    return (mark, kind) in {(RowMark.REVERSES, Marks.APPLIED), (RowMark.DECREASES, Marks.SIGNED)}


def may_undo(column: Column | None, kind: Marks) -> bool:
    """Whether a column is free text in which a single word (作废) may say that a payment is none."""
    return kind is Marks.APPLIED and column is not None and column.kind is Kind.TEXT and column.is_free_text


def undoes(text: str) -> bool:
    """Whether a remark or a purpose says nothing but that its row is none, or that its money came back."""
    return DANGEROUS.fullmatch(_word(text)) is not None


def _word(text: str) -> str:
    return fold(text).removesuffix(".0").translate(TRADITIONAL)


@cache
def _columns() -> Mapping[str, MarkColumn]:
    return {fold_header(header)[0]: column for column in MARK_COLUMNS for header in column.headers}


@cache
def _values(column: MarkColumn) -> Mapping[str, RowMark]:
    return {fold(text): mark for text, mark in column.values}
