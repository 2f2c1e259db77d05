"""When a night last came to its end, and how: the sign of life that ``status`` and ``doctor`` read.

A publication that did not change keeps its file's time, so that file cannot tell.
Does not belong here: what the night published (``quality.build``).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipelines.settings import Settings
from pipelines.warehouse.store import write_atomically


@dataclass(frozen=True, slots=True)
class LastNight:
    """The end of the last night that came to one: when (UTC), its publication's status and its exit code."""

    finished_at: datetime
    outcome: str
    exit_code: int


def record_night(settings: Settings, outcome: str, exit_code: int) -> None:
    """Keeps that a night ended now."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    kept = {"finished_at": now, "outcome": outcome, "exit_code": exit_code}
    write_atomically(_path(settings), json.dumps(kept), mode=0o600)


def last_night(settings: Settings) -> LastNight | None:
    """The last night that came to an end, or None where none is known."""
    try:
        kept = json.loads(_path(settings).read_text(encoding="utf-8"))
        return LastNight(datetime.fromisoformat(kept["finished_at"]), kept["outcome"], kept["exit_code"])
    except (OSError, ValueError, KeyError):
        return None


def _path(settings: Settings) -> Path:
    return settings.warehouse / "last_night.json"
