"""The one place that opens DuckDB: a database in memory, a file to be read, or the calculator of a process.

Nothing opens a file for writing: what is written is attached to a database in memory. Does not belong here: which file
is published and to be trusted (warehouse.connect), memory limits of a run (warehouse.working_memory).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import duckdb

Config = Mapping[str, str | bool | int | float | list[str]]


def in_memory(config: Config | None = None) -> duckdb.DuckDBPyConnection:
    """A new database in memory."""
    return duckdb.connect(config=dict(config or {}))


def read_only(database: Path, config: Config | None = None) -> duckdb.DuckDBPyConnection:
    """A database file, open for reading. Raises ``duckdb.Error`` where it is none."""
    return duckdb.connect(database, read_only=True, config=dict(config or {}))


def scratch() -> duckdb.DuckDBPyConnection:
    """A connection to the one database in memory that this process asks small questions of.

    Opening a database costs thirty times what a small question costs; a connection to an open one costs nothing. Views
    registered and temporary tables belong to the connection that made them; make nothing else in it.
    """
    return _calculator().cursor()


@cache
def _calculator() -> duckdb.DuckDBPyConnection:
    return in_memory()
