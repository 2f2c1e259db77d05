"""What a title or a name tells about months, and when a file says that it was written."""

from __future__ import annotations

import os
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.ingest.periods import told_months, years_of_name
from pipelines.ingest.written import written_at


@pytest.mark.parametrize(
    ("name", "years"),
    [
        ("2024年部门预算", (2024,)),
        ("二〇二四年部门预算", (2024,)),
        ("二○二三年度", (2023,)),
        ("24年部门预算", (2024,)),
        ("24年度", (2024,)),
        ("23年1-6月", (2023,)),
        ("预算2023", (2023,)),
        ("预算_2023_终稿", (2023,)),
        ("2023年结转与2024年预算", (2023, 2024)),
        ("20240315", ()),
        ("预算_2023-12-20", ()),
        ("2023年12月20日导出", ()),
        ("30年期债券", ()),
        ("20年以上职工", ()),
        ("文号20231", ()),
        ("", ()),
    ],
)
def test_years_are_told_by_words_and_never_by_a_day(name: str, years: tuple[int, ...]) -> None:
    assert years_of_name(name) == years


@pytest.mark.parametrize(
    ("text", "months"),
    [
        ("2024年1-9月预算执行情况表", (1, 9)),
        ("一至十月", (1, 10)),
        ("１月—３月", (1, 3)),
        ("前三季度", (1, 9)),
        ("2023年第二季度", (4, 6)),
        ("上半年", (1, 6)),
        ("2024年6月支付明细", (6, 6)),
        ("十一月份", (11, 11)),
        ("国库集中支付明细_202406", (6, 6)),
        ("2024-06", (6, 6)),
        ("二〇二四年六月", (6, 6)),
        ("截至2024年6月", (1, 6)),
        ("截至2024年6月30日", None),
        ("支付_20240703", None),
        ("2024-06-15", None),
        ("支付03", None),
        ("2024年度部门预算", None),
        ("12-3月", None),
    ],
)
def test_months_are_told_by_words_and_never_by_a_day(text: str, months: tuple[int, int] | None) -> None:
    assert told_months(text) == months


def test_a_workbook_keeps_the_time_at_which_it_was_written_when_it_is_copied(tmp_path: Path) -> None:
    workbook, text = tmp_path / "a.xlsx", tmp_path / "a.csv"
    with zipfile.ZipFile(workbook, "w") as package:
        package.writestr(
            "docProps/core.xml",
            '<cp:coreProperties><dcterms:modified xsi:type="dcterms:W3CDTF">2024-07-02T01:02:03Z</dcterms:modified>'
            "</cp:coreProperties>",
        )
    text.write_text("x")
    for path in (workbook, text):
        os.utime(path, (1_700_000_000.9, 1_700_000_000.9))
    assert written_at(workbook) == datetime(2024, 7, 2, 1, 2, 3, tzinfo=UTC)
    assert written_at(text) == datetime.fromtimestamp(1_700_000_000, tz=UTC)


def test_a_workbook_that_notes_nothing_readable_has_the_time_of_its_file(tmp_path: Path) -> None:
    workbook = tmp_path / "a.xlsx"
    with zipfile.ZipFile(workbook, "w") as package:
        package.writestr("docProps/core.xml", "<dcterms:modified>yesterday</dcterms:modified>")
    os.utime(workbook, (1_700_000_000, 1_700_000_000))
    assert written_at(workbook) == datetime.fromtimestamp(1_700_000_000, tz=UTC)
