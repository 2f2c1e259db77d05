"""A small published database for the report tests: a district with detail, a statement-only one, hostile names.

Core tables are filled directly and the project's own SQL derives the rest, so that the reports are tested without
reading any file. Does not belong here: expected values of summary tables (the summary tests have their oracle).
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from pipelines.warehouse.database import create_core_tables, run_sql
from pipelines.warehouse.reference import load_reference_tables

DETAIL, STATEMENT, YEAR = "999999", "440103", 2022
HOSTILE = (
    "<script>window.stolen=1</script>",
    '"><img src=x onerror=window.stolen=1>',
    "</script><script>window.stolen=1</script>",
    '=HYPERLINK("http://example.invalid","x")',
    "+1+1|cmd",
    "@SUM(A1)",
    "https://example.invalid/项目",
    "{{7*7}}${7*7}\u2028&lt;b&gt;",
)
"""Names that a careless report would run, follow or break on."""

MARKUP_OF_WORKBOOKS = "<r>&</r>"
"""A name that xlsxwriter would take for its own markup and write as it is, which makes the file unreadable."""

_REASONS = ("人员增支", "上级专项下达", "项目进度调整", "年中压减一般性支出", "突发应急")


def publish(database: Path, *, departments: int = 9, projects: int = 6, seed: int = 7) -> Path:
    """Writes a database as ``publish`` would: core rows, quality rows, summaries. Returns its path."""
    database.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(database) as connection:
        create_core_tables(connection)
        load_reference_tables(connection, database.parent)
        for table, rows in _rows(departments, projects, random.Random(seed)).items():  # noqa: S311 - data
            _insert(connection, table, rows)
        run_sql(connection, "core", "summary")
    return database


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Iterable[dict[str, Any]]) -> None:
    connection.register("new_row", pa.Table.from_pylist(list(rows)))
    connection.execute(f"insert into {table} by name select * from new_row")
    connection.unregister("new_row")


def _rows(departments: int, projects: int, draw: random.Random) -> dict[str, list[dict[str, Any]]]:
    tables: dict[str, list[dict[str, Any]]] = {name: [] for name in ("department", "project", "annual_budget")}
    tables |= {name: [] for name in ("budget_adjustment", "payment", "carryover", "execution_statement")}
    lines: dict[str, int] = {}

    def add(dataset: str, *, district: str = DETAIL, year: int = YEAR, sheet: str | None = None, **values: Any) -> None:
        lines[f"{dataset}{year}"] = line = lines.get(f"{dataset}{year}", 1) + 1
        tables[dataset].append(
            {"district_code": district, "fiscal_year": year, **values}
            | {"source_file_id": f"{dataset}-{district}-{year}", "source_sheet": sheet, "source_line": line}
        )

    for year in (YEAR - 1, YEAR):
        serial = 0
        for number in range(1, departments + 1):
            department = {"department_code": f"{100 + number}001", "department_name": f"虚构示例部门{number}"}
            if number == departments:
                department["department_name"] = HOSTILE[0]
            add("department", year=year, **department)
            for position in range(1, projects + 1):
                serial += 1
                name = f"示例项目{number}-{position}"
                if number == departments:
                    name = HOSTILE[position % len(HOSTILE)]
                project = department | {"project_code": f"99999922R{serial:012d}", "project_name": name}
                kind = ("1", "21", "22", "3")[min(position - 1, 3)]
                add("project", year=year, **project, project_kind=kind, is_one_off=position == 5)
                _project_year(add, draw, year, project, position=position, number=number)
    _statement(add)
    return {f"core.{name}": rows for name, rows in tables.items()} | _quality(tables)


def _project_year(
    add: Any, draw: random.Random, year: int, project: dict[str, str], *, position: int, number: int
) -> None:
    """One project's lines: the sixth is new in the year, the fifth of every other department is cut to nothing."""
    fund = {"fund_type_code": "121" if position == 4 else "111"}
    initial = Decimal(draw.randrange(5, 900)) * 10_000 + Decimal(draw.randrange(100)) / 100
    if position == 6:
        initial = Decimal(0)
    add("annual_budget", year=year, **project, **fund, initial_budget_amount=initial, function_code="2011301")
    full_year = initial
    moves = [Decimal(draw.randrange(-80, 120)) * 1000 for _ in range(draw.randrange(0, 5))]
    if position == 6:
        moves = [Decimal(500_000)]
    elif position == 5 and number % 2:
        moves = [-initial]
    for move in moves:
        if full_year + move < 0:
            continue
        full_year += move
        day = date(year, 1, 10) + timedelta(days=draw.randrange(0, 330))
        add(
            "budget_adjustment",
            year=year,
            **project,
            **fund,
            adjustment_number=f"T{year}{project['project_code'][-4:]}{day:%m%d}{abs(move)}",
            batch_number=f"{year}-{day.month:02d}",
            adjustment_date=day,
            adjustment_kind="addition" if move > 0 else "cut",
            adjustment_amount=move,
            adjustment_reason=draw.choice(_REASONS),
        )
    if position == 4 and number % 3 == 0:
        return
    share = Decimal(draw.randrange(35, 103)) / 100 if number % 4 else Decimal(draw.randrange(10, 45)) / 100
    months = sorted(draw.randrange(1, 13) for _ in range(5))
    for voucher, month in enumerate(months):
        amount = (full_year * share / len(months)).quantize(Decimal("0.01"))
        add(
            "payment",
            year=year,
            **project,
            **fund,
            voucher_number=f"V{year}{project['project_code'][-4:]}{voucher}",
            payment_date=date(year, month, draw.randrange(1, 28)),
            paid_amount=amount,
            payment_purpose="预付工程款" if month == 12 and voucher == 4 else "业务支出",
        )
    if year == YEAR:
        left = (full_year * Decimal("0.05")).quantize(Decimal("0.01"))
        add("carryover", year=year, **project, **fund, carried_over_amount=left, taken_back_amount=Decimal(0))


