"""Dagster's events in SQLite, as Dagster itself keeps them, over connections that stay open.

Dagster's own class makes an engine and opens and closes the database several times for every event, and closing the
last connection writes its whole log back to the file. A run tells some 460 events, so that was most of what a night
without anything new took. Here an event costs one transaction in its run's database and one in the index, and what a
run is about to do, 150 events at its start, is told in one. ``deploy/dagster.yaml`` names this class; files and tables
are the same as without it.
Does not belong here: what an event is and when it is told (Dagster).
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from threading import RLock
from typing import Any, Self

from alembic.runtime.migration import MigrationContext
from dagster import EventLogEntry
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine, event

_KEPT_OPEN = 4
"""Databases: the index of all runs, and the runs that were told of or looked at last."""


class OpenSqliteEventLogStorage(SqliteEventLogStorage):
    """Events below ``<base_dir>/history/runs``, where an instance in SQLite has them by default.

    A commit does not wait for the disk: a power failure may take the last events of a run, never the database.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._connections: OrderedDict[str, Connection] = OrderedDict()
        self._known: set[str] = set()
        # Dagster hands events over in batches only where this asks for it; there is no other place to ask.
        os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", "1000")
        self._lock = RLock()
        super().__init__(str(Path(base_dir) / "history" / "runs"), inst_data)

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        """The storage that ``dagster.yaml`` describes."""
        return cls(config_value["base_dir"], inst_data)

    def store_event(self, event: EventLogEntry) -> None:
        """Stores one event."""
        self.store_event_batch([event])

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Stores events in one transaction per database; Dagster's own steps for an event join it."""
        for run_id, of_run in groupby(events, key=lambda each: each.run_id):
            with self.run_connection(run_id), self.index_connection():
                for each in of_run:
                    super().store_event(each)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._lock:
            connection = self._connection(shard)
            if connection.in_transaction():
                yield connection
            else:
                with connection.begin():
                    yield connection

    def _connection(self, shard: str) -> Connection:
        """The one open connection to a database; the one used longest ago is closed for a new one."""
        if shard not in self._connections:
            while len(self._connections) >= _KEPT_OPEN:
                _close(self._connections.popitem(last=False)[1])
            engine = create_engine(
                self.conn_string_for_shard(shard), pool_size=1, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS}
            )
            event.listen(engine, "connect", _commit_without_waiting)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            self._connections[shard] = engine.connect()
        self._connections.move_to_end(shard)
        return self._connections[shard]

    def _initdb(self, engine: Engine, for_index_shard: bool = False) -> None:
        with engine.connect() as connection:
            revision = MigrationContext.configure(connection).get_current_revision()
        # Dagster reads all its migrations before it finds that there is nothing to do.
        if revision is None:
            super()._initdb(engine, for_index_shard)

    def has_table(self, table_name: str) -> bool:
        """Whether the index has the table. One that is there stays: only its absence is asked again."""
        if table_name not in self._known and super().has_table(table_name):
            self._known.add(table_name)
        return table_name in self._known

    def _has_asset_key_col_on_connection(self, conn: Connection, column_name: str) -> bool:
        name = f"asset_keys.{column_name}"
        if name not in self._known and super()._has_asset_key_col_on_connection(conn, column_name):
            self._known.add(name)
        return name in self._known

    def wipe(self) -> None:
        """Deletes all events."""
        self._close()
        super().wipe()

    def dispose(self) -> None:
        """Closes what is open."""
        super().dispose()
        self._close()

    def _close(self) -> None:
        with self._lock:
            while self._connections:
                _close(self._connections.popitem()[1])


def _close(connection: Connection) -> None:
    connection.close()
    connection.engine.dispose()


def _commit_without_waiting(connection: SqliteConnection, _: object) -> None:
    connection.execute("pragma synchronous = normal")
