"""The accepted store: what was read from each file, and immutable versions of each district-year.

Layout below ``<warehouse>/accepted``::

    schema_version                                    the version of this layout
    <district>/<year>/files/<file id>-<reading id>/   what reading one delivered file gave; never changed
        file.json                                     path, hash, sheets, counts, money, or the refusal
        <dataset>.parquet, <dataset>.rejected.parquet typed rows with their source lines
    <district>/<year>/versions/<n>/                   an accepted version, never changed: manifest.json,
                                                      excluded.parquet, findings.parquet, derived tables
    <district>/<year>/held/                           the latest attempt that was held back, in the same shape
    <district>/<year>/current                         the number of the version that counts
    <district>/<year>/delivered/<sha256>.zst          the bytes of every accepted delivery, compressed
    <district>/<year>/releases/<input id>.json        who let which attempt through in spite of the rules, and why

Everything is written beside its place and renamed into it, so a kill leaves either nothing or the whole. Hidden names
are work in progress or were set aside as damaged; they never count.
Does not belong here: deciding what is accepted (warehouse.accept), personal data in clear.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipelines.ledger.codec import DamagedStoreError, StoreError, as_json, damaged, from_json, read_record
from pipelines.ledger.records import Manifest, ReleaseRecord

SCHEMA_VERSION = 3
"""The version of this layout; a store written by a later one is refused."""


class DistrictYearStore:
    """The part of the store that belongs to one district and fiscal year."""

    def __init__(self, root: Path, district_code: str, fiscal_year: int) -> None:
        self.district_code = district_code
        self.fiscal_year = fiscal_year
        self.directory = root / district_code / str(fiscal_year)
        self.files = self.directory / "files"
        self.versions = self.directory / "versions"
        self.held = self.directory / "held"
        self.releases = self.directory / "releases"
        self.delivered = self.directory / "delivered"

    @property
    def current(self) -> int | None:
        """The number of the accepted version that counts, or None before the first.

        Where the mark is lost or damaged it is the newest version: every version was accepted.
        """
        try:
            return int((self.directory / "current").read_text())
        except (OSError, ValueError):
            return max(self.version_numbers(), default=None)

    def version_numbers(self) -> list[int]:
        """The numbers of the versions that are there, in order."""
        return sorted(int(path.name) for path in self.versions.glob("[0-9]*") if path.name.isdecimal())

    def manifest(self, version: int) -> Manifest:
        """The manifest of an accepted version."""
        return read_manifest(self.versions / str(version))

    def held_manifest(self) -> Manifest | None:
        """The manifest of the latest attempt that was held back, or None if the last attempt was accepted."""
        return read_manifest(self.held) if self.held.exists() else None

    def next_version(self) -> int:
        """The number of the next version: one more than any that ever was, damaged ones too."""
        names = [path.name.removeprefix(".").removesuffix(".damaged") for path in self.versions.glob("*")]
        return max([self.current or 0, *(int(name) for name in names if name.isdigit())]) + 1

    def next_attempt(self) -> int:
        """The number of the next attempt, accepted or held back; a killed run does not use one up."""
        directories = [self.held, self.versions / str(self.current)]
        whole = [read_manifest(path) for path in directories if path.exists()]
        return max((manifest.attempt for manifest in whole), default=0) + 1

    def set_current(self, version: int) -> None:
        """Makes ``version`` the one that counts."""
        write_atomically(self.directory / "current", f"{version}\n")

    def forget_held(self) -> None:
        """Forgets the attempt that was held back: what lies in raw/ now is accepted."""
        shutil.rmtree(self.held, ignore_errors=True)

    def release(self, input_id: str) -> ReleaseRecord | None:
        """The release of the attempt with this input, or None."""
        path = self.releases / f"{input_id}.json"
        return read_record(ReleaseRecord, path) if path.exists() else None

    def record_release(self, release: ReleaseRecord) -> None:
        """Keeps a release under the ``input_id`` of the attempt that it lets through."""
        self.releases.mkdir(parents=True, exist_ok=True)
        write_atomically(self.releases / f"{release.input_id}.json", as_json(release))

    def remove_leftovers(self) -> None:
        """Removes what a killed run left unfinished; the caller holds the warehouse's lock.

        What was set aside as damaged goes too once it has been made again: a reading under its name, a version by any
        later one.
        """
        current = self.current or 0
        for parent in (self.directory, self.files, self.versions, self.releases, self.delivered):
            for path in parent.glob(".*"):
                name = path.stem[1:]
                is_earlier = parent == self.versions and name.isdigit() and int(name) < current
                is_replaced = path.suffix == ".damaged" and (is_earlier or path.with_name(name).exists())
                if path.suffix in (".new", ".old") or is_replaced:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()


def district_years(root: Path) -> list[DistrictYearStore]:
    """Every district-year in the store, in order; a folder of another name is nobody's."""
    return [
        DistrictYearStore(root, year.parent.name, int(year.name))
        for year in sorted(root.glob("[0-9]*/[0-9]*"))
        if re.fullmatch(r"\d{6}/\d{4}", f"{year.parent.name}/{year.name}", re.ASCII) and year.is_dir()
    ]


def read_manifest(directory: Path) -> Manifest:
    """The manifest in ``directory``.

    Raises:
        DamagedStoreError: it is missing or damaged.
        StoreError: it was written by a later program.
    """
    path = directory / "manifest.json"
    try:
        text = path.read_bytes()
    except OSError as error:
        raise damaged(path, str(error)) from error
    try:
        manifest = from_json(Manifest, text, path)
    except DamagedStoreError:
        if (version := _schema_version(text)) <= SCHEMA_VERSION:
            raise
    else:
        if (version := manifest.schema_version) <= SCHEMA_VERSION:
            return manifest
    raise StoreError(
        f"{path}: written by a later version of the program (store schema {version}, this one "
        f"knows {SCHEMA_VERSION}). Install that version again."
    )


def _schema_version(text: bytes) -> int:
    """The version of the layout of what is no manifest of today's; 0 where it tells none."""
    try:
        version = json.loads(text)["schema_version"]
    except (ValueError, KeyError, TypeError):
        return 0
    return version if isinstance(version, int) else 0


def write_atomically(path: Path, text: str, *, mode: int = 0o640) -> None:
    """Writes ``text`` to ``path``, with these permissions, by a synced temporary file and a rename."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    with open(temporary, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, mode)) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Makes a rename in ``directory`` survive a power cut."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def new_directory(path: Path) -> Iterator[Path]:
    """A directory to fill that appears at ``path`` whole, replacing what was there, or not at all.

    It and its files are closed to everybody else.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(mode=0o700)
    try:
        yield temporary
        for file in temporary.iterdir():
            file.chmod(0o600)  # whatever the umask of who runs this
            with file.open("rb") as handle:
                os.fsync(handle.fileno())
        sync_directory(temporary)
        if path.exists():
            old = path.with_name(f".{path.name}.old")
            shutil.rmtree(old, ignore_errors=True)
            path.rename(old)
            temporary.rename(path)
            shutil.rmtree(old)
        else:
            temporary.rename(path)
        sync_directory(path.parent)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
