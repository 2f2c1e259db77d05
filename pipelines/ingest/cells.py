"""How a cell is read: the one definition of what a text in an export means as an amount, a code, a date, a ratio.

The ``parse_`` functions are pure: text in, ``Reading`` out, no exception. Tables use them through
``pipelines.ingest.columns``, which takes texts of a canonical shape by whole columns and asks these functions about
every other distinct text.

A number of a ratio column carries no sign of its scale. It is a percentage if it has a percent sign, if its header
or its cell format says percent, or if any number of its column in the first rows lies beyond ±2; otherwise a ratio.

Does not belong here: files, sheets, headers, rows.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from pipelines.contracts.model import Blank, Column

AMOUNT_LIMIT = Decimal(10) ** 16
"""Amounts are stored as DECIMAL(18,2): sixteen digits before the point."""

UNIT_FACTORS: Mapping[str, int] = {
    "元": 1,
    "人民币元": 1,
    "yuan": 1,
    "cny": 1,
    "百元": 100,
    "千元": 1_000,
    "万元": 10_000,
    "万": 10_000,
    "人民币万元": 10_000,
    "百万元": 1_000_000,
    "亿元": 100_000_000,
}
"""Yuan in one unit, by the unit's folded name."""

DASHES = frozenset({"-", "--", "---", "—", "——", "–", "―", "/", "\\", "无", "n/a", "null", "none", "nan"})
"""Folded texts that mean an empty cell."""

_LONGEST_NUMBER = 40
_EXACT = Context(prec=80)
_CENT = Decimal("0.01")
_RATIO_PLACES = Decimal("0.000001")
_SWAPPED_SIGNS = str.maketrans({",": ".", ".": ",", "'": ",", "’": ","})
_INVISIBLE = re.compile("[\u200b-\u200f\u2028\u2029\u202a-\u202e\u2060\ufeff\u00ad]")
_WHITE = re.compile(r"\s+")
_SCIENTIFIC = re.compile(r"[+-]?\d+(?:\.\d+)?[eE]\+\d+|[+-]?\d+\.\d+[eE]\d+")
_NUMBER = re.compile(r"(?:\d+|\d{1,3}(?:,\d{3})+)?(?:\.\d*)?")
_AMOUNT = re.compile(r"(?P<sign>[-+△▲]?)[¥$]?(?P<sign2>[-+]?)(?P<number>[\d.,]+)(?P<trailing>-?)(?P<unit>[^\d.,\-]*)")
_DATE = re.compile(
    r"(\d{4})(?:-(\d{1,2})-(\d{1,2})|/(\d{1,2})/(\d{1,2})|\.(\d{1,2})\.(\d{1,2})|年(\d{1,2})月(\d{1,2})日?)"
    r"(?:[T ]?\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z?)?"
)
_YEAR_LAST = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})")
_COMPACT_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})(?:([01]\d|2[0-3])([0-5]\d)([0-5]\d))?")
_SERIAL = re.compile(r"\d{5}(?:\.\d+)?")
_CODE_WITH_NAME = re.compile(r"([0-9A-Za-z]*\d[0-9A-Za-z]*)(?:\s+|\s*[-_:|/—–]+\s*|(?=[^\x00-\x7f]))(\S.*)")
_CJK = re.compile("[\u3400-\u9fff]")
_TO_FULL_WIDTH_BRACKETS = str.maketrans("()", "（）")


class DateOrder(StrEnum):
    """The order of day, month and year in a date that does not begin with the year."""

    YMD = "ymd"
    DMY = "dmy"
    MDY = "mdy"


class Fault(NamedTuple):
    """Why a cell could not be read, or what was done to it: a rule of ``contracts.cell_rules``."""

    rule_id: str
    found: str
    expected: str = ""


class Reading(NamedTuple):
    """What a cell says: its value (None: empty or not readable), the name split off a code, and a fault if any."""

    value: Decimal | date | int | bool | str | None
    fault: Fault | None = None
    name: str | None = None


EMPTY = Reading(None)


def fold(text: str) -> str:
    """The text for comparisons: width and compatibility forms (NFKC), case, invisible characters, no white space."""
    return _WHITE.sub("", _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))).casefold()


def normalise(text: str) -> str:
    """The text of a code, number or date: half width, typographic minus signs as ``-``, outer white space gone."""
    folded = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))
    return folded.replace("−", "-").strip()


def is_empty(text: str) -> bool:
    """Whether the cell is blank or holds only a dash (what that means is told by the contract's ``Blank``)."""
    if "0" <= text[:1] <= "9":
        return False
    folded = fold(text)
    return not folded or folded in DASHES


def is_scientific(text: str) -> bool:
    """Whether a number is in scientific notation: digits of a code are lost then."""
    return bool(_SCIENTIFIC.fullmatch(normalise(text)))


