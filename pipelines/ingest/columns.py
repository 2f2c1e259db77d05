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
from functools import cached_property, lru_cache, partial

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.contracts.arrow_types import ARROW_TYPES
from pipelines.contracts.model import Column, Kind
from pipelines.ingest import cells
from pipelines.ingest.cells import Fault, Reading
from pipelines.ingest.personal import column_without_numbers
from pipelines.scratch import scratch

_PLAIN = r"[^\s\p{C}\x{FF10}-\x{FF5A}\x{3000}()]"
_CANONICAL_TEXT = f"^{_PLAIN}(?: ?{_PLAIN})*$"
_EMPTY_TEXT = "(?i)^(?:" + "|".join(re.escape(dash) for dash in sorted(cells.DASHES)) + ")$"
_SAMPLE = 2_000
_HASH_BYTES = 8


class Texts:
    """The cells of one column as delivered (null: an empty cell), dictionary-encoded at most once."""

    def __init__(self, strings: pa.Array) -> None:
        self.strings = strings

    def __len__(self) -> int:
        return len(self.strings)

    @cached_property
    def encoded(self) -> pa.DictionaryArray:
        """The same cells as indices into the distinct texts."""
        return pc.dictionary_encode(self.strings)

    @cached_property
    def is_varied(self) -> bool:
        """Whether most of the first cells differ, so that looking at distinct texts saves nothing."""
        sample = self.strings.slice(0, _SAMPLE)
        return len(sample) >= _SAMPLE and pc.count_distinct(sample).as_py() > len(sample) / 2

    @cached_property
    def is_plain(self) -> bool:
        """Whether the column is varied and every cell of it has digits, or digits and ASCII letters: no words."""
        if not self.is_varied or not pc.all(pc.ascii_is_alnum(self.strings), skip_nulls=True).as_py():
            return False
        return not pc.any(pc.ascii_is_alpha(self.strings), skip_nulls=True).as_py()

    def without_numbers(self) -> Texts:
        """The same cells without the numbers that may identify a person."""
        if self.is_varied:
            masked = column_without_numbers(self.strings)
            return self if masked is self.strings else Texts(masked)
        distinct = column_without_numbers(self.encoded.dictionary)
        return self if distinct is self.encoded.dictionary else Texts(distinct.take(self.encoded.indices))


@dataclass(frozen=True, slots=True)
class Manner:
    """How the cells of one column are written.

    ``factor``: yuan in one unit (None: every cell has its own unit). ``is_stated``: the table says so.
    ``decimal_comma``: the comma is the decimal sign. ``percent``: bare ratios are in percent. ``from_double``: number
    cells of a workbook. ``epoch_1904``: Excel's other epoch. ``date_order``: of dates that begin with day or month.
    ``hash_secret``: the cells are accounts and stand as their keyed hash.
    """

    factor: int | None = 1
    is_stated: bool = True
    decimal_comma: bool = False
    percent: bool = False
    from_double: bool = False
    epoch_1904: bool = False
    date_order: cells.DateOrder = cells.DateOrder.YMD
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


def read_column(column: Column, texts: Texts, manner: Manner) -> ReadColumn:
    """Read the cells of one column."""
    if column.kind is Kind.AMOUNT:
        return _read_amounts(column, texts.strings, manner)
    pattern = None if manner.hash_secret else _canonical_pattern(column)
    if column.kind is Kind.TEXT and texts.is_plain:
        return ReadColumn(_hashed(texts.strings, manner.hash_secret) if manner.hash_secret else texts.strings)
    if pattern and texts.is_varied and pc.all(_is_canonical(texts.strings, pattern), skip_nulls=True).as_py():
        return ReadColumn(texts.strings)
    return _read_distinct(column, texts, manner, pattern)


def _read_distinct(column: Column, texts: Texts, manner: Manner, pattern: str | None) -> ReadColumn:
    indices, distinct = texts.encoded.indices, texts.encoded.dictionary
    others: list[int] = list(range(len(distinct)))
    if pattern:
        others = pc.indices_nonzero(pc.invert(_is_canonical(distinct, pattern))).to_pylist()
        if not others:
            return ReadColumn(texts.strings)
    readings = list(map(_reader(column, manner), distinct.take(pa.array(others, pa.int32())).to_pylist()))
    values: list[object] = distinct.to_pylist() if pattern else [None] * len(distinct)
    for position, reading in zip(others, readings, strict=True):
        values[position] = reading.value
    result = ReadColumn(pa.array(values, ARROW_TYPES[column.kind]).take(indices))
    faults = {position: reading.fault for position, reading in zip(others, readings, strict=True) if reading.fault}
    if faults:
        hit = pc.indices_nonzero(pc.is_in(indices, pa.array(list(faults), indices.type)))
        result.faulty = hit.to_pylist()
        result.faults = [faults[index] for index in indices.take(hit).to_pylist()]
    if any(reading.name for reading in readings):
        names = dict(zip(others, (reading.name for reading in readings), strict=True))
        result.names = pa.array([names.get(i) for i in range(len(distinct))], pa.string()).take(indices)
    return result


def _is_canonical(texts: pa.Array, pattern: str) -> pa.Array:
    empty = pc.match_substring_regex(texts, _EMPTY_TEXT)
    return pc.and_(pc.match_substring_regex(texts, pattern), pc.invert(empty))


def _canonical_pattern(column: Column) -> str | None:
    """What a text looks like that is its own value; None where the kind has no such texts."""
    if column.kind is Kind.TEXT:
        return _CANONICAL_TEXT
    if column.kind is Kind.CODE and column.pattern and not column.codes and not column.digits:
        return "^(?:" + column.pattern.replace(r"\d", "[0-9]") + ")$"
    return None


