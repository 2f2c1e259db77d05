"""The Dagster layer as its daemon and pages use it: loading, schedule, sensor, runs, partitions, checks, metadata."""

from __future__ import annotations

import base64
import datetime
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from pipelines.definitions import build_definitions
from pipelines.orchestration.accepted import HELD_BACK_TAG
from pipelines.settings import Settings
from pipelines.warehouse.connect import open_published

CHECKOUT = Path(__file__).parent.parent
LIWAN = CHECKOUT / "raw" / "440103" / "2022"

STATEMENT = """\
单位编码,单位名称,年初预算数,预算调整数,全年预算数,执行数
101,测试一局,1000.00,200.00,1200.00,600.00
102,测试二局,500.00,0.00,500.00,500.00
"""


class Instance:
    """A raw directory and a warehouse of their own, as a daemon sees them and a run works on them.

    Runs have an instance in memory: writing events to files takes most of a small run's time.
    """

    def __init__(self, daemon: dg.DagsterInstance, settings: Settings) -> None:
        self.daemon = daemon
        self.runs = dg.DagsterInstance.ephemeral()
        self.settings = settings
        self.definitions = build_definitions(settings)
        self.cursor: str | None = None

    def deliver(self, district_year: str, name: str, text: str) -> None:
        """Writes a file below raw/."""
        path = self.settings.raw / district_year / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def publish(self, name: str, text: str) -> None:
        """Writes a file below the root of published reports."""
        path = self.settings.published_reports / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def tick(self) -> dg.RunRequest | str:
        """Evaluates the schedule; what it asks for, or why it asks for nothing."""
        context = dg.build_schedule_context(
            instance=self.daemon,
            scheduled_execution_time=datetime.datetime(2026, 1, 5, 2, 0, tzinfo=datetime.UTC),
            resources={"settings": self.settings},
        )
        data = self.definitions.resolve_schedule_def("nightly_schedule").evaluate_tick(context)
        return data.run_requests[0] if data.run_requests else str(data.skip_message)

    def sense(self) -> dg.RunRequest | str:
        """Evaluates the sensor with its cursor; what it asks for, or why it asks for nothing."""
        context = dg.build_sensor_context(
            instance=self.daemon, cursor=self.cursor, resources={"settings": self.settings}
        )
        data = self.definitions.resolve_sensor_def("new_deliveries").evaluate_tick(context)
        self.cursor = data.cursor
        return data.run_requests[0] if data.run_requests else str(data.skip_message)

    def run(self, request: dg.RunRequest) -> dg.ExecuteInProcessResult:
        """Executes the job as the request asks."""
        keys = self.daemon.get_dynamic_partitions("district_fiscal_year")
        self.runs.add_dynamic_partitions("district_fiscal_year", list(keys))
        return self.definitions.resolve_job_def("nightly").execute_in_process(
            instance=self.runs, tags=dict(request.tags), raise_on_error=False
        )

    def materialized(self, asset: str) -> set[str]:
        """The materialised partitions of an asset."""
        return self.runs.get_materialized_partitions(dg.AssetKey([asset]))


@pytest.fixture(scope="module")
def daemon() -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test() as instance:
        yield instance


@pytest.fixture
def instance(daemon: dg.DagsterInstance, tmp_path: Path) -> Instance:
    return Instance(daemon, _settings(tmp_path))


@pytest.fixture(scope="module")
def night(
    daemon: dg.DagsterInstance, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Instance, dg.ExecuteInProcessResult]:
    """A scheduled night over Liwan's figures, a district with one bad row among forty, and a file of no dataset."""
    many = "".join(f"{number},测试{number}局,1000.00,0.00,1000.00,600.00\n" for number in range(200, 240))
    instance = Instance(daemon, _settings(tmp_path_factory.mktemp("night")))
    shutil.copytree(LIWAN, instance.settings.raw / "440103" / "2022")
    instance.deliver("440104/2024", "statement.csv", STATEMENT + many + "103,测试三局,一百,0.00,100.00,50.00\n")
    instance.deliver("440105/2024", "shapes.csv", "颜色,形状\n红,圆\n")
    instance.publish("440103/2022/说明.txt", "年初预算数100万元，另有3.7万元。")
    instance.publish("440104/2024/损坏.pdf", "%PDF")
    request = instance.tick()
    assert isinstance(request, dg.RunRequest)
    return instance, instance.run(request)


def _settings(directory: Path) -> Settings:
    (directory / "raw").mkdir()
    return Settings(raw=directory / "raw", warehouse=directory / "warehouse")


