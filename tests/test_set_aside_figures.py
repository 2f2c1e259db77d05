"""Figures from which rows are missing are marked, with the number of those rows and their money."""

from __future__ import annotations

import csv
import io
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from bureau import ADJUSTMENTS, PAYMENTS, Bureau
from click.testing import CliRunner
from portal_bureau import served

from pipelines.cli import main

BUDGET = """
    部门编码,部门名称,项目编码,项目名称,资金性质编码,年初预算数
    101,测试一局,P1,甲项目,111,1000000.00
    101,测试一局,P2,乙项目,112,500000.00
    102,测试二局,P3,丙项目,111,800000.00
    """
GOOD = "".join(f"    G{n},2024-03-{n % 28 + 1:02},102,P3,111,1000.00\n" for n in range(400))
"""So many payments that one row set aside is too few to hold the district-year back."""

ASIDE = {
    "440101": "",
    "440102": "    V3,没有日期,101,P1,111,50.00\n    V4,没有日期,101,P1,111,7.25\n",
    "440103": "    V3,2024-04-02,101,P1,111,约五十元\n    V4,没有日期,101,P1,111,7.25\n",
    "440104": "    V3,没有日期,,,111,50.00\n",
    "440105": "    V3,没有日期,101,,111,50.00\n",
    "440106": "    V3,没有日期,,P2,,50.00\n",
    "440107": "    V3,没有日期,101,P1,111,8000.00\n",
}
"""By district: payments that are set aside."""

TRUE, MAYBE = (True, 0, Decimal("0.00")), (None, 1, Decimal("50.00"))
KNOWN = (False, 2, Decimal("57.25"))
UNREADABLE = (False, 2, None)
ONE, MUCH = (False, 1, Decimal("50.00")), (False, 1, Decimal("8000.00"))

EXPECTED = {
    "440101": dict.fromkeys(("101", "102", "P1", "P2", "P3", "101/111", "101/112", "102/111"), TRUE),
    "440102": {
        "101": KNOWN, "102": TRUE, "P1": KNOWN, "P2": TRUE, "P3": TRUE,
        "101/111": KNOWN, "101/112": TRUE, "102/111": TRUE,
    },
    "440103": {
        "101": UNREADABLE, "102": TRUE, "P1": UNREADABLE, "P2": TRUE, "P3": TRUE,
        "101/111": UNREADABLE, "101/112": TRUE, "102/111": TRUE,
    },
    "440104": dict.fromkeys(("101", "102", "P1", "P2", "P3", "101/111", "101/112", "102/111"), MAYBE),
    "440105": {
        "101": ONE, "102": TRUE, "P1": TRUE, "P2": TRUE, "P3": TRUE, "101/111": ONE, "101/112": TRUE, "102/111": TRUE,
    },
    "440106": {
        "101": ONE, "102": TRUE, "P1": TRUE, "P2": ONE, "P3": TRUE,
        "101/111": MAYBE, "101/112": MAYBE, "102/111": TRUE,
    },
    "440107": {
        "101": MUCH, "102": TRUE, "P1": MUCH, "P2": TRUE, "P3": TRUE, "101/111": MUCH, "101/112": TRUE, "102/111": TRUE,
    },
}  # fmt: skip
"""By district: what each department, project, and fund type of a department must say."""

MARKS = "is_complete, set_aside_row_count, set_aside_amount"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Bureau:
    """One night over a district of each kind."""
    bureau = Bureau(tmp_path_factory.mktemp("marks"))
    for district, aside in ASIDE.items():
        bureau.deliver(f"{district}/2024/预算.csv", BUDGET)
        bureau.deliver(f"{district}/2024/调整.csv", ADJUSTMENTS)
        bureau.deliver(f"{district}/2024/支付.csv", PAYMENTS.rstrip(" ") + GOOD + aside)
    night = bureau.night()
    assert night.exit_code == 0, [acceptance.status for acceptance in night.acceptances]
    return bureau