def _statement(add: Any) -> None:
    """The published 2022 figures of Liwan's commerce bureau, as its statement has them; 万元 brought to yuan."""
    bureau = "广州市荔湾区商务和投资促进局"
    figures: tuple[tuple[str, dict[str, str], tuple[str | None, str | None, str | None, str | None]], ...] = (
        ("部门", {}, (None, None, "112065200.00", "87781700.00")),
        ("项目", {"project_name": "招商引资经费"}, ("1000000.00", "-413600.00", "586400.00", "469100.00")),
        ("项目", {"project_name": "产业扶持资金"}, ("15884000.00", "19193600.00", "35077600.00", "35047000.00")),
        ("项目", {"project_name": "上下九步行街品质提升工程"}, ("20000000.00", "-20000000.00", "0.00", "0.00")),
        ("项目", {"project_name": "区政府合作经费"}, (None, "-800000.00", None, None)),
        ("按资金来源", {"fund_type_code": "111"}, (None, None, None, "87781700.00")),
        ("按资金来源", {"fund_type_code": "121"}, (None, None, None, "0.00")),
        ("按支出性质", {"expenditure_nature": "basic"}, (None, None, None, "11218500.00")),
        ("按支出性质", {"expenditure_nature": "project"}, (None, None, None, "76563200.00")),
    )
    for sheet, what, (initial, adjustment, full_year, executed) in figures:
        amounts = {
            "initial_budget_amount": initial,
            "adjustment_amount": adjustment,
            "full_year_budget_amount": full_year,
            "executed_amount": executed,
        }
        add(
            "execution_statement",
            district=STATEMENT,
            sheet=sheet,
            department_name=bureau,
            as_of_date=date(YEAR, 12, 31),
            **({"project_name": None, "fund_type_code": None, "expenditure_nature": None} | what),
            **{name: None if text is None else Decimal(text) for name, text in amounts.items()},
        )


def _quality(tables: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """What a publication says about its files, two findings and a rejected row among them."""
    origins = {
        (row["district_code"], row["fiscal_year"], dataset, row["source_file_id"])
        for dataset, rows in tables.items()
        for row in rows
    }
    common = {"district_code": DETAIL, "fiscal_year": YEAR, "source_sheet": None}
    return {
        "quality.source_file": [
            {"district_code": district, "fiscal_year": year, "dataset": dataset, "source_file_id": file_id}
            | {"source_path": f"{district}/{year}/{dataset}.csv", "file_outcome": "accepted", "rows_accepted": 1}
            for district, year, dataset, file_id in sorted(origins)
        ],
        "quality.delivered_dataset": [
            {"district_code": district, "fiscal_year": year, "dataset": dataset}
            for district, year, dataset in sorted({origin[:3] for origin in origins})
        ],
        "quality.district_year": [
            {"district_code": district, "fiscal_year": year, "accepted_version": 1, "is_held_back": False}
            for district, year in sorted({origin[:2] for origin in origins})
        ],
        "quality.finding": [
            common
            | {"rule_id": "payments-within-full-year-budget", "severity": severity, "finding_key": key}
            | {"source_file_id": f"payment-{DETAIL}-{YEAR}", "source_line": 7, "source_value": Decimal("120.50")}
            | {"target_value": Decimal("100.00"), "difference": Decimal("20.50"), "message": f"more paid than {key}"}
            | {"message_zh": f"支付超出预算 {HOSTILE[1]}", "source_lines": "[]"}
            for severity, key in (("warning", "虚构示例部门1/示例项目1-2"), ("error", HOSTILE[2]))
        ],
        "quality.rejected_row": [
            common
            | {"dataset": "payment", "source_file_id": f"payment-{DETAIL}-{YEAR}", "source_line": 99}
            | {"department_name": HOSTILE[0], "project_name": MARKUP_OF_WORKBOOKS, "money": Decimal("33.10")}
            | {"rule_ids": "amount-is-a-number", "columns": "paid_amount", "messages": "found '3O', expected a number"}
            | {"messages_zh": "金额“3O”不是数字", "row_text": "{}"}
        ],
        "quality.build": [
            {"build_id": "20230105T020000-0123abcd", "started_at": datetime(2023, 1, 5, 2), "outcome": "published"}  # noqa: DTZ001 - UTC
            | {"finished_at": datetime(2023, 1, 5, 2, 1), "inputs_hash": "0123abcd", "inputs": "{}"}  # noqa: DTZ001 - UTC
            | {"program_version": "0.1.0"}
        ],
    }
