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


def blocks(path: Path) -> Iterator[bytes]:
    """The content of a file, block by block.

    Raises:
        OSError: it cannot be opened, is a folder, a pipe, a device, or does not answer (``TimeoutError``).
    """
    # To open a file and to read the first of it is one question: most files are small, and each costs a thread.
    stream, block = answered(lambda: _opened(path), about=path)
    with stream:
        while block:
            yield block
            block = answered(lambda: _filled(stream), about=path) if len(block) == _BLOCK else b""


def _opened(path: Path) -> tuple[FileIO, bytes]:
    """The file, open for reading behind its first block, and that block."""
    # Without waiting for who might write into a pipe.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        number = errno.EISDIR if stat.S_ISDIR(mode) else errno.ENXIO
        raise OSError(number, "Not a regular file 不是普通文件", str(path))
    stream = FileIO(descriptor)  # without a buffer, whose lock would keep who gives up from closing it
    try:
        return stream, _filled(stream)
    except BaseException:
        stream.close()
        raise


def _filled(stream: FileIO) -> bytes:
    """The next block of a file; a shorter one is the last, since only the end of the file ends it early."""
    block = bytearray()
    while part := stream.read(_BLOCK - len(block)):
        block += part
    return bytes(block)


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
