"""DuckDB as a calculator: connections to one database in memory that a process opens once.

Opening a database costs thirty times what a small question costs; a connection to an open one costs nothing. Views
registered and temporary tables belong to the connection that made them.
Does not belong here: a database with tables of its own (warehouse.judge, warehouse.publish).
"""

from __future__ import annotations

from functools import cache

import duckdb


def scratch() -> duckdb.DuckDBPyConnection:
    """A connection for questions about Arrow tables and Parquet files; make nothing in it but temporary tables."""
    return _database().cursor()


@cache
def _database() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()
