"""What a long command shows while it works: one moving line at a terminal, plain log lines elsewhere.

Both come from the program's own log records, so that no step knows who is watching.
Does not belong here: what is logged, or the result that a command prints at its end.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy

from rich.console import Console
from rich.status import Status

from pipelines.printable import printable

_PROGRAM = "pipelines"
_FACTS = ("district", "year", "version", "file", "refused", "build", "path", "rows")


@contextmanager
def progress(what: str) -> Iterator[None]:
    """Shows on standard error how ``what`` goes on; warnings and errors stay on the screen."""
    logger = logging.getLogger(_PROGRAM)
    level = logger.level
    logger.setLevel(logging.INFO)
    console = Console(stderr=True)
    if console.is_terminal:
        with console.status(what) as status:
            yield from _handled(logger, _StatusLine(status, what), level)
    else:
        yield from _handled(logger, _plain_lines(), level)


def _handled(logger: logging.Logger, handler: logging.Handler, level: int) -> Iterator[None]:
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def _plain_lines() -> logging.Handler:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Sentence("%(asctime)s %(levelname)s %(message)s"))
    return handler


class _Sentence(logging.Formatter):
    """The message followed by the facts that the record carries, as ``name=value``: one record, one line.

    A traceback is for the structured log; what a user can mend is said by the command's own error.
    """

    def format(self, record: logging.LogRecord) -> str:
        facts = [f"{name}={value}" for name in _FACTS if (value := getattr(record, name, None)) is not None]
        shown = copy(record)
        shown.exc_info = shown.exc_text = None
        return printable(" ".join([super().format(shown), *facts]))


class _StatusLine(logging.Handler):
    """Moves the terminal's one line; what is worse than information is printed above it and stays."""

    def __init__(self, status: Status, what: str) -> None:
        super().__init__()
        self.setFormatter(_Sentence("%(message)s"))
        self._status = status
        self._what = what

    def emit(self, record: logging.LogRecord) -> None:
        text = self.format(record)
        if record.levelno >= logging.WARNING:
            self._status.console.print(text, markup=False, highlight=False)
        else:
            self._status.update(f"{self._what} · {text}".replace("[", r"\["))
