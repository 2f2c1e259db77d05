"""A checksum for every table of a database, kept inside it: a reader can tell that what it reads is one publication.

Rows are hashed by DuckDB and the hashes added, so order does not matter. Another version of DuckDB may hash
differently: checksums are compared by the version that wrote them.
Does not belong here: files of the accepted store (integrity).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pipelines.contracts.quality_tables import TABLE_CHECKSUM

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import duckdb

_OWN = f"quality.{TABLE_CHECKSUM.name}"


class Checksum(NamedTuple):
    """Number of rows, and the sum of their hashes."""

    row_count: int
    checksum: int


def write_checksums(connection: duckdb.DuckDBPyConnection) -> None:
    """Fills ``quality.table_checksum`` for every other table of the current catalog, all of which are complete."""
    query = _checksums(_other_tables(connection))
    connection.execute(f"insert into {_OWN} {query} order by published_table")


def update_checksums(
    connection: duckdb.DuckDBPyConnection, before: Mapping[str, Checksum], after: Mapping[str, Checksum]
) -> None:
    """Brings ``quality.table_checksum`` up to date where only some rows of most tables were replaced.

    ``before`` and ``after`` are the checksums of just those rows; tables that they do not name are read whole.
    """
    told = checksums_told(connection)
    rows = [
        (
            table,
            told[table].row_count - before[table].row_count + after[table].row_count,
            str(told[table].checksum - before[table].checksum + after[table].checksum),
        )
        for table in after
    ]
    connection.execute(f"delete from {_OWN}")
    connection.execute(f"insert into {_OWN} {_checksums(set(_other_tables(connection)) - after.keys())}")
    connection.executemany(f"insert into {_OWN} values (?, ?, ?)", rows)


def checksums_told(connection: duckdb.DuckDBPyConnection) -> dict[str, Checksum]:
    """What ``quality.table_checksum`` says of each table."""
    return {table: Checksum(rows, int(total)) for table, rows, total in connection.execute(f"from {_OWN}").fetchall()}


def checksums_of(
    connection: duckdb.DuckDBPyConnection, tables: Iterable[str], condition: str = "true"
) -> dict[str, Checksum]:
    """The checksums, as they are now, of those rows of each table that meet ``condition`` (SQL)."""
    found = connection.execute(_checksums(tables, condition)).fetchall()
    return {table: Checksum(rows, int(total)) for table, rows, total in found}


def tables_with_column(connection: duckdb.DuckDBPyConnection, column: str | None = None) -> list[str]:
    """The qualified tables of the current catalog that have this column (None: all), in order."""
    # The tables' own definitions are read: to list columns, the engine binds every view that there is.
    found = connection.execute(
        "select schema_name || '.' || table_name from duckdb_tables() where database_name = current_database()"
        " and not internal and regexp_matches(sql, coalesce('[(,] ?' || ? || ' ', '')) order by 1",
        [column],
    ).fetchall()
    return [table for (table,) in found]


def _other_tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    return [table for table in tables_with_column(connection) if table != _OWN]


def row_counts_that_differ(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The tables whose number of rows is not what ``quality.table_checksum`` says; no row is read for it."""
    told = dict(connection.execute(f"select published_table, row_count from {_OWN}").fetchall())
    query = " union all ".join(f"select '{table}', count(*) from {table}" for table in told)
    found = dict(connection.execute(query).fetchall()) if told else {}
    return [table for table in told if found[table] != told[table]] or ([] if told else [_OWN])


def tables_that_differ(connection: duckdb.DuckDBPyConnection, among: Iterable[str] | None = None) -> list[str]:
    """The tables of the current catalog that are not what ``quality.table_checksum`` says they are.

    Where it says nothing, nothing is proved, and it is the one that differs. ``among`` limits what is compared.
    """
    told = connection.execute(f"from {_OWN} order by published_table").fetchall()
    if told and among is not None:
        wanted = set(among)
        told = [row for row in told if row[0] in wanted]
    if not told:
        return [_OWN]
    found = set(connection.execute(_checksums(table for table, *_ in told)).fetchall())
    return [row[0] for row in told if row not in found]


def checksum_of(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[int, str]:
    """Number of rows and checksum of one table as they are now."""
    _, rows, checksum = connection.execute(_checksum(table)).fetchall()[0]
    return rows, checksum


def _checksums(tables: Iterable[str], condition: str = "true") -> str:
    """The query for all of them: asked at once, small tables do not wait for large ones."""
    return " union all ".join(_checksum(table, condition) for table in tables)


def _checksum(table: str, condition: str = "true") -> str:
    return f"""
        select '{table}' as published_table, count(*) as row_count,
            cast(coalesce(sum(cast(hash(checked_row) as hugeint)), 0) as varchar) as checksum
        from {table} as checked_row where {condition}"""
