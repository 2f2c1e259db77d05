"""The empty database that every build begins with: all tables, comments and views, and not one delivered row.

Some thousand small statements make it, and they are the same every night. So it is made once for a version of the
definitions, kept in the process and in ``<warehouse>/.template``, and copied for each build.
Does not belong here: what the tables are (contracts, sql, database), filling them (contents, history, publish).
"""

from __future__ import annotations

import hashlib
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb

from pipelines.databases import in_memory
from pipelines.ledger.fingerprint import fingerprint
from pipelines.warehouse.database import (
    CLASS_NAMES,
    create_chinese_views,
    create_core_tables,
    create_published_macros,
    create_tables,
    create_views,
)
from pipelines.warehouse.history import create_history
from pipelines.warehouse.store import sync_directory

STORAGE_VERSION = "v1.5.0"
"""The storage version of the published file: DuckDB 1.5 clients can read it."""

_made: dict[str, bytes] = {}
_one_makes = threading.Lock()
_beside = ThreadPoolExecutor(1, thread_name_prefix="template")


def copy_template(target: Path, kept_in: Path) -> None:
    """Writes the empty database to ``target``; ``kept_in`` is the directory where it waits for the next night."""
    content = _content(kept_in)
    target.write_bytes(content)
    _keep(kept_in, _name(template_fingerprint(), content), content)


def make_beside(kept_in: Path) -> None:
    """Begins to make what ``copy_template`` will need, beside the reading of files; what goes wrong is told there."""
    if template_fingerprint() not in _made:
        _beside.submit(_content, kept_in)


def _content(kept_in: Path) -> bytes:
    wanted = template_fingerprint()
    with _one_makes:
        if wanted not in _made:
            _made[wanted] = _kept(kept_in, wanted) or _make()
        return _made[wanted]


def template_fingerprint() -> str:
    """A hash of everything that decides what the empty database is like: definitions, SQL, the code that makes it."""
    return fingerprint(program=[__name__], sql=[""], content=[CLASS_NAMES.read_bytes()])


def _name(wanted: str, content: bytes) -> str:
    return f"{wanted}-{hashlib.sha256(content).hexdigest()[:16]}.duckdb"


def _kept(directory: Path, wanted: str) -> bytes | None:
    """The kept file's bytes, or None where there is none that is whole; a damaged one is removed."""
    for path in directory.glob(f"{wanted}-*.duckdb"):
        content = path.read_bytes()
        if path.name == _name(wanted, content):
            return content
        path.unlink()
    return None


def _keep(directory: Path, name: str, content: bytes) -> None:
    """Keeps the file and removes those of other versions."""
    path = directory / name
    if path.exists():
        return
    directory.mkdir(parents=True, exist_ok=True)
    unfinished = directory / ".unfinished"
    unfinished.write_bytes(content)
    unfinished.replace(path)
    sync_directory(directory)
    for other in directory.iterdir():
        if other != path:
            other.unlink()


def _make() -> bytes:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "template.duckdb"
        with in_memory({"threads": 1}) as connection:
            connection.execute("pragma disable_optimizer")  # there is no row that anything could be quicker for
            attach(connection, path)
            connection.begin()
            create_core_tables(connection)
            create_tables(connection, "core", "summary")
            create_history(connection)
            create_views(connection, "lineage")
            create_chinese_views(connection)
            create_published_macros(connection)
            connection.commit()
            detach(connection)
        return path.read_bytes()


def attach(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Attaches the file to be published as the connection's current catalog."""
    quoted = str(path).replace("'", "''")
    connection.execute(f"attach '{quoted}' as warehouse (storage_version '{STORAGE_VERSION}')")
    connection.execute("use warehouse")


def detach(connection: duckdb.DuckDBPyConnection) -> None:
    """Writes everything to the attached file and lets it go."""
    connection.execute("checkpoint warehouse")
    connection.execute("use memory")
    connection.execute("detach warehouse")
