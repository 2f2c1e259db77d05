"""Every summary table against the plain-Decimal oracle, on made districts with every kind of naming and of gap."""

from __future__ import annotations

import csv
import random
from collections import Counter
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from summary_oracle import City
from summary_warehouse import Warehouse

REFERENCE = Path(__file__).parent.parent / "pipelines" / "reference"
OWN_YARDSTICK = """\
district_code,version,first_fiscal_year,last_fiscal_year,month,expenditure_nature,time_progress,source_note
,2021,2021,2022,4,,0.4903,
,2021,2021,2022,4,project,0.45,
,2021,2021,2022,12,,1,
"""
OWN_REASONS = """\
district_code,version,first_fiscal_year,last_fiscal_year,adjustment_reason,source_note
,own,2022,,区级统筹,
"""
OWN_MATERIALITY = """\
district_code,version,first_fiscal_year,last_fiscal_year,warning_statement,warning_subject,warning_level,minimum_amount,minimum_district_share,source_note
""" + "".join(
    f",own,2000,,{statement},{subject},{level},{amount},{share},\n"
    for statement in ("spending", "overspending", "year_end", "adjustment")
    for subject in ("department", "project")
    for level, amount, share in (("red", "1000.00", "0.3"), ("orange", "500.00", "0.1"), ("yellow", "2.00", "0.000001"))
)
OWN_DISTRICT = "100001"
DETAIL = ("annual_budget", "budget_adjustment", "payment")
TABLES = (
    "department_execution",
    "project_execution",
    "department_execution_by_fund_type",
    "department_execution_by_nature",
    "department_execution_by_function",
    "department_execution_by_economy",
    "project_execution_by_fund_type",
    "department_execution_monthly",
    "project_execution_monthly",
    "execution_ranking",
    "execution_warning",
    "warning_overview",
    "adjustment_review",
    "carryover",
    "year_over_year",
    "year_over_year_monthly",
    "control_number_proposal",
    "self_evaluation",
)
NOT_COMPARED = {"evidence", "evidence_zh", "fund_type_name"}
COMPLETE = {"is_complete": True, "set_aside_row_count": 0, "set_aside_amount": Decimal("0.00")}
"""What every figure says where no row was set aside."""


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A raw directory in which one district has reference tables of its own."""
    raw = tmp_path_factory.mktemp("raw")
    own = raw / OWN_DISTRICT / "reference"
    own.mkdir(parents=True)
    (own / "time_progress_yardstick.csv").write_text(OWN_YARDSTICK, encoding="utf-8")
    (own / "warning_materiality.csv").write_text(OWN_MATERIALITY, encoding="utf-8")
    (own / "exempt_adjustment_reasons.csv").write_text(OWN_REASONS, encoding="utf-8")
    return raw


def reference_rows() -> dict[str, list[dict[str, Any]]]:
    """The reference tables as the oracle needs them, read by the csv module alone."""
    numbers = {"first_fiscal_year": int, "last_fiscal_year": int, "month": int, "from_month": int}
    decimals = (
        "time_progress",
        "warning_threshold",
        "rubric_value",
        "carryover_increase_cut_share",
        "minimum_amount",
        "minimum_district_share",
        "watch_threshold",
    )
    own = {"time_progress_yardstick": OWN_YARDSTICK, "exempt_adjustment_reasons": OWN_REASONS}
    own["warning_materiality"] = OWN_MATERIALITY
    tables = {}
    for path in REFERENCE.glob("*.csv"):
        texts = [(path.read_text(encoding="utf-8"), None)]
        if path.stem in own:
            texts.append((own[path.stem], OWN_DISTRICT))
        rows = []
        for text, district in texts:
            for record in csv.DictReader(text.splitlines()):
                row: dict[str, Any] = {name: value or None for name, value in record.items()}
                for name, kind in numbers.items():
                    if row.get(name):
                        row[name] = kind(row[name])
                row |= {name: Decimal(row[name]) for name in decimals if row.get(name)}
                row["district_code"] = district
                rows.append(row)
        tables[path.stem] = rows
    return tables


def compare(warehouse: Warehouse, city: City) -> None:
    """Every row of every summary table equals the oracle's."""
    for name in TABLES:
        found = warehouse.table(name)
        assert found, f"{name} is empty"
        columns = [column for column in found[0] if column not in NOT_COMPARED and column not in COMPLETE]
        # What ended has no figure of this year that rows could be missing from.
        there = [row for row in found if row.get("comparison_status") != "ended"]
        assert all(row[column] == COMPLETE[column] for row in there for column in COMPLETE if column in row), name
        expected = getattr(city, name)()
        for row in expected:
            assert set(row) == set(columns), f"{name}: {set(row) ^ set(columns)}"
        ours = Counter(tuple(row[column] for column in columns) for row in found)
        theirs = Counter(tuple(row[column] for column in columns) for row in expected)
        differences = [
            {"side": side, **dict(zip(columns, row, strict=True))}
            for side, counter in (("database", ours - theirs), ("oracle", theirs - ours))
            for row in sorted(counter, key=repr)[:3]
        ]
        assert not differences, f"{name}: {differences}"


