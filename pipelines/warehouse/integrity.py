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
from pathlib import Path
from typing import Any

from pipelines.warehouse.store import DamagedStoreError, DistrictYearStore, read_json, sync_directory

logger = logging.getLogger(__name__)


def describe_files(directory: Path) -> dict[str, dict[str, Any]]:
    """Size and hash of every Parquet file in ``directory``, as its record keeps them."""
    return {path.name: {"bytes": path.stat().st_size, "sha256": _sha256(path)} for path in _parquet_files(directory)}


def record_if_whole(directory: Path, name: str) -> dict[str, Any] | None:
    """The record ``name`` of ``directory`` where it and its files are as they were written; None otherwise.

    A directory that is there but not whole is set aside.
    """
    if not directory.exists():
        return None
    try:
        record = read_json(directory / name)
        differing = _differing(directory, record["parquet"])
        if not differing:
            return record
        found = ", ".join(differing)
    except DamagedStoreError as error:
        found = str(error)
    _set_aside(directory, found)
    return None


def check_version(store: DistrictYearStore, directory: Path, manifest: dict[str, Any]) -> None:
    """Compares a version and every reading that it names with what was written, by hash.

    Raises:
        DamagedStoreError: something is missing or differs; it was set aside, and the message says how to mend it.
    """
    damaged = []
    readings = [(store.files / file["directory"], file) for file in manifest["files"]]
    for path, facts in [(directory, manifest), *readings]:
        differing = _differing(path, facts["parquet"])
        if differing:
            damaged.append((path, differing, facts.get("relative_path")))
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


def _differing(directory: Path, described: dict[str, dict[str, Any]]) -> list[str]:
    differing = []
    for name, facts in described.items():
        path = directory / name
        try:
            if path.stat().st_size != facts["bytes"] or _sha256(path) != facts["sha256"]:
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


def _parquet_files(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.parquet"))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
