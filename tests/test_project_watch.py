"""The watch, the projection behind it and its backtest, against figures computed here with Decimal and Fraction alone.

Three years of one made district: two finished ones and one as of 30 June. Projects begin late, stand still, are never
approved, have no contract, are cut, are spent; figures are random and round often.
"""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from summary_oracle import half_up, minus, percent, rate
from summary_warehouse import Warehouse

from pipelines.contracts.history_tables import WATCH_LISTING
from pipelines.warehouse.database import create_table
from pipelines.warehouse.watch_history import tell_watch_changes

DISTRICT = "100002"
YEARS = (2022, 2023, 2024)
AS_OF = date(2024, 6, 30)
PROJECTS = 260
THRESHOLDS = Path(__file__).parent.parent / "pipelines" / "reference" / "project_watch_thresholds.csv"
HANDLING = f"""\
预算年度,部门键,项目键,办理状态,办理日期,办理说明,区划编码
2024,{{department}},{{by_code}},已阅,2024-07-01,,{DISTRICT}
2024,{{department_name}},{{by_name}},已申请调整,2024-07-05,招标流标，重新组织,{DISTRICT}
"""


class Project(NamedTuple):
    """A project in one year: its budget, what moved it, what was paid, what the project list says."""

    department: str
    code: str
    kind: str | None
    initial: Decimal
    adjusted: list[tuple[date, Decimal]]
    paid: list[tuple[date, Decimal]]
    listed: dict[str, Any] | None

    def budget(self, day: date) -> Decimal:
        return self.initial + sum((amount for moved, amount in self.adjusted if moved <= day), Decimal(0))

    def spent(self, day: date) -> Decimal:
        return sum((amount for paid, amount in self.paid if paid <= day), Decimal(0))


def made_project(draw: random.Random, year: int, number: int) -> Project:
    """One project of one year, of every sort that the watch tells apart."""
    initial = Decimal(draw.choice([0, 1, 333, draw.randrange(10**5, 10**8), draw.randrange(10**5, 10**8)])).scaleb(-2)
    kind = draw.choice(["22", "22", "22", "3", "3", "3", "3", "1", None])
    shares = ["0", "0", "0.03", "0.2", "0.41", "0.7", "0.95", "1"]
    share = Decimal(draw.choice(shares[:5] if kind == "22" else shares))
    first = draw.choice([1, 1, 2, 4, 6, 7, 11])
    days = [
        date(year, draw.randrange(first, 13), draw.randrange(1, 29))
        for _ in range(draw.choice([1, 2, 5]) if share else 0)
    ]
    paid = [(day, half_up(Fraction(initial * share) / len(days), 2)) for day in days]
    adjusted = []
    way = draw.random()
    if way < 0.06:
        adjusted = [(date(year, draw.choice([2, 4, 9]), 10), -initial)]
        paid = paid if way < 0.01 else []
    elif way < 0.2:
        adjusted = [(date(year, draw.choice([1, 5, 8]), 3), Decimal(draw.randrange(-(10**4), 10**6)).scaleb(-2))]
    listed = None
    if draw.random() < 0.85:
        started = [
            None,
            date(year - 1, 11, 1),
            date(year, 2, 1),
            date(year, 3, 15),
            date(year, 6, 30),
            date(year, 9, 1),
        ]
        listed = {
            "planned_start_date": draw.choice(started),
            "contract_date": draw.choice([None, None, date(year, 1, 20), date(year, 8, 1)]),
            "is_approved": draw.choice([None, True, True, True, False]),
        }
    kept = [(day, amount) for day, amount in paid if amount and (year < AS_OF.year or day <= AS_OF)]
    moved = [(day, amount) for day, amount in adjusted if amount and (year < AS_OF.year or day <= AS_OF)]
    return Project(draw.choice(["101", "102"]), f"P{number:03}", kind, initial, moved, kept, listed)


def made_district(seed: int) -> dict[int, list[Project]]:
    """All projects by year; a project of its own is paid on the last day of each year's figures."""
    draw = random.Random(seed)  # noqa: S311 - test data
    years = {}
    for year in YEARS:
        last = AS_OF if year == AS_OF.year else date(year, 12, 31)
        last_paid = Project("101", "LAST", "22", Decimal(900), [], [(last, Decimal("1.00"))], None)
        years[year] = [last_paid, *(made_project(draw, year, number) for number in range(PROJECTS))]
    return years


