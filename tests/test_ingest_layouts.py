"""A district's own layout by an alias file alone: the guide's made-up city, and what may be wrong in such a file."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from ingest_files import DISTRICT, YEAR, Office

from pipelines.contracts.model import Column
from pipelines.ingest.layouts import read_layout
from pipelines.ingest.model import FileRefused

GUIDE = Path(__file__).parents[1] / "docs" / "new-layout.md"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def block_of_guide(language: str, number: int = 0) -> str:
    """A fenced block of the guide, so that what the guide shows is what is tested."""
    parts = GUIDE.read_text(encoding="utf-8").split(f"```{language}\n")
    return parts[number + 1].split("```")[0]


def test_the_guides_foreign_city_is_read_by_its_alias_file_alone(office: Office) -> None:
    path = office.put("haushalt_2022.csv", block_of_guide("text").encode())
    with pytest.raises(FileRefused):
        office.read(path)
    office.aliases(block_of_guide("csv"))
    table = office.read(path).table
    assert table.head.dataset == "annual_budget"
    assert [
        (row["department_name"], row["project_name"], row["fund_type_code"], row["initial_budget_amount"])
        for row in table.rows
    ] == [
        ("Amt für Grünflächen", "Spielplätze", "111", Decimal("1234567.80")),
        ("Amt für Grünflächen", "Spielplätze", "121", Decimal("20000.00")),
        ("Feuerwehr", "Fahrzeuge", "111", Decimal("-1500.50")),
    ]
    assert [total["source_line"] for total in table.totals] == [5]
    assert table.faults == []


def test_dates_and_payments_of_the_foreign_city(office: Office) -> None:
    office.aliases(block_of_guide("csv"))
    path = office.put("zahlungen.csv", block_of_guide("text", 1).encode())
    table = office.read(path).table
    assert table.head.dataset == "payment"
    assert table.column("payment_date") == [date(2022, 3, 5), date(2022, 12, 31)]
    assert table.column("paid_amount") == [Decimal("600000.00"), Decimal("-0.05")]


def test_an_alias_of_one_year_counts_in_that_year_only(office: Office) -> None:
    office.aliases("dataset,column,header,value,fiscal_year\n*,executed_amount,实支,,2021\n")
    assert (
        read_layout(office.raw, DISTRICT, 2021).datasets["execution_statement"]["executed_amount"].headers[-1] == "实支"
    )
    path = office.csv("a.csv", [["单位名称", "实支"], ["甲", "1"]])
    with pytest.raises(FileRefused):
        office.read(path)


def test_a_path_and_a_header_to_pass_over(office: Office) -> None:
    office.aliases("dataset,column,header\nexecution_statement,executed_amount,本年/已花\n*,-,往年金额\n")
    rows = [["单位：元"], ["单位名称", "本年", "往年金额"], ["", "已花", ""], ["甲", "1", "2"]]
    table = office.read(office.csv("a.csv", rows)).table
    assert table.column("executed_amount") == [Decimal("1.00")]
    assert table.faults == []


def test_a_unit_of_the_district_holds_where_a_file_names_none(office: Office) -> None:
    office.aliases("dataset,column,header\nlayout,unit,万元\n")
    rows = [["一张表"], ["单位名称", "执行数"], ["甲", "1"]]
    assert office.read(office.csv("a.csv", rows)).table.column("executed_amount") == [Decimal("10000.00")]
    told = [["单位：元"], ["单位名称", "执行数"], ["甲", "1"]]
    assert office.read(office.csv("b.csv", told)).table.column("executed_amount") == [Decimal("1.00")]


@pytest.mark.parametrize(
    ("column", "header", "others"),
    [("initial_budget_amount", "累计支出", ["执行数"]), ("executed_amount", "年初预算数", [])],
)
def test_the_word_of_the_district_counts_before_that_of_the_contract(
    office: Office, column: str, header: str, others: list[str]
) -> None:
    office.aliases(f"dataset,column,header\nexecution_statement,{column},{header}\n")
    rows = [["单位：元"], ["单位名称", header, *others], ["甲", "1", *("2" for _ in others)]]
    assert office.read(office.csv("a.csv", rows)).table.column(column) == [1]


def test_a_sheet_is_passed_over_by_name(office: Office) -> None:
    office.aliases("dataset,column,header\nlayout,skip_sheet,附表\n")
    statement = [["单位名称", "执行数"], ["甲", 1]]
    read = office.read(office.xlsx("a.xlsx", {"表": statement, "附表": [["x", 1.5], ["y", 2.5]]}))
    assert [entry.sheet for entry in read.skipped] == ["附表"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("dataset,header\n", "lacks the columns column"),
        ("dataset,column,header\nbudget,executed_amount,x\n", "line 2: no dataset 'budget'"),
        ("dataset,column,header\npayment,executed_amount,x\n", "line 2: no dataset 'payment' with a column"),
        ("dataset,column,header\npayment,paid_amount,\n", "line 2: it has no header"),
        (
            "dataset,column,header,value\n\npayment,fund_type_code,x,999\n",
            "line 3: '999' is no value of fund_type_code",
        ),
        (
            "dataset,column,header\npayment,paid_amount,实支\npayment,payee_name,实支\n",
            "line 3: '实支' is payee_name here and paid_amount in line 2",
        ),
        ("dataset,column,header\n*,paid_amount,实支\npayment,payee_name,实 支\n", "and paid_amount in line 2"),
        ("dataset,column,header\nlayout,decimal_sign,;\n", "line 2: option 'decimal_sign' cannot be ';'"),
        ("dataset,column,header\nlayout,colour,red\n", "line 2: option 'colour'"),
        (f"dataset,column,header\npayment,paid_amount,{'长' * 200_000}\n", "200,000 characters in one cell"),
        (f"dataset,column,header\npayment,paid_amount,{'长' * 1_001}\n", "line 2: 1,001 characters in one cell"),
        ('dataset,column,header\npayment,paid_amount,"实支\npayment,paid_amount,付款\n', "is a quote not closed?"),
        (f'dataset,column,header\npayment,paid_amount,"实支\n{"*,paid_amount,付款" * 99}"\n', "line 3: 1,"),
    ],
)
def test_what_is_wrong_in_an_alias_file_is_told_with_its_line(office: Office, text: str, told: str) -> None:
    office.aliases(text)
    with pytest.raises(FileRefused) as refusal:
        read_layout(office.raw, DISTRICT, YEAR)
    assert refusal.value.rule.id == "alias-file-wrong"
    assert told in refusal.value.message


def test_an_endless_alias_file_is_refused(office: Office) -> None:
    office.aliases("dataset,column,header\n" + "payment,paid_amount,实支\n" * 100_000)
    with pytest.raises(FileRefused, match="more than 2,097,152 bytes") as refusal:
        read_layout(office.raw, DISTRICT, YEAR)
    assert refusal.value.rule.id == "file-not-readable"


def test_many_aliases_are_taken_at_once(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """A column is made anew once, however many lines are about it: each of them would copy all before it."""
    made: list[str] = []
    changed = Column.but

    def but(column: Column, **changes: Any) -> Column:
        made.append(column.name)
        return changed(column, **changes)

    monkeypatch.setattr(Column, "but", but)
    lines = [f"payment,paid_amount,实支{number},\npayment,fund_type_code,资金{number},111" for number in range(4_000)]
    office.aliases("\n".join(["dataset,column,header,value", *lines]))
    payment = read_layout(office.raw, DISTRICT, YEAR).datasets["payment"]
    assert payment["paid_amount"].headers[-4_000:] == tuple(f"实支{number}" for number in range(4_000))
    assert payment["fund_type_code"].codes[-1] == ("资金3999", "111")
    assert sorted(made) == ["fund_type_code", "paid_amount"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_an_alias_file_is_read_as_a_spreadsheet_saved_it(office: Office, encoding: str) -> None:
    content = "dataset,column,header\npayment,paid_amount,付了多少\n\n,,\n".encode(encoding)
    (office.raw / DISTRICT / "header_aliases.csv").write_bytes(content)
    assert "付了多少" in read_layout(office.raw, DISTRICT, YEAR).datasets["payment"]["paid_amount"].headers


def test_an_alias_file_in_no_encoding_is_told(office: Office) -> None:
    (office.raw / DISTRICT / "header_aliases.csv").write_bytes(b"dataset,column,header\n\xff\xff\xff")
    with pytest.raises(FileRefused):
        read_layout(office.raw, DISTRICT, YEAR)