def _reader(column: Column, manner: Manner) -> Callable[[str], Reading]:
    if manner.hash_secret:
        return partial(hash_account, secret=manner.hash_secret)
    if column.name == "district_code":
        return cells.parse_district
    readers: dict[Kind, Callable[[str], Reading]] = {
        Kind.CODE: partial(cells.parse_code, column=column),
        Kind.FLAG: partial(cells.parse_flag, column=column),
        Kind.DATE: partial(cells.parse_date, epoch_1904=manner.epoch_1904, order=manner.date_order),
        Kind.RATIO: partial(cells.parse_ratio, percent=manner.percent, decimal_comma=manner.decimal_comma),
        Kind.INTEGER: cells.parse_integer,
        Kind.TEXT: cells.parse_text,
    }
    return readers[column.kind]


def hash_account(text: str, *, secret: bytes) -> Reading:
    """The keyed hash (HMAC-SHA-256, its first 8 bytes, hexadecimal) of an account; its spellings give one hash.

    Of ten million accounts, two share a hash with a probability of three in a million.
    """
    if cells.is_scientific(text):
        return Reading(None, Fault("code-in-scientific-notation", text))
    account = text if text.isalnum() and text.isascii() else cells.fold(text).replace("-", "")
    if not account:
        return cells.EMPTY
    return Reading(hmac.digest(secret, account.lower().encode(), "sha256")[:_HASH_BYTES].hex())


def _hashed(accounts: pa.Array, secret: bytes) -> pa.Array:
    """What ``hash_account`` gives for accounts that are all digits, and so spelled in one way; by DuckDB, which is
    faster for the hundred thousands of a year's payments."""
    distinct = pc.dictionary_encode(accounts)
    inner, outer = _padded(secret)
    with scratch() as connection:
        connection.register("account", pa.table({"account": distinct.dictionary}))
        digests = connection.sql(
            "select left(sha256($outer::blob || unhex(sha256($inner::blob || encode(account)))), $digits) as digest"
            " from account",
            params={"inner": inner, "outer": outer, "digits": 2 * _HASH_BYTES},
        ).to_arrow_table()
    return digests["digest"].combine_chunks().take(distinct.indices)


def _padded(secret: bytes) -> tuple[bytes, bytes]:
    """The inner and the outer key of an HMAC (RFC 2104) over SHA-256."""
    block = 64
    key = (hashlib.sha256(secret).digest() if len(secret) > block else secret).ljust(block, b"\0")
    return bytes(byte ^ 0x36 for byte in key), bytes(byte ^ 0x5C for byte in key)


def _read_amounts(column: Column, texts: pa.Array, manner: Manner) -> ReadColumn:
    scale = _decimal_places(manner.factor) if manner.factor else None
    if scale is None or manner.decimal_comma:
        return _read_amounts_one_by_one(column, texts, manner)
    canonical = pc.fill_null(pc.match_substring_regex(texts, _amount_pattern(scale)), False)
    if pc.all(canonical).as_py():
        return ReadColumn(_cast(texts, scale))
    amounts = _cast(pc.if_else(canonical, texts, pa.scalar(None, pa.string())), scale)
    positions = pc.indices_nonzero(pc.invert(canonical))
    others = _read_amounts_one_by_one(column, texts.take(positions), manner)
    return ReadColumn(
        pc.replace_with_mask(amounts, pc.invert(canonical), others.values),
        positions.take(pa.array(others.faulty, pa.int64())).to_pylist(),
        others.faults,
    )


def _read_amounts_one_by_one(column: Column, texts: pa.Array, manner: Manner) -> ReadColumn:
    encoded = pc.dictionary_encode(texts, null_encoding="encode")
    readings = [
        cells.parse_amount(
            text or "",
            manner.factor,
            is_stated=manner.is_stated,
            blank=column.blank,
            decimal_comma=manner.decimal_comma,
            from_double=manner.from_double,
        )
        for text in encoded.dictionary.to_pylist()
    ]
    values = pa.array([reading.value for reading in readings], ARROW_TYPES[Kind.AMOUNT])
    result = ReadColumn(values.take(encoded.indices))
    faults = {position: reading.fault for position, reading in enumerate(readings) if reading.fault}
    if faults:
        hit = pc.indices_nonzero(pc.is_in(encoded.indices, pa.array(list(faults), encoded.indices.type)))
        result.faulty = hit.to_pylist()
        result.faults = [faults[index] for index in encoded.indices.take(hit).to_pylist()]
    return result


def _decimal_places(factor: int) -> int | None:
    """The power of ten that the unit is (0 for yuan, 4 for 万元), None if it is none."""
    zeros = len(str(factor)) - 1
    return zeros if factor == 10**zeros else None


@lru_cache(maxsize=16)
def _amount_pattern(scale: int) -> str:
    return rf"^-?[0-9]{{1,{14 - scale}}}(\.[0-9]{{1,{2 + scale}}})?$"


def _cast(texts: pa.Array, scale: int) -> pa.Array:
    """Texts of the canonical shape as yuan: 1.2 万元 and 12000.00 yuan are the same count of cents."""
    in_units = texts.cast(pa.decimal128(18, 2 + scale))
    buffers = in_units.buffers()
    return pa.Array.from_buffers(ARROW_TYPES[Kind.AMOUNT], len(in_units), buffers, offset=in_units.offset)
