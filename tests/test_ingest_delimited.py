"""Delimited text: encodings told strictly, physical line numbers, ragged rows, quotes, chunks of any size."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.ingest import delimited
from pipelines.ingest.delimited import CHUNK_BYTES, UTF_8, RowParser, detect_encoding, read_lines, table_width
from pipelines.ingest.model import FileRefused
from pipelines.ingest.raw_rows import RawRows, concatenate

Row = tuple[int, tuple[str | None, ...], int | None]


def parse(data: bytes, width: int, delimiter: str = ",") -> list[Row]:
    """Every row as (line, cells, cells that it had if not ``width``)."""
    stream = io.BytesIO(data)
    encoding = detect_encoding(stream)
    parser = RowParser(encoding, delimiter, width, first_line=1)

    def parts() -> Iterator[RawRows | None]:
        for chunk in read_lines(stream, encoding):
            yield parser.rows(chunk)
        yield parser.finish()

    found = [part for part in parts() if part is not None]
    if not found:
        return []
    rows = concatenate(found)
    columns = [[text and text.replace("\r\n", "\n") for text in column.to_pylist()] for column in rows.columns]
    cells = zip(*columns, strict=True)
    return [
        (line, row, rows.ragged.get(i)) for i, (line, row) in enumerate(zip(rows.lines.to_pylist(), cells, strict=True))
    ]


def expected(text: str, width: int, delimiter: str = ",") -> list[Row]:
    """The same by Python's ``csv`` alone."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    reader = csv.reader(io.StringIO(lines, newline=""), delimiter=delimiter)
    rows: list[Row] = []
    line = 1
    for record in reader:
        cells = [cell or None for cell in record]
        while len(cells) > width and cells[-1] is None:
            cells.pop()
        ragged = len(cells) if len(cells) != width and any(cell and cell.strip() for cell in cells) else None
        rows.append((line, tuple((cells + [None] * width)[:width]), ragged))
        line = reader.line_num + 1
    return rows


@pytest.mark.parametrize(
    ("codec", "mark", "name"),
    [
        ("utf-8", b"", "UTF-8"),
        ("utf-8", b"\xef\xbb\xbf", "UTF-8 with BOM"),
        ("utf-16-le", b"\xff\xfe", "UTF-16 LE"),
        ("utf-16-be", b"\xfe\xff", "UTF-16 BE"),
        ("gb18030", b"", "GB18030"),
        ("gb18030", b"\x84\x31\x95\x33", "GB18030"),
        ("utf-16-le", b"", "UTF-16 LE"),
        ("utf-16-be", b"", "UTF-16 BE"),
        ("utf-32-le", b"\xff\xfe\0\0", "UTF-32 LE"),
        ("utf-32-be", b"\0\0\xfe\xff", "UTF-32 BE"),
    ],
)
def test_encodings(codec: str, mark: bytes, name: str) -> None:
    text = "单位,金额\n荔湾区第一商务局𠮷,1\n"
    data = mark + text.encode(codec)
    assert detect_encoding(io.BytesIO(data)).name == name
    shown = "\ufeff" + text if mark.startswith(b"\x84") else text
    assert parse(data, 2) == expected(shown, 2)


@pytest.mark.parametrize("codec", ["utf-8", "gb18030", "utf-16-le"])
@pytest.mark.parametrize("padding", ["\x1a", "\0" * 512, "\x1a" + "\0" * 300, "\0" * (CHUNK_BYTES + 7)])
def test_what_fills_up_the_end_of_a_file_is_no_text(codec: str, padding: str) -> None:
    text = "单位,金额\n商务局,1\n"
    assert parse((text + padding).encode(codec), 2) == expected(text, 2)
    assert parse((text.rstrip() + padding).encode(codec), 2) == expected(text, 2)


def test_the_euro_of_a_chinese_windows_is_a_euro() -> None:
    data = "单位,金额\n商务局,".encode("gb18030") + b"\x80 5\n"
    assert parse(data, 2) == expected("单位,金额\n商务局,€ 5\n", 2)
    assert parse(data + b'"x\ny",\x80\n', 2) == expected('单位,金额\n商务局,€ 5\n"x\ny",€\n', 2)


