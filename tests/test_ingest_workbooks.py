"""Workbooks and archives: what formats say, merged cells, lost digits, other kinds, and hostile files."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import workbook_parts
import xlsxwriter
from conftest import require_program
from ingest_files import Office
from workbook_parts import Cell

from pipelines.ingest.model import FileRefused

STATEMENT = [["单位编码", "单位名称", "执行数"], ["101", "甲", 1.5], ["102", "乙", 2]]


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def refusal(office: Office, path: Path, **settings: Any) -> FileRefused:
    with pytest.raises(FileRefused) as caught:
        office.read(path, **settings)
    assert caught.value.message_zh
    return caught.value


def workbook(office: Office, write: Callable[[Any, Any], None], **options: Any) -> Path:
    path = office.folder / "a.xlsx"
    with xlsxwriter.Workbook(str(path), options) as book:
        write(book, book.add_worksheet("表"))
    return path


def repacked(path: Path, change: Callable[[str, bytes], bytes]) -> Path:
    """The same package with its members changed."""
    source = path.read_bytes()
    with zipfile.ZipFile(io.BytesIO(source)) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return path


def test_numbers_dates_and_texts_of_a_workbook(office: Office) -> None:
    def write(book: Any, sheet: Any) -> None:
        sheet.write_row(0, 0, ["支付凭证号", "支付日期", "单位编码", "项目名称", "支付金额"])
        sheet.write_row(1, 0, ["0012", None, "019100", "校舍", 1234567.8])
        sheet.write_datetime(1, 1, date(2022, 3, 5), book.add_format({"num_format": "yyyy-mm-dd"}))
        sheet.write_row(2, 0, ["0013", 44625, "019100", "校舍", 0.1 + 0.2])
        sheet.write_row(3, 0, ["0014", "2022年3月5日", "019100", "校舍", "３，518.85"])

    table = office.read(workbook(office, write)).table
    assert table.column("voucher_number") == ["0012", "0013", "0014"]
    assert table.column("payment_date") == [date(2022, 3, 5)] * 3
    assert table.column("paid_amount") == [Decimal("1234567.80"), Decimal("0.30"), Decimal("3518.85")]


def test_the_epoch_of_1904(office: Office) -> None:
    def write(_: Any, sheet: Any) -> None:
        sheet.write_row(0, 0, ["支付凭证号", "支付日期", "单位编码", "项目名称", "支付金额"])
        sheet.write_row(1, 0, ["0012", 43163, "019100", "校舍", 1])

    table = office.read(workbook(office, write, date_1904=True)).table
    assert table.column("payment_date") == [date(2022, 3, 5)]


def test_the_first_table_may_begin_anywhere(office: Office) -> None:
    def write(_: Any, sheet: Any) -> None:
        sheet.write_row(4, 2, ["单位编码", "单位名称", "执行数"])
        sheet.write_row(7, 2, ["101", "甲", 1])

    table = office.read(workbook(office, write)).table
    assert table.head.header_line == 5
    assert table.column("source_line") == [8]


def test_a_unit_in_the_cell_format_is_applied_where_the_sheet_names_none(office: Office) -> None:
    def write(book: Any, sheet: Any) -> None:
        sheet.write_row(0, 0, ["单位名称", "执行数"])
        sheet.write_row(1, 0, ["甲", 12.5], None)
        sheet.write_number(2, 1, 12.5, book.add_format({"num_format": '#,##0.00"万元"'}))
        sheet.write(2, 0, "乙")

    assert office.read(workbook(office, write)).table.column("executed_amount") == [
        Decimal("12.50"),
        Decimal("125000.00"),
    ]


@pytest.mark.parametrize(
    ("unit", "form", "stored", "yuan"),
    [
        ("单位：元", '0!.0,"万元"', [1_234_500, 20_000], [1_234_500, 20_000]),
        ("单位：元", "#,##0.00,", [1_234_500, 20_000], [1_234_500, 20_000]),
        ("单位：万元", '0!.0,"万元"', [1_234_500, 20_000], [1_234_500, 20_000]),
        ("单位：千元", "#,##0.00,", [1_234_500, 20_000], [1_234_500, 20_000]),
        ("单位：万元", '0.00"万元"', [12.5, 1], [125_000, 10_000]),
        ("单位：元", '0.00"元"', [12.5, 1], [12.5, 1]),
        ("单位：元", '0.00"万元"', [12.5, 1], "135,000.00 元, or 13.50 元"),
        ("单位：万元", '0.00"元"', [12.5, 1], "13.50 元, or 135,000.00 元"),
        ("单位：万元", "#,##0.00,", [1_234_500, 20_000], "1,254,500.00 元, or 12,545,000.00 元"),
        ("单位：元", '#,##0.00,"万元"', [1_234_500, 20_000], "1,254,500.00 元, or 12,545,000.00 元"),
        ("单位：元", "0!.0", [1_234_500, 20_000], "1,254,500.00 元, or 125,450.00 元"),
        (None, '#,##0.00,"万元"', [1_234_500, 20_000], "1,254,500.00 元, or 12,545,000.00 元"),
    ],
)
def test_a_format_and_a_unit_that_contradict_each_other_refuse_the_file(
    office: Office, unit: str | None, form: str, stored: list[float], yuan: list[float] | str
) -> None:
    """Refused with both readings of what the rows, without their total, sum to; settled where one agrees."""

    def write(book: Any, sheet: Any) -> None:
        style = book.add_format({"num_format": form})
        sheet.write(0, 0, unit)
        sheet.write_row(1 if unit else 0, 0, ["单位名称", "执行数"])
        for row, (name, amount) in enumerate((*zip("甲乙", stored, strict=True), ("合计", sum(stored))), start=2):
            sheet.write(row, 0, name)
            sheet.write_number(row, 1, amount, style)

    if isinstance(yuan, list):
        table = office.read(workbook(office, write)).table
        assert (table.column("executed_amount"), table.faults) == (yuan, [])
        assert table.totals[0]["executed_amount"] == sum(yuan)
    else:
        error = refusal(office, workbook(office, write))
        assert (error.rule.id, error.line) == ("number-format-contradicts-unit", 3)
        assert yuan in error.message


def test_a_percent_format_tells_the_scale_of_a_rate(office: Office) -> None:
    def write(book: Any, sheet: Any) -> None:
        sheet.write_row(0, 0, ["单位名称", "执行数", "执行率"])
        for row, rate in enumerate((3.1255, 0.7833), start=1):
            sheet.write_row(row, 0, ["甲", row])
            sheet.write_number(row, 2, rate, book.add_format({"num_format": "0.00%"}))

    rates = office.read(workbook(office, write)).table.column("published_execution_rate")
    assert rates == [Decimal("3.125500"), Decimal("0.783300")]


def test_a_label_merged_over_rows_stands_in_each_and_an_amount_in_the_first(office: Office) -> None:
    def write(_: Any, sheet: Any) -> None:
        sheet.write_row(0, 0, ["单位名称", "项目名称", "年初预算数", "执行数", "备注"])
        for column, content in enumerate(("甲", "项目", 9)):
            sheet.merge_range(1, column, 3, column, content)
        for row in (1, 2, 3):
            sheet.write_row(row, 3, [row, f"第{row}笔"])

    table = office.read(workbook(office, write)).table
    assert table.column("department_name") == ["甲"] * 3
    assert table.column("initial_budget_amount") == [Decimal("9.00"), None, None]
    assert not table.rules


def test_an_amount_merged_over_several_projects_belongs_to_none_of_them(office: Office) -> None:
    def write(_: Any, sheet: Any) -> None:
        sheet.write_row(0, 0, ["单位名称", "项目名称", "年初预算数", "执行数"])
        sheet.merge_range(1, 0, 3, 0, "甲")
        sheet.merge_range(1, 2, 2, 2, 9)
        for row in (1, 2, 3):
            sheet.write_row(row, 1, [f"项目{row}"])
            sheet.write_number(row, 3, row)

    table = office.read(workbook(office, write)).table
    assert table.rules == [(2, "amount-not-readable"), (3, "amount-not-readable")]
    assert table.column("initial_budget_amount") == [None, None, None]
    assert table.faults[0]["found"] == "9（合并2行）"


def test_a_code_that_a_spreadsheet_made_a_number_is_refused_where_digits_are_lost(office: Office) -> None:
    def write(_: Any, sheet: Any) -> None:
        sheet.write_row(0, 0, ["单位编码", "项目编码", "执行数"])
        sheet.write_row(1, 0, [101001, 510000210000000019951, 1])
        sheet.write_row(2, 0, ["101002", "510000210000000019951", 1])

    table = office.read(workbook(office, write)).table
    assert table.rules == [(2, "code-in-scientific-notation")]
    assert table.column("project_code") == [None, "510000210000000019951"]
    assert table.column("department_code") == ["101001", "101002"]


@pytest.mark.parametrize(("stored", "is_lost"), [("4.40103E+11", True), ("4.40103E11", False), ("440103000000", False)])
def test_digits_that_a_program_cut_off_where_it_stored_a_number_are_lost_to_codes_only(
    office: Office, stored: str, is_lost: bool
) -> None:
    """C's ``%g`` writes six digits of twelve: the number says so by its spelling. An amount is the number stored."""
    texts = [("s", "单位编码"), ("s", "项目编码"), ("s", "执行数")]
    strings = f'<sst xmlns="{workbook_parts.MAIN}">{"".join(f"<si><t>{text}</t></si>" for _, text in texts)}</sst>'
    rows: list[list[Cell]] = [[("s", str(place), 0) for place in range(3)], [("n", "101", 0), *[("n", stored, 0)] * 2]]
    path = workbook_parts.write(office.folder / "a.xlsx", workbook_parts.usual(rows), strings=strings)
    table = office.read(path).table
    assert table.rules == ([(2, "code-in-scientific-notation")] if is_lost else [])
    assert table.column("project_code") == [None if is_lost else "440103000000"]
    assert table.column("executed_amount") == [Decimal("440103000000.00")]


