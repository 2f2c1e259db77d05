"""Analysts read while the warehouse publishes: nobody is refused, nothing torn or old is seen."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent


@pytest.mark.long
def test_readers_in_a_loop_during_publications() -> None:
    command = [sys.executable, "benchmarks/readers.py", "--readers", "4", "--publications", "3"]
    ran = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    measured = json.loads(ran.stdout)
    assert measured["connections"] > 4
    assert max(measured["publications_seen_by_a_reader"]) > 1
    assert (measured["refused"], measured["torn"], measured["stale"]) == ([], [], 0)