def checks(result: dg.ExecuteInProcessResult) -> dict[tuple[str, str], dg.AssetCheckEvaluation]:
    """The check evaluations of a run by asset and check."""
    return {(each.asset_key.to_user_string(), each.check_name): each for each in result.get_asset_check_evaluations()}


def test_lineage_runs_from_delivery_to_published_rates() -> None:
    graph = build_definitions(Settings()).resolve_asset_graph()
    rates = dg.AssetKey(["summary", "department_execution"])
    upstream, waiting = set(), [rates]
    while waiting:
        for parent in graph.get(waiting.pop()).parent_keys - upstream:
            upstream.add(parent)
            waiting.append(parent)
    assert {
        dg.AssetKey("delivery"),
        dg.AssetKey("accepted_version"),
        dg.AssetKey(["core", "payment"]),
        dg.AssetKey(["core", "execution_statement"]),
    } <= upstream
    references = graph.get(rates).metadata["dagster/code_references"].code_references
    assert any(Path(each.file_path).name == "department_execution.sql" for each in references)
    for key in (*upstream, rates):
        node = graph.get(key)
        assert node.description
        assert node.kinds
        assert node.group_name in {"raw", "accepted", "core", "quality", "summary"}


def test_schedule_and_sensor_run_without_being_switched_on() -> None:
    definitions = build_definitions(Settings(schedule={"cron": "30 3 * * *", "time_zone": "Asia/Urumqi"}))
    schedule = definitions.resolve_schedule_def("nightly_schedule")
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("30 3 * * *", "Asia/Urumqi")
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING
    assert definitions.resolve_sensor_def("new_deliveries").default_status is dg.DefaultSensorStatus.RUNNING


class TestScheduledNight:
    def test_the_published_rates_show_columns_rows_money_and_a_preview(
        self, night: tuple[Instance, dg.ExecuteInProcessResult]
    ) -> None:
        _, result = night
        assert result.success
        (rates,) = [
            event.materialization.metadata
            for event in result.get_asset_materialization_events()
            if event.asset_key == dg.AssetKey(["summary", "project_execution"])
        ]
        assert rates["dagster/row_count"].value == 4
        assert rates["control total of executed_amount (yuan)"].value == "35,516,100.00"
        assert "120.84" in str(rates["preview"].value)
        schema = rates["dagster/column_schema"].value
        assert isinstance(schema, dg.TableSchema)
        (percentage,) = [column for column in schema.columns if column.name == "execution_rate_pct"]
        assert percentage.type == "DECIMAL(14,2)"
        assert "执行率" in str(percentage.description)

    def test_a_held_back_district_year_keeps_its_partition_open_and_the_others_are_published(
        self, night: tuple[Instance, dg.ExecuteInProcessResult]
    ) -> None:
        instance, result = night
        assert instance.materialized("accepted_version") == {"440103-2022", "440104-2024"}
        assert instance.materialized("reading_report") == {"440103-2022", "440104-2024", "440105-2024"}
        assert instance.settings.database.exists()
        held = checks(result)["reading_report", "nothing_is_held_back"]
        assert not held.passed
        assert "440105" in str(held.metadata["reasons"].value)
        run = instance.runs.get_run_by_id(result.run_id)
        assert run is not None
        assert run.tags[HELD_BACK_TAG] == "440105-2024"

    def test_rows_set_aside_are_a_warning_on_their_dataset(
        self, night: tuple[Instance, dg.ExecuteInProcessResult]
    ) -> None:
        contract = checks(night[1])["core/execution_statement", "rows_fulfil_the_contract"]
        assert not contract.passed
        assert contract.severity is dg.AssetCheckSeverity.WARN
        assert contract.metadata["rows set aside"].value == 1
        assert "amount-not-readable" in str(contract.metadata["reasons"].value).replace("\\", "")

    def test_rows_and_money_are_conserved(self, night: tuple[Instance, dg.ExecuteInProcessResult]) -> None:
        told = checks(night[1])
        assert told["reading_report", "rows_and_money_are_conserved"].passed
        conserved = told["core/execution_statement", "rows_and_money_are_conserved"]
        assert conserved.passed
        assert conserved.metadata["rows read"].value == conserved.metadata["rows accounted for"].value == 15 + 43

    def test_published_reports_are_read_and_what_is_not_is_a_warning(
        self, night: tuple[Instance, dg.ExecuteInProcessResult]
    ) -> None:
        instance, result = night
        assert instance.materialized("document_reading") >= {"440103-2022", "440104-2024"}
        told = checks(result)
        refused = told["document_reading", "every_document_is_read"]
        assert (refused.passed, refused.severity) == (False, dg.AssetCheckSeverity.WARN)
        assert "损坏.pdf" in str(refused.metadata["reasons"].value)
        unread = told["document_reading", "every_number_is_read"]
        assert (unread.passed, "说明.txt" in str(unread.metadata["reasons"].value)) == (False, True)
        with open_published(instance.settings.database) as published:
            ((count,),) = published.execute("select count(*) from quality.published_statement").fetchall()
        assert count == 2

    def test_reports_are_linked_with_their_rates_as_a_picture(
        self, night: tuple[Instance, dg.ExecuteInProcessResult]
    ) -> None:
        instance, result = night
        found = {
            str(event.partition): event.materialization.metadata
            for event in result.get_asset_materialization_events()
            if event.asset_key == dg.AssetKey("report_page")
        }
        assert (
            instance.materialized("bulletin_workbook") == found.keys() == {"440103-2022", "440104-2024", "440105-2024"}
        )
        liwan = found["440103-2022"]
        page = Path(str(liwan["file"].value))
        assert "预算执行情况" in page.read_text(encoding="utf-8")
        assert liwan["link"].value == "http://127.0.0.1:8765/reports/440103/2022/index.html"
        assert liwan["execution_rate_pct"].value == 78.33
        picture = str(liwan["execution rates"].value).rpartition("base64,")[2].removesuffix(")")
        assert "78.33%" in base64.b64decode(picture).decode()
        assert set(found["440105-2024"]) == {"outcome"}


