"""Opens a delivered file, finds its tables and reads them: the entry to ingest.

``read_file`` returns at once; the file is read while its tables are consumed, in order. A file is refused whole with
``FileRefused``, from here or while the tables are consumed. What a file is, is told by its first bytes, not by its
name. Does not belong here: what a cell or a header means.
"""

from __future__ import annotations

import os
import re
import zipfile
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, islice
from pathlib import Path, PurePosixPath
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.contracts.arrow_types import decoded
from pipelines.contracts.model import Kind
from pipelines.ingest.archive import read_members
from pipelines.ingest.columns import ReadingOptions
from pipelines.ingest.delimited import (
    DELIMITERS,
    RowParser,
    TextEncoding,
    detect_encoding,
    read_lines,
    sample_records,
    table_width,
)
from pipelines.ingest.headers import Metadata, Recognised, header_aliases, is_number, recognise
from pipelines.ingest.layouts import read_layout
from pipelines.ingest.links import leads_out_of
from pipelines.ingest.model import Batch, Delivery, FileRefused, ReadFile, SourceTable
from pipelines.ingest.personal import shown_where_headers_should_be, without_numbers
from pipelines.ingest.raw_rows import RawRows, concatenate
from pipelines.ingest.sheet_cells import Sheet
from pipelines.ingest.stacked import LONGEST_HEAD, repeats, start_of_own_table
from pipelines.ingest.tables import TableReader, blank_lines_without_end, looks_like_money
from pipelines.ingest.units import WorkbookUnits, settled_formats
from pipelines.ingest.workbook import read_sheets
from pipelines.ledger.records import SkippedSheet
from pipelines.printable import is_utf8
from pipelines.settings import Settings

FILE_TYPES = (".csv", ".txt", ".tsv", ".xlsx", ".xlsm", ".xls", ".ods", ".zip")
_TEXT_TYPES = (".csv", ".txt", ".tsv")
_COMPOUND_FILE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_NO_HEADER = r"^$|^[0-9]|[0-9]{4}|^.{41}"
"""What no header begins with or holds: a cheap first look at whole columns."""
_PLAIN_NUMBER = r"^-?[0-9]+(\.[0-9]+)?$"
_FEW_ROWS = 1_000


def read_file(delivery: Delivery, *, settings: Settings, hash_secret: bytes) -> ReadFile:
    """Open a delivery for reading.

    ``hash_secret`` is the key of the hash that stands for payee accounts. Raises ``FileRefused`` for a name that
    is no UTF-8, for a type that is not read, for a file beyond ``settings.limits``, and for one that is not below
    its district's folder.
    """
    path = delivery.path
    if not is_utf8(os.path.relpath(path, settings.raw)):
        raise FileRefused(
            "file-name-not-utf8",
            found=delivery.relative_path,
            remedy="Rename the file, or deliver it again through a client that writes UTF-8.",
            remedy_zh="请重命名该文件，或用支持 UTF-8 的客户端重新报送。",
        )
    if leads_out_of(path, settings.raw, delivery.district_code):
        raise FileRefused("file-outside-raw", found=delivery.relative_path)
    size = path.stat().st_size
    if size > settings.limits.max_file_bytes:
        raise FileRefused("file-too-large", found=f"{size:,} bytes", expected=f"{settings.limits.max_file_bytes:,}")
    if path.suffix.lower() not in FILE_TYPES:
        raise FileRefused("file-type-not-supported", found=path.suffix or path.name, expected=" ".join(FILE_TYPES))
    reader = _Reader(delivery, settings, hash_secret)
    return ReadFile(delivery, reader.tables(path, ""), reader.skipped)


