"""Opens a delivered file, finds its tables and reads them: the entry to ingest.

``read_file`` returns at once; the file is read while its tables are consumed, in order. A file is refused whole with
``FileRefused``, from here or while the tables are consumed. Does not belong here: what a cell or a header means.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import IO

from pipelines.contracts.datasets import DATASETS
from pipelines.ingest.columns import Manner
from pipelines.ingest.delimited import (
    DELIMITERS,
    RowParser,
    TextEncoding,
    detect_encoding,
    read_lines,
    sample_records,
)
from pipelines.ingest.headers import HeaderAliases, Recognised, recognise
from pipelines.ingest.model import Batch, Delivery, FileRefused, ReadFile, SkippedSheet, SourceTable
from pipelines.ingest.raw_rows import RawRows
from pipelines.ingest.tables import TableReader
from pipelines.ingest.workbook import Sheet, read_sheets
from pipelines.settings import Settings

TEXT_TYPES = (".csv", ".txt", ".tsv")
WORKBOOK_TYPES = (".xlsx", ".xlsm", ".xls", ".ods")


def read_file(delivery: Delivery, *, settings: Settings, hash_secret: bytes) -> ReadFile:
    """Open a delivery for reading.

    ``hash_secret`` is the key of the hash that stands for payee accounts. Raises ``FileRefused`` for a type that is
    not read and for a file beyond ``settings.limits``.
    """
    suffix = delivery.path.suffix.lower()
    if not delivery.path.resolve().is_relative_to(settings.raw.resolve()):
        raise FileRefused("file-outside-raw", found=delivery.relative_path)
    size = delivery.path.stat().st_size
    if size > settings.limits.max_file_bytes:
        raise FileRefused("file-too-large", found=f"{size:,} bytes", expected=f"{settings.limits.max_file_bytes:,}")
    if suffix not in (*TEXT_TYPES, *WORKBOOK_TYPES):
        raise FileRefused(
            "file-type-not-supported",
            found=suffix or delivery.path.name,
            expected=" ".join((*TEXT_TYPES, *WORKBOOK_TYPES)),
        )
    reader = _Reader(delivery, settings, hash_secret)
    skipped: list[SkippedSheet] = []
    tables = reader.text_file(delivery.path) if suffix in TEXT_TYPES else reader.workbook(delivery.path, skipped)
    return ReadFile(delivery, tables, skipped)


class _Reader:
    """Reads one delivery with its district's aliases."""

    def __init__(self, delivery: Delivery, settings: Settings, hash_secret: bytes) -> None:
        self._delivery = delivery
        self._limits = settings.limits
        self._hash_secret = hash_secret
        self._aliases = HeaderAliases()

    def text_file(self, path: Path) -> Iterator[SourceTable]:
        """The one table of a delimited text file on disk."""
        with path.open("rb") as stream:
            yield from self.text(stream)

    def text(self, stream: IO[bytes]) -> Iterator[SourceTable]:
        """The one table of a delimited text file."""
        encoding = detect_encoding(stream)
        chunks = read_lines(stream, encoding)
        first = next(chunks, None)
        if first is None:
            raise _no_table("an empty file", "")
        delimiter, recognised, records = self._find_header(first, encoding)
        body_start = records[recognised.last_row][1]
        widths = [len(record) for record, _ in records[recognised.last_row : recognised.last_row + 2]]
        width = max(max(header.index for header in recognised.headers) + 1, *widths)
        reader = self._table_reader(
            recognised, sheet="", first_line=body_start - recognised.last_row, manner=Manner(), encoding=encoding.name
        )

        def batches() -> Iterator[Batch]:
            parser = RowParser(encoding, delimiter, width, first_line=body_start + 1)
            for chunk in chain([first[_offset_of_line(first, body_start) :]], chunks):
                yield from self._batches(reader, parser.rows(chunk))
            yield from self._batches(reader, parser.finish())

        yield SourceTable(reader.head, batches())

    def _find_header(self, data: bytes, encoding: TextEncoding) -> tuple[str, Recognised, list[tuple[list[str], int]]]:
        refusal: FileRefused | None = None
        widest: list[str] = []
        for delimiter in DELIMITERS:
            records = sample_records(data, encoding, delimiter, self._limits.header_search_rows)
            widest = max([widest, *(record for record, _ in records)], key=len)
            try:
                recognised = recognise([record for record, _ in records], self._aliases, sheet="")
            except FileRefused as error:
                refusal = refusal or error
                continue
            if recognised:
                return delimiter, recognised, records
        raise refusal or _no_table("、".join(widest)[:200], "")

    def workbook(self, path: Path, skipped: list[SkippedSheet]) -> Iterator[SourceTable]:
        """The tables of all sheets of a workbook."""
        found = False
        for sheet in read_sheets(path, max_columns=self._limits.max_columns):
            if not sheet.is_visible:
                skipped.append(SkippedSheet(sheet.name, "hidden sheet", "隐藏的工作表"))
                continue
            table = self._sheet_table(sheet)
            if table is None:
                skipped.append(SkippedSheet(sheet.name, "no table", "没有数据表"))
                continue
            found = True
            yield table
        if not found:
            raise _no_table("、".join(entry.sheet for entry in skipped), "")

    def _sheet_table(self, sheet: Sheet) -> SourceTable | None:
        sample = _texts(sheet.rows.slice(0, self._limits.header_search_rows))
        recognised = recognise(sample, self._aliases, sheet=sheet.name)
        if recognised is None:
            return None
        reader = self._table_reader(recognised, sheet=sheet.name, first_line=1, manner=Manner(from_double=True))
        body = sheet.rows.slice(recognised.last_row + 1)
        return SourceTable(reader.head, self._batches(reader, body))

    def _table_reader(
        self, recognised: Recognised, *, sheet: str, first_line: int, manner: Manner, encoding: str | None = None
    ) -> TableReader:
        return TableReader(
            recognised,
            self._delivery,
            self._aliases,
            sheet=sheet,
            first_line=first_line,
            manner=manner,
            hash_secret=self._hash_secret,
            max_cell_characters=self._limits.max_cell_characters,
            encoding=encoding,
        )

    def _batches(self, reader: TableReader, raw: RawRows | None) -> Iterator[Batch]:
        for start in range(0, len(raw) if raw else 0, self._limits.batch_rows):
            assert raw is not None  # noqa: S101 - told to the type checker
            yield reader.batch(raw.slice(start, self._limits.batch_rows))


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


def _no_table(found: str, sheet: str) -> FileRefused:
    expected = "; ".join(
        f"{dataset.label_zh} {dataset.name}: "
        + "、".join(column.label_zh for column in dataset.columns if column.required)
        for dataset in DATASETS.values()
    )
    return FileRefused("no-table-found", found=found, expected=expected, sheet=sheet)
