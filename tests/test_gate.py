"""The gate: what is held back, what that leaves standing, who may let it through, and that nothing walks around it."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import time
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from bureau import BUDGET, PAYMENTS, Bureau, deliver_detail
from click.testing import CliRunner, Result
from dagster import DagsterInstance, materialize

from pipelines.cli import main
from pipelines.nightly import FAILED, SOMETHING_HELD_BACK
from pipelines.orchestration.published import publishing
from pipelines.warehouse.lock import WarehouseLockedError, warehouse_lock

PLACE = "440199/2024"
TOTAL_DISAGREES = BUDGET + "    合计,,,,,1501.00\n"


def command(bureau: Bureau, *arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments, "--warehouse", str(bureau.settings.warehouse)])


def executed(bureau: Bureau) -> Decimal:
    (amount,) = bureau.one("select executed_amount from summary.department_execution where district_code = '440199'")
    return Decimal(amount)


@pytest.mark.long
def test_a_hold_is_visible_and_a_release_lets_exactly_that_attempt_through(published_bureau: Bureau) -> None:
    bureau = published_bureau
    # Most rows are bad: the rules hold the district-year back, and its last version stays.
    bureau.deliver(f"{PLACE}/支付.csv", PAYMENTS + "    V3,没有日期,101,P1,111,50.00\n")
    night = bureau.night()
    assert night.exit_code == SOMETHING_HELD_BACK
    assert executed(bureau) == Decimal("700.00")
    assert bureau.one("select accepted_version, is_held_back from quality.district_year") == (1, True)
    assert "too-much-set-aside" in command(bureau, "status").output

    refused = command(bureau, "release", PLACE, "--reason", " ", "--by", "王科长")
    assert refused.exit_code == 1
    given = command(bureau, "release", PLACE, "--reason", "日期缺失一行，已电话核实", "--by", "王科长")
    assert given.exit_code == 0, given.output
    assert "too-much-set-aside" in given.output
    assert executed(bureau) == Decimal("700.00"), "a release publishes nothing by itself"

    # Before the next run another file comes: the release was for another attempt.
    bureau.deliver(f"{PLACE}/支付.csv", PAYMENTS + "    V3,没有日期,101,P1,111,60.00\n")
    assert bureau.night().exit_code == SOMETHING_HELD_BACK
    assert bureau.rows("from quality.release") == []

    bureau.deliver(f"{PLACE}/支付.csv", PAYMENTS + "    V3,没有日期,101,P1,111,50.00\n")
    night = bureau.night()
    assert (night.exit_code, night.acceptances[0].version) == (0, 2)
    assert bureau.one(
        "select accepted_version, released_by, release_reason, released_rule_ids, left_out_files from quality.release"
    ) == (2, "王科长", "日期缺失一行，已电话核实", "too-much-set-aside", "")
    assert bureau.one("select accepted_version, is_held_back from quality.district_year") == (2, False)
    assert bureau.rows("select rule_id from quality.finding where severity = 'fatal'") != [], (
        "what was let through stays"
    )
    nothing = command(bureau, "release", PLACE, "--reason", "再来一次")
    assert nothing.exit_code == 1
    assert "nothing is held back" in nothing.output


@pytest.mark.long
def test_a_refused_file_stays_out_of_a_released_version(published_bureau: Bureau) -> None:
    bureau = published_bureau
    bureau.deliver(f"{PLACE}/补充预算.csv", TOTAL_DISAGREES)
    bureau.deliver(f"{PLACE}/支付.csv", PAYMENTS.replace("600.00", "610.00"))
    assert bureau.night().exit_code == SOMETHING_HELD_BACK
    given = command(bureau, "release", PLACE, "--reason", "补充预算另报")
    assert "补充预算.csv" in given.output
    assert bureau.night().exit_code == 0
    assert executed(bureau) == Decimal("710.00")
    assert bureau.one("select left_out_files from quality.release") == (f"{PLACE}/补充预算.csv",)
    assert bureau.rows("select file_outcome from quality.source_file where source_path like '%补充预算%'") == [
        ("refused",)
    ]


@pytest.mark.long
def test_a_wholly_refused_delivery_cannot_be_released_and_its_hold_ends_with_the_accepted_files(bureau: Bureau) -> None:
    bureau.deliver(f"{PLACE}/预算.csv", BUDGET)
    bureau.night()
    bureau.deliver(f"{PLACE}/预算.csv", TOTAL_DISAGREES)
    assert bureau.night().exit_code == SOMETHING_HELD_BACK
    refused = command(bureau, "release", PLACE, "--reason", "急用")
    assert refused.exit_code == 1
    assert "no row to release" in refused.output
    bureau.deliver(f"{PLACE}/预算.csv", BUDGET)
    night = bureau.night()
    assert ([a.status for a in night.acceptances], night.exit_code) == (["unchanged"], 0)
    assert bureau.one("select accepted_version, is_held_back from quality.district_year") == (1, False)


def forge_a_lost_payment(bureau: Bureau) -> None:
    """Takes a row out of an accepted file and corrects every record about it, as no honest fault could."""
    store = bureau.settings.accepted / PLACE
    (file,) = store.glob("files/*/payment.parquet")
    pq.write_table(pq.read_table(file).slice(0, 1), file)
    told = {"bytes": file.stat().st_size, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
    for path in (file.with_name("file.json"), *store.glob("versions/*/manifest.json")):
        record = json.loads(path.read_text())
        for reading in [record, *record.get("files", [])]:
            if "payment.parquet" in reading["parquet"]:
                reading["parquet"]["payment.parquet"] = told
        path.write_text(json.dumps(record))


def test_a_build_that_loses_money_is_not_published_whatever_assets_are_selected(published_bureau: Bureau) -> None:
    bureau = published_bureau
    forge_a_lost_payment(bureau)
    bureau.deliver("440198/2024/预算.csv", BUDGET)
    night = bureau.night()
    assert night.exit_code == FAILED
    assert [(r["found"], r["expected"]) for r in night.publication.reasons if r["what"] == "payment.paid_amount"] == [
        (Decimal("600.00"), Decimal("700.00"))
    ]
    before = bureau.settings.database.read_bytes()
    with DagsterInstance.ephemeral() as instance:
        result = materialize(
            [publishing(bureau.settings.schedule)],
            resources={"settings": bureau.settings},
            instance=instance,
            raise_on_error=False,
        )
    assert not result.success
    assert not result.asset_materializations_for_node("publish")
    assert bureau.settings.database.read_bytes() == before


# Two runs at once -----------------------------------------------------------------------------------------------


def _hold_lock(warehouse: Path, seconds: float) -> None:
    with warehouse_lock(warehouse):
        (warehouse / "held").touch()
        time.sleep(seconds)


def _start_holder(warehouse: Path, seconds: float) -> multiprocessing.process.BaseProcess:
    holder = multiprocessing.get_context("spawn").Process(target=_hold_lock, args=(warehouse, seconds))
    holder.start()
    while not (warehouse / "held").exists():
        time.sleep(0.02)
    return holder


@pytest.mark.long
def test_a_second_run_refuses_or_waits(bureau: Bureau) -> None:
    deliver_detail(bureau)
    holder = _start_holder(bureau.settings.warehouse, 60)
    try:
        with pytest.raises(WarehouseLockedError, match=rf"process {holder.pid}"):
            bureau.night()
        refused = CliRunner().invoke(
            main, ["nightly", "--raw", str(bureau.settings.raw), "--warehouse", str(bureau.settings.warehouse)]
        )
        assert refused.exit_code == 1
        assert "Wait until it has ended" in refused.output
        assert not bureau.settings.database.exists()
    finally:
        holder.kill()
        holder.join()
    (bureau.settings.warehouse / "held").unlink()
    # The killed run left no lock behind; a run that may wait gets its turn when the other one ends.
    holder = _start_holder(bureau.settings.warehouse, 1)
    with warehouse_lock(bureau.settings.warehouse, wait_seconds=30):
        holder.join()
