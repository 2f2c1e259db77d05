"""The synthetic district through the whole night: what is published equals the independent oracle, dirt or not."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from oracle import DEPARTMENT_COLUMNS, PROJECT_COLUMNS, DistrictYear

from pipelines.demo import DemoDistrict, Dirt, write_demo
from pipelines.nightly import run_night
from pipelines.settings import Settings
from pipelines.warehouse.connect import open_published

RAW = Path(__file__).parent.parent / "raw"
DISTRICT = "999999"


@pytest.fixture(scope="module")
def dirty_district(tmp_path_factory: pytest.TempPathFactory) -> DemoDistrict:
    return write_demo(tmp_path_factory.mktemp("dirty") / "raw", scale=0.02, seed=12, dirt=Dirt(restated_rows=0.1))


@pytest.fixture(scope="module")
def dirty(dirty_district: DemoDistrict) -> Settings:
    """The dirty district's deliveries after their first night."""
    raw = dirty_district.directory.parent
    settings = Settings(raw=raw, warehouse=raw.parent / "warehouse")
    run_night(settings)
    return settings


def rows(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    with open_published(settings.database) as connection:
        return connection.execute(query).fetchall()


def expected(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in columns) for row in rows]


def assert_equal_to_the_oracle(published: Settings, truth: DistrictYear) -> None:
    for table, columns, computed in (
        ("department_execution", DEPARTMENT_COLUMNS, truth.department_execution()),
        ("project_execution", PROJECT_COLUMNS, truth.project_execution()),
    ):
        order = ", ".join(name for name in ("department_code", "project_code") if name in columns)
        found = rows(
            published,
            f"select {', '.join(columns)} from summary.{table} where district_code = '{DISTRICT}' order by {order}",
        )
        assert found == expected(computed, columns)


def test_every_figure_equals_the_oracle(sample: Settings) -> None:
    assert_equal_to_the_oracle(sample, DistrictYear(RAW / DISTRICT / "2024"))


@pytest.mark.long
def test_every_figure_of_a_dirty_district_equals_the_oracle(dirty: Settings, dirty_district: DemoDistrict) -> None:
    left_out = {(Path(row.relative_path).name, row.line) for row in dirty_district.planted}
    assert_equal_to_the_oracle(dirty, DistrictYear(dirty_district.directory / "2024", left_out=left_out))


def test_a_clean_district_loses_nothing(sample: Settings) -> None:
    totals = rows(
        sample,
        "select sum(rows_rejected), sum(rows_duplicate), sum(rows_read - rows_accepted - rows_subtotal)"
        f" from quality.source_file where district_code = '{DISTRICT}'",
    )
    assert totals == [(0, 0, 0)]
    accepted = dict(
        rows(
            sample,
            "select dataset, sum(rows_accepted) from quality.source_file"
            f" where district_code = '{DISTRICT}' group by dataset",
        )
    )
    written: Counter[str] = Counter()
    for table in DistrictYear(RAW / DISTRICT / "2024").tables:
        written[table.dataset] += len(table.rows)
    assert accepted == written


def test_planted_dirt_is_found_exactly(dirty: Settings, dirty_district: DemoDistrict) -> None:
    planted = [(row.relative_path, row.line, row.rule_id) for row in dirty_district.planted if row.rule_id]
    found = rows(
        dirty,
        "select file.source_path, rejected.source_line, rejected.rule_ids from quality.rejected_row as rejected"
        " inner join quality.source_file as file on rejected.source_file_id = file.source_file_id",
    )
    assert sorted(found) == sorted(planted)


def test_errors_of_the_district_itself_are_found_and_none_invented(
    dirty: Settings, dirty_district: DemoDistrict
) -> None:
    found = rows(
        dirty, "select fiscal_year, rule_id, project_code from quality.finding where severity in ('error', 'fatal')"
    )
    planted = {row.rule_id for row in dirty_district.planted if row.what == "orphan"} | {"money-not-readable"}
    expected_findings = dirty_district.expected_findings()
    assert {rule_id for _, rule_id, _ in expected_findings} == {
        "payments-exceed-project-budget",
        "payment-without-budget",
    }
    assert {row for row in found if row[1] not in planted} == set(expected_findings)


def test_superseded_rows_and_copies_are_counted(dirty: Settings, dirty_district: DemoDistrict) -> None:
    (restated,) = (file for file in dirty_district.files if file.restatement)
    kinds = Counter(row.what for row in dirty_district.planted)
    ((duplicates, superseded),) = rows(
        dirty, "select sum(rows_duplicate), sum(rows_superseded) from quality.source_file where dataset = 'payment'"
    )
    assert superseded == kinds["superseded"]
    # Superseded rows count as duplicates too: rows read = accepted + rejected + duplicate + subtotal.
    assert duplicates == kinds["duplicate"] + restated.rows
