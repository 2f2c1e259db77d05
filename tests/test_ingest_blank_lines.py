"""Lines that hold nothing: passed over, and not without end."""

from __future__ import annotations

from pathlib import Path

import pytest
import workbook_parts
from ingest_files import Office

from pipelines.ingest.model import FileRefused
from pipelines.settings import Limits

HEAD = "单位编码,单位名称,执行数\n"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


@pytest.mark.parametrize("line", ["\n", "\r\n", ",,\n", "  \n", ", ,\n"])
@pytest.mark.parametrize("place", ["between", "below"])
def test_blank_lines_of_a_text_have_an_end(office: Office, line: str, place: str) -> None:
    last = "102,乙,2\n" if place == "between" else ""
    path = office.put("a.csv", f"{HEAD}101,甲,1\n{line * 1_000}{last}")
    table = office.read(path, limits=Limits(max_blank_lines=1_000, batch_rows=300)).table
    assert len(table.rows) == 1 + (place == "between")
    assert {row["reason"] for row in table.passed_over} == {"blank"}
    with pytest.raises(FileRefused, match=r"file-too-large.*1,000 blank lines .*, at most 999") as refused:
        office.read(path, limits=Limits(max_blank_lines=999, batch_rows=300))
    assert "请删除空行" in refused.value.message_zh


def test_nothing_but_line_ends_is_told_before_it_is_parsed(office: Office) -> None:
    path = office.put("a.csv", HEAD.encode() + b"\n" * 20_000_000)
    with pytest.raises(FileRefused, match="file-too-large"):
        office.read(path)


def test_blank_rows_of_a_sheet_have_an_end(office: Office) -> None:
    rows = "".join(f'<row r="{number}"/>' for number in range(3, 50_000))
    text = '<row r="{0}"><c r="A{0}" t="inlineStr"><is><t>101</t></is></c><c r="B{0}"><v>2</v></c></row>'
    names = "".join(f'<c t="inlineStr"><is><t>{name}</t></is></c>' for name in ("单位编码", "执行数"))
    head = f'<row r="1">{names}</row>'
    xml = (
        f'<worksheet xmlns="{workbook_parts.MAIN}"><sheetData>{head}{text.format(2)}{rows}{text.format(50_000)}'
        "</sheetData></worksheet>"
    )
    path = workbook_parts.write(office.folder / "a.xlsx", xml)
    table = office.read(path, limits=Limits(max_blank_lines=50_000)).table
    assert (len(table.rows), len(table.passed_over)) == (2, 49_997)
    with pytest.raises(FileRefused, match="49,997 blank lines and perhaps more"):
        office.read(path, limits=Limits(max_blank_lines=49_000))
