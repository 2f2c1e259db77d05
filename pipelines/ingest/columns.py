"""Whole columns of texts to typed Arrow columns with their faults.

A text of a canonical shape is cast by Arrow after a regular expression has proved the shape; every other distinct
text is read once by the pure functions of ``pipelines.ingest.cells``. Both give the same (a property test holds them
to it). Does not belong here: what a cell means (cells), which column a header is (headers).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, partial

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.contracts.model import Blank, Column, Kind
from pipelines.ingest import cells
from pipelines.ingest.cells import Fault, Reading

ARROW_TYPES: dict[Kind, pa.DataType] = {
    Kind.TEXT: pa.string(),
    Kind.CODE: pa.string(),
    Kind.AMOUNT: pa.decimal128(18, 2),
    Kind.RATIO: pa.decimal128(18, 6),
    Kind.PERCENT: pa.decimal128(14, 2),
    Kind.DATE: pa.date32(),
    Kind.INTEGER: pa.int64(),
    Kind.FLAG: pa.bool_(),
}
"""The Arrow type in which a column of a kind is handed on."""

_PLAIN = r"[^\s\p{C}\x{FF10}-\x{FF5A}\x{3000}()]"
_CANONICAL_TEXT = f"^{_PLAIN}(?: ?{_PLAIN})*$"
_EMPTY_TEXT = "(?i)^(?:" + "|".join(re.escape(dash) for dash in sorted(cells.DASHES)) + ")$"


@dataclass(frozen=True, slots=True)
class Manner:
    """How the cells of one column are written: unit in yuan, decimal sign, scale of bare ratios, workbook or text."""

    factor: int = 1
    decimal_comma: bool = False
    percent: bool = False
    from_double: bool = False
    epoch_1904: bool = False
    hash_secret: bytes = b""


@dataclass(slots=True)
class ReadColumn:
    """The values of a column; ``faulty`` are positions of cells with a fault, ``faults`` the faults beside them.

    ``names`` are the names that were split off codes (None: none was).
    """

    values: pa.Array
    faulty: list[int] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    names: pa.Array | None = None


def read_column(column: Column, texts: pa.Array, manner: Manner) -> ReadColumn:
    """Read the cells of one column; a null text is an empty cell."""
    if column.kind is Kind.AMOUNT:
        return _read_amounts(column, texts, manner)
    encoded = texts if pa.types.is_dictionary(texts.type) else pc.dictionary_encode(texts)
    distinct = encoded.dictionary
    canonical = _canonical(column, manner, distinct)
    values: list[object] = distinct.to_pylist() if canonical is not None else [None] * len(distinct)
    reader = _reader(column, manner)
    faults: dict[int, Fault] = {}
    names: dict[int, str] = {}
    others = range(len(distinct)) if canonical is None else pc.indices_nonzero(pc.invert(canonical)).to_pylist()
    for position in others:
        reading = reader(distinct[position].as_py() or "")
        values[position] = reading.value
        if reading.fault:
            faults[position] = reading.fault
        if reading.name:
            names[position] = reading.name
    typed = distinct if canonical is not None and not others else pa.array(values, ARROW_TYPES[column.kind])
    result = ReadColumn(typed.take(encoded.indices))
    if faults:
        hit = pc.is_in(encoded.indices, pa.array(list(faults), encoded.indices.type))
        result.faulty = pc.indices_nonzero(hit).to_pylist()
        result.faults = [faults[index] for index in encoded.indices.take(pa.array(result.faulty)).to_pylist()]
    if names:
        result.names = pa.array([names.get(i) for i in range(len(distinct))], pa.string()).take(encoded.indices)
    return result


def _canonical(column: Column, manner: Manner, distinct: pa.Array) -> pa.Array | None:
    """Which distinct texts are their own value; None where the kind has no such texts."""
    if manner.hash_secret:
        return None
    if column.kind is Kind.TEXT:
        pattern = _CANONICAL_TEXT
    elif column.kind is Kind.CODE and column.pattern and not column.codes and not column.digits:
        pattern = "^(?:" + column.pattern.replace(r"\d", "[0-9]") + ")$"
    else:
        return None
    empty = pc.match_substring_regex(distinct, _EMPTY_TEXT)
    return pc.and_(pc.match_substring_regex(distinct, pattern), pc.invert(empty))


def _reader(column: Column, manner: Manner) -> Callable[[str], Reading]:
    if manner.hash_secret:
        return partial(hash_account, secret=manner.hash_secret)
    match column.kind:
        case Kind.CODE:
            return partial(cells.parse_code, column=column)
        case Kind.FLAG:
            return partial(cells.parse_flag, column=column)
        case Kind.DATE:
            return partial(cells.parse_date, epoch_1904=manner.epoch_1904)
        case Kind.RATIO:
            return partial(cells.parse_ratio, percent=manner.percent, decimal_comma=manner.decimal_comma)
        case Kind.INTEGER:
            return cells.parse_integer
        case Kind.TEXT:
            return cells.parse_text
    raise ValueError(f"no cell of an export is of kind {column.kind}")


def hash_account(text: str, *, secret: bytes) -> Reading:
    """The keyed hash of an account (16 bytes in hexadecimal digits); spellings of one account give one hash."""
    account = cells.fold(text).replace("-", "")
    if not account:
        return cells.EMPTY
    return Reading(hmac.new(secret, account.encode(), hashlib.sha256).hexdigest()[:32])


def _read_amounts(column: Column, texts: pa.Array, manner: Manner) -> ReadColumn:
    if pa.types.is_dictionary(texts.type):
        texts = texts.cast(pa.string())
    scale = _decimal_places(manner.factor)
    if scale is None or manner.decimal_comma:
        canonical = pa.array([False]).take(pa.array([0] * len(texts), pa.int8()))
    else:
        canonical = pc.fill_null(pc.match_substring_regex(texts, _amount_pattern(scale)), False)
    if pc.all(canonical).as_py():
        return ReadColumn(_cast(texts, scale or 0))
    amounts = _cast(pc.if_else(canonical, texts, pa.scalar(None, pa.string())), scale or 0)
    others = pc.indices_nonzero(pc.invert(canonical))
    encoded = pc.dictionary_encode(texts.take(others))
    readings = [
        cells.parse_amount(
            text or "",
            manner.factor,
            blank=column.blank,
            decimal_comma=manner.decimal_comma,
            from_double=manner.from_double,
        )
        for text in encoded.dictionary.to_pylist()
    ]
    distinct = pa.array([reading.value for reading in readings], ARROW_TYPES[Kind.AMOUNT])
    read = distinct.take(encoded.indices)
    if column.blank is Blank.ZERO:
        read = pc.if_else(pc.is_null(encoded.indices), pa.scalar(0, pa.int32()).cast(ARROW_TYPES[Kind.AMOUNT]), read)
    result = ReadColumn(pc.replace_with_mask(amounts, pc.invert(canonical), read))
    faulty = {position: reading.fault for position, reading in enumerate(readings) if reading.fault}
    if faulty:
        hit = pc.is_in(encoded.indices, pa.array(list(faulty), encoded.indices.type))
        positions = pc.indices_nonzero(hit)
        result.faulty = others.take(positions).to_pylist()
        result.faults = [faulty[index] for index in encoded.indices.take(positions).to_pylist()]
    return result


@lru_cache(maxsize=16)
def _decimal_places(factor: int) -> int | None:
    """The power of ten that the unit is (0 for yuan, 4 for 万元), None if it is none."""
    text = str(factor)
    return len(text) - 1 if text == "1" + "0" * (len(text) - 1) else None


@lru_cache(maxsize=16)
def _amount_pattern(scale: int) -> str:
    return rf"^-?[0-9]{{1,{14 - scale}}}(\.[0-9]{{1,{2 + scale}}})?$"


def _cast(texts: pa.Array, scale: int) -> pa.Array:
    """Texts of the canonical shape as yuan: 1.2 万元 and 12000.00 yuan are the same count of cents."""
    in_units = texts.cast(pa.decimal128(18, 2 + scale))
    buffers = in_units.buffers()
    return pa.Array.from_buffers(ARROW_TYPES[Kind.AMOUNT], len(in_units), buffers, offset=in_units.offset)