@pytest.mark.parametrize(
    ("named", "lines", "told"),
    [
        (3, ["a,b,c", "1,2,3,4", "1,2,3", "1,2,3"], (3, 3)),
        (3, ["a,b,c", "1,2,3,", "1,2,3,", "1,2,3,"], (3, 4)),
        (3, ["a,b,c,", "1,2,3,4", "1,2,3,4"], (4, 4)),
        (3, ["a,b,c,", "1,2,3", "1,2,3"], (3, 3)),
        (3, ["a,b,c", "1,2,3,4"], (3, 3)),
        (2, ["a,b" + "," * 100_000, "1,2" + "," * 100_000], (66, 66)),
        (2, ["a,b", "1,2" + "," * 100_000, "1,2" + "," * 100_000], (2, 2)),
        (4, ["a,b,c,d", "1,2", "1,2", "1,2"], (4, 4)),
    ],
)
def test_the_width_comes_from_the_header_and_the_majority(named: int, lines: list[str], told: tuple[int, int]) -> None:
    header, *rows = [line.split(",") for line in lines]
    assert table_width(named, header, rows) == told


def test_what_stands_behind_the_last_column_makes_a_row_ragged_and_moves_nothing() -> None:
    parser = RowParser(UTF_8, ",", 2, cells=4, first_line=1)
    rows = parser.rows(b"a,b,,\n1,2,,\n1,2,,4\n1,2,3,\n")
    assert rows is not None
    assert rows.ragged == {2: 4, 3: 3}
    assert [column.to_pylist() for column in rows.columns] == [["a", "1", "1", "1"], ["b", "2", "2", "2"]]


def test_a_broken_byte_is_refused_and_never_read_as_another_encoding() -> None:
    text = "name,amount\n" + "广州市荔湾区商务和投资促进局,1\n" * 20
    data = text.encode().replace("局".encode(), "局".encode()[:2], 1)
    broken = text.encode() + "局".encode()[:2] + b",1\n"
    with pytest.raises(FileRefused) as refusal:
        parse(broken, 2)
    assert refusal.value.rule.id == "encoding-not-known"
    assert refusal.value.line == 21
    with pytest.raises(FileRefused):
        parse(data, 2)
    with pytest.raises(FileRefused):
        parse(text.encode("gb18030") + b"\xff\xff,1\n", 2)


@pytest.mark.parametrize("data", [b"a,b\n1,\0\n", b"a,b\n1,2\n" + b"\0" * 600 + b"\n3,4\n"])
def test_nul_inside_is_no_text(data: bytes) -> None:
    with pytest.raises(FileRefused) as refusal:
        parse(data, 2)
    assert "NUL" in refusal.value.found
    assert refusal.value.line is not None


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1,2\n",
        'a,b\n1,"x\ny"\n\n3,4\n5,6',
        "a,b\r1,2\r3,4",
        'a,b\r\n1,"x\r\ny"\r\n2,3\r\n',
        "a,b\n1,2,3\n1\n,\n  \n1,2,\n1,2,,,\n",
        'a,5" pipe\n1,2\n',
        'a,5" pipe\n1,2" pipe\n"q""q",x\n',
        '"ab"c,d\n',
        "a;b\n",
        '"a\n",b\n"c\n\n",d\n',
    ],
)
def test_rows_and_lines_are_those_of_the_file(text: str) -> None:
    assert parse(text.encode(), 2) == expected(text, 2)


@pytest.mark.parametrize("data", [b'a,b\n1,"x\n', b'a,b\n"1,2\n3,4\n5,6\n'])
def test_a_quotation_that_is_never_closed_is_refused_with_its_line(data: bytes) -> None:
    with pytest.raises(FileRefused) as refusal:
        parse(data, 2)
    assert refusal.value.line == 2


PIECES = st.sampled_from(["a", "1.5", "局", ",", ",", "\n", "\n", '"', '""', '"x\ny"', "\r\n", " ", '5"', ",,"])


@settings(max_examples=300)
@given(st.lists(PIECES, max_size=40), st.integers(1, 64), st.sampled_from(["utf-8", "gb18030"]))
def test_chunks_of_any_size_give_the_same_rows(pieces: list[str], chunk: int, codec: str) -> None:
    text = "".join(pieces)
    try:
        wanted = expected(text, 3)
    except csv.Error:
        return
    closed = _is_closed(text)
    before = delimited.CHUNK_BYTES, delimited.PIECE_BYTES
    delimited.CHUNK_BYTES, delimited.PIECE_BYTES = chunk, max(chunk // 2, 1)
    try:
        found = parse(text.encode(codec), 3)
    except FileRefused:
        found = None
    finally:
        delimited.CHUNK_BYTES, delimited.PIECE_BYTES = before
    assert found == (wanted if closed else None)


def _is_closed(text: str) -> bool:
    """Whether a line put behind the text is a row of its own."""
    *_, last = csv.reader(io.StringIO(text.replace("\r\n", "\n").replace("\r", "\n") + "\nS,S,S\n", newline=""))
    return last == ["S", "S", "S"]
