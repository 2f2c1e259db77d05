"""What a stored cell is, in every spelling of a workbook's XML: against plain reasoning and an independent reader."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import fastexcel
import pytest
import workbook_parts
from hypothesis import given, settings
from hypothesis import strategies as st
from workbook_parts import Cell

from pipelines.ingest.model import FileRefused
from pipelines.ingest.number_formats import parse_format
from pipelines.ingest.plain_rows import cut_plain_rows
from pipelines.ingest.workbook import read_sheets
from pipelines.settings import Limits

TEXTS = ["", "甲局", "a & b", "<c r=", "019100", " 前后 ", "x]]y", "0012", "_x000D_"]
STRINGS = "".join(f"<si><t>{text.replace('&', '&amp;').replace('<', '&lt;')}</t></si>" for text in TEXTS)
SHARED = f'<?xml version="1.0" encoding="UTF-8"?><sst xmlns="{workbook_parts.MAIN}">{STRINGS}</sst>'

doubles = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e14, max_value=1e14)
numbers = st.one_of(doubles, st.integers(-(10**14), 10**14).map(float), doubles.map(lambda number: round(number, 2)))


def spelled(number: float) -> st.SearchStrategy[str]:
    """The ways in which programs write a double: Python, C, Java."""
    digits, exponent = f"{number:.17E}".split("E")
    java = f"{digits.rstrip('0').rstrip('.') or '0'}E{int(exponent)}"
    return st.sampled_from([repr(number), f"{number:.17g}", java, f"{number:.17e}"])


cells: st.SearchStrategy[Cell] = st.one_of(
    st.none(),
    numbers.flatmap(spelled).map(lambda text: ("n", text, 0)),
    st.integers(0, len(TEXTS) - 1).map(lambda index: ("s", str(index), 0)),
    st.sampled_from(["0", "1"]).map(lambda text: ("b", text, 0)),
    st.sampled_from(["甲", "3.0E7", "x", "a & b"]).map(lambda text: ("str", text, 0)),
    st.sampled_from(TEXTS[1:]).map(lambda text: ("inlineStr", text, 0)),
)
tables = st.lists(st.lists(cells, min_size=1, max_size=5), min_size=1, max_size=6)


def told(cell: Cell) -> str | None:
    """What a cell says, by plain reasoning."""
    if cell is None:
        return None
    kind, value, _ = cell
    if kind == "n":
        number = float(value)
        exact = Decimal(repr(number))
        return f"{exact:f}" if abs(number) >= 1e-12 else "0"
    if kind == "b":
        return "true" if value == "1" else "false"
    text = TEXTS[int(value)] if kind == "s" else value
    return text.replace("_x000D_", "\r") or None


def same(found: str | None, expected: str | None, *, is_number: bool) -> bool:
    if is_number and found is not None and expected is not None:
        return abs(Decimal(found) - Decimal(expected)) < Decimal("1e-11")
    return found == expected


def read(path: Path) -> list[list[str | None]]:
    (sheet,) = read_sheets(path, "xlsx", Limits())
    return [list(row) for row in zip(*(column.to_pylist() for column in sheet.rows.columns), strict=True)]


def agrees(found: list[list[str | None]], rows: list[list[Cell]]) -> bool:
    width = max(map(len, rows))
    padded = [[*row, *[None] * (width - len(row))] for row in rows]
    used = [column for column in range(width) if any(told(row[column]) for row in padded)]
    last = max((number for number, row in enumerate(padded) if any(map(told, row))), default=-1)
    if not used:
        return found == []
    expected = [[row[column] for column in used] for row in padded[: last + 1]]
    return len(found) == len(expected) and all(
        same(text, told(cell), is_number=bool(cell) and cell[0] == "n")
        for texts, row in zip(found, expected, strict=True)
        for text, cell in zip(texts, row, strict=True)
    )


@settings(max_examples=60, deadline=None)
@given(tables, st.sampled_from(sorted(workbook_parts.SPELLINGS)))
def test_every_spelling_of_a_sheet_reads_the_same(rows: list[list[Cell]], name: str) -> None:
    plain = workbook_parts.usual(rows)
    with tempfile.TemporaryDirectory() as folder:
        path = workbook_parts.write(Path(folder) / "a.xlsx", plain, strings=SHARED)
        assert agrees(read(path), rows)
        change = workbook_parts.SPELLINGS[name]
        relations = workbook_parts.STRICT_RELATIONS if name == "strict" else workbook_parts.RELATIONS
        path = workbook_parts.write(Path(folder) / "b.xlsx", change(plain), strings=SHARED, relations=relations)
        assert agrees(read(path), rows)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(cells.filter(bool), min_size=3, max_size=3), min_size=1, max_size=5))
def test_cells_without_references_stand_side_by_side(rows: list[list[Cell]]) -> None:
    xml = workbook_parts.without_references(workbook_parts.usual(rows))
    with tempfile.TemporaryDirectory() as folder:
        assert agrees(read(workbook_parts.write(Path(folder) / "a.xlsx", xml, strings=SHARED)), rows)
        wide = xml.replace("UTF-8", "UTF-16").encode("utf-16")
        assert agrees(read(workbook_parts.write(Path(folder) / "b.xlsx", wide, strings=SHARED)), rows)


@settings(max_examples=40, deadline=None)
@given(tables)
def test_an_independent_reader_of_values_agrees(rows: list[list[Cell]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = workbook_parts.write(Path(folder) / "a.xlsx", workbook_parts.usual(rows), strings=SHARED)
        found = read(path)
        batch = fastexcel.read_excel(str(path)).load_sheet(0, header_row=None, skip_rows=0, dtypes="string").to_arrow()
    other = [[text or None for text in column.to_pylist()] for column in batch.columns]
    columns = [column for column in other if any(column)]
    ours = [list(column) for column in zip(*found, strict=True)]
    assert len(columns) == len(ours)
    for theirs, mine in zip(columns, ours, strict=True):
        first = next(number for number, row in enumerate(rows) if any(map(told, row))) if len(theirs) < len(mine) else 0
        for text, own in zip(theirs, mine[first:], strict=False):
            try:
                # It gives fifteen digits, and trims texts.
                difference = abs(Decimal(str(text)) - Decimal(str(own)))
                assert difference <= abs(Decimal(str(text))) * Decimal("1e-14") + Decimal("1e-9")
            except ArithmeticError:
                assert (text or "").replace("_x000D_", "\r").strip() == (own or "").strip()


def test_the_usual_spelling_is_cut_by_columns_and_others_are_not() -> None:
    row = '<row r="3"><c r="A3"><v>1</v></c><c r="C3" s="2" t="s"><v>0</v></c></row>'
    found = cut_plain_rows(row.encode(), 2)
    assert found is not None
    assert (found.rows.tolist(), found.columns.tolist(), found.styles.tolist()) == ([3, 3], [1, 3], [0, 2])
    assert found.values.to_pylist() == ["1", "0"]
    for other in (
        row.replace('r="A3"', 'r="A4"'),
        row.replace('r="A3"', 'r="D3"'),
        row.replace('<row r="3">', '<row r="2">'),
        row.replace('<row r="3">', "<row>"),
        row.replace("<v>1</v>", "<v>&#49;</v>"),
        row.replace("<v>1</v>", "<f>1</f><v>1</v>"),
        row.replace('r="C3"', 'r="XFE3"'),
        row.replace('"', "'"),
        row + "<!-- -->",
        row + '<row r="4"><c r="A4"><v>1</v></c>',
    ):
        assert cut_plain_rows(other.encode(), 2) is None


def test_texts_in_the_cells_are_cut_by_columns() -> None:
    row = (
        '<row r="3"><c r="A3" s="1" t="inlineStr"><is><t xml:space="preserve"> 甲 &amp; 乙</t></is></c>'
        '<c r="B3" t="inlineStr"><is><t>019100</t></is></c><c r="C3"><v>2</v></c><c r="D3" t="inlineStr"></c></row>'
    )
    found = cut_plain_rows(row.encode(), 2)
    assert found is not None
    assert (found.columns.tolist(), found.styles.tolist(), found.kinds.tolist()) == ([1, 2, 3], [1, 0, 0], [4, 4, 0])
    assert found.values.to_pylist() == [" 甲 &amp; 乙", "019100", "2"]
    for other in (
        row.replace(' t="inlineStr"><is>', "><is>", 1),
        row.replace('<c r="C3">', '<c r="C3" t="inlineStr">'),
        row.replace("<t>", "<r><t>").replace("0</t>", "0</t></r>"),
        row.replace("</t></is>", "</t><rPh><t>x</t></rPh></is>", 1),
        row.replace("&amp;", "&#38;"),
    ):
        assert cut_plain_rows(other.encode(), 2) is None


ODD_ROWS = (
    lambda row: row.replace("<v>", "<f>1+1</f><v>"),
    lambda row: row.replace('"', "'"),
    lambda row: (
        row + "<!-- " + "".join(f'<row r="{n}"><c r="A{n}"><v>9</v></c></row>' for n in range(5_000, 9_000)) + "-->"
    ),
    lambda row: row.replace("<row", "\n<row").replace("><v>", "> <v>"),
    lambda row: row.replace("</row>", "<?x <row></row> ?></row>"),
)


@settings(max_examples=15, deadline=None)
@given(st.dictionaries(st.integers(0, 2_999), st.sampled_from(ODD_ROWS), max_size=3))
def test_rows_in_another_spelling_are_read_in_their_place(odd: dict[int, Callable[[str], str]]) -> None:
    table: list[list[Cell]] = [[("n", str(n), 0), ("inlineStr", f"第{n}号 {'x' * 50}", 0)] for n in range(3_000)]
    head, *lines = workbook_parts.usual(table).split("<row ")
    lines = ["<row " + line for line in lines]
    end = lines[-1].index("</sheetData>")
    lines[-1:] = [lines[-1][:end], lines[-1][end:]]
    for place, change in odd.items():
        lines[place] = change(lines[place])
    with tempfile.TemporaryDirectory() as folder:
        found = read(workbook_parts.write(Path(folder) / "a.xlsx", head + "".join(lines), strings=SHARED))
    assert found == [[str(n), f"第{n}号 {'x' * 50}"] for n in range(3_000)]


@pytest.mark.parametrize(
    "cell",
    ['<c r="A5"><v>1</v></c>', '<c r="A1"><v>1</v></c><c r="A1"><v>2</v></c>', '<c r="A1" t="s"><v>99</v></c>',
     '<c r="A1" t="q"><v>1</v></c>', '<c r="1A"><v>1</v></c>', '<c r="A1"><v>eins</v></c>', '<c r="A1"><v>1</v>'],
)  # fmt: skip
def test_cells_that_no_program_writes_are_refused(tmp_path: Path, cell: str) -> None:
    xml = f'<worksheet xmlns="{workbook_parts.MAIN}"><sheetData><row r="1">{cell}</row></sheetData></worksheet>'
    with pytest.raises(FileRefused):
        read(workbook_parts.write(tmp_path / "a.xlsx", xml, strings=SHARED))


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("General", None),
        ("#,##0.00", None),
        ("0.00E+00", None),
        ("#,##0.00;[Red]-#,##0.00", None),
        ('_ * #,##0.00_ ;_ * -#,##0.00_ ;_ * "-"??_ ;_ @_ ', None),
        ('0.00"元"', "1234500元"),
        ('0.00"万元"', "1234500万元"),
        (r"0.00\万\元", "1234500万元"),
        ("#,##0.00,", "1234.500千元"),
        ("#,##0,.00", "1234.500千元"),
        ("0.00,,", "1.234500百万元"),
        ('0!.0,"万元"', "123.4500万元"),
        ("0!.0000", "123.4500万元"),
        (r"0\.0,", "123.4500万元"),
        ('0"."0,', "123.4500万元"),
        ('[>=10000]0!.0,"万元";0"元"', "123.4500万元"),
        ('[<10000]0"元";0!.0,"万元"', "123.4500万元"),
        ('#,##0.00,"万元"', "1234.500万元 / 1234500元"),
        ('0!.00,"亿元"', "12.34500亿元 / 1234500元"),
        ("0!.0", "123450.0 / 1234500元"),
        ("0.00%", "123450000%"),
    ],
)
def test_what_a_number_format_shows(code: str, shown: str | None) -> None:
    form = parse_format(code)
    assert (form.shown(1234500.0).text("1234500") if form else None) == shown


@pytest.mark.parametrize(
    "code", ["yyyy-mm-dd", 'yyyy"年"m"月"d"日"', "m/d/yy h:mm", "[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy", "d.m.e"]
)
def test_formats_of_dates(code: str) -> None:
    form = parse_format(code)
    assert form is not None
    assert form.shown(45000.0).is_date


def test_a_text_shared_by_many_cells_is_counted_for_each(tmp_path: Path) -> None:
    rows: list[list[Cell]] = [[("s", "0", 0)] * 10] * 100
    strings = SHARED.replace("<si><t></t></si>", f"<si><t>{'长' * 5_000}</t></si>", 1)
    path = workbook_parts.write(tmp_path / "a.xlsx", workbook_parts.usual(rows), strings=strings)
    with pytest.raises(FileRefused, match="file-too-large"):
        list(read_sheets(path, "xlsx", Limits(max_sheet_bytes=1_000_000)))
    odd = workbook_parts.write(
        tmp_path / "b.xlsx", workbook_parts.prefixed(workbook_parts.usual(rows)), strings=strings
    )
    with pytest.raises(FileRefused, match="file-too-large"):
        list(read_sheets(odd, "xlsx", Limits(max_sheet_bytes=1_000_000)))
