"""Months of payments that are missing between months that were delivered: a file a month came, and one of them did not.

What a title, a sheet's or a file's name tells is compared; a month in which some file has a line is there. Does not
belong here: what an office is expected to deliver and by when (``expected_deliveries``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from pipelines.contracts.datasets import DATASETS
from pipelines.databases import scratch
from pipelines.ledger.records import FileRecord, LineOutcome
from pipelines.quality.findings import Finding, cell_rule_finding
from pipelines.warehouse.store import DistrictYearStore

_MONTHLY = ("payment",)
"""Datasets of which every month of a year has lines."""


def missing_months(store: DistrictYearStore, staged: Iterable[tuple[Path, FileRecord]]) -> Iterator[Finding]:
    """An error for each month that no file tells and no line lies in, between the first and last month that are told.

    ``staged`` are the directories and records of what is delivered. A file that is read and holds no line for its month
    is a delivery of that month.
    """
    staged = list(staged)
    for name in _MONTHLY:
        tables = [table for _, file in staged for table in file.tables if table.dataset == name and table.months]
        told = {month for table in tables if table.months for month in range(table.months[0], table.months[1] + 1)}
        gaps = [month for month in range(min(told, default=1), max(told, default=0)) if month not in told]
        if not gaps:
            continue
        paths = [
            str(directory / f"{name}.parquet")
            for directory, file in staged
            if any(table.dataset == name and table.count(LineOutcome.ACCEPTED) for table in file.tables)
        ]
        there = _months_of_lines(name, paths, store.fiscal_year)
        for month in gaps:
            if month not in there:
                yield cell_rule_finding(
                    "month-not-delivered",
                    district_code=store.district_code,
                    fiscal_year=store.fiscal_year,
                    found=f"{DATASETS[name].label_zh} {name} {store.fiscal_year}-{month:02d}",
                    expected=", ".join(str(each) for each in sorted(told)),
                    finding_key=f"{name} {store.fiscal_year}-{month:02d}",
                )


def _months_of_lines(dataset: str, paths: list[str], year: int) -> set[int]:
    """The months of a year in which lines of some Parquet files lie."""
    if not paths:
        return set()
    day = DATASETS[dataset].dated_by
    with scratch() as connection:
        found = connection.execute(
            f"select distinct month({day}) from read_parquet(?::varchar[], union_by_name = true) where year({day}) = ?",
            [paths, year],
        ).fetchall()
    return {month for (month,) in found}
