"""Dagster's events in SQLite, as Dagster itself keeps them, over connections that stay open.

Dagster's own class makes an engine and opens and closes the database several times for every event, and closing the
last connection writes its whole log back to the file. A run tells some 460 events, so that was most of what a night
without anything new took. ``deploy/dagster.yaml`` names this class; files and tables are the same as without it.
Does not belong here: what an event is and when it is told (Dagster).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from typing import Any, Self

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
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        self._known: set[str] = set()
        super().__init__(str(Path(base_dir) / "history" / "runs"), inst_data)

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        """The storage that ``dagster.yaml`` describes."""
        return cls(config_value["base_dir"], inst_data)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.begin() as connection:
                yield connection

    def _engine(self, shard: str) -> Engine:
        """The engine of a database with its one open connection; the one used longest ago is closed for a new one."""
        if shard not in self._engines:
            while len(self._engines) >= _KEPT_OPEN:
                self._engines.popitem(last=False)[1].dispose()
            engine = create_engine(
                self.conn_string_for_shard(shard),
                pool_size=1,
                connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS},
            )
            event.listen(engine, "connect", _commit_without_waiting)
            self._engines[shard] = engine
        self._engines.move_to_end(shard)
        return self._engines[shard]

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
        with self._db_lock:
            while self._engines:
                self._engines.popitem()[1].dispose()


def _commit_without_waiting(connection: SqliteConnection, _: object) -> None:
    connection.execute("pragma synchronous = normal")
