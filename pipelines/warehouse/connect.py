"""Opens the published database for reading.

Every reader of ours comes through here. A client that already holds connections to the path must close all of them to
see a newer publication. Does not belong here: writing of any kind.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipelines.databases import read_only


class NotPublishedError(Exception):
    """There is no published database yet: where it was expected, and what to do."""


class WrittenIntoError(NotPublishedError):
    """Somebody wrote into the published file: what a reader would see is not what was published."""


def logs_left_over(database: Path) -> list[Path]:
    """Write-ahead logs beside the published file. Ours is complete without one: somebody else wrote there.

    DuckDB would add what is in them to what a reader sees.
    """
    return sorted(database.parent.glob(f"{database.name}.wal*"))


def open_published(database: Path) -> duckdb.DuckDBPyConnection:
    """A read-only connection to the published database.

    Raises:
        NotPublishedError: nothing was published yet.
        WrittenIntoError: a write-ahead log lies beside the file.
    """
    check_published_file(database)
    return read_only(database)


def attach_published(connection: duckdb.DuckDBPyConnection, database: Path, name: str) -> None:
    """Attaches the published database read-only to a database in memory, where it stays as it is at this moment.

    Connections of one process to one path share what is open under it; a database in memory has a file of its own, so
    that a long-lived process can have an earlier publication and a later one open at once.

    Raises as ``open_published``.
    """
    check_published_file(database)
    quoted = str(database).replace("'", "''")
    connection.execute(f"attach '{quoted}' as {name} (read_only)")


def check_published_file(database: Path) -> None:
    """Raises ``NotPublishedError`` or ``WrittenIntoError`` where there is no published file to be trusted."""
    if not database.exists():
        raise NotPublishedError(
            f"{database}: nothing has been published yet. Run 'district-finance nightly' first. "
            "尚未发布，请先运行 nightly。"
        )
    if logs := logs_left_over(database):
        raise WrittenIntoError(
            f"{logs[0]}: somebody wrote into the published database, so its figures are not those that were published. "
            "Run 'district-finance nightly': it is made anew. "
            "有人写入过已发布的数据库，其数字已不是发布的数字；请运行 nightly 重新生成。"
        )
