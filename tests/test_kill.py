"""Killed at every stage, out of disk, damaged: the last publication stays whole and the next run completes by itself.

The kills hit a process of its own that runs the real ``district-finance nightly``.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from bureau import BUDGET, PAYMENTS, Bureau, deliver_detail
from click.testing import CliRunner

from pipelines.cli import main
from pipelines.warehouse.checksums import tables_that_differ
from pipelines.warehouse.connect import open_published
from pipelines.warehouse.publish import BuildError
from pipelines.warehouse.stages import Stage, listening

PLACE = "440199/2024"
BEFORE_THE_RENAME = list(Stage)[: list(Stage).index(Stage.RENAMED)]
processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["pipelines.cli", "pipelines.commands.night", "pandas", "pyarrow.dataset"])


def _nightly(raw: Path, warehouse: Path, stage: Stage) -> None:
    def kill(reached: Stage) -> None:
        if reached is stage:
            os.kill(os.getpid(), signal.SIGKILL)

    with listening(kill):
        main(["nightly", "--raw", str(raw), "--warehouse", str(warehouse)])


def kill_at(bureau: Bureau, stage: Stage) -> None:
    """Runs the night in a process of its own that is killed at ``stage``."""
    night = processes.Process(target=_nightly, args=(bureau.settings.raw, bureau.settings.warehouse, stage))
    night.start()
    night.join()
    assert night.exitcode == -signal.SIGKILL, f"the night ended before {stage}"


def executed(bureau: Bureau) -> Decimal:
    (amount,) = bureau.one("select executed_amount from summary.department_execution where district_code = '440199'")
    return Decimal(amount)


def leftovers(bureau: Bureau) -> list[Path]:
    """Anything unfinished below the warehouse."""
    return [
        path
        for path in bureau.settings.warehouse.rglob("*")
        if path.name == ".build" or path.suffix in (".new", ".old", ".wal", ".damaged")
    ]


def assert_whole(bureau: Bureau) -> None:
    with open_published(bureau.settings.database) as connection:
        assert tables_that_differ(connection) == []


@pytest.mark.long
def test_a_run_killed_at_any_stage_is_made_up_for_by_the_next(published_bureau: Bureau) -> None:
    bureau = published_bureau
    bureau.deliver(f"{PLACE}/支付.csv", PAYMENTS + "    V3,没有日期,101,P1,111,50.00\n")
    assert bureau.night().acceptances[0].status == "held_back"
    bureau.deliver(f"{PLACE}/支付.csv", PAYMENTS.replace("600.00", "610.00"))
    before = bureau.settings.database.read_bytes()
    page = bureau.settings.warehouse / "reports" / PLACE / "index.html"
    for stage in Stage:
        # Each run goes on from what the one before it left behind; one that never comes to its stage fails the test.
        kill_at(bureau, stage)
        if stage in BEFORE_THE_RENAME:
            assert bureau.settings.database.read_bytes() == before, stage
        assert_whole(bureau)
        assert executed(bureau) == Decimal("700.00" if stage in BEFORE_THE_RENAME else "710.00"), stage
        assert ("710.00" in page.read_text()) == (stage is Stage.REPORTS_WRITTEN), stage
        if stage is Stage.RENAMED:
            # What it said is in no history yet; another delivery makes the next run publish again.
            bureau.deliver("440198/2024/预算.csv", BUDGET)
    night = bureau.night()
    assert night.exit_code == 0
    assert night.publication.status == "unchanged"
    assert leftovers(bureau) == []
    assert "710.00" in page.read_text()
    assert (bureau.settings.warehouse / "reports" / "440198" / "2024" / "index.html").exists()
    assert bureau.one(
        "select accepted_version, is_held_back from quality.district_year where district_code = '440199'"
    ) == (2, False)
    assert [path.name for path in sorted((bureau.settings.accepted / PLACE / "versions").iterdir())] == ["1", "2"]
    assert bureau.rows(
        """
        select publication.build_number, said.executed_amount, count(*) over ()
        from history.department_execution as said join history.publication as publication using (build_id)
        where district_code = '440199' order by 1"""
    ) == [(number, Decimal(amount), 4) for number, amount in enumerate(["700.00", "700.00", "710.00", "710.00"], 1)]

    control = Bureau(bureau.settings.raw.parent / "control")
    deliver_detail(control, payments=PAYMENTS.replace("600.00", "610.00"))
    control.deliver("440198/2024/预算.csv", BUDGET)
    control.night()
    said = (
        "select published_table, checksum from quality.table_checksum where published_table like 'summary.%' order by 1"
    )
    assert bureau.rows(said) == control.rows(said)


# A full disk ----------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def small_disk(directory: Path, size: str) -> Iterator[Path]:
    directory.mkdir(parents=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(directory)], check=False)
    if mounted.returncode:
        pytest.skip("mounting a tmpfs is not permitted here; run as root in a container that allows it")
    try:
        yield directory
    finally:
        subprocess.run(["umount", "--lazy", str(directory)], check=True)


def fill(disk: Path, *, leave: int) -> Path:
    """Fills the disk up to ``leave`` bytes."""
    free = os.statvfs(disk)
    filler = disk / "filler"
    filler.write_bytes(bytes(max(0, free.f_bavail * free.f_frsize - leave)))
    return filler


@pytest.mark.long
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a tmpfs needs root")
def test_a_full_disk_leaves_the_last_publication_whole(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "64m") as disk:
        bureau = Bureau(tmp_path / "office", warehouse=disk / "warehouse")
        deliver_detail(bureau)
        assert bureau.night().exit_code == 0
        before = bureau.settings.database.read_bytes()
        bureau.deliver(f"{PLACE}/支付.csv", PAYMENTS.replace("600.00", "610.00"))
        for leave in (0, 200_000, len(before) // 2):
            filler = fill(disk, leave=leave)
            told = CliRunner().invoke(
                main, ["nightly", "--raw", str(bureau.settings.raw), "--warehouse", str(bureau.settings.warehouse)]
            )
            assert told.exit_code == 1, told.output
            assert "The last publication stays as it was" in told.output
            assert bureau.settings.database.read_bytes() == before
            filler.unlink()
        assert bureau.night().exit_code == 0
        assert executed(bureau) == Decimal("710.00")
        assert leftovers(bureau) == []


@pytest.mark.parametrize("stage", [Stage.BUILD_STARTED, Stage.CHECKPOINTED])
def test_a_failing_build_is_told_and_cleared_away(bureau: Bureau, stage: Stage) -> None:
    def fail(reached: Stage) -> None:
        if reached is stage:
            raise OSError(5, "Input/output error")

    deliver_detail(bureau)
    with listening(fail), pytest.raises(BuildError, match=r"could not be completed .*Input/output error"):
        bureau.night()
    assert not bureau.settings.database.exists()
    assert leftovers(bureau) == []


# Damage ---------------------------------------------------------------------------------------------------------


def flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


@pytest.mark.long
def test_a_damaged_store_is_made_again_from_the_deliveries(published_bureau: Bureau) -> None:
    bureau = published_bureau
    store = bureau.settings.accepted / PLACE
    (payments,) = store.glob("files/*/payment.parquet")
    (budget,) = store.glob("files/*/annual_budget.parquet")
    flip_a_byte(payments)
    budget.unlink()
    (store / "versions" / "1" / "manifest.json").write_text("{")
    bureau.deliver("440198/2024/预算.csv", BUDGET)
    assert bureau.night().exit_code == 0
    assert executed(bureau) == Decimal("700.00")
    bureau.night()
    assert leftovers(bureau) == []

    # The district-year is held back, so nothing reads its accepted files but the build.
    bureau.deliver(f"{PLACE}/支付.csv", PAYMENTS + "    V3,没有日期,101,P1,111,50.00\n")
    flip_a_byte(payments)
    told = CliRunner().invoke(
        main, ["nightly", "--raw", str(bureau.settings.raw), "--warehouse", str(bureau.settings.warehouse)]
    )
    assert told.exit_code == 3
    assert f"{payments} (read from {PLACE}/支付.csv): missing, or not as it was written" in told.output
    assert accepted_versions(bureau) == [("440198", 1), ("440199", None)]
    bureau.deliver(f"{PLACE}/支付.csv", PAYMENTS)
    assert bureau.night().exit_code == 0
    assert executed(bureau) == Decimal("700.00")


@pytest.mark.long
def test_a_damaged_district_year_whose_deliveries_are_gone_keeps_nobody_else_from_readers(bureau: Bureau) -> None:
    deliver_detail(bureau)
    bureau.deliver("440198/2024/预算.csv", BUDGET)
    bureau.deliver("440198/2024/支付.csv", PAYMENTS)
    bureau.night()
    bureau.deliver(f"{PLACE}/支付_补.csv", PAYMENTS.replace("V1", "V8").replace("V2", "V9"))
    bureau.night()
    further = max(
        (bureau.settings.accepted / PLACE).glob("files/*/payment.parquet"), key=lambda path: path.stat().st_mtime
    )
    kept = bureau.settings.raw.parent / "kept"
    (bureau.settings.raw / "440199").rename(kept)
    flip_a_byte(further)
    bureau.deliver("440198/2024/支付.csv", PAYMENTS.replace("V2", "V3"))
    for status in ("published", "unchanged"):
        night = bureau.night()
        assert (night.exit_code, night.publication.status) == (3, status)
        assert "440199/2024: version 1 is published in the place of version 2" in night.publication.problems[0]
        assert str(further) in night.publication.problems[0]
    assert accepted_versions(bureau) == [("440198", 2), ("440199", 1)]

    for payments in (bureau.settings.accepted / PLACE).glob("files/*/payment.parquet"):
        flip_a_byte(payments)
    bureau.deliver("440198/2024/支付.csv", PAYMENTS)
    night = bureau.night()
    assert night.exit_code == 3
    assert "440199/2024: nothing of it is published any more" in night.publication.problems[0]
    assert accepted_versions(bureau) == [("440198", 3)]

    kept.rename(bureau.settings.raw / "440199")
    assert bureau.night().exit_code == 0
    assert accepted_versions(bureau) == [("440198", 3), ("440199", 2)]


def accepted_versions(bureau: Bureau) -> list[tuple[str, int | None]]:
    with open_published(bureau.settings.database) as published:
        return published.execute(
            "select district_code, accepted_version from quality.district_year order by all"
        ).fetchall()
