"""What every publication said: carried from one published file to the next, and kept beside it.

``history.<summary>_span`` holds each row of a summary once, with the first and the last publication that said it.
While a file is built, the history is taken over and this build's figures are added. After the rename, the history is
copied out of the published file to ``<warehouse>/history/<build id>/``: only what was published can get there, and a
published file that is lost does not take the history with it. A run that is killed between the two leaves the copy to
the next run. Does not belong here: accepted versions (store), comparing publications (differences).
"""

from __future__ import annotations

import logging
import shutil
from datetime import UTC, date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.contracts.figures import definition
from pipelines.contracts.history_tables import MONTH_CLOSE, PUBLICATION, SPAN_COLUMNS, WATCH_LISTING
from pipelines.settings import Settings
from pipelines.sql_files import read_sql_group
from pipelines.warehouse.connect import open_published
from pipelines.warehouse.database import comment_text, create_table, create_views
from pipelines.warehouse.month_close import close_month
from pipelines.warehouse.store import new_directory
from pipelines.warehouse.watch_history import tell_watch_changes

if TYPE_CHECKING:
    import duckdb

logger = logging.getLogger(__name__)

KEPT_SUMMARIES = ("department_execution", "project_execution")
"""The tables of schema ``summary`` whose history is kept."""


def keep_history(settings: Settings, build_id: str) -> None:
    """Copies the history out of the published file, which is ``build_id``'s, unless that is done already.

    Raises:
        OSError: the copy cannot be written; the next call tries again.
    """
    kept = _directory(settings) / build_id
    if kept.exists():
        return
    with open_published(settings.database) as connection:
        tables = connection.execute("select table_name from duckdb_tables() where schema_name = 'history'").fetchall()
        if not tables:
            return  # published by a version of the program that kept no history
        with new_directory(kept) as directory:
            for (table,) in tables:
                connection.sql(f"from history.{table}").write_parquet(str(directory / f"{table}.parquet"))
    for older in _directory(settings).iterdir():
        if older != kept:
            shutil.rmtree(older)


def create_history(connection: duckdb.DuckDBPyConnection) -> None:
    """Makes the tables and views of schema ``history`` in the current catalog, whose schema ``summary`` is made."""
    connection.execute("create schema if not exists history")
    for table in (PUBLICATION, MONTH_CLOSE, WATCH_LISTING):
        comment = comment_text(table.label_zh, table.meaning_zh, table.meaning)
        create_table(connection, f"history.{table.name}", comment, table.columns)
    files = {file.name: file for file in read_sql_group("summary")}
    for name in KEPT_SUMMARIES:
        create_table(
            connection,
            f"history.{name}_span",
            comment_text(f"{files[name].label_zh}沿革", files[name].meaning_zh, files[name].meaning),
            (*SPAN_COLUMNS, *(definition(column) for column in _columns(connection, name))),
        )
    create_views(connection, "history")


def _columns(connection: duckdb.DuckDBPyConnection, summary: str) -> list[str]:
    return [row[0] for row in connection.execute(f"describe summary.{summary}").fetchall()]


def write_history(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    publication: dict[str, Any],
    *,
    after: str | None,
    month_end: date | None,
    changed: str | None = None,
) -> None:
    """Fills schema ``history`` (``create_history``) of the connection's current catalog from the one before it.
    Schema ``summary`` must be filled. ``publication`` are the columns of ``history.publication`` but the number.
    ``after`` is the build that is published now; where none can be read, what was kept last counts. ``month_end`` is
    the month to close unless it is closed. ``changed`` is the condition (SQL) of the rows that may say something new,
    where the catalog is a copy of the publication and holds the history already.
    """
    directory = _kept_directory(settings, after) if changed is None else None
    _take_over(connection, PUBLICATION.name, directory)
    number = connection.execute("select coalesce(max(build_number), 0) + 1 from history.publication").fetchall()[0][0]
    row = {"build_number": number} | publication
    names = [column.name for column in PUBLICATION.columns]
    places = ", ".join("?" for _ in names)
    connection.execute(f"insert into history.publication values ({places})", [row[name] for name in names])
    _take_over(connection, MONTH_CLOSE.name, directory)
    if month_end is not None:
        close_month(connection, number, month_end)
    _take_over(connection, WATCH_LISTING.name, directory)
    tell_watch_changes(connection, number, settings.local_date(publication["published_at"].replace(tzinfo=UTC)))
    for name in KEPT_SUMMARIES:
        _take_over(connection, f"{name}_span", directory)
        _add_build(connection, name, _columns(connection, name), number, changed or "true")


def _directory(settings: Settings) -> Path:
    return settings.warehouse / "history"


def _kept_directory(settings: Settings, build_id: str | None) -> Path | None:
    if build_id is not None:
        return _directory(settings) / build_id
    kept = [path for path in _directory(settings).glob("[!.]*") if path.is_dir()]
    return max(kept, key=lambda path: path.stat().st_mtime, default=None)


def _take_over(connection: duckdb.DuckDBPyConnection, table: str, directory: Path | None) -> None:
    """Fills a table of ``history`` from the copy by name; a column that is new is unknown for what was said before."""
    path = directory / f"{table}.parquet" if directory else None
    if path is None or not path.exists():
        return
    own = {row[0] for row in connection.execute(f"describe history.{table}").fetchall()}
    kept = [row[0] for row in connection.execute("describe from read_parquet(?)", [str(path)]).fetchall()]
    names = ", ".join(name for name in kept if name in own)
    connection.execute(f"insert into history.{table} by name select {names} from read_parquet(?)", [str(path)])


def _add_build(
    connection: duckdb.DuckDBPyConnection, name: str, columns: list[str], number: int, condition: str
) -> None:
    """Ends the spans of what ``summary.<name>`` no longer says, and begins those of what it says anew.

    Only rows that meet ``condition`` (SQL) are compared.
    """
    same = " and ".join(f"span.{column} is not distinct from said.{column}" for column in columns)
    said = ", ".join(f"said.{column}" for column in columns)
    connection.execute(
        f"""update history.{name}_span as span set last_build_number = $number - 1
        where last_build_number is null and {condition}
            and not exists (select 1 from summary.{name} as said where {same})""",
        {"number": number},
    )
    connection.execute(
        f"""insert into history.{name}_span by name
        select $number as first_build_number, {said}
        from (from summary.{name} where {condition}) as said
        anti join history.{name}_span as span on span.last_build_number is null and {same}""",
        {"number": number},
    )
