"""Brings an accepted store that an earlier version of the program wrote to today's layout, and refuses a later one.

The store says its version in ``accepted/schema_version``; version 1 had no such file. A migration may be killed at any
point and is then done again. Does not belong here: today's layout (warehouse.store), reading deliveries again.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.databases import scratch
from pipelines.ledger.codec import StoreError, as_json, damaged
from pipelines.ledger.records import (
    FileRecord,
    FileState,
    LineCount,
    LineOutcome,
    Manifest,
    Refusal,
    ReleaseRecord,
    SkippedSheet,
    StoredFile,
    TableRecord,
)
from pipelines.quality.replacement import EXCLUDED_SCHEMA
from pipelines.warehouse.excluded import moved_lines
from pipelines.warehouse.integrity import describe_files
from pipelines.warehouse.store import SCHEMA_VERSION, DistrictYearStore, district_years, write_atomically

logger = logging.getLogger(__name__)


def bring_up_to_date(root: Path) -> None:
    """Migrates the store in ``root`` version by version, or begins one; the caller holds the warehouse's lock.

    Raises:
        StoreError: a later version of the program wrote it; nothing was changed.
        DamagedStoreError: a record in it cannot be read.
    """
    if _marked_version(root) == SCHEMA_VERSION:
        return  # every district-year of a night asks, and none has to list all the others for it
    stores = district_years(root)
    version = store_version(root) if stores else SCHEMA_VERSION
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"{root}: written by a later version of the program (store schema {version}, this one knows "
            f"{SCHEMA_VERSION}); nothing was changed. Install that version again, or restore a backup from before it. "
            f"数据由更新版本的程序写入（结构版本 {version}，本程序为 {SCHEMA_VERSION}），未作任何改动。"
            "请重新安装新版本，或恢复升级前的备份。"
        )
    for step in range(version, SCHEMA_VERSION):
        logger.warning("migrating the accepted store", extra={"from_version": step, "to_version": step + 1})
        for store in stores:
            MIGRATIONS[step](store)
    if version != SCHEMA_VERSION or not _mark(root).exists():
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(_mark(root), f"{SCHEMA_VERSION}\n")


def store_version(root: Path) -> int:
    """The version of the layout of the store in ``root``; where its mark is lost, the oldest of its manifests'."""
    if (marked := _marked_version(root)) is not None:
        return marked
    manifests = [*root.glob("*/*/versions/*/manifest.json"), *root.glob("*/*/held/manifest.json")]
    versions = [version for path in manifests if (version := _version_of(path))]
    return min(versions, default=SCHEMA_VERSION if manifests else 1)


def _marked_version(root: Path) -> int | None:
    """The version that the store's mark tells; None where the mark is lost or damaged."""
    try:
        return int(_mark(root).read_text())
    except (OSError, ValueError):
        return None


def _version_of(manifest: Path) -> int | None:
    """The version that a manifest tells of itself; None where it is damaged, which concerns its district-year alone."""
    try:
        version = json.loads(manifest.read_bytes()).get("schema_version", 1)
    except (OSError, ValueError, AttributeError, RecursionError):
        return None
    return version if isinstance(version, int) else None


def _mark(root: Path) -> Path:
    return root / "schema_version"


# Records of earlier versions are JSON without a type: what they meant is written here and nowhere else. -----------

_Old = dict[str, Any]


def _old(path: Path) -> _Old:
    try:
        record: _Old = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise damaged(path, str(error)) from error
    return record


def _write(path: Path, record: _Old) -> None:
    write_atomically(path, json.dumps(record, ensure_ascii=False, indent=1))


def _described(directory: Path) -> _Old:
    return {name: {"bytes": file.bytes, "sha256": file.sha256} for name, file in describe_files(directory).items()}


def _from_1_to_2(store: DistrictYearStore) -> None:
    """Attempts are numbered, readings know when their file first came, and records hash the files beside them.

    In version 1 only accepted versions had numbers: they become the attempts' numbers, and the attempt that is held
    back is the next one.
    """
    attempts = [(number, store.versions / str(number)) for number in store.version_numbers()]
    if store.held.exists():
        attempts.append((store.next_version(), store.held))
    manifests = {number: _old(path / "manifest.json") for number, path in attempts}
    moments = {number: manifest["created_at"] for number, manifest in manifests.items()}
    for path in store.files.glob("[!.]*/file.json"):
        _write(path, _reading_2(_old(path), path.parent, moments))
    for number, path in attempts:
        manifest = manifests[number]
        manifest["files"] = [
            _reading_2(record, store.files / record["directory"], moments) for record in manifest["files"]
        ]
        manifest |= {"schema_version": 2, "attempt": number, "changed_after_closing": [], "release": None}
        _write(path / "manifest.json", manifest | {"parquet": _described(path)})


def _reading_2(record: _Old, directory: Path, moments: Mapping[int, str]) -> _Old:
    if "first_seen_version" not in record:
        return record
    kept = {name: value for name, value in record.items() if name != "first_seen_version"}
    attempt = record["first_seen_version"]
    moment = min((moments[number] for number in moments if number >= attempt), default=max(moments.values()))
    return kept | {"first_seen_attempt": attempt, "first_seen_at": moment, "parquet": _described(directory)}


