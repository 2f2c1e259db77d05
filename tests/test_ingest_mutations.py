"""A hundred damaged deliveries: none raises anything but a refusal, no row and no cent gets lost.

``python benchmarks/mutate_files.py --files 10000`` reads thousands of others. Does not belong here: what is read right
out of a sound delivery (the other modules of ingest).
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

SCRIPT = Path(__file__).parent.parent / "benchmarks" / "mutate_files.py"
FIRST, COUNT = 500_000, 100
"""Seeds that the long run does not use."""
ONCE_BROKEN = (6325,)
"""Seeds of deliveries that raised something else in a long run: an old workbook whose format has no text."""


def test_damaged_deliveries_are_read_or_refused_and_lose_nothing(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("mutate_files", SCRIPT)
    assert spec
    assert spec.loader
    mutate_files = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(mutate_files)
    kinds = {mutate_files.make(seed)[0] for seed in range(FIRST, FIRST + COUNT)}
    assert kinds >= {".csv", ".txt", ".tsv", ".xlsx", ".xls", ".ods", ".zip"}
    outcomes, broken = mutate_files.read_damaged([*range(FIRST, FIRST + COUNT), *ONCE_BROKEN], tmp_path)
    assert broken == []
    assert outcomes["read"] >= 10
    assert outcomes["read with faults"] >= 10
    assert sum(count for outcome, count in outcomes.items() if outcome.startswith("refused")) >= 10
