"""Workbooks of forms: each sheet is one table of texts as a spreadsheet shows them.

Does not belong here: deliveries of accounts (``pipelines.ingest.workbook``), what a form says (``figures.tables``).
"""

from __future__ import annotations

import io
import re
from decimal import Decimal

from pipelines.documents.model import Document, DocumentRefused, Table

MAX_CELLS = 200_000
_UNIT = re.compile(r"(?:金额)?单位[:：]?\s*(?:人民币)?\s*(亿元|万元|千元|元)|[(（](万元|元)[)）]")


def read_workbook(content: bytes) -> Document:
    """The sheets of a workbook; raises ``DocumentRefused`` for a damaged one or one that is no form by its size."""
    import openpyxl  # noqa: PLC0415 - slow to import

    try:
        book = openpyxl.load_workbook(io.BytesIO(content), data_only=True)
        tables: list[Table] = []
        for sheet in book.worksheets:
            if sheet.max_row * sheet.max_column > MAX_CELLS:
                raise DocumentRefused(
                    f"{sheet.max_row} rows, more than a form has", "不是自评表", "deliver exports in raw/"
                )
            rows = tuple(tuple(_shown(cell) for cell in row) for row in sheet.iter_rows())
            if any(any(row) for row in rows):
                text = " ".join(cell for row in rows[:8] for cell in row)
                told = _UNIT.search(text)
                unit = (told[1] or told[2]) if told else None
                tables.append(Table(rows, len(tables) + 1, len(tables) + 1, sheet.title, unit))
    except DocumentRefused:
        raise
    except Exception as error:
        raise DocumentRefused(
            f"a workbook that cannot be opened ({type(error).__name__})", "文件可能已损坏，请重新另存", "save it again"
        ) from None
    return Document((), tuple(tables), len(tables), (), "openpyxl")


def _shown(cell: object) -> str:
    value = getattr(cell, "value", None)
    if value is None:
        return ""
    number_format = str(getattr(cell, "number_format", "") or "")
    if isinstance(value, int | float) and not isinstance(value, bool):
        exact = Decimal(repr(value))
        if "%" in number_format:
            places = len(number_format.split(".")[1].split("%", maxsplit=1)[0]) if "." in number_format else 0
            return f"{exact * 100:.{places}f}%"
        text = format(exact, "f")
        return text.removesuffix(".0")
    return " ".join(str(value).split())
