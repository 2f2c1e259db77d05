"""Complete rows of an ``.xlsx`` in the one spelling that nearly all programs use, cut into cells by whole columns.

After a regular expression has proved every byte, the places of ``<`` tell where everything is. What is in any other
spelling is left to the XML parser (xlsx), which gives the same cells. Does not belong here: what a cell means.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.ingest.sheet_cells import LAST_COLUMN, LAST_ROW, Integers

KINDS = ("n", "s", "str", "b", "inlineStr")
"""The types of cells that are read here, in the order of their numbers; formulas and errors are the parser's."""

_EMPTY_ROWS = r"(?:<row [^<>]*/>|<row [^<>]*></row>)*"
_ROW = r"<row [^<>]*[^<>/]>"
PLAIN_TEXT = "[^<>&]*(?:&(?:amp|lt|gt|quot|apos);[^<>&]*)*"
"""A text of XML whose only references are those of :func:`without_entities`, as a regular expression."""
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&"))
_CELL = (
    r'<c r="[A-Z]{1,3}[1-9][0-9]{0,6}"(?: s="[0-9]{1,5}")?'
    rf'(?:(?: t="(?:n|s|str|b)")?(?:/>|>(?:<v>{PLAIN_TEXT}</v>)?</c>)'
    rf'| t="inlineStr">(?:<is><t(?: xml:space="preserve")?>{PLAIN_TEXT}</t></is>)?</c>)'
)
_FIRST = re.compile(rf'\s*{_EMPTY_ROWS}<row r="([1-9][0-9]{{0,6}})"[^<>]*(?<!/)>'.encode())
_MIDDLE = rf"^{_CELL}(?:</row>{_EMPTY_ROWS}{_ROW})?$"
_LAST = re.compile(rf"{_CELL}</row>{_EMPTY_ROWS}".encode())
_PRESERVED = '<t xml:space="preserve">'
_ROW_NUMBER = np.frombuffer(b'<row r="', dtype=np.uint8)
_ATTRIBUTES = re.compile(r'(?: s="([0-9]+)")?(?: t="([A-Za-z]+)")?')


@dataclass(frozen=True, slots=True)
class PlainCells:
    """Cells that hold a value, in order: rows and columns from 1, styles, positions in ``KINDS``, values as written.

    References of XML are still in the values (:func:`without_entities`).
    """

    rows: Integers
    columns: Integers
    styles: Integers
    kinds: Integers
    values: pa.Array


def cut_plain_rows(data: bytes, last_row: int) -> PlainCells | None:
    """The cells of complete rows below ``last_row``.

    None where anything in them is not in the usual spelling or order, or nothing holds a value.
    """
    try:
        data.decode()
    except UnicodeDecodeError:
        return None
    buffer = np.frombuffer(data, dtype=np.uint8)
    opening = np.flatnonzero(buffer == ord("<"))
    index = np.flatnonzero((buffer[opening + 1] == ord("c")) & (buffer[opening + 2] == ord(" ")))
    starts = opening[index]
    if not _is_usual(data, starts):
        return None
    rows = _rows(buffer, opening[np.append(index[1:], len(opening)) - 1], data, last_row)
    if rows is None:
        return None
    attributes_end = opening[index + 1] - 1
    values_at, values_end = _values(buffer, opening, index)
    held = np.flatnonzero(values_end > values_at)
    if not len(held):
        return None
    starts, values_at, values_end = starts[held] + 6, values_at[held], values_end[held]
    row_of_cell = rows.of_cell[held]
    columns, ends = _references(buffer, starts, rows.lengths[row_of_cell])
    numbers = rows.numbers[row_of_cell]
    in_order = bool((np.diff(numbers * (LAST_COLUMN + 1) + columns) > 0).all())
    is_same = (_words(data, ends, rows.lengths[row_of_cell]) == rows.words[row_of_cell]).all()
    if not in_order or not is_same or columns.max() > LAST_COLUMN or numbers[-1] > LAST_ROW:
        return None
    spelled = pc.dictionary_encode(_texts_between(buffer, ends + 1, attributes_end[held]))
    told = [match for text in spelled.dictionary.to_pylist() if (match := _ATTRIBUTES.fullmatch(text))]
    styles = np.asarray([int(match[1] or 0) for match in told], dtype=np.int64)
    kinds = np.asarray([KINDS.index(match[2] or "n") for match in told], dtype=np.int64)
    of_cell = spelled.indices.to_numpy()
    return PlainCells(numbers, columns, styles[of_cell], kinds[of_cell], _texts_between(buffer, values_at, values_end))


