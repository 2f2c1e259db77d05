"""A few nights of the simulated year; ``python benchmarks/simulated_year.py`` runs all 366."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent


@pytest.mark.long
def test_some_nights_with_faults_end_with_every_row_and_cent_right(tmp_path: Path) -> None:
    command = [sys.executable, "benchmarks/simulated_year.py", "--nights", "6", "--districts", "2", "--seed", "1"]
    done = subprocess.run(
        [*command, "--directory", tmp_path], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert told["wrong"] == []
    assert sum(told["faults"].values()) >= 1
