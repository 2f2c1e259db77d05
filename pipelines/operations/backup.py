"""Backups of a warehouse: taken while it is being written to and read from, and restored whole or not at all.

A backup is one tar file of the accepted store, what the publications said, the published file, and what receivers were
told; ``MANIFEST.json``, its last member, holds the hash of every other member. First everything is hard-linked aside,
which takes a moment and cannot be torn, because no file of a warehouse is ever changed in place; then it is packed.
Logs and reports are left out. Does not belong here: which backups may go (``pipelines.operations.prune``).
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO, Any

from pipelines.operations.permissions import set_permissions
from pipelines.settings import Settings
from pipelines.warehouse.lock import warehouse_lock
from pipelines.warehouse.store import SCHEMA_VERSION, district_years, sync_directory

MANIFEST = "MANIFEST.json"
FORMAT = 1
"""The version of the archive's own form."""

_PREFIX = "district-finance-"
_SNAPSHOT = ".backup-"
_LEFT_OUT = frozenset({"logs", "reports", ".template"})
_WAREHOUSE, _RAW = "warehouse", "raw"
_TRIES = 20
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_BLOCK = 1024**2
_MANIFEST = {"format": int, "store_schema_version": int, "program_version": str, "sha256": dict}
"""What a manifest has, and of which type."""


