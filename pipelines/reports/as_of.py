"""How a district-year stood on a day: its rows up to that day in a database of their own, summed by the same SQL.

Adjustments and payments count from their date; a statement counts if it is of that day or earlier. What carries no date
(the approved budget, lists, what was carried over) counts from the start of its year.
Does not belong here: any sum of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import duckdb

from pipelines.contracts.datasets import DATASETS
from pipelines.contracts.quality_tables import BUILD, QUALITY_TABLES
from pipelines.contracts.reference_tables import REFERENCE_TABLES
from pipelines.databases import in_memory
from pipelines.warehouse.connect import attach_published
from pipelines.warehouse.database import create_core_tables, run_sql

_DATED_BY = {
    "budget_adjustment": "adjustment_date",
    "payment": "payment_date",
    "execution_statement": "as_of_date",
}
"""The column that says when a row of a dataset happened."""


class AsOfDateError(ValueError):
    """The date asked for lies before the fiscal year: what was asked for, and from when there are figures."""


@contextmanager
def opened_as_of(
    database: Path, district_code: str, fiscal_year: int, day: date
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection whose core, quality and summary tables are those of the district up to ``day``.

    Raises:
        AsOfDateError: ``day`` lies before the fiscal year.
        NotPublishedError: nothing was published yet.
    """
    if day.year < fiscal_year:
        raise AsOfDateError(
            f"{day} lies before fiscal year {fiscal_year}; give a day from {fiscal_year}-01-01 on. "
            f"{day} 早于 {fiscal_year} 年度，请给出 {fiscal_year}-01-01 及以后的日期。"
        )
    values = {"district": district_code, "year": fiscal_year, "day": day}
    with in_memory() as connection:
        attach_published(connection, database, "published")
        create_core_tables(connection, with_comments=False)
        for name in DATASETS:
            dated_by = _DATED_BY.get(name)
            until = f" and {dated_by} <= $day" if dated_by else ""
            connection.execute(
                f"insert into core.{name} by name select * from published.core.{name}"
                f" where district_code = $district and fiscal_year <= $year{until}",
                values if dated_by else {name: values[name] for name in ("district", "year")},
            )
        for name in REFERENCE_TABLES:
            connection.execute(f"insert into core.{name} by name select * from published.core.{name}")
        for table in QUALITY_TABLES:
            columns = {column.name for column in table.columns}
            where = " where district_code = $district" if "district_code" in columns and table is not BUILD else ""
            connection.execute(
                f"insert into quality.{table.name} by name select * from published.quality.{table.name}{where}",
                {"district": district_code} if where else {},
            )
        run_sql(connection, "core", "summary", with_comments=False)
        yield connection
