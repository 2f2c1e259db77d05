"""Runs a command and tells what it and its children took. Does not belong here: what to run, what the figures mean."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_LOOKS_PER_SECOND = 20
_SECONDS_BETWEEN_SHARES = 0.5
_ROOT = Path(__file__).parent.parent
_BLOCK = 512
"""Bytes of what ``getrusage`` counts as one block of output."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process and those that it started took.

    ``wall`` and ``cpu`` are seconds; ``cpu`` is of every process as it was last seen, since the kernel does not count
    those that nobody waits for, or what the kernel counts where that is more. ``peak_mb`` is the most memory that they
    were seen to hold together, or the kernel's own peak of the largest one. A page that several share, as forked
    workers do, counts once (by the kernel's proportional set sizes); where it tells none, once for each of them.
    ``written_mb`` is what they gave the file system to write. ``started`` is the monotonic clock at the start and
    ``load`` the machine's load then.
    """

    wall: float
    cpu: float
    peak_mb: float
    written_mb: float
    started: float
    load: float


class CommandFailedError(Exception):
    """A command ended with an exit code that was not expected; the message ends with its last output."""


def run(
    command: Sequence[str | Path], *, accept: Sequence[int] = (0,), environment: Mapping[str, str] | None = None
) -> Cost:
    """Runs ``command`` in the checkout to its end, with ``environment`` in addition to this process's.

    Raises:
        CommandFailedError: the exit code is not in ``accept``.
    """
    os.sync()  # what the run before left to be written would slow this one
    load = os.getloadavg()[0]
    with tempfile.TemporaryFile() as output:
        started = time.monotonic()
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=_ROOT,
            env=os.environ | dict(environment or {}),
        )
        with _Watch(process.pid) as memory:
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in accept:
            output.seek(0)
            told = output.read().decode(errors="replace")[-3000:]
            words = " ".join(map(str, command))
            raise CommandFailedError(f"{words}: exit code {process.returncode}, expected {accept}\n{told}")
    return Cost(
        wall=wall,
        cpu=max(usage.ru_utime + usage.ru_stime, memory.cpu),
        peak_mb=memory.peak / 1e6,
        written_mb=usage.ru_oublock * _BLOCK / 1e6,
        started=started,
        load=load,
    )


class _Watch:
    """Looks at a process and its children in a thread: ``peak`` is the most memory that was seen, in bytes.

    The kernel's own maximum (``ru_maxrss``) is of no use: it begins with what this process has when it starts another.
    To tell what processes share, the kernel walks all of their pages: it is asked twice a second at most, and only
    where they could hold more together than was seen before.
    """

    def __init__(self, process: int) -> None:
        self.peak = 0
        self._cpu: dict[int, float] = {}
        self._process = process
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> _Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def cpu(self) -> float:
        """Seconds that all processes had taken when each was last seen."""
        return sum(self._cpu.values())

    def _look(self) -> None:
        asked = 0.0
        while not self._stop.wait(1 / _LOOKS_PER_SECOND):
            resident, largest = _memory(self._process, self._cpu)
            self.peak = max(self.peak, largest)
            if sum(resident.values()) > self.peak and time.monotonic() > asked + _SECONDS_BETWEEN_SHARES:
                self.peak = max(self.peak, sum(_share(process, size) for process, size in resident.items()))
                asked = time.monotonic()


def _share(process: int, resident: int) -> int:
    """The memory of a process in bytes, of each shared page its share; ``resident`` where the kernel does not tell."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return resident
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), resident)


def _memory(process: int, cpu: dict[int, float]) -> tuple[dict[int, int], int]:
    """Resident bytes of a process and of each below it, and the largest that one of them ever had; an ended one is not
    there.

    Notes in ``cpu`` how many seconds each has taken.
    """
    try:
        times = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        cpu[process] = (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
        tasks = list(Path(f"/proc/{process}/task").iterdir())
        children = [_memory(int(child), cpu) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return {}, 0
    facts = {
        name: int(value.split()[0]) * 1024 for name, value in (line.split(":", 1) for line in lines) if "kB" in value
    }
    resident = {process: facts.get("VmRSS", 0)}
    for of_child, _ in children:
        resident |= of_child
    return resident, max(facts.get("VmHWM", 0), *(largest for _, largest in children), 0)
