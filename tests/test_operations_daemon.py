"""A night that the real daemon starts from the schedule, as a server runs it, and the runs that are kept of it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from pipelines.orchestration.keeping import prune_runs
from pipelines.warehouse.connect import open_published

CHECKOUT = Path(__file__).parent.parent
BUDGET = "部门编码,部门名称,项目编码,项目名称,资金性质编码,年初预算数\n101,测试一局,P1,甲项目,111,1000.00\n"
LONGEST_SECONDS = 240


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A directory in memory where there is one: an instance in SQLite waits for the disk at every event."""
    memory = Path("/dev/shm")  # noqa: S108 - a directory of its own is made in it
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    directory = Path(tempfile.mkdtemp(prefix="daemon-", dir=memory))
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def server(place: Path) -> dict[str, str]:
    """The environment of a server with one delivery, whose night begins with every next minute."""
    delivery = place / "raw" / "440199" / "2024" / "预算.csv"
    delivery.parent.mkdir(parents=True)
    delivery.write_text(BUDGET, encoding="utf-8")
    home = place / "dagster"
    home.mkdir()
    shutil.copy(CHECKOUT / "deploy" / "dagster.yaml", home)
    return os.environ | {
        "DAGSTER_HOME": str(home),
        "DISTRICT_FINANCE_RAW": str(place / "raw"),
        "DISTRICT_FINANCE_WAREHOUSE": str(place / "warehouse"),
        "DISTRICT_FINANCE_SCHEDULE__CRON": "* * * * *",
        "PYTHONPATH": str(CHECKOUT),
    }


def scheduled_success(instance: dg.DagsterInstance) -> dg.DagsterRun | None:
    runs = instance.get_runs(
        dg.RunsFilter(statuses=[dg.DagsterRunStatus.SUCCESS], tags={"dagster/schedule_name": "nightly_schedule"})
    )
    return runs[-1] if runs else None


@pytest.mark.long
def test_the_daemon_runs_the_night_from_the_schedule(
    server: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", server["DAGSTER_HOME"])
    warehouse = Path(server["DISTRICT_FINANCE_WAREHOUSE"])
    delivery = next(Path(server["DISTRICT_FINANCE_RAW"]).rglob("*.csv"))
    with dg.DagsterInstance.get() as instance, (tmp_path / "daemon.log").open("w") as log:
        daemon = subprocess.Popen(
            [Path(sys.executable).parent / "dagster-daemon", "run", "--workspace", "workspace.yaml"],
            cwd=CHECKOUT,
            env=server,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            deadline = time.monotonic() + LONGEST_SECONDS
            while (run := scheduled_success(instance)) is None and time.monotonic() < deadline:
                assert daemon.poll() is None, (tmp_path / "daemon.log").read_text()
                # To the sensor the file is still being delivered: the run that reads it is the schedule's.
                os.utime(delivery)
                time.sleep(1)
        finally:
            daemon.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                daemon.wait(timeout=30)
            with suppress(ProcessLookupError):
                os.killpg(daemon.pid, signal.SIGKILL)
    assert run is not None, (tmp_path / "daemon.log").read_text()
    with open_published(warehouse / "district_finance.duckdb") as published:
        assert published.execute("select initial_budget_amount from summary.department_execution").fetchall()

    lines = [json.loads(line) for path in (warehouse / "logs").iterdir() for line in path.read_text().splitlines()]
    ours = [line for line in lines if line["run"] == run.run_id]
    (read,) = [line["message"] for line in ours if line["message"].startswith("file read")]
    assert {line["district"] for line in ours if "district" in line} == {"440199"}
    with dg.DagsterInstance.get() as instance:
        page = [entry.message for entry in instance.all_logs(run.run_id)]
        assert any(read in message and "district=440199 year=2024" in message for message in page)
        later = datetime.now(UTC) + timedelta(days=1)
        runs = instance.get_runs_count()
        kept_for_assets = runs - prune_runs(instance, later, only_look=True)
        assert 1 <= kept_for_assets <= runs
        prune_runs(instance, later)
        assert instance.get_runs_count() == kept_for_assets
        assert instance.get_latest_materialization_event(dg.AssetKey("reading_report")) is not None
