"""A province is the union of its districts: one warehouse over all of them, or one each and merged, say the same."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner, Result
from pydantic import SecretStr
from random_deliveries import RandomDeliveries

from pipelines.cli import main
from pipelines.nightly import ALL_PUBLISHED, FAILED, SOMETHING_HELD_BACK, run_night
from pipelines.settings import Settings
from pipelines.warehouse.connect import open_published

pytestmark = pytest.mark.long

SECRET = "one for the province"  # noqa: S105 - of these tests
OF_ONE_FILE = ("quality.build", "quality.table_checksum", "quality.district_year")
"""Tables that tell when a file was made; they differ by nature."""


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Deliveries of three districts and two years, of which nothing is held back."""
    directory = tmp_path_factory.mktemp("province") / "raw"
    assert len(list(RandomDeliveries(directory, seed=5, dirt=0).steps(12))) == 12
    for held_back in (*directory.rglob("无法识别.csv"), *directory.rglob("*更正.csv")):
        held_back.unlink()
    return directory


@pytest.fixture(scope="module")
def one_warehouse(raw: Path) -> Settings:
    """All districts in one warehouse."""
    settings = Settings(raw=raw, warehouse=raw.parent / "one", hash_secret=SecretStr(SECRET))
    assert run_night(settings).exit_code == ALL_PUBLISHED
    return settings


@pytest.fixture(scope="module")
def merged(raw: Path) -> Path:
    """The province's directory after a run and a merge; to be read."""
    province = raw.parent / "province"
    assert command("run", raw, province).exit_code == ALL_PUBLISHED
    assert command("merge", None, province).exit_code == ALL_PUBLISHED
    return province


def command(name: str, raw: Path | None, province: Path, *more: str) -> Result:
    """What ``district-finance province <name>`` says."""
    words = ["province", name, *(["--raw", str(raw)] if raw else []), "--warehouse", str(province), *more]
    return CliRunner().invoke(main, words, env={"DISTRICT_FINANCE_HASH_SECRET": SECRET})


def comparable_tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    rows = connection.execute(
        "select schema_name || '.' || table_name from duckdb_tables()"
        " where schema_name in ('core', 'quality', 'summary') and database_name = current_database() order by 1"
    ).fetchall()
    return [table for (table,) in rows if table not in OF_ONE_FILE]


def differing(one: Path, other: Path) -> list[str]:
    """The tables of ``one`` that are not, row by row, those of ``other``."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{other}' as other (read_only)")
        connection.execute(f"attach '{one}' as one (read_only)")
        connection.execute("use one")
        return [
            table
            for table in comparable_tables(connection)
            if connection.execute(
                f"select 1 from ((from one.{table} except all from other.{table})"
                f" union all (from other.{table} except all from one.{table})) limit 1"
            ).fetchall()
        ]


def test_districts_by_themselves_and_merged_are_the_warehouse_of_all(one_warehouse: Settings, merged: Path) -> None:
    with open_published(one_warehouse.database) as connection:
        assert len(comparable_tables(connection)) > 40
        assert connection.execute("select count(distinct district_code) from core.payment").fetchall() == [(3,)]
    assert differing(one_warehouse.database, merged / "district_finance.duckdb") == []


def test_a_merge_of_unchanged_districts_is_unchanged(merged: Path) -> None:
    before = (merged / "district_finance.duckdb").stat().st_mtime_ns
    said = command("merge", None, merged)
    assert said.exit_code == ALL_PUBLISHED
    assert "Unchanged" in said.output
    assert (merged / "district_finance.duckdb").stat().st_mtime_ns == before


@pytest.fixture
def province(merged: Path, tmp_path: Path, raw: Path) -> tuple[Path, Path]:
    """Deliveries and a province of the test's own."""
    return shutil.copytree(raw, tmp_path / "raw"), shutil.copytree(merged, tmp_path / "province")


def test_one_changed_district_is_run_and_merged_alone(province: tuple[Path, Path]) -> None:
    raw, directory = province
    (raw / "990002" / "2024" / "结转.csv").write_text("部门编码,项目编码,结转金额\n101,P0,77.00\n", encoding="utf-8")
    ran = command("run", raw, directory, "--district", "990002")
    assert ran.exit_code == ALL_PUBLISHED
    assert "1/1  990002" in ran.output
    assert command("merge", None, directory).exit_code == ALL_PUBLISHED
    control = Settings(raw=raw, warehouse=raw.parent / "control", hash_secret=SecretStr(SECRET))
    run_night(control)
    assert differing(control.database, directory / "district_finance.duckdb") == []


def test_a_table_of_many_rows_is_a_view_over_the_districts_files(province: tuple[Path, Path]) -> None:
    raw, directory = province
    (raw / "990002" / "2024" / "结转.csv").write_text("部门编码,项目编码,结转金额\n101,P0,78.00\n", encoding="utf-8")
    command("run", raw, directory, "--district", "990002")
    said = CliRunner().invoke(
        main,
        ["province", "merge", "--warehouse", str(directory)],
        env={"DISTRICT_FINANCE_HASH_SECRET": SECRET, "DISTRICT_FINANCE_PROVINCE_COPIED_ROWS": "5"},
    )
    assert said.exit_code == ALL_PUBLISHED
    with open_published(directory / "district_finance.duckdb") as connection:
        found = connection.execute("select view_name from duckdb_views() where schema_name = 'core'").fetchall()
        views = {name for (name,) in found}
        assert {"payment", "annual_budget"} <= views
        assert connection.execute("select count(distinct district_code) from core.payment").fetchall() == [(3,)]


