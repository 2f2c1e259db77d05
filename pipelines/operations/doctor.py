"""Looks at an installation and says what to do: paths, permissions, disk, versions, clock, fonts, locks, receivers.

Only looks: nothing is created, repaired or sent.
Does not belong here: the figures' own checks (``sql/rules``).
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from importlib import metadata
from pathlib import Path

import duckdb
import yaml
from packaging.requirements import Requirement

from pipelines.operations.backup import backup_files
from pipelines.operations.channels import channels
from pipelines.operations.last_night import last_night
from pipelines.operations.notify import unreachable_receivers
from pipelines.operations.permissions import wrong_permissions
from pipelines.settings import Settings
from pipelines.warehouse.connect import logs_left_over
from pipelines.warehouse.publish import logs_set_aside, published_build
from pipelines.warehouse.store import district_years

PROGRAM = "district-finance"
_NETWORK_FILE_SYSTEMS = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "ceph", "glusterfs"})
_LONGEST_RUN = timedelta(hours=6)
_OLDEST_BACKUP = timedelta(days=8)
_GIB = 1024**3
_SECONDS = 10


class Level(StrEnum):
    """How a check came out: as it should be, something to look at, or something that will stop a night."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Topic:
    """One thing to look at, and what to do where it is not as it should be."""

    name: str
    name_zh: str
    look: Callable[[Settings], tuple[Level, str]]
    remedy: str
    remedy_zh: str


@dataclass(frozen=True, slots=True)
class Check:
    """How a topic came out, and what was found."""

    topic: Topic
    level: Level
    found: str


def examine(settings: Settings) -> list[Check]:
    """Every topic, in the order in which one would mend things; a look that breaks is a failure itself."""
    return [_look(topic, settings) for topic in TOPICS]


def _look(topic: Topic, settings: Settings) -> Check:
    try:
        level, found = topic.look(settings)
    except Exception as error:
        level, found = Level.FAILURE, f"{type(error).__name__}: {error}"
    return Check(topic, level, found)


def file_system(path: Path) -> str:
    """The type of the file system on which ``path`` lies, as the kernel names it."""
    best = ("", "unknown")
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        left, _, right = line.partition(" - ")
        mount = left.split()[4].replace("\\040", " ")
        if path.resolve().is_relative_to(mount) and len(mount) >= len(best[0]):
            best = (mount, right.split()[0])
    return best[1]


def _packages(_: Settings) -> tuple[Level, str]:
    wrong = []
    for requirement in map(Requirement, metadata.requires(PROGRAM) or ()):
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            found = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            wrong.append(f"{requirement.name} is missing")
            continue
        if not requirement.specifier.contains(found, prereleases=True):
            wrong.append(f"{requirement.name} {found}, expected {requirement.specifier}")
    python = ".".join(map(str, sys.version_info[:3]))
    versions = f"{PROGRAM} {metadata.version(PROGRAM)}, Python {python}, DuckDB {duckdb.__version__}"
    return (Level.FAILURE, "; ".join(wrong)) if wrong else (Level.OK, versions)


def _user(_: Settings) -> tuple[Level, str]:
    return (Level.OK, f"uid {os.geteuid()}") if os.geteuid() else (Level.WARNING, "root")


def _raw(settings: Settings) -> tuple[Level, str]:
    if not settings.raw.is_dir():
        return Level.FAILURE, f"{settings.raw.absolute()}: missing"
    for path in (settings.raw, *settings.raw.rglob("*")):
        if not os.access(path, os.R_OK | (os.X_OK if path.is_dir() else 0)):
            return Level.FAILURE, f"{path}: not readable"
    return Level.OK, str(settings.raw.absolute())


def _warehouse(settings: Settings) -> tuple[Level, str]:
    existing = _existing(settings.warehouse)
    if not os.access(existing, os.W_OK | os.X_OK):
        return Level.FAILURE, f"{existing}: not writable"
    kind = file_system(existing)
    return Level.FAILURE if kind in _NETWORK_FILE_SYSTEMS else Level.OK, f"{settings.warehouse.absolute()} ({kind})"


def _existing(path: Path) -> Path:
    return next(place for place in (path.absolute(), *path.absolute().parents) if place.exists())


def _permissions(settings: Settings) -> tuple[Level, str]:
    if not settings.warehouse.is_dir():
        return Level.OK, "nothing is there yet"
    if wrong := wrong_permissions(settings):
        told = [f"{path} {stat.S_IMODE(path.stat().st_mode):o}, expected {mode:o}" for path, mode in wrong.items()]
        return Level.WARNING, "; ".join(told[:3])
    return Level.OK, "readers may enter the database and the reports only"


