"""What goes back to the offices: findings per file on the screen, and workbooks with the wrong cells marked."""

from __future__ import annotations

from pathlib import Path

import pytest
from bureau import PAYMENTS, Bureau, deliver_detail
from click.testing import CliRunner
from openpyxl import load_workbook

from pipelines.cli import main

WRONG_DATE = "V9,2024-13-45,101,P1,111,5.00\n"
FORMULA = "    =1+1,没有日期,101,P1,111,5.00\n"


@pytest.fixture(scope="module")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Bureau:
    """One wrong row too many in one file and a refused file beside it: nothing was ever published."""
    bureau = Bureau(tmp_path_factory.mktemp("corrections"))
    deliver_detail(bureau, payments=PAYMENTS + WRONG_DATE + FORMULA)
    bureau.deliver("440199/2024/不知.csv", "水果,颜色\n苹果,红\n")
    assert bureau.night().publication.status == "nothing"
    return bureau


def run(bureau: Bureau, *options: str) -> str:
    result = CliRunner().invoke(main, ["findings", "--warehouse", str(bureau.settings.warehouse), *options])
    assert result.exit_code == 0, result.output
    return result.output


def test_findings_name_file_line_and_reason(bureau: Bureau) -> None:
    told = run(bureau)
    assert "440199/2024/不知.csv" in told
    assert "no-table-found" in told
    assert "行 line 4" in told
    assert "2024-13-45 不是日期" in told


def test_findings_of_another_district_are_left_out(bureau: Bureau) -> None:
    assert "440199" not in run(bureau, "--district", "440198")


def test_the_workbook_marks_the_wrong_cell_and_runs_nothing(bureau: Bureau, tmp_path: Path) -> None:
    run(bureau, "--workbooks", str(tmp_path))
    workbook = load_workbook(tmp_path / "440199" / "2024" / "支付.csv-更正.xlsx")
    sheet = workbook["更正1"]
    heads = [cell.value for cell in sheet[2]]
    assert heads == [
        "行号",
        "需更正的原因",
        "支付凭证号",
        "支付日期",
        "部门编码",
        "项目编码",
        "资金性质编码",
        "实际支付金额",
    ]
    marked = {
        cell.coordinate for row in sheet.iter_rows(min_row=3) for cell in row if cell.fill.fgColor.rgb == "FFFBD5D2"
    }
    assert marked == {"D3", "C4", "D4"}  # a formula is no voucher number
    assert [sheet["A3"].value, sheet["C3"].value, sheet["D3"].value] == [4, "V9", "2024-13-45"]
    assert "不是日期" in sheet["B3"].value
    assert (sheet["C4"].value, sheet["C4"].data_type) == ("=1+1", "s")


@pytest.mark.long
def test_a_row_that_another_file_set_aside_comes_back_under_the_offices_headers(tmp_path: Path) -> None:
    """A payment of a project that nobody knows was read without a fault: it is kept as it was stored."""
    office = Bureau(tmp_path / "office")
    vouchers = "".join(f"    V{number},2024-05-02,101,P1,111,10.00,{{}}\n" for number in range(10, 40))
    heads = "    支付凭证号,支付日期,部门编码,项目编码,资金性质编码,实际支付金额,收款人账号\n"
    orphan = "    V99,2024-05-02,101,P9,111,4.50,6222021234567890123\n"
    long_name = f"440199/2024/{'长' * 80}.csv"
    deliver_detail(office)
    (office.settings.raw / "440199/2024/支付.csv").unlink()
    office.deliver(long_name, heads + vouchers.format(*[""] * 30) + orphan)
    assert office.night().acceptances[0].status == "accepted"
    run(office, "--workbooks", str(tmp_path / "out"))
    (path,) = (tmp_path / "out" / "440199" / "2024").glob("长*-更正.xlsx")
    sheet = load_workbook(path)["更正1"]
    cells = dict(zip([cell.value for cell in sheet[2]], [cell.value for cell in sheet[3]], strict=True))
    del cells["需更正的原因"]
    assert cells == {
        "行号": 32,
        "支付凭证号": "V99",
        "支付日期": "2024-05-02",
        "部门编码": "101",
        "项目编码": "P9",
        "资金性质编码": "111",
        "实际支付金额": "4.50",
        "区划编码": "440199",
        "预算年度": "2024",
    }


def test_files_of_similar_paths_have_workbooks_of_their_own(tmp_path: Path) -> None:
    office = Bureau(tmp_path / "office")
    for path in ("a/b.csv", "a_b.csv"):
        office.deliver(f"440199/2024/{path}", "水果,颜色\n苹果,红\n")
    office.night()
    run(office, "--workbooks", str(tmp_path / "out"))
    for path in ("a/b.csv", "a_b.csv"):
        workbook = load_workbook(tmp_path / "out" / "440199" / "2024" / f"{path}-更正.xlsx")
        assert workbook["说明"]["A1"].value == f"440199/2024/{path}：请更正下列问题后重新报送"
