"""An analyst who opens the published file, asks, closes and comes again, until told to stop.

``python -m benchmarks.watch DATABASE STOP RESULT`` asks twice a second until the file STOP exists and writes JSON: how
many questions were answered, publications seen, and the longest time in seconds during which none was answered.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import duckdb


def watch(database: Path, stop: Path, result: Path) -> None:
    """Asks twice a second, and after a refusal as often as it can."""
    os.nice(10)  # who watches should not slow what is watched
    answered, publications, longest, refused_since = 0, set(), 0.0, None
    while not stop.exists():
        moment = time.monotonic()
        try:
            with duckdb.connect(database, read_only=True) as connection:
                publications.update(connection.execute("select build_id from quality.build").fetchall())
                connection.execute("select sum(executed_amount) from summary.department_execution").fetchall()
        except duckdb.Error:
            refused_since = refused_since or moment
            longest = max(longest, time.monotonic() - refused_since)
            continue
        if refused_since:
            longest, refused_since = max(longest, time.monotonic() - refused_since), None
        answered += 1
        time.sleep(0.5)
    result.write_text(json.dumps({"answered": answered, "publications": len(publications), "longest_refusal": longest}))


if __name__ == "__main__":
    watch(*map(Path, sys.argv[1:4]))
