"""Reads one delivered file into the accepted store: typed rows, rejected rows with reasons, counts and money.

What a file gave is kept under the hash of its content, its path and everything that decides how it is read, so an
unchanged file is never read again. Does not belong here: duplicates between files, the decision to accept.
"""

from __future__ import annotations

import errno
import hashlib
import logging
from collections import defaultdict
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.contracts.arrow_types import decoded_type, is_encoded
from pipelines.contracts.cell_rules import CELL_RULES
from pipelines.contracts.datasets import DATASETS
from pipelines.contracts.model import Severity
from pipelines.ingest.deliveries import content_hash
from pipelines.ingest.model import Batch, Delivery, FileRefused, SourceTable, TableHead
from pipelines.ingest.read import read_file
from pipelines.log_fields import log_fields
from pipelines.quality.control_totals import check_totals
from pipelines.quality.validate import REASONS, Validator
from pipelines.scratch import scratch
from pipelines.settings import Settings
from pipelines.warehouse.ahead import ahead
from pipelines.warehouse.integrity import describe_files, record_if_whole
from pipelines.warehouse.stages import Stage, reached
from pipelines.warehouse.store import DamagedStoreError, DistrictYearStore, as_json, new_directory, read_json
from pipelines.warehouse.template import make_beside

logger = logging.getLogger(__name__)

MAX_REJECTED_TEXTS = 100_000
"""Rejected rows of one file and dataset whose reasons and text are kept; all are counted, with their money."""


@dataclass(slots=True)
class TableRecord:
    """What reading one table gave: rows by outcome, and per amount column the money as read and as rejected (yuan)."""

    dataset: str
    sheet: str
    header_line: int
    unit_factor: int | None
    encoding: str | None
    columns: list[tuple[str, str | None]]
    rows_read: int = 0
    rows_accepted: int = 0
    rows_rejected: int = 0
    rows_subtotal: int = 0
    money_read: dict[str, str] = field(default_factory=dict)
    money_rejected: dict[str, str] = field(default_factory=dict)
    rejected_by_rule: dict[str, int] = field(default_factory=dict)
    warnings: dict[str, int] = field(default_factory=dict)


def file_id(delivery: Delivery, sha256: str) -> str:
    """The id of a delivered file: its path below raw/ and its content."""
    return hashlib.sha256(f"{delivery.relative_path}\n{sha256}".encode()).hexdigest()[:16]


def stage_file(
    delivery: Delivery,
    sha256: str,
    store: DistrictYearStore,
    *,
    reading_id: str,
    settings: Settings,
    hash_secret: bytes,
) -> tuple[Path, dict[str, Any], bool]:
    """What reading ``delivery`` gave: its directory in the store, its record (``file.json``), whether it was read now.

    ``reading_id`` stands for everything but the content that decides the result (contracts, aliases, program).
    A refusal is a result like any other and is kept too.

    Raises:
        OSError: the file cannot be read, or was changed (ESTALE) since ``sha256`` was taken of it; nothing is kept.
    """
    identity = file_id(delivery, sha256)
    directory = store.files / f"{identity}-{reading_id}"
    if kept := record_if_whole(directory, "file.json"):
        return directory, kept, False
    make_beside(settings.template)  # there will be something to publish
    attempt, moment = _first_seen(store, identity)
    with new_directory(directory) as target:
        with log_fields(file=delivery.relative_path):
            record = _read_into(target, delivery, identity, settings=settings, hash_secret=hash_secret)
        if content_hash(delivery) != sha256:
            raise OSError(errno.ESTALE, "it was changed while it was read 读取期间文件有变动")
        record |= {
            "source_file_id": identity,
            "relative_path": delivery.relative_path,
            "sha256": sha256,
            "bytes": delivery.path.stat().st_size,
            "first_seen_attempt": attempt,
            "first_seen_at": moment,
            "parquet": describe_files(target),
        }
        (target / "file.json").write_text(as_json(record), encoding="utf-8")
    reached(Stage.FILE_READ)
    logger.info("file read", extra={"file": delivery.relative_path, "refused": record["refusal"] is not None})
    return directory, record, True


def unreadable_file(delivery: Delivery, store: DistrictYearStore, error: OSError) -> tuple[Path, dict[str, Any]]:
    """The refusal of a file that vanished or may not be read; not kept, so that the next run tries again."""
    identity = file_id(delivery, "unreadable")
    refusal = FileRefused(
        "file-not-readable",
        found=error.strerror or str(error),
        remedy="Deliver it again, or let the run read it.",
        remedy_zh="请重新报送，或授予读取权限。",
    )
    return store.files / f"{identity}-unreadable", {
        "source_file_id": identity,
        "relative_path": delivery.relative_path,
        "sha256": None,
        "bytes": None,
        "first_seen_attempt": store.next_attempt(),
        "first_seen_at": _now(),
        "parquet": {},
        "tables": [],
        "skipped": [],
        "refusal": _refusal(refusal),
    }


def _refusal(error: FileRefused) -> dict[str, Any]:
    return {
        "rule_id": error.rule.id,
        "sheet": error.sheet,
        "line": error.line,
        "found": error.found,
        "expected": error.expected,
        "message": error.message,
        "message_zh": error.message_zh,
    }


