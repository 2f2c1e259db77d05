"""What changed between two publications, in money, and which delivered rows did it."""

from __future__ import annotations

import json
import os
import shutil
from decimal import Decimal

import pytest
from bureau import ADJUSTMENTS, BUDGET, PAYMENTS, Bureau, deliver_detail
from click.testing import CliRunner, Result

from pipelines.cli import main
from pipelines.warehouse.differences import Cause, compare_publications

PLACE, LISTED = "440199/2024", "440197/2024"
PROJECTS = "部门编码,项目编码,项目名称\n101,P1,甲项目\n101,P2,乙项目\n"


def diff(bureau: Bureau, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["diff", *arguments, "--warehouse", str(bureau.settings.warehouse)])


def told(cause: Cause) -> tuple[object, ...]:
    return cause.change, cause.dataset, cause.project, cause.amounts, cause.before, cause.after, cause.because


@pytest.fixture(scope="module")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Bureau:
    """Two publications: rows restated in place and by a later file, added, removed, set aside, and only moved."""
    bureau = Bureau(tmp_path_factory.mktemp("diff"))
    bureau.settings.set_aside.max_row_share = 1
    bureau.settings.set_aside.max_money_share = 1
    bureau.settings.replacement.withdrawn_share_at_most = Decimal(1)
    deliver_detail(bureau, payments=PAYMENTS + "    V3,2024-05-01,101,P1,111,7.00\n    V4,2024-05-01,101,P1,111,8.00\n")
    bureau.deliver(f"{LISTED}/项目.csv", PROJECTS)
    bureau.deliver(f"{LISTED}/预算.csv", BUDGET)
    bureau.deliver(f"{LISTED}/支付.csv", PAYMENTS)
    bureau.deliver(f"{LISTED}/补充.csv", PAYMENTS.replace("V", "W"))
    bureau.night()
    (bureau.settings.raw / LISTED / "补充.csv").unlink()
    bureau.deliver(f"{LISTED}/项目.csv", PROJECTS.replace("101,P2,乙项目\n", ""))
    bureau.deliver(f"{LISTED}/预算.csv", "\n".join(line for line in BUDGET.splitlines() if "P2" not in line))
    bureau.deliver(f"{LISTED}/调整.csv", ADJUSTMENTS.split("    2024-06-10")[0])
    raw = bureau.settings.raw / PLACE
    (raw / "预算.csv").rename(raw / "年初预算.csv")
    first = bureau.deliver(
        f"{PLACE}/支付.csv", PAYMENTS.replace("600.00", "610.00") + "    V4,2024-05-01,101,P1,111,八元\n"
    )
    # Of two files of one night the one that was written later counts.
    os.utime(first, (first.stat().st_mtime - 60, first.stat().st_mtime - 60))
    bureau.deliver(
        f"{PLACE}/补报.csv", PAYMENTS.replace("100.00", "90.00").replace("V1", "V9").replace("600.00", "5.00")
    )
    bureau.deliver("440198/2024/预算.csv", BUDGET)
    bureau.night()
    return bureau


