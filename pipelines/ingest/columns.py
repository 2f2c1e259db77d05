"""Whole columns of texts to typed Arrow columns with their faults.

A text of a canonical shape is cast by Arrow after a regular expression has proved the shape; every other distinct
text is read once by the pure functions of ``pipelines.ingest.cells``. Both give the same (a property test holds them
to it). Does not belong here: what a cell means (cells), which column a header is (headers).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property, lru_cache, partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.contracts.arrow_types import ARROW_TYPES, decoded, is_encoded
from pipelines.contracts.model import Column, Kind
from pipelines.ingest import cells
from pipelines.ingest.accounts import hash_account, hash_digits
from pipelines.ingest.cells import Fault, Reading
from pipelines.ingest.personal import column_without_numbers, without_numbers

_NO_SHAPE = (
    r"\p{C}\x{34F}\x{115F}\x{1160}\x{17B4}\x{17B5}\x{180B}-\x{180F}\x{3164}\x{FE00}-\x{FE0F}\x{FFA0}\x{E0000}-\x{E0FFF}"
)
_LOOK_ALIKE = r"\x{2E80}-\x{2FDF}\x{F900}-\x{FAFF}\x{2F800}-\x{2FA1F}"
_PLAIN = rf"[^\s{_NO_SHAPE}{_LOOK_ALIKE}\x{{FF10}}-\x{{FF5A}}\x{{3000}}()]"
_CANONICAL_TEXT = f"^{_PLAIN}(?: ?{_PLAIN})*$"
_PLAIN_LABEL = _PLAIN.replace("()]", "()#=:+.]")
_CANONICAL_LABEL = f"^{_PLAIN_LABEL}(?: ?{_PLAIN_LABEL})*$"
_CANONICAL_NAME = r"^[\x{4E00}-\x{9FFF}A-Za-z0-9（）·-]+$"
_EMPTY_TEXT = "(?i)^(?:" + "|".join(re.escape(dash) for dash in sorted(cells.DASHES)) + ")$"
_LONGEST_EMPTY = max(len(dash.encode()) for dash in cells.DASHES)
_RATIO_PLACES = 6
_PERCENT_PLACES = _RATIO_PLACES - 2
_SAMPLE = 2_000


class Texts:
    """The cells of one column as delivered (null: an empty cell), dictionary-encoded at most once.

    Given as strings, or dictionary-encoded where the reader of the file already did that.
    """

    def __init__(self, cells: pa.Array) -> None:
        self._cells = cells

    def __len__(self) -> int:
        return len(self._cells)

    @cached_property
    def strings(self) -> pa.Array:
        """The same cells one by one."""
        return decoded(self._cells)

    @cached_property
    def encoded(self) -> pa.DictionaryArray:
        """The same cells as indices into the distinct texts."""
        return self._cells if is_encoded(self._cells) else pc.dictionary_encode(self._cells)

    @cached_property
    def is_varied(self) -> bool:
        """Whether most of the first cells differ, so that looking at distinct texts saves nothing."""
        sample = (self._cells.indices if is_encoded(self._cells) else self._cells).slice(0, _SAMPLE)
        return len(sample) >= _SAMPLE and pc.count_distinct(sample).as_py() > len(sample) / 2

    @cached_property
    def is_plain(self) -> bool:
        """Whether the column is varied and every cell of it has digits, or digits and ASCII letters: no words."""
        if not self.is_varied:
            return False
        told = self._cells.dictionary if is_encoded(self._cells) else self._cells
        if not pc.all(pc.ascii_is_alnum(told), skip_nulls=True).as_py():
            return False
        return not pc.any(pc.ascii_is_alpha(told), skip_nulls=True).as_py()

    def without_numbers(self, replaced: Callable[[str], str] = without_numbers) -> Texts:
        """The same cells without the numbers that may identify a person; ``replaced`` says how."""
        if self.is_varied:
            masked = column_without_numbers(self.strings, replaced)
            return self if masked is self.strings else Texts(masked)
        distinct = column_without_numbers(self.encoded.dictionary, replaced)
        return self if distinct is self.encoded.dictionary else Texts(distinct.take(self.encoded.indices))


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """How the cells of one column are written.

    ``factor``: yuan in one unit (None: every cell has its own unit). ``is_stated``: the table says so.
    ``decimal_comma``: the comma is the decimal sign. ``percent``: bare ratios are in percent. ``from_double``: number
    cells of a workbook. ``epoch_1904``: Excel's other epoch. ``date_order``: of dates that begin with day or month.
    ``hash_secret``: the cells are accounts and stand as their keyed hash. ``is_universal``: times without a zone are
    in UTC.
    """

    factor: int | None = 1
    is_stated: bool = True
    decimal_comma: bool = False
    percent: bool = False
    from_double: bool = False
    epoch_1904: bool = False
    date_order: cells.DateOrder = cells.DateOrder.YMD
    hash_secret: bytes = b""
    is_universal: bool = False


@dataclass
class ReadColumn:
    """The values of a column; ``faulty`` are positions of cells with a fault, ``faults`` the faults beside them.

    ``stored``: texts and codes that repeat are dictionary-encoded there, each distinct value once and never null.
    ``names`` are the names that were split off codes (None: none was). ``delivered`` has the spelling of names that
    were delivered in another one (None: all are spelt so).
    """

    stored: pa.Array
    faulty: list[int] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    names: pa.Array | None = None
    delivered: pa.Array | None = None

    @cached_property
    def values(self) -> pa.Array:
        """The values one by one."""
        return decoded(self.stored)


def read_column(column: Column, texts: Texts, options: ReadingOptions) -> ReadColumn:
    """Read the cells of one column."""
    if column.kind is Kind.AMOUNT:
        return _read_amounts(column, texts.strings, options)
    if column.kind is Kind.RATIO:
        return _read_ratios(texts.strings, options)
    if options.hash_secret:
        return _read_accounts(texts.strings, options.hash_secret)
    pattern = _canonical_pattern(column)
    if column.kind is Kind.TEXT and texts.is_plain:
        return ReadColumn(texts.strings)
    if pattern and texts.is_varied and pc.all(_is_canonical(texts.strings, pattern), skip_nulls=True).as_py():
        return ReadColumn(texts.strings)
    kind = ARROW_TYPES[column.kind]
    return _read_distinct(texts.encoded, _reader(column, options), kind, pattern, keeps_spelling=column.is_name)


def without_digits_lost(read: ReadColumn, column: Column, stored: Mapping[int, str]) -> ReadColumn:
    """The column without codes and numbers whose digits were cut off where they were stored: position → spelling."""
    if not stored or not column.is_identifier:
        return read
    faulty = set(read.faulty)
    lost = {position: text for position, text in stored.items() if position not in faulty}
    is_lost = np.zeros(len(read.values), dtype=bool)
    is_lost[list(lost)] = True
    values = pc.if_else(pa.array(is_lost), pa.scalar(None, read.values.type), read.values)
    faults = [Fault("code-in-scientific-notation", text) for text in lost.values()]
    return replace(read, stored=values, faulty=[*read.faulty, *lost], faults=[*read.faults, *faults])


def _read_distinct(
    texts: pa.Array,
    read: Callable[[str], Reading],
    kind: pa.DataType,
    pattern: str | None = None,
    *,
    keeps_spelling: bool = False,
) -> ReadColumn:
    """Every distinct text read once; those of the ``pattern`` are their own values."""
    texts = Texts(texts).encoded
    indices, distinct = texts.indices, texts.dictionary
    others: list[int] = list(range(len(distinct)))
    if pattern:
        others = pc.indices_nonzero(pc.invert(_is_canonical(distinct, pattern))).to_pylist()
        if not others:
            return ReadColumn(_where_repeated(texts))
    readings = list(map(read, distinct.take(pa.array(others, pa.int32())).to_pylist()))
    values: list[object] = distinct.to_pylist() if pattern else [None] * len(distinct)
    for position, reading in zip(others, readings, strict=True):
        values[position] = reading.value
    result = ReadColumn(_spread(pa.array(values, kind), indices))
    faults = {position: reading.fault for position, reading in zip(others, readings, strict=True) if reading.fault}
    if faults:
        hit = pc.indices_nonzero(pc.is_in(indices, pa.array(list(faults), indices.type)))
        result.faulty = hit.to_pylist()
        result.faults = [faults[index] for index in indices.take(hit).to_pylist()]
    if keeps_spelling:
        told = distinct.to_pylist()
        spellings = [
            text if value is not None and text.strip() != value else None
            for text, value in zip(told, values, strict=True)
        ]
        if any(spellings):
            result.delivered = pa.array(spellings, pa.string()).take(indices)
    if any(reading.name for reading in readings):
        names = dict(zip(others, (reading.name for reading in readings), strict=True))
        result.names = pa.array([names.get(i) for i in range(len(distinct))], pa.string()).take(indices)
    return result


def _spread(values: pa.Array, indices: pa.Array) -> pa.Array:
    """The value of each cell, given those of the distinct texts."""
    if not pa.types.is_string(values.type):
        return values.take(indices)
    # Two texts may have one value, and some have none.
    distinct = pc.dictionary_encode(values)
    return _where_repeated(pa.DictionaryArray.from_arrays(distinct.indices.take(indices), distinct.dictionary))


def _where_repeated(values: pa.DictionaryArray) -> pa.Array:
    """The values as they are if they repeat, else one by one: then a dictionary saves nothing."""
    return values if 2 * len(values.dictionary) <= len(values) else decoded(values)


def _read_by_shape(
    texts: pa.Array,
    pattern: str,
    cast: Callable[[pa.Array], pa.Array],
    read_others: Callable[[pa.Array], ReadColumn],
) -> ReadColumn:
    """Texts of the pattern's shape cast as a column, and the others read in another way."""
    has_shape = pc.fill_null(pc.match_substring_regex(texts, pattern), False)
    if pc.all(has_shape, min_count=0).as_py():
        return ReadColumn(cast(texts))
    is_other = pc.invert(has_shape)
    others = read_others(texts.filter(is_other))
    if len(others.values) == len(texts):
        return others
    values = pa.nulls(len(texts), others.values.type)
    values = pc.replace_with_mask(values, has_shape, cast(texts.filter(has_shape)))
    values = pc.replace_with_mask(values, is_other, others.values)
    faulty = pc.indices_nonzero(is_other).take(pa.array(others.faulty, pa.int64()))
    return ReadColumn(values, faulty.to_pylist(), others.faults)


