"""Whether a header that comes again begins a table of its own, or is only printed again at the top of a page.

It begins another table where the rows above it end with a total of the whole table, where a title stands above it that
does not stand above the first one, or where its own rows begin with a total. Otherwise the rows go on.
Does not belong here: what a header is (headers), tables with different headers (read).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable

from pipelines.ingest.cells import fold, is_empty
from pipelines.ingest.headers import MAX_LEVELS, Metadata, Recognised, fold_header, read_metadata
from pipelines.ingest.raw_rows import RawRows
from pipelines.ingest.totals import is_note, total_scope

LONGEST_HEAD = 6
"""Rows that a title, its unit line and upper header rows take at the most."""
_CONTINUED = re.compile(r"\(?(?:续上?表?|接上[表页]|continued)\d*\)?$")
IsNumber = Callable[[str], bool]


def repeats(recognised: Recognised, rows: RawRows, row: int) -> bool:
    """Whether a row holds the table's own headers again and nothing else."""
    paths = {header.index: {fold_header(name)[0] for name in header.path} for header in recognised.headers}
    told = {index: text for index, column in enumerate(rows.columns) if (text := column[row].as_py())}
    return bool(told) and all(fold_header(text)[0] in paths.get(index, ()) for index, text in told.items())


def is_title_again(texts: Iterable[str], title: Collection[str]) -> bool:
    """Whether a row holds the title of the first page again, perhaps with a word that the table goes on (续表)."""
    folded = [fold(text) for text in texts]
    return all(text in title or _CONTINUED.sub("", text) in ("", *title) for text in folded)


def start_of_own_table(
    recognised: Recognised, rows: RawRows, header: int, body: int, *, is_number: IsNumber, further: Collection[str]
) -> int | None:
    """The first row of the table that a repeated header begins, with its title; None where it only goes on.

    ``body`` is the first row below the table's header so far, ``further`` the district's own total words.
    """
    top = header
    while top > body and header - top < MAX_LEVELS and repeats(recognised, rows, top - 1):
        top -= 1
    start, has_own_title = top, False
    row = top - 1
    while row >= body and top - row <= LONGEST_HEAD:
        texts = _texts(rows, row)
        if texts and not _is_title(texts, is_number):
            break
        if texts:
            start = row
            has_own_title = has_own_title or not is_title_again(texts, recognised.title)
        row -= 1
    if has_own_title or _is_whole_total(_last_row(rows, row, body), further):
        return start
    return start if _begins_with_total(rows, header + 1, is_number, further) else None


def _texts(rows: RawRows, row: int) -> list[str]:
    return [text for column in rows.columns if (text := column[row].as_py()) and text.strip()]


def _is_title(texts: list[str], is_number: IsNumber) -> bool:
    """Whether a row above a header says something about a table: its name, its unit, its office, its time."""
    if len(texts) > LONGEST_HEAD or any(map(is_number, texts)):
        return False
    return read_metadata([texts]) != Metadata(is_titled=True) or (len(texts) == 1 and not is_note(texts))


def _last_row(rows: RawRows, row: int, body: int) -> list[str]:
    """The texts of the last row up to ``row`` that holds more than a note."""
    while row >= body:
        texts = _texts(rows, row)
        if texts and not is_note(texts):
            return texts
        row -= 1
    return []


def _is_whole_total(texts: list[str], further: Collection[str]) -> bool:
    return any(total_scope(text, further) == "all" for text in texts)


def _begins_with_total(rows: RawRows, row: int, is_number: IsNumber, further: Collection[str]) -> bool:
    """Whether the first row below a header is a total of the whole table, with rows below it that it can sum."""
    last = len(rows)
    while row < last and not _texts(rows, row):
        row += 1
    if row == last or not _is_whole_total(_texts(rows, row), further):
        return False
    below = _texts(rows, row + 1) if row + 1 < last else []
    return any(map(is_number, below)) and not any(total_scope(text, further) for text in below if not is_empty(text))
