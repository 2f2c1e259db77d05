"""Reads one workbook with the reader that ingest uses, alone, and tells what that took: the floor of reading.

    python -m benchmarks.read_with_fastexcel RAW FILE RESULT [--first FILE]

Cells as texts, without asking what they mean. RESULT as ``benchmarks.reading`` says. The program is not imported.
"""

from __future__ import annotations

from pathlib import Path

import fastexcel

from benchmarks.reading import report_reading


def read(_: Path, file: Path) -> int:
    """Rows of the only sheet below its header."""
    sheet = fastexcel.read_excel(file).load_sheet(0, header_row=None, skip_rows=0, dtypes="string")
    return int(sheet.to_arrow().num_rows) - 1


if __name__ == "__main__":
    report_reading(read)