def _kind(path: Path) -> str:
    """What a file is by its first bytes: ``text``, ``xlsx``, ``ods``, ``xls`` or ``zip``."""
    with path.open("rb") as stream:
        start = stream.read(512)
    suffix = path.suffix.lower()
    if not start:
        raise FileRefused(
            "file-not-readable", found="it is empty", remedy="Deliver it again.", remedy_zh="请重新报送。"
        )
    if start.startswith(_COMPOUND_FILE):
        if suffix in {".xlsx", ".xlsm"}:
            raise FileRefused(
                "file-not-readable",
                found="a password, or an old workbook under a new name",
                remedy="Save it again as .xlsx without a password.",
                remedy_zh="文件已加密或为旧格式，请另存为不加密的 .xlsx。",
            )
        return "xls"
    if start.startswith(b"PK"):
        return _package_kind(path)
    if suffix in _TEXT_TYPES:
        return "text"
    if suffix == ".xls" and re.match(rb"\s*(?:<|\xef\xbb\xbf\s*<)", start):
        found = "a web page under the name of a workbook"
    else:
        found = f"it is no {suffix} file, or was cut off"
    raise FileRefused(
        "file-not-readable",
        found=found,
        remedy="Open it in a spreadsheet program and save it as .xlsx or .csv.",
        remedy_zh="请用表格软件打开后另存为 .xlsx 或 .csv。",
    )


