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
from datetime import UTC, date, datetime, time, timedelta, timezone
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

DASHES = frozenset(
    {"-", "--", "---", "‐", "‒", "−", "—", "——", "–", "―", "/", "\\", "无", "n/a", "null", "none", "nan"}
)
"""Folded texts that mean an empty cell."""

_LONGEST_NUMBER = 40
_EXACT = Context(prec=80)
_CENT = Decimal("0.01")
_LEAST_PART = Decimal("0.001")
"""Yuan below which a difference is no part of a cent, whatever left it there."""
_RESIDUE = Decimal("0.000001")
"""What may be left of a subtraction of doubles, in the unit of the table."""
_RATIO_PLACES = Decimal("0.000001")
_HYPHENS = str.maketrans(dict.fromkeys("‐‑‒–−﹣－", "-"))
"""Hyphens and minus signs that look alike; the long dash — is no hyphen."""
_ALIKE_SIGNS = _HYPHENS | {ord(dot): "·" for dot in "・‧⋅･"}
_RADICALS = (
    "⺎兀⺏尢⺒巳⺕彐⺛旡⺝月⺞歹⺟母⺠民⺫目⺬示⺮竹⺰纟⺶羊⺸羊⺻聿⺼月⺽臼⻁虎⻃西⻄西⻅见⻆角⻇角⻈讠⻉贝⻊足⻋车⻐钅⻑長⻒镸⻓长⻔门"
    "⼾户⾭青⿈黄⻗雨⻘青⻙韦⻚页⻛风⻜飞⻝食⻞食⻡首⻢马⻣骨⻤鬼⻥鱼⻦鸟⻧卤⻨麦⻩黄⻪黾⻫斉⻬齐⻭歯⻮齿⻯竜⻰龙⻱龜⻲亀⻳龟"
)
"""Radicals that PDFs give for characters, each before the character that it looks like (Unicode's equivalents)."""
_LOOK_ALIKES = {
    code: unicodedata.normalize("NFKC", chr(code))
    for code in (*range(0x2E80, 0x2FE0), *range(0xF900, 0xFB00), *range(0x2F800, 0x2FA20))
    if unicodedata.normalize("NFKC", chr(code)) != chr(code)
} | dict(zip(map(ord, _RADICALS[::2]), _RADICALS[1::2], strict=True))
"""Radicals (Kangxi's too) and compatibility ideographs → the character that they look like."""
_FOLDED = _LOOK_ALIKES | _ALIKE_SIGNS
_SWAPPED_SIGNS = str.maketrans({",": ".", ".": ",", "'": ",", "’": ","})
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028\u2029\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]"
)
"""Characters without a shape of their own: joiners, marks of direction, variation selectors, fillers."""
_WHITE = re.compile(r"\s+")
_SCIENTIFIC = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)[eE][+-]?\d{1,3}")
_SCIENTIFIC_CODE = re.compile(r"[+-]?\d+(?:\.\d+)?[eE]\+\d+|[+-]?\d+\.\d+[eE]\d+")
_ERROR_OR_FORMULA = re.compile(
    r"#(?:ref!|n/?a|value!|name[?!]|div/0!|num!|null!|error!?|spill!|calc!|field!|blocked!|connect!|busy!|unknown!|"
    r"getting_data|python!)|err:\d{3}|=.*",
    re.DOTALL,
)
"""What spreadsheets show for a formula without a result, and formulas themselves, folded."""
_WHOLE_DOUBLE = re.compile(r"-?[1-9]\.(?:0|\d*[1-9])E(?:[7-9]|1\d)")
"""A double of 10 million and more as Java prints it: with every digit that it has, which tells it from a narrow
column's 3.00E+07."""
_DIVIDED = re.compile(r"[\d.,]\s+[\d.,]")
"""White space inside of a number: thousands, a slip, or two numbers. The text does not say."""
_DIVIDED_THOUSANDS = re.compile(r"\d{1,3}(?:[ \u00a0\u2009\u202f]\d{3})+(?:\.\d*)?")
_LEAST_DIGITS_OF_NOISE = 15
_NUMBER = re.compile(r"(?:\d+|\d{1,3}(?:,\d{3})+)?(?:\.\d*)?")
_AMOUNT = re.compile(r"(?P<sign>[-+△▲负]?)[¥$]?(?P<sign2>[-+]?)(?P<number>[\d.,]+)(?P<trailing>-?)(?P<unit>[^\d.,\-]*)")
_DATE = re.compile(
    r"(\d{4})(?:-(\d{1,2})-(\d{1,2})|/(\d{1,2})/(\d{1,2})|\.(\d{1,2})\.(\d{1,2})|年(\d{1,2})月(\d{1,2})日?)"
    r"(?:T| ?)(?P<time>(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)? ?(?P<half>[AaPp][Mm])?"
    r" ?(?P<zone>Z|[+-]\d{2}:?(?:\d{2})?)?)?"
)
_YEAR_LAST = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})")
_COMPACT_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})(?:([01]\d|2[0-3])([0-5]\d)([0-5]\d))?")
_SERIAL = re.compile(r"\d{5}(?:\.\d+)?")
_LOCAL = timezone(timedelta(hours=8))
"""Every date of a delivery is one of China, which has one time and no summer time."""
_MINUTE, _DAY = 60, 24 * 60 * 60
_END_OF_DAY = _DAY - 1
_UTC_MIDNIGHT = 16 * 60 * 60
_CODE_WITH_NAME = re.compile(r"([0-9A-Za-z]*\d[0-9A-Za-z]*)(?:\s+|\s*[-_:|/—–]+\s*|(?=[^\x00-\x7f]))(\S.*)")
_CJK = re.compile("[\u3400-\u9fff]")
_TO_FULL_WIDTH_BRACKETS = str.maketrans("()", "（）")
_NAME_SIGNS = _ALIKE_SIGNS | {0xFF05: "%", 0xFF06: "&", 0xFF0B: "+", 0xFF0E: ".", 0xFF0F: "/"}
_CODE_AND_SPACE = re.compile(r"(?!(?:19|20)[0-9]{2} )[0-9]{3,}[0-9A-Za-z]* ")
_BESIDE_CHARACTERS = re.compile(
    r"(?<=[\u3000-\u303f\u3400-\u9fff\uff00-\uff0f]) | (?=[\u3000-\u303f\u3400-\u9fff\uff00-\uff0f])"
)


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
    """The text for comparisons: what only looks different is equal.

    Width and compatibility forms (NFKC), radicals for characters, case, invisible characters, no white space.
    """
    if text.isascii():
        return "".join(text.split()).casefold()
    shown = unicodedata.normalize("NFKC", text.translate(_FOLDED))
    return _WHITE.sub("", _INVISIBLE.sub("", shown)).casefold()


