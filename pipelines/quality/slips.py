"""The slip detector: which single correction would make parts add up to their total.

Pure integers and decimals. A slip is what a hand does to one figure: a digit lost, typed twice or exchanged with
another, a factor of ten, yuan taken for 万元, a sign, two cells of a row exchanged. Only corrections that remove the
whole difference are told; none is made. Does not belong here: which totals are compared (sql/rules, control_totals).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

TEN_THOUSAND = 10_000

KINDS: dict[str, tuple[str, str]] = {
    "sign": ("the sign is wrong", "正负号有误"),
    "factor_10000": ("yuan and 万元 were mixed up: a factor of 10,000", "元与万元混用，差一万倍"),
    "factor_10": ("the decimal point slipped: a factor of ten", "小数点错位，差十倍"),
    "digit_lost": ("a digit was lost", "漏了一位数字"),
    "digit_extra": ("a digit too many was typed", "多打了一位数字"),
    "digits_swapped": ("two digits were exchanged", "两位数字颠倒"),
    "columns_swapped": ("two columns of the row were exchanged", "该行两列数字互换"),
}
"""Every kind of slip with its words in English and Chinese, the more telling kind first."""

MOST_TOLD = 5
"""Corrections that a message lists; where more would fit, none of them says much."""

MOST_PARTS = 2000
"""Parts of a total that are looked at; of more, chance finds some that fit."""


@dataclass(frozen=True, slots=True)
class Slip:
    """One correction: the part at ``position`` (None: the total itself) should be ``probable`` instead of ``found``.

    For ``columns_swapped`` the two are the values of the first column.
    """

    kind: str
    position: int | None
    found: Decimal
    probable: Decimal


def explain(
    total: Decimal,
    parts: Sequence[Decimal],
    *,
    tolerance: Decimal = Decimal(0),
    total_may_be_wrong: bool = True,
) -> list[Slip]:
    """The single corrections after which ``parts`` add up to ``total`` within ``tolerance``; none if they do already.

    All figures are in the unit in which they were typed: the digits are those that a person saw. At most one
    correction is told per figure, of the kind that comes first in ``KINDS``.
    """
    decimals = max(2, *(_places(figure) for figure in (total, *parts)))
    scale = Decimal(10) ** decimals
    cents = [int(part * scale) for part in parts]
    whole = int(total * scale)
    gap = whole - sum(cents)
    if abs(gap) <= tolerance * scale:
        return []
    # Figures with more than two places were not rounded: what is needed is needed exactly.
    margin = int(tolerance * scale) if decimals == 2 else 0
    found: list[tuple[int | None, int, int]] = [(position, part, part + gap) for position, part in enumerate(cents)]
    if total_may_be_wrong:
        found.append((None, whole, whole - gap))
    slips = []
    for position, given, needed in found:
        # Rounding of the other figures may hide a few of the last digits: the nearest fitting value counts.
        candidates = sorted(range(needed - margin, needed + margin + 1), key=lambda value: abs(value - needed))
        for candidate in candidates:
            if kind := _kind(given, candidate, decimals):
                slips.append(Slip(kind, position, Decimal(given) / scale, Decimal(candidate) / scale))
                break
    return slips


def explain_swapped_columns(
    totals: tuple[Decimal, Decimal], rows: Sequence[tuple[Decimal, Decimal]], *, tolerance: Decimal = Decimal(0)
) -> list[Slip]:
    """The rows whose two cells, exchanged, make both columns add up to their ``totals``; none if they do already."""
    gaps = [total - sum((row[column] for row in rows), Decimal(0)) for column, total in enumerate(totals)]
    if all(abs(gap) <= tolerance for gap in gaps):
        return []
    return [
        Slip("columns_swapped", position, first, second)
        for position, (first, second) in enumerate(rows)
        if first != second
        and abs(gaps[0] - (second - first)) <= tolerance
        and abs(gaps[1] - (first - second)) <= tolerance
    ]


def sentences(
    slips: Iterable[Slip], labels: Sequence[str], total_label: str, *, unit: str = "", unit_zh: str = ""
) -> tuple[str, str]:
    """What the slips say, in English and Chinese; empty where there is none, or more than ``MOST_TOLD``.

    ``labels`` name the parts, ``total_label`` the total.
    """
    told = list(slips)
    if not 0 < len(told) <= MOST_TOLD:
        return "", ""
    english, chinese = [], []
    for slip in told:
        label = total_label if slip.position is None else labels[slip.position]
        reason, reason_zh = KINDS[slip.kind]
        found, probable = _shown(slip.found), _shown(slip.probable)
        english.append(f"{label} {found}{unit} is probably {probable}{unit} ({reason})")
        chinese.append(f"{label} {found}{unit_zh} 可能应为 {probable}{unit_zh}（{reason_zh}）")
    return f"{'; or '.join(english)}.", f"{'；或 '.join(chinese)}。"


def _shown(value: Decimal) -> str:
    """A figure with thousands separated and at least two places."""
    return f"{value:,.{max(2, _places(value))}f}"


def _places(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _kind(given: int, needed: int, decimals: int) -> str | None:
    """Which slip turns ``needed`` into ``given``, or None."""
    if given == -needed and given:
        return "sign"
    if given * needed <= 0 or given == needed:
        return None
    small, large = sorted((abs(given), abs(needed)))
    typed, meant = _typed(abs(given), decimals), _typed(abs(needed), decimals)
    tests = {
        "factor_10000": large == small * TEN_THOUSAND,
        "factor_10": large == small * 10,
        "digit_lost": _is_without_one(typed, meant, decimals),
        "digit_extra": _is_without_one(meant, typed, decimals),
        "digits_swapped": _are_swapped(abs(given), abs(needed), decimals),
    }
    return next((kind for kind, fits in tests.items() if fits), None)


def _typed(cents: int, decimals: int) -> str:
    """The figure as text with all its places: ``1066.51``."""
    if not decimals:
        return str(cents)
    text = str(cents).rjust(decimals + 1, "0")
    return f"{text[:-decimals]}.{text[-decimals:]}"


def _is_without_one(shorter: str, longer: str, decimals: int) -> bool:
    """Whether ``longer`` without one of its digits is the figure ``shorter``."""
    target = _value(shorter, decimals)
    return any(
        character != "." and _value(longer[:place] + longer[place + 1 :], decimals) == target
        for place, character in enumerate(longer)
    )


def _value(text: str, decimals: int) -> int:
    whole, _, fraction = text.partition(".")
    return int(f"{whole or '0'}{fraction.ljust(decimals, '0')[:decimals]}" or "0")


def _are_swapped(given: int, needed: int, decimals: int) -> bool:
    """Whether two digits exchanged turn one figure into the other."""
    width = max(len(str(given)), len(str(needed)), decimals + 1)
    first, second = str(given).rjust(width, "0"), str(needed).rjust(width, "0")
    different = [place for place in range(width) if first[place] != second[place]]
    if len(different) != 2:
        return False
    left, right = different
    return first[left] == second[right] and first[right] == second[left]
