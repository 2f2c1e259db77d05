"""Which rows of a table are sums of other rows, told by arithmetic: pure functions over amounts in whole cents.

A row that equals the sum of others may be their total or may equal it by chance. ``chance`` estimates how likely the
latter is: a sum of small round amounts comes about by itself, one that agrees to the cent in two independent columns
does not. Does not belong here: labels that say what a row is (totals), reading rows (tables).
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from fractions import Fraction
from typing import NamedTuple

Amounts = tuple[int, ...]
"""The amounts of a row in cents, one per column; every one is known."""

WHOLE_AT_MOST = Fraction(1, 50)
"""The chance below which a first or last row that sums all others is no fact by itself."""
BLOCK_AT_MOST = Fraction(1, 1_000)
"""The same for a row that sums its neighbours: there are many of those to try."""
IN_SPITE_OF_A_CODE = Fraction(1, 1_000_000)
"""The same for a row with a code like those of the others, or which the table's own total includes."""
_WHERE_A_PLACE_IS_NAMED = Fraction(1, 4)
"""The same for a row that is called after a district or city: departments seldom are."""
_PLACE = re.compile(r"\w{1,8}[区县市](?:本?级|财政|汇总)?")
_COLUMNS_OF_EVIDENCE = 2
_SHORTEST_NAME = 2
_SHORTEST_STEP = 2
"""Digits by which the code of a unit is longer than that of its department."""
_MOST_ROWS = 2_000
"""Rows up to which neighbours are added up."""
_EVIDENCE = Fraction(1, 8)
"""A sum of neighbours that is likelier than that by chance says nothing."""


class Entry(NamedTuple):
    """A row that may be a fact or a sum: its position, its amounts, the level on which it stands, its code and name."""

    position: int
    amounts: Amounts
    level: tuple[object, ...]
    code: str
    name: str


class Total(NamedTuple):
    """A row that sums others: positions; ``code``: the beginning of their codes, if that is what told it."""

    row: int
    parts: tuple[int, ...]
    code: str = ""


class Levels:
    """The rows of a table, and which of them are totals of others on their level.

    ``stated`` are the amounts of the rows that are labelled as the total of the whole table: what they sum decides
    between two readings.
    """

    def __init__(self, entries: Sequence[Entry], stated: Collection[Amounts]) -> None:
        self._entries = entries
        self._stated = stated
        self.doubtful: list[Total] = []

    def totals(self) -> list[Total]:
        """The totals; fills ``doubtful`` with rows of which only arithmetic says that they are some."""
        levels: dict[tuple[object, ...], list[Entry]] = {}
        for entry in self._entries:
            levels.setdefault(entry.level, []).append(entry)
        told = [total for entries in levels.values() for total in _by_code(entries)]
        for entries in levels.values():
            told += self._by_arithmetic(entries, told, is_only=len(levels) == 1)
        return told

    def _by_arithmetic(self, entries: Sequence[Entry], told: Sequence[Total], *, is_only: bool) -> list[Total]:
        known = {total.row for total in told}
        left = [entry for entry in entries if entry.position not in known]
        rows = [entry.amounts for entry in left]
        if len(rows) <= 2 or not rows[0]:
            return []
        blocks = block_sums(rows)
        by_name = [block for block in blocks if _is_named_after(left, block)]
        wholes = whole_sums(rows)
        added = _added(rows)
        if is_only and added in self._stated:
            self.doubtful += [_total(left, block) for block in blocks if block.chance < IN_SPITE_OF_A_CODE]
            return []
        for found in (by_name, blocks, wholes):
            rest = tuple(amount - sum(rows[one.row][column] for one in found) for column, amount in enumerate(added))
            if is_only and found and rest in self._stated:
                return [_total(left, one) for one in found]
        named = {block.row for block in by_name}
        for found, limit in ((wholes, WHOLE_AT_MOST), (blocks, BLOCK_AT_MOST)):
            for one in found:
                most = _WHERE_A_PLACE_IS_NAMED if _PLACE.fullmatch(left[one.row].name) else limit
                most = IN_SPITE_OF_A_CODE if _has_code_like(left, one) else most
                if one.row not in named and one.chance < most:
                    self.doubtful.append(_total(left, one))
        return [_total(left, block) for block in by_name]


def _total(entries: Sequence[Entry], found: Sum) -> Total:
    return Total(entries[found.row].position, tuple(entries[part].position for part in found.parts))


def _is_named_after(entries: Sequence[Entry], block: Sum) -> bool:
    """Whether a part is called after the row: 甲局本级 below 甲局."""
    name = entries[block.row].name
    parts = [entries[part].name for part in block.parts if part != block.row]
    return len(name) >= _SHORTEST_NAME and any(part != name and part.startswith(name) for part in parts)


