"""Work in processes of its own: whatever happens to it there is told, and the next work is done all the same."""

from __future__ import annotations

import ctypes
import errno
import logging
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from pipelines.isolation import Bounds, Workers, WorkFailedError, tell
from pipelines.log_fields import log_fields

MEGABYTE = 1024**2
logger = logging.getLogger("pipelines.test")


def load() -> None:
    """Called once in the fork server."""
    os.environ["LOADED"] = str(os.getpid())


def whereabouts() -> tuple[int, str]:
    return os.getpid(), os.environ["LOADED"]


def killed(number: int) -> None:
    os.kill(os.getpid(), number)


def aborted() -> None:
    sys.stderr.write("memory allocation of 824633720832 bytes failed\n")
    sys.stderr.flush()
    os.abort()


def segmentation_fault() -> None:
    ctypes.string_at(0)


def left() -> None:
    os._exit(0)


def recursion() -> int:
    return recursion() + 1


def endless() -> None:
    while True:
        pass


def hanging() -> None:
    # Not even a signal handler of Python runs meanwhile.
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    signal.sigwait([signal.SIGUSR2])


def growing() -> None:
    held = []
    while True:
        held.append(bytearray(b"x") * (8 * MEGABYTE))


def all_at_once() -> bytearray:
    return bytearray(824 * 1024**3)


def gone() -> None:
    raise FileNotFoundError(errno.ENOENT, "No such file or directory", "支付.csv")


def mistaken() -> None:
    raise KeyError("nobody expects this")


def logged_and_told() -> str:
    logger.debug("not wanted")
    with log_fields(file="a.csv"):
        logger.warning("%s lines\nof %s", 3, "a.csv", extra={"sheet": "一"})
    tell({"batch": 1})
    return "done"


def file_descriptors() -> set[str]:
    return {str(path.readlink()) for path in Path("/proc/self/fd").iterdir() if path.exists()}


@pytest.fixture
def workers() -> Iterator[Workers]:
    with Workers(Bounds(memory_bytes=400 * MEGABYTE, seconds=20), load="test_isolation:load") as workers:
        yield workers


def test_a_worker_is_another_process_and_used_again(workers: Workers) -> None:
    first, second = workers.run(whereabouts), workers.run(whereabouts)
    assert first == second
    assert str(os.getpid()) not in map(str, first)


def test_each_thread_has_a_worker_of_its_own_from_one_server(workers: Workers) -> None:
    together = threading.Barrier(2, timeout=60)

    def asked(_: object) -> tuple[int, str]:
        together.wait()
        return workers.run(whereabouts)

    with ThreadPoolExecutor(2) as threads:
        (one, server), (other, same_server) = threads.map(asked, range(2))
    assert one != other
    assert server == same_server


@pytest.mark.parametrize(
    ("work", "args", "reason", "detail"),
    [
        (killed, (signal.SIGKILL,), "crash", "signal 9"),
        (killed, (signal.SIGBUS,), "crash", "signal 7"),
        (segmentation_fault, (), "crash", "signal 11"),
        (aborted, (), "memory", "signal 6"),
        (left, (), "crash", "exit status 0"),
        (growing, (), "memory", "MB in use"),
        (all_at_once, (), "memory", "MemoryError"),
        (recursion, (), "error", "RecursionError"),
        (mistaken, (), "error", "nobody expects this"),
    ],
)
def test_what_ends_a_worker_is_told_and_the_next_one_works(
    workers: Workers, work: Callable[..., object], args: tuple[object, ...], reason: str, detail: str
) -> None:
    with pytest.raises(WorkFailedError, match=detail) as failure:
        workers.run(work, *args)
    assert failure.value.reason == reason
    assert workers.run(whereabouts)


