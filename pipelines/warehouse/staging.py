"""Reads one delivered file into the accepted store: typed rows, rejected rows with reasons, and the ledger's record.

What a file gave is kept under the hash of its content, its path and everything that decides how it is read, so an
unchanged file is never read again. Does not belong here: duplicates between files, the decision to accept.
"""

from __future__ import annotations

import errno
import logging
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.contracts.arrow_types import decoded_type, in_one, is_encoded
from pipelines.contracts.cell_rules import CELL_RULES
from pipelines.contracts.datasets import DATASETS
from pipelines.contracts.model import Severity
from pipelines.databases import scratch
from pipelines.ingest.deliveries import content_hash
from pipelines.ingest.model import Batch, Delivery, FileRefused, SourceTable, TableHead
from pipelines.ingest.read import read_file
from pipelines.ingest.written import written_at
from pipelines.isolation import Bounds, Workers, WorkFailedError, tell
from pipelines.ledger.codec import DamagedStoreError, as_json, read_record
from pipelines.ledger.records import (
    FileRecord,
    FileState,
    LineOutcome,
    Manifest,
    Refusal,
    SkippedSheet,
    TableRecord,
    source_file_id,
)
from pipelines.ledger.tally import Tally, add, sums
from pipelines.log_fields import log_fields
from pipelines.quality.control_totals import Compared, check_totals
from pipelines.settings import Limits, Settings
from pipelines.warehouse.integrity import RECORD_NAMES, describe_files, record_if_whole
from pipelines.warehouse.stages import Stage, listen_only, reached, tell_listeners
from pipelines.warehouse.store import DistrictYearStore, new_directory
from pipelines.warehouse.threads import prefetched

logger = logging.getLogger(__name__)

MAX_REJECTED_TEXTS = 100_000
"""Rejected rows of one file and dataset whose reasons and text are kept; all are counted, with their money."""


@dataclass(frozen=True, slots=True)
class Staged:
    """What reading one delivered file gave: its record, the directory in the store, and whether it was read now."""

    record: FileRecord
    directory: Path
    was_read: bool


def reading_directory(store: DistrictYearStore, delivery: Delivery, sha256: str, reading_id: str) -> Path:
    """Where the store keeps what reading a delivery of this content gave."""
    return store.files / f"{source_file_id(delivery.relative_path, sha256)}-{reading_id}"


def stage_file(
    delivery: Delivery,
    sha256: str,
    store: DistrictYearStore,
    *,
    reading_id: str,
    settings: Settings,
    hash_secret: bytes,
    workers: Workers,
) -> Staged:
    """What reading ``delivery`` gave, read now by one of ``workers`` or before.

    ``reading_id`` stands for everything but the content that decides the result (program, aliases, limits).
    A refusal is a result like any other and is kept too.

    Raises:
        OSError: the file cannot be read, or was changed (ESTALE) since ``sha256`` was taken of it; nothing is kept.
        WorkFailedError: the worker came to no result; nothing is kept.
    """
    identity = source_file_id(delivery.relative_path, sha256)
    directory = reading_directory(store, delivery, sha256, reading_id)
    if kept := record_if_whole(FileRecord, directory):
        return Staged(kept, directory, was_read=False)
    attempt, moment = _first_seen(store, identity)
    with new_directory(directory) as target:
        with log_fields(file=delivery.relative_path):
            reading = workers.run(
                read_in_worker, target, delivery, identity, settings, hash_secret, on_tell=tell_listeners
            )
        if content_hash(delivery) != sha256:
            raise OSError(errno.ESTALE, "it was changed while it was read 读取期间文件有变动")
        record = FileRecord(
            source_file_id=identity,
            relative_path=delivery.relative_path,
            state=FileState.READ if reading.refusal is None else FileState.REFUSED,
            sha256=sha256,
            bytes=delivery.path.stat().st_size,
            written_at=written_at(delivery.path),
            directory=directory.name,
            first_seen_attempt=attempt,
            first_seen_at=moment,
            tables=reading.tables,
            skipped=reading.skipped,
            refusal=reading.refusal,
            parquet=describe_files(target),
        )
        (target / RECORD_NAMES[FileRecord]).write_text(as_json(record), encoding="utf-8")
    reached(Stage.FILE_READ)
    logger.info("file read", extra={"file": delivery.relative_path, "refused": reading.refusal is not None})
    return Staged(record, directory, was_read=True)