def in_kind(office: Office, tmp_path: Path, kind: str, write: Callable[[Any, Any], None]) -> Path:
    """A workbook as a real program keeps it in another format, every formula calculated by it."""
    path = workbook(office, write)
    if kind == "xlsx":
        return path
    program = require_program("soffice", "libreoffice-calc")
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = [program, profile, "--headless", "--convert-to", kind, "--outdir", str(office.folder), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return path.with_suffix(f".{kind}")


@pytest.mark.parametrize("kind", ["csv", "xlsx", "xls", "ods"])
def test_an_error_never_becomes_a_department_or_a_project(office: Office, tmp_path: Path, kind: str) -> None:
    rows: list[list[Any]] = [
        ["单位编码", "单位名称", "项目编码", "项目名称", "执行数"],
        ["101", "甲", "P1", "修路", 1],
        ["101", "#N/A", "P2", "修桥", 2],
        ["101", "甲", "P3", "#REF!", 3],
        ["#VALUE!", "甲", "P4", "修渠", 4],
    ]

    def write(_: Any, sheet: Any) -> None:
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                if isinstance(cell, str) and cell.startswith("#"):
                    formula = {"#N/A": "=NA()", "#REF!": '=INDIRECT("")', "#VALUE!": '="a"+1'}[cell]
                    sheet.write_formula(number, column, formula, None, cell)
                else:
                    sheet.write(number, column, cell)

    path = office.csv("a.csv", rows) if kind == "csv" else in_kind(office, tmp_path, kind, write)
    table = office.read(path).table
    assert sorted((fault["source_line"], fault["column"], fault["rule_id"]) for fault in table.faults) == [
        (3, "department_name", "cell-is-error-or-formula"),
        (4, "project_name", "cell-is-error-or-formula"),
        (5, "department_code", "cell-is-error-or-formula"),
    ]
    assert table.column("department_name") == ["甲", None, "甲", "甲"]


def test_hidden_sheets_are_passed_over(office: Office) -> None:
    def write(book: Any, sheet: Any) -> None:
        for row, cells in enumerate(STATEMENT):
            sheet.write_row(row, 0, cells)
        hidden = book.add_worksheet("旧")
        hidden.write_row(0, 0, STATEMENT[0])
        hidden.hide()

    read = office.read(workbook(office, write))
    assert [table.head.sheet for table in read.tables] == ["表"]
    assert [entry.sheet for entry in read.skipped] == ["旧"]


@pytest.mark.parametrize("kind", ["xls", "ods"])
def test_other_kinds_of_workbooks(office: Office, kind: str, tmp_path: Path) -> None:
    program = require_program("soffice", "libreoffice-calc")
    with xlsxwriter.Workbook(str(office.folder / "a.xlsx")) as book:
        sheet = book.add_worksheet("表")
        for row, cells in enumerate(STATEMENT):
            sheet.write_row(row, 0, cells)
        merged = book.add_worksheet("合并")
        merged.write_row(0, 0, ["单位名称", "项目名称", "年初预算数"])
        merged.merge_range(1, 0, 3, 0, "甲")
        for row in (1, 2, 3):
            merged.write_row(row, 1, [f"项目{row}", row])
        shown = book.add_worksheet("格式")
        shown.write_row(0, 0, ["单位名称", "项目名称", "年初预算数", "执行数", "执行率"])
        for row, form in enumerate(('0.00"万元"', "0.00", '#,##0.00"元"'), 1):
            shown.write_row(row, 0, ["甲", f"项目{row}"])
            shown.write_number(row, 2, 1.5, book.add_format({"num_format": form}))
            shown.write_number(row, 4, 0.5, book.add_format({"num_format": "0.00%"}))
        shown.write_formula(2, 3, "=1/0", None, "#DIV/0!")
    source = office.folder / "a.xlsx"
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = [program, profile, "--headless", "--convert-to", kind, "--outdir", str(office.folder), str(source)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    table, merged_over_rows, formats = office.read(office.folder / f"a.{kind}").tables
    assert table.column("executed_amount") == [Decimal("1.50"), Decimal("2.00")]
    assert merged_over_rows.column("department_name") == ["甲"] * 3
    assert [str(amount) for amount in formats.column("initial_budget_amount")] == ["15000.00", "1.50", "1.50"]
    assert [str(rate) for rate in formats.column("published_execution_rate")] == ["0.500000"] * 3
    assert formats.rules == [(3, "amount-not-readable")]
    renamed = shutil.copy(office.folder / f"a.{kind}", office.folder / "b.zip")
    assert len(office.read(Path(renamed)).tables[0].rows) == 2


def test_an_old_workbook_under_the_name_of_a_new_one_is_told(office: Office) -> None:
    path = office.put("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)
    error = refusal(office, path)
    assert error.rule.id == "file-not-readable"
    assert "password" in error.message


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.xls", b"<html><table><tr><td>1</td></tr></table></html>"),
        ("a.xlsx", b"PK\x03\x04 and nothing more"),
        ("a.xlsx", b"not a workbook"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 5000),
        ("a.ods", b"PK\x05\x06" + b"\0" * 18),
        ("a.zip", b"PK\x05\x06" + b"\0" * 18),
        ("a.csv", b""),
        ("a.csv", b"PK\x03\x04 and nothing more"),
    ],
)
def test_what_is_not_what_its_name_says_is_refused(office: Office, name: str, content: bytes) -> None:
    assert refusal(office, office.put(name, content)).rule.id in {"file-not-readable", "no-table-found"}


def test_a_type_that_is_not_read_is_told_with_those_that_are(office: Office) -> None:
    error = refusal(office, office.put("a.pdf", b"%PDF"))
    assert error.rule.id == "file-type-not-supported"
    assert ".xlsx" in error.expected


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_truncated_workbook_is_refused(office: Office, share: float) -> None:
    content = office.xlsx("a.xlsx", {"表": STATEMENT}).read_bytes()
    assert refusal(office, office.put("b.xlsx", content[: int(len(content) * share)])).rule.id == "file-not-readable"


def test_a_bomb_is_refused_by_what_it_declares_and_by_what_is_in_it(office: Office) -> None:
    path = office.xlsx("a.xlsx", {"表": STATEMENT})
    bomb = b"<sst>" + b" " * 40_000_000
    path = repacked(path, lambda name, content: bomb if name == "xl/sharedStrings.xml" else content)
    assert refusal(office, path).rule.id == "file-too-large"
    content = path.read_bytes().replace(len(bomb).to_bytes(4, "little"), (40).to_bytes(4, "little"))
    assert refusal(office, office.put("b.xlsx", content)).rule.id == "file-not-readable"
    assert refusal(office, path, limits={"max_archive_bytes": 10_000}).rule.id == "file-too-large"


@pytest.mark.parametrize(
    ("row", "reference"),
    [
        ("3", "ZZZZ3"),
        ("3", "XFE3"),
        ("3", "C1048576"),
        ("3", "C90000000"),
        ("1048576", "C1048576"),
        ("1048577", "C1048577"),
        ("4294967295", "C4294967295"),
        ("0", "C0"),
        ("", "C90000000"),
    ],
)
def test_a_cell_far_away_is_refused_before_it_costs_memory(office: Office, row: str, reference: str) -> None:
    def change(_: str, content: bytes) -> bytes:
        start = b'<row r="%s"' % row.encode() if row else b"<row"
        return content.replace(b'r="C3"', b'r="%s"' % reference.encode()).replace(b'<row r="3"', start)

    path = repacked(office.xlsx("a.xlsx", {"表": STATEMENT}), change)
    assert refusal(office, path, limits={"max_cells": 1_000_000}).rule.id in {"file-too-large", "file-not-readable"}


def test_a_lone_cell_in_the_last_column_costs_nothing_and_is_read(office: Office) -> None:
    path = office.xlsx("a.xlsx", {"表": [[*row, *[None] * 16_380, "注"] for row in STATEMENT]})
    assert len(office.read(path, limits={"max_cells": 1_000}).table.rows) == 2


def test_many_columns_with_nothing_in_them_are_nothing(office: Office) -> None:
    def write(book: Any, sheet: Any) -> None:
        for row, cells in enumerate(STATEMENT):
            sheet.write_row(row, 0, cells)
        for column in range(3, 16_000):
            sheet.write_blank(1, column, None, book.add_format({"bold": True}))

    assert len(office.read(workbook(office, write)).table.rows) == 2


def test_a_giant_cell_is_refused(office: Office) -> None:
    assert refusal(office, office.csv("a.csv", [*STATEMENT, ["103", "丙" * 40_000, 1]])).rule.id == "file-too-large"
    path = repacked(
        office.xlsx("a.xlsx", {"表": STATEMENT}),
        lambda _, content: content.replace("<t>乙</t>".encode(), b"<t>" + "乙".encode() * 400_000 + b"</t>"),
    )
    assert refusal(office, path).rule.id == "file-too-large"


def test_entities_are_refused(office: Office) -> None:
    doctype = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    for part in ("xl/workbook.xml", "xl/sharedStrings.xml", "xl/worksheets/sheet1.xml"):
        path = repacked(
            office.xlsx("a.xlsx", {"表": STATEMENT}),
            lambda name, content, part=part: content.replace(b"?>", b"?>" + doctype, 1) if name == part else content,
        )
        assert refusal(office, path).rule.id == "file-not-readable"


def test_a_formula_is_read_as_its_value_and_a_text_that_looks_like_one_is_no_name(office: Office) -> None:
    path = office.folder / "a.xlsx"
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in [["单位编码", "单位名称", "执行数"], ["101", '=cmd|"/c calc"!A1', 1]]:
        sheet.append(row)
    sheet["B2"].data_type = "s"
    book.save(path)
    table = office.read(path).table
    assert [(fault["rule_id"], fault["found"]) for fault in table.faults] == [
        ("cell-is-error-or-formula", '=cmd|"/c calc"!A1')
    ]


def archive(office: Office, members: dict[str, bytes]) -> Path:
    path = office.folder / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in members.items():
            package.writestr(name, content)
    return path


def test_an_archive_is_read_member_by_member(office: Office) -> None:
    text = "单位编码,单位名称,执行数\n101,甲,1\n".encode("gb18030")
    book = office.xlsx("x.xlsx", {"表": STATEMENT}).read_bytes()
    read = office.read(
        archive(
            office, {"b/数据.csv": text, "a.xlsx": book, "说明.pdf": b"%PDF", "__MACOSX/._a": b"x", "b/Thumbs.db": b"x"}
        )
    )
    assert [(table.head.sheet, len(table.rows)) for table in read.tables] == [("a.xlsx!表", 2), ("b/数据.csv", 1)]
    assert [entry.sheet for entry in read.skipped] == ["__MACOSX/._a", "b/Thumbs.db", "说明.pdf"]


def test_names_that_chinese_windows_packs_are_read(office: Office) -> None:
    path = archive(office, {"aaaa.csv": "单位编码,单位名称,执行数\n101,甲,1\n".encode()})
    path.write_bytes(path.read_bytes().replace(b"aaaa.csv", "数据".encode("gb18030") + b".csv"))
    assert office.read(path).table.head.sheet == "数据.csv"


@pytest.mark.parametrize(
    ("members", "rule"),
    [
        ({"b.zip": b"PK\x05\x06" + b"\0" * 18}, "file-type-not-supported"),
        ({"b.csv": b"PK\x05\x06" + b"\0" * 18}, "file-type-not-supported"),
        ({"b.exe": b"MZ"}, "file-type-not-supported"),
        ({"../../b.csv": b"x"}, "no-table-found"),
        ({}, "no-table-found"),
        ({"b.csv": b" " * 40_000_000}, "file-too-large"),
    ],
)
def test_archives_that_are_refused(office: Office, members: dict[str, bytes], rule: str) -> None:
    assert refusal(office, archive(office, members)).rule.id == rule


def test_an_archive_with_a_password_or_too_many_members_is_refused(office: Office) -> None:
    path = archive(office, {f"{number}.csv": b"x" for number in range(3)})
    assert refusal(office, path, limits={"max_archive_members": 2}).rule.id == "file-too-large"
    content = bytearray(path.read_bytes())
    for position in range(len(content) - 4):
        if content[position : position + 4] == b"PK\x01\x02":
            content[position + 8] |= 1
    assert "password" in refusal(office, office.put("b.zip", bytes(content))).message


def test_errors_and_formulas_that_were_never_calculated_are_faults_and_not_blanks(office: Office) -> None:
    def write(_: Any, sheet: Any) -> None:
        sheet.write_row(0, 0, ["单位名称", "项目名称", "年初预算数", "执行数"])
        for row in range(1, 6):
            sheet.write_row(row, 0, ["甲", f"项目{row}", 9])
        sheet.write_formula(1, 3, "=1/0", None, "#DIV/0!")
        sheet.write_formula(2, 3, "=VLOOKUP(A3,X:Y,2)", None, "#N/A")
        sheet.write_formula(3, 3, "=C4-1", None, "")
        sheet.write_formula(4, 3, "=C5-1", None, 8)

    table = office.read(workbook(office, write)).table
    assert table.column("executed_amount") == [None, None, None, Decimal("8.00"), None]
    assert [(fault["source_line"], fault["rule_id"], fault["found"]) for fault in table.faults] == [
        (2, "amount-not-readable", "#DIV/0!"),
        (3, "amount-not-readable", "#N/A"),
        (4, "amount-not-readable", "=C4-1"),
    ]


@pytest.mark.parametrize("kind", ["xlsx", "xls", "ods"])
def test_a_number_with_a_line_through_it_is_asked_about(office: Office, tmp_path: Path, kind: str) -> None:
    def write(book: Any, sheet: Any) -> None:
        for number, row in enumerate(STATEMENT):
            sheet.write_row(number, 0, row)
        sheet.write_row(3, 0, ["103", "丙", 7], book.add_format({"font_strikeout": True}))
        sheet.write_row(4, 0, ["104", "丁", 8], book.add_format({"bold": True, "num_format": "#,##0.00"}))

    table = office.read(in_kind(office, tmp_path, kind, write)).table
    assert table.rules == [(4, "amount-not-readable")]
    assert "删除线" in table.faults[0]["found"]
    assert table.column("executed_amount") == [Decimal("1.50"), 2, None, 8]
