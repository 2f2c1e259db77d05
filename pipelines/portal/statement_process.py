"""The process in which one reader's statement runs: closed, read-only, and bounded in memory, time and result.

A process and not a thread, because a single function call (``repeat``) can take gigabytes past DuckDB's own limit and
cannot be interrupted; the system's limit on the process and its parent's patience hold then.
Does not belong here: who may ask, how many at once (``statements``).
"""

from __future__ import annotations

import os
import resource
import threading
import time
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal

import duckdb
import pyarrow.parquet as pq

from pipelines.databases import read_only
from pipelines.reports.result_files import Result, TooManyRowsError, as_text, write_csv, write_xlsx
from pipelines.warehouse.connect import check_published_file

FileFormat = Literal["csv", "xlsx", "parquet"]
RefusalKind = Literal["refused", "failed", "time", "memory", "size", "unpublished"]

_CELL_CHARACTERS = 4_000
"""Characters of one value that a page shows; files have all of them."""

_BESIDE_DATABASE = 1_536 * 1024**2
"""Address space for Python, DuckDB's and Arrow's own code, and a result on its way, beside the database's memory."""

_ALLOWED = ("SELECT", "EXPLAIN", "MULTI")
"""Kinds of statements; DESCRIBE, SHOW, SUMMARIZE and VALUES are SELECT, a PIVOT may be MULTI."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a statement may cost."""

    seconds: float
    memory_mb: int
    file_rows: int
    file_bytes: int


@dataclass(frozen=True, slots=True)
class Job:
    """A statement, and which rows of its result are asked for: a page of them, or a file."""

    sql: str
    offset: int
    row_count: int
    file: Path | None = None
    file_format: FileFormat = "csv"