@pytest.mark.long
def test_figures_and_the_rows_that_changed_them(bureau: Bureau) -> None:
    difference = compare_publications(bureau.settings)
    assert difference.versions == {LISTED: (1, 2), "440198/2024": (None, 1), PLACE: (1, 2)}
    changed = {
        (change.level, change.district_code, change.project, change.figure): (change.before, change.after)
        for change in difference.figures
        if change.district_code != "440197"
    }
    assert changed == {
        ("department", "440198", "", "initial_budget_amount"): (None, Decimal("1500.00")),
        ("department", "440199", "", "executed_amount"): (Decimal("715.00"), Decimal("705.00")),
        ("project", "440198", "P1 甲项目", "initial_budget_amount"): (None, Decimal("1000.00")),
        ("project", "440198", "P2 乙项目", "initial_budget_amount"): (None, Decimal("500.00")),
        ("project", "440199", "P2 乙项目", "executed_amount"): (Decimal("100.00"), Decimal("90.00")),
    }
    payments, late = f"{PLACE}/支付.csv", f"{PLACE}/补报.csv"

    def paid(before: str | None, after: str | None) -> dict[str, tuple[Decimal | None, Decimal | None]]:
        return {"paid_amount": (Decimal(before) if before else None, Decimal(after) if after else None)}

    assert [told(cause) for cause in difference.causes if cause.district_code == "440199"] == [
        ("restated", "payment", "P1 甲项目", paid("600.00", "610.00"), (payments, "", 2), (payments, "", 2), ""),
        ("restated", "payment", "P2 乙项目", paid("100.00", "90.00"), (payments, "", 3), (late, "", 3), ""),
        ("removed", "payment", "P1 甲项目", paid("8.00", None), (payments, "", 5), None, ""),
        ("removed", "payment", "P1 甲项目", paid("7.00", None), (payments, "", 4), None, ""),
        ("added", "payment", "P1 甲项目", paid(None, "5.00"), None, (late, "", 2), ""),
    ]
    assert [told(cause)[0:3] for cause in difference.causes if cause.district_code == "440198"] == [
        ("added", "annual_budget", "P1 甲项目"),
        ("added", "annual_budget", "P2 乙项目"),
    ]


@pytest.mark.long
def test_a_file_removed_a_row_now_set_aside_and_a_new_file_are_named(bureau: Bureau) -> None:
    causes = [cause for cause in compare_publications(bureau.settings).causes if cause.district_code == "440197"]
    removed, unlisted = f"{LISTED}/补充.csv", f"{LISTED}/支付.csv"
    assert [told(cause) for cause in causes if cause.amounts] == [
        ("removed", "payment", "P1 甲项目", {"paid_amount": (Decimal("600.00"), None)}, (removed, "", 2), None, ""),
        (
            *("removed", "annual_budget", "P2 乙项目", {"initial_budget_amount": (Decimal("500.00"), None)}),
            *((f"{LISTED}/预算.csv", "", 3), None, ""),
        ),
        (
            *("added", "budget_adjustment", "P1 甲项目", {"adjustment_amount": (None, Decimal("200.00"))}),
            *(None, (f"{LISTED}/调整.csv", "", 2), ""),
        ),
        (
            *("removed", "payment", "P2", {"paid_amount": (Decimal("100.00"), None)}),
            *((unlisted, "", 3), None, "payment-of-unknown-project"),
        ),
        ("removed", "payment", "P2", {"paid_amount": (Decimal("100.00"), None)}, (removed, "", 3), None, ""),
    ]
    assert "payment-of-unknown-project" in diff(bureau).output


@pytest.mark.long
def test_the_command_names_both_publications(bureau: Bureau) -> None:
    first, second = (
        build for (build,) in bureau.rows("select build_id from history.publication order by build_number")
    )
    shown = diff(bureau)
    assert shown.exit_code == 0
    assert first in shown.output
    assert second in shown.output
    assert "更正 restated" in shown.output
    assert "440199/2024/补报.csv:3" in shown.output
    record = json.loads(diff(bureau, "2", first, "--format", "json").output, parse_float=Decimal)
    assert (record["before"]["build_id"], record["after"]["build_id"]) == (first, second)
    assert {
        change["difference"]
        for change in record["figures"]
        if change["level"] == "department" and change["district_code"] != "440197"
    } == {
        Decimal("1500.00"),
        Decimal("-10.00"),
    }
    same = diff(bureau, second, second)
    assert "no amount changed" in same.output
    unknown = diff(bureau, "nonsense")
    assert unknown.exit_code == 1
    assert second in unknown.output


@pytest.mark.long
def test_rows_that_cannot_be_compared_are_told(bureau: Bureau) -> None:
    version = bureau.settings.accepted / PLACE / "versions" / "1"
    kept = version.with_name("kept")
    shutil.move(version, kept)
    try:
        shown = diff(bureau)
        assert shown.exit_code == 0
        assert "Rows that cannot be compared" in shown.output
        assert "440199/2024" in shown.output.split("cannot be compared")[1]
    finally:
        shutil.move(kept, version)
