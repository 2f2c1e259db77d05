"""Archives with names of other systems, a full temporary folder, and sheets that no program ever calculated."""

from __future__ import annotations

import os
import tempfile
import zipfile
from pathlib import Path

import pytest
from ingest_files import Office
from test_kill import small_disk

from pipelines.ingest.model import FileRefused

TEXT = "单位编码,单位名称,执行数\n101,甲,1.50\n"
NAMESPACES = " ".join(
    f"xmlns:{name}='urn:oasis:names:tc:opendocument:xmlns:{name}:1.0'" for name in ("office", "table", "text", "meta")
)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def test_names_with_backslashes_are_paths(office: Office) -> None:
    path = office.put("a.zip", b"")
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("2022/执行.csv", TEXT)
        package.writestr("__MACOSX/._x.csv", "x")
    path.write_bytes(path.read_bytes().replace(b"2022/", b"2022\\").replace(b"__MACOSX/", b"__MACOSX\\"))
    read = office.read(path)
    assert read.table.head.sheet == "2022/执行.csv"
    assert [entry.sheet for entry in read.skipped] == ["__MACOSX/._x.csv"]


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a tmpfs needs root")
def test_an_archive_never_fills_the_temporary_folder(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = office.put("large.zip", b"")
    with zipfile.ZipFile(large, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("执行.csv", TEXT + "".join(f"{number},乙,{number}\n" for number in range(300_000)))
    small = office.put("small.zip", b"")
    with zipfile.ZipFile(small, "w") as package:
        package.writestr("执行.csv", TEXT)
    with small_disk(tmp_path / "temporary", "4m") as disk, monkeypatch.context() as patched:
        patched.setattr(tempfile, "tempdir", str(disk))
        with pytest.raises(FileRefused, match="free in the temporary folder") as refused:
            office.read(large)
        assert list(disk.iterdir()) == []
        assert len(office.read(small).table.rows) == 1
    assert "请单独报送" in refused.value.message_zh


@pytest.mark.parametrize(
    ("generator", "cell", "is_told"),
    [
        ("", "table:formula='of:=B2' office:value-type='float' office:value='0'", True),
        ("", "table:formula='of:=B2'", True),
        ("odfpy/1.4", "table:formula='of:=B2' office:value-type='float' office:value='0.0'", True),
        ("LibreOffice/7.4", "table:formula='of:=B2' office:value-type='float' office:value='0'", False),
        ("", "office:value-type='float' office:value='0'", False),
    ],
)
def test_a_zero_beside_a_formula_of_a_sheet_that_nobody_calculated_is_no_amount(
    office: Office, generator: str, cell: str, is_told: bool
) -> None:
    def text(value: str) -> str:
        return f"<table:table-cell office:value-type='string'><text:p>{value}</text:p></table:table-cell>"

    rows = [
        "".join(map(text, ("单位编码", "单位名称", "执行数"))),
        text("101") + text("甲") + f"<table:table-cell {cell}/>",
    ]
    sheet = "".join(f"<table:table-row>{row}</table:table-row>" for row in rows)
    with zipfile.ZipFile(office.put("a.ods", b""), "w") as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        package.writestr(
            "meta.xml",
            f"<office:document-meta {NAMESPACES}><office:meta><meta:generator>{generator}</meta:generator>"
            "</office:meta></office:document-meta>",
        )
        package.writestr(
            "content.xml",
            f"<office:document-content {NAMESPACES}><office:body><office:spreadsheet><table:table table:name='表'>"
            f"{sheet}</table:table></office:spreadsheet></office:body></office:document-content>",
        )
    table = office.read(office.folder / "a.ods").table
    assert [rule for _, rule in table.rules] == ["amount-not-readable"] * is_told
    assert table.column("executed_amount") == [None if is_told else 0]
