"""Takes the next items of an iterator in a thread while the last one is worked on.

Reading a file, and validating and storing what was read, are mostly work of Arrow and DuckDB, which let other threads
run. The queue is bounded, so that memory does not grow with the file.
Does not belong here: what is read or done.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable
from contextvars import copy_context
from queue import Full, Queue
from typing import TypeVar

T = TypeVar("T")

_WAIT_SECONDS = 0.1


def ahead(items: Iterable[T]) -> Generator[T]:
    """The same items in the same order, the next one prepared meanwhile; what preparing raises is raised here.

    The thread has ended when this generator is exhausted or closed.
    """
    queue: Queue[tuple[T | None, BaseException | None]] = Queue(maxsize=1)
    stopped = threading.Event()

    def put(item: T | None, error: BaseException | None) -> bool:
        while not stopped.is_set():
            try:
                queue.put((item, error), timeout=_WAIT_SECONDS)
            except Full:
                continue
            return True
        return False

    def prepare() -> None:
        try:
            for item in items:
                if not put(item, None):
                    return
        except BaseException as error:
            put(None, error)
        else:
            put(None, StopIteration())

    thread = threading.Thread(target=copy_context().run, args=(prepare,), name="read-ahead")
    thread.start()
    try:
        while True:
            item, error = queue.get()
            if isinstance(error, StopIteration):
                return
            if error is not None:
                raise error
            yield item  # type: ignore[misc]  # there is an item wherever there is no error
    finally:
        stopped.set()
        thread.join()
