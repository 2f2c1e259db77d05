"""What changes with the calendar: deliveries that are due, months that are closed, years that are closed."""

from __future__ import annotations

import textwrap
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import time_machine

from pipelines.nightly import Night, run_night
from pipelines.settings import Closing, Settings
from pipelines.warehouse.connect import open_published
from pipelines.warehouse.expected_deliveries import period_ends
from pipelines.warehouse.release import release_held_attempt

BUDGET = """
    部门编码,部门名称,项目编码,项目名称,资金性质编码,年初预算数
    101,测试一局,P1,甲项目,111,1000.00
    """
PAYMENTS = """
    支付凭证号,支付日期,部门编码,项目编码,资金性质编码,实际支付金额
    V1,2024-03-01,101,P1,111,600.00
    """
EXPECTED = """
    district_code,version,first_fiscal_year,last_fiscal_year,dataset,delivery_frequency,due_days,source_note
    440199,2024,2024,,payment,monthly,5,
    440199,2024,2024,,annual_budget,once,60,
    """


class Bureau:
    """A bureau whose nights happen on the days that a test names (02:00 in Shanghai)."""

    def __init__(self, directory: Path) -> None:
        self.settings = Settings(raw=directory / "raw", warehouse=directory / "warehouse")

    def deliver(self, path: str, text: str) -> Path:
        target = self.settings.raw / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        return target

    def night(self, day: str) -> Night:
        moment = datetime.fromisoformat(f"{day}T02:00:00+08:00")
        with time_machine.travel(moment.astimezone(UTC), tick=True):
            return run_night(self.settings)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with open_published(self.settings.database) as published:
            return published.execute(query).fetchall()

    def findings(self, rule: str) -> list[tuple[str, str]]:
        return self.rows(f"select finding_key, message from quality.finding where rule_id like '{rule}%' order by all")


@pytest.fixture
def bureau(tmp_path: Path) -> Bureau:
    return Bureau(tmp_path)


def test_missing_then_late_then_in_time(bureau: Bureau) -> None:
    bureau.deliver("440199/reference/expected_deliveries.csv", EXPECTED)
    bureau.deliver("440199/2024/预算.csv", BUDGET)
    night = bureau.night("2024-02-03")
    assert night.problems == []
    assert bureau.findings("delivery-") == []
    state = (
        "select dataset, period_end, due_date, delivered_on, delivery_status from quality.expected_delivery order by 1"
    )
    budget = ("annual_budget", date(2024, 1, 1), date(2024, 3, 1), date(2024, 2, 3), "in_time")
    assert bureau.rows(state) == [budget, ("payment", date(2024, 1, 31), date(2024, 2, 5), None, "not_due")]

    assert bureau.night("2024-02-06").publication.status == "published"
    ((key, message),) = bureau.findings("delivery-")
    assert key == "payment 2024-01-31"
    assert "2024-02-05" in message
    assert bureau.night("2024-02-07").publication.status == "unchanged"

    bureau.deliver("440199/2024/支付.csv", PAYMENTS)
    bureau.night("2024-02-08")
    assert bureau.rows(state)[1] == ("payment", date(2024, 1, 31), date(2024, 2, 5), date(2024, 2, 8), "late")
    assert [key for key, _ in bureau.findings("delivery-late")] == ["payment 2024-01-31"]

    bureau.deliver("440199/2024/支付2.csv", PAYMENTS.replace("V1", "V2"))
    bureau.night("2024-03-02")
    assert bureau.rows(state)[1] == ("payment", date(2024, 2, 29), date(2024, 3, 5), date(2024, 3, 2), "in_time")
    assert bureau.findings("delivery-") == []


def test_a_refused_file_is_no_delivery_and_an_old_year_without_any_is_not_expected(bureau: Bureau) -> None:
    bureau.deliver("440199/reference/expected_deliveries.csv", EXPECTED)
    bureau.deliver("440199/2025/预算.csv", BUDGET)
    bureau.night("2025-02-01")
    bureau.deliver("440199/2025/支付.csv", PAYMENTS.replace("实际支付金额", "实付金頟"))
    night = bureau.night("2025-02-07")
    assert night.exit_code == 3
    assert bureau.rows(
        "select fiscal_year, delivery_status from quality.expected_delivery where dataset = 'payment'"
    ) == [(2025, "missing")]