def _disk(settings: Settings) -> tuple[Level, str]:
    free = shutil.disk_usage(_existing(settings.warehouse)).free
    published = settings.database.stat().st_size if settings.database.exists() else 0
    level = Level.OK
    if free < 2 * published:
        level = Level.FAILURE
    elif free < max(settings.min_free_bytes, 4 * published):
        level = Level.WARNING
    return level, f"{free / _GIB:.1f} GiB free, database {published / _GIB:.2f} GiB"


def _time_zone(settings: Settings) -> tuple[Level, str]:
    today = settings.local_date(datetime.now(UTC))
    zone = settings.schedule.time_zone
    return Level.OK, f"'{settings.schedule.cron}' {zone}, today {today}; machine {time.strftime('%Z %z')}"


def _clock(settings: Settings) -> tuple[Level, str]:
    now = datetime.now(UTC)
    known = [night.finished_at] if (night := last_night(settings)) else []
    if settings.database.exists():
        known.append(datetime.fromtimestamp(settings.database.stat().st_mtime, UTC))
    latest = max(known, default=now)
    if latest > now + timedelta(minutes=5):
        return Level.FAILURE, f"{now:%Y-%m-%d %H:%M} UTC is before the last run, {latest:%Y-%m-%d %H:%M} UTC"
    synchronised = _output("timedatectl", "show", "--property=NTPSynchronized", "--value") or "unknown"
    return Level.WARNING if synchronised == "no" else Level.OK, f"{now:%F %H:%M} UTC, synchronised: {synchronised}"


def _fonts(_: Settings) -> tuple[Level, str]:
    fonts = _output("fc-list", ":lang=zh", "family").splitlines()
    return (Level.OK, fonts[0]) if fonts else (Level.WARNING, "none")


def _lock(settings: Settings) -> tuple[Level, str]:
    path = settings.warehouse / ".lock"
    if not path.exists():
        return Level.OK, "never taken"
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            held = timedelta(seconds=time.time() - path.stat().st_mtime)
            level = Level.FAILURE if held > _LONGEST_RUN else Level.OK
            return level, f"held by process {file.read().strip()} for {held.total_seconds() / 3600:.1f} h"
    return Level.OK, "free"


def _store(settings: Settings) -> tuple[Level, str]:
    stores = district_years(settings.accepted)
    for store in stores:
        if (current := store.current) is not None:
            store.manifest(current)
    return Level.OK, f"{len(stores)} district-years"


def _publication(settings: Settings) -> tuple[Level, str]:
    if not settings.database.exists():
        return Level.WARNING, f"{settings.database}: nothing published yet"
    if left_over := [*logs_left_over(settings.database), *logs_set_aside(settings.database)]:
        return Level.FAILURE, f"{left_over[0]}: somebody wrote into the published file"
    build = published_build(settings.database)
    if build is None:
        return Level.FAILURE, f"{settings.database}: cannot be read"
    return Level.OK, f"build {build['build_id']}, {build['outcome']}"


def _last_night(settings: Settings) -> tuple[Level, str]:
    night = last_night(settings)
    if night is None:
        return Level.WARNING, "none is known"
    age = datetime.now(UTC) - night.finished_at
    level = Level.WARNING if night.exit_code == 1 else Level.OK
    if age > timedelta(hours=settings.schedule.fresh_hours):
        level = Level.FAILURE
    return level, f"{night.outcome}, exit code {night.exit_code}, {age.total_seconds() / 3600:.1f} h ago"


def _messages(settings: Settings) -> tuple[Level, str]:
    names = list(channels(settings.notifications))
    if failed := unreachable_receivers(settings):
        return Level.FAILURE, "; ".join(f"{name}: {reason}" for name, reason in failed.items())
    return (Level.OK, ", ".join(names)) if names else (Level.WARNING, "nobody is told")


def _backups(settings: Settings) -> tuple[Level, str]:
    files = backup_files(settings)
    if not files:
        return Level.WARNING, f"none in {settings.backups.absolute()}"
    newest = datetime.fromtimestamp(files[-1].stat().st_mtime, UTC)
    level = Level.WARNING if datetime.now(UTC) - newest > _OLDEST_BACKUP else Level.OK
    return level, f"{len(files)} in {settings.backups.absolute()}, newest of {settings.local_date(newest)}"


def _dagster(_: Settings) -> tuple[Level, str]:
    home = os.environ.get("DAGSTER_HOME")
    if not home:
        return Level.OK, "DAGSTER_HOME is not set: nights are started by a timer or cron"
    file = Path(home) / "dagster.yaml"
    if not file.is_file():
        return Level.FAILURE, f"{file}: missing"
    told = yaml.safe_load(file.read_text(encoding="utf-8"))
    wrong = []
    if file_system(file) in _NETWORK_FILE_SYSTEMS and _entry(told, "storage", "postgres") is None:
        wrong.append("SQLite on a network file system")
    if _entry(told, "telemetry", "enabled") is not False:
        wrong.append("telemetry is on")
    if _entry(told, "concurrency", "runs", "max_concurrent_runs") != 1:
        wrong.append("more than one run at a time")
    return (Level.WARNING, f"{file}: {', '.join(wrong)}") if wrong else (Level.OK, str(file))


