"""A checksum for every table of a database, kept inside it: a reader can tell that what it reads is one publication.

Rows are hashed by DuckDB and the hashes added, so order does not matter. Another version of DuckDB may hash
differently: checksums are compared by the version that wrote them.
Does not belong here: files of the accepted store (integrity).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.contracts.quality_tables import TABLE_CHECKSUM

if TYPE_CHECKING:
    import duckdb

_OWN = f"quality.{TABLE_CHECKSUM.name}"


def write_checksums(connection: duckdb.DuckDBPyConnection) -> None:
    """Fills ``quality.table_checksum`` for every other table of the current catalog, all of which are complete."""
    tables = connection.execute(
        """
        select schema_name || '.' || table_name as published_table from duckdb_tables()
        where database_name = current_database() and not internal order by published_table
        """
    ).fetchall()
    for (table,) in tables:
        if table != _OWN:
            connection.execute(f"insert into {_OWN} {_checksum(table)}")


def tables_that_differ(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The tables of the current catalog that are not what ``quality.table_checksum`` says they are."""
    return [
        table
        for table, *told in connection.execute(f"from {_OWN} order by published_table").fetchall()
        if list(checksum_of(connection, table)) != told
    ]


def checksum_of(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[int, str]:
    """Number of rows and checksum of one table as they are now."""
    _, rows, checksum = connection.execute(_checksum(table)).fetchall()[0]
    return rows, checksum


def _checksum(table: str) -> str:
    return f"""
        select '{table}' as published_table, count(*) as row_count,
            cast(coalesce(sum(cast(hash(checked_row) as hugeint)), 0) as varchar) as checksum
        from {table} as checked_row"""
