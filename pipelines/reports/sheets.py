"""Workbooks whose texts come from data: nothing in them runs, nothing of a text is markup, and large tables are quick.

Does not belong here: what stands in a workbook (``workbook``, ``corrections``, the command ``query``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import repeat
from pathlib import Path

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

_TEXT_AT_MOST = 32_767
"""UTF-16 units that a cell can hold."""

_NO_FORMULAS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


def open_workbook(path: Path | str, *, constant_memory: bool = False) -> xlsxwriter.Workbook:
    """A new workbook in which no text becomes a formula, a link or a number; its worksheets are ``DataSheet``.

    Without ``constant_memory`` its parts are put together in memory: a temporary file for each takes longer.
    """
    kept_in = {"constant_memory": True} if constant_memory else {"in_memory": True}
    workbook = xlsxwriter.Workbook(str(path), {**_NO_FORMULAS, **kept_in})
    workbook.worksheet_class = DataSheet
    return workbook


class DataSheet(Worksheet):  # type: ignore[misc]  # xlsxwriter has no types
    """A worksheet that shows any text as it is, and takes the cells of a table by columns.

    xlsxwriter checks, keeps and describes each cell by itself, some 10 µs each; a bulletin of a district has hundreds
    of thousands. ``number_cells`` and ``text_cells`` make the cells of a column at once, as the elements of the file
    format, and ``add_rows`` puts columns below what was written before. Texts go through xlsxwriter's table of texts,
    which escapes them.
    """

    def __init__(self) -> None:
        super().__init__()
        self._row_elements: list[str] = []
        self._text_numbers = _TextNumbers(self)

    def write_string(self, row: int, col: int, string: str, cell_format: Format | None = None) -> int:
        """Writes a text as it is, cut if it is longer than a cell can hold."""
        written: int = super().write_string(row, col, plain_text(string), cell_format)
        return written

    def number_cells(
        self, column: int, line: int, numbers: Iterable[object], style: Format, *, missing: str, places: int = 0
    ) -> list[str]:
        """Cells of a column from row ``line`` (from 0) on; ``None`` becomes the cell that ``missing`` ends.

        ``numbers`` are integers, decimals or their texts, and are moved by ``places`` decimal places; ``missing`` comes
        from ``text_end`` or ``blank_end``.
        """
        start, middle = f'<c r="{xl_col_to_name(column)}', f'" s="{style._get_xf_index()}"><v>'
        end = f"E{places}</v></c>" if places else "</v></c>"
        return [
            f"{start}{row}{missing}" if number is None else f"{start}{row}{middle}{number}{end}"
            for row, number in enumerate(numbers, start=line + 1)
        ]

    def text_cells(
        self, column: int, line: int, texts: Iterable[str | None], style: Format, *, missing: str
    ) -> list[str]:
        """Cells of a column from row ``line`` (from 0) on, as ``number_cells``."""
        start, end = f'<c r="{xl_col_to_name(column)}', f'" s="{style._get_xf_index()}" t="s"><v>'
        numbers = self._text_numbers
        return [
            f"{start}{row}{missing}" if text is None else f"{start}{row}{end}{numbers[text]}</v></c>"
            for row, text in enumerate(texts, start=line + 1)
        ]

    def text_end(self, text: str, style: Format) -> str:
        """How a cell with this text ends, for cells without a value of their own."""
        return f'" s="{style._get_xf_index()}" t="s"><v>{self._text_numbers[text]}</v></c>'

    def blank_end(self, style: Format) -> str:
        """How an empty cell ends."""
        return f'" s="{style._get_xf_index()}"/>'

    def add_rows(
        self, line: int, columns: Sequence[Sequence[str]], heights: Sequence[float | None] | None = None
    ) -> None:
        """Adds rows from row ``line`` (from 0) on; they lie below every row of this sheet written so far.

        ``columns`` are lists of cells, all of the same length, from column 0 on; a height is in points, None the usual.
        """
        if not columns or not columns[0]:
            return
        count = len(columns[0])
        for row in (line, line + count - 1):
            if self._check_dimensions(row, len(columns) - 1):
                raise ValueError(f"row {row + 1} or column {len(columns)} lies beyond what a sheet can hold.")
        rows = zip(range(line + 1, line + 1 + count), heights or repeat(None), zip(*columns, strict=True), strict=False)
        for row, height, cells in rows:
            high = f' ht="{height:g}" customHeight="1"' if height else ""
            self._row_elements.append(f'<row r="{row}"{high}>{"".join(cells)}</row>')

    def _write_rows(self) -> None:
        """Called by xlsxwriter for the rows of the sheet: its own, then the added ones."""
        super()._write_rows()
        self.fh.writelines(self._row_elements)


class _TextNumbers(dict[str, int]):
    """The number of each text in the workbook's table of texts."""

    def __init__(self, sheet: DataSheet) -> None:
        self._sheet = sheet

    def __missing__(self, text: str) -> int:
        number: int = self._sheet.str_table._get_shared_string_index(plain_text(text))
        self[text] = number
        return number


def plain_text(text: str) -> str:
    """A text as a cell can hold it: not longer than that, and none that xlsxwriter would take for its own markup."""
    if len(text) > _TEXT_AT_MOST // 2 and len(units := text.encode("utf-16-le", "replace")) > 2 * _TEXT_AT_MOST:
        text = units[: 2 * (_TEXT_AT_MOST - 1)].decode("utf-16-le", "ignore") + "…"
    return f" {text}" if text.startswith("<r>") and text.endswith("</r>") else text
