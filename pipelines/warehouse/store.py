"""The accepted store: what was read from each file, and immutable versions of each district-year.

Layout below ``<warehouse>/accepted``::

    <district>/<year>/files/<file id>-<reading id>/   what reading one delivered file gave; never changed
        file.json                                     path, hash, sheets, counts, money, or the refusal
        <dataset>.parquet, <dataset>.rejected.parquet typed rows with their source lines
    <district>/<year>/versions/<n>/                   an accepted version, never changed: manifest.json,
                                                      excluded.parquet, findings.parquet
    <district>/<year>/held/                           the latest attempt that was held back, in the same shape
    <district>/<year>/current                         the number of the version that counts

Everything is written beside its place and renamed into it, so a kill leaves either nothing or the whole.
Does not belong here: deciding what is accepted (warehouse.accept), personal data in clear.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCHEMA_VERSION = 1
"""The version of this layout; a store written by a later one is refused."""


class StoreError(Exception):
    """The accepted store cannot be used as it is: what was found, where, and what to do."""


class DistrictYearStore:
    """The part of the store that belongs to one district and fiscal year."""

    def __init__(self, root: Path, district_code: str, fiscal_year: int) -> None:
        self.district_code = district_code
        self.fiscal_year = fiscal_year
        self.directory = root / district_code / str(fiscal_year)
        self.files = self.directory / "files"
        self.versions = self.directory / "versions"
        self.held = self.directory / "held"

    @property
    def current(self) -> int | None:
        """The number of the accepted version that counts, or None before the first."""
        try:
            return int((self.directory / "current").read_text())
        except FileNotFoundError:
            return None

    def manifest(self, version: int) -> dict[str, Any]:
        """The manifest of an accepted version."""
        return read_manifest(self.versions / str(version))

    def held_manifest(self) -> dict[str, Any] | None:
        """The manifest of the latest attempt that was held back, or None if the last attempt was accepted."""
        return read_manifest(self.held) if self.held.exists() else None

    def next_version(self) -> int:
        """The number of the next version: one more than any directory that exists."""
        numbers = [int(path.name) for path in self.versions.glob("*") if path.name.isdigit()]
        return max(numbers, default=0) + 1

    def set_current(self, version: int) -> None:
        """Makes ``version`` the one that counts, and forgets the attempt that was held back."""
        write_atomically(self.directory / "current", f"{version}\n")
        shutil.rmtree(self.held, ignore_errors=True)


def district_years(root: Path) -> list[DistrictYearStore]:
    """Every district-year in the store, in order."""
    return [
        DistrictYearStore(root, year.parent.name, int(year.name))
        for year in sorted(root.glob("[0-9]*/[0-9]*"))
        if year.is_dir()
    ]


def read_manifest(directory: Path) -> dict[str, Any]:
    """The manifest in ``directory``.

    Raises:
        StoreError: it is missing, damaged, or written by a later program.
    """
    path = directory / "manifest.json"
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(
            f"{path}: the manifest cannot be read ({error}). Restore the directory from a backup, or delete the "
            "district-year's directory to have its files read again."
        ) from error
    if manifest.get("schema_version", 0) > SCHEMA_VERSION:
        raise StoreError(
            f"{path}: written by a later version of the program (store schema {manifest['schema_version']}, this one "
            f"knows {SCHEMA_VERSION}). Install that version again."
        )
    return manifest


def write_atomically(path: Path, text: str) -> None:
    """Writes ``text`` to ``path`` by a synced temporary file and a rename."""
    temporary = path.with_name(f".{path.name}.new")
    with temporary.open("w", encoding="utf-8") as file:
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
    """A directory to fill that appears at ``path`` whole, replacing what was there, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    try:
        yield temporary
        for file in temporary.iterdir():
            with file.open("rb") as handle:
                os.fsync(handle.fileno())
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
