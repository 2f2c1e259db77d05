"""What the pages show beside lists: districts and years, one district and year, one department or project.

Everything is asked of the published tables as the reader sees them; rates of a district are its departments' sums
divided once, as in the reports. Does not belong here: the lists (``lists``), HTML (``templates``).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb

from pipelines.portal.publications import Publication, Row, rows_of
from pipelines.reports.content import DISTRICT_TOTALS
from pipelines.warehouse.expected_deliveries import LATE, MISSING

COMPARED = (
    "execution_rate_pct",
    "net_adjustment_rate_pct",
    "full_year_budget_amount",
    "executed_amount",
    "unspent_amount",
)
"""Figures of a district and year that the front page compares."""

_OVERDUE = (MISSING, LATE)


@dataclass(frozen=True, slots=True)
class DistrictYear:
    """A district and year on the front page. ``totals`` is None where nothing of it counts yet."""

    district_code: str
    fiscal_year: int
    totals: Row | None
    state: Row
    warnings: dict[str, int]
    overdue_count: int
    error_count: int
    rejected_rows: int | None
    rejected_money: Decimal | None
    incomplete_count: int | None
    watched_count: int | None


def front(connection: duckdb.DuckDBPyConnection, publication: Publication) -> list[DistrictYear]:
    """Every district and year that the reader sees, districts by code, the newest year first."""
    totals = _by_year(rows_of(connection, DISTRICT_TOTALS))
    states = _by_year(rows_of(connection, "from quality.district_year"))
    warnings: dict[tuple[str, int], dict[str, int]] = {}
    for row in rows_of(
        connection,
        "select district_code, fiscal_year, warning_level, count(*) as found"
        " from summary.warning_overview group by all",
    ):
        warnings.setdefault(_key(row), {})[row["warning_level"]] = row["found"]
    overdue = _counts(
        connection,
        "quality.expected_delivery where list_contains($statuses, delivery_status)",
        {"statuses": list(_OVERDUE)},
    )
    errors = _counts(connection, "quality.finding where severity in ('error', 'fatal')")
    rejected = _by_year(
        rows_of(
            connection,
            """select district_code, fiscal_year, cast(sum(rows_rejected) as bigint) as row_count,
                sum(money_rejected) as money
            from quality.source_file group by all""",
        )
    )
    incomplete = None
    if publication.has("summary.department_execution", "is_complete"):
        incomplete = _counts(connection, "summary.department_execution where is_complete is distinct from true")
    watched = _counts(connection, "summary.project_watch") if publication.has("summary.project_watch") else None
    return [
        DistrictYear(
            *key,
            totals.get(key),
            states.get(key, {}),
            warnings.get(key, {}),
            overdue.get(key, 0),
            errors.get(key, 0),
            rejected.get(key, {}).get("row_count"),
            rejected.get(key, {}).get("money"),
            None if incomplete is None else incomplete.get(key, 0),
            None if watched is None else watched.get(key, 0),
        )
        for key in sorted(totals.keys() | states.keys(), key=lambda key: (key[0], -key[1]))
    ]


def _key(row: Row) -> tuple[str, int]:
    return row["district_code"], row["fiscal_year"]


def _by_year(rows: list[Row]) -> dict[tuple[str, int], Row]:
    return {_key(row): row for row in rows}


def _counts(
    connection: duckdb.DuckDBPyConnection, relation: str, values: Row | None = None
) -> dict[tuple[str, int], int]:
    rows = rows_of(
        connection,
        f"select district_code, fiscal_year, count(*) as found from (from {relation}) group by all",
        values,
    )
    return {_key(row): row["found"] for row in rows}


@dataclass(frozen=True, slots=True)
class Month:
    """Execution by the end of a month, in percent."""

    month: int
    rate_pct: Decimal | None
    time_progress_pct: Decimal | None


def district_months(connection: duckdb.DuckDBPyConnection, district_code: str, fiscal_year: int) -> list[Month]:
    """The whole district by month: its departments' sums divided once."""
    rows = rows_of(
        connection,
        """select month, max(group_execution_rate_pct) as rate_pct, max(time_progress_pct) as time_progress_pct
        from summary.execution_ranking
        where district_code = $district and fiscal_year = $year and figure_level = 'department' and month is not null
        group by month order by month""",
        {"district": district_code, "year": fiscal_year},
    )
    return [Month(**row) for row in rows]


def item_months(connection: duckdb.DuckDBPyConnection, level: str, key: Row) -> list[Row]:
    """The months of a department or project, by column."""
    named = " and ".join(f"item.{name} is not distinct from ${name}" for name in key)
    return rows_of(
        connection,
        f"""select month, full_year_budget_amount, month_net_adjustment_amount, month_executed_amount,
            cumulative_executed_amount, execution_rate_pct, time_progress_pct, gap_to_progress_points
        from summary.{level}_execution_monthly as item where {named} order by month""",
        key,
    )


def counts_of(connection: duckdb.DuckDBPyConnection, tables: dict[str, str], values: Row) -> dict[str, int]:
    """How many rows of a district and year each list has; ``tables`` are relations with a condition, by list."""
    asked = " union all ".join(
        f"select '{name}' as name, count(*) as found from {relation}" for name, relation in tables.items()
    )
    return {row["name"]: row["found"] for row in rows_of(connection, asked, values)} if asked else {}


def chart(months: list[Month], width: int = 640, height: int = 190) -> dict[str, Any] | None:
    """Points of the monthly curve in an SVG of ``width`` × ``height``, or None where there is nothing to draw."""
    known = [month for month in months if month.rate_pct is not None]
    if len(known) < 2:
        return None
    top = max(Decimal(100), *(month.rate_pct or Decimal(0) for month in known))
    left, right, above, below = 40, 12, 12, 24

    def place(month: int, value: Decimal) -> tuple[float, float]:
        across = left + (month - 1) * (width - left - right) / 11
        return round(across, 1), round(height - below - float(value / top) * (height - above - below), 1)

    def line(name: str) -> str:
        points = [(month.month, getattr(month, name)) for month in months if getattr(month, name) is not None]
        return " ".join("{},{}".format(*place(*point)) for point in points)

    return {
        "width": width,
        "height": height,
        "rate": line("rate_pct"),
        "progress": line("time_progress_pct"),
        "dots": [(*place(month.month, month.rate_pct or Decimal(0)), month) for month in known],
        "lines": [(place(1, Decimal(value))[1], value) for value in (0, 50, 100)],
        "months": [(place(month, Decimal(0))[0], month) for month in range(1, 13)],
        "left": left,
        "right": width - right,
        "bottom": height - 6,
    }
