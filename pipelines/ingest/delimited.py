"""Delimited text files: encoding, delimiter, and rows in Arrow columns with exact physical line numbers.

A file is read in chunks of bounded size that are cut at line ends. A regular chunk (as many rows as lines, every row
of one width) is parsed by Arrow; a piece of a chunk that is not regular (quoted line breaks, ragged rows, blank
lines, stray quotes) is parsed by Python's ``csv``. Nothing is padded silently.

Does not belong here: what the cells mean (cells, columns), headers (headers).
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from pipelines.ingest.model import FileRefused
from pipelines.ingest.raw_rows import RawRows, concatenate

CHUNK_BYTES = 32 * 1024**2
PIECE_BYTES = 256 * 1024
RECORD_BYTES = 16 * 1024**2
"""The longest record (line, or several where a cell holds line breaks) that is looked for an end."""

DELIMITERS = (",", "\t", ";", "|")


@dataclass(frozen=True, slots=True)
class TextEncoding:
    """The encoding of a text file: its name for people, Python's codec, and the bytes of its mark at the start."""

    name: str
    codec: str
    mark: bytes = b""


UTF_8 = TextEncoding("UTF-8", "utf-8")
UTF_8_WITH_MARK = TextEncoding("UTF-8 with BOM", "utf-8", codecs.BOM_UTF8)
UTF_16_LITTLE = TextEncoding("UTF-16 LE", "utf-16-le", codecs.BOM_UTF16_LE)
UTF_16_BIG = TextEncoding("UTF-16 BE", "utf-16-be", codecs.BOM_UTF16_BE)
GB18030 = TextEncoding("GB18030", "gb18030")


def detect_encoding(stream: IO[bytes]) -> TextEncoding:
    """The encoding of a text, told strictly: a byte order mark, else UTF-8 if all of it is, else GB18030.

    Reads the stream to the end where it is UTF-8. Leaves the stream at its start.
    """
    start = stream.read(4)
    stream.seek(0)
    for encoding in (UTF_8_WITH_MARK, UTF_16_LITTLE, UTF_16_BIG):
        if start.startswith(encoding.mark):
            return encoding
    rest = b""
    encoding = UTF_8
    while block := stream.read(CHUNK_BYTES):
        cut = block.rfind(b"\n") + 1
        if not _is_utf8(rest + block[:cut] if cut else b""):
            encoding = GB18030
            break
        rest = block[cut:] if cut else rest + block
        if len(rest) > RECORD_BYTES + CHUNK_BYTES:
            break
    else:
        encoding = UTF_8 if _is_utf8(rest) else GB18030
    stream.seek(0)
    return encoding


def _is_utf8(data: bytes) -> bool:
    offsets = pa.py_buffer(np.array([0, len(data)], dtype=np.int64))
    array = pa.Array.from_buffers(pa.large_binary(), 1, [None, offsets, pa.py_buffer(data)])
    try:
        array.cast(pa.large_string())
    except pa.ArrowInvalid:
        return False
    return True


def read_lines(stream: IO[bytes], encoding: TextEncoding) -> Iterator[tuple[bytes, int]]:
    """UTF-8 bytes of the text in chunks that end at a line end, each with the number of its first line.

    Lone carriage returns are line ends too. Raises ``FileRefused`` where a byte does not fit the encoding, where the
    text holds a NUL, and where a line has no end within ``RECORD_BYTES``.
    """
    decoder = None if encoding.codec == "utf-8" else codecs.getincrementaldecoder(encoding.codec)("strict")
    stream.seek(len(encoding.mark))
    rest = b""
    line = 1
    final = False
    while not final:
        block = stream.read(CHUNK_BYTES)
        final = not block
        if decoder is not None:
            try:
                block = decoder.decode(block, final).encode()
            except UnicodeDecodeError as error:
                last_good_line = line + rest.count(b"\n")
                raise FileRefused(
                    "encoding-not-known",
                    found=f"{encoding.name} does not fit after line {last_good_line}: {error.reason}",
                    line=last_good_line,
                    remedy="Save the file again as UTF-8.",
                    remedy_zh="请另存为 UTF-8 编码后重新交来。",
                ) from None
        if b"\0" in block:
            raise FileRefused("encoding-not-known", found="NUL", line=line, remedy="Deliver a plain text file.")
        data = rest + block
        if not final and data.endswith(b"\r"):
            data, held = data[:-1], b"\r"
        else:
            held = b""
        if b"\r" in data and data.count(b"\r") != data.count(b"\r\n"):
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        cut = len(data) if final else data.rfind(b"\n") + 1
        rest = data[cut:] + held
        if len(rest) > RECORD_BYTES + CHUNK_BYTES:
            raise FileRefused("file-too-large", found="a line without end", expected=f"{RECORD_BYTES} bytes", line=line)
        if cut:
            yield data[:cut], line
            line += data.count(b"\n", 0, cut)


