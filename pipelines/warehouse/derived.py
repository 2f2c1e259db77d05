"""What is derived from the rows of one district-year alone is kept with its accepted version, and loaded by builds.

The rules of a district-year need these tables before it is accepted; without keeping them, every build would derive
them again for every district-year. An SQL file says that it is one of them by ``derived_from: district_year`` in its
head. A version whose tables were derived by other SQL or another program is derived anew by the build.
Does not belong here: the queries (``sql/core``), rows as delivered (loading).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import duckdb

from pipelines.ledger.fingerprint import fingerprint
from pipelines.ledger.records import Manifest
from pipelines.sql_files import read_sql_group

_JUDGE = "pipelines.warehouse.judge"


@cache
def derived_tables() -> tuple[str, ...]:
    """The qualified tables of ``sql/core`` that are derived from one district-year alone."""
    return tuple(file.table for file in read_sql_group("core") if file.keys.get("derived_from") == "district_year")


def derivation_fingerprint() -> str:
    """What stands for all but the rows that decides what these tables hold: who judges a district-year, and its SQL."""
    return fingerprint(program=[_JUDGE], sql=["macros", "core", "rules"])


def write_derived(connection: duckdb.DuckDBPyConnection, directory: Path) -> None:
    """Writes the derived tables of a database that holds one district-year as Parquet files into ``directory``."""
    for table in derived_tables():
        path = str(directory / _file_name(table)).replace("'", "''")
        connection.execute(f"copy {table} to '{path}' (format parquet)")


def load_derived(connection: duckdb.DuckDBPyConnection, versions: Iterable[tuple[Path, Manifest]]) -> Sequence[str]:
    """Fills the derived tables (which must exist) from accepted versions: their directories and manifests.

    Returns the qualified tables filled: none where any of the versions was derived otherwise than today. Raises
    ``duckdb.Error`` where a file is damaged, which builds rule out beforehand (``integrity.check_version``).
    """
    directories = []
    for directory, manifest in versions:
        if manifest.derived_by != derivation_fingerprint():
            return ()
        directories.append(directory)
    if not directories:
        return ()
    for table in derived_tables():
        paths = [str(directory / _file_name(table)) for directory in directories]
        connection.execute(f"insert into {table} by name from read_parquet(?::varchar[])", [paths])
    return derived_tables()


def _file_name(table: str) -> str:
    return f"{table}.parquet"