def core_rows(years: dict[int, list[Project]]) -> dict[str, list[dict[str, Any]]]:
    """The projects as the core tables hold them."""
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for year, projects in years.items():
        origin = {"district_code": DISTRICT, "fiscal_year": year}
        rows["department"] += [
            {**origin, "department_code": code, "department_name": name}
            for code, name in (("101", "一局"), ("102", "二局"))
        ]
        for number, item in enumerate(projects):
            who = {**origin, "department_code": item.department, "project_code": item.code}
            named = {**who, "project_name": f"项目{item.code}", "source_file_id": "f", "source_line": number}
            rows["annual_budget"].append({**named, "project_kind": item.kind, "initial_budget_amount": item.initial})
            if item.listed is not None:
                rows["project"].append({**who, "project_name": f"项目{item.code}", **item.listed})
            rows["budget_adjustment"] += [
                {**named, "adjustment_number": f"T{number}", "adjustment_date": day, "adjustment_amount": amount}
                for day, amount in item.adjusted
            ]
            rows["payment"] += [
                {**named, "voucher_number": f"V{number}-{place}", "payment_date": day, "paid_amount": amount}
                for place, (day, amount) in enumerate(item.paid)
            ]
    return dict(rows)


class Standing(NamedTuple):
    """Where a project stood on a day and, of a finished year, what it had spent at the end."""

    item: Project
    budget: Decimal
    spent: Decimal
    final: Decimal

    @property
    def band(self) -> int:
        """By what was spent: nothing, below 10 %, 25 %, 50 %, 75 % of the budget, or more."""
        if self.spent <= 0:
            return 0
        shares = (Fraction(1, 10), Fraction(1, 4), Fraction(1, 2), Fraction(3, 4))
        return 1 + sum(Fraction(self.spent) >= share * Fraction(self.budget) for share in shares)

    @property
    def rest(self) -> Decimal:
        return self.budget - self.spent

    @property
    def rest_spent(self) -> Decimal:
        return min(max(self.final - self.spent, Decimal(0)), self.rest)


class Projection(NamedTuple):
    """What a project will have spent: expected, lowest, highest; what it rests on."""

    basis: str
    comparable: int | None
    expected: Decimal | None
    lowest: Decimal | None
    highest: Decimal | None


