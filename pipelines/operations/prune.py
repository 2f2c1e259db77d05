"""Removes what the retention settings no longer keep: old versions, readings that nothing names, logs, backups.

What counts, what is published and what is held back always stays. Does not belong here: how long anything is kept
(``pipelines.settings.Retention``), Dagster's own runs (``pipelines.orchestration``).
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb

from pipelines.ledger.codec import StoreError
from pipelines.operations.backup import backup_files
from pipelines.settings import Retention, Settings
from pipelines.warehouse.connect import NotPublishedError, open_published
from pipelines.warehouse.lock import warehouse_lock
from pipelines.warehouse.store import DistrictYearStore, district_years, read_manifest

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pruned:
    """Something removed: ``version``, ``reading``, ``delivery``, ``log`` or ``backup``, its path and size in bytes."""

    kind: str
    path: Path
    bytes: int


def prune(settings: Settings, *, only_look: bool = False) -> list[Pruned]:
    """Removes what may go, and returns it; with ``only_look`` nothing is removed.

    Raises:
        WarehouseLockedError: a run is writing to the warehouse.
        StoreError: a manifest or the published file cannot be read; nothing of the district-year is removed.
    """
    with warehouse_lock(settings.warehouse, wait_seconds=settings.lock_wait_seconds):
        found = [Pruned(kind, path, _size(path)) for kind, path in _may_go(settings)]
        for entry in found:
            if not only_look:
                logger.info("pruned", extra={"kind": entry.kind, "file": str(entry.path), "bytes": entry.bytes})
                shutil.rmtree(entry.path) if entry.path.is_dir() else entry.path.unlink()
    return found


def _may_go(settings: Settings) -> Iterator[tuple[str, Path]]:
    published = _published_versions(settings)
    for store in district_years(settings.accepted):
        shown = published.get((store.district_code, store.fiscal_year))
        yield from _of_district_year(store, settings.retention, {store.current, shown} - {None})
    if (days := settings.retention.log_days) is not None:
        first = settings.local_date(datetime.now(UTC)) - timedelta(days=days)
        for path in sorted(settings.logs.glob("*.jsonl")):
            if _day(path) < first:
                yield "log", path
    if (number := settings.retention.backups) is not None:
        for path in backup_files(settings)[:-number]:
            yield "backup", path


def _published_versions(settings: Settings) -> dict[tuple[str, int], int]:
    """The versions that the published file shows: older than those that count while the gate refuses them."""
    if not settings.database.exists():
        return {}
    try:
        with open_published(settings.database) as published:
            rows = published.execute("select district_code, fiscal_year, accepted_version from quality.district_year")
            return {(district, year): version for district, year, version in rows.fetchall()}
    except (NotPublishedError, duckdb.Error) as error:
        raise StoreError(
            f"{settings.database}: cannot be read, so which versions it shows is not known and nothing is pruned; run "
            f"'district-finance nightly' first. 无法读取已发布文件，不知其所用版本，未作清理；请先运行 nightly。{error}"
        ) from error


def _of_district_year(
    store: DistrictYearStore, retention: Retention, in_use: Collection[int | None]
) -> Iterator[tuple[str, Path]]:
    numbers, keep = store.version_numbers(), retention.versions
    kept = set(numbers if keep is None else numbers[-keep:]) | set(numbers).intersection(in_use)
    for number in numbers:
        if number not in kept:
            yield "version", store.versions / str(number)
    attempts = [*(store.versions / str(number) for number in kept), *([store.held] if store.held.exists() else [])]
    files = [file for attempt in attempts for file in read_manifest(attempt).present()]
    readings, contents = {file.directory for file in files}, {f"{file.sha256}.zst" for file in files}
    for reading in sorted(store.files.glob("[!.]*")):
        if reading.name not in readings:
            yield "reading", reading
    if (days := retention.delivered_days) is not None:
        first = time.time() - timedelta(days=days).total_seconds()
        for delivered in sorted(store.delivered.glob("[!.]*")):
            if delivered.name not in contents and delivered.stat().st_mtime <= first:
                yield "delivery", delivered


def _day(path: Path) -> date:
    """The day of a log file; what has another name was not written by us and counts as of today."""
    try:
        return date.fromisoformat(path.stem)
    except ValueError:
        return date.max


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
