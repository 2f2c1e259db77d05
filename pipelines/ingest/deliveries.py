"""Which files were delivered: everything below ``raw/<district>/<fiscal year>/``, and what was passed over and why.

Does not belong here: what is in a file.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from pipelines.ingest.archive import SYSTEM_FILES
from pipelines.ingest.layouts import ALIAS_FILE, alias_file
from pipelines.ingest.links import leads_out_of
from pipelines.ingest.model import Delivery, FileRefused
from pipelines.ingest.opening import answered, blocks
from pipelines.ingest.personal import path_without_numbers
from pipelines.ledger.fingerprint import fingerprint
from pipelines.printable import printable
from pipelines.settings import Limits, Settings

_UNFINISHED = (".part", ".tmp", ".crdownload", ".partial", ".filepart")
_DOCUMENTS = (".md",)
_DAY = 24 * 3600.0
_NEVER_FINISHED = (
    "a copy that was never finished; remove it, and deliver the file if it is missing",
    "复制中断的残留文件，请删除；如缺该文件请重新报送",
)


class DistrictYear(NamedTuple):
    """A district's code (six digits) and a fiscal year."""

    district_code: str
    fiscal_year: int


class PassedOver(NamedTuple):
    """A file or folder below raw/ that is not read, and why."""

    relative_path: str
    reason: str
    reason_zh: str


@dataclass(slots=True)
class Deliveries:
    """The deliveries by district and year, each list in a stable order; those that are not ready say so themselves.

    ``passed_over`` is harmless (notes, a spreadsheet program's own files); ``misplaced`` are files that somebody
    must move or replace.
    """

    by_district_year: dict[DistrictYear, list[Delivery]] = field(default_factory=dict)
    passed_over: list[PassedOver] = field(default_factory=list)
    misplaced: list[PassedOver] = field(default_factory=list)

    @property
    def problems(self) -> list[str]:
        """The misplaced files as sentences in both languages."""
        return [f"{entry.relative_path}: {entry.reason} / {entry.reason_zh}" for entry in self.misplaced]


def find_deliveries(settings: Settings, *, now: float | None = None) -> Deliveries:
    """Every delivered file below ``settings.raw``, in order of district, year and path.

    Where ``settings.districts`` names some, the folders of other districts are not looked into.
    ``now`` is the time (seconds since the epoch) against which ``limits.settle_seconds`` and ``limits.waiting_days``
    are measured.
    """
    raw = settings.raw
    found = Deliveries()
    collected: defaultdict[DistrictYear, list[Delivery]] = defaultdict(list)
    if not raw.is_dir():
        return found
    now = time.time() if now is None else now
    closed: list[tuple[Path, OSError]] = []
    waiting = [raw]
    while waiting:
        folder = waiting.pop()
        try:
            look = answered(partial(_look_into, folder, raw, now, settings.limits), about=folder)
        except OSError as error:
            closed.append((folder, error))
            continue
        waiting += [path for path in reversed(look.folders) if _is_wanted(path, settings)]
        found.passed_over += look.passed_over
        found.misplaced += look.misplaced
        closed += look.closed
        for path, waits_for in look.files:
            _collect(collected, path, _relative(raw, path), waits_for)
    for path, reason in closed:
        _add_closed(found, collected, path, _relative(raw, path), reason)
    found.by_district_year = {key: _told_apart(collected[key]) for key in sorted(collected)}
    return found


def _told_apart(deliveries: list[Delivery]) -> list[Delivery]:
    """The deliveries, each shown under a name of its own: those that are shown alike wait together, as one."""
    by_name: defaultdict[str, list[Delivery]] = defaultdict(list)
    for delivery in deliveries:
        by_name[delivery.relative_path].append(delivery)
    return [
        files[0] if len(files) == 1 else replace(files[0], waits_for=_shown_alike(len(files)))
        for files in by_name.values()
    ]