def _from_2_to_3(store: DistrictYearStore) -> None:
    """Records are those of the ledger: every table has a number, every line an outcome.

    Version 2 knew a table by dataset and sheet and did not count lines that it passed over. Rows keep what they have
    (a table's number is told by its header line); only those that do not count are given their table's number.
    """
    for path in store.files.glob("[!.]*/file.json"):
        if "state" not in (record := _old(path)):
            write_atomically(path, as_json(_file_3(record, path.parent.name)))
    attempts = [store.versions / str(number) for number in store.version_numbers()]
    for directory in (*attempts, *([store.held] if store.held.exists() else [])):
        manifest = _old(directory / "manifest.json")
        if manifest["schema_version"] < 3:
            write_atomically(directory / "manifest.json", as_json(_manifest_3(manifest, store, directory)))


def _file_3(record: _Old, directory: str) -> FileRecord:
    refusal = record["refusal"]
    return FileRecord(
        source_file_id=record["source_file_id"],
        relative_path=record["relative_path"],
        state=FileState.REFUSED if refusal else FileState.READ,
        sha256=record["sha256"],
        bytes=record["bytes"],
        directory=directory,
        first_seen_attempt=record["first_seen_attempt"],
        first_seen_at=record["first_seen_at"],
        tables=tuple(_table_3(number, table) for number, table in enumerate(record["tables"], start=1)),
        skipped=tuple(SkippedSheet(**sheet) for sheet in record["skipped"]),
        refusal=Refusal(**refusal) if refusal else None,
        parquet={name: StoredFile(**file) for name, file in record["parquet"].items()},
    )


def _table_3(number: int, table: _Old) -> TableRecord:
    read = {name: Decimal(value) for name, value in table["money_read"].items()}
    rejected = {name: Decimal(value) for name, value in table["money_rejected"].items()}
    reason = "; ".join(sorted(table["rejected_by_rule"]))
    lines = (
        LineCount(LineOutcome.ACCEPTED, table["rows_accepted"], {name: read[name] - rejected[name] for name in read}),
        LineCount(LineOutcome.REJECTED, table["rows_rejected"], rejected, reason),
        LineCount(LineOutcome.TOTAL, table["rows_subtotal"], dict.fromkeys(read, Decimal("0.00"))),
    )
    return TableRecord(
        number=number,
        dataset=table["dataset"],
        sheet=table["sheet"],
        header_line=table["header_line"],
        unit_factor=table["unit_factor"],
        encoding=table["encoding"],
        headers=tuple((shown, column) for shown, column in table["columns"]),
        lines=tuple(entry for entry in lines if entry.lines or entry.outcome is LineOutcome.ACCEPTED),
        delivered_lines=None,
        accounted_lines=None,
        delivered_rows=table["rows_read"],
        delivered_money=read,
        warnings=table["warnings"],
    )


def _manifest_3(manifest: _Old, store: DistrictYearStore, directory: Path) -> Manifest:
    files = [_file_3(record, record["directory"]) for record in manifest["files"]]
    _number_excluded(directory / "excluded.parquet", files)
    excluded = pq.read_table(directory / "excluded.parquet")
    moved = moved_lines(excluded, [(store.files / file.directory, file) for file in files])
    release = manifest["release"]
    return Manifest(
        schema_version=3,
        district_code=manifest["district_code"],
        fiscal_year=manifest["fiscal_year"],
        version=manifest["version"],
        attempt=manifest["attempt"],
        input_id=manifest["input_id"],
        decided_by="",  # another program's: what lies in raw/ is decided anew
        derived_by=manifest.get("derived_by", ""),
        created_at=manifest["created_at"],
        files=tuple(file.after(moved.get(file.source_file_id, {})) for file in files),
        changed_after_closing=tuple(manifest["changed_after_closing"]),
        release=ReleaseRecord(**release) if release else None,
        parquet=describe_files(directory),
    )


def _number_excluded(path: Path, files: list[FileRecord]) -> None:
    """Gives every row that does not count the number of its table: of those above its line, the last one."""
    if "source_table" in pq.read_schema(path).names:
        return
    with scratch() as connection:
        connection.register("place", pa.Table.from_pylist(list(_places(files)), schema=_PLACE))
        numbered = connection.sql(
            """
            select excluded.*, coalesce((
                select max(number) from place where place.id = excluded.source_file_id
                    and place.dataset = excluded.dataset and place.sheet = excluded.source_sheet
                    and place.line < excluded.source_line), 1)::int as source_table
            from read_parquet($path, file_row_number = false) as excluded""",
            params={"path": str(path)},
        ).to_arrow_table()
    numbered = numbered.select(EXCLUDED_SCHEMA.names).cast(EXCLUDED_SCHEMA)
    unfinished = path.with_name(f".{path.name}.new")
    pq.write_table(numbered, unfinished)
    unfinished.replace(path)


_PLACE = pa.schema(
    [
        ("id", pa.string()),
        ("dataset", pa.string()),
        ("sheet", pa.string()),
        ("line", pa.int64()),
        ("number", pa.int32()),
    ]
)


def _places(files: list[FileRecord]) -> Iterator[dict[str, object]]:
    for file in files:
        for table in file.tables:
            yield {
                "id": file.source_file_id,
                "dataset": table.dataset,
                "sheet": table.sheet,
                "line": table.header_line,
                "number": table.number,
            }


MIGRATIONS: dict[int, Callable[[DistrictYearStore], None]] = {1: _from_1_to_2, 2: _from_2_to_3}
"""What brings a district-year from a version to the next; there is one for every version that was ever released."""
