"""A published figure is followed back to its source lines, through the command and through SQL."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from bureau import PAYMENTS, Bureau, deliver_detail
from click.testing import CliRunner, Result

from pipelines.cli import main
from pipelines.warehouse.connect import open_published
from pipelines.warehouse.explain import NotExplainedError, explain

CHECKOUT = Path(__file__).parent.parent
DEPARTMENT = ("district_code", "fiscal_year", "department_code", "department_name")
AMOUNTS = (
    "initial_budget_amount",
    "increase_amount",
    "decrease_amount",
    "net_adjustment_amount",
    "full_year_budget_amount",
    "executed_amount",
)


@pytest.fixture(scope="module")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Bureau:
    """Liwan's statements, the synthetic district's detail, and one with odd rows."""
    bureau = Bureau(tmp_path_factory.mktemp("explain"))
    for district in ("440103", "999999"):
        shutil.copytree(CHECKOUT / "raw" / district, bureau.settings.raw / district)
    deliver_detail(
        bureau, payments=PAYMENTS + "    V3,没有日期,101,P1,111,50.00\n    V4,2024-05-01,101,P2,111,900.00\n"
    )
    # Of two files of one night the one that was written later counts.
    first = bureau.settings.raw / "440199" / "2024" / "支付.csv"
    os.utime(first, (first.stat().st_mtime - 60, first.stat().st_mtime - 60))
    bureau.deliver("440199/2024/更正.csv", PAYMENTS.replace("600.00", "610.00"))
    bureau.settings.set_aside.max_row_share = 1
    bureau.settings.set_aside.max_money_share = 1
    assert bureau.night().publication.status == "published"
    return bureau


def command(bureau: Bureau, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["explain", *arguments, "--warehouse", str(bureau.settings.warehouse)])


@pytest.mark.parametrize(
    ("level", "key"), [("department", DEPARTMENT), ("project", (*DEPARTMENT, "project_code", "project_name"))]
)
def test_the_rows_behind_every_published_amount_add_up_to_it(bureau: Bureau, level: str, key: tuple[str, ...]) -> None:
    same = " and ".join(f"said.{name} is not distinct from row.{name}" for name in (*key, "figure_name"))
    compared = bureau.rows(
        f"""
        with row as (
            select {", ".join(key)}, figure_name, sum(contributed_amount) as total
            from lineage.contribution where figure_level = '{level}' group by all
        ),
        said as (
            from (select {", ".join((*key, *AMOUNTS))} from summary.{level}_execution)
            unpivot include nulls (amount for figure_name in ({", ".join(AMOUNTS)}))
        )
        select said.figure_name, count(amount) > 0, count(*) filter (
            where amount is distinct from case when amount = 0 then coalesce(total, 0) else total end
        )
        from said left join row on {same} group by said.figure_name"""
    )
    assert sorted(compared) == sorted((name, True, 0) for name in AMOUNTS)


def test_a_rate_is_explained_down_to_the_line(bureau: Bureau) -> None:
    told = command(bureau, "440103/2022/招商引资经费", "--figure", "execution_rate_pct", "--format", "json")
    assert told.exit_code == 0, told.output
    explained = json.loads(told.output, parse_float=Decimal)
    assert explained["value"] == Decimal("80.00")
    assert [
        (step["figure"], step["numbers"], step["is_confirmed"]) for step in explained["steps"] if step["formula"]
    ] == [("execution_rate_pct", "100 × 469,100.00 / 586,400.00", True)]
    lines = {
        part["figure"]: [(row["source_path"], row["source_sheet"], row["source_line"]) for row in part["rows"]]
        for part in explained["contributions"]
    }
    place = [("440103/2022/2022年预算执行情况表.xlsx", "项目", 5)]
    assert lines == {"executed_amount": place, "full_year_budget_amount": place}
    assert [part["total"] for part in explained["contributions"]] == [Decimal("469100.00"), Decimal("586400.00")]


def test_restated_and_rejected_rows_and_findings_are_told(bureau: Bureau) -> None:
    told = command(bureau, "440199/2024/测试一局/甲项目", "--figure", "执行数").output
    assert "executed_amount = 610.00" in told
    assert "440199/2024/更正.csv, 行 line 2, +10.00" in told
    assert "没有日期" in told
    spent = command(bureau, "440199/2024/P2", "--figure", "execution_rate").output
    assert "= 1,000.00 / 400.00 = 2.500000  (复算一致" in spent
    assert "over_executed" in spent
    assert "payments-exceed-project-budget" in spent
    many = command(bureau, "999999/2024/" + bureau.one(LARGEST)[0], "--figure", "executed_amount", "--rows", "3").output
    assert "more rows; --rows" in many


LARGEST = """
    select department_code from summary.department_execution
    where district_code = '999999' order by executed_amount desc limit 1"""


def test_an_empty_rate_says_why(bureau: Bureau) -> None:
    told = command(bureau, "440103/2022/上下九步行街品质提升工程").output
    assert "execution_rate = 空 none" in told
    assert "0.00 / 0.00 = 空 none  (复算一致" in told
    assert "zero_budget" in told
    unknown = command(bureau, "440103/2022/区政府合作经费", "--figure", "full_year_budget_amount").output
    assert "source rows 1, 合计 total 未知 unknown" in unknown


def test_every_formula_comes_out(bureau: Bureau) -> None:
    items = bureau.rows(
        """
        (select district_code, fiscal_year, department_name, null from summary.department_execution limit 3)
        union all
        (select district_code, fiscal_year, department_name, project_name from summary.project_execution
            where district_code = '999999' order by hash(project_name) limit 4)"""
    )
    figures = ("execution_rate_pct", "net_adjustment_rate", "gross_adjustment_rate_pct", "completion_rate_of_initial")
    with open_published(bureau.settings.database) as connection:
        for (district, year, *item), figure in zip(items, figures * 2, strict=False):
            steps = explain(connection, f"{district}/{year}/{'/'.join(filter(None, item))}", figure, rows=1).steps
            assert steps[0].is_confirmed, (item, figure)
            assert not [step for step in steps if step.is_confirmed is False], (item, figure)


@pytest.mark.parametrize(
    ("address", "figure", "told"),
    [
        ("440103", "execution_rate", "expected <district>/<year>"),
        ("440103/2021/招商引资经费", "execution_rate", "published are 440103/2022, 440199/2024, 999999/2024"),
        ("440103/2022/招商引资", "execution_rate", "perhaps 招商引资经费"),
        ("440103/2022/招商引资经费", "执行绿", "execution_rate_pct"),
    ],
)
def test_what_cannot_be_explained_says_what_there_is(bureau: Bureau, address: str, figure: str, told: str) -> None:
    with open_published(bureau.settings.database) as connection, pytest.raises(NotExplainedError, match=told):
        explain(connection, address, figure)
    refused = command(bureau, address, "--figure", figure)
    assert refused.exit_code == 1
    assert told in refused.output


def test_the_bytes_behind_a_figure_are_named_by_their_hash(bureau: Bureau) -> None:
    told = command(bureau, "440199/2024/101", "--figure", "executed_amount")
    assert told.exit_code == 0, told.output
    delivered = (bureau.settings.raw / "440199" / "2024" / "更正.csv").read_bytes()
    (line,) = [line for line in told.output.splitlines() if line.startswith("  440199/2024/更正.csv  ")]
    kept = Path(line.split("  ")[-1])
    assert kept.name == f"{hashlib.sha256(delivered).hexdigest()}.zst"
    with pa.CompressedInputStream(kept.open("rb"), "zstd") as stream:
        assert stream.read() == delivered