def test_a_district_that_fails_keeps_its_last_build_and_is_told(province: tuple[Path, Path]) -> None:
    raw, directory = province
    for path in (raw / "990001").rglob("*.csv"):
        path.write_text("甲,乙\n1.00,2.00\n", encoding="utf-8")
    (raw / "990003" / "2023" / "结转.csv").write_text("部门编码,项目编码,结转金额\n101,P0,79.00\n", encoding="utf-8")
    assert command("run", raw, directory).exit_code == SOMETHING_HELD_BACK
    said = command("merge", None, directory)
    assert said.exit_code == SOMETHING_HELD_BACK
    assert "990001" in said.output
    with open_published(directory / "district_finance.duckdb") as connection:
        assert connection.execute("select count(distinct district_code) from core.payment").fetchall() == [(3,)]
        assert connection.execute(
            "select carried_over_amount from core.carryover where district_code = '990003' and fiscal_year = 2023"
        ).fetchall()
        statuses = dict(connection.execute("select district_code, shard_status from quality.shard_build").fetchall())
    assert statuses["990001"] in ("held_back", "nothing")
    assert statuses["990002"] == "unchanged"
    assert "990001" in command("status", None, directory).output


def test_districts_of_different_secrets_are_not_merged(province: tuple[Path, Path]) -> None:
    raw, directory = province
    (raw / "990002" / "2024" / "结转.csv").write_text("部门编码,项目编码,结转金额\n101,P0,80.00\n", encoding="utf-8")
    words = ["province", "run", "--raw", str(raw), "--warehouse", str(directory), "--district", "990002"]
    assert CliRunner().invoke(main, words, env={"DISTRICT_FINANCE_HASH_SECRET": "another"}).exit_code == ALL_PUBLISHED
    said = command("merge", None, directory)
    assert said.exit_code == FAILED
    assert "hash_secret" in said.output
    assert CliRunner().invoke(main, words, env={"DISTRICT_FINANCE_HASH_SECRET": ""}).exit_code == FAILED


def test_commands_for_another_scheduler_run_one_district_each(province: tuple[Path, Path]) -> None:
    raw, directory = province
    printed = command("run", raw, directory, "--runner", "print").output.splitlines()
    assert sorted(line.split("--district ")[1].split()[0] for line in printed) == ["990001", "990002", "990003"]
    words = printed[0].split()[1:]
    assert CliRunner().invoke(main, words, env={"DISTRICT_FINANCE_HASH_SECRET": SECRET}).exit_code == ALL_PUBLISHED


def test_an_account_that_two_districts_paid_alike_is_found_in_the_province(province: tuple[Path, Path]) -> None:
    raw, directory = province
    heads = "部门编码,项目编码,支付日期,支付金额,支付凭证号,收款人账号\n"
    for district, year, amount, number in (
        ("990001", 2024, "123.45", "X1"),
        ("990002", 2024, "123.45", "X2"),
        ("990003", 2024, "123.46", "X3"),
        ("990003", 2023, "123.45", "X4"),
    ):
        row = f"101,P0,{year}-03-05,{amount},{number},6222020000000012345\n"
        (raw / district / str(year) / "补充支付.csv").write_text(heads + row, encoding="utf-8")
    command("run", raw, directory)
    command("merge", None, directory)
    asked = CliRunner().invoke(
        main,
        ["query", "payees_in_two_districts", "--warehouse", str(directory), "--format", "json"],
    )
    (found,) = json.loads(asked.output)
    assert (found["fiscal_year"], found["districts"], found["payment_count"]) == (2024, "990001, 990002", 2)
    assert Decimal(str(found["paid_in_all"])) == Decimal("246.90")
    assert "6222020000000012345" not in asked.output


def test_a_merge_that_is_killed_leaves_the_old_province_and_the_next_completes(province: tuple[Path, Path]) -> None:
    raw, directory = province
    before = builds(directory)
    (raw / "990002" / "2024" / "结转.csv").write_text("部门编码,项目编码,结转金额\n101,P0,81.00\n", encoding="utf-8")
    command("run", raw, directory, "--district", "990002")
    program = Path(sys.executable).with_name("district-finance")
    words = [program, "province", "merge", "--warehouse", directory]
    with subprocess.Popen(words, env=os.environ | {"DISTRICT_FINANCE_HASH_SECRET": SECRET}) as merging:
        while not (directory / ".build" / "district_finance.duckdb").exists():
            assert merging.poll() is None, "the merge ended before it could be killed"
        merging.kill()
    assert merging.returncode == -signal.SIGKILL
    assert builds(directory) == before
    assert command("merge", None, directory).exit_code == ALL_PUBLISHED
    after = builds(directory)
    assert {district for district in after if after[district] != before[district]} == {"990002"}
    assert not (directory / ".build").exists()
    control = Settings(raw=raw, warehouse=raw.parent / "control", hash_secret=SecretStr(SECRET))
    run_night(control)
    assert differing(control.database, directory / "district_finance.duckdb") == []


def builds(directory: Path) -> dict[str, str]:
    """The publication of each district that readers of the province see."""
    with open_published(directory / "district_finance.duckdb") as connection:
        return dict(connection.execute("select district_code, build_id from quality.shard_build").fetchall())
