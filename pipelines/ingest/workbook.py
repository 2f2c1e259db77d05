"""Workbooks (.xlsx, .xlsm, .xls, .ods): every sheet as texts with the numbers of its rows.

Number cells come as the shortest decimal text of the double in the file, dates as ISO text, percentages as ratios.
Does not belong here: headers, what a cell means.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import fastexcel
import numpy as np
import pyarrow as pa

from pipelines.ingest.model import FileRefused
from pipelines.ingest.raw_rows import RawRows


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: its name, whether people see it, and all its rows."""

    name: str
    is_visible: bool
    rows: RawRows


def read_sheets(path: Path, *, max_columns: int) -> Iterator[Sheet]:
    """The sheets of a workbook in order. Raises ``FileRefused`` where the file is damaged, locked or too wide."""
    try:
        workbook = fastexcel.read_excel(str(path))
    except fastexcel.FastExcelError as error:
        raise FileRefused(
            "file-not-readable",
            found=_reason(error),
            remedy="Save it again as .xlsx without a password.",
            remedy_zh="请另存为不加密的 .xlsx 后重新交来。",
        ) from None
    for name in workbook.sheet_names:
        try:
            sheet = workbook.load_sheet(name, header_row=None, skip_rows=0, dtypes="string")
            batch = sheet.to_arrow()
        except fastexcel.FastExcelError as error:
            raise FileRefused("file-not-readable", found=_reason(error), sheet=name) from None
        columns = [column for column in batch.columns if column.null_count < len(column)]
        if len(columns) > max_columns:
            raise FileRefused(
                "file-too-large", found=f"{len(columns):,} columns", expected=f"{max_columns:,}", sheet=name
            )
        lines = pa.array(np.arange(1, batch.num_rows + 1, dtype=np.int64))
        yield Sheet(name, sheet.visible == "visible", RawRows(lines, columns))


def _reason(error: Exception) -> str:
    return str(error).splitlines()[0][:200]
