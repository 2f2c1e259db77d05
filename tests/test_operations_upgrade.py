"""Stores of every released version go on to be used, and a store of a later version is left alone."""

from __future__ import annotations

import json
import tarfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.nightly import SOMETHING_HELD_BACK, run_night
from pipelines.settings import Settings
from pipelines.warehouse.connect import open_published
from pipelines.warehouse.migrate import MIGRATIONS, bring_up_to_date, store_version
from pipelines.warehouse.publish import DATABASE_SCHEMA_VERSION, BuildError, build_and_publish
from pipelines.warehouse.store import SCHEMA_VERSION, StoreError, district_years

FIXTURES = Path(__file__).parent / "fixtures"


def settings_with(version: int, directory: Path) -> Settings:
    """A bureau whose warehouse the program of ``version`` wrote, with its deliveries."""
    with tarfile.open(FIXTURES / f"store_v{version}.tar.xz") as archive:
        archive.extractall(directory)  # noqa: S202 - our own fixture
    return Settings(raw=directory / "raw", warehouse=directory / "warehouse")


def ask(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    with open_published(settings.database) as published:
        return published.execute(query).fetchall()


FIGURES = """select district_code, initial_budget_amount, full_year_budget_amount, executed_amount,
    execution_rate_pct from summary.department_execution order by all"""


def every_file(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_there_is_a_fixture_and_a_migration_for_every_version() -> None:
    earlier = set(range(1, SCHEMA_VERSION))
    assert set(MIGRATIONS) == earlier
    assert {f"store_v{version}.tar.xz" for version in earlier} <= {path.name for path in FIXTURES.iterdir()}


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION))
def test_a_store_of_an_earlier_version_goes_on_to_be_used(version: int, tmp_path: Path) -> None:
    """Version 1's fixture: a restatement in 440199, which still wins, and a refused file that holds back 440198."""
    settings = settings_with(version, tmp_path)
    before = ask(settings, FIGURES)
    assert ("440199", Decimal("1500.00"), Decimal("1600.00"), Decimal("710.50"), Decimal("44.41")) in before
    night = run_night(settings)
    assert night.exit_code == SOMETHING_HELD_BACK
    assert store_version(settings.accepted) == SCHEMA_VERSION
    assert ask(settings, FIGURES) == before
    assert ask(settings, "select money, kept_money from quality.duplicate_row where duplicate_kind = 'superseded'") == [
        (Decimal("600.00"), Decimal("610.50"))
    ]
    assert ask(settings, "select district_code from quality.district_year where is_held_back") == [("440198",)]


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION))
def test_a_migration_that_was_killed_is_done_again(version: int, tmp_path: Path) -> None:
    """Every file's first moment and every hash are the same, wherever the first attempt ended."""
    killed, whole = settings_with(version, tmp_path / "killed"), settings_with(version, tmp_path / "whole")
    MIGRATIONS[version](district_years(killed.accepted)[0])
    for settings in (killed, whole):
        bring_up_to_date(settings.accepted)
    assert every_file(killed.accepted) == every_file(whole.accepted)


def test_a_store_of_a_later_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    settings = settings_with(1, tmp_path)
    (settings.accepted / "schema_version").write_text(f"{SCHEMA_VERSION + 1}\n")
    before = every_file(settings.accepted)
    with pytest.raises(StoreError, match=f"store schema {SCHEMA_VERSION + 1}.*Install that version"):
        run_night(settings)
    assert every_file(settings.accepted) == before


def test_a_publication_of_a_later_version_is_refused_and_stays(tmp_path: Path) -> None:
    settings = settings_with(1, tmp_path)
    with duckdb.connect(settings.database) as published:
        published.execute("alter table quality.build add column schema_version bigint")
        published.execute(f"update quality.build set schema_version = {DATABASE_SCHEMA_VERSION + 1}")
    before = settings.database.read_bytes()
    bring_up_to_date(settings.accepted)
    with pytest.raises(BuildError, match=f"database schema {DATABASE_SCHEMA_VERSION + 1}.*Install that version"):
        build_and_publish(settings)
    assert settings.database.read_bytes() == before


def test_the_program_of_version_1_refuses_a_migrated_store(tmp_path: Path) -> None:
    """It compares ``schema_version`` of a manifest with its own, so that must stay in every manifest."""
    settings = settings_with(1, tmp_path)
    bring_up_to_date(settings.accepted)
    manifests = [
        *settings.accepted.glob("*/*/versions/*/manifest.json"),
        *settings.accepted.glob("*/*/held/manifest.json"),
    ]
    assert len(manifests) == 4
    assert {json.loads(path.read_text())["schema_version"] for path in manifests} == {SCHEMA_VERSION}
