"""Runs the project's SQL once more on Spark and compares what comes out, row by row, with what is published.

Two engines that were written by others, one text of SQL: where every table is equal, neither a fault of DuckDB nor a
construct that means something else (``spark_sql``) stands in a figure. The rows that the SQL reads are the published
ones; every table and every rule is then made from those that Spark made before.
Does not belong here: how a query is carried (spark_sql), the night (nightly). Needs the extra ``spark`` and Java.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipelines.contracts.figures import definition
from pipelines.databases import in_memory
from pipelines.province.session import spark_session
from pipelines.quality.rules import read_rules, rule_parts, tell_thresholds
from pipelines.settings import Settings
from pipelines.sql_files import SqlFile, in_order, read_sql_group
from pipelines.warehouse.connect import attach_published
from pipelines.warehouse.database import create_macros, existing_tables, run_sql
from pipelines.warehouse.working_memory import bound_memory

GROUPS = ("core", "summary", "lineage", "history")
"""Folders of ``sql/`` whose tables and views are compared; the rules are compared by what they find."""

_SCHEMAS = ("core", "quality", "summary", "history", "lineage")


@dataclass(frozen=True, slots=True)
class Comparison:
    """One table, view or rule on both engines: how many rows it has here, and how many of either stand alone.

    ``error`` is what Spark said where the query did not run; then nothing was compared.
    """

    name: str
    rows: int
    only_here: int = 0
    only_on_spark: int = 0
    error: str = ""

    @property
    def is_equal(self) -> bool:
        """Whether both engines give the same rows, each as often."""
        return not (self.error or self.only_here or self.only_on_spark)


def verify_on_spark(settings: Settings, *, master: str) -> Iterator[Comparison]:
    """Compares the publication of ``settings`` with Spark's; ``master`` as Spark names it.

    What the SQL reads is written as Parquet below the warehouse, which every node of the cluster has to see.

    Raises:
        ProvinceError: pyspark, sqlglot or Java is missing.
        NotPublishedError: there is no publication.
    """
    session = spark_session(master)
    try:
        settings.workshop.parent.mkdir(parents=True, exist_ok=True)
        with (
            tempfile.TemporaryDirectory(prefix=".spark-", dir=settings.warehouse) as place,
            in_memory() as connection,
        ):
            bound_memory(connection, settings)
            attach_published(connection, settings.database, "published")
            _make_views(connection)
            yield from compare(connection, session, settings, Path(place))
    finally:
        session.stop()


def _make_views(connection: duckdb.DuckDBPyConnection) -> None:
    """Views of the published tables under their own names, and anew the tables that a publication does not keep."""
    for schema in _SCHEMAS:
        connection.execute(f"create schema if not exists {schema}")
    published = connection.execute(
        "select table_schema || '.' || table_name from information_schema.tables"
        " where table_catalog = 'published' and table_schema in (select unnest(?))",
        [list(_SCHEMAS)],
    ).fetchall()
    for (table,) in published:
        connection.execute(f"create view {table} as from published.{table}")
    files = [file for group in ("core", "summary") for file in read_sql_group(group)]
    kept = {file.table for file in files if file.is_kept}
    run_sql(
        connection,
        "core",
        "summary",
        needed={file.table for file in files} - kept,
        made=kept,
        with_comments=False,
    )


def compare(
    connection: duckdb.DuckDBPyConnection, session: Any, settings: Settings, place: Path
) -> Iterator[Comparison]:
    """Compares every table, view and rule of a database with what ``session`` makes of the tables that SQL only reads.

    ``connection`` has every table that the files of ``GROUPS`` make; a group of which it has none is left out.
    ``place`` is an empty folder that the whole cluster sees.
    """
    create_macros(connection)
    existing = existing_tables(connection)
    files = [file for group in GROUPS for file in read_sql_group(group) if file.table in existing]
    made = {file.table for file in files}
    tell_thresholds(connection, settings)
    engine = _Spark(session, place)
    asked = [*files, *rule_parts(), *(rule.file for rule in read_rules())]
    for table in sorted({table for file in asked for table in file.reads} - made):
        engine.load(connection, table)
    engine.load(connection, "rule_threshold")
    for file in in_order(files, existing - made):
        yield engine.compare(connection, file, file.table, f"from {file.table}", is_defined=True)
    for part in rule_parts():
        if part.name == "rule_detail_line":
            wanted = "select cast(detail_number as bigint) as detail_number from rule_detail"
            connection.execute(f"create or replace temp table rule_wanted_detail as {wanted}")
            engine.load(connection, "rule_wanted_detail")
        connection.execute(f"create or replace temp table {part.name} as {part.query}")
        yield engine.compare(connection, part, part.name, f"from {part.name}")
    for rule in read_rules():
        yield engine.compare(connection, rule.file, rule.file.name, rule.file.query)


class _Spark:
    """The tables of a Spark session, each in a folder of Parquet files below ``place``."""

    def __init__(self, session: Any, place: Path) -> None:
        self._session = session
        self._place = place
        for schema in _SCHEMAS:
            session.sql(f"create database if not exists {schema} location '{place}/{schema}'")

    def load(self, connection: duckdb.DuckDBPyConnection, table: str) -> None:
        """Brings a table of DuckDB to Spark."""
        folder = self._place / table
        folder.mkdir()
        connection.sql(f"from {table}").write_parquet(str(folder / "rows.parquet"))
        self._session.sql(f"create table {table} using parquet location '{folder}'")

    def compare(
        self, connection: duckdb.DuckDBPyConnection, file: SqlFile, table: str, here: str, *, is_defined: bool = False
    ) -> Comparison:
        """Makes ``table`` by the file's query, and compares it with what DuckDB says to ``here``."""
        from py4j.protocol import Py4JError  # noqa: PLC0415 - of the extra
        from pyspark.errors import PySparkException  # noqa: PLC0415

        (rows,) = connection.execute(f"select count(*) from ({here})").fetchall()[0]
        try:
            self._make(file, table, is_defined=is_defined)
        except (PySparkException, Py4JError) as error:
            return Comparison(table, rows, error=str(error).partition("JVM stacktrace")[0].strip())
        columns = connection.execute(f"describe {here}").fetchall()
        # Places are made of a hash, which is another one there.
        compared = ", ".join(
            f"len({name})" if data_type in ("HUGEINT[]", "DECIMAL(38,0)[]") else name for name, data_type, *_ in columns
        )
        there = f"from read_parquet('{self._place / table}/*.parquet')"
        alone = [
            connection.execute(
                f"select count(*) from (select {compared} from ({one}) except all select {compared} from ({other}))"
            ).fetchall()[0][0]
            for one, other in ((here, there), (there, here))
        ]
        return Comparison(table, rows, *alone)

    def _make(self, file: SqlFile, table: str, *, is_defined: bool) -> None:
        from pipelines.province.spark_sql import as_spark  # noqa: PLC0415 - sqlglot is an extra

        query, folder = as_spark(file.query), self._place / table
        if is_defined:
            folder.mkdir()
            columns = self._session.sql(query).columns
            types = ", ".join(f"{name} {_spark_type(name)}" for name in columns)
            self._session.sql(f"create table {table} ({types}) using parquet location '{folder}'")
            self._session.sql(f"insert into {table} {query}")
        else:
            self._session.sql(f"create table {table} using parquet location '{folder}' as {query}")


def _spark_type(column: str) -> str:
    of_duckdb = definition(column).kind.duckdb_type
    return {"VARCHAR": "string", "TIMESTAMP": "timestamp_ntz"}.get(of_duckdb, of_duckdb.lower())
