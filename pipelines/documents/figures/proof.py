"""Which figures of a document prove each other, and which contradict each other.

Every amount is taken as an interval of half a unit of its last printed digit; an identity closes where the intervals
meet. A rate that is cut off instead of rounded closes too, and is told.
Does not belong here: the warehouse's figures (``sql/rules``).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

from pipelines.documents.characters import fold
from pipelines.documents.model import DEPARTMENT, UNIT_FACTORS, Figure, Identity, Inconsistency, Measure, Status

_CURRENT = (Measure.EXECUTED, Measure.RECEIVED, Measure.AMOUNT)
_SHARE_OF_TOTAL = Decimal("0.02")
"""Parts whose sum misses the total by less than this share of it are meant to be all parts."""


@dataclass(slots=True)
class _Proof:
    figures: Sequence[Figure]
    proven: set[int] = field(default_factory=set)
    broken: list[Inconsistency] = field(default_factory=list)

    def amount(self, position: int) -> Decimal:
        figure = self.figures[position]
        return figure.number * UNIT_FACTORS[figure.unit]

    def close(self, members: Iterable[int]) -> None:
        self.proven.update(members)

    def sum_of(self, whole: int, parts: Sequence[int], identity: Identity) -> bool:
        """Whether a whole is the sum of its parts; notes either outcome."""
        computed = sum((self.amount(part) for part in parts), Decimal(0))
        slack = sum((self.figures[part].half_unit for part in (whole, *parts)), Decimal(0))
        if abs(computed - self.amount(whole)) <= slack:
            self.close((whole, *parts))
            return True
        self.fail(identity, (whole, *parts), computed / UNIT_FACTORS[self.figures[whole].unit])
        return False

    def quotient(self, rate: int, over: int, under: int, identity: Identity, *, minus: int | None = None) -> bool:
        """Whether a rate in percent is one amount over another (less ``minus`` for growth); notes either outcome."""
        figure = self.figures[rate]
        top, bottom = self.amount(over), self.amount(under)
        slack_top, slack_bottom = self.figures[over].half_unit, self.figures[under].half_unit
        members = (rate, over, under)
        if minus is not None:
            bottom -= self.amount(minus)
            slack_bottom += self.figures[minus].half_unit
        if bottom <= 0 or bottom <= slack_bottom:
            return True
        exact = top / bottom * 100
        unit = Decimal(1).scaleb(int(figure.number.as_tuple().exponent))
        rounded = exact.quantize(unit, ROUND_HALF_UP)
        corners = [(top + a * slack_top) / (bottom + b * slack_bottom) * 100 for a in (-1, 1) for b in (-1, 1)]
        is_cut_off = rounded != figure.number and exact.quantize(unit, ROUND_DOWN) == figure.number
        if is_cut_off:
            self.fail(identity, members, rounded, is_truncated=True)
        if is_cut_off or min(corners) - figure.half_unit <= figure.number <= max(corners) + figure.half_unit:
            self.close(members)
            return True
        self.fail(identity, members, rounded)
        return False

    def any_quotient(self, rate: int, overs: Sequence[int], under: int) -> None:
        """A rate is one of several printed amounts over another; where none fits, that printed last is told."""
        for over in overs[:-1]:
            trial = _Proof(self.figures)
            if trial.quotient(rate, over, under, Identity.RATE):
                self.proven |= trial.proven
                self.broken += trial.broken
                return
        self.quotient(rate, overs[-1], under, Identity.RATE)

    def fail(
        self, identity: Identity, members: tuple[int, ...], expected: Decimal, *, is_truncated: bool = False
    ) -> None:
        printed = self.figures[members[0]].number
        self.broken.append(Inconsistency(identity, members, printed, expected, is_truncated))


def prove(figures: Sequence[Figure]) -> tuple[list[Figure], tuple[Inconsistency, ...]]:
    """The figures with their status, and the identities that do not close."""
    proof = _Proof(figures)
    for group in _groups(figures):
        _prove_group(proof, group)
    _prove_shares(proof)
    _prove_parts(proof)
    _prove_balances(proof)
    _prove_tables(proof)
    _prove_same(proof)
    _prove_text_by_tables(proof)
    contradicted = {member for one in proof.broken if not one.is_truncated for member in one.figures}
    statuses = []
    for position, figure in enumerate(figures):
        if figure.status is Status.UNREAD:
            status = Status.UNREAD
        elif position in contradicted:
            status = Status.CONTRADICTED
        elif position in proof.proven:
            status = Status.PROVEN
        else:
            status = Status.SINGLE
        statuses.append(replace(figure, status=status))
    return statuses, tuple(proof.broken)


def _groups(figures: Sequence[Figure]) -> Iterator[dict[Measure, list[int]]]:
    """Figures of one subject in one paragraph or one row, by measure: amounts and percentages, no other units."""
    groups: defaultdict[tuple[object, ...], defaultdict[Measure, list[int]]] = defaultdict(lambda: defaultdict(list))
    for position, figure in enumerate(figures):
        if figure.measure is not None and (figure.amount is not None or figure.unit == "%"):
            place = figure.place
            key = (
                figure.subject,
                figure.fiscal_year,
                place.page if place.table else None,
                place.paragraph,
                place.table,
                place.row,
            )
            groups[key][figure.measure].append(position)
    yield from groups.values()


def _only(group: dict[Measure, list[int]], *measures: Measure) -> int | None:
    """The only figure of the first measure that has one."""
    for measure in measures:
        positions = group.get(measure, [])
        if len(positions) == 1:
            return positions[0]
        if positions:
            return None
    return None


def _prove_group(proof: _Proof, group: dict[Measure, list[int]]) -> None:
    initial = _only(group, Measure.INITIAL_BUDGET)
    full = _only(group, Measure.FULL_YEAR_BUDGET)
    adjustments = group.get(Measure.ADJUSTMENT, [])
    if initial is not None and full is not None and adjustments:
        proof.sum_of(full, [initial, *adjustments], Identity.ADDS_UP)
    net = _only(group, Measure.NET_ADJUSTMENT_RATE)
    if net is not None and initial is not None and len(adjustments) == 1:
        proof.quotient(net, adjustments[0], initial, Identity.RATE)
    executed = group.get(Measure.EXECUTED) or group.get(Measure.RECEIVED) or []
    rate = _only(group, Measure.EXECUTION_RATE)
    amounts = group.get(Measure.AMOUNT, [])
    denominator = full if full is not None else initial
    if denominator is None and len(amounts) == 1:
        denominator = amounts[0]
    if rate is not None and executed and denominator is not None:
        proof.any_quotient(rate, executed, denominator)
    completion = _only(group, Measure.COMPLETION_OF_INITIAL)
    if completion is not None and executed and initial is not None:
        proof.any_quotient(completion, executed, initial)
    change, growth = _only(group, Measure.YOY_AMOUNT), _only(group, Measure.YOY_RATE)
    current = _only(group, *_CURRENT)
    if change is not None and growth is not None and current is not None:
        proof.quotient(growth, change, current, Identity.GROWTH, minus=change)


def _prove_shares(proof: _Proof) -> None:
    figures = proof.figures
    for position, figure in enumerate(figures):
        if figure.measure is not Measure.SHARE or position == 0:
            continue
        own = next(
            (
                before
                for before in range(position - 1, max(-1, position - 4), -1)
                if figures[before].subject == figure.subject and figures[before].measure in _CURRENT
            ),
            None,
        )
        if own is None:
            continue
        named = re.search(
            r"占(?P<whole>[^，,；;。：:\d]{3,40}?)(?:的)?(?:比重|比例|比)?(?:为|是)?\s*[\d.]+\s*[%％]", figure.sentence
        )
        if named and own is not None:
            whole = _named_whole(figures, fold(named["whole"]).text, own)
        else:
            whole = figures[own].parent if figures[own].parent is not None else figure.parent
        if whole is not None and whole != own and figures[whole].measure in _CURRENT:
            proof.quotient(position, own, whole, Identity.SHARE)


def _named_whole(figures: Sequence[Figure], name: str, own: int) -> int | None:
    """The figure that 占…的 names, the nearest one before."""
    for before in range(own - 1, -1, -1):
        subject = figures[before].subject
        if figures[before].measure in _CURRENT and len(subject) > 2 and subject.removesuffix("合计") in name:
            return before
    return None


def _prove_parts(proof: _Proof) -> None:
    """Parts behind 其中 whose sum is their total, or nearly so."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    for position, figure in enumerate(proof.figures):
        parent = figure.parent
        if parent is None or figure.measure is not proof.figures[parent].measure:
            continue
        if figure.amount is None or proof.figures[parent].amount is None:
            continue
        if figure.place.paragraph == proof.figures[parent].place.paragraph:
            children[parent].append(position)
    for whole, parts in children.items():
        total = proof.amount(whole)
        if len(parts) < 2 or total <= 0:
            continue
        computed = sum((proof.amount(part) for part in parts), Decimal(0))
        if abs(computed - total) <= _SHARE_OF_TOTAL * total:
            proof.sum_of(whole, parts, Identity.PARTS)


