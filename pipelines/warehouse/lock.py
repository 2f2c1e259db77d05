"""One writer at a time: the lock of a warehouse directory.

Readers never take it. The lock belongs to the process, so a killed run leaves none behind.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class WarehouseLockedError(Exception):
    """Another run writes to this warehouse: which process, and what to do."""


@contextmanager
def warehouse_lock(warehouse: Path, *, wait_seconds: float = 0) -> Iterator[None]:
    """Holds the warehouse's lock; waits up to ``wait_seconds`` for another run to end.

    Raises:
        WarehouseLockedError: another run still holds it.
    """
    warehouse.mkdir(parents=True, exist_ok=True)
    path = warehouse / ".lock"
    deadline = time.monotonic() + wait_seconds
    with path.open("a+") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    file.seek(0)
                    raise WarehouseLockedError(
                        f"{warehouse}: another run (process {file.read().strip() or 'unknown'}) is writing here. "
                        "Wait until it has ended, or end it; nothing was changed. "
                        "另一次运行正在写入，请等待其结束；未作任何改动。"
                    ) from None
                time.sleep(0.2)
        file.seek(0)
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        yield