def sample_records(data: bytes, delimiter: str, count: int) -> list[tuple[list[str], int]]:
    """The first records of a chunk, each with the number of its last line (the first line is 1)."""
    text = data.decode("utf-8", "replace")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    records: list[tuple[list[str], int]] = []
    try:
        for record in reader:
            records.append((record, reader.line_num))
            if len(records) == count:
                break
    except csv.Error:
        pass
    return records


class RowParser:
    """Turns chunks of lines into ``RawRows`` of ``width`` columns; a record may reach into the next chunk."""

    def __init__(self, delimiter: str, width: int) -> None:
        self.delimiter = delimiter
        self.width = width
        self._rest = b""

    def rows(self, data: bytes, first_line: int) -> RawRows | None:
        """The rows of a chunk whose first line has the number ``first_line``; None if it completes no record."""
        return self._rows(data, first_line, final=False)

    def finish(self, last_line: int) -> RawRows | None:
        """The rows of what the last chunk left over; ``last_line`` is the number of lines of the file."""
        if not self._rest:
            return None
        return self._rows(b"", last_line + 1, final=True)

    def _rows(self, data: bytes, first_line: int, *, final: bool) -> RawRows | None:
        first_line -= self._rest.count(b"\n")
        data, self._rest = self._rest + data, b""
        if (regular := self._parse_regular(data, first_line)) is not None:
            return regular
        parts: list[RawRows] = []
        start = 0
        piece_bytes = PIECE_BYTES
        while start < len(data):
            end = data.rfind(b"\n", start, start + piece_bytes) + 1 or (data.find(b"\n", start) + 1) or len(data)
            piece = data[start:end]
            part = self._parse_regular(piece, first_line)
            used = len(piece)
            if part is None:
                part, used = self._parse_irregular(piece, first_line, final=final and end == len(data))
            if used:
                parts.append(part)
                first_line += piece.count(b"\n", 0, used)
                start += used
                piece_bytes = PIECE_BYTES
            elif end == len(data):
                self._rest = data[start:]
                break
            else:
                piece_bytes *= 2
        return concatenate(parts) if parts else None

    def _parse_regular(self, data: bytes, first_line: int) -> RawRows | None:
        quotes = data.count(b'"')
        if quotes % 2:
            return None
        lines = data.count(b"\n") + (not data.endswith(b"\n"))
        irregular = False

        def refuse(_row: pacsv.InvalidRow) -> str:
            nonlocal irregular
            irregular = True
            return "skip"

        names = [f"c{index}" for index in range(self.width)]
        try:
            table = pacsv.read_csv(
                pa.BufferReader(data),
                read_options=pacsv.ReadOptions(column_names=names, block_size=max(4 * 1024**2, RECORD_BYTES)),
                parse_options=pacsv.ParseOptions(
                    delimiter=self.delimiter,
                    newlines_in_values=quotes > 0,
                    ignore_empty_lines=False,
                    invalid_row_handler=refuse,
                ),
                convert_options=pacsv.ConvertOptions(
                    check_utf8=False,
                    column_types=dict.fromkeys(names, pa.string()),
                    null_values=[""],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=True,
                ),
            )
        except pa.ArrowInvalid:
            return None
        if irregular or table.num_rows != lines:
            return None
        line_numbers = pa.array(np.arange(first_line, first_line + lines, dtype=np.int64))
        return RawRows(line_numbers, [column.combine_chunks() for column in table.columns])

    def _parse_irregular(self, data: bytes, first_line: int, *, final: bool) -> tuple[RawRows, int]:
        """Rows of a piece and the number of bytes that complete records took; a record without end is left over."""
        lines = data.splitlines(keepends=True)
        exhausted = False

        def feed() -> Iterator[str]:
            nonlocal exhausted
            for line in lines:
                yield line.decode("utf-8", "replace")
            exhausted = True

        reader = csv.reader(feed(), delimiter=self.delimiter)
        numbers: list[int] = []
        records: list[Sequence[str]] = []
        used_lines = 0
        try:
            for record in reader:
                if exhausted:
                    break
                numbers.append(first_line + used_lines)
                records.append(record)
                used_lines = reader.line_num
        except csv.Error:
            raise _never_closed(first_line + used_lines) from None
        if exhausted and final and used_lines < len(lines):
            raise _never_closed(first_line + used_lines)
        return RawRows.from_records(numbers, records, self.width), sum(map(len, lines[:used_lines]))


def _never_closed(line: int) -> FileRefused:
    return FileRefused(
        "file-not-readable",
        found='a quotation mark " is opened and not closed',
        line=line,
        remedy="Check the quotation marks from this line on; the file may have been cut off.",
        remedy_zh="请检查自该行起的引号；文件可能不完整。",
    )
