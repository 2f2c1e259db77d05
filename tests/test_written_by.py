"""One table written by many real programs reads equal (fixtures/written_by/README.md)."""

from __future__ import annotations

import csv
import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from ingest_files import Office

WRITTEN = Path(__file__).parent / "fixtures" / "written_by"
FILES = sorted(path for path in WRITTEN.iterdir() if path.suffix in {".xlsx", ".xls", ".ods"})
WITHOUT_HEAD = "pandas"
"""Frames have no title, unit line, total or merged cells."""


def expected() -> list[tuple[str, date, str, str, str, Decimal]]:
    with (WRITTEN / "table.tsv").open(encoding="utf-8") as stream:
        rows = list(csv.reader(stream, delimiter="\t"))
    names = [row[3] or rows[number - 1][3] for number, row in enumerate(rows)]
    return [
        (row[0], date.fromisoformat(row[1]), row[2], name, row[4], Decimal(row[5]).quantize(Decimal("0.01")))
        for row, name in zip(rows, names, strict=True)
    ]


def test_there_are_files_of_all_programs() -> None:
    assert len({path.stem.split("-")[0] for path in FILES}) >= 10
    assert {path.suffix for path in FILES} == {".xlsx", ".xls", ".ods"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_table_reads_equal_whoever_wrote_it(path: Path, tmp_path: Path) -> None:
    office = Office(tmp_path, year=2024)
    table = office.read(Path(shutil.copy(path, office.folder / path.name))).table
    names = ["voucher_number", "payment_date", "department_code", "department_name", "project_name", "paid_amount"]
    assert list(zip(*(table.column(name) for name in names), strict=True)) == expected()
    assert not table.faults
    has_head = not path.name.startswith(WITHOUT_HEAD)
    assert [total["paid_amount"] for total in table.totals] == [Decimal("42344444.41")] * has_head
    assert table.column("source_line") == list(range(4, 8) if has_head else range(2, 6))