class Oracle:
    """The tables of the watch from made projects; nothing of the pipeline."""

    def __init__(self, years: dict[int, list[Project]]) -> None:
        self.years = years
        self.thresholds = {
            row["watch_reason"]: Decimal(row["watch_threshold"])
            for row in csv.DictReader(THRESHOLDS.read_text(encoding="utf-8").splitlines())
        }

    def standings(self, year: int, day: date) -> list[Standing]:
        """The projects of a finished year that had money left on a day."""
        end = date(year, 12, 31)
        found = [Standing(item, item.budget(day), item.spent(day), item.spent(end)) for item in self.years[year]]
        return [one for one in found if one.rest > 0]

    @staticmethod
    def band(course: Iterable[Standing]) -> tuple[int, Decimal, Decimal, Decimal] | None:
        """How many, and which share of what was left they spent: together, all but the lowest and highest tenth."""
        items = list(course)
        if len(items) < 20:
            return None
        together = rate(sum(one.rest_spent for one in items), sum(one.rest for one in items))
        rates = sorted(rate(one.rest_spent, one.rest) for one in items)
        count = len(rates)
        lowest = max(value for place, value in enumerate(rates, 1) if 10 * (place - 1) < count)
        highest = min(value for place, value in enumerate(rates, 1) if 10 * place >= 9 * count)
        return count, together, lowest, highest

    def project(self, standing: Standing, course: list[Standing], progress: Decimal | None) -> Projection:
        """The projection of one project by the course of the year before."""
        alike = [one for one in course if one.band == standing.band]
        own_kind = self.band(one for one in alike if one.item.kind == standing.item.kind)
        band = own_kind or self.band(alike)
        if band is not None:
            count, *shares = band
            amounts = [standing.spent + half_up(Fraction(standing.rest) * Fraction(share), 2) for share in shares]
            return Projection("own_kind" if own_kind else "all_kinds", count, *amounts)
        if progress is None or progress < Decimal("0.25") or standing.spent <= 0:
            return Projection("too_little", None, None, None, None)
        expected = half_up(Fraction(standing.spent) / Fraction(progress), 2)
        return Projection("yardstick", None, min(expected, standing.budget), standing.spent, standing.budget)

    def backtest(self) -> list[dict[str, Any]]:
        """Each finished year that has a year before it, at the ends of three quarters."""
        rows = []
        for month, day in ((3, 31), (6, 30), (9, 30)):
            course = self.standings(2022, date(2022, month, day))
            tested = []
            for one in self.standings(2023, date(2023, month, day)):
                projection = self.project(one, course, None)
                if projection.comparable:
                    tested.append((one, projection, min(one.final, one.budget)))
            budget = sum(one.budget for one, _, _ in tested)
            expected = sum(projection.expected for _, projection, _ in tested)
            final = sum(spent for _, _, spent in tested)
            held = [projection.lowest <= spent <= projection.highest for _, projection, spent in tested]
            rows.append(
                {
                    "district_code": DISTRICT,
                    "fiscal_year": 2023,
                    "month": month,
                    "tested_project_count": len(tested),
                    "full_year_budget_amount": budget,
                    "projected_executed_amount": expected,
                    "executed_amount": final,
                    "projection_bias_pct": percent(expected - final, budget),
                    "projection_error_pct": percent(
                        sum(abs(projection.expected - spent) for _, projection, spent in tested), budget
                    ),
                    "bounds_coverage_pct": percent(sum(held), len(held)),
                }
            )
        return rows

    @cached_property
    def watch(self) -> dict[str, dict[str, Any]]:
        """The watched projects of the year that is not finished, by code."""
        course = self.standings(2023, date(2023, 6, 30))
        progress = rate((AS_OF - date(2023, 12, 31)).days, 366)
        rows = {}
        for item in self.years[2024]:
            budget, spent = item.budget(AS_OF), item.spent(AS_OF)
            if budget <= spent:
                projection = Projection("spent", None, spent, spent, spent)
            else:
                projection = self.project(Standing(item, budget, spent, spent), course, progress)
            idle = self.months_without_payment(item)
            reasons = self.reasons(item, budget, spent, projection, idle)
            if reasons:
                rows[item.code] = self.watched(item, budget, spent, projection, idle) | {
                    "watch_reasons": "; ".join(reasons)
                }
        return rows

    @staticmethod
    def watched(item: Project, budget: Decimal, spent: Decimal, projection: Projection, idle: int) -> dict[str, Any]:
        listed = item.listed or {}
        open_contract = item.listed is not None and listed["contract_date"] is None
        left = minus(budget, projection.expected)
        return {
            "department_key": item.department,
            "initial_budget_amount": item.initial,
            "full_year_budget_amount": budget,
            "executed_amount": spent,
            "unspent_amount": budget - spent,
            "execution_rate_pct": percent(spent, budget),
            "contract_date": listed.get("contract_date"),
            "planned_start_date": listed.get("planned_start_date"),
            "months_without_payment": idle,
            "uncontracted_amount": budget - spent if open_contract else None,
            "projected_executed_amount": projection.expected,
            "projected_lowest_amount": projection.lowest,
            "projected_highest_amount": projection.highest,
            "projection_basis": projection.basis,
            "proposed_adjustment_amount": left if left is None else max(left, Decimal(0)),
            "unseen_columns": None,
        }

    @staticmethod
    def months_without_payment(item: Project) -> int:
        """Whole months until June since something was paid, or since there was money and the project was to begin."""
        by_month: dict[int, Decimal] = defaultdict(Decimal)
        for day, amount in item.paid:
            by_month[day.month] += amount
        paid = max((month for month, amount in by_month.items() if amount), default=0)
        ends = [date(2024, month, 28) for month in range(1, 7)]
        with_money = [day.month - 1 for day in ends if item.budget(day) > 0]
        start = (item.listed or {}).get("planned_start_date")
        begun = 0
        if start is not None and start.year == AS_OF.year:
            begun = 6 if start > AS_OF else start.month - 1
        return 6 - max(paid, with_money[0] if with_money else 6, begun)

    def reasons(self, item: Project, budget: Decimal, spent: Decimal, projection: Projection, idle: int) -> list[str]:
        listed = item.listed or {}
        executed = rate(spent, budget)
        start, contract = listed.get("planned_start_date"), listed.get("contract_date")
        at = self.thresholds
        holds = {
            "cut-to-zero": item.initial > 0 and item.initial >= at["cut-to-zero"] and budget == 0,
            "no-contract": start is not None
            and start <= AS_OF
            and (contract is None or contract > AS_OF)
            and executed is not None
            and executed < at["no-contract"]
            and idle >= 1,
            "approval-missing": listed.get("is_approved") is False
            and executed is not None
            and executed < at["approval-missing"],
            "no-payment": budget > spent and item.kind != "1" and idle >= at["no-payment"],
            "far-behind": projection.basis in ("own_kind", "all_kinds")
            and projection.highest < half_up(Fraction(budget) * Fraction(at["far-behind"]), 2),
        }
        return [reason for reason, held in holds.items() if held]