@pytest.mark.parametrize(
    ("frequency", "count", "first", "last"),
    [
        ("daily", 366, date(2024, 1, 1), date(2024, 12, 31)),
        ("monthly", 12, date(2024, 1, 31), date(2024, 12, 31)),
        ("quarterly", 4, date(2024, 3, 31), date(2024, 12, 31)),
        ("yearly", 1, date(2024, 12, 31), date(2024, 12, 31)),
        ("once", 1, date(2024, 1, 1), date(2024, 1, 1)),
    ],
)
def test_periods(frequency: str, count: int, first: date, last: date) -> None:
    ends = period_ends(frequency, 2024)
    assert (len(ends), ends[0], ends[-1]) == (count, first, last)


def test_the_first_night_of_a_month_closes_the_month_before(bureau: Bureau) -> None:
    bureau.deliver("440199/2024/预算.csv", BUDGET)
    bureau.deliver("440199/2024/支付.csv", PAYMENTS)
    bureau.night("2024-03-31")
    closes = """select month_end, paid_until_month_end, adjusted_until_month_end, build_number
        from history.month_close order by all"""
    assert bureau.rows(closes) == [(date(2024, 2, 29), Decimal("0.00"), None, 1)]
    assert bureau.night("2024-04-01").publication.status == "published"
    assert bureau.night("2024-04-02").publication.status == "unchanged"
    march = (date(2024, 3, 31), Decimal("600.00"), None, 2)
    assert bureau.rows(closes)[1:] == [march]
    assert bureau.findings("closed-month") == []

    bureau.deliver("440199/2024/支付补报.csv", PAYMENTS.replace("V1", "V2").replace("600.00", "30.25"))
    bureau.night("2024-04-03")
    assert bureau.rows(closes)[1:] == [march]
    ((key, message),) = bureau.findings("closed-month")
    assert key == "payment 2024-03"
    assert "630.25" in message
    assert "600.00" in message

    bureau.night("2024-05-01")
    assert bureau.rows(closes)[2:] == [(date(2024, 4, 30), Decimal("630.25"), None, 4)]
    assert bureau.findings("closed-month") == []


def test_a_closed_year_holds_a_change_back_until_it_is_released(bureau: Bureau) -> None:
    bureau.settings.closing = Closing(year_closes_on="03-31")
    executed = "select sum(executed_amount) from summary.department_execution"
    bureau.deliver("440199/2024/预算.csv", BUDGET)
    bureau.deliver("440199/2024/支付.csv", PAYMENTS)
    assert bureau.night("2025-03-30").exit_code == 0
    late = bureau.deliver("440199/2024/支付更正.csv", PAYMENTS.replace("600.00", "610.00"))
    assert bureau.night("2025-03-31").exit_code == 0
    assert bureau.rows(executed) == [(Decimal("610.00"),)]

    late.unlink()
    night = bureau.night("2025-04-01")
    assert night.exit_code == 3
    ((key, message),) = bureau.findings("year-is-closed")
    assert key == "440199/2024/支付更正.csv"
    assert "2025-03-31" in message
    assert bureau.rows(executed) == [(Decimal("610.00"),)]
    assert bureau.night("2025-04-02").publication.status == "unchanged"

    release_held_attempt(bureau.settings, "440199", 2024, reason="withdrawn by the office", released_by="test")
    assert bureau.night("2025-04-03").exit_code == 0
    assert bureau.rows(executed) == [(Decimal("600.00"),)]
    assert bureau.night("2025-04-04").publication.status == "unchanged"


def test_the_first_delivery_for_a_closed_year_and_another_closing_date(bureau: Bureau) -> None:
    bureau.settings.closing = Closing(year_closes_on="03-31")
    bureau.deliver("440199/2020/预算.csv", BUDGET)
    assert bureau.night("2025-05-01").exit_code == 0
    bureau.deliver("440199/2020/预算.csv", BUDGET.replace("1000.00", "900.00"))
    assert bureau.night("2025-05-02").exit_code == 3
    bureau.settings.closing = Closing()
    assert bureau.night("2025-05-03").exit_code == 0
    assert bureau.rows("select initial_budget_amount from summary.department_execution") == [(Decimal("900.00"),)]