def _prove_balances(proof: _Proof) -> None:
    """A total of income and expenditure (财政拨款收入支出总计) is not less than the income of that name."""
    received = {
        figure.subject: position
        for position, figure in enumerate(proof.figures)
        if figure.measure is Measure.RECEIVED and figure.amount is not None and figure.reading == "text"
    }
    for position, figure in enumerate(proof.figures):
        match = re.search(r"(?P<name>[^年度]+收入)支出总(?:计|额)$", figure.subject)
        if match is None or figure.measure is not Measure.AMOUNT or figure.amount is None:
            continue
        part = received.get(match["name"])
        if part is not None and proof.amount(position) + figure.half_unit < proof.amount(part):
            proof.fail(Identity.PARTS, (position, part), proof.amount(part) / UNIT_FACTORS[figure.unit])


def _prove_tables(proof: _Proof) -> None:
    """类 = sum of its 款 = sum of their 项, and the total row = sum of the 类, column by column."""
    columns: defaultdict[tuple[object, ...], dict[tuple[str, ...], list[int]]] = defaultdict(lambda: defaultdict(list))
    totals: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for position, figure in enumerate(proof.figures):
        if figure.reading != "table" or figure.amount is None or not figure.section:
            continue
        key = (figure.section, figure.place.column, figure.measure)
        if figure.function_path:
            columns[key][figure.function_path].append(position)
        elif figure.subject in (DEPARTMENT, figure.column):
            totals[key].append(position)
    for place, by_path in columns.items():
        for path, positions in by_path.items():
            parts = [
                member
                for other, members in by_path.items()
                for member in members
                if len(other) == len(path) + 1 and other[: len(path)] == path
            ]
            if parts and len(positions) == 1:
                proof.sum_of(positions[0], parts, Identity.HIERARCHY)
        top = [members[0] for path, members in by_path.items() if len(path) == 1]
        if top and len(totals[place]) == 1:
            proof.sum_of(totals[place][0], top, Identity.HIERARCHY)