@pytest.mark.parametrize("district", EXPECTED)
def test_a_figure_says_whether_rows_are_missing_from_it(published: Bureau, district: str) -> None:
    found: dict[str, Any] = {
        key: tuple(marks)
        for key, *marks in published.rows(
            f"""
            select department_code as figure, {MARKS} from summary.department_execution
            where district_code = '{district}'
            union all
            select project_code, {MARKS} from summary.project_execution where district_code = '{district}'
            union all
            select department_code || '/' || fund_type_code, {MARKS} from summary.department_execution_by_fund_type
            where district_code = '{district}'
            """
        )
    }
    assert found == EXPECTED[district]


def test_months_and_natures_say_it_too(published: Bureau) -> None:
    monthly = f"select distinct district_code, department_code, {MARKS} from summary.department_execution_monthly"
    by_project = f"select distinct district_code, project_code, {MARKS} from summary.project_execution_monthly"
    found = {(district, key): tuple(marks) for district, key, *marks in published.rows(f"{monthly} union {by_project}")}
    assert found == {
        (district, key): marks
        for district, expected in EXPECTED.items()
        for key, marks in expected.items()
        if "/" not in key
    }
    natures = published.rows(
        f"""select distinct district_code, {MARKS} from summary.department_execution_by_nature
        where department_code = '101' and expenditure_nature is not distinct from (
            select any_value(expenditure_nature) from summary.project_execution where project_code = 'P1'
        )"""
    )
    assert {district: tuple(marks) for district, *marks in natures}["440102"] == KNOWN


BY_PROJECT_AND_FUND_TYPE = {
    district: dict.fromkeys(("P1/111", "P2/111", "P2/112", "P3/111"), TRUE) | told
    for district, told in {
        "440101": {},
        "440102": {"P1/111": KNOWN},
        "440103": {"P1/111": UNREADABLE},
        "440104": dict.fromkeys(("P1/111", "P2/111", "P2/112", "P3/111"), MAYBE),
        "440105": {},
        "440106": {"P2/111": MAYBE, "P2/112": MAYBE},
        "440107": {"P1/111": MUCH},
    }.items()
}
"""The fund type of a row that names none may be any."""


def test_finer_figures_are_uncertain_where_rows_do_not_tell_their_class(published: Bureau) -> None:
    found: dict[str, dict[str, Any]] = {district: {} for district in EXPECTED}
    for district, project, fund, *marks in published.rows(
        f"select district_code, project_code, fund_type_code, {MARKS} from summary.project_execution_by_fund_type"
    ):
        found[district][f"{project}/{fund}"] = tuple(marks)
    assert found == BY_PROJECT_AND_FUND_TYPE
    for table in ("department_execution_by_function", "department_execution_by_economy"):
        rows = published.rows(f"select district_code, department_code, {MARKS} from summary.{table}")
        for district, department, is_complete, *marks in rows:
            complete, *expected = EXPECTED[district][department]
            assert (is_complete, marks) == (True if complete else None, expected), table
    for table in ("year_over_year", "self_evaluation"):
        rows = published.rows(
            f"select district_code, coalesce(project_code, department_code), {MARKS} from summary.{table}"
        )
        assert {(district, key): tuple(marks) for district, key, *marks in rows}.items() <= {
            (district, key): marks for district, expected in EXPECTED.items() for key, marks in expected.items()
        }.items()
        assert rows


@pytest.mark.parametrize("district", EXPECTED)
def test_ranks_and_averages_leave_out_what_misses_much_or_an_unknown_amount(published: Bureau, district: str) -> None:
    rows = published.rows(
        f"""select coalesce(project_code, department_code), executed_amount, full_year_budget_amount, execution_rank,
            gap_to_average_points, is_below_average, group_execution_rate_pct, ranked_count, left_out_count, is_complete
        from summary.execution_ranking where district_code = '{district}'
        qualify month = max(month) over ()"""
    )
    for is_department in (True, False):
        group = [row for row in rows if row[0].startswith("10") == is_department]
        left_out = {row[0] for row in group if EXPECTED[district][row[0]] in (UNREADABLE, MUCH)}
        assert left_out == ({"101" if is_department else "P1"} if district in ("440103", "440107") else set())
        compared = [row for row in group if row[0] not in left_out]
        spent, budget = (sum((row[column] for row in compared), Decimal(0)) for column in (1, 2))
        average = (100 * spent / budget).quantize(Decimal("0.01"), ROUND_HALF_UP)
        for key, *_, rank, gap, is_below, group_rate, ranked, left, is_complete in group:
            assert (ranked, left, group_rate) == (len(compared), len(left_out), average)
            assert [value is None for value in (rank, gap, is_below)] == [key in left_out] * 3
            assert is_complete == EXPECTED[district][key][0]
        assert sorted(row[3] for row in compared) == list(range(1, len(compared) + 1))