class Maker:
    """Makes the rows of one district and year: units under departments, projects, and every way to name them."""

    def __init__(self, draw: random.Random, district: str, year: int) -> None:
        self.draw = draw
        self.origin = {"district_code": district, "fiscal_year": year}
        self.year = year
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self.units = [("101", "一局"), ("102", "二局"), ("103", draw.choice(["三局", "二局"])), ("104", "四局")]
        self.projects = [
            ("P1", "甲"),
            ("P2", "乙"),
            ("P3", draw.choice(["丙", "甲"])),
            ("P4", draw.choice(["丁", "丁 项目", "（丁）项目"])),
        ]
        self.line = 0
        # Many years have only begun: to a day in June, to a month's end, to the end of February.
        leap_day = date(year, 2, 29) if year % 4 == 0 else date(year, 2, 28)
        begun = [date(year, 6, 18), date(year, 4, 30), leap_day, date(year, 2, 28), date(year, 1, 9)]
        self.last_day = draw.choice([date(year, 12, 31)] * 4 + begun)

    def make(self) -> tuple[dict[str, list[dict[str, Any]]], set[tuple[str, int, str]]]:
        """All rows, and which datasets count as delivered."""
        draw = self.draw
        shapes = [
            ("department", "project", *DETAIL, "carryover", "execution_statement", "published_figure"),
            ("department", "project", *DETAIL, "carryover", "function_code", "economy_code"),
            ("department", "annual_budget", "payment"),
            ("annual_budget", "budget_adjustment"),
            ("department", "project", "execution_statement", "payment"),
            ("execution_statement", "published_figure"),
            ("payment", "budget_adjustment"),
        ]
        datasets = draw.choice(shapes)
        self.with_full_year = draw.random() < 0.5
        for dataset in datasets:
            self.rows[dataset] = getattr(self, dataset)()
        return self.rows, {(self.origin["district_code"], self.year, dataset) for dataset in datasets}

    def amount(self, *, signed: bool = False) -> Decimal:
        """An amount, often 0 and often one that rounds."""
        cents = self.draw.choice([0, 1, 5, 300, 80000, 123456, 6543210, 99999999999, self.draw.randrange(10**7)])
        return Decimal(-cents if signed and self.draw.random() < 0.4 else cents).scaleb(-2)

    def maybe(self, value: Any, share: float = 0.7) -> Any:
        """The value, or nothing."""
        return value if self.draw.random() < share else None

    def day(self) -> date:
        """A day of the year so far, rather in a few months, often the last."""
        day = date(self.year, self.draw.choice([1, 2, 3, 4, 6, 10, 11, 12]), self.draw.randrange(1, 29))
        return self.last_day if day > self.last_day else day

    def who(self, *, with_project: bool = True) -> dict[str, Any]:
        """A department and a project, each by code, by name, or by both; sometimes unknown ones."""
        code, name = self.draw.choice([*self.units, ("199", "无名局")])
        way = self.draw.choice(["code", "name", "both"])
        named = {"department_code": code if way != "name" else None, "department_name": name if way != "code" else None}
        if with_project:
            code, name = self.draw.choice([*self.projects, ("P9", "戊")])
            way = self.draw.choice(["code", "name", "both"])
            named["project_code"] = code if way != "name" else None
            named["project_name"] = name if way != "code" else None
        self.line += 1
        return {**self.origin, **named, "source_file_id": "f", "source_line": self.line}

    def classes(self, *, with_economy: bool = True) -> dict[str, Any]:
        """Function and economy codes, at times short ones or none."""
        codes = {"function_code": self.maybe(self.draw.choice(["2010401", "2010402", "20106", "213", "2130101"]), 0.95)}
        if with_economy:
            codes["department_economy_code"] = self.maybe(self.draw.choice(["30101", "30201", "303"]), 0.9)
            codes["government_economy_code"] = self.maybe(self.draw.choice(["50101", "50201", "502"]), 0.6)
        return codes

    def fund_type(self) -> Any:
        return self.maybe(self.draw.choice(["111", "121"]), 0.8)

    def department(self) -> list[dict[str, Any]]:
        return [
            {
                **self.origin,
                "department_code": code,
                "department_name": name,
                "supervising_department_code": self.draw.choice([None, None, "101", "102", "103", "900"]),
            }
            for code, name in self.units
        ]

    def project(self) -> list[dict[str, Any]]:
        return [
            {
                **self.origin,
                "project_code": code,
                "project_name": name,
                "department_code": self.draw.choice(self.units)[0],
                "project_kind": self.maybe(self.draw.choice(["1", "21", "22", "2", "3"])),
                "expenditure_nature": self.maybe(self.draw.choice(["basic", "project"]), 0.2),
                "is_one_off": self.maybe(self.draw.random() < 0.4, 0.9),
                "contract_date": self.maybe(self.day(), 0.3),
                "planned_start_date": self.maybe(self.day(), 0.4),
            }
            for code, name in self.projects
            if self.draw.random() < 0.9
        ]

    def function_code(self) -> list[dict[str, Any]]:
        return [{**self.origin, "function_code": code, "function_name": f"本区{code}"} for code in ("201", "2010401")]

    def economy_code(self) -> list[dict[str, Any]]:
        return [
            {**self.origin, "economy_code": code, "economy_name": f"本区{code}", "economy_classification": kind}
            for code, kind in (("30101", None), ("301", "department"), ("50101", "government"))
        ]

    def annual_budget(self) -> list[dict[str, Any]]:
        return [
            {
                **self.who(),
                **self.classes(),
                "fund_type_code": self.fund_type(),
                "project_kind": self.maybe(self.draw.choice(["21", "3"]), 0.3),
                "expenditure_nature": self.maybe("project", 0.2),
                "initial_budget_amount": self.amount(),
                "full_year_budget_amount": self.amount() if self.with_full_year else self.maybe(self.amount(), 0.5),
            }
            for _ in range(self.draw.randrange(1, 9))
        ]

    def budget_adjustment(self) -> list[dict[str, Any]]:
        return [
            {
                **self.who(),
                **self.classes(with_economy=False),
                "fund_type_code": self.fund_type(),
                "adjustment_number": f"T{self.line}",
                "batch_number": "B1",
                "adjustment_date": self.day(),
                "adjustment_kind": "reallocation",
                "adjustment_amount": self.amount(signed=True),
                "document_number": None,
                "adjustment_reason": self.draw.choice([None, "", "追加专项", " 国家政策", "区级统筹", "不可抗力"]),
                "source_sheet": None,
            }
            for _ in range(self.draw.randrange(0, 8))
        ]

    def payment(self) -> list[dict[str, Any]]:
        return [
            {
                **self.who(),
                **self.classes(),
                "fund_type_code": self.fund_type(),
                "voucher_number": f"V{self.line}",
                "payment_date": self.day(),
                "paid_amount": self.amount(signed=True),
                "payment_purpose": self.maybe(self.draw.choice(["货款", "预付货款", "预存电费"])),
            }
            for _ in range(self.draw.randrange(0, 12))
        ]

    def carryover(self) -> list[dict[str, Any]]:
        return [
            {
                **self.who(with_project=self.draw.random() < 0.9),
                "approved_amount": self.maybe(self.amount()),
                "carried_over_amount": self.amount(),
                "taken_back_amount": self.maybe(self.amount(), 0.9),
            }
            for _ in range(self.draw.randrange(0, 5))
        ]

    def published_figure(self) -> list[dict[str, Any]]:
        return [
            {
                **self.who(with_project=self.draw.random() < 0.5),
                "published_figure_kind": self.draw.choice(["self_evaluation_score", "execution_rate"]),
                "published_score": self.draw.choice(["97", "90.00", "89.99", "59"]),
            }
            for _ in range(self.draw.randrange(0, 6))
        ]

    def execution_statement(self) -> list[dict[str, Any]]:
        days = [
            None,
            date(self.year, 2, 28),
            date(self.year, 4, 30),
            self.last_day,
            date(self.year, 12, 31),
            date(self.year + 1, 1, 8),
        ]
        return [
            {
                **self.who(with_project=self.draw.random() < 0.4),
                "fund_type_code": self.maybe(self.draw.choice(["111", "121"]), 0.3),
                "expenditure_nature": self.maybe(self.draw.choice(["basic", "project"]), 0.3),
                "project_kind": self.maybe("3", 0.2),
                "initial_budget_amount": self.maybe(self.amount(), 0.8),
                "adjustment_amount": self.maybe(self.amount(signed=True), 0.5),
                "full_year_budget_amount": self.maybe(self.amount(), 0.8),
                "executed_amount": self.maybe(self.amount(), 0.8),
                "as_of_date": self.draw.choice(days),
            }
            for _ in range(self.draw.randrange(1, 12))
        ]


def made_city(seed: int) -> tuple[dict[str, list[dict[str, Any]]], set[tuple[str, int, str]]]:
    """Several districts over some years."""
    draw = random.Random(seed)  # noqa: S311 - test data
    rows: dict[str, list[dict[str, Any]]] = {}
    delivered: set[tuple[str, int, str]] = set()
    for number in range(14):
        for year in draw.choice([(2022,), (2021, 2022, 2023), (2022, 2024), (2023, 2024), (2024, 2025)]):
            made, datasets = Maker(draw, f"1000{number:02}", year).make()
            delivered |= datasets
            for dataset, entries in made.items():
                rows.setdefault(dataset, []).extend(entries)
    return rows, delivered


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 4))])
def test_every_summary_table_equals_the_oracle(raw: Path, seed: int) -> None:
    rows, delivered = made_city(seed)
    accepted = {
        (district, year): datetime(year + number % 2, 2, 1)  # noqa: DTZ001 - as the table keeps it, without a zone
        for number, (district, year, _) in enumerate(sorted(delivered))
    }
    compare(Warehouse(raw, rows, delivered, accepted), City(rows, delivered, reference_rows(), accepted))
