"""Proves that what lies in the accepted store is what was written there, and sets aside what is not.

Each directory's JSON record tells size and SHA-256 of the Parquet files beside it. They are compared whenever a reading
is used again and before every build. A damaged directory is renamed (``.<name>.damaged``) and kept until
the next reading of the same delivery has taken its place.
Does not belong here: reading the delivery again (warehouse.accept).
"""

from __future__ import annotations

import hashlib
import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from pipelines.ledger.codec import DamagedStoreError, read_record
from pipelines.ledger.records import FileRecord, Manifest, StoredFile
from pipelines.warehouse.store import DistrictYearStore, sync_directory

logger = logging.getLogger(__name__)

R = TypeVar("R", FileRecord, Manifest)

RECORD_NAMES: dict[type[FileRecord | Manifest], str] = {FileRecord: "file.json", Manifest: "manifest.json"}
"""The file in which a directory of the store keeps its record."""


def describe_files(directory: Path) -> dict[str, StoredFile]:
    """Size and hash of every Parquet file in ``directory``, as its record keeps them."""
    return {path.name: StoredFile(path.stat().st_size, _sha256(path)) for path in sorted(directory.glob("*.parquet"))}


def record_if_whole(kind: type[R], directory: Path) -> R | None:
    """The record of ``directory`` where it and its files are as they were written; None otherwise.

    A directory that is there but not whole is set aside.
    """
    if not directory.exists():
        return None
    try:
        record = read_record(kind, directory / RECORD_NAMES[kind])
        differing = differing_files(directory, record.parquet)
        if not differing:
            return record
        found = ", ".join(differing)
    except DamagedStoreError as error:
        found = str(error)
    _set_aside(directory, found)
    return None


def check_version(store: DistrictYearStore, directory: Path, manifest: Manifest) -> None:
    """Compares a version and every reading that it names with what was written, by hash.

    Raises:
        DamagedStoreError: something is missing or differs; it was set aside, and the message says how to mend it.
    """
    damaged: list[tuple[Path, list[str], str | None]] = []
    parts: list[tuple[Path, Mapping[str, StoredFile], str | None]] = [(directory, manifest.parquet, None)]
    parts += [(store.files / file.directory, file.parquet, file.relative_path) for file in manifest.present()]
    for path, described, source in parts:
        if differing := differing_files(path, described):
            damaged.append((path, differing, source))
            _set_aside(path, ", ".join(differing))
    if damaged:
        told = "; ".join(
            f"{path / names[0]}{f' (read from {source})' if source else ''}" for path, names, source in damaged
        )
        raise DamagedStoreError(
            f"{told}: missing, or not as it was written. Run 'district-finance nightly' again: it is read anew where "
            "the delivered file still lies in raw/; otherwise deliver it again or restore the warehouse from a backup. "
            "文件缺失或已损坏：请再次运行 nightly，原始文件仍在 raw/ 时会重新读取；否则请重新报送或从备份恢复。"
        )


def differing_files(directory: Path, described: Mapping[str, StoredFile]) -> list[str]:
    """The names of the files in ``directory`` that are missing or not as they were written."""
    differing = []
    for name, facts in described.items():
        path = directory / name
        try:
            if path.stat().st_size != facts.bytes or _sha256(path) != facts.sha256:
                differing.append(name)
        except OSError:
            differing.append(name)
    return differing


def _set_aside(directory: Path, found: str) -> None:
    if not directory.exists():
        return
    target = directory.with_name(f".{directory.name}.damaged")
    shutil.rmtree(target, ignore_errors=True)
    logger.error("damaged directory of the store set aside", extra={"file": str(directory), "found": found})
    directory.rename(target)
    sync_directory(directory.parent)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