class Made(NamedTuple):
    """A made district, its warehouse and what its tables must say."""

    oracle: Oracle
    warehouse: Warehouse


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The district, with a file of handling in which two of the watched projects stand."""
    oracle = Oracle(made_district(17))
    codes = sorted(oracle.watch)
    by_code, by_name = codes[0], next(code for code in codes[1:] if oracle.watch[code]["department_key"] == "102")
    raw = tmp_path_factory.mktemp("raw")
    folder = raw / DISTRICT / "reference"
    folder.mkdir(parents=True)
    text = HANDLING.format(
        department=oracle.watch[by_code]["department_key"],
        by_code=by_code,
        department_name="二局",
        by_name=f"项目{by_name}",
    )
    (folder / "project_watch_handling.csv").write_text(text, encoding="utf-8")
    rows = core_rows(oracle.years)
    delivered = {(DISTRICT, year, dataset) for year in YEARS for dataset in rows}
    return Made(oracle, Warehouse(raw, rows, delivered))


def test_the_watch_is_the_oracles(made: Made) -> None:
    found = {row["project_key"]: row for row in made.warehouse.table("project_watch")}
    expected = made.oracle.watch
    assert set(found) == set(expected)
    for code, row in expected.items():
        assert {name: found[code][name] for name in row} == row, code
    assert all(row["as_of_date"] == AS_OF and row["fiscal_year"] == AS_OF.year for row in found.values())


def test_the_made_district_has_every_reason_and_every_basis_of_the_watch(made: Made) -> None:
    rows = made.oracle.watch.values()
    reasons = {reason for row in rows for reason in row["watch_reasons"].split("; ")}
    assert reasons == set(made.oracle.thresholds)
    assert {row["projection_basis"] for row in rows} >= {"own_kind", "all_kinds", "spent"}
    assert 0 < len(rows) < PROJECTS


def test_the_backtest_is_the_oracles(made: Made) -> None:
    found = [row for row in made.warehouse.table("projection_backtest") if row["fiscal_year"] == 2023]
    assert sorted(found, key=lambda row: row["month"]) == made.oracle.backtest()
    assert all(row["tested_project_count"] > 100 for row in found)


def test_the_basis_sums_the_watch_and_names_the_error_of_the_projection(made: Made) -> None:
    (basis,) = (row for row in made.warehouse.table("project_watch_basis") if row["fiscal_year"] == 2024)
    watch = made.oracle.watch.values()
    (june,) = (row for row in made.oracle.backtest() if row["month"] == 6)
    assert basis["project_count"] == PROJECTS + 1
    assert basis["watched_project_count"] == len(watch)
    assert basis["watched_budget_amount"] == sum(row["full_year_budget_amount"] for row in watch)
    assert basis["unprojected_project_count"] == sum(row["projected_executed_amount"] is None for row in watch)
    assert (basis["projection_error_pct"], basis["bounds_coverage_pct"]) == (
        june["projection_error_pct"],
        june["bounds_coverage_pct"],
    )


def test_what_a_bureau_wrote_stands_beside_the_project_named_by_code_or_by_name(made: Made) -> None:
    handled = {row["project_key"]: row for row in made.warehouse.table("project_watch") if row["handling_state"]}
    assert {(row["handling_state"], row["handled_on"], row["handling_note"]) for row in handled.values()} == {
        ("seen", date(2024, 7, 1), None),
        ("adjustment_requested", date(2024, 7, 5), "招标流标，重新组织"),
    }


def test_without_an_earlier_year_the_yardstick_or_nothing_is_the_basis(made: Made, tmp_path: Path) -> None:
    alone = Oracle({2023: [], 2024: made.oracle.years[2024]})
    rows = core_rows({2024: alone.years[2024]})
    del rows["project"]
    warehouse = Warehouse(tmp_path, rows, {(DISTRICT, 2024, dataset) for dataset in rows})
    watch = warehouse.table("project_watch")
    assert {row["projection_basis"] for row in watch} <= {"yardstick", "too_little", "spent"}
    assert {row["unseen_columns"] for row in watch} == {"contract_date; planned_start_date; is_approved"}
    reasons = {reason for row in watch for reason in row["watch_reasons"].split("; ")}
    assert reasons == {"no-payment", "cut-to-zero"}
    assert all(row["uncontracted_amount"] is None for row in watch)
    by_code = {item.code: item for item in alone.years[2024]}
    for row in watch:
        if row["projection_basis"] in ("yardstick", "too_little"):
            item = by_code[row["project_key"]]
            standing = Standing(item, item.budget(AS_OF), item.spent(AS_OF), item.spent(AS_OF))
            projection = alone.project(standing, [], rate(182, 366))
            assert (row["projection_basis"], row["projected_executed_amount"]) == (
                projection.basis,
                projection.expected,
            )


def test_since_when_a_project_is_listed_and_what_changed_since_the_publication_before(made: Made) -> None:
    connection = made.warehouse.connection.cursor()
    connection.execute("create schema history")
    create_table(connection, "history.watch_listing", "", WATCH_LISTING.columns, with_comments=False)
    connection.execute("create table published_watch as select * from summary.project_watch")
    same, other_amount, other_reason, leaves = [
        row["project_key"]
        for row in made.warehouse.table("project_watch")
        if row["proposed_adjustment_amount"] is not None
    ][:4]

    def publish(number: int, day: date, *changes: str) -> dict[str, tuple[Any, ...]]:
        """A publication of the watch with changes: since when and what changed, by project."""
        connection.execute("delete from summary.project_watch")
        connection.execute("insert into summary.project_watch select * from published_watch")
        for change in changes:
            connection.execute(change)
        tell_watch_changes(connection, number, day)
        return {
            row["project_key"]: (
                row["listed_since"],
                row["watch_change"],
                row["proposed_adjustment_change_amount"],
            )
            for row in made.warehouse.table("project_watch")
        }

    first, second, third, fourth = (date(2024, 7, day) for day in (1, 2, 3, 4))
    assert set(publish(1, first).values()) == {(first, None, None)}  # nothing was published before
    told = publish(
        2,
        second,
        f"""update summary.project_watch set proposed_adjustment_amount = proposed_adjustment_amount - 7.25
            where project_key = '{other_amount}'""",
        f"update summary.project_watch set watch_reasons = 'approval-missing; x' where project_key = '{other_reason}'",
        f"delete from summary.project_watch where project_key = '{leaves}'",
    )
    assert told[same] == (first, "unchanged", 0)
    assert told[other_amount] == (first, "amounts", Decimal("-7.25"))
    assert told[other_reason] == (first, "reasons", 0)
    assert leaves not in told
    told = publish(3, third)
    assert told[leaves] == (third, "new", None)  # who comes back is new
    assert told[other_amount] == (first, "amounts", Decimal("7.25"))
    assert told[same] == (first, "unchanged", 0)
    assert {change for _, change, _ in publish(4, fourth).values()} == {"unchanged"}
    spans = connection.execute(
        "select first_build_number, last_build_number from history.watch_listing where project_key = ? order by all",
        [leaves],
    ).fetchall()
    assert spans == [(1, 1), (3, None)]