def parse_amount(
    text: str,
    factor: int | None = 1,
    *,
    is_stated: bool = True,
    blank: Blank = Blank.UNKNOWN,
    decimal_comma: bool = False,
    from_double: bool = False,
) -> Reading:
    """Read an amount in units of ``factor`` yuan as decimal yuan with two places, exactly.

    ``is_stated``: the table says its unit, so a unit inside the cell (``0.3万元``) must be the same; otherwise the
    cell's own unit applies. ``factor`` None: the table has no unit, every cell must have its own.
    ``decimal_comma``: the comma is the decimal sign. ``from_double``: the text was a number cell of a workbook, an
    IEEE double; noise of the double that lies within a millionth of the unit of a cent (never more than a tenth of a
    cent) is removed, anything else beyond a cent stays a fault. Negatives: ``-1``, ``(1)``, ``1-``, ``△1``.
    Scientific notation has lost digits and is no amount.
    """
    if is_empty(text):
        return Reading(Decimal("0.00")) if blank is Blank.ZERO else EMPTY
    pieces = _pieces(_WHITE.sub("", normalise(text)), decimal_comma=decimal_comma)
    if pieces is None:
        return Reading(None, Fault("amount-not-readable", text))
    own = UNIT_FACTORS[pieces.unit] if pieces.unit else factor
    if own is None or (is_stated and factor and own != factor):
        return Reading(None, Fault("unit-conflict", text, unit_name(factor) if factor else "元 / 万元"))
    with localcontext(_EXACT):
        magnitude = _magnitude(pieces.number, own, from_double=from_double)
        if magnitude >= AMOUNT_LIMIT:
            return Reading(None, Fault("amount-too-large", text))
        if magnitude != magnitude.quantize(_CENT):
            return Reading(None, Fault("amount-not-whole-cents", text))
    is_negative = pieces.is_negative and magnitude != 0
    return Reading((-magnitude if is_negative else magnitude).quantize(_CENT))


class _Pieces(NamedTuple):
    """An amount's text taken apart: digits with a point, sign, folded unit (empty: none)."""

    number: str
    is_negative: bool
    unit: str


def _pieces(compact: str, *, decimal_comma: bool) -> _Pieces | None:
    bracketed = compact.startswith("(") and compact.endswith(")")
    if bracketed:
        compact = compact[1:-1]
    if decimal_comma:
        compact = compact.translate(_SWAPPED_SIGNS)
    match = _AMOUNT.fullmatch(compact)
    if match is None or not _NUMBER.fullmatch(match["number"]) or not any(map(str.isdigit, match["number"])):
        return None
    signs = [sign for sign in (match["sign"], match["sign2"], match["trailing"], "-" if bracketed else "") if sign]
    unit = match["unit"].casefold()
    number = match["number"].replace(",", "")
    if len(signs) > 1 or (unit and unit not in UNIT_FACTORS) or len(number) > _LONGEST_NUMBER:
        return None
    return _Pieces(number, bool(signs) and signs[0] != "+", unit)


def _magnitude(number: str, factor: int, *, from_double: bool) -> Decimal:
    value = Decimal(number if number[-1] != "." else number + "0")
    if not from_double or value * factor == (value * factor).quantize(_CENT):
        return value * factor
    double = float(number)
    yuan = Decimal(repr(double)) * factor
    cents = yuan.quantize(_CENT, ROUND_HALF_UP)
    noise = min(max(Decimal("1e-6"), 4 * Decimal(math.ulp(double))) * factor, Decimal("0.001"))
    return cents if abs(yuan - cents) <= noise else value * factor


def unit_name(factor: int) -> str:
    """The Chinese name of a unit of so many yuan."""
    return next(name for name, yuan in UNIT_FACTORS.items() if yuan == factor)


def parse_date(text: str, *, epoch_1904: bool = False, order: DateOrder = DateOrder.YMD) -> Reading:
    """Read a date: ISO and its Chinese and slashed spellings, 8 and 14 digits, or an Excel serial of five digits.

    A time of day is dropped. ``epoch_1904`` tells which of Excel's two epochs a serial counts from; ``order`` how a
    district writes dates that do not begin with the year (``31.12.2024``).
    """
    if is_empty(text):
        return EMPTY
    compact = normalise(text)
    try:
        if order is not DateOrder.YMD and (match := _YEAR_LAST.fullmatch(compact)):
            day, month = (match[1], match[2]) if order is DateOrder.DMY else (match[2], match[1])
            return Reading(date(int(match[3]), int(month), int(day)))
        if match := _DATE.fullmatch(compact):
            year, month, day = (int(part) for part in match.groups() if part is not None)
            return Reading(date(year, month, day))
        if match := _COMPACT_DATE.fullmatch(compact):
            return Reading(date(int(match[1]), int(match[2]), int(match[3])))
        if _SERIAL.fullmatch(compact):
            epoch = date(1904, 1, 1) if epoch_1904 else date(1899, 12, 30)
            return Reading(epoch + timedelta(days=int(compact[:5])))
    except ValueError:
        pass
    return Reading(None, Fault("date-not-readable", text))