def _shown_alike(files: int) -> str:
    return (
        f"{files} files are shown under this name: rename them so that they differ in more than numbers of persons "
        f"{files} 个文件显示为同一名称，请改名，使其不只在个人号码上不同"
    )


def _is_wanted(folder: Path, settings: Settings) -> bool:
    """Whether a folder is none of a district that the settings leave out."""
    is_district = folder.parent == settings.raw and re.fullmatch(r"\d{6}", folder.name, re.ASCII)
    return settings.districts is None or not is_district or folder.name in settings.districts


@dataclass(slots=True)
class _Look:
    """What lies in one folder: the folders to look into next, the files that are deliveries, and what is neither.

    With each delivery stands why it is not ready (empty: it is).
    """

    folders: list[Path] = field(default_factory=list)
    files: list[tuple[Path, str]] = field(default_factory=list)
    passed_over: list[PassedOver] = field(default_factory=list)
    misplaced: list[PassedOver] = field(default_factory=list)
    closed: list[tuple[Path, OSError]] = field(default_factory=list)


def _look_into(folder: Path, raw: Path, now: float, limits: Limits) -> _Look:
    look = _Look()
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        path = folder / entry.name
        relative = _relative(raw, path)
        try:
            if entry.is_dir(follow_symlinks=False):
                if entry.name.startswith("."):
                    look.passed_over.append(PassedOver(relative, "hidden folder", "隐藏文件夹"))
                else:
                    look.folders.append(path)
            elif told := _not_a_delivery(path, relative):
                look.passed_over.append(told)
            elif _is_unfinished(path, relative):
                # Copying programs set the time of the content early; that of the last write they cannot set.
                if now - entry.stat(follow_symlinks=False).st_ctime < limits.waiting_days * _DAY:
                    look.files.append((path, "a copy in progress 正在复制的文件"))
                else:
                    look.misplaced.append(PassedOver(relative, *_NEVER_FINISHED))
            elif told := _problem(path, relative, raw):
                look.misplaced.append(told)
            else:
                look.files.append((path, _waits_for(path, now, limits.settle_seconds)))
        except OSError as error:
            look.closed.append((path, error))
    return look


def _collect(
    collected: defaultdict[DistrictYear, list[Delivery]], path: Path, relative: str, waits_for: str = ""
) -> None:
    district, year = relative.split("/")[:2]
    collected[DistrictYear(district, int(year))].append(Delivery(path, relative, district, int(year), waits_for))


def _is_dead_link(path: Path) -> bool:
    """Whether a path is a link to a file that is not there; a link in a circle is none."""
    try:
        path.stat()
    except FileNotFoundError:
        return path.is_symlink()
    except OSError:
        return False
    return False


def _waits_for(path: Path, now: float, settle_seconds: float) -> str:
    """Why a delivery is not ready, in both languages; empty for one that is."""
    if _is_dead_link(path):
        return "the file that the link leads to is gone 链接所指文件已不存在"
    return "still being written 可能仍在写入" if _is_young(path.stat(), now, settle_seconds) else ""


def _add_closed(
    found: Deliveries,
    collected: defaultdict[DistrictYear, list[Delivery]],
    path: Path,
    relative: str,
    error: OSError,
) -> None:
    """A folder or file that may not be looked at; in a district-year it counts as a delivery, which is then refused.

    Passed over, what it holds would count as taken away, and its money would leave the figures without a word.
    """
    if _is_place(relative.split("/")):
        _collect(collected, path, relative)
    else:
        told = error.strerror or str(error)
        found.misplaced.append(
            PassedOver(
                relative, f"cannot be looked into ({told}); let the run read it", f"无法读取（{told}），请授予权限"
            )
        )


def _is_place(parts: list[str]) -> bool:
    """Whether a path begins with a district's code and a fiscal year."""
    return len(parts) > 1 and bool(
        re.fullmatch(r"\d{6}", parts[0], re.ASCII) and re.fullmatch(r"(?:19|20)\d\d", parts[1], re.ASCII)
    )