def reading_workers(settings: Settings) -> Workers:
    """The processes in which files are read, within the settings' limits; none is started before a file is."""
    limits = settings.limits
    return Workers(Bounds(limits.reading_memory_mb * 1024**2, limits.reading_seconds), load=LOAD_READING)


def reading_processes(settings: Settings) -> int:
    """How many files are read at a time: one per core that the run may use, or fewer where the settings say so."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, settings.limits.reading_processes or cores)


def waiting_file(delivery: Delivery, store: DistrictYearStore, limits: Limits) -> Staged:
    """The record of a file that is not ready (``Delivery.waits_for``); not kept, so that the next run looks again.

    One that has waited for longer than ``limits.waiting_days`` is refused.
    """
    return _waiting(delivery, store, FileRefused("file-not-ready", found=delivery.waits_for), limits)


def _waiting(delivery: Delivery, store: DistrictYearStore, refusal: FileRefused, limits: Limits) -> Staged:
    held = record_if_whole(Manifest, store.held)
    files = held.files if held else ()
    seen = [file.first_seen_at for file in files if file.relative_path == delivery.relative_path and file.refusal]
    since = min(seen, default=_now())
    if not seen or _now() - since < timedelta(days=limits.waiting_days):
        return _not_read(delivery, store, refusal, FileState.WAITING, since=since)
    waited = FileRefused(
        "file-waits-too-long",
        found=f"{refusal.found}, {since:%Y-%m-%d %H:%M} UTC",
        expected=f"{limits.waiting_days:g} 天 days",
        remedy="Finish the copy, deliver the file again, or remove it.",
        remedy_zh="请完成复制、重新报送，或移走该文件。",
    )
    return _not_read(delivery, store, waited, FileState.REFUSED, since=since)


def unreadable_file(
    delivery: Delivery, store: DistrictYearStore, error: OSError | WorkFailedError, limits: Limits
) -> Staged:
    """The refusal of a file that vanished, may not be read, or whose reading came to no result.

    Not kept, so that the next run tries again.
    """
    if isinstance(error, WorkFailedError):
        return _not_read(delivery, store, _reading_failed(error, limits), FileState.REFUSED)
    return _waiting(delivery, store, _not_readable(error), limits)


def _not_read(
    delivery: Delivery,
    store: DistrictYearStore,
    refusal: FileRefused,
    state: FileState,
    since: datetime | None = None,
) -> Staged:
    identity = source_file_id(delivery.relative_path, refusal.rule.id)
    directory = store.files / f"{identity}-not-read"
    record = FileRecord(
        source_file_id=identity,
        relative_path=delivery.relative_path,
        state=state,
        sha256=None,
        bytes=None,
        directory=directory.name,
        first_seen_attempt=store.next_attempt(),
        first_seen_at=since or _now(),
        refusal=_refusal(refusal),
    )
    return Staged(record, directory, was_read=False)


def _not_readable(error: OSError) -> FileRefused:
    return FileRefused(
        "file-not-readable",
        found=error.strerror or str(error),
        remedy="Deliver it again, or let the run read it.",
        remedy_zh="请重新报送，或授予读取权限。",
    )


def _reading_failed(error: WorkFailedError, limits: Limits) -> FileRefused:
    again = "Open it in a spreadsheet program and save it as a new .xlsx or .csv, without what it does not need."
    again_zh = "请用表格软件打开，删去无关内容后另存为新的 .xlsx 或 .csv。"
    match error.reason:
        case "memory":
            return FileRefused(
                "reading-takes-too-much-memory",
                found=error.found,
                expected=f"{limits.reading_memory_mb:,} MB",
                remedy=f"{again} For a file that is sound, raise limits.reading_memory_mb.",
                remedy_zh=f"{again_zh}文件无误时可调高 limits.reading_memory_mb。",
            )
        case "time":
            return FileRefused(
                "reading-takes-too-long",
                found=error.found,
                expected=f"{limits.reading_seconds:g} s",
                remedy=f"{again} For a file that is sound, raise limits.reading_seconds.",
                remedy_zh=f"{again_zh}文件无误时可调高 limits.reading_seconds。",
            )
        case _:
            return FileRefused(
                "reading-ended-abnormally",
                found=error.found,
                remedy=f"{again} The log has the details, for whoever looks after the program.",
                remedy_zh=f"{again_zh}详情见日志，供维护人员查看。",
            )


def _refusal(error: FileRefused) -> Refusal:
    return Refusal(error.rule.id, error.sheet, error.line, error.found, error.expected, error.message, error.message_zh)


def _first_seen(store: DistrictYearStore, identity: str) -> tuple[int, datetime]:
    """The attempt that was being prepared when this file first came, and when that was (UTC).

    However often the file was read again since.
    """
    name = RECORD_NAMES[FileRecord]
    records = [*store.files.glob(f"{identity}-*/{name}"), *store.files.glob(f".{identity}-*.damaged/{name}")]
    earlier = []
    for path in records:
        with suppress(DamagedStoreError):
            record = read_record(FileRecord, path)
            earlier.append((record.first_seen_attempt, record.first_seen_at))
    return min(earlier, default=(store.next_attempt(), _now()))


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


# Reading one file: what follows knows no store, takes and gives plain values, and may run anywhere ----------------


@dataclass(frozen=True, slots=True)
class Reading:
    """What one file holds: its tables and skipped sheets, or why it is refused (then neither)."""

    tables: tuple[TableRecord, ...] = ()
    skipped: tuple[SkippedSheet, ...] = ()
    refusal: Refusal | None = None


LOAD_READING = f"{__name__}:load_reading"
"""What the processes that read files load before the first one."""


def load_reading() -> None:
    """Loads what reading a file needs and is not loaded by importing this module: a night may have nothing to read."""
    from pipelines.quality.validate import warm_up  # noqa: PLC0415 - pandas and pandera are a third of the start

    warm_up()


def read_in_worker(target: Path, delivery: Delivery, identity: str, settings: Settings, hash_secret: bytes) -> Reading:
    """As ``read_into``, in a worker; the stages of reading are told to the listeners of the run."""
    listen_only(tell)
    try:
        return read_into(target, delivery, identity, settings=settings, hash_secret=hash_secret)
    except duckdb.OutOfMemoryException as error:
        raise MemoryError(str(error)) from error


def read_into(target: Path, delivery: Delivery, identity: str, *, settings: Settings, hash_secret: bytes) -> Reading:
    """Reads one file; its rows become Parquet files in the empty directory ``target``, none where it is refused.

    ``identity`` is the file's id in every row. Raises ``OSError`` where the file cannot be read.
    """
    tables: list[TableRecord] = []
    writers = _Writers(target, identity)
    totals: list[tuple[int, TableHead, pa.Table]] = []
    try:
        source = read_file(delivery, settings=settings, hash_secret=hash_secret)
        for number, table in enumerate(source.tables, start=1):
            tables.append(_stage_table(number, table, writers, totals))
        writers.close()
        compared = _check_totals(target, tables, totals)
    except FileRefused as error:
        writers.close()
        for parquet in target.glob("*.parquet"):
            parquet.unlink()
        return Reading(refusal=_refusal(error))
    except BaseException:
        writers.close()
        raise
    whole = tuple(
        replace(table, gaps=tuple(found.gaps), counts_once=found.counts_once)
        if (found := compared.get(table.number))
        else table
        for table in tables
    )
    return Reading(whole, tuple(source.skipped))


class _Writers:
    """The Parquet files of one delivered file, opened when their first row comes."""

    def __init__(self, target: Path, identity: str) -> None:
        self._target = target
        self._identity = identity
        self._open: dict[str, pq.ParquetWriter] = {}
        self._texts_kept: defaultdict[str, int] = defaultdict(int)

    def accepted(self, number: int, head: TableHead, rows: pa.Table) -> None:
        """Appends accepted rows of the table with this number."""
        self._write(head.dataset, self._with_place(rows, number, head))

    def rejected(self, number: int, head: TableHead, rows: pa.Table) -> None:
        """Appends rejected rows of the table with this number, up to ``MAX_REJECTED_TEXTS``."""
        room = MAX_REJECTED_TEXTS - self._texts_kept[head.dataset]
        rows = rows.slice(0, room)
        self._texts_kept[head.dataset] += rows.num_rows
        self._write(f"{head.dataset}.rejected", self._with_place(rows, number, head))

    def close(self) -> None:
        """Completes all files."""
        for writer in self._open.values():
            writer.close()
        self._open.clear()

    def _with_place(self, rows: pa.Table, number: int, head: TableHead) -> pa.Table:
        place = {"source_file_id": self._identity, "source_sheet": head.sheet}
        everywhere = pa.array(np.zeros(rows.num_rows, dtype=np.int32))
        for name, value in place.items():
            rows = rows.append_column(name, pa.DictionaryArray.from_arrays(everywhere, pa.array([value])))
        return rows.append_column("source_table", pa.array(np.full(rows.num_rows, number, dtype=np.int32)))

    def _write(self, name: str, rows: pa.Table) -> None:
        if not rows.num_rows:
            return
        if name not in self._open:
            self._open[name] = _writer(self._target / f"{name}.parquet", rows.schema)
        writer = self._open[name]
        writer.write_table(rows.cast(writer.schema))


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """Writes rows of this schema; what is dictionary-encoded there is so in the file too, and text to who reads it."""
    return pq.ParquetWriter(
        path,
        schema,
        store_schema=False,
        # A dictionary of what seldom repeats is tried in vain on every batch.
        use_dictionary=[field.name for field in schema if is_encoded(field)],
        column_encoding={"source_line": "DELTA_BINARY_PACKED"},
        # Nobody looks for a text by its order, and telling the least and the greatest costs as much as half the rest.
        write_statistics=[field.name for field in schema if not pa.types.is_string(decoded_type(field))],
    )


def _stage_table(
    number: int, table: SourceTable, writers: _Writers, totals: list[tuple[int, TableHead, pa.Table]]
) -> TableRecord:
    from pipelines.quality.validate import Validator  # noqa: PLC0415 - as in load_reading

    head = table.head
    amounts = DATASETS[head.dataset].amount_columns
    tally = Tally(amounts)
    delivered: dict[str, Decimal] = dict.fromkeys(amounts, Decimal("0.00"))
    lines = accounted = rows = 0
    warnings: Counter[str] = Counter()
    filled: set[str] = set()
    with (
        closing(prefetched(table.batches)) as batches,
        closing(Validator(head.dataset, texts_at_most=MAX_REJECTED_TEXTS)) as validator,
    ):
        for batch in batches:
            parts = (batch.rows, batch.totals, batch.passed_over)
            lines += batch.lines
            accounted += _distinct_lines(parts)
            rows += sum(part.num_rows for part in parts)
            for part in parts:
                add(delivered, sums(part, amounts))
            validated = validator.validate(batch)
            tally.add(LineOutcome.ACCEPTED, validated.accepted)
            if validated.rejected.num_rows:
                tally.add(
                    LineOutcome.REJECTED,
                    validated.rejected,
                    reasons=pc.binary_join(validated.rejected["rule_ids"], "; "),
                    unreadable=_has_unreadable_amount(validated.rejected, amounts),
                )
            tally.add(LineOutcome.TOTAL, batch.totals)
            tally.add(LineOutcome.PASSED_OVER, batch.passed_over, reasons=batch.passed_over["reason"])
            warnings.update(_warnings(batch))
            writers.accepted(number, head, validated.accepted)
            names = validated.accepted.column_names
            filled.update(name for name in names if validated.accepted[name].null_count < validated.accepted.num_rows)
            writers.rejected(number, head, validated.rejected)
            if batch.totals.num_rows:
                totals.append((number, head, batch.totals))
            reached(Stage.READING_FILE)
    logger.debug("table read", extra={"sheet": head.sheet, "dataset": head.dataset, "rows": rows})
    return TableRecord(
        number=number,
        dataset=head.dataset,
        sheet=head.sheet,
        header_line=head.header_line,
        unit_factor=head.unit_factor,
        encoding=head.encoding,
        headers=head.columns,
        lines=tally.counts(),
        delivered_lines=lines,
        accounted_lines=accounted,
        delivered_rows=rows,
        delivered_money=delivered,
        warnings=warnings,
        months=head.months,
        filled=tuple(sorted(filled)),
    )


def _check_totals(
    target: Path, tables: Sequence[TableRecord], totals: list[tuple[int, TableHead, pa.Table]]
) -> dict[int, Compared]:
    """Checks every total row against the rows of its table, read back from what was just written.

    Where they disagree the table may go on from another sheet (续表), whose rows the total sums too.
    Returns what the totals say, by the numbers of their tables.
    """
    compared: dict[int, Compared] = {}
    with scratch() as connection:
        for number, head, rows in totals:
            paths = [str(path) for path in sorted(target.glob(f"{head.dataset}*.parquet"))]
            # Of a table without a row nothing was written.
            written = connection.read_parquet(paths, union_by_name=True) if paths else None
            alike = [entry for entry in tables if (entry.dataset, entry.headers) == (head.dataset, head.columns)]
            try:
                compared[number] = check_totals(head, _of_tables(written, [number]), rows)
            except FileRefused:
                is_whole = pc.all(pc.equal(rows["scope"], "all")).as_py()
                if not is_whole or len({entry.sheet for entry in alike}) == 1:
                    raise
                with suppress(FileRefused):
                    together = _of_tables(written, [entry.number for entry in alike])
                    compared[number] = check_totals(head, together, rows)
                if number not in compared:
                    raise
    return compared


def _of_tables(rows: duckdb.DuckDBPyRelation | None, numbers: Iterable[int]) -> duckdb.DuckDBPyRelation | None:
    """The rows of the tables with these numbers."""
    if rows is None:
        return None
    return rows.filter(duckdb.ColumnExpression("source_table").isin(*map(duckdb.ConstantExpression, numbers)))


def _distinct_lines(parts: Iterable[pa.Table]) -> int:
    """How many lines of the source these rows stand on; a line of a wide table gives several rows."""
    numbers = [in_one(part["source_line"]) for part in parts if part.num_rows]
    return len(pc.unique(pa.concat_arrays(numbers))) if numbers else 0


def _has_unreadable_amount(rejected: pa.Table, amounts: Iterable[str]) -> pa.Array:
    """Which rejected rows hold an amount that could not be read; in a shifted row, none can be trusted."""
    columns = in_one(rejected["columns"])
    rows, named = pc.list_parent_indices(columns), pc.list_flatten(columns)
    found = np.zeros(rejected.num_rows, dtype=bool)
    for name in amounts:
        unknown = pc.is_null(in_one(rejected[name])).to_numpy(zero_copy_only=False)
        faulty = np.zeros(rejected.num_rows, dtype=bool)
        faulty[rows.filter(pc.equal(named, name)).to_numpy()] = True
        found |= unknown & faulty
    found[rows.filter(pc.equal(named, "")).to_numpy()] = True
    return pa.array(found)


def _warnings(batch: Batch) -> dict[str, int]:
    warning_ids = [rule.id for rule in CELL_RULES.values() if rule.severity is Severity.WARNING]
    rules = batch.faults["rule_id"]
    told = rules.filter(pc.is_in(rules, value_set=pa.array(warning_ids)))
    return {entry["values"]: entry["counts"] for entry in pc.value_counts(told).to_pylist()}