class BackupError(Exception):
    """A backup cannot be taken or restored: what was found, where, and what to do; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Backup:
    """An archive, and the number and total size of the files in it."""

    path: Path
    files: int
    bytes: int


def backup_files(settings: Settings) -> list[Path]:
    """The backups that lie in the backup directory, oldest first."""
    return sorted(settings.backups.glob(f"{_PREFIX}*.tar")) if settings.backups.is_dir() else []


def take_backup(settings: Settings, *, with_raw: bool = False) -> Backup:
    """Packs the warehouse (and ``raw/``) into a new archive in ``settings.backups``; runs and readers go on meanwhile.

    Raises:
        BackupError: there is nothing to back up, another backup is being taken, or a district-year kept changing.
    """
    if not settings.accepted.is_dir():
        raise BackupError(
            f"{settings.accepted}: there is no accepted store to back up. Name the warehouse with --warehouse. "
            "没有可备份的数据，请用 --warehouse 指定目录。"
        )
    settings.backups.mkdir(mode=0o700, parents=True, exist_ok=True)
    now = datetime.now(UTC)
    target = settings.backups / f"{_PREFIX}{now:%Y%m%dT%H%M%S}Z.tar"
    unfinished = target.with_name(f".{target.name}.part")
    with _one_at_a_time(settings):
        _remove_leftovers(settings)
        try:
            with _snapshot(settings) as snapshot:
                roots = [(_WAREHOUSE, snapshot), *([(_RAW, settings.raw)] if with_raw else [])]
                hashes = _pack(unfinished, roots, now)
            unfinished.replace(target)
            sync_directory(settings.backups)
        finally:
            unfinished.unlink(missing_ok=True)
    return Backup(target, len(hashes), target.stat().st_size)


@contextmanager
def _one_at_a_time(settings: Settings) -> Iterator[None]:
    """Holds the lock of backups, which nights do not know; it ends with its process."""
    lock = os.open(settings.warehouse / ".backup.lock", os.O_CREAT | os.O_WRONLY, 0o600)
    with os.fdopen(lock, "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupError(
                f"{settings.warehouse}: another backup is being taken; wait until it has ended. "
                "另一备份正在进行，请稍候。"
            ) from None
        yield


def _remove_leftovers(settings: Settings) -> None:
    """Removes what a killed backup left: its links keep old versions on the disk, its archive is not whole."""
    for snapshot in settings.warehouse.glob(f"{_SNAPSHOT}*"):
        shutil.rmtree(snapshot, ignore_errors=True)
    for unfinished in settings.backups.glob(f".{_PREFIX}*.tar.part"):
        unfinished.unlink(missing_ok=True)


@contextmanager
def _snapshot(settings: Settings) -> Iterator[Path]:
    """Hard links to everything that a backup holds, at one moment of each district-year."""
    place = settings.warehouse / f"{_SNAPSHOT}{os.getpid()}"
    place.mkdir(mode=0o700)
    try:
        # In this order what was published is never ahead of the versions that it is made from.
        left_out = {*_LEFT_OUT, settings.accepted.name, settings.database.name}
        others = [entry for entry in sorted(settings.warehouse.iterdir()) if entry.name not in left_out]
        for entry in [*others, settings.database]:
            _link_steadily(entry, place / entry.name)
        accepted = place / settings.accepted.name
        accepted.mkdir()
        for entry in settings.accepted.iterdir():
            if entry.is_file():
                _link_steadily(entry, accepted / entry.name)
        for folder in sorted(settings.accepted.glob("*/reference")):
            _link_steadily(folder, accepted / folder.relative_to(settings.accepted))
        for store in district_years(settings.accepted):
            marks = (store.directory / "current", store.held / "manifest.json")
            _link_steadily(store.directory, accepted / store.directory.relative_to(settings.accepted), marks)
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _link_steadily(source: Path, target: Path, marks: tuple[Path, ...] = ()) -> None:
    """Links ``source``, again and again until nothing of it vanished and the files ``marks`` stayed the same."""
    for _ in range(_TRIES):
        before = [mark.read_bytes() if mark.exists() else None for mark in marks]
        try:
            _link(source, target)
            if before == [mark.read_bytes() if mark.exists() else None for mark in marks]:
                return
        except FileNotFoundError:
            if not source.exists():
                return
        shutil.rmtree(target, ignore_errors=True)
        target.unlink(missing_ok=True)
    raise BackupError(f"{source}: kept changing while it was backed up; try again. 备份时数据不断变化，请重试。")


def _link(source: Path, target: Path) -> None:
    """Hard-links a file, or everything in a directory, but hidden names: they are work in progress."""
    if source.name.startswith("."):
        return
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        for entry in source.iterdir():
            _link(entry, target / entry.name)
    else:
        target.hardlink_to(source)


class _Hashing:
    """A file that is hashed while it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Reads and hashes."""
        block = self._file.read(size)
        self.digest.update(block)
        return block


def _pack(target: Path, roots: list[tuple[str, Path]], now: datetime) -> dict[str, str]:
    hashes: dict[str, str] = {}
    handle = os.open(target, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for prefix, root in roots:
                for path in sorted(entry for entry in root.rglob("*") if entry.is_file() and not entry.is_symlink()):
                    name = f"{prefix}/{path.relative_to(root).as_posix()}"
                    with path.open("rb") as source:
                        hashing = _Hashing(source)
                        member = archive.gettarinfo(arcname=name, fileobj=source)
                        # An archive has files only once, and those of a snapshot are hard links.
                        member.type, member.linkname = tarfile.REGTYPE, ""
                        member.size = path.stat().st_size
                        archive.addfile(member, hashing)
                    hashes[name] = hashing.digest.hexdigest()
            manifest = {
                "format": FORMAT,
                "store_schema_version": SCHEMA_VERSION,
                "program_version": metadata.version("district-finance"),
                "taken_at": now.isoformat(timespec="seconds"),
                "sha256": hashes,
            }
            text = json.dumps(manifest, indent=1).encode()  # names may be no UTF-8
            member = tarfile.TarInfo(MANIFEST)
            member.size, member.mtime, member.mode = len(text), int(now.timestamp()), 0o600
            archive.addfile(member, BytesIO(text))
        file.flush()
        os.fsync(file.fileno())
    return hashes


def restore_backup(settings: Settings, archive: Path) -> Backup:
    """Puts the content of ``archive`` into ``settings.warehouse`` (and ``settings.raw``), which must be empty.

    Raises:
        BackupError: the archive is damaged or from a later version, or there is something in the way.
        WarehouseLockedError: a run is writing to the warehouse.
    """
    with warehouse_lock(settings.warehouse):
        _refuse_unless_empty(settings.warehouse)
        staging = settings.warehouse / ".restoring"
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(mode=0o700)
        try:
            hashes = _unpack(archive, staging)
            _check(archive, staging / MANIFEST, hashes)
            if (staging / _RAW).is_dir():
                _refuse_unless_empty(settings.raw)
                settings.raw.mkdir(parents=True, exist_ok=True)
                _move_all(staging / _RAW, settings.raw)
            _move_all(staging / _WAREHOUSE, settings.warehouse)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        set_permissions(settings)
    return Backup(archive, len(hashes) - 1, archive.stat().st_size)


def _refuse_unless_empty(directory: Path) -> None:
    if directory.is_dir() and any(entry.name[0] != "." for entry in directory.iterdir()):
        raise BackupError(
            f"{directory}: is not empty, and a restore replaces nothing. Move what is in it away and try again. "
            "目录非空，恢复不会覆盖任何文件。请先移走其中内容再试。"
        )


def _unpack(archive: Path, staging: Path) -> dict[str, str]:
    """Writes every member below ``staging``; returns their hashes. Only plain files with plain names are taken."""
    hashes: dict[str, str] = {}
    try:
        with tarfile.open(archive) as members:
            for member in members:
                name = PurePosixPath(member.name)
                if not member.isreg() or name.is_absolute() or ".." in name.parts:
                    raise BackupError(
                        f"{archive}: {member.name!r} is not a plain file: not one of our backups. 非本系统备份。"
                    )
                source = members.extractfile(member)
                assert source is not None  # noqa: S101 - a regular member has content
                target = staging / name
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                hashing = _Hashing(source)
                with target.open("wb") as file:
                    shutil.copyfileobj(hashing, file, _BLOCK)
                    os.fsync(file.fileno())
                target.chmod(member.mode & 0o640)
                hashes[member.name] = hashing.digest.hexdigest()
    except (tarfile.TarError, OSError, EOFError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            raise BackupError(
                f"{staging.parent}: {error.strerror}. Make room and try again; nothing was restored. "
                "空间不足，请腾出空间后重试；未作恢复。"
            ) from error
        raise BackupError(
            f"{archive}: cannot be read ({error}). Take another backup. 无法读取，请换用其他备份。"
        ) from error
    return hashes


def _check(archive: Path, manifest_file: Path, hashes: dict[str, str]) -> None:
    if not manifest_file.exists():
        raise BackupError(f"{archive}: has no {MANIFEST}: not complete, or not a backup. 备份不完整。")
    manifest = _manifest(archive, manifest_file)
    if manifest["format"] > FORMAT or manifest["store_schema_version"] > SCHEMA_VERSION:
        raise BackupError(
            f"{archive}: written by version {manifest['program_version']} of the program (store schema "
            f"{manifest['store_schema_version']}, this one knows {SCHEMA_VERSION}). Install that version. "
            f"该备份由更新版本 {manifest['program_version']} 生成，请安装该版本或更高版本。"
        )
    found = {name: digest for name, digest in hashes.items() if name != MANIFEST}
    if found != manifest["sha256"]:
        wrong = sorted(name for name, digest in {**found, **manifest["sha256"]}.items() if found.get(name) != digest)
        wrong += sorted(found.keys() - manifest["sha256"].keys())
        raise BackupError(
            f"{archive}: damaged: {', '.join(wrong[:3])} differ from {MANIFEST}. Use another backup. "
            "备份已损坏，请换用其他备份。"
        )


def _manifest(archive: Path, manifest_file: Path) -> dict[str, Any]:
    """The manifest of a backup, with everything in it that a manifest has."""
    try:
        manifest = json.loads(manifest_file.read_bytes())
        is_one = all(isinstance(manifest[name], kind) for name, kind in _MANIFEST.items()) and all(
            isinstance(digest, str) for digest in manifest["sha256"].values()
        )
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        is_one = False
    if not is_one:
        raise BackupError(
            f"{archive}: {MANIFEST} is damaged, or it is not one of ours. Use another backup. "
            "备份清单已损坏或非本系统备份，请换用其他备份。"
        )
    found: dict[str, Any] = manifest
    return found


def _move_all(source: Path, target: Path) -> None:
    for entry in sorted(source.iterdir()):
        shutil.move(entry, target / entry.name)  # raw/ may lie on another disk or a share
    sync_directory(target)
