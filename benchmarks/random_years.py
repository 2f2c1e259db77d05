"""Random district-years as offices deliver them, over several nights, beside what they add up to in plain Decimal.

    python -m benchmarks.random_years                                       200 district-years, three nights
    python -m benchmarks.random_years --years 20 --nights 5 --seed 7        fewer, longer

Every district-year has a budget, adjustments and payments in shapes of its own (unit, totals, numbering, encoding,
dates, equal lines, a voucher on two economy codes). Each further night brings something sound (a month, a month again,
restated, with lines fewer or more, cumulative, under another name, a refund, one department's own export); the last may
bring something planted that somebody has to be told of. What counts is kept here as facts and shares no code with the
program. Of a sound district-year every figure is right and nothing is found but the warnings that its shapes call for;
of one with something planted the figures are right or it is told.

Prints the verdicts as JSON, ends with 0 only if none is wrong. Does not belong here: speed, kills (``simulated_year``).
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import NamedTuple

from pipelines.nightly import run_night
from pipelines.settings import Settings
from pipelines.warehouse.connect import open_published

YEAR = 2024
DEPARTMENTS = {"101": "教育局", "102": "水务局", "103": "文化馆"}
PROJECTS = {f"P{n}": (f"10{1 + n % 3}", f"项目第{n}号", "121" if n == 5 else "111") for n in range(1, 7)}
_HEADERS = "支付凭证号,支付日期,单位编码,单位名称,项目编码,项目名称,资金性质,部门经济分类编码,实际支付金额,收款人名称"
_OTHER_HEADERS = (
    "凭证编号,实际支付日期,预算单位代码,预算单位,项目代码,项目名称,资金来源,部门经济科目编码,实付金额,收款人"
)
_TOTALS = ("", "", "合计", "合　计", "总计", "合计：", "Total")
_DATES = ("{0}-{1:02d}-{2:02d}", "{0}/{1}/{2}", "{0}{1:02d}{2:02d}")
_HARMLESS = frozenset({"expected-dataset-missing"})
"""What is found of every district-year without lists, sound or not."""


class Line(NamedTuple):
    """A payment; ``yuan`` with its sign."""

    number: str
    month: int
    day: int
    project: str
    economy: str
    yuan: Decimal
    payee: str


@dataclass
class DistrictYear:
    """One district-year: the facts that count, how its office writes files, and what was done to it."""

    raw: Path
    code: str
    chance: random.Random
    months: dict[int, list[Line]] = field(default_factory=dict)
    files: dict[int, list[Path]] = field(default_factory=lambda: defaultdict(list))
    budget: dict[str, Decimal] = field(default_factory=dict)
    adjusted: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    expected: set[str] = field(default_factory=set)
    planted: str = ""
    done: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        choose = self.chance.choice
        self.factor = choose((1, 1, 10_000))
        self.total = choose(_TOTALS)
        self.date = choose(_DATES)
        self.encoding = choose(("utf-8", "utf-8-sig", "gb18030"))
        self.restarts = choose((True, False))
        self.folder = self.raw / self.code / str(YEAR)
        self.folder.mkdir(parents=True)
        self.copies = 0

    # What an office writes -----------------------------------------------------------------------------------

    def begin(self) -> None:
        """The budget, the adjustments, and the first months."""
        self.budget = {project: Decimal(self.chance.randrange(50_000, 90_000) * 100) for project in PROJECTS}
        rows = [
            f"{of},{DEPARTMENTS[of]},{code},{name},{fund},{self._amount(self.budget[code])}"
            for code, (of, name, fund) in PROJECTS.items()
        ]
        self._write("预算", "单位编码,单位名称,项目编码,项目名称,资金性质,年初预算数", rows)
        self._adjustments()
        for _ in range(self.chance.randrange(1, 4)):
            self.next_month()

    def _adjustments(self) -> None:
        is_numbered = self.chance.random() < 0.5
        rows, lines = [], []
        for n in range(self.chance.randrange(2, 6)):
            amount = Decimal(self.chance.choice((1, 1, -1)) * self.chance.randrange(10, 5_000) * 100)
            lines.append((str(n + 1) if is_numbered else "", self.chance.choice(list(PROJECTS)), amount))
        if not is_numbered and self.chance.random() < 0.5:
            lines.append(lines[0])
            self.expected.add("equal-lines-in-file")
        for number, project, amount in lines:
            of, name, fund = PROJECTS[project]
            kind = "追加" if amount > 0 else "追减"
            self.adjusted[project] += amount
            day = _DATES[0].format(YEAR, 1, 20)
            rows.append(
                f"{number},财预1号,{day},{kind},{of},{DEPARTMENTS[of]},{project},{name},{fund},{self._amount(amount)}"
            )
        self._write(
            "调整", "调整编号,文号,调整日期,调整类型,单位编码,单位名称,项目编码,项目名称,资金性质,调整金额", rows
        )

    def _amount(self, yuan: Decimal) -> str:
        value = yuan / self.factor
        text = f"{value:,.2f}" if self.chance.random() < 0.2 else f"{value:.2f}"
        return f'"{text}"' if "," in text else text

    def _write(self, name: str, headers: str, rows: Sequence[str], title: str = "") -> Path:
        unit = "单位：万元" if self.factor == 10_000 else "单位：元"
        path = self.folder / f"{name}.csv"
        assert not path.exists(), path
        path.write_text("\n".join([*([title] if title else []), unit, headers, *rows, ""]), encoding=self.encoding)
        return path

    def _lines(self, month: int) -> list[Line]:
        first = 1 if self.restarts else month * 1000
        lines = []
        for n in range(self.chance.randrange(12, 25)):
            project = self.chance.choice(list(PROJECTS))
            amount = Decimal(self.chance.randrange(10, 2_000) * 100)
            lines.append(
                Line(
                    f"V{first + n}", month, 1 + n, project, "30201", amount, f"供应商{self.chance.randrange(9)}有限公司"
                )
            )
        if self.chance.random() < 0.3:
            one = lines[0]
            lines.append(one._replace(economy="30202", yuan=Decimal(700)))
        if self.chance.random() < 0.3:
            lines += [lines[-1]._replace(number=f"V{first + 900}", yuan=Decimal(500))] * 3
            self.expected.add("equal-lines-in-file")
        return lines

    def _payments(
        self, lines: Iterable[Line], name: str, *, headers: str = _HEADERS, off: Decimal = Decimal(0)
    ) -> Path:
        lines = list(lines)
        rows = []
        for line in lines:
            of, project, fund = PROJECTS.get(line.project, ("101", "未列项目", "111"))
            day = self.date.format(YEAR, line.month, line.day)
            cells = [line.number, day, of, DEPARTMENTS[of], line.project, project, fund, line.economy]
            rows.append(",".join([*cells, self._amount(line.yuan), line.payee]))
        if self.total or off:
            stated = sum((line.yuan for line in lines), Decimal(0)) + off
            rows.append(",".join([self.total or "合计", *[""] * 7, self._amount(stated), ""]))
        return self._write(name, headers, rows)

    def _copy(self, month: int) -> str:
        self.copies += 1
        return f"支付{month}月（第{self.copies}次）"

    def _any(self) -> int:
        return self.chance.choice(list(self.months))

    # What is sound -------------------------------------------------------------------------------------------

    def next_month(self) -> None:
        """A further month in a file of its own."""
        month = len(self.months) + 1
        self.months[month] = self._lines(month)
        self.files[month].append(self._payments(self.months[month], f"支付{month}月"))

    def month_again(self) -> None:
        """A month's equal lines under another name."""
        month = self._any()
        self.files[month].append(self._payments(self.months[month], self._copy(month)))

    def restated(self) -> None:
        """A month with two other amounts."""
        month = self._any()
        for n in (1, 2):
            line = self.months[month][n]
            self.months[month][n] = line._replace(yuan=line.yuan + 300)
        self.files[month].append(self._payments(self.months[month], self._copy(month)))
        self.expected.add("restated-by-later-delivery")

    def line_less(self) -> None:
        """A month without one of its lines."""
        month = self._any()
        del self.months[month][3]
        self.files[month].append(self._payments(self.months[month], self._copy(month)))
        self.expected.add("withdrawn-by-later-delivery")

    def late_lines(self) -> None:
        """A month with three lines more."""
        month = self._any()
        last = self.months[month][4]
        self.months[month] += [
            last._replace(number=f"V9{n}{month:02d}{self.copies}", yuan=Decimal(100 + 100 * n)) for n in range(3)
        ]
        self.files[month].append(self._payments(self.months[month], self._copy(month)))

    def cumulative(self) -> None:
        """All months and a further one in one file."""
        month = len(self.months) + 1
        self.months[month] = self._lines(month)
        lines = [line for lines in self.months.values() for line in lines]
        self.copies += 1
        path = self._payments(lines, f"支付1-{month}月（第{self.copies}次）")
        for each in self.months:
            self.files[each].append(path)

    def refund(self) -> None:
        """Money of an earlier voucher comes back, under its number, among the next month's lines."""
        paid = self.months[self._any()][0]
        self.next_month()
        month = len(self.months)
        back = paid._replace(month=month, day=25, yuan=-min(paid.yuan, Decimal(400)))
        self.months[month].append(back)
        self.files[month].pop().unlink()
        self.files[month].append(self._payments(self.months[month], f"支付{month}月"))

    def other_name(self) -> None:
        """A month's only file gets another name."""
        month = len(self.months)
        if len(self.files[month]) == 1:
            path = self.files[month].pop()
            self.files[month].append(path.rename(path.with_name(f"{self._copy(month)}.csv")))

    def one_department(self) -> None:
        """One department's own export of a month, equal lines."""
        month = self._any()
        of = self.chance.choice(list(DEPARTMENTS))
        lines = [line for line in self.months[month] if PROJECTS[line.project][0] == of]
        if lines:
            self._payments(lines, f"{DEPARTMENTS[of]}{self._copy(month)}")

    # What somebody has to be told of ----------------------------------------------------------------------------

    def total_off(self) -> None:
        """A month whose total is not the sum of its lines: a line is missing, or the total is wrong."""
        month = len(self.months) + 1
        self._payments(self._lines(month), f"支付{month}月", off=Decimal(123_400))

    def unreadable_amount(self) -> None:
        """An amount in words."""
        month = len(self.months) + 1
        path = self._payments(self._lines(month), f"支付{month}月")
        text = path.read_text(encoding=self.encoding).splitlines()
        cells = text[2].split(",")
        cells[8:-1] = ["约五万"]
        path.write_text("\n".join([*text[:2], ",".join(cells), *text[3:], ""]), encoding=self.encoding)

    def pasted_twice(self) -> None:
        """A month in which every line stands twice."""
        month = len(self.months) + 1
        self._payments([*(lines := self._lines(month)), *lines], f"支付{month}月")

    def removed(self) -> None:
        """A month's lines are delivered no more."""
        lost = self._any()
        month = len(self.months) + 1
        self._payments(self._lines(month), f"支付{month}月")
        for path in self.files[lost]:
            path.unlink()

    def other_source(self) -> None:
        """Another system's export of a month, with another amount."""
        month = self._any()
        lines = list(self.months[month])
        lines[0] = lines[0]._replace(yuan=lines[0].yuan + 900)
        self._payments(lines, self._copy(month), headers=_OTHER_HEADERS)

    def no_budget(self) -> None:
        """A payment for a project that nobody budgeted."""
        month = len(self.months) + 1
        lines = self._lines(month)
        self._payments(
            [*lines, lines[0]._replace(number="V7777", project="P9", yuan=Decimal(50_000))], f"支付{month}月"
        )

    def half_again(self) -> None:
        """Half of a month again, with as many lines that nobody knows: neither the same nor another."""
        month = self._any()
        lines = sorted(set(self.months[month]))
        others = [line._replace(number=f"W{n}", yuan=line.yuan + 100) for n, line in enumerate(lines)]
        self._payments([*lines[::2], *others[1::2]], self._copy(month))

    # What is right -------------------------------------------------------------------------------------------

    def figures(self) -> dict[tuple[str, str, str], tuple[Decimal, Decimal, Decimal, Decimal]]:
        """Initial budget, full-year budget, executed (yuan) and rate by level and item."""
        parts: dict[tuple[str, str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
        executed: dict[str, Decimal] = defaultdict(Decimal)
        for lines in self.months.values():
            for line in lines:
                executed[line.project] += line.yuan
        for code, (of, _, fund) in PROJECTS.items():
            values = (self.budget[code], self.budget[code] + self.adjusted[code], executed[code])
            for key in (("project", of, code), ("department", of, ""), ("fund_type", of, fund)):
                parts[key] = [one + other for one, other in zip(parts[key], values, strict=True)]
        return {
            key: (initial, full_year, spent, rate(spent, full_year))
            for key, (initial, full_year, spent) in parts.items()
        }


def rate(part: Decimal, whole: Decimal) -> Decimal:
    """The quotient, rounded half up once to six places."""
    return (part / whole).quantize(Decimal("0.000001"), ROUND_HALF_UP)


SOUND: tuple[Callable[[DistrictYear], None], ...] = (
    DistrictYear.next_month,
    DistrictYear.month_again,
    DistrictYear.restated,
    DistrictYear.line_less,
    DistrictYear.late_lines,
    DistrictYear.cumulative,
    DistrictYear.refund,
    DistrictYear.other_name,
    DistrictYear.one_department,
)
PLANTED: tuple[Callable[[DistrictYear], None], ...] = (
    DistrictYear.total_off,
    DistrictYear.unreadable_amount,
    DistrictYear.pasted_twice,
    DistrictYear.removed,
    DistrictYear.other_source,
    DistrictYear.no_budget,
    DistrictYear.half_again,
)

_FIGURES = """
    select district_code, 'project', department_code, project_code, initial_budget_amount, full_year_budget_amount,
        executed_amount, execution_rate from summary.project_execution where fiscal_year = $year
    union all
    select district_code, 'department', department_code, '', initial_budget_amount, full_year_budget_amount,
        executed_amount, execution_rate from summary.department_execution where fiscal_year = $year
    union all
    select district_code, 'fund_type', department_code, fund_type_code, initial_budget_amount, full_year_budget_amount,
        executed_amount, execution_rate from summary.department_execution_by_fund_type where fiscal_year = $year
"""
_TOLD = """
    select district_code from quality.finding where severity in ('error', 'fatal')
    union
    select district_code from quality.district_year where is_held_back
    union
    select district_code from summary.department_execution where is_complete is distinct from true
"""


@dataclass(frozen=True)
class Verdict:
    """What became of a district-year: its figures compared, those that were wrong, and what was found of it."""

    code: str
    done: tuple[str, ...]
    planted: str
    compared: int
    wrong: tuple[str, ...]
    is_told: bool
    invented: tuple[str, ...]

    @property
    def name(self) -> str:
        """right, told, wrong (of a sound one, though told), silent, or invented (a finding of a sound one)."""
        if self.planted:
            return "told" if self.is_told else "silent"
        if self.wrong:
            return "wrong" if self.is_told else "silent"
        return "invented" if self.invented or self.is_told else "right"


def deliver(directory: Path, years: int, nights: int, seed: int) -> list[Verdict]:
    """Delivers ``years`` district-years over ``nights`` nights below ``directory``, and judges what was published."""
    settings = Settings(raw=directory / "raw", warehouse=directory / "warehouse")
    chance = random.Random(seed)
    cities = [DistrictYear(settings.raw, f"{920_001 + n}", random.Random(chance.random())) for n in range(years)]
    for number in range(nights):
        for city in cities:
            if number == 0:
                city.begin()
                continue
            is_planted = number == nights - 1 and city.chance.random() < 0.4
            action = city.chance.choice(PLANTED if is_planted else SOUND)
            action(city)
            city.done.append(action.__name__)
            if is_planted:
                city.planted = action.__name__
        run_night(settings)
    return list(_verdicts(settings, cities))


def _verdicts(settings: Settings, cities: Iterable[DistrictYear]) -> Iterable[Verdict]:
    published: dict[str, dict[tuple[str, str, str], tuple[Decimal, ...]]] = defaultdict(dict)
    with open_published(settings.database) as connection:
        for code, level, of, item, *amounts in connection.execute(_FIGURES, {"year": YEAR}).fetchall():
            published[code][level, of, item] = tuple(amounts)
        told = {code for (code,) in connection.execute(_TOLD).fetchall()}
        found: dict[str, set[str]] = defaultdict(set)
        for code, rule in connection.execute("select distinct district_code, rule_id from quality.finding").fetchall():
            found[code].add(rule)
    for city in cities:
        right = city.figures()
        wrong = tuple(
            f"{'/'.join(key)}: {published[city.code].get(key)} ≠ {value}"
            for key, value in right.items()
            if published[city.code].get(key) != value
        )
        yield Verdict(
            city.code,
            tuple(city.done),
            city.planted,
            4 * len(right),
            wrong,
            city.code in told,
            tuple(sorted(found[city.code] - city.expected - _HARMLESS)),
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs it as the command line says; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--years", type=int, default=200)
    parser.add_argument("--nights", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as directory:
        verdicts = deliver(Path(directory), options.years, options.nights, options.seed)
    failed = [verdict for verdict in verdicts if verdict.name in ("wrong", "silent", "invented")]
    summary = {
        "seed": options.seed,
        "district_years": len(verdicts),
        "figures": sum(verdict.compared for verdict in verdicts),
        "verdicts": Counter(verdict.name for verdict in verdicts),
        "failed": [
            {"code": one.code, "verdict": one.name, "done": one.done, "wrong": one.wrong[:3], "found": one.invented}
            for one in failed
        ],
    }
    print(json.dumps(summary, ensure_ascii=False, indent=1))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