def normalise(text: str) -> str:
    """The text of a code, number or date: half width, typographic minus signs as ``-``, outer white space gone."""
    folded = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))
    return folded.translate(_HYPHENS).strip()


def is_empty(text: str) -> bool:
    """Whether the cell is blank or holds only a dash (what that means is told by the contract's ``Blank``)."""
    if "0" <= text[:1] <= "9":
        return False
    folded = fold(text)
    return not folded or folded in DASHES


def is_error_or_formula(text: str) -> bool:
    """Whether a cell shows a spreadsheet's error (``#REF!``, ``Err:502``) or a formula that was never calculated."""
    return text.lstrip()[:1] in "#=eE＃＝ｅＥ" and bool(_ERROR_OR_FORMULA.fullmatch(fold(text)))


def is_scientific(text: str) -> bool:
    """Whether a number is in scientific notation: digits of a code are lost then."""
    return bool(_SCIENTIFIC_CODE.fullmatch(normalise(text)))


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
    cent) is removed, anything else beyond a cent stays a fault. In a text, only a number with all the digits of a
    double has such noise, and what is left of a subtraction (``-2.9E-11``) is zero.
    Negatives: ``-1``, ``(1)``, ``1-``, ``△1``, ``负1``. White space inside of a number may divide two: no amount.
    Scientific notation (``1.5E+07``) has lost digits and is no amount, unless it shows all digits of a double.
    """
    if is_empty(text):
        return Reading(Decimal("0.00")) if blank is Blank.ZERO else EMPTY
    shown = normalise(text)
    if _SCIENTIFIC.fullmatch(shown):
        return _parse_scientific(text, shown, factor)
    if _DIVIDED.search(shown) and not (decimal_comma and _DIVIDED_THOUSANDS.fullmatch(shown.translate(_SWAPPED_SIGNS))):
        return Reading(None, Fault("amount-not-readable", text))
    pieces = _pieces(_WHITE.sub("", shown), decimal_comma=decimal_comma)
    if pieces is None:
        return Reading(None, Fault("amount-not-readable", text))
    own = UNIT_FACTORS[pieces.unit] if pieces.unit else factor
    if own is None or (is_stated and factor and own != factor):
        return Reading(None, Fault("unit-conflict", text, unit_name(factor) if factor else "元 / 万元"))
    return _in_yuan(text, pieces, own, from_double=from_double)


def _in_yuan(text: str, pieces: _Pieces, factor: int, *, from_double: bool) -> Reading:
    with localcontext(_EXACT):
        magnitude = _magnitude(pieces.number, factor, from_double=from_double)
        if magnitude >= AMOUNT_LIMIT:
            return Reading(None, Fault("amount-too-large", text))
        if magnitude != magnitude.quantize(_CENT):
            return Reading(None, Fault("amount-not-whole-cents", text))
    is_negative = pieces.is_negative and magnitude != 0
    return Reading((-magnitude if is_negative else magnitude).quantize(_CENT))


def _parse_scientific(text: str, shown: str, factor: int | None) -> Reading:
    """A number with an exponent: all digits of a double, or so little that it is no part of a cent."""
    if factor is None:
        return Reading(None, Fault("unit-conflict", text, "元 / 万元"))
    value = Decimal(shown)
    if abs(value) < _RESIDUE and abs(value) * factor < _LEAST_PART:
        return Reading(Decimal("0.00"))
    if not _WHOLE_DOUBLE.fullmatch(shown):
        return Reading(None, Fault("amount-in-scientific-notation", text))
    return _in_yuan(text, _Pieces(f"{abs(value):f}", value < 0, ""), factor, from_double=True)


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
    if value * factor == (value * factor).quantize(_CENT):
        return value * factor
    double = float(number)
    yuan = Decimal(repr(double)) * factor if from_double else value * factor
    cents = yuan.quantize(_CENT, ROUND_HALF_UP)
    noise = 4 * Decimal(math.ulp(double))
    if from_double or (not cents and value < _RESIDUE):
        noise = max(_RESIDUE, noise)
    elif len(number.replace(".", "").lstrip("0")) < _LEAST_DIGITS_OF_NOISE:
        return value * factor
    return cents if abs(yuan - cents) <= min(noise * factor, _LEAST_PART) else value * factor


def unit_name(factor: int) -> str:
    """The Chinese name of a unit of so many yuan."""
    return next(name for name, yuan in UNIT_FACTORS.items() if yuan == factor)


def parse_date(
    text: str, *, epoch_1904: bool = False, order: DateOrder = DateOrder.YMD, is_universal: bool = False
) -> Reading:
    """Read a date: ISO and its Chinese and slashed spellings, 8 and 14 digits, or an Excel serial of five digits.

    The date is the local one (China). A time that names a zone is an instant, ``2024-01-31T16:00:00.000Z`` the
    beginning of 1 February; a time without one is local and never moved by a zone, unless ``is_universal`` says that
    its column was written in UTC (``columns.is_universal``). The last minute of a day is the beginning of the next:
    what programs write that count a zone's seconds of the year 1900; only 23:59:59 is the end of its day.
    ``epoch_1904`` tells which of Excel's two epochs a serial counts from; ``order`` how a district writes dates that
    do not begin with the year (``31.12.2024``).
    """
    if is_empty(text):
        return EMPTY
    moment = _moment(normalise(text), epoch_1904=epoch_1904, order=order)
    if moment is None:
        return Reading(None, Fault("date-not-readable", text))
    if isinstance(moment, datetime):
        if is_universal and moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        try:
            return Reading(_local_date(moment))
        except OverflowError:
            return Reading(None, Fault("date-not-readable", text))
    return Reading(moment)


def _local_date(moment: datetime) -> date:
    if moment.tzinfo is not None:
        moment = moment.astimezone(_LOCAL)
    seconds = moment.hour * 3600 + moment.minute * 60 + moment.second
    return moment.date() + timedelta(days=_DAY - _MINUTE <= seconds < _END_OF_DAY)


def time_of_day(text: str, *, epoch_1904: bool = False) -> int | None:
    """The seconds since midnight of a time without a zone; None where the text has no time, or is no date."""
    if is_empty(text):
        return None
    moment = _moment(normalise(text), epoch_1904=epoch_1904, order=DateOrder.YMD)
    if not isinstance(moment, datetime) or moment.tzinfo is not None:
        return None
    return moment.hour * 3600 + moment.minute * 60 + moment.second


def is_midnight_in_utc(seconds: int) -> bool:
    """Whether a time of day is midnight of China (or the minute before it) in UTC: 16:00:00, 15:59:17."""
    return _UTC_MIDNIGHT - _MINUTE <= seconds <= _UTC_MIDNIGHT


def _moment(compact: str, *, epoch_1904: bool, order: DateOrder) -> date | datetime | None:
    """The date, or the date and time where there is one beside midnight."""
    try:
        if order is not DateOrder.YMD and (match := _YEAR_LAST.fullmatch(compact)):
            day, month = (match[1], match[2]) if order is DateOrder.DMY else (match[2], match[1])
            return date(int(match[3]), int(month), int(day))
        if match := _DATE.fullmatch(compact):
            year, month, day = (int(part) for part in match.groups()[:9] if part is not None)
            return _with_time(date(year, month, day), match) if match["time"] else date(year, month, day)
        if match := _COMPACT_DATE.fullmatch(compact):
            day_told = date(int(match[1]), int(match[2]), int(match[3]))
            if not match[4]:
                return day_told
            return datetime.combine(day_told, time(int(match[4]), int(match[5]), int(match[6])))
        if _SERIAL.fullmatch(compact):
            epoch = datetime.combine(date(1904, 1, 1) if epoch_1904 else date(1899, 12, 30), time())
            # A serial is a double: half a second before midnight is midnight.
            seconds = round(Decimal(compact) * _DAY)
            moment = epoch + timedelta(seconds=seconds)
            return moment if seconds % _DAY else moment.date()
    except ValueError:
        pass
    return None


def _with_time(day: date, match: re.Match[str]) -> datetime:
    hour, minute, second = int(match["hour"]), int(match["minute"]), int(match["second"] or 0)
    if match["half"]:
        if not 1 <= hour <= 12:
            raise ValueError(match["time"])
        hour = hour % 12 + (12 if match["half"].lower() == "pm" else 0)
    zone = match["zone"]
    return datetime.combine(day, time(hour, minute, second), _zone(zone) if zone else None)


def _zone(text: str) -> timezone:
    if text == "Z":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)


def parse_ratio(text: str, *, percent: bool = False, decimal_comma: bool = False) -> Reading:
    """Read a percentage or ratio as a ratio with six places, half up; ``percent``: a bare number is in percent."""
    if is_empty(text):
        return EMPTY
    shown = normalise(text)
    compact = _WHITE.sub("", shown)
    signed_percent = compact.endswith("%")
    number = compact.removesuffix("%")
    number = number.replace(",", ".") if decimal_comma else number.replace(",", "")
    if _DIVIDED.search(shown) or not re.fullmatch(r"[-+]?\d{1,12}(?:\.\d*)?|[-+]?\.\d+", number):
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
    shown = normalise(text)
    match = re.fullmatch(r"([-+]?\d{1,18})(?:\.0*)?年?度?", _WHITE.sub("", shown))
    if match is None or _DIVIDED.search(shown):
        return Reading(None, Fault("integer-not-readable", text))
    return Reading(int(match[1]))


def parse_text(text: str) -> Reading:
    """Read a name or free text: white space collapsed, letters and digits half width, brackets of Chinese full width.

    One name in two spellings of width is one name.
    """
    if is_empty(text):
        return EMPTY
    collapsed = _collapsed(text)
    return Reading(collapsed.translate(_TO_FULL_WIDTH_BRACKETS) if _CJK.search(collapsed) else collapsed)


def parse_label(text: str, column: Column) -> Reading:
    """Read a text that names or numbers something: an error of a spreadsheet, or a number without all digits, does not.

    ``column`` tells whether it is a number.
    """
    if is_error_or_formula(text):
        return Reading(None, Fault("cell-is-error-or-formula", text))
    if column.is_identifier and is_scientific(text):
        return Reading(None, Fault("code-in-scientific-notation", text))
    return parse_text(text)


def parse_name(text: str) -> Reading:
    """Read the name of a department or project: as a text, and what only looks different is one name.

    Beside width and brackets these are the spaces that fill a cell (``财 务 处``), hyphens and middle dots.
    """
    if is_empty(text):
        return EMPTY
    if is_error_or_formula(text):
        return Reading(None, Fault("cell-is-error-or-formula", text))
    name = _collapsed(text).translate(_NAME_SIGNS)
    if not _CJK.search(name):
        return Reading(name)
    code = _CODE_AND_SPACE.match(name)
    start = code.end() if code else 0
    return Reading(name[:start] + _BESIDE_CHARACTERS.sub("", name[start:].translate(_TO_FULL_WIDTH_BRACKETS)))


def _collapsed(text: str) -> str:
    shown = _INVISIBLE.sub("", text).translate(_LOOK_ALIKES)
    return _WHITE.sub(" ", "".join(map(_half_width, shown))).strip()


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
    if is_error_or_formula(text):
        return Reading(None, Fault("cell-is-error-or-formula", text))
    if _SCIENTIFIC_CODE.fullmatch(compact):
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
    # 101 001 is one code that somebody divided, or two: nobody's name is a number.
    if (match := _CODE_WITH_NAME.fullmatch(compact)) and any(map(str.isalpha, match[2])):
        code, name = match[1], match[2]
        if pattern.fullmatch(code) and _digits_fit(code, column):
            return Reading(code, name=str(parse_name(name).value or "") or None)
        if restored := _restored(code, column, pattern):
            return Reading(
                restored, Fault("leading-zero-restored", text, restored), str(parse_name(name).value or "") or None
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
