"""The synthetic district through the whole night: what is published equals the independent oracle, dirt or not."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from oracle import DEPARTMENT_COLUMNS, PROJECT_COLUMNS, DistrictYear

from pipelines.demo import DemoDistrict, Dirt, write_demo
from pipelines.nightly import ALL_PUBLISHED, run_night
from pipelines.settings import Settings
from pipelines.warehouse.connect import open_published

RAW = Path(__file__).parent.parent / "raw"


class Published:
    """A district's deliveries after their first night."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.exit_code = run_night(settings).exit_code

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with open_published(self.settings.database) as connection:
            return connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Published:
    directory = tmp_path_factory.mktemp("committed")
    shutil.copytree(RAW / "999999", directory / "raw" / "999999")
    return Published(Settings(raw=directory / "raw", warehouse=directory / "warehouse"))


@pytest.fixture(scope="module")
def dirty_district(tmp_path_factory: pytest.TempPathFactory) -> DemoDistrict:
    return write_demo(tmp_path_factory.mktemp("dirty") / "raw", scale=0.02, seed=12, dirt=Dirt(restated_rows=0.1))


@pytest.fixture(scope="module")
def dirty(dirty_district: DemoDistrict) -> Published:
    raw = dirty_district.directory.parent
    return Published(Settings(raw=raw, warehouse=raw.parent / "warehouse"))


def expected(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in columns) for row in rows]


def assert_equal_to_the_oracle(published: Published, truth: DistrictYear) -> None:
    for table, columns, rows in (
        ("department_execution", DEPARTMENT_COLUMNS, truth.department_execution()),
        ("project_execution", PROJECT_COLUMNS, truth.project_execution()),
    ):
        order = ", ".join(name for name in ("department_code", "project_code") if name in columns)
        found = published.rows(f"select {', '.join(columns)} from summary.{table} order by {order}")
        assert found == expected(rows, columns)


def test_every_figure_equals_the_oracle(committed: Published) -> None:
    assert committed.exit_code == ALL_PUBLISHED
    assert_equal_to_the_oracle(committed, DistrictYear(RAW / "999999" / "2024"))


def test_every_figure_of_a_dirty_district_equals_the_oracle(dirty: Published, dirty_district: DemoDistrict) -> None:
    left_out = {(Path(row.relative_path).name, row.line) for row in dirty_district.planted}
    assert_equal_to_the_oracle(dirty, DistrictYear(dirty_district.directory / "2024", left_out=left_out))


def test_a_clean_district_loses_nothing(committed: Published) -> None:
    totals = committed.rows(
        "select sum(rows_rejected), sum(rows_duplicate), sum(rows_read - rows_accepted - rows_subtotal)"
        " from quality.source_file"
    )
    assert totals == [(0, 0, 0)]
    accepted = dict(committed.rows("select dataset, sum(rows_accepted) from quality.source_file group by dataset"))
    written: Counter[str] = Counter()
    for table in DistrictYear(RAW / "999999" / "2024").tables:
        written[table.dataset] += len(table.rows)
    assert accepted == written


def test_planted_dirt_is_found_exactly(dirty: Published, dirty_district: DemoDistrict) -> None:
    planted = [(row.relative_path, row.line, row.rule_id) for row in dirty_district.planted if row.rule_id]
    found = dirty.rows(
        "select file.source_path, rejected.source_line, rejected.rule_ids from quality.rejected_row as rejected"
        " inner join quality.source_file as file on rejected.source_file_id = file.source_file_id"
    )
    assert sorted(found) == sorted(planted)


def test_errors_of_the_district_itself_are_found_and_none_invented(
    dirty: Published, dirty_district: DemoDistrict
) -> None:
    found = dirty.rows(
        "select fiscal_year, rule_id, project_code from quality.finding where severity in ('error', 'fatal')"
    )
    orphans = {row.rule_id for row in dirty_district.planted if row.what == "orphan"}
    expected_findings = dirty_district.expected_findings()
    assert {rule_id for _, rule_id, _ in expected_findings} == {
        "payments-exceed-project-budget",
        "payment-without-budget",
    }
    assert {row for row in found if row[1] not in orphans} == set(expected_findings)


def test_superseded_rows_and_copies_are_counted(dirty: Published, dirty_district: DemoDistrict) -> None:
    (restated,) = (file for file in dirty_district.files if file.restatement)
    kinds = Counter(row.what for row in dirty_district.planted)
    ((duplicates, superseded),) = dirty.rows(
        "select sum(rows_duplicate), sum(rows_superseded) from quality.source_file where dataset = 'payment'"
    )
    assert superseded == kinds["superseded"]
    # Superseded rows count as duplicates too: rows read = accepted + rejected + duplicate + subtotal.
    assert duplicates == kinds["duplicate"] + restated.rows
