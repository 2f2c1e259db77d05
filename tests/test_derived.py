"""What a version keeps as derived from its rows is what SQL derives from them, and is used only if it still is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from bureau import ADJUSTMENTS, BUDGET, PAYMENTS, Bureau
from rule_cases.district import clean, fill, yuan

from pipelines.warehouse.database import run_sql
from pipelines.warehouse.derived import derived_tables

DEPARTMENTS = """
    部门编码,部门名称
    0101,测试一局
    102,测试二局
    """
PROJECTS = """
    项目编码,项目名称,部门编码,项目类别
    P1,甲项目,101,特定目标类
    P3,丙项目,102,运转类
    """
UNKNOWN = "    V9,2024-05-01,101,P9,111,1.00\n"


def deliver(bureau: Bureau) -> None:
    """Two district-years; in one a payment of an unknown project and a payment twice do not count."""
    bureau.deliver("440199/2024/部门.csv", DEPARTMENTS)
    bureau.deliver("440199/2024/项目.csv", PROJECTS)
    bureau.deliver("440199/2024/预算.csv", BUDGET)
    bureau.deliver("440199/2024/调整.csv", ADJUSTMENTS)
    many = "".join(f"    W{number},2024-07-01,101,P1,111,1.00\n" for number in range(40))
    bureau.deliver("440199/2024/支付.csv", f"{PAYMENTS}{many}{UNKNOWN}")
    bureau.deliver("440199/2024/支付补报.csv", PAYMENTS)
    bureau.deliver("440198/2023/预算.csv", BUDGET)


def published(bureau: Bureau) -> dict[str, list[tuple[Any, ...]]]:
    """The derived tables of the published file, and the figures made from them."""
    tables = (*derived_tables(), "summary.department_execution", "summary.project_execution")
    return {table: sorted(bureau.rows(f"from {table}"), key=str) for table in tables}


def manifests(bureau: Bureau) -> list[Path]:
    return sorted(bureau.settings.accepted.glob("*/*/versions/1/manifest.json"))


def derived_otherwise(bureau: Bureau, manifest: Path) -> None:
    """As if another program had accepted the version: what it derived is wrong today, and the file is built anew."""
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"derived_by": "another program"}))
    bureau.settings.database.unlink()


@pytest.mark.long
def test_a_build_loads_what_acceptance_derived_from_the_rows_that_count(bureau: Bureau) -> None:
    deliver(bureau)
    assert bureau.night().exit_code == 0
    assert bureau.rows("select count(*) from quality.rejected_row") == [(1,)]
    loaded = published(bureau)
    for table in derived_tables():
        kept = [
            tuple(row.values())
            for manifest in manifests(bureau)
            for row in pq.read_table(manifest.with_name(f"{table}.parquet")).to_pylist()
        ]
        assert kept
        assert sorted(kept, key=str) == loaded[table]
    names = (
        "select given_project_code, department_code from core.project_resolution where fiscal_year = 2024 order by 1"
    )
    assert ("P1", "0101") in bureau.rows(names)
    assert "P9" not in [code for code, _ in bureau.rows(names)]


@pytest.mark.long
def test_a_version_that_was_derived_otherwise_is_derived_anew_and_says_the_same(bureau: Bureau) -> None:
    deliver(bureau)
    bureau.night()
    loaded = published(bureau)
    derived_otherwise(bureau, manifests(bureau)[0])
    for table in derived_tables():
        # Reading this would show: no build may.
        path = manifests(bureau)[0].with_name(f"{table}.parquet")
        rows = pq.read_table(path)
        pq.write_table(rows.slice(0, 0), path)
        manifest = json.loads(path.with_name("manifest.json").read_text())
        del manifest["parquet"][path.name]
        path.with_name("manifest.json").write_text(json.dumps(manifest))
    assert bureau.night().publication.status == "published"
    assert published(bureau) == loaded


def test_a_version_held_back_keeps_nothing_derived(bureau: Bureau) -> None:
    bureau.deliver("440199/2024/预算.csv", BUDGET + "    合计,,,,,1501.00\n")
    assert bureau.night().publication.status == "nothing"
    (held,) = bureau.settings.accepted.glob("*/*/held")
    assert sorted(path.name for path in held.glob("*.parquet")) == ["excluded.parquet", "findings.parquet"]


def test_a_row_that_gives_a_projects_code_as_its_name_has_the_nature_that_budget_lines_state() -> None:
    district = clean("990001", stated=False)
    for row in district.rows["project"]:
        row["expenditure_nature"] = "project"
    district.add("carryover", department_code="102001", project_name="P4", carried_over_amount=yuan(1))
    with duckdb.connect() as connection:
        fill(connection, [district])
        run_sql(connection, "core", needed={"core.project_resolution"}, with_comments=False)
        found = "select project_kind from core.project_resolution where given_project_name = 'P4'"
        assert connection.execute(found).fetchall() == [("21",)]
