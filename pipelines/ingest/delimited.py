"""Delimited text files: encoding, delimiter, and rows in Arrow columns with exact physical line numbers.

A file is read in chunks of bounded size that are cut at line ends. A regular chunk (as many rows as lines, every row
of one width) is parsed by Arrow; a piece of a chunk that is not regular (quoted line breaks, ragged rows, blank
lines, stray quotes) is parsed by Python's ``csv``. Nothing is padded silently, no byte is replaced.

GB18030 is parsed as bytes, since no byte of a delimiter, quote or line end occurs inside its characters (but for
``|``), and only distinct cells are decoded. Does not belong here: what the cells mean (cells, columns), headers.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from pipelines.contracts.arrow_types import in_one, one_value
from pipelines.ingest.model import FileRefused
from pipelines.ingest.raw_rows import RawRows, concatenate

CHUNK_BYTES = 8 * 1024**2
PIECE_BYTES = 256 * 1024
RECORD_BYTES = 16 * 1024**2
"""The longest line that is looked for an end."""

DELIMITERS = (",", "\t", ";", "|")
_SURE_CHARACTERS = 16
_MOST_EMPTY_COLUMNS = 64
"""Empty cells behind the last header that are parsed as columns; beyond that a line is parsed cell by cell."""
_FEWEST_NULS = 3
_PADDING = b"\0\x1a"
"""What fills up the last block of a file, and what marked the end of a text under DOS."""

csv.field_size_limit(RECORD_BYTES + CHUNK_BYTES)  # how long a cell may be is told by the settings, with its line


def _euro_of_windows(error: UnicodeError) -> tuple[str, int]:
    """The byte 0x80, which is € in the code page of a Chinese Windows and nothing in GB18030."""
    if isinstance(error, UnicodeDecodeError) and error.object[error.start] == 0x80:
        return "€", error.start + 1
    raise error


_EURO_OF_WINDOWS = "euro-of-windows"
codecs.register_error(_EURO_OF_WINDOWS, _euro_of_windows)


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
UTF_32_LITTLE = TextEncoding("UTF-32 LE", "utf-32-le", codecs.BOM_UTF32_LE)
UTF_32_BIG = TextEncoding("UTF-32 BE", "utf-32-be", codecs.BOM_UTF32_BE)
UTF_16_LITTLE_UNMARKED = TextEncoding("UTF-16 LE", "utf-16-le")
UTF_16_BIG_UNMARKED = TextEncoding("UTF-16 BE", "utf-16-be")
GB18030 = TextEncoding("GB18030", "gb18030")


def decoded_text(data: bytes) -> str:
    """The whole text of a small file that a person keeps, however a spreadsheet program saved it.

    Raises ``UnicodeDecodeError`` where it is in no encoding that ``detect_encoding`` tells.
    """
    encoding = detect_encoding(io.BytesIO(data))
    return data[len(encoding.mark) :].decode(encoding.codec)


def detect_encoding(stream: IO[bytes]) -> TextEncoding:
    """The encoding of a text: told by its mark, else UTF-8 unless its first characters beyond ASCII are not.

    UTF-16 without a mark is told by its NULs, which stand at every other place only. Sixteen characters that are good
    UTF-8 prove UTF-8 (GB18030 text never begins so); a later byte that does not fit then refuses the file instead of
    being read as another encoding. Leaves the stream at its start.
    """
    start = stream.read(PIECE_BYTES)
    stream.seek(0)
    # The mark of UTF-32 begins as that of UTF-16 does.
    for encoding in (UTF_8_WITH_MARK, UTF_32_LITTLE, UTF_32_BIG, UTF_16_LITTLE, UTF_16_BIG):
        if start.startswith(encoding.mark):
            return encoding
    if b"\0" in start and (unmarked := _unmarked_utf_16(start.rstrip(_PADDING))):
        return unmarked
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    encoding = UTF_8
    sure = 0
    while sure < _SURE_CHARACTERS and (block := stream.read(PIECE_BYTES)):
        if block.isascii():
            continue
        try:
            sure += _beyond_ascii(decoder.decode(block))
        except UnicodeDecodeError as error:
            sure += _beyond_ascii(error.object[: error.start].decode("utf-8", "ignore"))
            encoding = UTF_8 if sure >= _SURE_CHARACTERS else GB18030
            break
    stream.seek(0)
    return encoding


def _unmarked_utf_16(start: bytes) -> TextEncoding | None:
    """UTF-16 of one byte order, if the commas, digits and line ends of a text say so: the upper byte of each is NUL.

    Some characters have such a lower byte (一 is 4E00), few of a text do.
    """
    places = start[::2].count(b"\0"), start[1::2].count(b"\0")
    if max(places) < max(_FEWEST_NULS, 4 * min(places)):
        return None
    return UTF_16_LITTLE_UNMARKED if places[1] > places[0] else UTF_16_BIG_UNMARKED


def _beyond_ascii(text: str) -> int:
    return len(text) - len(text.encode("ascii", "ignore"))


def read_lines(stream: IO[bytes], encoding: TextEncoding) -> Iterator[bytes]:
    """The text in chunks that end at a line end: UTF-8 bytes, or GB18030 bytes as they are.

    Lone carriage returns are line ends too; NULs and Ctrl-Z that fill up the end are no text. Raises ``FileRefused``
    where bytes are not UTF-8 or UTF-16, where the text holds a NUL, and where a line has no end within
    ``RECORD_BYTES``.
    """
    is_wide = encoding.codec.startswith(("utf-16", "utf-32"))
    decoder = codecs.getincrementaldecoder(encoding.codec)("strict") if is_wide else None
    stream.seek(len(encoding.mark))
    rest, padding, final = b"", b"", False
    while not final:
        position = stream.tell()
        block = stream.read(CHUNK_BYTES)
        final = not block
        if decoder is not None:
            try:
                block = decoder.decode(block, final).encode()
            except UnicodeError:
                raise does_not_fit(encoding, _lines_before(stream, position)) from None
        block, padding = _without_padding(block, padding)
        if not (block or final):
            continue
        if rest.endswith(b"\r"):
            rest, block = rest[:-1], b"\r" + block
        cut = len(block) if final else block.rfind(b"\n") + 1
        if cut or final:
            data, rest = b"".join((rest, memoryview(block)[:cut])), block[cut:]
        else:
            data, rest = b"", rest + block
        if len(rest) > RECORD_BYTES + CHUNK_BYTES:
            if b"\r" not in rest:
                raise FileRefused("file-too-large", found="a line without end", expected=f"{RECORD_BYTES:,} bytes")
            cut = rest.rfind(b"\r") + 1
            data, rest = rest[:cut], rest[cut:]
        if not data:
            continue
        _refuse_nul(data, stream, position)
        if b"\r" in data and _has_lone_returns(data):
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if encoding.codec == "utf-8" and not _is_utf8(data):
            raise does_not_fit(encoding, _lines_before(stream, position) + _last_good_line(data))
        yield data


def _refuse_nul(data: bytes, stream: IO[bytes], position: int) -> None:
    if (place := data.find(b"\0")) >= 0:
        raise FileRefused(
            "encoding-not-known",
            found="a byte NUL inside of the text 文本中有空字节",
            line=_lines_before(stream, position) + data.count(b"\n", 0, place) + 1,
            remedy="It is no plain text, or was damaged on its way: export it again as UTF-8.",
            remedy_zh="不是纯文本，或传输中损坏：请重新导出为 UTF-8。",
        )


def _without_padding(block: bytes, before: bytes) -> tuple[bytes, bytes]:
    """What is text so far, and the padding at its end: padding that text follows is text."""
    text = block.rstrip(_PADDING)
    if not text:
        return b"", (before + block)[-1:]
    if b"\0" in before:
        text = before + text
    return text, block[len(block.rstrip(_PADDING)) :]


def _has_lone_returns(data: bytes) -> bool:
    """Whether a carriage return has no line feed behind it."""
    characters = np.frombuffer(data, dtype=np.uint8)
    behind = np.flatnonzero(characters == ord("\r")) + 1
    return bool(behind[-1] == len(data) or np.any(characters[behind] != ord("\n")))


def _lines_before(stream: IO[bytes], position: int) -> int:
    """How many lines end before a position: only asked when a file is about to be refused."""
    stream.seek(0)
    lines = 0
    while position > 0 and (block := stream.read(min(CHUNK_BYTES, position))):
        lines += block.count(b"\n")
        position -= len(block)
    return lines


def does_not_fit(encoding: TextEncoding, line: int) -> FileRefused:
    """The refusal of a text that is not in its encoding behind a line (0: not known where)."""
    return FileRefused(
        "encoding-not-known",
        found=f"{encoding.name} does not fit" + (f" after line {line}" if line else ""),
        line=line or None,
        remedy="Save the file again as UTF-8.",
        remedy_zh="请另存为 UTF-8 编码后重新交来。",
    )


def _is_utf8(data: bytes) -> bool:
    try:
        one_value(data).cast(pa.large_string())
    except pa.ArrowInvalid:
        return False
    return True


def _last_good_line(data: bytes) -> int:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return data.count(b"\n", 0, error.start)
    return 0


def sample_records(data: bytes, encoding: TextEncoding, delimiter: str, count: int) -> list[tuple[list[str], int]]:
    """The first records of a chunk, each with the number of its last line (the first line is 1)."""
    end = data.rfind(b"\n", 0, PIECE_BYTES * 16) + 1 or len(data)
    text = _decoded(data[:end], encoding, 0)
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


def _decoded(data: bytes, encoding: TextEncoding, line: int) -> str:
    try:
        return data.decode("gb18030", _EURO_OF_WINDOWS) if encoding is GB18030 else data.decode()
    except UnicodeDecodeError as error:
        raise does_not_fit(encoding, line + data.count(b"\n", 0, error.start)) from None


def table_width(named: int, header: Sequence[str], rows: Iterable[Sequence[str]]) -> tuple[int, int]:
    """How many columns a table has, and into how many cells most of its lines are divided.

    ``named`` are the columns up to the last header. The header and the majority of the rows tell the width together:
    one line with a cell too many is ragged, and shifts nobody else.
    """
    counts = Counter(map(len, (header, *rows)))
    cells = max(counts, key=lambda count: (counts[count], count == len(header)))
    width = max(named, min(len(header), cells))
    most = named + _MOST_EMPTY_COLUMNS
    width = min(width, most)
    return width, cells if width <= cells <= most else width


class RowParser:
    """Turns chunks of lines into ``RawRows`` of ``width`` columns; a record may reach into the next chunk."""

    def __init__(
        self, encoding: TextEncoding, delimiter: str, width: int, *, first_line: int, cells: int | None = None
    ) -> None:
        """``first_line`` is the number of the first line of the first chunk.

        ``cells``: into how many most lines are divided (default: ``width``); those beyond the table must be empty.
        """
        self._encoding = encoding
        self._delimiter = delimiter
        self._width = width
        self._cells = width if cells is None else cells
        self._line = first_line
        self._rest = b""

    def rows(self, data: bytes) -> RawRows | None:
        """The rows of the next chunk; None if it completes no record."""
        return self._rows(data, final=False)

    def finish(self) -> RawRows | None:
        """The rows of what the last chunk left over."""
        return self._rows(b"", final=True) if self._rest else None

    def _rows(self, data: bytes, *, final: bool) -> RawRows | None:
        data, self._rest = self._rest + data, b""
        if (regular := self._parse_regular(data)) is not None:
            return regular
        parts: list[RawRows] = []
        start, piece_bytes = 0, PIECE_BYTES
        while start < len(data):
            end = len(data)
            if start + piece_bytes < len(data):
                end = data.rfind(b"\n", start, start + piece_bytes) + 1 or data.find(b"\n", start) + 1 or len(data)
            piece = data[start:end]
            part, used = self._parse_regular(piece), len(piece)
            if part is None:
                part, used = self._parse_irregular(piece, final=final and end == len(data))
            if used:
                parts.append(part)
                start += used
                piece_bytes = PIECE_BYTES
            elif end == len(data):
                self._rest = data[start:]
                break
            else:
                piece_bytes *= 2
        return concatenate(parts) if parts else None

    def _parse_regular(self, data: bytes) -> RawRows | None:
        """The rows of lines that are one record each; None if some are not."""
        if (
            not data
            or (b'"' in data and _count(data, '"') % 2)
            or (self._encoding is GB18030 and self._delimiter == "|")
        ):
            return None
        if not data.endswith(b"\n"):
            data += b"\n"
        lines = _count(data, "\n")
        names = [str(index) for index in range(self._cells)]
        as_delivered = pa.binary() if self._encoding is GB18030 else pa.string()
        try:
            table = pacsv.read_csv(
                pa.BufferReader(data),
                # One block is one piece of memory a column, and files side by side keep every core busy as it is.
                read_options=pacsv.ReadOptions(column_names=names, block_size=len(data), use_threads=False),
                parse_options=pacsv.ParseOptions(delimiter=self._delimiter, ignore_empty_lines=False),
                convert_options=pacsv.ConvertOptions(
                    check_utf8=False,
                    column_types=dict.fromkeys(names, as_delivered),
                    null_values=[""],
                    strings_can_be_null=True,
                ),
            )
        except pa.ArrowInvalid:
            return None
        if table.num_rows != lines or (b'"' in data and _swallows_line_end(table)):
            return None
        columns = [in_one(column) for column in table.columns]
        ragged = _beyond(columns, self._width)
        columns = columns[: self._width]
        if self._encoding is GB18030:
            columns = [self._decode_column(column) for column in columns]
        numbers = pa.array(np.arange(self._line, self._line + lines, dtype=np.int64))
        self._line += lines
        return RawRows(numbers, columns, ragged)

    def _decode_column(self, column: pa.Array) -> pa.Array:
        """GB18030 bytes as text: every distinct cell is decoded once, ASCII cells not at all."""
        validity, offsets, data = column.buffers()
        if data is None or bytes(memoryview(data)).isascii():
            return pa.Array.from_buffers(pa.string(), len(column), [validity, offsets, data], offset=column.offset)
        encoded = pc.dictionary_encode(column)
        try:
            # No file with a NUL is read, and it is no part of any character, nor completes one.
            distinct = b"\0".join(encoded.dictionary.to_pylist()).decode("gb18030", _EURO_OF_WINDOWS).split("\0")
        except UnicodeDecodeError:
            raise does_not_fit(self._encoding, self._line) from None
        return pa.DictionaryArray.from_arrays(encoded.indices, pa.array(distinct, pa.string()))

    def _parse_irregular(self, data: bytes, *, final: bool) -> tuple[RawRows, int]:
        """Rows of a piece and the number of bytes that complete records took; a record without end is left over."""
        lines = data.splitlines(keepends=True)
        exhausted = False

        def feed() -> Iterator[str]:
            nonlocal exhausted
            for number, line in enumerate(lines):
                yield _decoded(line, self._encoding, self._line + number)
            exhausted = True

        reader = csv.reader(feed(), delimiter=self._delimiter)
        numbers: list[int] = []
        records: list[Sequence[str]] = []
        used = 0
        try:
            for record in reader:
                if exhausted:
                    break
                numbers.append(self._line + used)
                records.append(record)
                used = reader.line_num
        except csv.Error:
            raise _never_closed(self._line + used) from None
        if exhausted and final and used < len(lines):
            raise _never_closed(self._line + used)
        self._line += used
        return RawRows.from_records(numbers, records, self._width), sum(map(len, lines[:used]))


def _beyond(columns: Sequence[pa.Array], width: int) -> dict[int, int]:
    """The rows with anything behind the table's last column, and how many cells each has."""
    ragged: dict[int, int] = {}
    for index in range(width, len(columns)):
        for position in pc.indices_nonzero(pc.is_valid(columns[index])).to_pylist():
            ragged[position] = index + 1
    return ragged


def _count(data: bytes, character: str) -> int:
    """How often an ASCII character occurs; NumPy lets other threads run meanwhile."""
    return int(np.count_nonzero(np.frombuffer(data, dtype=np.uint8) == ord(character)))


def _swallows_line_end(table: pa.Table) -> bool:
    """Whether a quotation that is not closed took the last line end into a cell."""
    (last,) = table.slice(table.num_rows - 1).to_pylist()
    return any(("\n" if isinstance(cell, str) else b"\n") in cell for cell in last.values() if cell)


def _never_closed(line: int) -> FileRefused:
    return FileRefused(
        "file-not-readable",
        found='a quotation mark " is opened and not closed',
        line=line,
        remedy="Check the quotation marks from this line on; the file may have been cut off.",
        remedy_zh="请检查自该行起的引号；文件可能不完整。",
    )
