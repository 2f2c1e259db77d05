"""Runs work in processes of their own, within bounds of memory and time: what dies there is told and harms nobody else.

A *fork server*, a process without threads that has loaded what the work needs, forks a *worker* whenever one is wanted,
and beside each worker a *minder* that does nothing but watch it: it ends a worker beyond its memory, or one whose
program is gone, and tells how it ended. A worker is used again as long as its work succeeds.

``start_early`` forks the server from the program itself, which costs milliseconds and shares what is already loaded; it
is for a program that has no threads yet. Everywhere else (Dagster, pytest, a notebook) the server is a new interpreter,
started with the first worker. Neither ever runs the program's main script again.
Does not belong here: what is done in a worker, what its failure means.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import pickle
import pkgutil
import resource
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeVar

from pipelines.log_fields import current_log_fields, log_fields

R = TypeVar("R")

Reason = Literal["memory", "time", "crash", "error"]

_PROGRAM = __name__.partition(".")[0]
_WATCH_MILLISECONDS = 50
_LAST_WORDS_MILLISECONDS = 5000
_STDERR_CHARACTERS = 2000
_OUT_OF_MEMORY = ("memory allocation of", "bad_alloc", "MemoryError", "out of memory")
_BADNESS = "500"
"""Where the machine itself runs out of memory, the kernel ends a worker before it ends the night."""


class WorkFailedError(Exception):
    """Work in another process came to no result.

    ``reason`` is the bound that it broke (``memory``, ``time``), ``crash`` where the process ended by itself, ``error``
    where the work raised what its caller does not expect. ``found`` is what was seen in a few words, ``detail`` the
    rest of it, for a log.
    """

    def __init__(self, reason: Reason, found: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {found} {detail}".rstrip())
        self.reason: Reason = reason
        self.found = found
        self.detail = detail

    def __reduce__(self) -> tuple[type[WorkFailedError], tuple[Reason, str, str]]:
        return type(self), (self.reason, self.found, self.detail)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one piece of work may take: memory of its process in bytes, seconds until its result."""

    memory_bytes: int
    seconds: float