def parse_ratio(text: str, *, percent: bool = False, decimal_comma: bool = False) -> Reading:
    """Read a percentage or ratio as a ratio with six places, half up; ``percent``: a bare number is in percent."""
    if is_empty(text):
        return EMPTY
    compact = _WHITE.sub("", normalise(text))
    signed_percent = compact.endswith("%")
    number = compact.removesuffix("%")
    number = number.replace(",", ".") if decimal_comma else number.replace(",", "")
    if not re.fullmatch(r"[-+]?\d{1,12}(?:\.\d*)?|[-+]?\.\d+", number):
        return Reading(None, Fault("ratio-not-readable", text))
    value = Decimal(number) / 100 if signed_percent or percent else Decimal(number)
    value = value.quantize(_RATIO_PLACES, ROUND_HALF_UP)
    if abs(value) >= 10**12:
        return Reading(None, Fault("ratio-not-readable", text))
    return Reading(value)


def parse_integer(text: str) -> Reading:
    """Read a whole number of at most 18 digits; ``2022年`` and ``2022.0`` are 2022."""
    if is_empty(text):
        return EMPTY
    match = re.fullmatch(r"([-+]?\d{1,18})(?:\.0*)?年?度?", _WHITE.sub("", normalise(text)))
    return Reading(int(match[1])) if match else Reading(None, Fault("integer-not-readable", text))


def parse_text(text: str) -> Reading:
    """Read a name or free text: white space collapsed, letters and digits half width, brackets of Chinese full width.

    One name in two spellings of width is one name.
    """
    if is_empty(text):
        return EMPTY
    half = "".join(_half_width(character) for character in _INVISIBLE.sub("", text))
    collapsed = _WHITE.sub(" ", half).strip()
    return Reading(collapsed.translate(_TO_FULL_WIDTH_BRACKETS) if _CJK.search(collapsed) else collapsed)


def _half_width(character: str) -> str:
    if "\uff10" <= character <= "\uff5a" and character not in "：；＜＝＞？＠［＼］＾＿｀":
        return chr(ord(character) - 0xFEE0)
    return " " if character == "\u3000" else character


def parse_flag(text: str, column: Column) -> Reading:
    """Read a flag by the column's list of spellings."""
    reading = parse_code(text, column)
    return reading if reading.value is None else Reading(reading.value == "true")


def parse_code(text: str, column: Column) -> Reading:
    """Read a code by the column's list or pattern; a name in the same cell is split off.

    A leading zero that a spreadsheet dropped is restored only if exactly one of ``Column.digits`` fits, and the
    reading carries the warning ``leading-zero-restored``.
    """
    if is_empty(text):
        return EMPTY
    compact = normalise(text)
    if _SCIENTIFIC.fullmatch(compact):
        return Reading(None, Fault("code-in-scientific-notation", text))
    if column.codes:
        return _listed_code(text, compact, column)
    return _patterned_code(text, compact, column)


def parse_district(text: str) -> Reading:
    """Read an administrative division code of six digits; nine digits ending in 000 are the district itself."""
    if is_empty(text):
        return EMPTY
    match = re.fullmatch(r"(\d{6})(?:000)?(?:\.0+)?", normalise(text))
    return Reading(match[1]) if match else Reading(None, Fault("code-has-wrong-shape", text, "6 / 9"))


def _listed_code(text: str, compact: str, column: Column) -> Reading:
    spellings = _spellings(column)
    candidates = [compact, re.sub(r"\.0+$", "", compact)]
    if match := _CODE_WITH_NAME.fullmatch(compact):
        candidates += [match[1], match[2]]
    for candidate in candidates:
        if (value := spellings.get(fold(candidate))) is not None:
            return Reading(value)
    return Reading(None, Fault("value-not-in-list", text, "、".join(dict.fromkeys(value for _, value in column.codes))))


@lru_cache(maxsize=256)
def _spellings(column: Column) -> Mapping[str, str]:
    return {fold(spelling): value for spelling, value in column.codes}


def _patterned_code(text: str, compact: str, column: Column) -> Reading:
    pattern = re.compile(column.pattern or r"\S+")
    plain = re.sub(r"(?<=\d)\.0+$", "", compact) if column.pattern else compact
    if pattern.fullmatch(plain) and _digits_fit(plain, column):
        return Reading(plain)
    if restored := _restored(plain, column, pattern):
        return Reading(restored, Fault("leading-zero-restored", text, restored))
    if match := _CODE_WITH_NAME.fullmatch(compact):
        code, name = match[1], match[2]
        if pattern.fullmatch(code) and _digits_fit(code, column):
            return Reading(code, name=str(parse_text(name).value or "") or None)
        if restored := _restored(code, column, pattern):
            return Reading(
                restored, Fault("leading-zero-restored", text, restored), str(parse_text(name).value or "") or None
            )
    return Reading(None, Fault("code-has-wrong-shape", text, column.pattern or ""))


def _digits_fit(code: str, column: Column) -> bool:
    return not column.digits or not code.isdigit() or len(code) in column.digits


def _restored(code: str, column: Column, pattern: re.Pattern[str]) -> str | None:
    if not code.isdigit():
        return None
    fitting = [code.zfill(length) for length in column.digits if length > len(code)]
    fitting = [candidate for candidate in fitting if pattern.fullmatch(candidate)]
    return fitting[0] if len(fitting) == 1 else None
