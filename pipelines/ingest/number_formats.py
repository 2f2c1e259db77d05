"""What a number format shows of a stored number: in which unit, divided by what, as a percentage, as a date.

A format never changes the number. ``0!.0,"万元"`` and ``#,##0.00,`` show a part of it, ``0.00"万元"`` names the unit
in which it is stored. Does not belong here: where formats stand in a file (xlsx, xls, ods), which unit a sheet names.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from pipelines.ingest.cells import UNIT_FACTORS, unit_name

BUILT_IN = {
    9: "0%",
    10: "0.00%",
    **dict.fromkeys((14, 15, 16, 17, 22, 27, 28, 29, 30, 31, 36, *range(50, 59)), "yyyy-m-d"),
    **dict.fromkeys((18, 19, 20, 21, 32, 33, 34, 35, 45, 46, 47), "h:mm"),
}
"""The formats that a workbook names by number only and that say more than a plain number (ECMA-376, 18.8.30)."""

_UNIT = re.compile("|".join(sorted(map(re.escape, UNIT_FACTORS), key=len, reverse=True)))
_TOKEN = re.compile(r'"([^"]*)"?|\[([^\]]*)\]?|[\\!](.)|[_*](?:.|$)|(.)', re.DOTALL)
_WORDS = re.compile(r"general|standard|g/通用格式|[eE][+-](?=[0#?])", re.IGNORECASE)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)\s*(-?[0-9.]+(?:[eE][+-]?[0-9]+)?)")
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": float.__lt__,
    "<=": float.__le__,
    ">": float.__gt__,
    ">=": float.__ge__,
    "=": float.__eq__,
    "<>": float.__ne__,
}
_UNITS_OF_SCALE = {2: "百元", 3: "千元", 4: "万元", 6: "百万元", 8: "亿元"}


_Holds = Callable[[float], bool]


class Shown(NamedTuple):
    """How a number is shown: divided by ten to the ``power``, with a unit's name, as a percentage, as a date."""

    power: int = 0
    unit: str | None = None
    is_percent: bool = False
    is_date: bool = False

    def text(self, number: str) -> str:
        """A plain decimal as it is shown, but exactly: with the unit or percent sign that makes it what is stored.

        A number that is shown divided is stored in yuan, so the shown part is in the unit of that scale. Where the
        format names another unit, the text is both readings, which is no amount.
        """
        value = Decimal(number)
        if self.is_percent:
            return f"{value.scaleb(2):f}%"
        if not self.power:
            return number + (self.unit or "")
        shown = f"{value.scaleb(-self.power):f}"
        unit = self.unit or _UNITS_OF_SCALE.get(self.power)
        if unit is None or UNIT_FACTORS[unit.casefold()] != 10**self.power:
            return f"{shown}{unit or ''} / {number}元"
        return shown + unit


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """What a format shows, by section: a condition on the number, and how numbers that meet it are shown.

    ``is_struck``: with a line through it, which is how a clerk deletes a number and keeps it.
    """

    sections: tuple[tuple[_Holds, Shown], ...]
    is_struck: bool = False

    def shown(self, number: float) -> Shown:
        """How a number is shown."""
        return next((shown for holds, shown in self.sections if holds(number)), Shown())

    @property
    def uniform(self) -> Shown | None:
        """How every number is shown, None if that depends on the number."""
        different = {shown for _, shown in self.sections}
        return different.pop() if len(different) == 1 else None


@lru_cache(maxsize=1024)
def parse_format(code: str) -> NumberFormat | None:
    """What a format code shows; None where it shows the plain number."""
    parts = _sections(code)[:3]
    stated = [_condition(part) for part in parts]
    usual: tuple[tuple[_Holds, ...], ...] = ((_always,), (_not_negative, _always), (_positive, _negative, _always))
    # Where any section has a condition, one without takes what is left.
    conditions = [condition or _always for condition in stated] if any(stated) else usual[len(parts) - 1]
    sections = tuple(zip(conditions, map(_shown, parts), strict=True))
    return None if all(shown == Shown() for _, shown in sections) else NumberFormat(sections)


def struck(form: NumberFormat | None) -> NumberFormat:
    """The format with a line through what it shows."""
    return NumberFormat(form.sections if form else ((_always, Shown()),), is_struck=True)


def _always(_: float) -> bool:
    return True


def _not_negative(number: float) -> bool:
    return number >= 0


def _positive(number: float) -> bool:
    return number > 0


def _negative(number: float) -> bool:
    return number < 0


def _sections(code: str) -> list[str]:
    parts = [""]
    for token in _TOKEN.finditer(code):
        if token[4] == ";":
            parts.append("")
        else:
            parts[-1] += token[0]
    return parts


def _condition(section: str) -> _Holds | None:
    for token in _TOKEN.finditer(section):
        if token[2] and (match := _CONDITION.fullmatch(token[2].strip())):
            compare, bound = _COMPARE[match[1]], float(match[2])
            return lambda number: compare(float(number), bound)
    return None


def _shown(section: str) -> Shown:
    """How one section shows a number: ``signs`` are its digits, points and commas, a point that is text as ``!``."""
    signs, words = "", ""
    is_percent = is_date = False
    for token in _TOKEN.finditer(_without_words(section)):
        text, bracket, escaped, plain = token.groups()
        literal = text if text is not None else escaped
        if literal is not None:
            signs += "!" if literal in {".", "．", "·"} else ""
            words += literal
        elif bracket is not None:
            words += bracket[1:].partition("-")[0] if bracket.startswith("$") else ""
        elif plain is None:
            continue
        elif plain in "0#?":
            signs += "0"
        elif plain in ".,":
            signs += plain
        elif plain == "%":
            is_percent = True
        elif plain.casefold() in "yde":
            is_date = True
        else:
            words += plain
    unit = _UNIT.search(words.casefold())
    return Shown(_power(signs), unit[0] if unit else None, is_percent, is_date)


def _without_words(section: str) -> str:
    """The section without ``General`` and exponents, whose letters are no parts of dates."""
    quoted = re.split(r'("[^"]*"?)', section)
    return "".join(part if part.startswith('"') else _WORDS.sub("0", part) for part in quoted)


def _power(signs: str) -> int:
    """The power of ten by which shown numbers are divided.

    A comma behind the last digit of either part is three; a point that is only text stands between digits of the whole
    number, each behind it is one.
    """
    whole, _, fraction = signs.partition(".")
    commas = sum(len(part) - len(part.rstrip(",!")) for part in (whole, fraction))
    behind = whole.rstrip(",").partition("!")[2] if "0" in whole.partition("!")[0] else ""
    return 3 * commas + behind.count("0")


def name_of_unit(text: str) -> str | None:
    """The usual name of the unit at the end of a shown text, None if there is none."""
    match = re.search(r"[^\d.\-]+$", text)
    return unit_name(UNIT_FACTORS[match[0].casefold()]) if match and match[0].casefold() in UNIT_FACTORS else None