def _is_canonical(texts: pa.Array, pattern: str) -> pa.Array:
    is_canonical = pc.match_substring_regex(texts, pattern)
    if (pc.min(pc.binary_length(texts)).as_py() or 0) > _LONGEST_EMPTY:
        return is_canonical
    return pc.and_(is_canonical, pc.invert(pc.match_substring_regex(texts, _EMPTY_TEXT)))


def _canonical_pattern(column: Column) -> str | None:
    """What a text looks like that is its own value; None where the kind has no such texts."""
    if column.kind is Kind.TEXT:
        if column.is_name:
            return _CANONICAL_NAME
        return _CANONICAL_TEXT if column.is_free_text else _CANONICAL_LABEL
    if column.kind is Kind.CODE and column.pattern and not column.codes and not column.digits:
        return "^(?:" + column.pattern.replace(r"\d", "[0-9]") + ")$"
    return None


def _reader(column: Column, options: ReadingOptions) -> Callable[[str], Reading]:
    if column.name == "district_code":
        return cells.parse_district
    readers: dict[Kind, Callable[[str], Reading]] = {
        Kind.CODE: partial(cells.parse_code, column=column),
        Kind.FLAG: partial(cells.parse_flag, column=column),
        Kind.DATE: partial(
            cells.parse_date,
            epoch_1904=options.epoch_1904,
            order=options.date_order,
            is_universal=options.is_universal,
        ),
        Kind.INTEGER: cells.parse_integer,
        Kind.TEXT: cells.parse_text if column.is_free_text else partial(cells.parse_label, column=column),
    }
    return cells.parse_name if column.is_name else readers[column.kind]


