"""Which deliveries were expected and did not come, or came late, as ``reference/expected_deliveries.csv`` has them.

A delivery covers every period that had ended when its file first came, held back or not: offices deliver what their
system holds up to that day. A refused file is no delivery.
Does not belong here: what a delivery contains, who is told about it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from pipelines.contracts.datasets import DATASETS
from pipelines.contracts.reference_tables import EXPECTED_DELIVERIES
from pipelines.quality.findings import Finding, cell_rule_finding
from pipelines.settings import Settings
from pipelines.warehouse.loading import Attempt
from pipelines.warehouse.reference import read_reference_file, reference_files

IN_TIME, LATE, MISSING, NOT_DUE = "in_time", "late", "missing", "not_due"


def expected_deliveries(settings: Settings, attempts: Iterable[Attempt], today: date) -> list[dict[str, Any]]:
    """The rows of ``quality.expected_delivery`` on ``today``, from accepted and held-back attempts.

    A fiscal year counts from the day it begins until it is closed, where the district delivered for it or where it is
    the current one.
    """
    came = _days_of_delivery(settings, attempts)
    tables: defaultdict[str | None, list[dict[str, Any]]] = defaultdict(list)
    for path, district in reference_files(settings.accepted):
        if path.stem == EXPECTED_DELIVERIES.name:
            tables[district].extend(read_reference_file(path, EXPECTED_DELIVERIES, district))
    years: defaultdict[str, set[int]] = defaultdict(set)
    for district, year, _ in came:
        years[district].add(year)
    rows = []
    for district in sorted({*years, *(own for own in tables if own)}):
        for year in sorted(years[district] | {today.year}):
            if date(year, 1, 1) <= today and not settings.closing.is_closed(year, today):
                for expected in _in_force(tables.get(district) or tables[None], year):
                    days = sorted(came.get((district, year, expected["dataset"]), ()))
                    rows.append({"district_code": district, "fiscal_year": year} | _state(expected, year, days, today))
    return rows


def is_overdue(row: dict[str, Any]) -> bool:
    """Whether a row tells of something missing or late."""
    return row["delivery_status"] in (MISSING, LATE)


def delivery_findings(rows: Iterable[dict[str, Any]]) -> Iterator[Finding]:
    """A warning for everything that is missing or came late."""
    for row in rows:
        if is_overdue(row):
            label = f"{DATASETS[row['dataset']].label_zh} {row['dataset']} ({row['period_end']})"
            came = f", {row['delivered_on']}" if row["delivery_status"] == LATE else ""
            yield cell_rule_finding(
                f"delivery-{row['delivery_status']}",
                district_code=row["district_code"],
                fiscal_year=row["fiscal_year"],
                found=label + came,
                expected=str(row["due_date"]),
                finding_key=f"{row['dataset']} {row['period_end']}",
            )


def _days_of_delivery(settings: Settings, attempts: Iterable[Attempt]) -> dict[tuple[str, int, str], set[date]]:
    days: defaultdict[tuple[str, int, str], set[date]] = defaultdict(set)
    for attempt in attempts:
        for _, record in attempt.files():
            day = settings.local_date(record.first_seen_at)
            for table in record.tables:
                days[attempt.store.district_code, attempt.store.fiscal_year, table.dataset].add(day)
    return days


def _in_force(rows: Sequence[dict[str, Any]], year: int) -> list[dict[str, Any]]:
    """The rows of the version that counts for ``year``: the one that began last."""
    offered = [row for row in rows if row["first_fiscal_year"] <= year <= (row["last_fiscal_year"] or date.max.year)]
    counting = max(((row["first_fiscal_year"], row["version"]) for row in offered), default=None)
    return [row for row in offered if (row["first_fiscal_year"], row["version"]) == counting]


def _state(expected: dict[str, Any], year: int, days: list[date], today: date) -> dict[str, Any]:
    grace = timedelta(days=expected["due_days"])
    ends = period_ends(expected["delivery_frequency"], year)
    covered = bisect_right(ends, days[-1]) if days else 0
    if covered < len(ends) and today > ends[covered] + grace:
        end, came, status = ends[covered], None, MISSING
    elif covered:
        end = ends[covered - 1]
        came = days[bisect_left(days, end)]
        status = LATE if came > end + grace else IN_TIME
    else:
        end, came, status = ends[0], None, NOT_DUE
    return {
        "dataset": expected["dataset"],
        "delivery_frequency": expected["delivery_frequency"],
        "period_end": end,
        "due_date": end + grace,
        "delivered_on": came,
        "delivery_status": status,
    }


def period_ends(frequency: str, year: int) -> list[date]:
    """The last days of the periods of a fiscal year, in order; ``once`` has 1 January alone."""
    match frequency:
        case "daily":
            days = (date(year + 1, 1, 1) - date(year, 1, 1)).days
            return [date(year, 1, 1) + timedelta(days=day) for day in range(days)]
        case "monthly":
            months: Iterable[int] = range(1, 13)
        case "quarterly":
            months = (3, 6, 9, 12)
        case "yearly":
            months = (12,)
        case _:
            return [date(year, 1, 1)]
    return [date(year, month, monthrange(year, month)[1]) for month in months]