def _entry(tree: object, *names: str) -> object:
    """The entry of a nested mapping; None where a part of the way is missing or something else."""
    for name in names:
        tree = tree.get(name) if isinstance(tree, dict) else None
    return tree


def _output(*command: str) -> str:
    """What a program prints; empty where it is not installed or fails."""
    if shutil.which(command[0]) is None:
        return ""
    done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)  # noqa: S603 - own words
    return done.stdout.strip() if done.returncode == 0 else ""


TOPICS = (
    Topic(
        "versions",
        "版本",
        _packages,
        "Install the locked versions again: make install.",
        "请重新安装锁定的版本：make install。",
    ),
    Topic(
        "user",
        "运行用户",
        _user,
        "Run as a user of its own; deploy/sysusers.conf makes one.",
        "请用专门的普通用户运行，见 deploy/sysusers.conf。",
    ),
    Topic(
        "deliveries",
        "报送目录",
        _raw,
        "Create it, or name the place with DISTRICT_FINANCE_RAW; let the program's user read all of it (chmod g+rX).",
        "请建立该目录，或用 DISTRICT_FINANCE_RAW 指定，并授予运行用户读取权限（chmod g+rX）。",
    ),
    Topic(
        "warehouse",
        "数据目录",
        _warehouse,
        "It must lie on a local disk (locks and renames are not safe on a network) and belong to the program's user.",
        "应位于本地磁盘（网络文件系统上的锁与改名不可靠），属主为运行用户。",
    ),
    Topic(
        "permissions",
        "权限",
        _permissions,
        "The next night sets what belongs to its own user; the rest must be given to that user: chown.",
        "属于运行用户的部分会在下次运行时改正，其余请用 chown 改为运行用户所有。",
    ),
    Topic(
        "disk",
        "磁盘空间",
        _disk,
        "A build needs twice the database: run 'district-finance prune', move backups away, or add disk.",
        "构建需要两倍于数据库的空间：请运行 district-finance prune、移走备份或扩充磁盘。",
    ),
    Topic(
        "time zone",
        "时区",
        _time_zone,
        "Set schedule.time_zone to a name such as Asia/Shanghai.",
        "请将 schedule.time_zone 设为 Asia/Shanghai 这样的名称。",
    ),
    Topic(
        "clock",
        "系统时钟",
        _clock,
        "Set the clock and switch on its synchronisation: timedatectl set-ntp true.",
        "请校准时钟并启用时间同步：timedatectl set-ntp true。",
    ),
    Topic(
        "Chinese fonts",
        "中文字体",
        _fonts,
        "Needed only where workbooks are printed or converted on this machine: apt install fonts-noto-cjk.",
        "仅在本机打印或转换报表时需要：apt install fonts-noto-cjk。",
    ),
    Topic(
        "lock",
        "写入锁",
        _lock,
        "That run hangs: end its process; the next run continues by itself.",
        "该运行已挂起：请结束该进程，下次运行会自行继续。",
    ),
    Topic(
        "accepted store",
        "已接受数据",
        _store,
        "Run 'district-finance nightly': what is damaged is read again from raw/; if not there, restore a backup.",
        "请运行 district-finance nightly，损坏部分会由 raw/ 重新读取；原始文件已不在时请从备份恢复。",
    ),
    Topic(
        "publication",
        "已发布数据库",
        _publication,
        "Run 'district-finance nightly': it is made anew from the store. See who may write there.",
        "请运行 district-finance nightly，即由已接受数据重建，并查明谁能写入。",
    ),
    Topic(
        "last night",
        "上次运行",
        _last_night,
        "See that timer or daemon run: systemctl list-timers, systemctl status district-finance-daemon; after exit "
        "code 1 district-finance status and findings say why nothing was published.",
        "请检查定时器或守护进程：systemctl list-timers、systemctl status district-finance-daemon；"
        "退出码为 1 时用 district-finance status、findings 查看未发布的原因。",
    ),
    Topic(
        "messages",
        "通知",
        _messages,
        "Set notifications.mail or notifications.webhooks, then try 'district-finance notify'.",
        "请设置通知邮箱或机器人，再用 district-finance notify 测试。",
    ),
    Topic(
        "backups",
        "备份",
        _backups,
        "Run 'district-finance backup' every day; deploy/systemd has a timer for it.",
        "请每日运行 district-finance backup，deploy/systemd 中有定时器。",
    ),
    Topic(
        "Dagster",
        "Dagster",
        _dagster,
        "Compare with deploy/dagster.yaml, or copy it there.",
        "请对照 deploy/dagster.yaml，或将其复制到该处。",
    ),
)
"""Everything that is looked at."""
