"""The publications that pages are read from: each open by itself, the newest one found by looking at the file.

A page reads one connection to one publication from its first query to its last. An earlier publication stays open for
pages that go on showing it, until newer ones push it out.
Does not belong here: what pages ask (``pages``, ``lists``), SQL of readers (``statements``).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from pipelines.databases import in_memory
from pipelines.settings import Portal
from pipelines.warehouse.connect import attach_published, check_published_file
from pipelines.warehouse.database import create_macros
from pipelines.warehouse.scope import PUBLISHED, Scope, create_scope

_IDLE_AT_MOST = 8

Row = dict[str, Any]


class TooSlowError(Exception):
    """The queries of a page took longer than the settings allow and were stopped."""


@dataclass(slots=True)
class Publication:
    """One published file, open: its build and its tables with their columns."""

    build: Row
    tables: dict[str, frozenset[str]]
    _connection: duckdb.DuckDBPyConnection
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _scopes: dict[Scope, str] = field(default_factory=dict)
    _idle: dict[str, list[duckdb.DuckDBPyConnection]] = field(default_factory=dict)

    @property
    def build_id(self) -> str:
        """What names the publication."""
        return str(self.build["build_id"])

    def has(self, table: str, column: str = "") -> bool:
        """Whether the published file has this table, and this column in it."""
        return table in self.tables and (not column or column in self.tables[table])

    @contextmanager
    def connection(self, scope: Scope, seconds: float) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection that sees the rows of ``scope``; its queries are stopped after ``seconds``.

        Raises ``TooSlowError`` where they were.
        """
        name = self._database(scope)
        with self._lock:
            idle = self._idle.setdefault(name, [])
            connection = idle.pop() if idle else None
        if connection is None:
            connection = self._connection.cursor()
            connection.execute(f"use {name}")
            create_macros(connection)
        timer = threading.Timer(seconds, connection.interrupt)
        timer.daemon = True
        timer.start()
        is_whole = False
        try:
            yield connection
            is_whole = True
        except duckdb.InterruptException as error:
            raise TooSlowError(
                f"查询超过 {seconds:g} 秒，已停止；请缩小范围。Stopped after {seconds:g} seconds; ask for less."
            ) from error
        finally:
            timer.cancel()
            with self._lock:
                is_kept = is_whole and len(idle) < _IDLE_AT_MOST
                if is_kept:
                    idle.append(connection)
            if not is_kept:
                connection.close()

    def _database(self, scope: Scope) -> str:
        """The database in which ``scope`` reads: the published one, or the views of a restricted reader."""
        if scope.is_everything:
            return PUBLISHED
        with self._lock:
            if scope not in self._scopes:
                name = f"scope_{len(self._scopes) + 1}"  # as many as there are roles
                create_scope(self._connection, scope, name)
                self._scopes[scope] = name
            return self._scopes[scope]

    def close(self) -> None:
        """Lets go of the file; connections that are in use end with their pages."""
        with self._lock:
            for idle in self._idle.values():
                for connection in idle:
                    connection.close()
            self._idle.clear()
        self._connection.close()


class Publications:
    """Opens publications of one warehouse as they come."""

    def __init__(self, database: Path, portal: Portal) -> None:
        self._database = database
        self._portal = portal
        self._lock = threading.Lock()
        self._state: tuple[int, int, int] | None = None
        self._open: list[Publication] = []

    def newest(self) -> Publication:
        """The publication that the file holds now.

        Raises ``NotPublishedError`` where there is none.
        """
        check_published_file(self._database)
        with self._lock:
            found = self._database.stat()
            state = (found.st_ino, found.st_mtime_ns, found.st_size)
            if state != self._state or not self._open:
                publication = self._opened()
                self._state = state
                if not self._open or self._open[-1].build_id != publication.build_id:
                    self._open.append(publication)
                while len(self._open) > 1 + self._portal.kept_publications:
                    self._open.pop(0)  # closed with the last page that still reads it
            return self._open[-1]

    def by_build(self, build_id: str) -> Publication | None:
        """The publication ``build_id``, where it is still open."""
        with self._lock:
            return next((one for one in self._open if one.build_id == build_id), None)

    def _opened(self) -> Publication:
        connection = in_memory(
            {
                "memory_limit": f"{self._portal.page_memory_mb}MB",
                "temp_directory": "",
                "python_enable_replacements": "false",
            }
        )
        attach_published(connection, self._database, PUBLISHED)
        cursor = connection.execute(f"from {PUBLISHED}.quality.build")
        names = [name for name, *_ in cursor.description or ()]
        build = dict(zip(names, cursor.fetchall()[0], strict=True))
        tables = connection.execute(
            """select schema_name || '.' || table_name, list(column_name) from duckdb_columns()
            where database_name = $database group by all""",
            {"database": PUBLISHED},
        ).fetchall()
        return Publication(build, {table: frozenset(columns) for table, columns in tables}, connection)


def rows_of(connection: duckdb.DuckDBPyConnection, query: str, values: Row | None = None) -> list[Row]:
    """The rows of a query, by column."""
    found = connection.execute(query, values or {})
    names = [name for name, *_ in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