def _package_kind(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as package:
            names = set(package.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return {".xlsm": "xlsx", ".csv": "zip", ".txt": "zip", ".tsv": "zip"}.get(
            path.suffix.lower(), path.suffix.lower()[1:]
        )
    if "xl/workbook.xml" in names:
        return "xlsx"
    return "ods" if "content.xml" in names and "mimetype" in names else "zip"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a table stands on its sheet: its header, its first row below it, and the row behind its last (from 0)."""

    recognised: Recognised
    body: int
    end: int

    def in_unit(self, units: WorkbookUnits, sheet: Sheet, name: str) -> _Place:
        """The same in the unit that the workbook's other sheets tell, where it names none itself."""
        if not self.recognised.unit.is_assumed:
            return self
        rows = sheet.rows.slice(self.body, self.end - self.body)
        return replace(self, recognised=units.decided(self.recognised, rows, sheet=name, line=self.body))


class _Reader:
    """Reads one delivery with its district's layout."""

    def __init__(self, delivery: Delivery, settings: Settings, hash_secret: bytes) -> None:
        self.skipped: list[SkippedSheet] = []
        self._delivery = delivery
        self._name = PurePosixPath(delivery.relative_path).stem
        self._limits = settings.limits
        self._hash_secret = hash_secret
        self._aliases = header_aliases(read_layout(settings.raw, delivery.district_code, delivery.fiscal_year))
        self._layout = self._aliases.layout

    def tables(self, path: Path, within: str) -> Iterator[SourceTable]:
        """The tables of a file; ``within`` is its name in an archive (empty: it was delivered by itself)."""
        kind = _kind(path)
        if kind == "text":
            with path.open("rb") as stream:
                yield from self._text(path, stream, within)
        elif kind == "zip" and within:
            raise FileRefused("file-type-not-supported", found=f"{within!r}, an archive in the archive", expected="")
        elif kind == "zip":
            found = False
            for member in read_members(path, self._limits, self.skipped):
                found = True
                yield from self.tables(member.path, without_numbers(member.name))
            if not found:
                raise self._no_table("an archive without any export", "")
        else:
            yield from self._workbook(path, kind, within)

    def _text(self, path: Path, stream: IO[bytes], within: str) -> Iterator[SourceTable]:
        """The table of a delimited text file; of a text that is read in pieces, only one."""
        encoding = detect_encoding(stream)
        chunks = self._bounded(read_lines(stream, encoding), within)
        first = next(chunks, b"")
        delimiter, recognised, records = self._find_header(first, encoding, within)
        body_start = records[recognised.last_row][1]
        header, *following = (record for record, _ in records[recognised.last_row :])
        width, cells = table_width(max(header.index for header in recognised.headers) + 1, header, following)

        def rows(text: Iterator[bytes]) -> Iterator[RawRows | None]:
            parser = RowParser(encoding, delimiter, width, cells=cells, first_line=body_start + 1)
            head = next(text, b"")
            for chunk in chain([head[_offset_of_line(head, body_start) :]], text):
                # The sign is looked for by itself first: most texts have none, and one byte is found faster than two.
                has_formulas = b"=" in chunk and b'="' in chunk
                yield _without_formulas(parser.rows(chunk)) if has_formulas else parser.rows(chunk)
            yield parser.finish()

        def rows_again() -> Iterator[RawRows | None]:
            with path.open("rb") as other:
                yield from rows(read_lines(other, encoding))

        second = next(chunks, None)
        if second is None:
            parts = [part for part in rows(iter([first])) if part is not None]
            if parts:
                yield from self._text_tables(recognised, body_start, concatenate(parts), within, encoding.name)
                return
        reader = self._table_reader(recognised, sheet=within, header_line=body_start, encoding=encoding.name)
        text = chain([first, second], chunks) if second is not None else iter([first])
        yield SourceTable(reader.head, self._batches(reader, rows(text), rows_again))

    def _bounded(self, chunks: Iterator[bytes], sheet: str) -> Iterator[bytes]:
        """The chunks of a text until too many of its lines hold nothing at all: parsing them would cost the most."""
        blank, most = 0, self._limits.max_blank_lines
        for chunk in chunks:
            if b"\n\n" in chunk or b"\n\r\n" in chunk:
                characters = np.frombuffer(chunk.replace(b"\r", b""), dtype=np.uint8) == ord("\n")
                blank += int(np.count_nonzero(characters[1:] & characters[:-1]))
            if blank > most:
                raise blank_lines_without_end(blank, most, sheet)
            yield chunk

    def _text_tables(
        self, recognised: Recognised, header_line: int, rows: RawRows, within: str, encoding: str
    ) -> Iterator[SourceTable]:
        """The tables of a text that is read in one piece: one, or several below each other with the same header."""
        heads = self._header_rows(rows) if _may_repeat(recognised, rows) else []
        body, end = 0, 0
        while end < len(rows):
            heads = [row for row in heads[bisect_left(heads, body) :] if repeats(recognised, rows, row)]
            starts = (self._start_of_next(recognised, rows, row, body) for row in heads)
            end = next((row for row in starts if row is not None), len(rows))
            reader = self._table_reader(recognised, sheet=within, header_line=header_line, encoding=encoding)
            part = rows.slice(body, end - body)
            yield SourceTable(reader.head, self._batches(reader, iter([part]), partial(iter, [part])))
            if end < len(rows):
                sample = _texts(rows.slice(end, self._limits.header_search_rows))
                first_line, above = rows.lines[end].as_py(), recognised.metadata
                found = recognise(
                    sample, self._aliases, sheet=within, first_line=first_line, above=above, file_name=self._name
                )
                if found is None:
                    raise self._no_table(shown_where_headers_should_be(sample[:1]), within)
                recognised, body = found, end + found.last_row + 1
                header_line = rows.lines[body - 1].as_py()

    def _find_header(
        self, data: bytes, encoding: TextEncoding, sheet: str
    ) -> tuple[str, Recognised, list[tuple[list[str], int]]]:
        """The delimiter under which a header is found, the header, and the first records with their last lines."""
        refusals: list[FileRefused] = []
        widest: list[str] = []
        for delimiter in DELIMITERS:
            records = sample_records(data, encoding, delimiter, self._limits.header_search_rows)
            rows = [_without_empty_end(record) for record, _ in records]
            widest = max([widest, *rows], key=len)
            try:
                self._refuse_endless_rows(rows, records, sheet)
                recognised = recognise(rows, self._aliases, sheet=sheet, file_name=self._name)
            except FileRefused as error:
                refusals.append(error)
                continue
            if recognised:
                return delimiter, recognised, records
        raise refusals[0] if refusals else self._no_table(shown_where_headers_should_be([widest]), sheet)

    def _refuse_endless_rows(self, rows: list[list[str]], records: list[tuple[list[str], int]], sheet: str) -> None:
        for row, (_, line) in zip(rows, records, strict=True):
            if len(row) > self._limits.max_columns:
                raise FileRefused(
                    "file-too-large",
                    found=f"{len(row):,} columns",
                    expected=f"{self._limits.max_columns:,}",
                    sheet=sheet,
                    line=line,
                )

    def _workbook(self, path: Path, kind: str, within: str) -> Iterator[SourceTable]:
        """The tables of all sheets of a workbook; those whose unit another sheet may tell come last."""
        found = False
        unclear: list[tuple[Sheet, str, list[_Place]]] = []
        units = WorkbookUnits()
        for sheet in read_sheets(path, kind, self._limits):
            name = without_numbers(f"{within}!{sheet.name}" if within else sheet.name)
            if not sheet.is_visible:
                self.skipped.append(SkippedSheet(name, "a hidden sheet", "隐藏的工作表"))
            elif sheet.name in self._layout.skipped_sheets:
                self.skipped.append(SkippedSheet(name, "passed over by the district's layout", "按本区版式略过"))
            else:
                places = list(self._places(sheet, name))
                found = found or bool(places)
                if any(place.recognised.unit.is_assumed for place in places):
                    unclear.append((sheet, name, places))
                    continue
                for place in places:
                    units.note(place.recognised, sheet.rows.slice(place.body, place.end - place.body))
                yield from self._sheet_tables(sheet, name, places)
        for sheet, name, places in unclear:
            clear = [place.in_unit(units, sheet, name) for place in places]
            yield from self._sheet_tables(sheet, name, clear)
        if not found:
            raise self._no_table("、".join(entry.sheet for entry in self.skipped), within)

    def _places(self, sheet: Sheet, name: str) -> Iterator[_Place]:
        """Where the tables of a sheet stand, one below the other; a sheet without any is passed over."""
        start = 0
        above = Metadata()
        count = 0
        starts_again = self._header_rows(sheet.rows)
        while start < len(sheet.rows):
            sample = _texts(sheet.rows.slice(start, self._limits.header_search_rows))
            recognised = recognise(
                sample, self._aliases, sheet=name, first_line=start + 1, above=above, file_name=self._name
            )
            if recognised is None:
                break
            count += 1
            body = start + recognised.last_row + 1
            starts_again = starts_again[bisect_left(starts_again, body) :]
            starts = (self._start_of_next(recognised, sheet.rows, row, body) for row in starts_again)
            end = next((row for row in starts if row is not None), len(sheet.rows))
            yield _Place(recognised, body, end)
            above, start = recognised.metadata, end
        if not count:
            self._pass_over(sheet, name)

    def _sheet_tables(self, sheet: Sheet, name: str, places: Sequence[_Place]) -> Iterator[SourceTable]:
        for place in places:
            options = ReadingOptions(
                decimal_comma=self._layout.decimal_comma,
                from_double=True,
                epoch_1904=sheet.epoch_1904,
                date_order=self._layout.date_order,
            )
            reader = self._table_reader(place.recognised, sheet=name, header_line=place.body, options=options)
            rows = _filled_down(sheet, place.recognised, place.body, place.end)
            rows = settled_formats(place.recognised, rows, sheet.units, sheet=name)
            yield SourceTable(reader.head, self._batches(reader, iter([rows]), partial(iter, [rows])))

    def _pass_over(self, sheet: Sheet, name: str) -> None:
        """Notes a sheet without a table; refuses one that holds amounts all the same."""
        if any(pc.sum(looks_like_money(column)).as_py() >= 2 for column in sheet.rows.columns if len(column)):
            raise FileRefused(
                "dataset-not-recognised",
                found=shown_where_headers_should_be(_texts(sheet.rows.slice(0, 10))),
                expected="、".join(dataset.label_zh for dataset in self._layout.datasets.values()),
                sheet=name,
                remedy="Correct the headers, or pass the sheet over in header_aliases.csv (layout,skip_sheet).",
                remedy_zh="请更正表头，或在本区 header_aliases.csv 中登记略过该工作表（layout,skip_sheet）。",
            )
        is_empty = not len(sheet.rows)
        self.skipped.append(
            SkippedSheet(name, "an empty sheet", "空工作表")
            if is_empty
            else SkippedSheet(name, "no table in it (cover, index or notes)", "无数据表（封面、目录或说明）")
        )

    def _header_rows(self, rows: RawRows) -> list[int]:
        """Rows in which at least two cells are headers that some contract knows, and none is an amount."""
        places = pa.array(np.arange(len(rows)))
        start = [_plain_numbers(column.slice(0, _FEW_ROWS)) for column in rows.columns]
        # Columns of numbers first: one of them tells nearly all rows to be no headers.
        for position in sorted(range(len(start)), key=lambda index: pc.sum(start[index]).as_py() or 0, reverse=True):
            if len(places) <= _FEW_ROWS:
                break
            places = places.filter(pc.invert(_plain_numbers(rows.columns[position].take(places))))
        columns = [column.take(places) for column in rows.columns]
        known = pa.array(np.zeros(len(places), dtype=np.int8))
        for column in columns:
            encoded = pc.dictionary_encode(column)
            may_be = pc.invert(pc.match_substring_regex(encoded.dictionary, _NO_HEADER))
            hits = [
                index
                for index in pc.indices_nonzero(may_be).to_pylist()
                if self._aliases.knows(encoded.dictionary[index].as_py())
            ]
            if hits:
                is_hit = pc.is_in(encoded.indices, pa.array(hits, encoded.indices.type))
                known = pc.add(known, is_hit.cast(pa.int8()))
        found = places.filter(pc.greater_equal(known, 2)).to_pylist()
        return [row for row in found if not any(self._is_number(column[row].as_py()) for column in rows.columns)]

    def _is_number(self, text: str | None) -> bool:
        return bool(text) and is_number(text or "", self._layout)

    def _start_of_next(self, recognised: Recognised, rows: RawRows, header: int, body: int) -> int | None:
        """The first row of the table whose header stands in a row; None where that is the table's own again."""
        if not repeats(recognised, rows, header):
            return self._start_of_head(rows, header, body)
        further = self._layout.total_words
        return start_of_own_table(recognised, rows, header, body, is_number=self._is_number, further=further)

    def _start_of_head(self, rows: RawRows, header: int, lowest: int) -> int:
        """The first row of the head (title, unit line, upper header rows) above a header further down a sheet."""
        start = header
        while start > lowest and header - start < LONGEST_HEAD:
            above = [text for column in rows.columns if (text := column[start - 1].as_py()) and text.strip()]
            if not above or len(above) > LONGEST_HEAD or any(map(self._is_number, above)):
                break
            start -= 1
        return start

    def _table_reader(
        self,
        recognised: Recognised,
        *,
        sheet: str,
        header_line: int,
        options: ReadingOptions | None = None,
        encoding: str | None = None,
    ) -> TableReader:
        plain = ReadingOptions(decimal_comma=self._layout.decimal_comma, date_order=self._layout.date_order)
        return TableReader(
            recognised,
            self._delivery,
            self._aliases,
            sheet=sheet,
            header_line=header_line,
            options=options or plain,
            hash_secret=self._hash_secret,
            limits=self._limits,
            encoding=encoding,
        )

    def _batches(
        self,
        reader: TableReader,
        rows: Iterator[RawRows | None],
        rows_again: Callable[[], Iterator[RawRows | None]],
    ) -> Iterator[Batch]:
        """A table's batches; a table of several that cannot be told piece by piece is looked through before."""
        pieces = self._pieces(rows)
        if reader.asks_for_all_rows:
            begun = list(islice(pieces, 2))
            if len(begun) > 1:
                reader.survey(lambda: self._pieces(rows_again()))
            pieces = chain(begun, pieces)
        for piece in pieces:
            yield reader.batch(piece)

    def _pieces(self, rows: Iterator[RawRows | None]) -> Iterator[RawRows]:
        for raw in rows:
            for start in range(0, len(raw) if raw is not None else 0, self._limits.batch_rows):
                assert raw is not None  # noqa: S101 - told to the type checker
                yield raw.slice(start, self._limits.batch_rows)

    def _no_table(self, found: str, sheet: str) -> FileRefused:
        expected = "; ".join(
            f"{dataset.label_zh} {dataset.name}: "
            + "、".join(column.label_zh for column in dataset.columns if column.required)
            for dataset in self._layout.datasets.values()
        )
        return FileRefused("no-table-found", found=found, expected=expected, sheet=sheet)


def _without_empty_end(row: list[str]) -> list[str]:
    """The cells of a row up to the last that holds anything."""
    end = len(row)
    while end and not row[end - 1].strip():
        end -= 1
    return row[:end]


def _may_repeat(recognised: Recognised, rows: RawRows) -> bool:
    """Whether the name of a table's first column comes again in it."""
    header = recognised.headers[0]
    texts = decoded(rows.columns[header.index]) if header.index < len(rows.columns) else pa.array([], pa.string())
    return bool(pc.any(pc.match_substring(texts, header.path[-1])).as_py())


def _plain_numbers(column: pa.Array) -> pa.Array:
    return pc.fill_null(pc.match_substring_regex(column, _PLAIN_NUMBER), False)


def _without_formulas(raw: RawRows | None) -> RawRows | None:
    """The rows with ``="019100"`` as ``019100``: how texts are kept from being taken for numbers."""
    if raw is not None:
        pattern = r'^="([^"]*)"$'
        raw.columns = [pc.replace_substring_regex(decoded(column), pattern, r"\1") for column in raw.columns]
    return raw


def _texts(raw: RawRows) -> list[list[str]]:
    columns = [[text or "" for text in column.to_pylist()] for column in raw.columns]
    return [list(row) for row in zip(*columns, strict=True)]


def _offset_of_line(data: bytes, lines: int) -> int:
    """The position of the byte behind so many lines."""
    offset = 0
    for _ in range(lines):
        end = data.find(b"\n", offset)
        if end < 0:
            return len(data)
        offset = end + 1
    return offset


def _filled_down(sheet: Sheet, recognised: Recognised, start: int, end: int) -> RawRows:
    """The rows of a table: a label that is merged over several rows stands in each, an amount only in the first.

    An amount that is merged over rows about different things belongs to them together, and nobody can say how: it is
    made unreadable in each.
    """
    rows = sheet.rows.slice(start, end - start)
    columns = {header.index: header.column for header in recognised.headers if header.column}
    beside = {Kind.AMOUNT, Kind.RATIO, Kind.PERCENT}
    labels = {index for index, column in columns.items() if column.kind not in beside}
    told: dict[int, int] = {}
    merged: dict[bool, list[tuple[int, slice]]] = {True: [], False: []}
    for first_row, last_row, index, _ in sorted(sheet.merged):
        # Ranges of one column cannot overlap; a file that says so would cost rows times ranges.
        if index in columns and told.get(index, start) <= first_row < last_row < end:
            told[index] = last_row + 1
            merged[index in labels].append((index, slice(first_row - start, last_row - start + 1)))
    texts = {index: rows.columns[index].to_pylist() for index, _ in chain(*merged.values())}
    for index, places in merged[True]:
        texts[index][places] = [texts[index][places.start]] * (places.stop - places.start)
    dataset = recognised.dataset
    telling = {*dataset.identity, *(dataset[name].name_column for name in dataset.identity)}
    for index, places in merged[False]:
        amount, count = texts[index][places.start], places.stop - places.start
        if columns[index].kind is Kind.AMOUNT and amount:
            spoken = [
                texts[other][places] if other in texts else rows.columns[other][places].to_pylist()
                for other, column in columns.items()
                if column.name in telling
            ]
            if len({line for line in zip(*spoken, strict=True) if any(line)}) > 1:
                texts[index][places] = [f"{amount}（合并{count}行）"] * count
    for index, column_texts in texts.items():
        rows.columns[index] = pa.array(column_texts, pa.string())
    return rows
