"""Times how one file is read in this process, for the processes ``read_with_product`` and ``read_with_fastexcel``.

Does not belong here: a reader, whose imports would be charged to the other one.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable
from pathlib import Path


def report_reading(read: Callable[[Path, Path], int]) -> None:
    """Reads FILE below RAW and writes to RESULT, as JSON, what that took; arguments are those of the command line.

    ``rows`` are what ``read`` returns, ``wall`` and ``cpu`` seconds, ``peak`` MB of this process. With ``--first``
    another file is read before, so that loading the program is not in the time.
    """
    parser = argparse.ArgumentParser(description="Read one file and tell what it took.")
    parser.add_argument("raw", type=Path)
    parser.add_argument("file", type=Path)
    parser.add_argument("result", type=Path)
    parser.add_argument("--first", type=Path)
    given = parser.parse_args()
    if given.first:
        read(given.raw, given.first)
    started, before = time.perf_counter(), time.process_time()
    rows = read(given.raw, given.file)
    wall, cpu = time.perf_counter() - started, time.process_time() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    given.result.write_text(json.dumps({"rows": rows, "wall": wall, "cpu": cpu, "peak": peak}))
