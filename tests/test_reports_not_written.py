"""Reports that cannot be written: the publication stands, nobody is told otherwise, and the next night writes them."""

from __future__ import annotations

import pytest
from bureau import BUDGET, PAYMENTS, Bureau

from pipelines.commands.night import run_and_report
from pipelines.nightly import ALL_PUBLISHED, SOMETHING_HELD_BACK

PLACE = "440199/2024"


def test_a_publication_without_reports_is_a_publication(bureau: Bureau, capsys: pytest.CaptureFixture[str]) -> None:
    bureau.deliver(f"{PLACE}/预算.csv", BUDGET)
    bureau.deliver(f"{PLACE}/支付.csv", PAYMENTS)
    in_the_way = bureau.settings.warehouse / "reports"
    in_the_way.parent.mkdir(parents=True, exist_ok=True)
    in_the_way.write_text("a file where a folder should be", encoding="utf-8")
    assert run_and_report(bureau.settings) == SOMETHING_HELD_BACK
    told = capsys.readouterr().out
    assert "the reports could not be written" in told
    assert "is published all the same" in told
    for wrong in ("nothing was published", "The last publication stays", "上次发布", "未能完成"):
        assert wrong not in told
    assert bureau.one("select sum(paid_amount) from core.payment") == (700,)
    in_the_way.unlink()
    night = bureau.night()
    assert (night.exit_code, night.publication.status, night.unwritten_reports) == (ALL_PUBLISHED, "unchanged", "")
    assert len(list(in_the_way.glob(f"{PLACE}/*.xlsx"))) == 1
