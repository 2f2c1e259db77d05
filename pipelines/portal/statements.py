"""Readers' statements: so many at once, so many of one reader, each in a process that is ended if it does not end.

Does not belong here: what a statement can reach (``statement_process``), who may ask (``access``).
"""

from __future__ import annotations

import multiprocessing
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from pipelines.portal.statement_process import Answer, FileFormat, Job, Limits, Refusal, serve_statements
from pipelines.settings import Portal

_PATIENCE_SECONDS = 2.0
"""How long a process may need to tell that it was interrupted, before it is ended."""


_START_SECONDS = 60.0
"""How long a process may need to start, on a machine that is busy; a statement's time begins behind it."""

_WAIT_SECONDS = 60.0
"""How long a statement waits for its turn."""


class BusyError(Exception):
    """As many statements as are allowed run or wait already."""


@dataclass(slots=True)
class _Worker:
    process: multiprocessing.process.BaseProcess
    channel: Connection
    is_ready: bool = False

    def end(self) -> None:
        self.channel.close()
        self.process.kill()
        self.process.join()


class Statements:
    """Runs statements on the newest publication of ``database``."""

    def __init__(self, database: Path, portal: Portal) -> None:
        self._database = database
        self._portal = portal
        self._limits = Limits(
            portal.sql_seconds, portal.sql_memory_mb, portal.file_rows_at_most, portal.sql_bytes_at_most
        )
        self._turn = threading.Condition()
        self._running: Counter[str] = Counter()
        self._waiting: Counter[str] = Counter()
        self._idle: list[_Worker] = []

    def page(self, user: str, sql: str, number: int) -> Answer | Refusal:
        """A page of the statement's rows, the first being 1. Raises ``BusyError``."""
        size = self._portal.sql_rows_per_page
        return self._run(user, Job(sql, (number - 1) * size, size))

    def file(self, user: str, sql: str, file_format: FileFormat, path: Path) -> Answer | Refusal:
        """Writes the whole result to ``path``. Raises ``BusyError``."""
        return self._run(user, Job(sql, 0, 0, path, file_format))

    def prepare(self) -> None:
        """Starts the process of the first statement, which would otherwise wait for it."""
        with self._turn:
            self._idle.append(self._started())

    def close(self) -> None:
        """Ends every process that waits for work."""
        with self._turn:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.end()

    def _run(self, user: str, job: Job) -> Answer | Refusal:
        with self._place(user):
            worker = self._worker()
            try:
                if not worker.is_ready and not worker.channel.poll(_START_SECONDS):
                    worker.end()
                    raise BusyError("服务器繁忙，请稍后再试。The server is too busy; please try again.")
                if not worker.is_ready:
                    worker.channel.recv()
                    worker.is_ready = True
                worker.channel.send(job)
                if worker.channel.poll(self._limits.seconds + _PATIENCE_SECONDS):
                    outcome: Answer | Refusal = worker.channel.recv()
                    if isinstance(outcome, Refusal) and outcome.kind in ("memory", "unpublished"):
                        worker.end()  # what it holds goes back to the system
                    else:
                        with self._turn:
                            self._idle.append(worker)
                    return outcome
            except (EOFError, OSError):
                worker.end()
                return Refusal(
                    "memory",
                    f"查询占用内存过多，已终止。It needed more than {self._limits.memory_mb} MB and was ended.",
                )
            worker.end()
            seconds = self._limits.seconds
            return Refusal("time", f"超过 {seconds:g} 秒，已终止。Ended: it took longer than {seconds:g} seconds.")

    @contextmanager
    def _place(self, user: str) -> Iterator[None]:
        """A place among those that run; a user's statements wait for that user's own, not for everybody's."""
        portal = self._portal
        with self._turn:
            if self._waiting.total() >= portal.sql_waiting_at_most and not self._has_place(user):
                raise BusyError("查询较多，请稍后再试。Many statements are waiting; please try again soon.")
            self._waiting[user] += 1
            try:
                if not self._turn.wait_for(lambda: self._has_place(user), timeout=_WAIT_SECONDS):
                    raise BusyError("等待时间过长，请稍后再试。It had to wait for too long; please try again.")
                self._running[user] += 1
            finally:
                self._waiting[user] -= 1
                self._waiting += Counter()
        try:
            yield
        finally:
            with self._turn:
                self._running[user] -= 1
                self._running += Counter()
                self._turn.notify_all()

    def _has_place(self, user: str) -> bool:
        portal = self._portal
        return self._running.total() < portal.sql_at_once and self._running[user] < portal.sql_at_once_per_user

    def _worker(self) -> _Worker:
        with self._turn:
            while self._idle:
                worker = self._idle.pop()
                if worker.process.is_alive():
                    return worker
                worker.end()
        return self._started()

    def _started(self) -> _Worker:
        context = multiprocessing.get_context("spawn")
        channel, far_end = context.Pipe()
        process = context.Process(
            target=serve_statements, args=(far_end, self._database, self._limits), name="statement", daemon=True
        )
        process.start()
        far_end.close()
        return _Worker(process, channel)
