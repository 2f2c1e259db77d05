"""Names that only look different are published as one department and one project, the delivered spelling beside it."""

from __future__ import annotations

import pytest
from bureau import Bureau

BUDGET = """
    单位：元
    单位名称,项目名称,资金性质,年初预算数,全年预算数
    行政处WiFi中心,AB方案（一期）,111,1000,1000
    """
SPELLINGS = [
    ("行政处WiFi中心", "AB方案（一期）"),
    ("⾏政处ＷｉＦｉ中心", "AB方案(一期)"),
    ("行 政 处 WIFI 中心", "ＡＢ 方案（ 一期 ）"),
    ("行政处wifi中\u200b心", "ab方案（一期）"),
]
PAYMENTS = "支付凭证号,支付日期,单位名称,项目名称,资金性质,实际支付金额\n" + "".join(
    f"ZF{number},2024-03-0{number},{department},{project},111,100.00\n"
    for number, (department, project) in enumerate(SPELLINGS, start=1)
)


@pytest.fixture(scope="module")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Bureau:
    """A night over a budget and payments that spell its names in four ways."""
    bureau = Bureau(tmp_path_factory.mktemp("names"))
    bureau.deliver("440199/2024/预算.csv", BUDGET)
    bureau.deliver("440199/2024/支付.csv", PAYMENTS)
    bureau.night()
    return bureau


@pytest.mark.parametrize("table", ["department_execution", "project_execution"])
def test_one_department_and_one_project_are_published(bureau: Bureau, table: str) -> None:
    rows = bureau.rows(f"select initial_budget_amount, executed_amount, execution_rate_pct from summary.{table}")
    assert [tuple(map(str, row)) for row in rows] == [("1000.00", "400.00", "40.00")]


def test_the_delivered_spelling_stands_beside_the_name(bureau: Bureau) -> None:
    told = bureau.rows(
        "select department_name, department_name_as_delivered, project_name_as_delivered"
        " from core.payment order by voucher_number"
    )
    assert told == [
        ("行政处WiFi中心", None, None),
        ("行政处WiFi中心", *SPELLINGS[1]),
        ("行政处WIFI中心", *SPELLINGS[2]),
        ("行政处wifi中心", SPELLINGS[3][0], None),
    ]
