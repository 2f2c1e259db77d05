"""Reads one workbook in this process and tells how long that took, imports left out.

    python -m benchmarks.workbook READER RAW FILE RESULT

READER is ``product`` (ingest: typed rows with source lines and faults, of a file below RAW) or ``fastexcel`` (the
reader that ingest uses, alone: cells as text). RESULT becomes JSON: seconds and rows. Does not belong here: judging
what was read; the night that reads the same workbook is audited.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import fastexcel

from benchmarks.corpus import DISTRICT, YEAR
from pipelines.ingest.model import Delivery
from pipelines.ingest.read import read_file
from pipelines.settings import Settings


def product(raw: Path, file: Path) -> int:
    """Reads it as a night does and returns the number of rows."""
    delivery = Delivery(file, file.relative_to(raw).as_posix(), DISTRICT, YEAR)
    source = read_file(delivery, settings=Settings(raw=raw), hash_secret=b"benchmark")
    return sum(batch.rows.num_rows for table in source.tables for batch in table.batches)


def alone(_: Path, file: Path) -> int:
    """Reads its cells as text and returns the number of rows, headers among them."""
    sheet = fastexcel.read_excel(file).load_sheet(0, header_row=None, dtypes="string")
    return int(sheet.to_arrow().num_rows)


if __name__ == "__main__":
    name, raw_directory, workbook, result = sys.argv[1:]
    started = time.perf_counter()
    rows = {"product": product, "fastexcel": alone}[name](Path(raw_directory), Path(workbook))
    Path(result).write_text(json.dumps({"seconds": time.perf_counter() - started, "rows": rows}))
