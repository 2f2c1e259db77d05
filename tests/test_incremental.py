"""A build that begins from the last publication gives, table by table, what a build from nothing gives."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest
from bureau import ADJUSTMENTS, BUDGET, PAYMENTS, Bureau, deliver_detail
from click.testing import CliRunner
from random_deliveries import RandomDeliveries

from pipelines.cli import main
from pipelines.nightly import ALL_PUBLISHED, SOMETHING_HELD_BACK, run_night
from pipelines.warehouse import publish

PLACE = "440199/2024"


def executed(bureau: Bureau, district_code: str = "440199") -> Decimal:
    (amount,) = bureau.one(
        f"select executed_amount from summary.department_execution where district_code = '{district_code}'"
    )
    return Decimal(amount)


@pytest.fixture
def two_districts(published_bureau: Bureau) -> Bureau:
    """Two districts; nothing of the first changed since the last publication."""
    for name, text in (("预算", BUDGET), ("调整", ADJUSTMENTS), ("支付", PAYMENTS)):
        published_bureau.deliver(f"440198/2024/{name}.csv", text)
    assert published_bureau.night().exit_code == ALL_PUBLISHED
    return published_bureau


def rebuilt(bureau: Bureau) -> list[str]:
    """What differed from a build from nothing."""
    return run_night(bureau.settings, rebuild=True).publication.problems


@pytest.mark.long
def test_random_steps_equal_a_build_from_nothing(bureau: Bureau) -> None:
    deliveries = RandomDeliveries(bureau.settings.raw, seed=20240630)
    for step in deliveries.steps(4):
        bureau.night()
        assert rebuilt(bureau) == [], step


def test_only_the_changed_district_is_derived(two_districts: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    derived: list[list[str]] = []
    replace_delivered = publish.replace_delivered

    def listening(connection, change, *rest):
        derived.append(change.districts)
        return replace_delivered(connection, change, *rest)

    monkeypatch.setattr(publish, "replace_delivered", listening)
    two_districts.deliver("440198/2024/支付.csv", PAYMENTS.replace("600.00", "610.00"))
    assert two_districts.night().exit_code == ALL_PUBLISHED
    assert derived == [["440198"]]
    assert (executed(two_districts), executed(two_districts, "440198")) == (Decimal("700.00"), Decimal("710.00"))
    assert rebuilt(two_districts) == []


@pytest.mark.long
def test_a_district_year_that_is_no_longer_in_the_store_leaves_the_publication(two_districts: Bureau) -> None:
    for path in sorted((two_districts.settings.accepted / "440198").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (two_districts.settings.accepted / "440198").rmdir()
    for path in (two_districts.settings.raw / "440198" / "2024").iterdir():
        path.unlink()
    two_districts.night()
    assert two_districts.rows("select distinct district_code from summary.department_execution") == [("440199",)]
    assert two_districts.rows("select distinct district_code from core.payment") == [("440199",)]
    assert rebuilt(two_districts) == []


@pytest.mark.long
def test_a_publication_that_differs_from_a_build_from_nothing_is_replaced_by_it(
    two_districts: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_districts.deliver("440198/2024/支付.csv", PAYMENTS.replace("600.00", "610.00"))
    with monkeypatch.context() as patch:
        patch.setattr(publish, "replace_derived", lambda *_: None)
        two_districts.night()
    assert executed(two_districts, "440198") == Decimal("700.00")  # what a fault of the program would publish
    settings = two_districts.settings
    places = ["--raw", str(settings.raw), "--warehouse", str(settings.warehouse)]
    outcome = CliRunner().invoke(main, ["nightly", "--rebuild", *places])
    assert outcome.exit_code == SOMETHING_HELD_BACK
    assert "summary.department_execution" in outcome.output
    assert executed(two_districts, "440198") == Decimal("710.00")
    assert rebuilt(two_districts) == []


@pytest.mark.long
def test_the_comparison_comes_by_itself_after_so_many_days(
    two_districts: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_districts.deliver("440198/2024/支付.csv", PAYMENTS.replace("600.00", "610.00"))
    with monkeypatch.context() as patch:
        patch.setattr(publish, "replace_derived", lambda *_: None)
        two_districts.night()
    weekly = two_districts.settings
    assert run_night(weekly).publication.problems == []
    two_districts.settings = weekly.model_copy(update={"rebuild_days": 0})
    assert "summary.department_execution" in two_districts.night().publication.problems[0]
    assert executed(two_districts, "440198") == Decimal("710.00")


@pytest.mark.long
@pytest.mark.parametrize("damage", ["a byte of the file", "the record"])
def test_a_publication_that_cannot_be_trusted_is_not_begun_from(two_districts: Bureau, damage: str) -> None:
    database, record = two_districts.settings.database, two_districts.settings.warehouse / ".publication.json"
    two_districts.deliver("440198/2024/支付.csv", PAYMENTS.replace("600.00", "610.00"))
    if damage == "the record":
        record.write_text("{")
    else:
        content = bytearray(database.read_bytes())
        at = content.index("甲项目".encode())
        content[at : at + 3] = "乙".encode()
        database.write_bytes(content)
    assert two_districts.night().exit_code == ALL_PUBLISHED
    assert two_districts.rows("select distinct project_name from summary.project_execution order by 1") == [
        ("乙项目",),
        ("甲项目",),
    ]
    assert executed(two_districts, "440198") == Decimal("710.00")
    assert rebuilt(two_districts) == []


@pytest.mark.long
def test_dead_space_is_bounded(two_districts: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = two_districts.settings.database.stat().st_size
    monkeypatch.setattr(publish, "MOST_ROOM", 0)
    sizes = []
    for amount in range(601, 607):
        two_districts.deliver("440198/2024/支付.csv", PAYMENTS.replace("600.00", f"{amount}.00"))
        two_districts.night()
        sizes.append(two_districts.settings.database.stat().st_size)
    # One build may go beyond the bound; the next begins from nothing.
    beyond = [size > whole * publish.MOST_GROWTH for size in sizes]
    assert (True, True) not in pairwise(beyond)
    assert executed(two_districts, "440198") == Decimal("706.00")


def test_nothing_is_written_where_nothing_changed(two_districts: Bureau) -> None:
    before = {path: path.stat().st_mtime_ns for path in two_districts.settings.warehouse.rglob("*.duckdb")}
    deliver_detail(two_districts)
    assert two_districts.night().publication.status == "unchanged"
    assert {path: path.stat().st_mtime_ns for path in two_districts.settings.warehouse.rglob("*.duckdb")} == before