def _has_code_like(entries: Sequence[Entry], found: Sum) -> bool:
    lengths = {len(entries[part].code) for part in found.parts if part != found.row}
    return bool(entries[found.row].code) and len(entries[found.row].code) in lengths


def _by_code(entries: Sequence[Entry]) -> list[Total]:
    """Departments whose code begins the codes of others that they sum: the line of a department above its units."""
    rows: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.code and entry.level[0] == "department":
            rows.setdefault(entry.code, []).append(entry)
    codes = sorted(rows)
    found = []
    for place, code in enumerate(codes):
        below = []
        for further in codes[place + 1 :]:
            if not further.startswith(code):
                break
            below.append(further)
        units = [unit for further in below if len(further) >= len(code) + _SHORTEST_STEP for unit in rows[further]]
        (row, *others) = rows[code]
        if units and not others and any(row.amounts) and _added([unit.amounts for unit in units]) == row.amounts:
            found.append(Total(row.position, tuple(sorted(unit.position for unit in units)), code))
    return found


def _added(rows: Sequence[Amounts]) -> Amounts:
    return tuple(map(sum, zip(*rows, strict=True)))


class Sum(NamedTuple):
    """A row that equals the sum of others, by position, and how likely that is by chance (tries counted)."""

    row: int
    parts: range
    chance: Fraction


def chance(total: Amounts, parts: Sequence[Amounts]) -> Fraction:
    """How likely rows like ``parts`` add up to ``total`` by chance.

    Each column in which the parts are not merely the same shares again tells the total among as many as its amount has
    steps, a step being what the parts share. Full-year and initial budgets are often equal: at most two columns count.
    """
    used: list[int] = []
    probability = Fraction(1)
    for column, amount in enumerate(total):
        if not amount or any(_same_shares(parts, total, column, other) for other in used):
            continue
        steps = abs(amount) // math.gcd(amount, *(part[column] for part in parts))
        probability /= steps
        used.append(column)
        if len(used) == _COLUMNS_OF_EVIDENCE:
            break
    return probability


def _same_shares(parts: Sequence[Amounts], total: Amounts, column: int, other: int) -> bool:
    return all(part[column] * total[other] == part[other] * total[column] for part in parts)


def whole_sums(rows: Sequence[Amounts]) -> list[Sum]:
    """The first or the last row, where it equals the sum of all others in every column."""
    found = []
    for row in {0, len(rows) - 1} if len(rows) > 2 else ():
        parts = range(1, len(rows)) if row == 0 else range(len(rows) - 1)
        if _is_sum(rows, row, parts):
            found.append(Sum(row, parts, 2 * chance(rows[row], [rows[part] for part in parts])))
    return found


def block_sums(rows: Sequence[Amounts]) -> list[Sum]:
    """Rows that equal the sum of the rows just below (or just above) them, the smallest blocks first.

    A row that was found is no part of a larger block, so that levels above levels are found too.
    """
    left = list(range(len(rows)))
    found: list[Sum] = []
    while len(rows) <= _MOST_ROWS:
        blocks = _blocks([rows[row] for row in left], len(rows))
        if not blocks:
            return found
        best = min(blocks, key=lambda block: (len(block.parts), block.row))
        found.append(Sum(left[best.row], range(left[best.parts[0]], left[best.parts[-1]] + 1), best.chance))
        del left[best.row]
    return found


def _blocks(rows: Sequence[Amounts], tries: int) -> list[Sum]:
    """Every row that is the sum of the rows next to it."""
    width = len(rows[0]) if rows else 0
    sums: list[Amounts] = [(0,) * width]
    for amounts in rows:
        sums.append(tuple(map(int.__add__, sums[-1], amounts)))
    ends: dict[Amounts, list[int]] = {}
    for end, amounts in enumerate(sums):
        ends.setdefault(amounts, []).append(end)
    found = []
    for row, amounts in enumerate(rows):
        if not any(amounts):
            continue
        below = tuple(map(int.__add__, sums[row + 1], amounts))
        above = tuple(map(int.__sub__, sums[row], amounts))
        ranges = [range(row + 1, end) for end in ends.get(below, ()) if end > row + 1]
        ranges += [range(start, row) for start in ends.get(above, ()) if start < row]
        for parts in ranges:
            if sum(any(rows[part]) for part in parts) > 1:
                by_chance = chance(amounts, [rows[part] for part in parts])
                if by_chance <= _EVIDENCE:
                    found.append(Sum(row, parts, tries * by_chance))
    return found


def _is_sum(rows: Sequence[Amounts], row: int, parts: range) -> bool:
    if not any(rows[row]) or sum(any(rows[part]) for part in parts) < 2:
        return False
    return all(rows[row][column] == sum(rows[part][column] for part in parts) for column in range(len(rows[row])))