def test_an_empty_raw_directory_starts_no_run(instance: Instance) -> None:
    assert "no deliveries" in str(instance.tick())


def test_a_run_without_partitions_says_what_to_do(instance: Instance) -> None:
    instance.deliver("440104/2024", "statement.csv", STATEMENT)
    result = instance.run(dg.RunRequest())
    assert not result.success
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert "Choose partitions" in str(failure.step_failure_data.user_failure_data.description)


class TestSensor:
    def test_a_delivery_is_run_once_it_is_complete_and_only_once(self, instance: Instance) -> None:
        instance.deliver("440104/2024", "statement.csv", STATEMENT)
        assert "still being delivered" in str(instance.sense())
        instance.deliver("440104/2024", "statement.csv", STATEMENT + "103,测试三局,1.00,0.00,1.00,1.00\n")
        assert "still being delivered" in str(instance.sense())
        request = instance.sense()
        assert isinstance(request, dg.RunRequest)
        assert instance.sense() == "nothing new"

    def test_a_file_that_is_put_back_as_it_was_starts_another_run(self, instance: Instance) -> None:
        path = instance.settings.raw / "440104/2024/statement.csv"
        keys = []
        for text in (STATEMENT, STATEMENT.replace("600", "700"), STATEMENT, STATEMENT.replace("600", "700")):
            instance.deliver("440104/2024", "statement.csv", text)
            os.utime(path, (1_700_000_000, 1_700_000_000))  # copied with its time
            instance.sense()
            request = instance.sense()
            assert isinstance(request, dg.RunRequest)
            keys.append(request.run_key)
        aside = path.parent.rename(instance.settings.raw / "440104/aside")
        instance.sense()
        aside.rename(path.parent)  # the file itself was not touched
        instance.sense()
        request = instance.sense()
        assert isinstance(request, dg.RunRequest)
        assert len({*keys, request.run_key}) == 5  # Dagster starts no second run of a key

    def test_a_published_report_starts_a_run_of_its_district_year(self, instance: Instance) -> None:
        instance.deliver("440105/2024", "statement.csv", STATEMENT)
        requests = [instance.sense(), instance.sense()]
        assert isinstance(requests[1], dg.RunRequest)
        assert isinstance(instance.sense(), str)
        instance.publish("440105/2024/说明.txt", "年初预算数100万元。")
        assert "still being delivered: 440105-2024" in str(instance.sense())
        assert isinstance(instance.sense(), dg.RunRequest)
        assert isinstance(instance.sense(), str)

    def test_a_late_file_starts_its_own_district_year(self, instance: Instance) -> None:
        for district_year in ("440103/2022", "440104/2024", "440105/2024"):
            instance.deliver(district_year, "statement.csv", STATEMENT)
        instance.sense()
        assert isinstance(instance.sense(), dg.RunRequest)
        instance.deliver("440104/2024", "late.csv", STATEMENT)
        instance.sense()
        request = instance.sense()
        assert isinstance(request, dg.RunRequest)
        assert request.tags["dagster/asset_partition_range_start"] == "440104-2024"
        assert request.tags["dagster/asset_partition_range_end"] == "440104-2024"