class Workers:
    """Processes for work of one kind, at most as many as threads call ``run`` at a time.

    ``load`` names a function (``package.module:function``) that the fork server calls once, before the first worker.
    Usable from several threads; close it, or use it as a context manager.
    """

    def __init__(self, bounds: Bounds, *, load: str) -> None:
        self._bounds = bounds
        self._load = load
        self._idle: list[_Worker] = []
        self._lock = threading.Lock()

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends every idle worker."""
        with self._lock:
            workers, self._idle = self._idle, []
        for worker in workers:
            worker.dismiss()

    def run(self, work: Callable[..., R], *args: object, on_tell: Callable[[Any], None] | None = None) -> R:
        """What ``work(*args)`` gives, run in a worker; all of it has to be picklable.

        The worker's log records are handled here, with the facts of here; ``on_tell`` gets what the work hands to
        ``tell``.

        Raises:
            OSError: the work raised it.
            WorkFailedError: anything else; the worker is gone, the next ``run`` starts another.
        """
        with self._lock:
            worker = self._idle.pop() if self._idle else None
        worker = worker or _Worker(self._bounds, self._load)
        try:
            answer = worker.ask(work, args, on_tell)
        except BaseException:
            worker.dismiss()
            raise
        if answer.is_last:
            worker.dismiss()
        else:
            with self._lock:
                self._idle.append(worker)
        if answer.error is not None:
            raise answer.error
        return answer.result  # type: ignore[no-any-return]  # what ``work`` returned


@dataclass(frozen=True, slots=True)
class _Answer:
    """How a piece of work ended, and whether its worker does no further one."""

    result: Any
    error: OSError | None
    is_last: bool


class _Worker:
    """One worker as its program sees it: a socket on which it works, and a pipe on which its minder tells its end."""

    def __init__(self, bounds: Bounds, load: str) -> None:
        self._bounds = bounds
        self._task, theirs = socket.socketpair()
        self._ended, told = os.pipe()
        try:
            _server(load).fork([theirs.fileno(), told], bounds.memory_bytes)
        finally:
            theirs.close()
            os.close(told)
        self._stream = self._task.makefile("rwb")

    def ask(self, work: Callable[..., Any], args: tuple[object, ...], on_tell: Callable[[Any], None] | None) -> _Answer:
        """The answer, after what the work logs and tells before it."""
        deadline = time.monotonic() + self._bounds.seconds
        level = logging.getLogger(_PROGRAM).getEffectiveLevel()
        try:
            self._task.settimeout(self._bounds.seconds)
            pickle.dump((work, args, level, dict(current_log_fields())), self._stream)
            self._stream.flush()
            while True:
                self._task.settimeout(max(deadline - time.monotonic(), 0.001))
                message = pickle.load(self._stream)  # noqa: S301 - from a process of our own
                match message:
                    case _Answer():
                        return message
                    case WorkFailedError():
                        raise message
                    case logging.LogRecord():
                        _log_here(message)
                    case _Told():
                        if on_tell:
                            on_tell(message.message)
        except TimeoutError:
            raise WorkFailedError("time", f"no result within {self._bounds.seconds:g} s") from None
        except (EOFError, ConnectionError, pickle.UnpicklingError):
            raise self._failure() from None

    def _failure(self) -> WorkFailedError:
        """What the minder tells of a worker that is gone."""
        told = b""
        minder = select.poll()
        minder.register(self._ended, select.POLLIN)
        while minder.poll(_LAST_WORDS_MILLISECONDS) and (part := os.read(self._ended, 65536)):
            told += part
        if not told:
            return WorkFailedError("crash", "the process could not be started, or ended with its minder")
        return WorkFailedError(*json.loads(told))

    def dismiss(self) -> None:
        """Lets go of the process, which its minder then ends; nothing waits for one that cannot be ended."""
        with suppress(OSError):
            self._stream.close()
        self._task.close()
        os.close(self._ended)


def _log_here(record: logging.LogRecord) -> None:
    logger = logging.getLogger(record.name)
    if logger.isEnabledFor(record.levelno):
        logger.handle(record)


# What follows up to the worker itself: the fork server, as its program sees it and from inside.


@dataclass(slots=True)
class _Server:
    """The fork server as its program sees it."""

    control: socket.socket
    process_id: int
    of_process: int
    process: subprocess.Popen[bytes] | None = None

    def fork(self, descriptors: list[int], memory_bytes: int) -> None:
        """Forks a worker that has these open: the socket on which it works, the pipe of its minder."""
        socket.send_fds(self.control, [struct.pack("Q", memory_bytes)], descriptors)

    def stop(self) -> None:
        """Ends the server; its workers end by themselves, because nobody is at the other end of their sockets."""
        self.control.close()
        with suppress(ChildProcessError, ProcessLookupError):
            os.kill(self.process_id, signal.SIGKILL)
            self.process.wait() if self.process else os.waitpid(self.process_id, 0)


_servers: dict[str, _Server] = {}
_starting = threading.Lock()


def start_early(load: str) -> None:
    """Forks the server from this process, where that is safe: it has one thread, and no database open yet.

    ``load`` as for ``Workers``. It is called with the first worker, so a program that then has no work pays nothing.
    """
    if load in _servers or threading.active_count() > 1:
        return
    ours, theirs = socket.socketpair()
    sys.stdout.flush()
    sys.stderr.flush()
    # Python warns of threads that a library may have; those of numpy and Arrow, idle here, provide for a fork.
    process_id = os.fork()
    if process_id == 0:
        _serve_and_exit(theirs.fileno(), load)
    theirs.close()
    _keep(load, _Server(ours, process_id, os.getpid()))


def _server(load: str) -> _Server:
    with _starting:
        server = _servers.get(load)
        if server is None or server.of_process != os.getpid():
            server = _new_interpreter(load)
            _keep(load, server)
        return server


def _new_interpreter(load: str) -> _Server:
    ours, theirs = socket.socketpair()
    program = "import json, sys; sys.path[:] = json.loads(sys.argv[3]); from pipelines.isolation import serve; serve()"
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and words
        [sys.executable, "-c", program, str(theirs.fileno()), load, json.dumps([str(entry) for entry in sys.path])],
        pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    theirs.close()
    return _Server(ours, process.pid, os.getpid(), process)


def _keep(load: str, server: _Server) -> None:
    if not _servers:
        atexit.register(_stop_servers)
    _servers[load] = server


def _stop_servers() -> None:
    for server in _servers.values():
        if server.of_process == os.getpid():
            server.stop()
    _servers.clear()


def serve() -> NoReturn:
    """The whole life of a fork server in an interpreter of its own; its arguments are those of the command."""
    _serve_and_exit(int(sys.argv[1]), sys.argv[2])


def _serve_and_exit(control: int, load: str) -> NoReturn:
    """Never comes back into what forked it, whatever happens."""
    try:
        _serve(control, load)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


def _serve(control: int, load: str) -> None:
    # Whoever ends the program ends it: a key or a service manager that signals all of them leaves the rest to it.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # minders are nobody's concern
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):
        os.dup2(nothing, standard)
    # Files and locks of the program that forked this one are not held open here. Their numbers stay taken: what is
    # left of its objects may close them at any time.
    for descriptor in [int(path.name) for path in Path("/dev/fd").iterdir()]:
        if descriptor > 2 and descriptor != control:
            with suppress(OSError):  # the one with which the list was read
                os.fstat(descriptor)
                os.dup2(nothing, descriptor)
    for logger in (logging.getLogger(), logging.getLogger(_PROGRAM)):
        logger.handlers.clear()
    is_loaded = False
    with socket.socket(fileno=control) as requests:
        while True:
            message, descriptors, *_ = socket.recv_fds(requests, 8, 2)
            if not message:
                return
            if not is_loaded:
                pkgutil.resolve_name(load)()
                is_loaded = True
            if os.fork() == 0:
                requests.close()
                _mind_and_exit(*descriptors, *struct.unpack("Q", message))
            for descriptor in descriptors:
                os.close(descriptor)


def _mind_and_exit(task: int, told: int, memory_bytes: int) -> NoReturn:
    try:
        _mind(task, told, memory_bytes)
    finally:
        os._exit(0)


def _mind(task: int, told: int, memory_bytes: int) -> None:
    """Watches a worker until it ends, and tells how it ended; ends it where its program is gone."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    stderr = os.memfd_create("stderr") if hasattr(os, "memfd_create") else os.open(os.devnull, os.O_RDWR)
    worker = os.fork()
    if worker == 0:
        os.close(told)
        os.dup2(stderr, 2)
        _work_and_exit(task, memory_bytes)
    os.close(task)
    reason: Reason = "crash"
    memory = 0  # a worker may have ended before it is looked at
    program = select.poll()
    program.register(told, 0)  # no event but that its other end is closed
    while True:
        ended, status = os.waitpid(worker, os.WNOHANG)
        if ended:
            break
        is_gone = bool(program.poll(_WATCH_MILLISECONDS))
        if (memory := _resident_bytes(worker)) > memory_bytes:
            reason = "memory"
        if is_gone or reason == "memory":
            os.kill(worker, signal.SIGKILL)
            os.waitpid(worker, 0)
            break
    found, detail = f"{memory // 1024**2:,} MB in use", ""
    if reason != "memory":
        words = os.pread(stderr, os.fstat(stderr).st_size, 0).decode("utf-8", "replace")[-_STDERR_CHARACTERS:]
        if any(word in words for word in _OUT_OF_MEMORY):
            reason = "memory"
        code = os.waitstatus_to_exitcode(status)
        found = f"signal {-code} ({signal.strsignal(-code)})" if code < 0 else f"exit status {code}"
        detail = " ".join(words.split())
    with suppress(BrokenPipeError):
        os.write(told, json.dumps([reason, found, detail]).encode())


