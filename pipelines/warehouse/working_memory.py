"""Keeps the databases that a run works in within the memory of the settings: what does not fit goes to disk.

Without it DuckDB takes what it likes of the machine, and a run's memory grows with the year's payments.
Does not belong here: clients of the published file, who have their own limits; small questions (databases).
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

from pipelines.databases import in_memory
from pipelines.settings import Settings


def working_database(settings: Settings) -> duckdb.DuckDBPyConnection:
    """A connection to a new database in memory; what does not fit the settings' limit waits in the build's folder."""
    # Arrow keeps what reading files no longer needs; beside a database it would count twice.
    pa.default_memory_pool().release_unused()
    connection = in_memory()
    bound_memory(connection, settings)
    # Whatever needs an order asks for one; to keep rows in that of their files would hold threads up.
    connection.execute("set preserve_insertion_order = false")
    settings.workshop.mkdir(parents=True, exist_ok=True)
    spill = str(settings.workshop / "spill").replace("'", "''")
    connection.execute(f"set temp_directory = '{spill}'")
    return connection


def bound_memory(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Limits the database of ``connection``, for all its connections."""
    connection.execute(f"set memory_limit = '{settings.memory_limit_mb}MB'")
