"""One year of the synthetic district, drawn as integer arrays: departments, projects, lines, adjustments, spending.

Money is in cents. Shares of behaviours follow a public set of 17,108 real budget lines: 17 % have no initial budget
and money added, 7.9 % are cut to nothing, 10.6 % have money and no spending, 9.5 % change by more than their initial
budget, 59 lines are over-executed and 5 spent without budget. Does not belong here: files.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import IntEnum
from functools import cached_property
from itertools import pairwise

import numpy as np

from pipelines.demo.draws import Draws, Integers, apportion, group_starts, sum_by
from pipelines.demo.names import (
    DEPARTMENT_FIELDS,
    ECONOMY_CODES,
    FIRST_ECONOMY_OF_KIND,
    FUND_TYPES,
    REASONS,
    THEMES,
)

KINDS = ("1", "21", "22", "3")
"""Project kinds by number; a department's first two projects are its personnel and its public funds."""

_MAGNITUDES = (1000, 1500, 2000, 3000, 5000, 8000, 10_000, 20_000, 50_000, 100_000)
"""Sizes of a project's initial budget in hundreds of yuan."""

_PAYMENT_MONTHS = np.repeat(np.arange(12), (5, 4, 6, 6, 7, 8, 7, 7, 8, 8, 12, 22))
"""Months of payment per hundred: the year-end rush."""


class Behaviour(IntEnum):
    """What a project does in a year."""

    NORMAL = 0
    NEW_IN_YEAR = 1
    FULLY_CUT = 2
    UNSPENT = 3
    MORE_THAN_DOUBLED = 4
    OVER_EXECUTED = 5
    SPENT_WITHOUT_BUDGET = 6
    WITHOUT_MONEY = 7


_SHARES_PER_10_000 = {
    Behaviour.NEW_IN_YEAR: 1700,
    Behaviour.FULLY_CUT: 790,
    Behaviour.UNSPENT: 1060,
    Behaviour.MORE_THAN_DOUBLED: 950,
    Behaviour.OVER_EXECUTED: 34,
    Behaviour.SPENT_WITHOUT_BUDGET: 3,
    Behaviour.WITHOUT_MONEY: 50,
}