def _read_accounts(texts: pa.Array, secret: bytes) -> ReadColumn:
    read = partial(hash_account, secret=secret)
    read_others = partial(_read_distinct, read=read, kind=ARROW_TYPES[Kind.TEXT])
    return _read_by_shape(texts, "^[0-9]+$", partial(hash_digits, secret=secret), read_others)


def _read_amounts(column: Column, texts: pa.Array, options: ReadingOptions) -> ReadColumn:
    read = partial(
        cells.parse_amount,
        factor=options.factor,
        is_stated=options.is_stated,
        blank=column.blank,
        decimal_comma=options.decimal_comma,
        from_double=options.from_double,
    )

    def read_others(others: pa.Array) -> ReadColumn:
        # An empty cell may be a value: 0.
        return _read_distinct(pc.fill_null(others, ""), read, ARROW_TYPES[Kind.AMOUNT])

    places = _decimal_places(options.factor) if options.factor else None
    if places is None or options.decimal_comma:
        return read_others(texts)
    cast = partial(_cast, scale=2 + places, kind=Kind.AMOUNT)
    return _read_by_shape(texts, _number_pattern(14 - places, 2 + places), cast, read_others)


def _read_ratios(texts: pa.Array, options: ReadingOptions) -> ReadColumn:
    read = partial(cells.parse_ratio, percent=options.percent, decimal_comma=options.decimal_comma)
    read_others = partial(_read_distinct, read=read, kind=ARROW_TYPES[Kind.RATIO])
    read_percent = partial(
        _read_by_shape,
        pattern=_number_pattern(12, _PERCENT_PLACES, "%"),
        cast=lambda shown: _cast(pc.utf8_rtrim(shown, "%"), _PERCENT_PLACES, Kind.RATIO),
        read_others=read_others,
    )
    places = _PERCENT_PLACES if options.percent else _RATIO_PLACES
    return _read_by_shape(
        texts, _number_pattern(12, places), partial(_cast, scale=places, kind=Kind.RATIO), read_percent
    )


