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
    V1,2024-02-01,101,P1,111,600.00
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


@pytest.mark.long
def test_deliveries_that_are_due_and_months_that_are_closed(bureau: Bureau) -> None:
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

    # Missing, and told once.
    refused = bureau.deliver("440199/2024/支付.csv", PAYMENTS.replace("实际支付金额", "实付金頟"))
    assert bureau.night("2024-02-06").publication.status == "published"
    ((key, message),) = bureau.findings("delivery-")
    assert key == "payment 2024-01-31"
    assert "2024-02-05" in message
    assert bureau.night("2024-02-07").publication.status == "unchanged"

    # Late.
    refused.write_text(textwrap.dedent(PAYMENTS).lstrip("\n"), encoding="utf-8")
    bureau.night("2024-02-08")
    assert bureau.rows(state)[1] == ("payment", date(2024, 1, 31), date(2024, 2, 5), date(2024, 2, 8), "late")
    assert [key for key, _ in bureau.findings("delivery-late")] == ["payment 2024-01-31"]

    # In time; the first night of March closes February.
    bureau.deliver("440199/2024/支付2.csv", PAYMENTS.replace("V1,2024-02-01", "V2,2024-02-28"))
    bureau.night("2024-03-01")
    assert bureau.rows(state)[1] == ("payment", date(2024, 2, 29), date(2024, 3, 5), date(2024, 3, 1), "in_time")
    assert bureau.findings("delivery-") == []
    closes = "select month_end, paid_until_month_end, adjusted_until_month_end from history.month_close order by 1"
    closed = [(date(2024, 1, 31), None, None), (date(2024, 2, 29), Decimal("1200.00"), None)]
    assert bureau.rows(closes) == closed

    # A restatement of the closed month is told and does not change what the month was closed with.
    bureau.deliver("440199/2024/支付补报.csv", PAYMENTS.replace("V1", "V3").replace("600.00", "30.25"))
    bureau.night("2024-03-03")
    assert bureau.rows(closes) == closed
    ((key, message),) = bureau.findings("closed-month")
    assert key == "payment 2024-02"
    assert "1,230.25" in message
    assert "1,200.00" in message

    # The first night of April closes March, though nothing came, and the restatement is part of it.
    assert bureau.night("2024-04-01").publication.status == "published"
    assert bureau.rows(closes) == [*closed, (date(2024, 3, 31), Decimal("1230.25"), None)]
    assert bureau.findings("closed-month") == []


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


def test_a_year_is_open_until_its_closing_day_and_stays_open_without_one() -> None:
    closing = Closing(year_closes_on="03-31")
    assert not closing.is_closed(2024, date(2025, 3, 31))
    assert closing.is_closed(2024, date(2025, 4, 1))
    assert not Closing().is_closed(2024, date(2099, 1, 1))
    with pytest.raises(ValueError, match="year_closes_on"):
        Closing(year_closes_on="02-30")


@pytest.mark.long
def test_a_closed_year_holds_a_change_back_until_it_is_released(bureau: Bureau) -> None:
    bureau.settings.closing = Closing(year_closes_on="03-31")
    executed = "select executed_amount from summary.department_execution"
    bureau.deliver("440199/2024/预算.csv", BUDGET)
    late = bureau.deliver("440199/2024/支付.csv", PAYMENTS.replace("2024-02-01", "2024-12-31"))
    # The first delivery for a year is no change to it, however late it comes.
    assert bureau.night("2025-04-30").exit_code == 0

    late.write_text(late.read_text().replace("600.00", "610.00"))
    assert bureau.night("2025-05-01").exit_code == 3
    ((key, message),) = bureau.findings("year-is-closed")
    assert key == "440199/2024/支付.csv"
    assert "2025-03-31" in message
    assert bureau.rows(executed) == [(Decimal("600.00"),)]
    assert bureau.night("2025-05-02").publication.status == "unchanged"

    release_held_attempt(bureau.settings, "440199", 2024, reason="audit found it", released_by="test")
    assert bureau.night("2025-05-03").exit_code == 0
    assert bureau.rows(executed) == [(Decimal("610.00"),)]
    assert bureau.night("2025-05-04").publication.status == "unchanged"

    late.write_text(late.read_text().replace("610.00", "611.00"))
    assert bureau.night("2025-05-05").exit_code == 3
    bureau.settings.closing = Closing()
    assert bureau.night("2025-05-06").exit_code == 0
    assert bureau.rows(executed) == [(Decimal("611.00"),)]
