"""Tells people at the end of a night, and at once when something fails, and nobody twice the same thing.

What each receiver was told last is kept in ``<warehouse>/notifications/told.json`` as hashes; a receiver that could not
be reached is told the next time. Nothing here ever ends a night.
Does not belong here: how a message travels (channels), what it says about a night (night_summary).
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from pipelines.ledger.codec import StoreError
from pipelines.operations.channels import Message, NotDeliveredError, channels, cut, department_channels, plain
from pipelines.operations.logs import blotted, secrets_of
from pipelines.operations.night_summary import look, night_message
from pipelines.operations.watch_lists import due_week, watch_list_messages
from pipelines.settings import Settings
from pipelines.warehouse.publish import Publication
from pipelines.warehouse.store import write_atomically

logger = logging.getLogger(__name__)

_MAX_REASON_BYTES = 1500
_CHANGING = re.compile(r"(\d{6}/\d{4})|\d+")
"""Numbers that make no other failure: processes, times, sizes; a district-year does."""


@dataclass(slots=True)
class _Told:
    """What one receiver knows: the night's fingerprint and day, the findings' keys, failures since the last success.

    Of a department's watch list ``day`` is the week that was sent.

    ``invocation`` is the start of a systemd unit whose end the receiver knows about, good or bad.
    """

    night: str = ""
    day: str = ""
    findings: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    unreachable: str = ""
    invocation: str = ""


def tell_night(settings: Settings, publication: Publication, misplaced: Iterable[str] = ()) -> None:
    """Sends the summary of a night to every receiver to whom it says something new.

    ``misplaced`` are deliveries that belong to no district-year, as sentences.
    """
    if not channels(settings.notifications):
        return
    try:
        night_summary = look(settings, publication, misplaced, settings.local_date(datetime.now(UTC)))
    except (OSError, duckdb.Error, StoreError) as error:
        logger.exception("the night cannot be summed up")
        tell_failure(settings, "summary of the night", str(error))
        return
    fingerprint = night_summary.fingerprint()
    with _told(settings) as told:

        def say(knows: _Told, send: Callable[[Message], None]) -> None:
            is_new = fingerprint != knows.night or bool(knows.failures)
            if is_new or (settings.notifications.every_night and str(night_summary.day) != knows.day):
                send(night_message(night_summary, set(knows.findings), settings.notifications.language))
                knows.night, knows.day, knows.failures = fingerprint, str(night_summary.day), []
                knows.findings = sorted(finding.key for finding in night_summary.findings)
            knows.invocation = os.environ.get("INVOCATION_ID", "")

        _each(settings, told, say)


def tell_watch_lists(settings: Settings) -> None:
    """Sends each department's watched projects to its people, where those of this week are due and were not sent."""
    receivers = department_channels(settings.notifications)
    week = due_week(settings)
    if not receivers or week is None:
        return
    with _told(settings) as told:
        waiting = {name: receiver for name, receiver in receivers.items() if told.get(name, _Told()).day != week}
        messages = {department: watch_list_messages(settings, department) for department, _ in waiting.values()}
        for name, (department, send) in waiting.items():
            knows = told.setdefault(name, _Told())
            try:
                for message in messages[department]:
                    send(message)
                knows.day, knows.unreachable = week, ""
            except NotDeliveredError as error:
                knows.unreachable = str(error)
                logger.warning("%s could not be told: %s", name, error)


def tell_failure(settings: Settings, what: str, reason: str, *, invocation: str = "") -> None:
    """Sends at once that ``what`` (a run, a unit) failed, unless that was told since the last message of a night.

    ``invocation`` is the start of a systemd unit that ended badly: whom the program itself told how it ended, in a
    night's message or one about a failure, is not told again.
    """
    reason = cut(plain(blotted(reason, secrets_of(settings))), _MAX_REASON_BYTES)
    fingerprint = hashlib.sha256(_CHANGING.sub(r"\1", f"{what}\n{reason}").encode()).hexdigest()[:16]
    message = _failure_message(settings, plain(what), reason)
    with _told(settings) as told:

        def say(knows: _Told, send: Callable[[Message], None]) -> None:
            if invocation and invocation == knows.invocation:
                return
            if fingerprint not in knows.failures:
                send(message)
                knows.failures.append(fingerprint)
            knows.invocation = os.environ.get("INVOCATION_ID", "")

        _each(settings, told, say)