@dataclass(frozen=True, slots=True)
class Answer:
    """A result. ``rows`` are shown texts of a page, None for NULL; ``is_cut`` tells that a value was too long for it.

    ``is_limited`` tells that a file holds only as many rows as are allowed. ``numbers`` are the positions of columns
    of numbers.
    """

    build_id: str
    columns: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    numbers: frozenset[int] = frozenset()
    rows: tuple[tuple[str | None, ...], ...] = ()
    has_more: bool = False
    is_cut: bool = False
    is_limited: bool = False
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no result: ``kind`` is for the page, ``message`` what DuckDB or a limit says."""

    kind: RefusalKind
    message: str


def serve_statements(channel: Connection, database: Path, limits: Limits) -> None:
    """Says that it is ready, then answers jobs from ``channel`` until it closes, each of the newest publication."""
    space = limits.memory_mb * 1024**2 + _BESIDE_DATABASE
    resource.setrlimit(resource.RLIMIT_AS, (space, space))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.file_bytes, limits.file_bytes))
    os.nice(5)
    connection: duckdb.DuckDBPyConnection | None = None
    state: tuple[int, int] | None = None
    channel.send("ready")
    while True:
        try:
            job = channel.recv()
        except (EOFError, OSError):
            return
        try:
            check_published_file(database)
            found = database.stat()
            if connection is None or state != (found.st_ino, found.st_mtime_ns):
                if connection:
                    connection.close()
                connection, state = open_closed(database, limits.memory_mb), (found.st_ino, found.st_mtime_ns)
            outcome = _outcome(connection, job, limits)
        except Exception as error:  # whatever it is, the parent must hear of it
            outcome = Refusal("unpublished", str(error))
        channel.send(outcome)


def open_closed(database: Path, memory_mb: int) -> duckdb.DuckDBPyConnection:
    """The published file on a connection from which no statement reaches anything else."""
    return read_only(
        database,
        {
            "enable_external_access": "false",
            "python_enable_replacements": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            "allow_persistent_secrets": "false",
            "memory_limit": f"{memory_mb}MB",
            "temp_directory": "",
            "threads": "1",
            "lock_configuration": "true",
        },
    )


def _outcome(connection: duckdb.DuckDBPyConnection, job: Job, limits: Limits) -> Answer | Refusal:
    cursor = connection.cursor()
    timer = threading.Timer(limits.seconds, cursor.interrupt)
    timer.daemon = True
    timer.start()
    try:
        return _not_one_query(job.sql) or _answer(cursor, job, limits)
    except duckdb.InterruptException:
        refusal: tuple[RefusalKind, str] = (
            "time",
            f"超过 {limits.seconds:g} 秒，已停止。Stopped: it took longer than {limits.seconds:g} seconds.",
        )
    except (duckdb.OutOfMemoryException, MemoryError):
        refusal = (
            "memory",
            f"所需内存超过 {limits.memory_mb} MB，已停止。Stopped: it needs more than {limits.memory_mb} MB.",
        )
    except (duckdb.Error, TooManyRowsError) as error:
        refusal = ("failed", str(error))
    except OSError as error:
        told = f"结果文件超过 {limits.file_bytes // 1024**2} MB 或无法写出，已停止。"
        refusal = ("size", f"{told}Stopped: the file is too large, or cannot be written ({error.strerror}).")
    finally:
        timer.cancel()
        cursor.close()
    return Refusal(*refusal)


def _not_one_query(sql: str) -> Refusal | None:
    kinds = [statement.type.name for statement in duckdb.extract_statements(sql)]
    if len(kinds) == 1 and kinds[0] in _ALLOWED:
        return None
    return Refusal(
        "refused",
        "只接受一条查询语句（SELECT、WITH、FROM、DESCRIBE、SUMMARIZE、EXPLAIN）。One query at a time is accepted, "
        f"found {', '.join(kinds) or 'none'}.",
    )


def _answer(cursor: duckdb.DuckDBPyConnection, job: Job, limits: Limits) -> Answer:
    started = time.perf_counter()
    build_id = cursor.execute("select build_id from quality.build").fetchall()[0][0]
    if job.file and job.file_format == "parquet":
        is_limited = _write_parquet(cursor, job.sql, job.file, limits.file_rows)
        return Answer(build_id, is_limited=is_limited, seconds=time.perf_counter() - started)
    cursor.execute(job.sql)
    described = cursor.description or []
    columns, types = tuple(column[0] for column in described), tuple(str(column[1]) for column in described)
    numbers = frozenset(position for position, name in enumerate(types) if _is_number(name))
    if job.file:
        is_limited = _write(cursor, columns, job.file, job.file_format, limits.file_rows)
        return Answer(build_id, columns, types, numbers, is_limited=is_limited, seconds=time.perf_counter() - started)
    skipped = 0
    while skipped < job.offset and (batch := cursor.fetchmany(min(2_048, job.offset - skipped))):
        skipped += len(batch)
    found = cursor.fetchmany(job.row_count + 1)
    texts, is_cut = [], False
    for row in found[: job.row_count]:
        shown = [None if value is None else as_text(value) for value in row]
        is_cut = is_cut or any(text is not None and len(text) > _CELL_CHARACTERS for text in shown)
        texts.append(tuple(None if text is None else text[:_CELL_CHARACTERS] for text in shown))
    return Answer(
        build_id,
        columns,
        types,
        numbers,
        tuple(texts),
        has_more=len(found) > job.row_count,
        is_cut=is_cut,
        seconds=time.perf_counter() - started,
    )


def _is_number(type_name: str) -> bool:
    return type_name.startswith("DECIMAL") or type_name in {
        *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE"),
        *("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"),
    }


def _write(
    cursor: duckdb.DuckDBPyConnection, columns: tuple[str, ...], target: Path, file_format: FileFormat, rows: int
) -> bool:
    """Writes at most ``rows`` rows of the result; whether there were more."""
    counted = _Counted(cursor, rows)
    result = Result(columns, iter(counted))
    if file_format == "xlsx":
        write_xlsx(result, target, sheet_name="查询结果")
    else:
        with target.open("w", encoding="utf-8-sig", newline="") as sink:
            write_csv(result, sink)
    return counted.has_more


class _Counted:
    """The rows of a result up to a number; ``has_more`` tells afterwards whether there were others."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, rows_at_most: int) -> None:
        self._cursor = cursor
        self._rows_at_most = rows_at_most
        self.has_more = False

    def __iter__(self) -> Any:
        left = self._rows_at_most
        while batch := self._cursor.fetchmany(2_048):
            yield from islice(batch, left)
            left -= len(batch)
            if left < 0:
                self.has_more = True
                return


def _write_parquet(cursor: duckdb.DuckDBPyConnection, sql: str, path: Path, rows_at_most: int) -> bool:
    relation = cursor.sql(sql)
    if relation is None:
        raise duckdb.InvalidInputException("the statement has no result")
    reader = relation.to_arrow_reader(16_384)
    left = rows_at_most
    with pq.ParquetWriter(path, reader.schema, compression="zstd") as writer:
        for batch in reader:
            if batch.num_rows > left:
                writer.write_batch(batch.slice(0, left))
                return True
            writer.write_batch(batch)
            left -= batch.num_rows
    return False
