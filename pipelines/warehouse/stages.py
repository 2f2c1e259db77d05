"""The stages that a run passes through, in order: told to whoever listens.

Progress displays listen; so do the tests that kill a run or fill its disk at each stage. A run without a listener only
logs the stage. Does not belong here: what is done at any stage.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum

logger = logging.getLogger(__name__)


class Stage(StrEnum):
    """What a run has just done, in the order of a run; up to ``VERSION_COUNTS`` each occurs once per district-year."""

    READING_FILE = "reading-file"
    """A delivered file is open, part of what it gives is written beside its place."""
    FILE_READ = "file-read"
    """What the file gave is in the store; no version names it yet."""
    VERSION_WRITTEN = "version-written"
    """The version's directory is in place but does not count yet."""
    VERSION_COUNTS = "version-counts"
    """The version counts; an earlier attempt that was held back is still there."""
    BUILD_STARTED = "build-started"
    """The new database file exists and is empty."""
    CORE_LOADED = "core-loaded"
    """Schemas core and quality are filled."""
    SUMMARIES_MADE = "summaries-made"
    """Every table is filled; the gate is asked next."""
    CHECKPOINTED = "checkpointed"
    """The new file is complete and closed."""
    VERIFIED = "verified"
    """The new file was read back; the rename comes next."""
    RENAMED = "renamed"
    """The new file is the published one; what it said is not in the history yet."""
    HISTORY_KEPT = "history-kept"
    """What the publication said is in the history."""
    REPORT_STARTED = "report-started"
    """The workbook of a report is in place, its page is still that of before; occurs once per district-year."""
    REPORTS_WRITTEN = "reports-written"
    """Every report is in place; that all of them are is not noted yet."""


_listeners: list[Callable[[Stage], None]] = []


def reached(stage: Stage) -> None:
    """Tells every listener that the run has come to ``stage``; what a listener raises ends the run."""
    logger.debug("stage %s", stage)
    tell_listeners(stage)


def tell_listeners(stage: Stage) -> None:
    """Tells them of a stage that another process of the run has logged."""
    for listener in _listeners:
        listener(stage)


def listen_only(listener: Callable[[Stage], None]) -> None:
    """Makes ``listener`` the only one, for good: in a process that works for another, which has the others."""
    _listeners[:] = [listener]


@contextmanager
def listening(listener: Callable[[Stage], None]) -> Iterator[None]:
    """Calls ``listener`` at every stage while the context is open."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)