def tell_test(settings: Settings, text: str = "") -> dict[str, str]:
    """Sends a test message to every receiver; returns what went wrong by receiver (empty: nothing).

    Who can be reached again is so for ``doctor`` too; what was missed meanwhile is told with the next run.
    """
    if settings.notifications.language == "zh":
        message = Message("【区级预算执行】测试消息", plain(text) or "收到此消息说明通知设置有效。", {"event": "test"})
    else:
        message = Message("[district finance] test message", plain(text) or "This receiver works.", {"event": "test"})
    told = _read(_path(settings))
    _each(settings, told, lambda _, send: send(message))
    if _path(settings).exists():  # a warehouse that is still empty stays so: a backup may be restored into it
        _keep(settings, told)
    return _unreachable(settings, told)


@contextmanager
def failures_told(settings: Settings, what: str) -> Iterator[None]:
    """Tells of any exception that leaves this context, and lets it pass."""
    try:
        yield
    except Exception as error:
        logger.exception("%s failed", what)
        tell_failure(settings, what, "".join(traceback.format_exception_only(error)).strip())
        raise


def unreachable_receivers(settings: Settings) -> dict[str, str]:
    """Receivers of the settings that could not be told the last time, with the reason."""
    return _unreachable(settings, _read(_path(settings)))


def _unreachable(settings: Settings, told: dict[str, _Told]) -> dict[str, str]:
    receivers = (*channels(settings.notifications), *department_channels(settings.notifications))
    names = [name for name in receivers if name in told]
    return {name: told[name].unreachable for name in names if told[name].unreachable}


def _failure_message(settings: Settings, what: str, reason: str) -> Message:
    now = datetime.now(UTC)
    facts = {"event": "failure", "date": settings.local_date(now).isoformat(), "what": what, "reason": reason}
    if settings.notifications.language == "zh":
        text = f"{what} 失败，上次发布不受影响。\n原因：{reason}\n处理：运行 district-finance doctor，并查看运行手册。"
        return Message(f"【区级预算执行】失败：{what}", text, facts)
    text = (
        f"{what} failed; the last publication stays.\nReason: {reason}\nRun 'district-finance doctor'; see the runbook."
    )
    return Message(f"[district finance] FAILED: {what}", text, facts)


def _each(settings: Settings, told: dict[str, _Told], say: Callable[[_Told, Callable[[Message], None]], None]) -> None:
    for name, send in channels(settings.notifications).items():
        knows = told.setdefault(name, _Told())
        try:
            say(knows, send)
            knows.unreachable = ""
        except NotDeliveredError as error:
            knows.unreachable = str(error)
            logger.warning("%s could not be told: %s", name, error)


@contextmanager
def _told(settings: Settings) -> Iterator[dict[str, _Told]]:
    """What each receiver knows; written back at the end."""
    told = _read(_path(settings))
    yield told
    _keep(settings, told)


def _keep(settings: Settings, told: dict[str, _Told]) -> None:
    """Writes what each receiver knows. A state that cannot be kept is logged, never raised."""
    path = _path(settings)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(path, json.dumps({name: asdict(knows) for name, knows in told.items()}, indent=1))
    except OSError as error:
        logger.warning("what was told cannot be kept in %s: %s", path, error)


def _path(settings: Settings) -> Path:
    return settings.warehouse / "notifications" / "told.json"


def _read(path: Path) -> dict[str, _Told]:
    try:
        return {name: _Told(**knows) for name, knows in json.loads(path.read_text(encoding="utf-8")).items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        logger.warning("%s cannot be read (%s): everything counts as not yet told", path, error)
        return {}
