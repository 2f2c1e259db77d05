"""Opens what lies in ``raw/``, where a pipe, a device or a share that went away would keep a run waiting for ever.

Does not belong here: what is in a file (read, layouts, warehouse.reference), links (links).
"""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Callable, Iterator
from io import FileIO
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TypeVar

T = TypeVar("T")

ANSWER_SECONDS = 30.0
"""So long a folder or a file may take to answer; a share that does not is as good as gone."""

_BLOCK = 4 * 1024**2


def answered(question: Callable[[], T], *, about: Path, seconds: float | None = None) -> T:
    """What ``question`` gives or raises; after ``seconds`` (``ANSWER_SECONDS``) without either, an error.

    Raises:
        TimeoutError: no answer came. The thread that waits for it is left behind; nothing could end it.
    """
    answers: SimpleQueue[tuple[T | None, BaseException | None]] = SimpleQueue()

    def ask() -> None:
        try:
            answers.put((question(), None))
        except BaseException as error:
            answers.put((None, error))

    threading.Thread(target=ask, name="answer", daemon=True).start()
    try:
        result, error = answers.get(timeout=ANSWER_SECONDS if seconds is None else seconds)
    except Empty:
        raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT), str(about)) from None
    if error is not None:
        raise error
    return result  # type: ignore[return-value]  # there is one wherever there is no error


def open_regular(path: Path) -> FileIO:
    """The file, open for reading.

    Raises:
        OSError: it cannot be opened, does not answer (``TimeoutError``), or is a folder, a pipe, a device.
    """

    def opened() -> FileIO:
        # Without waiting for who might write into a pipe.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            os.close(descriptor)
            number = errno.EISDIR if stat.S_ISDIR(mode) else errno.ENXIO
            raise OSError(number, "Not a regular file 不是普通文件", str(path))
        return FileIO(descriptor)  # without a buffer, whose lock would keep who gives up from closing it

    return answered(opened, about=path)


def blocks(path: Path) -> Iterator[bytes]:
    """The content of a file, block by block; raises as ``open_regular`` does, and where no further block comes."""
    with open_regular(path) as stream:
        while block := answered(lambda: stream.read(_BLOCK), about=path):
            yield block


def small_file(path: Path, *, at_most: int) -> bytes:
    """The content of a file that a person keeps by hand.

    Raises:
        OSError: as ``open_regular``; EFBIG where it has more than ``at_most`` bytes.
    """
    content = bytearray()
    for block in blocks(path):
        content += block
        if len(content) > at_most:
            raise OSError(errno.EFBIG, f"more than {at_most:,} bytes 超过 {at_most:,} 字节", str(path))
    return bytes(content)
