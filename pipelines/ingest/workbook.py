"""Workbooks (.xlsx, .xls, .ods): every sheet as texts with the numbers of its rows.

What a stored cell is, is the same in all of them (sheet_cells). Does not belong here: headers, what a text means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from pipelines.ingest.ods import read_ods
from pipelines.ingest.sheet_cells import Sheet
from pipelines.ingest.xls import read_xls
from pipelines.ingest.xlsx import read_xlsx
from pipelines.settings import Limits

_READERS: Mapping[str, Callable[[Path, Limits], Iterator[Sheet]]] = {
    "xlsx": read_xlsx,
    "ods": read_ods,
    "xls": read_xls,
}


def read_sheets(path: Path, kind: str, limits: Limits) -> Iterator[Sheet]:
    """The sheets of a workbook of a kind (``xlsx``, ``xls``, ``ods``) in order.

    Raises ``FileRefused`` where the file is damaged, locked by a password, or beyond the limits.
    """
    return _READERS[kind](path, limits)
