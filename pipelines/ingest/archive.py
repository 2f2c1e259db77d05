"""Zip files of deliveries: one level, every member as if it had been delivered by itself.

Does not belong here: what is in a member.
"""

from __future__ import annotations

import errno
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from pipelines.ingest.model import FileRefused
from pipelines.ingest.packages import Package, open_package
from pipelines.ledger.records import SkippedSheet
from pipelines.settings import Limits

_READ = frozenset({".csv", ".txt", ".tsv", ".xlsx", ".xlsm", ".xls", ".ods"})
SYSTEM_FILES = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini"})
"""What an operating system leaves in a folder that somebody looked at, in lower case."""
_HARMLESS = frozenset({".md", ".pdf", ".doc", ".docx", ".wps", ".jpg", ".jpeg", ".png"})


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an archive, unpacked: its name for people and where its bytes lie while it is read."""

    name: str
    path: Path


def read_members(path: Path, limits: Limits, skipped: list[SkippedSheet]) -> Iterator[Member]:
    """The readable members of an archive in order of name; others go to ``skipped`` with the reason.

    Each is unpacked into a temporary file that lives until the next one is asked for. Raises ``FileRefused`` beyond
    the limits, for a password, an archive in the archive, and a member of a type that could hold figures.
    """
    with open_package(path, limits) as package:
        members = [(_name(member), member) for member in package.members]
        for name, member in sorted(members, key=lambda entry: entry[0]):
            base, suffix = PurePosixPath(name).name, PurePosixPath(name).suffix.lower()
            is_left_behind = (
                base.startswith((".", "~$")) or base.lower() in SYSTEM_FILES or name.startswith("__MACOSX/")
            )
            if is_left_behind or suffix in _HARMLESS:
                skipped.append(SkippedSheet(name, "not an export", "不是导出文件"))
                continue
            if suffix not in _READ:
                raise FileRefused(
                    "file-type-not-supported",
                    found=f"{name!r} in the archive",
                    expected=" ".join(sorted(_READ)),
                    remedy="Deliver its files by themselves; an archive in an archive is not opened.",
                    remedy_zh="请单独报送其中文件；不解压多层压缩包。",
                )
            with tempfile.NamedTemporaryFile(suffix=suffix) as target:
                _unpack(package, member, target)
                yield Member(name, Path(target.name))


def _unpack(package: Package, member: zipfile.ZipInfo, target: IO[bytes]) -> None:
    """Writes a member to a file, if it takes at most half of what is free in the temporary folder, which all share."""
    free = shutil.disk_usage(Path(target.name).parent).free
    try:
        if member.file_size <= free // 2:
            for block in package.blocks(member):
                target.write(block)
            target.flush()
            return
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
    raise FileRefused(
        "file-too-large",
        found=f"{member.file_size:,} bytes unpacked",
        expected=f"{free // 2:,} bytes, half of what is free in the temporary folder",
        remedy="Deliver its files by themselves.",
        remedy_zh="请单独报送其中文件。",
    )


def _name(member: zipfile.ZipInfo) -> str:
    """The name of a member: Chinese Windows packs it in its own code page and does not say so, or with backslashes."""
    if member.flag_bits & 0x800:
        return member.filename.replace("\\", "/")
    try:
        name = member.filename.encode("cp437").decode("gb18030")
    except (UnicodeEncodeError, UnicodeDecodeError):
        name = member.filename
    return name.replace("\\", "/")
