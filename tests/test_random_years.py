"""Random district-years over several nights: right, or told; nothing is found of what is sound."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.random_years import deliver


@pytest.mark.long
def test_every_figure_is_right_or_told(tmp_path: Path) -> None:
    verdicts = deliver(tmp_path, years=8, nights=3, seed=20)
    assert [verdict for verdict in verdicts if verdict.name not in ("right", "told")] == []
    assert {verdict.name for verdict in verdicts} == {"right", "told"}