@dataclass(frozen=True, slots=True)
class Size:
    """How many rows of each export a year has."""

    departments: int
    units: int
    projects: int
    lines: int
    adjustments: int
    payments: int

    @classmethod
    def of_scale(cls, scale: float) -> Size:
        """Scale 1: 100 departments, 5,000 projects, 20,000 lines, 60,000 adjustments, 200,000 payments.

        A tenth as many units belong to a department. Tiny scales keep 8 departments with 4 projects each.
        """
        departments = max(8, round(100 * scale))
        projects = max(4 * departments, round(5_000 * scale))
        lines = max(2 * projects, round(20_000 * scale))
        return cls(
            departments=departments,
            units=max(1, departments // 10),
            projects=projects,
            lines=lines,
            adjustments=max(2 * lines, round(60_000 * scale)),
            payments=max(2 * lines, round(200_000 * scale)),
        )


@dataclass(frozen=True, slots=True)
class Adjustments:
    """Adjustment lines in order of date: budget line, day of the year (0 = 1 January), kind, batch, reason, cents."""

    line: Integers
    day: Integers
    kind: Integers
    batch: Integers
    reason: Integers
    amount: Integers


ADDITION, CUT, REALLOCATION = 0, 1, 2


class DemoYear:
    """Everything that is true of the district in one year; arrays of projects are sorted by department."""

    def __init__(self, *, district_code: str, fiscal_year: int, first_year: int, size: Size, seed: int) -> None:
        self.district_code = district_code
        self.fiscal_year = fiscal_year
        self.first_year = first_year
        self.size = size
        self._lasting = Draws(seed, district_code, "lasting")
        self.draws = Draws(seed, district_code, fiscal_year)
        self._draw_projects()
        self._draw_lines()
        self.adjustments = self._draw_adjustments()
        self._draw_spending()

    def date_of(self, day: int) -> date:
        """The date of a day of this year; day 0 is 1 January."""
        return date(self.fiscal_year, 1, 1) + timedelta(days=day)

    @cached_property
    def month_lengths(self) -> Integers:
        """Days of each month of this year."""
        firsts = [date(self.fiscal_year, month, 1) for month in range(1, 13)] + [date(self.fiscal_year + 1, 1, 1)]
        return np.array([(after - first).days for first, after in pairwise(firsts)], dtype=np.int64)

    @cached_property
    def department_names(self) -> list[str]:
        """Names of departments and, behind them, of units."""
        departments = self.size.departments
        names = []
        for number in range(departments):
            field = DEPARTMENT_FIELDS[number % len(DEPARTMENT_FIELDS)][0]
            rank = number // len(DEPARTMENT_FIELDS)
            names.append(f"演示区虚构{field}" if not rank else f"演示区虚构第{rank + 1}{field}")
        names.extend(f"{names[self.supervisor(departments + unit)]}下属虚构中心" for unit in range(self.size.units))
        return names

    @cached_property
    def department_codes(self) -> list[str]:
        """Codes of departments and units: the department in the first digits, then the unit; zeros lead."""
        width = max(3, len(str(self.size.departments)))
        codes = [f"{number + 1:0{width}d}001" for number in range(self.size.departments)]
        units = range(self.size.departments, self.size.departments + self.size.units)
        return codes + [f"{self.supervisor(unit) + 1:0{width}d}002" for unit in units]

    def supervisor(self, number: int) -> int:
        """The department in which a department's or unit's figures are summed."""
        departments = self.size.departments
        return number if number < departments else (number - departments) * (departments // self.size.units)

    def _draw_projects(self) -> None:
        size, lasting = self.size, self._lasting
        serial = np.arange(size.projects, dtype=np.int64)
        departments = size.departments + size.units
        basic = 2 * size.departments
        # Every department and unit gets one project in turn before the rest fall where they may.
        department = np.where(
            serial < basic + departments, serial - basic, lasting.below("department", serial, departments)
        )
        department = np.where(serial < basic, serial // 2, department)
        kind = np.where(serial < basic, serial % 2, 2 + (lasting.below("kind", serial, 10) < 6))
        order = np.lexsort((serial, department))
        self.project_serial = serial[order]
        self.project_department = department[order]
        self.project_kind = kind[order]
        serial, kind = self.project_serial, self.project_kind
        self.project_is_one_off = (kind == 3) & (lasting.below("one-off", serial, 100) < 35)
        self.project_theme = lasting.below("theme", serial, len(THEMES))
        fund = lasting.below("fund", serial, 100)
        self.project_fund = np.where((kind < 2) | (fund < 85), 0, 1 + fund % (len(FUND_TYPES) - 1))
        second = lasting.below("second fund", serial, 100) < 8
        self.project_second_fund = np.where((kind >= 2) & second, (self.project_fund + 1) % 3, self.project_fund)
        self.project_behaviour = self._draw_behaviours()

    def _draw_behaviours(self) -> Integers:
        """Behaviours by quota, so that even a small district shows each of them; basic expenditure is normal."""
        behaviour = np.zeros(self.size.projects, dtype=np.int64)
        free = np.flatnonzero(self.project_kind >= 2)
        shuffled = free[np.argsort(self.draws.below("behaviour", self.project_serial[free], 1 << 32), kind="stable")]
        taken = 0
        for which, share in _SHARES_PER_10_000.items():
            count = max(1, round(share * len(free) / 10_000))
            behaviour[shuffled[taken : taken + count]] = which
            taken += count
        return behaviour

    def _draw_lines(self) -> None:
        size, draws = self.size, self.draws
        more = draws.below("line", np.arange(size.lines - size.projects, dtype=np.int64), size.projects)
        project = np.sort(np.concatenate([np.arange(size.projects, dtype=np.int64), more]))
        ordinal = np.arange(size.lines, dtype=np.int64) - group_starts(project)
        first_economy = np.array([FIRST_ECONOMY_OF_KIND[kind] for kind in KINDS], dtype=np.int64)
        self.line_project = project
        self.line_economy = (first_economy[self.project_kind[project]] + ordinal) % len(ECONOMY_CODES)
        self.line_fund = np.where(ordinal % 2 == 0, self.project_fund[project], self.project_second_fund[project])
        self.line_behaviour = self.project_behaviour[project]
        self.project_planned = planned = self._draw_planned_amounts()
        weight = 1 + draws.below("line weight", np.arange(size.lines, dtype=np.int64), 9)
        basic = self.project_kind < 2
        cents_per_share = np.where(basic, 1, 10_000)
        self.line_planned = apportion(planned // cents_per_share, weight, project) * cents_per_share[project]
        without = np.isin(
            self.line_behaviour, (Behaviour.NEW_IN_YEAR, Behaviour.SPENT_WITHOUT_BUDGET, Behaviour.WITHOUT_MONEY)
        )
        self.line_initial = np.where(without, 0, self.line_planned)

    def _draw_planned_amounts(self) -> Integers:
        """A project's size in cents: to the cent for basic expenditure, in hundreds of yuan for the rest."""
        serial, kind, lasting = self.project_serial, self.project_kind, self._lasting
        magnitude = np.array(_MAGNITUDES, dtype=np.int64)[lasting.below("magnitude", serial, len(_MAGNITUDES))]
        growth = 95 + self.draws.below("growth", serial, 16)
        personnel = 800_000_000 + lasting.below("personnel", serial, 1 << 32)
        operation = 80_000_000 + lasting.below("public funds", serial, 400_000_000)
        projects = magnitude * (10 + lasting.below("mantissa", serial, 30)) // 10 * growth // 100 * 10_000
        return np.select([kind == 0, kind == 1], [personnel * growth // 100, operation * growth // 100], projects)

    def _draw_adjustments(self) -> Adjustments:
        intended = self._intended_changes()
        rows = self._rows_of_intended(intended)
        line = np.repeat(np.arange(self.size.lines, dtype=np.int64), rows)
        weight = 1 + self.draws.below("adjustment weight", np.arange(len(line), dtype=np.int64), 3)
        amount = apportion(intended // 100, weight, line) * 100
        kind = np.where(amount > 0, ADDITION, CUT)
        batches = max(1, len(line) // 20)
        number = np.arange(len(line), dtype=np.int64)
        # Additions get even, cuts odd batch numbers: one batch decides one kind of change.
        batch = self.draws.below("batch", number, batches) * 2 + kind
        reason = self.draws.below("reason", batch, len(REASONS))
        pairs = (self.size.adjustments - len(line)) // 2
        out, into, moved = self._reallocations(pairs)
        pair_batch = 2 * batches + np.arange(pairs, dtype=np.int64) // 3
        pair_reason = np.array([1, 4, 4, 0], dtype=np.int64)[self.draws.below("pair reason", pair_batch, 4)]
        line = np.concatenate([line, out, into])
        kind = np.concatenate([kind, np.full(2 * pairs, REALLOCATION, dtype=np.int64)])
        batch = np.concatenate([batch, pair_batch, pair_batch])
        reason = np.concatenate([reason, pair_reason, pair_reason])
        amount = np.concatenate([amount, -moved, moved])
        day = 45 + self.draws.below("adjustment day", batch, 300)
        order = np.lexsort((np.arange(len(line)), batch, day))
        return Adjustments(line[order], day[order], kind[order], batch[order], reason[order], amount[order])

    def _intended_changes(self) -> Integers:
        """The change of each line that its project's behaviour asks for, in whole yuan."""
        index = np.arange(self.size.lines, dtype=np.int64)
        share = self.draws.below("change share", index, 36)
        chance = self.draws.below("change", index, 100)
        free = self.project_kind[self.line_project] >= 2
        behaviour, initial = self.line_behaviour, self.line_initial
        normal = (behaviour == Behaviour.NORMAL) & free
        cents: Integers = np.select(
            [
                behaviour == Behaviour.NEW_IN_YEAR,
                behaviour == Behaviour.FULLY_CUT,
                behaviour == Behaviour.MORE_THAN_DOUBLED,
                normal & (chance < 15),
                normal & (chance < 30),
            ],
            [
                self.line_planned,
                -initial,
                initial * (110 + 5 * share) // 100,
                initial * (5 + share) // 100,
                -(initial * (5 + share) // 100),
            ],
            0,
        )
        cents -= cents % 100
        return cents

    def _rows_of_intended(self, intended: Integers) -> Integers:
        """How many adjustment lines make up each intended change: additions often come in two steps."""
        index = np.arange(self.size.lines, dtype=np.int64)
        rows = np.where(intended != 0, 1, 0)
        rows += (intended > 0) & (self.draws.below("steps", index, 100) < 40)
        changed = np.flatnonzero(intended)
        # What remains is filled with reallocations, which come in pairs.
        rows[changed[0]] += (self.size.adjustments - rows.sum()) % 2
        return rows

    def _reallocations(self, pairs: int) -> tuple[Integers, Integers, Integers]:
        """Lines that give, lines that take, and the cents moved: within one department and fund type.

        Few lines are reallocated often, most seldom or never. A line gives and takes at most half
        of its initial budget.
        """
        movable = (Behaviour.NORMAL, Behaviour.UNSPENT, Behaviour.MORE_THAN_DOUBLED, Behaviour.OVER_EXECUTED)
        eligible = np.flatnonzero(np.isin(self.line_behaviour, movable) & (self.line_initial > 0))
        group = self.project_department[self.line_project[eligible]] * len(FUND_TYPES) + self.line_fund[eligible]
        order = np.argsort(group, kind="stable")
        eligible, group = eligible[order], group[order]
        starts = group_starts(group)
        sizes = np.searchsorted(group, group, side="right") - starts
        givers = np.flatnonzero(sizes > 1)
        givers = givers[np.argsort(self.draws.below("giver order", givers, 1 << 32), kind="stable")]
        pair = np.arange(pairs, dtype=np.int64)
        chance = self.draws.below("giver", pair, 1 << 16)
        position = givers[(chance * chance >> 8) * len(givers) >> 24]
        start, size = starts[position], sizes[position]
        step = 1 + (self.draws.below("taker", pair, 1 << 16) * (size - 1) >> 16)
        out, into = eligible[position], eligible[start + (position - start + step) % size]
        most = [
            self.line_initial[lines] // (2 * np.bincount(lines, minlength=self.size.lines)[lines])
            for lines in (out, into)
        ]
        moved = np.minimum(*most) * (1 + self.draws.below("moved", pair, 4)) // 4
        return out, into, np.maximum(moved // 100, 1) * 100

    def _draw_spending(self) -> None:
        """Full-year budgets, executed amounts, and how many payments make up each."""
        lines, draws = self.size.lines, self.draws
        adjustments = self.adjustments
        reallocated = adjustments.kind == REALLOCATION
        self.line_adjusted = sum_by(adjustments.line[~reallocated], adjustments.amount[~reallocated], lines)
        self.line_reallocated = sum_by(adjustments.line[reallocated], adjustments.amount[reallocated], lines)
        self.line_full_year = self.line_initial + self.line_adjusted + self.line_reallocated
        index = np.arange(lines, dtype=np.int64)
        department = self.project_department[self.line_project]
        pace = 5500 + draws.below("pace", department, 4300)
        rate = np.clip(pace + draws.below("rate", index, 4000) - 2000, 500, 10_000)
        rate = np.where(draws.below("spent whole", index, 100) < 25, 10_000, rate)
        rate = np.where(
            self.project_kind[self.line_project] == 0, 9600 + draws.below("personnel rate", index, 401), rate
        )
        rate = np.where(self.line_behaviour == Behaviour.OVER_EXECUTED, 10_200 + 100 * (rate % 20), rate)
        executed = self.line_full_year * rate // 10_000
        executed = np.where(self.line_behaviour == Behaviour.UNSPENT, 0, executed)
        executed = np.where(self.line_behaviour == Behaviour.SPENT_WITHOUT_BUDGET, self.line_planned // 10, executed)
        self.line_executed = executed
        spending = np.flatnonzero(executed)
        weight = 1 + draws.below("payments", spending, 9)
        more = apportion(
            np.array([self.size.payments - len(spending)]), weight, np.zeros(len(spending), dtype=np.int64)
        )
        self.line_payments = np.zeros(lines, dtype=np.int64)
        self.line_payments[spending] = 1 + more
        self._line_first_day = np.zeros(lines, dtype=np.int64)
        new = np.flatnonzero(self.line_behaviour[adjustments.line] == Behaviour.NEW_IN_YEAR)
        np.maximum.at(self._line_first_day, adjustments.line[new], adjustments.day[new])

    def payments_of(self, first: int, last: int) -> tuple[Integers, Integers, Integers]:
        """Line, day of the year and cents of the payments of lines ``first`` … ``last`` - 1, each line's by date.

        Every line's payments add up to its executed amount; about one payment in 300 is a refund.
        """
        counts = self.line_payments[first:last]
        offset = int(self.line_payments[:first].sum())
        index = np.arange(offset, offset + int(counts.sum()), dtype=np.int64)
        line = np.repeat(np.arange(first, last, dtype=np.int64), counts)
        month = _PAYMENT_MONTHS[self.draws.below("payment month", index, 100)]
        personnel = self.project_kind[self.line_project[line]] == 0
        month = np.where(personnel, self.draws.below("salary month", index, 12), month)
        days = int(self.month_lengths.sum())
        starts = np.concatenate([[0], np.cumsum(self.month_lengths)])[month]
        day = starts + (self.draws.below("payment day", index, 1 << 16) * self.month_lengths[month] >> 16)
        # What is new in the year is paid after the money came.
        day = self._line_first_day[line] + day * (days - self._line_first_day[line]) // days
        day = np.sort(line * 400 + day) - line * 400
        weight = 1 + self.draws.below("payment weight", index, 15)
        amount = apportion(self.line_executed, weight, line)
        return line, day, self._with_refunds(index, line, amount)

    def _with_refunds(self, index: Integers, line: Integers, amount: Integers) -> Integers:
        """Turn some payments into refunds of part of the one before; the one after pays it all again."""
        inner = np.zeros(len(line), dtype=bool)
        inner[1:-1] = (line[1:-1] == line[:-2]) & (line[1:-1] == line[2:])
        # Only every third payment may turn, so that no two neighbours do.
        refund = np.flatnonzero(inner & (index % 3 == 1) & (self.draws.below("refund", index, 100) < 1))
        given_back = amount[refund - 1] // 3 + 1
        changed = amount.copy()
        changed[refund + 1] += amount[refund] + given_back
        changed[refund] = -given_back
        return changed
