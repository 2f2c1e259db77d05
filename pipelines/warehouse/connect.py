"""Opens the published database for reading.

Every reader of ours comes through here. A client that already holds connections to the path must close all of them to
see a newer publication. Does not belong here: writing of any kind.
"""

from __future__ import annotations

from pathlib import Path

import duckdb


class NotPublishedError(Exception):
    """There is no published database yet: where it was expected, and what to do."""


def open_published(database: Path) -> duckdb.DuckDBPyConnection:
    """A read-only connection to the published database.

    Raises:
        NotPublishedError: nothing was published yet.
    """
    if not database.exists():
        raise NotPublishedError(
            f"{database}: nothing has been published yet. Run 'district-finance nightly' first. "
            "尚未发布，请先运行 nightly。"
        )
    return duckdb.connect(database, read_only=True)
