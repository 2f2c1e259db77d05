"""A checksum for every table of a database, kept inside it: a reader can tell that what it reads is one publication.

Rows are hashed by DuckDB and the hashes added, so order does not matter. Another version of DuckDB may hash
differently: checksums are compared by the version that wrote them.
Does not belong here: files of the accepted store (integrity).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.contracts.quality_tables import TABLE_CHECKSUM

if TYPE_CHECKING:
    from collections.abc import Iterable

    import duckdb

_OWN = f"quality.{TABLE_CHECKSUM.name}"


def write_checksums(connection: duckdb.DuckDBPyConnection) -> None:
    """Fills ``quality.table_checksum`` for every other table of the current catalog, all of which are complete."""
    tables = connection.execute(
        """
        select schema_name || '.' || table_name as published_table from duckdb_tables()
        where database_name = current_database() and not internal
        """
    ).fetchall()
    checksums = _checksums(table for (table,) in tables if table != _OWN)
    connection.execute(f"insert into {_OWN} {checksums} order by published_table")


def tables_that_differ(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The tables of the current catalog that are not what ``quality.table_checksum`` says they are.

    Where it says nothing, nothing is proved, and it is the one that differs.
    """
    told = connection.execute(f"from {_OWN} order by published_table").fetchall()
    if not told:
        return [_OWN]
    found = set(connection.execute(_checksums(table for table, *_ in told)).fetchall())
    return [row[0] for row in told if row not in found]


def checksum_of(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[int, str]:
    """Number of rows and checksum of one table as they are now."""
    _, rows, checksum = connection.execute(_checksum(table)).fetchall()[0]
    return rows, checksum


def _checksums(tables: Iterable[str]) -> str:
    """The query for all of them: asked at once, small tables do not wait for large ones."""
    return " union all ".join(_checksum(table) for table in tables)


def _checksum(table: str) -> str:
    return f"""
        select '{table}' as published_table, count(*) as row_count,
            cast(coalesce(sum(cast(hash(checked_row) as hugeint)), 0) as varchar) as checksum
        from {table} as checked_row"""
