"""Brings an accepted store that an earlier version of the program wrote to today's layout, and refuses a later one.

The store says its version in ``accepted/schema_version``; version 1 had no such file. A migration may be killed at any
point and is then done again. Does not belong here: today's layout (warehouse.store), reading deliveries again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipelines.warehouse.integrity import describe_files
from pipelines.warehouse.store import (
    SCHEMA_VERSION,
    DistrictYearStore,
    StoreError,
    as_json,
    district_years,
    read_json,
    write_atomically,
)

logger = logging.getLogger(__name__)


def bring_up_to_date(root: Path) -> None:
    """Migrates the store in ``root`` version by version, or begins one; the caller holds the warehouse's lock.

    Raises:
        StoreError: a later version of the program wrote it; nothing was changed.
        DamagedStoreError: a record in it cannot be read.
    """
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
    """The version of the layout of the store in ``root``."""
    try:
        return int(_mark(root).read_text())
    except FileNotFoundError:
        return 1


def _mark(root: Path) -> Path:
    return root / "schema_version"


def _from_1_to_2(store: DistrictYearStore) -> None:
    """Attempts are numbered, readings know when their file first came, and records hash the files beside them.

    In version 1 only accepted versions had numbers: they become the attempts' numbers, and the attempt that is held
    back is the next one.
    """
    attempts = sorted((int(path.name), path) for path in store.versions.glob("*") if path.name.isdigit())
    if store.held.exists():
        attempts.append((store.next_version(), store.held))
    manifests = {number: read_json(path / "manifest.json") for number, path in attempts}
    moments = {number: manifest["created_at"] for number, manifest in manifests.items()}
    for path in store.files.glob("[!.]*/file.json"):
        write_atomically(path, as_json(_reading_2(read_json(path), path.parent, moments)))
    for number, path in attempts:
        manifest = manifests[number]
        manifest["files"] = [
            _reading_2(record, store.files / record["directory"], moments) for record in manifest["files"]
        ]
        manifest |= {"schema_version": 2, "attempt": number, "changed_after_closing": [], "release": None}
        write_atomically(path / "manifest.json", as_json(manifest | {"parquet": describe_files(path)}))


def _reading_2(record: dict[str, Any], directory: Path, moments: dict[int, str]) -> dict[str, Any]:
    if "first_seen_version" not in record:
        return record
    kept = {name: value for name, value in record.items() if name != "first_seen_version"}
    attempt = record["first_seen_version"]
    moment = min((moments[number] for number in moments if number >= attempt), default=max(moments.values()))
    return kept | {"first_seen_attempt": attempt, "first_seen_at": moment, "parquet": describe_files(directory)}


MIGRATIONS: dict[int, Callable[[DistrictYearStore], None]] = {1: _from_1_to_2}
"""What brings a district-year from a version to the next; there is one for every version that was ever released."""