def is_percent(texts: Texts, *, decimal_comma: bool) -> bool:
    """Whether bare numbers of a ratio column are percentages: one of them lies beyond ±2."""
    distinct = pc.drop_null(texts.encoded.dictionary)
    bare = distinct.filter(pc.invert(pc.ends_with(distinct, "%")))
    is_plain = pc.match_substring_regex(bare, _number_pattern(12, _RATIO_PLACES))
    plain = _cast(bare.filter(is_plain), _RATIO_PLACES, Kind.RATIO)
    if pc.any(pc.greater(pc.abs(plain), 2)).as_py():
        return True
    for text in bare.filter(pc.invert(is_plain)).to_pylist():
        value = cells.parse_ratio(text, decimal_comma=decimal_comma).value
        if not cells.normalise(text).endswith("%") and isinstance(value, Decimal) and abs(value) > 2:
            return True
    return False


def is_universal(texts: Texts, *, epoch_1904: bool) -> bool:
    """Whether a column of dates was written in UTC: each date-time without a zone is midnight of China there.

    A program that keeps dates as instants writes 1 March as 29 February 16:00; no office pays at 16:00:00 only.
    """
    times = [
        seconds
        for text in pc.drop_null(texts.encoded.dictionary).to_pylist()
        if (seconds := cells.time_of_day(text, epoch_1904=epoch_1904)) is not None
    ]
    return bool(times) and all(map(cells.is_midnight_in_utc, times))


def _decimal_places(factor: int) -> int | None:
    """The power of ten that the unit is (0 for yuan, 4 for 万元), None if it is none."""
    zeros = len(str(factor)) - 1
    return zeros if factor == 10**zeros else None


@lru_cache(maxsize=16)
def _number_pattern(digits: int, places: int, sign: str = "") -> str:
    """Numbers of at most so many digits before and behind the point, with a sign at the end."""
    return rf"^-?[0-9]{{1,{digits}}}(\.[0-9]{{1,{places}}})?{sign}$"


def _cast(texts: pa.Array, scale: int, kind: Kind) -> pa.Array:
    """Texts of the canonical shape in units whose ``scale`` makes them the same count of the kind's smallest part.

    1.2 万元 and 12000.00 yuan are the same count of cents, 78.33 % and 0.783300 the same of millionths.
    """
    in_units = texts.cast(pa.decimal128(18, scale))
    buffers = in_units.buffers()
    return pa.Array.from_buffers(ARROW_TYPES[kind], len(in_units), buffers, offset=in_units.offset)