def _prove_same(proof: _Proof) -> None:
    """One subject's one measure, printed twice in one paragraph as that what it is, has one value."""
    seen: defaultdict[tuple[object, ...], list[int]] = defaultdict(list)
    for position, figure in enumerate(proof.figures):
        once = (Measure.INITIAL_BUDGET, Measure.FULL_YEAR_BUDGET, Measure.EXECUTED, Measure.RECEIVED)
        if (
            figure.measure in once
            and figure.amount is not None
            and figure.subject != DEPARTMENT
            and figure.place.paragraph
        ):
            seen[(figure.subject, figure.measure, figure.fiscal_year, figure.place.paragraph)].append(position)
    for positions in seen.values():
        first = positions[0]
        for other in positions[1:]:
            slack = max(proof.figures[first].half_unit, proof.figures[other].half_unit)
            if abs(proof.amount(first) - proof.amount(other)) > slack:
                proof.fail(
                    Identity.SAME_FIGURE, (first, other), proof.amount(other) / UNIT_FACTORS[proof.figures[first].unit]
                )
            else:
                proof.close((first, other))


def _prove_text_by_tables(proof: _Proof) -> None:
    """What the text says of a function class, the document's own tables say too."""
    cells: defaultdict[tuple[str, int, Measure | None], list[int]] = defaultdict(list)
    for position, figure in enumerate(proof.figures):
        if figure.reading == "table" and figure.amount is not None and "/" not in figure.subject:
            cells[(figure.subject, len(figure.function_path), figure.measure)].append(position)
    for position, figure in enumerate(proof.figures):
        if figure.reading == "table" or figure.amount is None or figure.measure is None:
            continue
        names = re.findall(r"(?:^|\))([^()]+(?:\([^()类款项]+\)[^()]*)?)\((?:类|款|项)\)", figure.subject)
        if not names:
            continue
        same = cells.get((names[-1], len(names), figure.measure), [])
        if not same or len({proof.amount(cell) for cell in same}) > 1:
            continue
        slack = figure.half_unit + proof.figures[same[0]].half_unit
        if abs(proof.amount(position) - proof.amount(same[0])) <= slack:
            proof.close((position, *same))
        else:
            expected = proof.amount(same[0]) / UNIT_FACTORS[figure.unit]
            proof.fail(Identity.SAME_FIGURE, (position, same[0]), expected)