def _first_seen(store: DistrictYearStore, identity: str) -> tuple[int, str]:
    """The attempt that was being prepared when this file first came, and when that was (UTC).

    However often the file was read again since.
    """
    records = [*store.files.glob(f"{identity}-*/file.json"), *store.files.glob(f".{identity}-*.damaged/file.json")]
    earlier = []
    for path in records:
        with suppress(DamagedStoreError):
            record = read_json(path)
            earlier.append((record["first_seen_attempt"], record["first_seen_at"]))
    return min(earlier, default=(store.next_attempt(), _now()))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _read_into(
    target: Path, delivery: Delivery, identity: str, *, settings: Settings, hash_secret: bytes
) -> dict[str, Any]:
    records: list[TableRecord] = []
    skipped: list[dict[str, str]] = []
    refusal = None
    writers = _Writers(target, identity)
    totals: list[tuple[TableHead, pa.Table]] = []
    try:
        source = read_file(delivery, settings=settings, hash_secret=hash_secret)
        records.extend(_stage_table(table, writers, totals) for table in source.tables)
        skipped = [{"sheet": s.sheet, "reason": s.reason, "reason_zh": s.reason_zh} for s in source.skipped]
        writers.close()
        _check_totals(target, totals)
    except FileRefused as error:
        writers.close()
        for parquet in target.glob("*.parquet"):
            parquet.unlink()
        records.clear()
        refusal = _refusal(error)
    except BaseException:
        writers.close()
        raise
    return {"tables": [_as_json(record) for record in records], "skipped": skipped, "refusal": refusal}


def _as_json(record: TableRecord) -> dict[str, Any]:
    return {name: getattr(record, name) for name in TableRecord.__slots__}


class _Writers:
    """The Parquet files of one delivered file, opened when their first row comes."""

    def __init__(self, target: Path, identity: str) -> None:
        self._target = target
        self._identity = identity
        self._open: dict[str, pq.ParquetWriter] = {}
        self._texts_kept: defaultdict[str, int] = defaultdict(int)

    def accepted(self, dataset: str, sheet: str, rows: pa.Table) -> None:
        """Appends accepted rows."""
        self._write(dataset, self._with_place(rows, sheet))

    def rejected(self, dataset: str, sheet: str, rows: pa.Table) -> None:
        """Appends rejected rows up to ``MAX_REJECTED_TEXTS``."""
        room = MAX_REJECTED_TEXTS - self._texts_kept[dataset]
        rows = rows.slice(0, room)
        self._texts_kept[dataset] += rows.num_rows
        self._write(f"{dataset}.rejected", self._with_place(rows, sheet))

    def close(self) -> None:
        """Completes all files."""
        for writer in self._open.values():
            writer.close()
        self._open.clear()

    def _with_place(self, rows: pa.Table, sheet: str) -> pa.Table:
        place = {"source_file_id": self._identity, "source_sheet": sheet}
        everywhere = pa.array(np.zeros(rows.num_rows, dtype=np.int32))
        for name, value in place.items():
            rows = rows.append_column(name, pa.DictionaryArray.from_arrays(everywhere, pa.array([value])))
        return rows

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


def _stage_table(table: SourceTable, writers: _Writers, totals: list[tuple[TableHead, pa.Table]]) -> TableRecord:
    head = table.head
    record = TableRecord(
        head.dataset, head.sheet, head.header_line, head.unit_factor, head.encoding, list(head.columns)
    )
    amounts = DATASETS[head.dataset].amount_columns
    read = dict.fromkeys(amounts, Decimal("0.00"))
    rejected = dict.fromkeys(amounts, Decimal("0.00"))
    with (
        closing(ahead(table.batches)) as batches,
        closing(Validator(head.dataset, texts_at_most=MAX_REJECTED_TEXTS)) as validator,
    ):
        for batch in batches:
            _add_up(read, batch.rows)
            validated = validator.validate(batch)
            _add_up(rejected, validated.rejected)
            record.rows_read += batch.rows.num_rows + batch.totals.num_rows
            record.rows_accepted += validated.accepted.num_rows
            record.rows_rejected += validated.rejected.num_rows
            record.rows_subtotal += batch.totals.num_rows
            _count(record.rejected_by_rule, _flat(validated.rejected))
            _count(record.warnings, _warnings(batch))
            writers.accepted(head.dataset, head.sheet, validated.accepted)
            writers.rejected(head.dataset, head.sheet, validated.rejected)
            if batch.totals.num_rows:
                totals.append((head, batch.totals))
            reached(Stage.READING_FILE)
    record.money_read = {name: str(value) for name, value in read.items()}
    record.money_rejected = {name: str(value) for name, value in rejected.items()}
    logger.debug("table read", extra={"sheet": head.sheet, "dataset": head.dataset, "rows": record.rows_read})
    return record


def _check_totals(target: Path, totals: list[tuple[TableHead, pa.Table]]) -> None:
    """Checks every total row against the rows of its table, read back from what was just written."""
    with scratch() as connection:
        for head, rows in totals:
            paths = [str(path) for path in sorted(target.glob(f"{head.dataset}*.parquet"))]
            if not paths:
                continue
            sheet = duckdb.ColumnExpression("source_sheet") == duckdb.ConstantExpression(head.sheet)
            written = connection.read_parquet(paths, union_by_name=True).filter(sheet)
            check_totals(head, written, rows)


def _add_up(sums: dict[str, Decimal], rows: pa.Table) -> None:
    for name in sums:
        sums[name] += pc.sum(rows[name]).as_py() or Decimal("0.00")


def _flat(rejected: pa.Table) -> pa.ChunkedArray:
    return pc.list_flatten(rejected["rule_ids"].cast(REASONS.field("rule_ids").type))


def _warnings(batch: Batch) -> pa.ChunkedArray:
    warning_ids = [rule.id for rule in CELL_RULES.values() if rule.severity is Severity.WARNING]
    rules = batch.faults["rule_id"]
    return rules.filter(pc.is_in(rules, value_set=pa.array(warning_ids)))


def _count(counts: dict[str, int], values: pa.ChunkedArray) -> None:
    for entry in pc.value_counts(values).to_pylist():
        counts[entry["values"]] = counts.get(entry["values"], 0) + entry["counts"]
