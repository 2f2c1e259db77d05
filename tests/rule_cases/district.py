"""A small synthetic district in which every rule passes, to be damaged in one place by a case.

Its statement is added up from its detail by plain Python, so that the two agree by construction.
Does not belong here: what a rule should find (the case tables).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa

from pipelines.contracts.arrow_types import ARROW_TYPES
from pipelines.contracts.common import PROVENANCE
from pipelines.contracts.datasets import DATASETS
from pipelines.contracts.quality_tables import DELIVERED_DATASET, SOURCE_FILE
from pipelines.warehouse.database import create_core_tables
from pipelines.warehouse.loading import insert_rows

Row = dict[str, Any]
YEAR = 2023
YEAR_END = date(YEAR, 12, 31)
NAMES = {"101001": "甲局", "101002": "甲局中心", "102001": "乙局"}
PROJECTS = {
    "P1": ("甲局人员经费", "101001", "1", "2010101"),
    "P2": ("甲局专项", "101001", "3", "2010102"),
    "P3": ("中心专项", "101002", "3", "2010102"),
    "P4": ("乙局公用经费", "102001", "21", "2010101"),
    "P5": ("乙局新增项目", "102001", "3", "2120801"),
}
NATURE = {"1": "basic", "21": "basic", "3": "project"}


def yuan(amount: str | int) -> Decimal:
    """An amount in yuan with two places."""
    return Decimal(amount).quantize(Decimal("0.01"))


class District:
    """One district-year as rows per dataset, every row with its source line."""

    def __init__(self, code: str, year: int = YEAR) -> None:
        self.code = code
        self.year = year
        self.rows: dict[str, list[Row]] = {}
        self._next_line = 2
        self.names = dict(NAMES)
        self.projects = dict(PROJECTS)
        self.unit_factors = {"execution_statement": 10_000, "published_figure": 10_000}

    def add(self, dataset: str, **values: Any) -> Row:
        """Appends a row; no two rows share a line, its file is named after the dataset."""
        rows = self.rows.setdefault(dataset, [])
        place = {
            "source_file_id": f"{self.code}-{self.year}-{dataset}",
            "source_sheet": "",
            "source_line": self._next_line,
        }
        self._next_line += 1
        rows.append({"district_code": self.code, "fiscal_year": self.year} | place | values)
        return rows[-1]

    def drop(self, *datasets: str) -> None:
        """Takes datasets back, as if they had never been delivered."""
        for dataset in datasets:
            del self.rows[dataset]

    def remove(self, dataset: str, **values: Any) -> None:
        """Takes the rows of a dataset with these values back."""
        kept = [row for row in self.rows[dataset] if any(row.get(name) != value for name, value in values.items())]
        assert len(kept) < len(self.rows[dataset])
        self.rows[dataset] = kept

    def only(self, dataset: str, **values: Any) -> Row:
        """The one row of a dataset with these values; None means an empty cell."""
        (row,) = [row for row in self.rows[dataset] if all(row.get(name) == value for name, value in values.items())]
        return row

    def stated(self, department: str, project: str | None = None, **part: str) -> Row:
        """The statement line of a unit, of its project, or of a fund type or nature of it."""
        keys = {"project_code": None, "fund_type_code": None, "expenditure_nature": None, "as_of_date": YEAR_END}
        return self.only("execution_statement", department_code=department, **(keys | {"project_code": project} | part))

    def pay(self, voucher: str, project: str, amount: str | int, day: date, fund: str = "111", **values: Any) -> Row:
        """A payment of a known project."""
        _, department, _, function = self.projects[project]
        facts = {"department_code": department, "project_code": project, "function_code": function}
        return self.add(
            "payment",
            voucher_number=voucher,
            payment_date=day,
            paid_amount=yuan(amount),
            **({"fund_type_code": fund} | facts | values),
        )

    def adjust(self, number: str, project: str, kind: str, amount: str | int, fund: str = "111", **values: Any) -> Row:
        """An adjustment of a known project on 15 May."""
        _, department, _, function = self.projects[project]
        facts = {"department_code": department, "project_code": project, "function_code": function}
        return self.add(
            "budget_adjustment",
            adjustment_number=number,
            adjustment_kind=kind,
            adjustment_date=date(self.year, 5, 15),
            adjustment_amount=yuan(amount),
            **({"fund_type_code": fund, "batch_number": None} | facts | values),
        )

    def add_department(self, code: str, name: str) -> None:
        """A further department, listed."""
        self.names[code] = name
        self.add("department", department_code=code, department_name=name)

    def add_project(self, code: str, name: str, department: str, kind: str = "3", function: str = "2010102") -> None:
        """A further project, listed."""
        self.projects[code] = (name, department, kind, function)
        self.add("project", project_code=code, project_name=name, department_code=department, project_kind=kind)

    def budget(self, project: str, initial: str | int, **values: Any) -> Row:
        """A line of the annual budget that nothing was added to."""
        _, unit, kind, function = self.projects[project]
        facts: Row = {"department_code": unit, "project_code": project, "project_kind": kind}
        facts |= {"function_code": function, "fund_type_code": "111", "initial_budget_amount": yuan(initial)}
        facts |= {
            "adjustment_amount": yuan(0),
            "reallocation_amount": yuan(0),
            "full_year_budget_amount": yuan(initial),
        }
        return self.add("annual_budget", **(facts | values))

    def state(self, as_of: date = YEAR_END) -> None:
        """Adds the statement that the detail bears out: units, their projects, fund types and natures."""
        lines: dict[tuple[Any, ...], dict[str, Decimal]] = {}
        amounts = (
            ("annual_budget", "initial_budget_amount", "initial_budget_amount", None),
            ("budget_adjustment", "adjustment_amount", "adjustment_amount", "adjustment_date"),
            ("payment", "paid_amount", "executed_amount", "payment_date"),
        )
        for dataset, column, figure, day in amounts:
            for row in self.rows.get(dataset, []):
                if day and row[day] > as_of:
                    continue
                project = row["project_code"] or next(
                    code for code, facts in self.projects.items() if facts[0] == row["project_name"]
                )
                nature = NATURE[self.projects[project][2]]
                unit = row["department_code"]
                for key in (
                    (unit, None, None, None),
                    (unit, project, None, None),
                    (unit, None, row["fund_type_code"], None),
                    (unit, None, None, nature),
                ):
                    line = lines.setdefault(
                        key, dict.fromkeys(("initial_budget_amount", "adjustment_amount", "executed_amount"), yuan(0))
                    )
                    line[figure] += row[column]
        for (unit, stated, fund, nature), figures in lines.items():
            self.add(
                "execution_statement",
                department_code=unit,
                department_name=self.names[unit],
                project_code=stated,
                project_name=stated and self.projects[stated][0],
                fund_type_code=fund,
                expenditure_nature=nature,
                full_year_budget_amount=figures["initial_budget_amount"] + figures["adjustment_amount"],
                as_of_date=as_of,
                **figures,
            )


def clean(code: str, *, stated: bool = True, year: int = YEAR) -> District:
    """A district-year in which no rule finds anything."""
    district = District(code, year)
    for unit, name in NAMES.items():
        above = "101001" if unit == "101002" else None
        district.add("department", department_code=unit, department_name=name, supervising_department_code=above)
    for project, (name, unit, kind, _) in PROJECTS.items():
        district.add("project", project_code=project, project_name=name, department_code=unit, project_kind=kind)
    for project, initial, adjusted, moved in (
        ("P1", 1_000_000, 0, 0),
        ("P2", 2_000_000, 500_000, -300_000),
        ("P3", 500_000, 0, 300_000),
        ("P4", 800_000, 0, 0),
    ):
        district.budget(
            project,
            initial,
            adjustment_amount=yuan(adjusted),
            reallocation_amount=yuan(moved),
            full_year_budget_amount=yuan(initial + adjusted + moved),
        )
    district.adjust("T1", "P2", "addition", 500_000)
    district.adjust("T2", "P2", "reallocation", -300_000, batch_number="B1")
    district.adjust("T3", "P3", "reallocation", 300_000, batch_number="B1")
    district.adjust("T4", "P5", "addition", 1_200_000, fund="121")
    for number, (project, amount, month) in enumerate(
        (("P1", 450_000, 3), ("P1", 450_000, 9), ("P2", 1_500_000, 7), ("P3", 700_000, 8), ("P4", 640_000, 11))
    ):
        district.pay(f"V{number}", project, amount, date(year, month, 10))
    district.pay("V8", "P3", -50_000, date(year, 10, 10))
    district.pay("V9", "P5", 1_100_000, date(year, 12, 20), fund="121")
    if stated:
        district.state(date(year, 12, 31))
    return district


def statement_only(code: str) -> District:
    """A district-year that delivers nothing but its execution statement."""
    district = clean(code)
    district.drop("department", "project", "annual_budget", "budget_adjustment", "payment")
    return district


def fill(connection: duckdb.DuckDBPyConnection, districts: Iterable[District]) -> None:
    """Makes the tables of ``connection`` and fills them with the districts' rows."""
    create_core_tables(connection, with_comments=False)
    together: dict[str, list[Row]] = {}
    delivered: list[Row] = []
    files: list[Row] = []
    for district in districts:
        place = {"district_code": district.code, "fiscal_year": district.year}
        for dataset, rows in district.rows.items():
            together.setdefault(dataset, []).extend(rows)
            delivered.append(place | {"dataset": dataset})
            for file, sheet in sorted({(row["source_file_id"], row["source_sheet"]) for row in rows}):
                factor = district.unit_factors.get(dataset, 1)
                files.append(
                    place | {"source_file_id": file, "source_sheet": sheet, "dataset": dataset, "unit_factor": factor}
                )
    insert_rows(connection, DELIVERED_DATASET, delivered)
    insert_rows(connection, SOURCE_FILE, files)
    for dataset, rows in together.items():
        columns = (*DATASETS[dataset].stored_columns, *PROVENANCE)
        schema = pa.schema([(column.name, ARROW_TYPES[column.kind]) for column in columns])
        connection.register("new_row", pa.Table.from_pylist(rows, schema=schema))
        connection.execute(f"insert into core.{dataset} by name select * from new_row")
        connection.unregister("new_row")
