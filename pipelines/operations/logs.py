"""The structured log: one JSON object a line, one file a day, with run, district, year and file.

Lines are appended one at a time, so that several processes may write to the same file, and a day's file is never
renamed. Secrets of the settings are blotted out wherever they occur.
Does not belong here: what is worth a line (that is said where it happens), progress for people at a terminal.
"""

from __future__ import annotations

import json
import logging
import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from pydantic import BaseModel, SecretStr

from pipelines.log_fields import current_log_fields, log_fields
from pipelines.printable import in_json
from pipelines.settings import Settings

PROGRAM = "pipelines"
"""The logger above all of ours."""

_FIRST = ("run", "district", "year", "file")
_NOT_FACTS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_SHORTEST_SECRET = 6
_BLOT = "•••"


class JsonLines(logging.Formatter):
    """A log record as one line of JSON: time, level, message, run, district, year, file, then further facts."""

    def __init__(self, time_zone: ZoneInfo, secrets: list[str]) -> None:
        super().__init__()
        self._time_zone = time_zone
        # In JSON, and in the repr that many an error message uses, quotes and backslashes are written otherwise.
        written = {form for text in secrets for form in (text, _in_json(text), _in_json(repr(text)[1:-1]))}
        self._secrets = sorted(written, key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        facts = all_facts(record)
        moment = datetime.fromtimestamp(record.created, UTC).astimezone(self._time_zone)
        line: dict[str, object] = {
            "time": moment.isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "message": record.getMessage(),
            **facts,
            "logger": record.name,
        }
        if record.exc_info and record.exc_info[0]:
            line["error"] = "".join(traceback.format_exception(*record.exc_info))
        return blotted(in_json(json.dumps(line, ensure_ascii=False, default=str)), self._secrets)


def _in_json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def all_facts(record: logging.LogRecord) -> dict[str, object]:
    """The facts of a record: run, district, year and file first, then what was given to the call by ``extra``."""
    given = {name: value for name, value in vars(record).items() if name not in _NOT_FACTS}
    facts = {**current_log_fields(), **given}
    return {**{name: facts[name] for name in _FIRST if name in facts}, **facts}


def secrets_of(settings: BaseModel) -> list[str]:
    """The text of every secret in the settings, longest first; shorter ones than six characters blot nothing."""
    found: set[str] = set()
    _collect(settings, found)
    return sorted((text for text in found if len(text) >= _SHORTEST_SECRET), key=len, reverse=True)


def _collect(value: object, found: set[str]) -> None:
    if isinstance(value, SecretStr):
        found.add(value.get_secret_value())
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            _collect(getattr(value, name), found)
    elif isinstance(value, dict):
        for entry in value.values():
            _collect(entry, found)


def blotted(text: str, secrets: list[str]) -> str:
    """``text`` with every secret replaced."""
    for secret in secrets:
        text = text.replace(secret, _BLOT)
    return text


@contextmanager
def structured_log(settings: Settings, run: str | None = None) -> Iterator[str]:
    """Writes what the program logs in this context to the day's file; yields the run's id.

    ``run`` is the id that each line carries; by default the time and the process make one.
    """
    now = datetime.now(UTC)
    run = run or f"{now:%Y%m%dT%H%M%S}-{os.getpid()}"
    path = settings.logs / f"{settings.local_date(now)}.jsonl"
    with suppress(OSError):  # a log that cannot be kept ends no run; what is wrong with the place is told by the run
        settings.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    handler = logging.FileHandler(path, encoding="utf-8", delay=True)
    handler.setFormatter(JsonLines(ZoneInfo(settings.schedule.time_zone), secrets_of(settings)))
    handler.setLevel(settings.log_level)
    program = logging.getLogger(PROGRAM)
    level = program.level
    program.setLevel(min(level or logging.CRITICAL, handler.level))
    program.addHandler(handler)
    try:
        with log_fields(run=run):
            yield run
    finally:
        program.removeHandler(handler)
        program.setLevel(level)
        handler.close()
