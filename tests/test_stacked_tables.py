"""Tables of one header below each other: printed again on the next page, or a table of its own."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from bureau import BUDGET, Bureau
from ingest_files import Office, Read

from pipelines.nightly import ALL_PUBLISHED

PLACE = "440199/2024"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


VOUCHER = ["支付凭证号", "支付日期", "部门编码", "项目编码", "资金性质编码", "实际支付金额"]


def paid(number: str, amount: int) -> list[Any]:
    """A row below the headers of ``VOUCHER``."""
    return [number, "2022-03-01", "101", "P1", "111", amount]


def whole(amount: int, label: str = "合计") -> list[Any]:
    """A total below the headers of ``VOUCHER``."""
    return [label, None, None, None, None, amount]


HEAD = [["支付明细"], ["单位：元"]]

ON_THE_NEXT_PAGE = {
    "a header": [VOUCHER, paid("V1", 1), VOUCHER, paid("V2", 2), whole(3)],
    "a page's number": [VOUCHER, paid("V1", 1), ["第1页"], VOUCHER, paid("V2", 2), whole(3)],
    "a page's sum": [VOUCHER, paid("V1", 1), whole(1, "本页小计"), VOUCHER, paid("V2", 2), whole(3)],
    "the whole head": [*HEAD, VOUCHER, paid("V1", 1), *HEAD, VOUCHER, paid("V2", 2), whole(3)],
    "a head that goes on": [*HEAD, VOUCHER, paid("V1", 1), ["支付明细（续）"], VOUCHER, paid("V2", 2), whole(3)],
    "the total": [VOUCHER, paid("V1", 1), paid("V2", 2), VOUCHER, whole(3)],
}

ONE_AFTER_THE_OTHER = {
    "totals": [VOUCHER, paid("V1", 1), whole(1), VOUCHER, paid("V2", 2), whole(2)],
    "totals and notes": [VOUCHER, paid("V1", 1), whole(1), ["注：截至月底。"], [], VOUCHER, paid("V2", 2), whole(2)],
    "totals above": [VOUCHER, whole(1), paid("V1", 1), [], VOUCHER, whole(2), paid("V2", 2)],
    "titles": [["1月支付"], *HEAD, VOUCHER, paid("V1", 1), ["2月支付"], *HEAD, VOUCHER, paid("V2", 2)],
    "sections": [["一、直接支付", "单位：元"], VOUCHER, paid("V1", 1), ["二、授权支付"], VOUCHER, paid("V2", 2)],
}


@pytest.mark.parametrize("kind", ["text", "workbook"])
@pytest.mark.parametrize("what", ON_THE_NEXT_PAGE)
def test_a_header_printed_again_goes_on_with_its_table(office: Office, what: str, kind: str) -> None:
    table = delivered(office, kind, ON_THE_NEXT_PAGE[what]).table
    assert [row["paid_amount"] for row in table.rows] == [1, 2]
    assert table.faults == []


@pytest.mark.parametrize("kind", ["text", "workbook"])
@pytest.mark.parametrize("what", ONE_AFTER_THE_OTHER)
def test_a_header_below_a_total_or_a_title_of_its_own_begins_a_table(office: Office, what: str, kind: str) -> None:
    tables = delivered(office, kind, ONE_AFTER_THE_OTHER[what]).tables
    assert [[row["paid_amount"] for row in table.rows] for table in tables] == [[1], [2]]
    assert [table.faults for table in tables] == [[], []]


def test_a_table_of_the_same_header_has_a_unit_of_its_own(office: Office) -> None:
    rows = [["单位：元"], VOUCHER, paid("V1", 1), ["单位：万元"], VOUCHER, paid("V2", 2)]
    for kind in ("text", "workbook"):
        tables = delivered(office, kind, rows).tables
        assert [table.rows[0]["paid_amount"] for table in tables] == [1, 20_000]


def delivered(office: Office, kind: str, rows: Sequence[Sequence[Any]]) -> Read:
    """The rows as a text or as a workbook, read."""
    if kind == "workbook":
        return office.read(office.xlsx("a.xlsx", {"表": rows}))
    width = max(map(len, rows))
    return office.read(office.csv("a.csv", [[*row, *[None] * (width - len(row))] for row in rows]))


def book(bureau: Bureau, rows: list[list[Any]]) -> None:
    """Delivers a workbook with one sheet of these rows."""
    with xlsxwriter.Workbook(bureau.deliver(f"{PLACE}/支付.xlsx", "")) as workbook:
        sheet = workbook.add_worksheet("支付")
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)


def test_each_table_has_a_number_lines_and_totals_of_its_own(bureau: Bureau) -> None:
    bureau.deliver(f"{PLACE}/预算.csv", BUDGET)
    first = [VOUCHER, ["V1", "2024-03-01", "101", "P1", "111", 600], whole(600)]
    second = [VOUCHER, ["V2", "2024-04-01", "101", "P2", "111", 100], whole(100)]
    book(bureau, [*first, *second])
    assert bureau.night().exit_code == ALL_PUBLISHED
    assert bureau.rows(
        f"""select source_table, line_outcome, line_count, money from quality.delivered_line
        join (select distinct source_file_id, source_path from quality.source_file) using (source_file_id)
        where source_path = '{PLACE}/支付.xlsx' order by all"""
    ) == [
        (1, "accepted", 1, Decimal("600.00")),
        (1, "total", 1, Decimal("600.00")),
        (2, "accepted", 1, Decimal("100.00")),
        (2, "total", 1, Decimal("100.00")),
    ]
    book(bureau, [*first, *second[:2], whole(700)])
    (acceptance,) = bureau.night().acceptances
    wrong = [finding.source_line for finding in acceptance.findings if finding.rule_id == "total-row-disagrees"]
    assert wrong == [6]


def test_totals_without_the_rows_that_they_sum_are_refused(bureau: Bureau) -> None:
    bureau.deliver(f"{PLACE}/预算.csv", BUDGET)
    book(bureau, [VOUCHER, whole(0)])
    assert bureau.night().exit_code == ALL_PUBLISHED
    book(bureau, [VOUCHER, ["甲局小计", *whole(300)[1:]], whole(500)])
    (acceptance,) = bureau.night().acceptances
    wrong = [finding.source_line for finding in acceptance.findings if finding.rule_id == "total-row-disagrees"]
    assert wrong == [2]


def test_the_total_of_a_continued_table_sums_the_rows_of_both_sheets(bureau: Bureau) -> None:
    bureau.deliver(f"{PLACE}/预算.csv", BUDGET)
    first = [*HEAD, VOUCHER, ["V1", "2024-03-01", "101", "P1", "111", 600]]
    for total, is_wrong in ((700, False), (710, True)):
        with xlsxwriter.Workbook(bureau.deliver(f"{PLACE}/支付.xlsx", "")) as workbook:
            second = [
                ["支付明细（续表）"],
                ["单位：元"],
                VOUCHER,
                ["V2", "2024-04-01", "101", "P2", "111", 100],
                whole(total),
            ]
            for name, rows in (("表1", first), ("表1（续）", second)):
                sheet = workbook.add_worksheet(name)
                for number, row in enumerate(rows):
                    sheet.write_row(number, 0, row)
        (acceptance,) = bureau.night().acceptances
        assert bureau.one("select sum(paid_amount) from core.payment") == (700,)
        wrong = [finding for finding in acceptance.findings if finding.rule_id == "total-row-disagrees"]
        assert bool(wrong) == is_wrong
