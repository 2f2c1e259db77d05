"""Dagster's events over connections that stay open: the files of Dagster's own class, few of them open."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import dagster as dg
import pytest
import yaml
from dagster_shared.check import CheckError

DEPLOYED = Path(__file__).parent.parent / "deploy" / "dagster.yaml"


@dg.multi_asset(specs=[dg.AssetSpec("table")], check_specs=[dg.AssetCheckSpec("is_whole", asset="table")])
def publish() -> Iterator[dg.MaterializeResult[None]]:
    """A table and what was found out about it."""
    yield dg.MaterializeResult(
        metadata={"rows": 3}, check_results=[dg.AssetCheckResult(passed=False, metadata={"missing": 2})]
    )


JOB = dg.Definitions(assets=[publish], executor=dg.in_process_executor).resolve_implicit_global_asset_job_def()


def configure(home: Path, *, ours: bool) -> None:
    """Writes dagster.yaml as it is deployed, or without our class."""
    told = yaml.safe_load(DEPLOYED.read_text(encoding="utf-8"))
    if not ours:
        del told["event_log_storage"]
    (home / "dagster.yaml").write_text(yaml.safe_dump(told), encoding="utf-8")


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """DAGSTER_HOME of a server that has Dagster's own class, and its one run."""
    home = tmp_path_factory.mktemp("dagster")
    configure(home, ours=False)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        return home, JOB.execute_in_process(instance=instance).run_id


@pytest.fixture
def home(first_run: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that place with our class."""
    home = shutil.copytree(first_run[0], tmp_path / "dagster")
    configure(home, ours=True)
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    return home


class Told(NamedTuple):
    """What the pages show of the table, its check, and a run."""

    run_id: str
    rows: object
    check_run_id: str
    check: str
    events: list[str]


def told_of(instance: dg.DagsterInstance, run_id: str) -> Told:
    """The latest of the table and its check, and the events of the run."""
    materialization = instance.get_latest_materialization_event(dg.AssetKey("table"))
    assert materialization is not None
    assert materialization.asset_materialization is not None
    key = dg.AssetCheckKey(dg.AssetKey("table"), "is_whole")
    (execution,) = instance.event_log_storage.get_asset_check_execution_history(key, limit=1)
    return Told(
        materialization.run_id,
        materialization.asset_materialization.metadata["rows"].value,
        execution.run_id,
        execution.status.value,
        [entry.message for entry in instance.all_logs(run_id)],
    )


def test_an_instance_goes_over_to_the_class_and_back(home: Path, first_run: tuple[Path, str]) -> None:
    with dg.DagsterInstance.from_config(str(first_run[0])) as instance:
        first = told_of(instance, first_run[1])
    with dg.DagsterInstance.get() as instance:
        assert told_of(instance, first_run[1]) == first
        run_id = JOB.execute_in_process(instance=instance).run_id
        second = told_of(instance, run_id)
    configure(home, ours=False)
    with dg.DagsterInstance.get() as instance:
        assert told_of(instance, run_id) == second
    assert (first.run_id, second.run_id) == (first_run[1], run_id)
    assert (second.rows, second.check, len(second.events)) == (3, "FAILED", len(first.events))


def test_other_processes_see_every_event_at_once(home: Path) -> None:
    with dg.DagsterInstance.get() as run, dg.DagsterInstance.from_config(str(home)) as page:
        for number in range(3):
            run.report_engine_event(f"event {number}", job_name="nightly", run_id="a-run")
            assert [entry.message for entry in page.all_logs("a-run")][-1].endswith(f"event {number}")


def test_a_batch_is_stored_with_its_runs_or_not_at_all(home: Path) -> None:
    with dg.DagsterInstance.get() as instance, dg.DagsterInstance.from_config(str(home)) as page:
        instance.report_engine_event("something", job_name="nightly", run_id="first")
        (entry,) = instance.all_logs("first")
        storage = instance.event_log_storage
        storage.store_event_batch([entry._replace(run_id=run) for run in ("second", "second", "third")])
        assert [len(page.all_logs(run)) for run in ("first", "second", "third")] == [1, 2, 1]
        with pytest.raises(CheckError):
            storage.store_event_batch([entry._replace(run_id="fourth"), SimpleNamespace(run_id="fourth")])
        assert not page.all_logs("fourth")


def open_databases(home: Path) -> set[str]:
    """The event databases that this process has open."""
    links = [link.readlink() for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return {link.name for link in links if link.is_relative_to(home / "history" / "runs") and link.suffix == ".db"}


def test_no_more_than_a_few_databases_stay_open(home: Path) -> None:
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("open files are not told by this system")
    runs = [f"run-{number}" for number in range(5)]
    with dg.DagsterInstance.get() as instance:
        for _ in range(2):
            for run in runs:
                instance.report_engine_event("something", job_name="nightly", run_id=run)
        assert {len(instance.all_logs(run)) for run in runs} == {2}
        assert 1 <= len(open_databases(home)) <= 4
    assert not open_databases(home)


@pytest.mark.usefixtures("home")
def test_wiped_events_are_gone_and_new_ones_are_kept(first_run: tuple[Path, str]) -> None:
    _, run_id = first_run
    with dg.DagsterInstance.get() as instance:
        assert instance.all_logs(run_id)
        instance.event_log_storage.wipe()
        assert not instance.all_logs(run_id)
        assert instance.get_latest_materialization_event(dg.AssetKey("table")) is None
        instance.report_engine_event("after", job_name="nightly", run_id=run_id)
        assert [entry.message for entry in instance.all_logs(run_id)] == ["after"]