def _is_usual(data: bytes, starts: Integers) -> bool:
    """Whether all bytes of some rows, whose cells begin at ``starts``, are in the usual spelling."""
    if not len(starts) or not _FIRST.fullmatch(data, 0, starts[0]) or not _LAST.fullmatch(data, starts[-1]):
        return False
    middle = pa.StringArray.from_buffers(len(starts) - 1, pa.py_buffer(starts.astype(np.int32)), pa.py_buffer(data))
    return bool(pc.all(pc.match_substring_regex(middle, _MIDDLE), min_count=0).as_py())


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of some cells: the row of each cell by its position; number, digits and their count of each row."""

    of_cell: Integers
    numbers: Integers
    words: Any
    lengths: Integers


def _rows(buffer: Any, before_next: Integers, data: bytes, last_row: int) -> _Rows | None:
    """The rows of cells by the numbers of the rows; None where one has none or is not below the one before.

    ``before_next``: where the last element before the next cell begins.
    """
    first = _FIRST.match(data)
    starts_row = buffer[before_next + 1] == ord("r")
    starts_row[-1] = False
    numbers_at = before_next[starts_row]
    if first is None or (buffer[numbers_at[:, None] + np.arange(len(_ROW_NUMBER))] != _ROW_NUMBER).any():
        return None
    begin = np.concatenate([[first.start(1)], numbers_at + len(_ROW_NUMBER)])
    written = buffer[begin[:, None] + np.arange(8)]
    is_before_quote = np.cumsum(written == ord('"'), axis=1) == 0
    lengths = is_before_quote.sum(axis=1)
    if ((written < ord("0")) | (written > ord("9")))[is_before_quote].any() or not (lengths > 0).all():
        return None
    if lengths.max() == 8:
        return None
    numbers = np.zeros(len(begin), dtype=np.int64)
    for place in range(8):
        numbers = np.where(is_before_quote[:, place], numbers * 10 + written[:, place] - ord("0"), numbers)
    if numbers[0] <= last_row or (np.diff(numbers) <= 0).any():
        return None
    of_cell = np.concatenate([[0], np.cumsum(starts_row)[:-1]])
    return _Rows(of_cell, numbers, _words(data, begin + lengths, lengths), lengths)


def _values(buffer: Any, opening: Integers, index: Integers) -> tuple[Integers, Integers]:
    """Where the value of each cell begins and ends; both are the same where it has none.

    ``opening``: where elements begin and end; ``index``: which of them are cells.
    """
    is_inline = buffer[opening[index + 1] + 1] == ord("i")
    element = np.minimum(index + 1 + is_inline, len(opening) - 1)
    begin = opening[element]
    has_value = is_inline | (buffer[begin + 1] == ord("v"))
    begin = begin + np.where(buffer[begin + 2] == ord(" "), len(_PRESERVED), len("<v>"))
    return begin, np.where(has_value, opening[np.minimum(element + 1, len(opening) - 1)], begin)


def without_entities(texts: pa.Array) -> pa.Array:
    """Texts of XML with the characters that their references stand for."""
    if not pc.any(pc.match_substring(texts, "&"), min_count=0).as_py():
        return texts
    for reference, sign in _ENTITIES:
        texts = pc.replace_substring(texts, reference, sign)
    return texts


def _references(buffer: Any, starts: Integers, digits: Integers) -> tuple[Integers, Integers]:
    """Columns and ends of the references that begin at ``starts`` and have so many digits."""
    first, second, third = (buffer[starts + place].astype(np.int64) - (ord("A") - 1) for place in range(3))
    has_two = second > 0
    has_three = has_two & (third > 0)
    columns = np.where(has_two, first * 26 + second, first)
    columns = np.where(has_three, columns * 26 + third, columns)
    return columns, starts + 1 + has_two + has_three + digits


def _words(data: bytes, ends: Integers, lengths: Integers) -> Any:
    """The bytes, at most eight and at most ``lengths``, before each of the ``ends``, as one number each."""
    eight = np.ndarray((len(data) - 7,), dtype="<u8", buffer=data, strides=(1,))
    return eight[ends - 8] >> (8 * (8 - lengths)).astype(np.uint64)


def _texts_between(buffer: Any, starts: Integers, ends: Integers) -> pa.Array:
    """The texts from each start to its end; they do not overlap."""
    lengths = ends - starts
    offsets = np.zeros(len(starts) + 1, dtype=np.int32)
    np.cumsum(lengths, out=offsets[1:])
    places = np.arange(offsets[-1], dtype=np.int32) + np.repeat((starts - offsets[:-1]).astype(np.int32), lengths)
    return pa.StringArray.from_buffers(len(starts), pa.py_buffer(offsets), pa.py_buffer(buffer[places]))