def test_the_night_marks_incomplete_figures(published: Bureau) -> None:
    warehouse = published.settings.warehouse
    told = CliRunner().invoke(main, ["nightly", "--raw", str(published.settings.raw), "--warehouse", str(warehouse)])
    lines = [line for line in told.output.splitlines() if "测试一局" in line]
    for district, mark in (
        ("440101", "是 yes"),
        ("440102", "否 no（2 行"),
        ("440104", "不能确定 cannot be told（1 行"),
    ):
        (line,) = (line for line in lines if line.startswith(district))
        assert mark in line


@pytest.mark.long
def test_a_file_that_is_refused_or_waits_leaves_its_departments_incomplete_and_the_others_uncertain(
    tmp_path: Path,
) -> None:
    bureau = Bureau(tmp_path)
    own = "单位编码,单位名称,项目编码,项目名称,资金性质,支付凭证号,支付日期,实际支付金额\n"
    for place in ("440101/2024", "440102/2024", "440103/2024"):
        bureau.deliver(f"{place}/预算.csv", BUDGET)
        bureau.deliver(f"{place}/支付一局.csv", f"{own}101,测试一局,P1,甲项目,111,V1,2024-03-01,10.00\n")
        bureau.deliver(f"{place}/支付二局.csv", f"{own}102,测试二局,P3,丙项目,111,V2,2024-03-01,20.00\n")
    assert bureau.night().exit_code == 0
    bureau.deliver("440101/2024/支付一局.csv", "颜色,形状\n红,圆\n")
    waiting = bureau.settings.raw / "440102/2024/支付一局.csv"
    waiting.unlink()
    waiting.symlink_to("不存在.csv")
    bureau.night()
    query = f"select district_code, department_code, {MARKS} from summary.department_execution order by all"
    unknown, missing = (None, None, None), (False, None, None)
    assert bureau.rows(query) == [
        ("440101", "101", *missing),
        ("440101", "102", *unknown),
        ("440102", "101", *missing),
        ("440102", "102", *unknown),
        ("440103", "101", *TRUE),
        ("440103", "102", *TRUE),
    ]
    by_project = "select distinct is_complete from summary.project_execution where district_code = '440101'"
    assert bureau.rows(by_project) == [(None,)]


@pytest.mark.long
def test_a_delivery_that_is_held_back_leaves_the_published_figures_uncertain(tmp_path: Path) -> None:
    bureau = Bureau(tmp_path)
    bureau.deliver("440101/2024/预算.csv", BUDGET)
    bureau.deliver("440101/2024/支付.csv", PAYMENTS)
    assert bureau.night().exit_code == 0
    assert bureau.rows(f"select distinct {MARKS} from summary.department_execution") == [TRUE]
    bureau.deliver("440101/2024/支付2.csv", PAYMENTS.replace("V1", "V8").replace("V2", "V9") + "    合计,,,,,1.00\n")
    bureau.night()
    assert bureau.rows(f"select distinct {MARKS} from summary.department_execution") == [(None, None, None)]


def test_money_that_was_not_read_is_shown_as_unknown(published: Bureau) -> None:
    with served(published.settings) as portal:
        file = portal.ask("/d/440103/2024/rejected_row.csv")
    rows = list(csv.DictReader(io.StringIO(file.body.decode("utf-8-sig"))))
    (money,) = (name for name in rows[0] if name.startswith("金额"))
    assert sorted(row[money] for row in rows) == ["", "7.25"]
