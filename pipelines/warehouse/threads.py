"""Threads for reading: the next batch of a file while the last one is stored, and several files side by side.

Reading a file, and validating and storing what was read, are mostly work of Arrow and DuckDB, which let other threads
run. What waits is bounded, so that memory grows neither with a file nor with their number.
Does not belong here: what is read or done.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def prefetched(items: Iterable[T]) -> Generator[T]:
    """The same items in the same order, the next one prepared meanwhile; what preparing raises is raised here.

    No further one is begun before it was taken. The thread has ended when this generator is exhausted or closed.
    """
    prepared: SimpleQueue[tuple[T | None, BaseException | None]] = SimpleQueue()
    wanted = threading.Semaphore()
    stopped = threading.Event()
    remaining = iter(items)

    def prepare() -> None:
        error: BaseException | None = None
        while error is None:
            wanted.acquire()
            if stopped.is_set():
                return
            item = None
            try:
                item = next(remaining)
            except BaseException as raised:
                error = raised
            prepared.put((item, error))

    thread = threading.Thread(target=copy_context().run, args=(prepare,), name="read-ahead")
    thread.start()
    try:
        while True:
            item, error = prepared.get()
            if isinstance(error, StopIteration):
                return
            if error is not None:
                raise error
            wanted.release()
            yield item  # type: ignore[misc]  # there is an item wherever there is no error
    finally:
        stopped.set()
        wanted.release()
        thread.join()


def in_parallel(work: Callable[[T], R], items: Iterable[T], *, at_a_time: int) -> list[R]:
    """What ``work`` gives of each item, in their order; what it raises of the first that fails is raised here.

    What is begun is finished, what then waits is not begun after a failure; no thread is left.
    """
    with ThreadPoolExecutor(at_a_time, thread_name_prefix="file") as threads:
        futures = [threads.submit(copy_context().run, work, item) for item in items]
        try:
            return [future.result() for future in futures]
        finally:
            threads.shutdown(cancel_futures=True)