def _resident_bytes(process: int) -> int:
    """The memory of a process that is really there; 0 where the system does not tell, or it has ended."""
    with suppress(OSError):
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * resource.getpagesize()
    return 0


# What follows runs in a worker.


@dataclass(frozen=True, slots=True)
class _Told:
    message: object


_to_program: Callable[[object], None] | None = None


def tell(message: object) -> None:
    """Hands ``message`` (picklable) to the ``on_tell`` of the program; for work, while it runs in a worker."""
    if _to_program is None:
        raise RuntimeError("not in a worker")
    _to_program(_Told(message))


class _ToProgram(logging.Handler):
    """Sends log records to the program, with the facts that count here."""

    def __init__(self, send: Callable[[object], None]) -> None:
        super().__init__()
        self._send = send

    def emit(self, record: logging.LogRecord) -> None:
        """As a record that needs nothing of this process: its text is made here."""
        record.msg, record.args = record.getMessage(), None
        if record.exc_info and record.exc_info[0]:
            record.msg += "\n" + "".join(traceback.format_exception(*record.exc_info))
        record.exc_info = None
        vars(record).update({name: fact for name, fact in current_log_fields().items() if name not in vars(record)})
        self._send(record)


def _work_and_exit(task: int, memory_bytes: int) -> NoReturn:
    try:
        _bound_memory(memory_bytes)
        _work(task, memory_bytes)
    except BaseException:
        traceback.print_exc()  # to the minder
        os._exit(1)
    finally:
        os._exit(0)


def _bound_memory(memory_bytes: int) -> None:
    """One request for far too much fails by itself; what grows is the minder's."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_BADNESS)
    reserved = 0  # libraries reserve much that they never touch
    with suppress(OSError):
        reserved = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (reserved + _RESERVED_LATER + memory_bytes,) * 2)


_RESERVED_LATER = 2 * 1024**3


def _work(task: int, memory_bytes: int) -> None:
    global _to_program  # noqa: PLW0603 - a worker works for one program
    stream = socket.socket(fileno=task).makefile("rwb")
    sending = threading.Lock()

    def send(message: object) -> None:
        data = pickle.dumps(message)
        with sending:
            stream.write(data)
            stream.flush()

    _to_program = send
    logger = logging.getLogger(_PROGRAM)
    logger.handlers[:] = [_ToProgram(send)]
    logger.propagate = False
    while True:
        try:
            work, args, level, fields = pickle.load(stream)  # noqa: S301 - from the program itself
        except EOFError:
            return
        logger.setLevel(level)
        with log_fields(**fields):
            send(_answer(work, args, memory_bytes // 4))


def _answer(work: Callable[..., object], args: tuple[object, ...], used_up: int) -> _Answer | WorkFailedError:
    """What the work gives; ``used_up`` are the bytes from which a worker does no further work."""
    result, failure = None, None
    try:
        result = work(*args)
    except OSError as error:
        failure = error
    except MemoryError as error:
        return WorkFailedError("memory", "a request for more than there is", str(error) or "MemoryError")
    except Exception as error:
        return WorkFailedError("error", type(error).__name__, traceback.format_exc())
    return _Answer(result, failure, is_last=_resident_bytes(os.getpid()) > used_up)