@pytest.mark.parametrize("work", [endless, hanging])
def test_work_that_does_not_end_is_ended(work: Callable[[], None]) -> None:
    with Workers(Bounds(memory_bytes=400 * MEGABYTE, seconds=0.5), load="test_isolation:load") as workers:
        process, _ = _patient(workers)
        with pytest.raises(WorkFailedError) as failure:
            workers.run(work)
        assert failure.value.reason == "time"
        _assert_ends(process)
        assert _patient(workers)[0] != process


def _patient(workers: Workers) -> tuple[int, str]:
    """Where work is done, however long a busy machine takes to begin with it."""
    for _ in range(100):
        with suppress(WorkFailedError):
            return workers.run(whereabouts)
    raise AssertionError("no work is done")


def _assert_ends(process: int) -> None:
    for _ in range(600):
        if not Path(f"/proc/{process}").exists():
            return
        time.sleep(0.05)
    raise AssertionError(f"{process} still runs")


def test_errors_of_files_are_raised_as_they_are(workers: Workers) -> None:
    process, _ = workers.run(whereabouts)
    with pytest.raises(FileNotFoundError) as error:
        workers.run(gone)
    assert (error.value.errno, error.value.filename) == (errno.ENOENT, "支付.csv")
    assert workers.run(whereabouts)[0] == process


def test_log_records_and_what_is_told_arrive_in_order(workers: Workers, caplog: pytest.LogCaptureFixture) -> None:
    told: list[object] = []
    with caplog.at_level(logging.INFO, logger="pipelines"), log_fields(run="r1", district="440103"):
        assert workers.run(logged_and_told, on_tell=told.append) == "done"
    (record,) = [record for record in caplog.records if record.name == logger.name]
    assert record.getMessage() == "3 lines\nof a.csv"
    facts = {name: vars(record)[name] for name in ("run", "district", "file", "sheet")}
    assert facts == {"run": "r1", "district": "440103", "file": "a.csv", "sheet": "一"}
    assert told == [{"batch": 1}]


def test_nothing_of_the_program_is_held_open(workers: Workers, tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as held:
        os.set_inheritable(held.fileno(), True)
        assert held.name not in workers.run(file_descriptors)


SCRIPT = """
import os, signal, sys, threading, time
from pipelines.isolation import Bounds, Workers, start_early

signal.signal(signal.SIGTERM, signal.SIG_DFL)  # who runs the tests may ignore it, and that is inherited
print("main", flush=True)
lock = open("lock", "w")
os.set_inheritable(lock.fileno(), True)
{start}
workers = Workers(Bounds(400 * 1024**2, 60), load="os:getpid")
process = workers.run(os.getpid)
assert process != os.getpid()
opened = f"/proc/{{process}}/fd"
assert os.path.abspath("lock") not in [os.readlink(f"{{opened}}/{{number}}") for number in os.listdir(opened)]
print(process, flush=True)
{end}
"""


@pytest.mark.parametrize("start", ["start_early('os:getpid')", ""])
@pytest.mark.parametrize("end", ["", "os.kill(os.getpid(), 9)", "sys.exit(3)", "time.sleep(600)"])
def test_a_program_without_a_main_guard_leaves_no_process_behind(start: str, end: str, tmp_path: Path) -> None:
    """However the program ends, and be it by a signal to all of its processes."""
    script = SCRIPT.format(start=start, end=end)
    program = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=tmp_path, start_new_session=True
    )
    assert program.stdout
    assert program.stdout.readline() == "main\n"
    worker = int(program.stdout.readline())
    if "sleep" in end:
        os.killpg(program.pid, signal.SIGTERM)
    # Its output ends with it: no process of it holds the other end.
    rest = program.communicate(timeout=60)[0]
    assert rest == ""
    _assert_ends(worker)


def test_the_command_may_be_a_file_without_a_main_guard(tmp_path: Path) -> None:
    script = tmp_path / "night.py"
    script.write_text(textwrap.dedent(SCRIPT.format(start="", end="")))
    lines = subprocess.check_output([sys.executable, script], text=True, cwd=tmp_path).splitlines()
    assert (len(lines), lines[0]) == (2, "main")