def _is_young(file: os.stat_result, now: float, settle_seconds: float) -> bool:
    """Whether a file changed a moment ago; where its date lies in the future, the file system's own time decides."""
    changed = file.st_mtime if file.st_mtime < now + settle_seconds else file.st_ctime
    return abs(now - changed) < settle_seconds


def _relative(raw: Path, path: Path) -> str:
    """The path below raw/ as it can be shown and kept."""
    return path_without_numbers(printable(path.relative_to(raw).as_posix()))


def delivered_path(raw: Path, shown: str) -> Path | None:
    """The file whose path below raw/ is shown so; None where it is not there any more."""
    found = [raw]
    for name in shown.split("/"):
        found = [path for folder in found if folder.is_dir() for path in folder.iterdir() if _shown_name(path) == name]
    return next((path for path in found if path.is_file()), None)


def _shown_name(path: Path) -> str:
    return path_without_numbers(printable(path.name))


def _not_a_delivery(path: Path, relative: str) -> PassedOver | None:  # noqa: PLR0911 - one reason a line
    name = path.name
    parts = relative.split("/")
    if name.startswith("."):
        return PassedOver(relative, "hidden file", "隐藏文件")
    if name.lower() in SYSTEM_FILES:
        return PassedOver(relative, "left by the operating system", "操作系统生成的文件")
    if name.startswith("~$"):
        return PassedOver(relative, "left by a spreadsheet program that has the file open", "表格软件打开时的临时文件")
    if name.lower().endswith(_UNFINISHED) and not _is_unfinished(path, relative):
        return PassedOver(relative, "not complete yet", "尚未写完的文件")
    if name.lower().endswith(_DOCUMENTS) or name.lower().startswith("readme"):
        return PassedOver(relative, "documentation", "说明文件")
    if len(parts) == 3 and parts[1] == "reference" and name.endswith(".csv"):
        return PassedOver(relative, "reference table of the district", "本区参考表")
    if len(parts) == 2 and name == ALIAS_FILE:
        return PassedOver(relative, "header aliases of the district", "本区表头别名")
    return None


def _is_unfinished(path: Path, relative: str) -> bool:
    """Whether a file in the folder of a district-year is what a program writes while it copies or downloads."""
    parts = relative.split("/")
    return len(parts) > 2 and _is_place(parts) and path.name.lower().endswith(_UNFINISHED)


def _problem(path: Path, relative: str, raw: Path) -> PassedOver | None:
    parts = relative.split("/")
    if path.is_symlink() and leads_out_of(path, raw, parts[0]):
        return PassedOver(
            relative,
            "a link that leads out of the district's folder; put the file itself there",
            "链接指向本区文件夹之外，请放入文件本身",
        )
    if len(parts) < 3 or not _is_place(parts):
        return PassedOver(
            relative,
            "not in a folder raw/<six-digit district>/<four-digit year>/; move it there",
            "不在 raw/<六位区划>/<四位年度>/ 之下，请移入",
        )
    if not path.is_file() and not _is_dead_link(path):
        return PassedOver(relative, "not a regular file", "不是普通文件")
    return None


def content_hash(delivery: Delivery) -> str:
    """The SHA-256 of the file's bytes, read in blocks.

    Raises:
        FileNotFoundError: it is not there any more.
        PermissionError: it cannot be read, for whatever reason: rights, a bad disk, a share that does not answer.
    """
    digest = hashlib.sha256()
    try:
        for block in blocks(delivery.path):
            digest.update(block)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise PermissionError(error.errno, error.strerror, error.filename) from error
    return digest.hexdigest()


def aliases_fingerprint(raw: Path, district_code: str) -> str:
    """A hash of the district's alias file: files read under another one are read again.

    One that cannot be read has a hash too; each file of the district is then refused for it.
    """
    try:
        content = alias_file(raw, district_code) or b""
    except FileRefused as error:
        content = f"\0{error.rule.id}".encode()
    return fingerprint(content=[content])
