"""The command ``district-finance`` in a process of its own that notes when it came to which stage.

    python -m benchmarks.night RESULT nightly --raw DIR --warehouse DIR

RESULT becomes JSON: the monotonic clock when the first delivered file was opened and at each stage, and the peak of
resident memory in MB until then. Does not belong here: judging what came out.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from pipelines.cli import end_at_once, main
from pipelines.warehouse.stages import Stage, listening


class Moments:
    """When the first file below ``raw`` was opened, and when the run came to each stage for the last time."""

    def __init__(self, raw: str) -> None:
        self.first_read: float | None = None
        self.stages: dict[str, float] = {}
        self.peaks: dict[str, float] = {}
        self._raw = raw

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Python's audit hook."""
        if self.first_read is None and event == "open" and str(arguments[0]).startswith(self._raw):
            self.first_read = time.monotonic()

    def stage(self, stage: Stage) -> None:
        """The listener of the stages."""
        self.stages[stage.value] = time.monotonic()
        self.peaks[stage.value] = _peak_mb()


def _peak_mb() -> float:
    """The largest resident memory that this process ever had."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6


def run(result: Path, command: list[str]) -> None:
    """Runs the command and ends the process with its exit code, as the installed command does."""
    moments = Moments(command[command.index("--raw") + 1] + "/")
    sys.addaudithook(moments.audit)
    try:
        with listening(moments.stage):
            main(command)
    except SystemExit as end:
        code = end.code
    finally:
        result.write_text(
            json.dumps({"first_read": moments.first_read, "stages": moments.stages, "peaks": moments.peaks})
        )
    end_at_once(code)


if __name__ == "__main__":
    run(Path(sys.argv[1]), sys.argv[2:])
