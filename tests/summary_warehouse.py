"""A database whose core tables a test fills with plain rows, and the summary tables made from them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from pipelines.warehouse.database import create_core_tables, run_sql
from pipelines.warehouse.reference import load_reference_tables


class Warehouse:
    """An in-memory database with core tables filled by a test and everything made from them."""

    def __init__(
        self,
        raw: Path,
        rows: dict[str, list[dict[str, Any]]],
        delivered: set[tuple[str, int, str]],
        accepted: dict[tuple[str, int], datetime] | None = None,
    ) -> None:
        self.connection = duckdb.connect()
        create_core_tables(self.connection, with_comments=False)
        load_reference_tables(self.connection, raw)
        for dataset, entries in rows.items():
            self._insert(f"core.{dataset}", entries)
        names = ("district_code", "fiscal_year", "dataset")
        self._insert("quality.delivered_dataset", [dict(zip(names, entry, strict=True)) for entry in delivered])
        self._insert(
            "quality.district_year",
            [
                {"district_code": district, "fiscal_year": year, "accepted_version": 1, "accepted_at": accepted_at}
                for (district, year), accepted_at in (accepted or {}).items()
            ],
        )
        run_sql(self.connection, "core", "summary", with_comments=False)

    def _insert(self, table: str, rows: list[dict[str, Any]]) -> None:
        if rows:
            names = sorted({name for row in rows for name in row})
            arrow = pa.table({name: [row.get(name) for row in rows] for name in names})
            self.connection.register("made_rows", arrow)
            self.connection.execute(f"insert into {table} by name select * from made_rows")
            self.connection.unregister("made_rows")

    def table(self, name: str) -> list[dict[str, Any]]:
        """All rows of a summary table."""
        cursor = self.connection.execute(f"select * from summary.{name}")
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def tables(self) -> list[str]:
        """The names of all summary tables."""
        rows = self.connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'summary'"
        ).fetchall()
        return [name for (name,) in rows]
