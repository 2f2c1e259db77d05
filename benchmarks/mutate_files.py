"""Reads thousands of damaged deliveries: none may raise anything but a refusal, and nothing may get lost.

    .venv/bin/python benchmarks/mutate_files.py --files 10000 --seed 1

Sound deliveries of every kind (delimited text in several encodings, workbooks new and old, archives) are damaged byte
by byte, cell by cell and row by row; old workbooks, which real programs wrote, only byte by byte. Each is then read,
and one of two things must come of it:

* ``FileRefused`` with a message in both languages, or
* tables in which every line below the header is a data row, a total, or passed over with a reason, each line in one of
  them, in which every cell of an amount that is not empty gave a value or a fault, and whose validation hands on every
  row and every cent, accepted or rejected.

Prints every file that breaks this with the seed that makes it again, and ends with status 1 if there is one.
"""

from __future__ import annotations

import argparse
import csv
import io
import random
import re
import sys
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pyarrow as pa
import pyarrow.compute as pc
import xlsxwriter

from pipelines.contracts.datasets import DATASETS
from pipelines.contracts.model import Kind
from pipelines.ingest.cells import is_empty
from pipelines.ingest.model import Batch, Delivery, FileRefused, TableHead
from pipelines.ingest.read import read_file
from pipelines.quality.validate import Validator
from pipelines.settings import Limits, Settings

DISTRICT, YEAR, YEAR_OF_OLD_WORKBOOKS = "440103", 2022, 2024
_COMPOUND_FILE = b"\xd0\xcf\x11\xe0"
_OLD_WORKBOOKS = sorted((Path(__file__).parent.parent / "tests" / "fixtures" / "written_by").glob("*.xls"))
_NAMESPACES = " ".join(
    f"xmlns:{name}='urn:oasis:names:tc:opendocument:xmlns:{name}:1.0'" for name in ("office", "table", "text")
)
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
Cells = list[list[Any]]

PAYMENTS: Cells = [
    ["支付凭证号", "支付日期", "单位编码", "项目编码", "资金性质", "支付金额", "收款人", "收款人账号", "用途"],
    *(
        [
            f"Z{n}",
            f"2022-0{n % 9 + 1}-05",
            "019100",
            f"P{n}",
            "111",
            f"{n * 17}.5",
            "某公司",
            f"62220200{n}",
            "货款,运费",
        ]
        for n in range(12)
    ),
]
STATEMENT: Cells = [
    ["荔湾区部门预算执行情况表（2022年度）"],
    ["编制单位：荔湾区测试局", "", "", "", "单位：万元"],
    ["", "预算情况", "", "", "执行情况", ""],
    ["项目名称", "年初预算数", "预算调整数", "全年预算数", "执行数", "执行率"],
    ["甲", 100, -41.36, 58.64, 46.91, "80.00%"],
    ["乙", "", -80, "", "", ""],
    ["其中：丙", "1", "", "", "", ""],
    ["合　计", 100, "", "", 46.91, ""],
    ["注：数据未经审计，以决算为准，供参考使用。"],
]
LEDGER: Cells = [
    ["指标文号", "发文日期", "单位编码", "项目编码", "指标金额", "调增", "调减", "追减", "指标余额"],
    *([f"{n}号", f"2022030{n}", "019100", f"P{n}", 100, n, "", 0, 100 + n] for n in range(1, 9)),
    ["合计", "", "", "", 800, 36, "", 0, 836],
]
BUDGET: Cells = [
    ["单位编码", "项目编码", "功能分类科目编码", "资金性质编码", "年初预算数（万元）", "is_deleted"],
    *(
        ["019100", "P1", code, "111", amount, "0"]
        for code, amount in (("205", 3), ("20502", 3), ("2050202", 1), ("2050203", 2))
    ),
    ["019101", "P2", "2010101", "121", "1,234.5", "1"],
]
FUNCTIONS: Cells = [
    ["2022年部门支出预算总表"],
    ["编制部门：测试局", "", "", "", "", "", "单位：元"],
    ["项目", "", "", "", "支出预算"],
    ["功能分类科目编码", "", "", "功能分类科目名称", "合计", "基本支出", "项目支出"],
    ["类", "款", "项"],
    [205, "", "", "教育支出", 500, 300, 200],
    [205, "02", "", "普通教育", 500, 300, 200],
    [205, "02", "05", "高等教育", 500, 300, 200],
    ["合计", "", "", "", 500, 300, 200],
]
TABLES = (PAYMENTS, STATEMENT, LEDGER, BUDGET, FUNCTIONS)

SNIPPETS: tuple[Any, ...] = (
    *(
        "",
        " ",
        "　",
        "-",
        "—",
        "0",
        "-0",
        "1e9",
        "1.005",
        "12,34",
        "3，518.85",
        "0.3万元",
        "（1）",
        "99999999999999999999",
    ),
    *(
        "合计",
        "小计",
        "其中",
        "注",
        "…",
        "单位：万元",
        "单位：元",
        "年初预算数",
        "项目名称",
        "单位编码",
        "2021年",
        "20221301",
    ),
    *(
        "4.40103E+11",
        "\n",
        '"',
        "'",
        "=1+1",
        "a,b;c\td",
        "\x07",
        "\u200b",
        "𠮷",
        "é",
        "null",
        "x" * 40_000,
        "%",
        "120%",
    ),
    *(0.1 + 0.2, 1e20, -5, True, 44625, 3.14159, 1234567890123.45),
)


def as_text(rng: random.Random, rows: Cells) -> tuple[str, bytes]:
    """The rows as delimited text."""
    text = io.StringIO()
    csv.writer(text, delimiter=rng.choice([",", ",", "\t", ";"])).writerows(rows)
    codec = rng.choice(["utf-8", "utf-8-sig", "gb18030", "utf-16"])
    return rng.choice([".csv", ".txt", ".tsv"]), text.getvalue().encode(codec, "replace")


def as_workbook(rng: random.Random, rows: Cells) -> tuple[str, bytes]:
    """The rows as one sheet of a workbook, sometimes with merged cells, formats and further sheets."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False}) as book:
        formats = [None, *(book.add_format({"num_format": form}) for form in ('0.00"万元"', "0.00%", "yyyy-mm-dd"))]
        for number in range(rng.choice([1, 1, 2, 3])):
            sheet = book.add_worksheet(f"表{number}")
            source = rows if number == 0 else rng.choice([*TABLES, [], [["封面"]]])
            offset = rng.choice([0, 0, 1, 3])
            for row, cells in enumerate(source):
                for column, cell in enumerate(cells):
                    written = cell[:32_000] if isinstance(cell, str) else cell
                    if written != "":
                        sheet.write(
                            row + offset, column + rng.choice([offset]), written, rng.choice(formats * 1 + [None] * 9)
                        )
            if rng.random() < 0.2:
                first, column = rng.randrange(12), rng.randrange(4)
                sheet.merge_range(first, column, first + 1, column + 1, rng.choice(["合计", "甲", 5, ""]))
            if rng.random() < 0.05:
                sheet.hide()
    return ".xlsx", target.getvalue()


def as_open_document(rng: random.Random, rows: Cells) -> tuple[str, bytes]:
    """The rows as one sheet of an OpenDocument workbook, with formulas, errors, percentages and repeated cells."""
    lines = []
    for cells in rows:
        written = "".join(map(partial(_open_document_cell, rng), cells))
        repeated = f' table:number-rows-repeated="{rng.choice([2, 1_000])}"' if rng.random() < 0.02 else ""
        lines.append(f"<table:table-row{repeated}>{written}</table:table-row>")
    content = (
        f"<office:document-content {_NAMESPACES}><office:body><office:spreadsheet><table:table table:name='表'>"
        f"{''.join(lines)}</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
        package.writestr("content.xml", content)
    return ".ods", target.getvalue()


def _open_document_cell(rng: random.Random, cell: Any) -> str:
    text = escape(_NOT_IN_XML.sub("", str(cell)))
    kind = "string"
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        kind = rng.choice(["float", "float", "float", "percentage", "currency"])
    value = f" office:value={quoteattr(str(cell))}" if kind != "string" else ""
    formula = rng.choice([" table:formula='of:=1+1'", " table:formula='of:=#REF!'"]) if rng.random() < 0.03 else ""
    repeated = f" table:number-columns-repeated='{rng.choice([1, 2, 20_000])}'" if rng.random() < 0.02 else ""
    shown = f"<text:p>{text}</text:p>" if rng.random() < 0.97 else ""
    return f"<table:table-cell office:value-type='{kind}'{value}{formula}{repeated}>{shown}</table:table-cell>"


def as_old_workbook(rng: random.Random, rows: Cells) -> tuple[str, bytes]:
    """A workbook that some program wrote (``tests/fixtures/written_by``), with some of its records damaged."""
    del rows
    content = bytearray(rng.choice(_OLD_WORKBOOKS).read_bytes())
    for _ in range(rng.choice([0, 1, 2, 4, 16])):
        # The first sectors say where everything is; most damage is to go further in.
        at = rng.randrange(512 if rng.random() < 0.9 else 0, len(content))
        match rng.randrange(4):
            case 0:
                content[at] = rng.randrange(256)
            case 1:
                content[at] ^= 1 << rng.randrange(8)
            case 2:
                size = rng.choice([2, 4, 8])
                content[at : at + size] = rng.choice([b"\0", b"\xff", rng.randbytes(1)]) * size
            case 3:
                other = rng.randrange(512, len(content) - 64)
                content[at : at + 64] = content[other : other + 64]
    return ".xls", bytes(content)


def as_archive(rng: random.Random, rows: Cells) -> tuple[str, bytes]:
    """The rows as a member of an archive."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", rng.choice([zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])) as package:
        for number in range(rng.choice([1, 1, 2])):
            suffix, content = rng.choice([as_text, as_workbook, as_open_document, as_old_workbook])(rng, rows)
            package.writestr(f"{number}{suffix}", content)
    return ".zip", target.getvalue()


def damage_cells(rng: random.Random, rows: Cells) -> Cells:
    """Some cells, rows and columns changed, doubled, moved or lost."""
    rows = [list(row) for row in rows]
    for _ in range(rng.choice([0, 1, 1, 2, 5])):
        row = rng.choice(rows)
        match rng.randrange(9):
            case 0 | 1 | 2 if row:
                row[rng.randrange(len(row))] = rng.choice(SNIPPETS)
            case 3 if row:
                del row[rng.randrange(len(row))]
            case 4:
                row.insert(rng.randrange(len(row) + 1), rng.choice(SNIPPETS))
            case 5:
                rows.insert(rng.randrange(len(rows) + 1), list(rng.choice([*rows, [], ["", ""]])))
            case 6 if len(rows) > 1:
                rows.remove(row)
            case 7:
                column = rng.randrange(9)
                for cells in rows:
                    if column < len(cells):
                        cells[column] = rng.choice([cells[column], "", rng.choice(SNIPPETS)])
            case 8:
                rng.shuffle(row)
    return rows


def damage_bytes(rng: random.Random, content: bytes) -> bytes:
    """Some bytes changed, doubled, moved or lost."""
    data = bytearray(content)
    for _ in range(rng.choice([0, 0, 1, 2, 8])):
        if not data:
            break
        at, length = rng.randrange(len(data)), rng.choice([1, 2, 4, 30])
        match rng.randrange(6):
            case 0:
                data[at] = rng.randrange(256)
            case 1:
                del data[at : at + length]
            case 2:
                data[at:at] = rng.choice(
                    [b"\n", b'"', b"\r", b"\0", b"\xff", b",,", b"\xe5\xb1\x80", rng.randbytes(length)]
                )
            case 3:
                del data[at:]
            case 4:
                data[at:at] = data[rng.randrange(len(data)) :][: length * 20]
            case 5:
                data[at] ^= 1 << rng.randrange(8)
    return bytes(data)


def damage_package(rng: random.Random, content: bytes) -> bytes:
    """The XML inside a package damaged, the package itself sound."""
    target = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
            for name in old.namelist():
                member = old.read(name)
                new.writestr(name, damage_bytes(rng, member) if rng.random() < 0.3 else member)
    except (zipfile.BadZipFile, ValueError):
        return content
    return target.getvalue()


def make(seed: int) -> tuple[str, bytes]:
    """A damaged delivery: its suffix and its bytes; the same for the same seed."""
    rng = random.Random(seed)
    rows = damage_cells(rng, rng.choice(TABLES))
    writer: Callable[[random.Random, Cells], tuple[str, bytes]] = rng.choice(
        [as_text, as_text, as_text, as_workbook, as_workbook, as_open_document, as_old_workbook, as_archive]
    )
    suffix, content = writer(rng, rows)
    if rng.random() < 0.5:
        content = (
            damage_package(rng, content)
            if content.startswith(b"PK") and rng.random() < 0.6
            else damage_bytes(rng, content)
        )
    return (suffix if rng.random() < 0.97 else rng.choice([".xls", ".ods", ".csv", ".xlsx", ".zip"])), content


def check(head: TableHead, batches: list[Batch]) -> None:
    """Raises ``AssertionError`` where a line or an amount got lost or counts twice."""
    seen: Counter[int] = Counter()
    faulty: set[tuple[int, str]] = set()
    for batch in batches:
        for lines in (
            {row["source_line"] for row in batch.rows.to_pylist()},
            {row["source_line"] for row in batch.totals.to_pylist()},
            {row["source_line"] for row in batch.passed_over.to_pylist()},
        ):
            seen.update(lines)
        faulty |= {(fault["source_line"], fault["column"]) for fault in batch.faults.to_pylist()}
    is_wide = len({column for _, column in head.columns}) < len(head.columns)
    if not is_wide:
        assert all(count == 1 for count in seen.values()), f"lines twice: {seen}"
    assert not seen or min(seen) > head.header_line, "a line above the header"
    dataset = DATASETS[head.dataset]
    for batch in batches:
        texts = batch.texts_at(pa.array(range(batch.rows.num_rows), pa.int64()))
        for shown, name in head.columns:
            if is_wide or name is None or dataset[name].kind is not Kind.AMOUNT:
                continue
            for text, value, line in zip(
                texts[shown].to_pylist(),
                batch.rows[name].to_pylist(),
                batch.rows["source_line"].to_pylist(),
                strict=True,
            ):
                is_told = value is not None or is_empty(text or "") or text == "•"
                assert is_told or (line, name) in faulty, f"line {line}: {text!r} of {name} is gone"


def check_conserved(head: TableHead, batches: list[Batch]) -> None:
    """Raises ``AssertionError`` where validation loses or invents a row or a cent."""
    validator = Validator(head.dataset)
    try:
        for batch in batches:
            validated = validator.validate(batch)
            parts = (validated.accepted, validated.rejected)
            assert sum(part.num_rows for part in parts) == batch.rows.num_rows, "rows lost in validation"
            for name in DATASETS[head.dataset].amount_columns:
                read = _sum(batch.rows[name])
                kept = sum((_sum(part[name]) for part in parts), Decimal(0))
                assert kept == read, f"{name}: {read} yuan read, {kept} kept"
    finally:
        validator.close()


def _sum(amounts: pa.ChunkedArray) -> Decimal:
    return pc.sum(amounts).as_py() or Decimal(0)


def check_lines(content: bytes, suffix: str, tables: list[tuple[TableHead, list[Batch]]]) -> None:
    """Raises ``AssertionError`` where a record of a plain text is nowhere."""
    if suffix not in {".csv", ".txt", ".tsv"} or len(tables) != 1:
        return
    head, batches = tables[0]
    codec = {"UTF-8": "utf-8", "UTF-8 with BOM": "utf-8-sig", "GB18030": "gb18030"}.get(head.encoding or "")
    if codec is None or b'"' in content:
        return
    # The euro of Windows, which is read, is no character of GB18030; here only line ends count.
    lines = content.decode(codec, "replace").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    count = len(lines) - (lines[-1] == "")
    found = {
        row["source_line"]
        for batch in batches
        for part in (batch.rows, batch.totals, batch.passed_over)
        for row in part.to_pylist()
    }
    assert found == set(range(head.header_line + 1, count + 1)), (
        f"lines lost: {set(range(head.header_line + 1, count + 1)) ^ found}"
    )


def run(seed: int, raw: Path, settings: Settings) -> str:
    """Reads the damaged delivery of a seed and says what came of it; raises where that is wrong."""
    suffix, content = make(seed)
    year = YEAR_OF_OLD_WORKBOOKS if content.startswith(_COMPOUND_FILE) else YEAR
    path = raw / DISTRICT / str(year) / f"damaged{suffix}"
    path.write_bytes(content)
    delivery = Delivery(path, path.relative_to(raw).as_posix(), DISTRICT, year)
    tables: list[tuple[TableHead, list[Batch]]] = []
    try:
        for table in read_file(delivery, settings=settings, hash_secret=b"secret").tables:
            batches = list(table.batches)
            check(table.head, batches)
            check_conserved(table.head, batches)
            tables.append((table.head, batches))
        check_lines(content, suffix, tables)
    except FileRefused as refusal:
        if not (refusal.message and refusal.message_zh):
            raise AssertionError("a refusal without a message in both languages") from refusal
        return f"refused: {refusal.rule.id}"
    finally:
        path.unlink()
    faults = sum(batch.faults.num_rows for _, batches in tables for batch in batches)
    return "read with faults" if faults else "read"


def read_damaged(seeds: Iterable[int], raw: Path) -> tuple[Counter[str], list[str]]:
    """Reads the damaged deliveries of these seeds below ``raw``: how often what came of them, and what is broken."""
    for year in (YEAR, YEAR_OF_OLD_WORKBOOKS):
        (raw / DISTRICT / str(year)).mkdir(parents=True)
    settings = Settings(raw=raw, limits=Limits(batch_rows=7, max_cells=5_000))
    outcomes: Counter[str] = Counter()
    broken: list[str] = []
    for seed in seeds:
        try:
            outcomes[run(seed, raw, settings)] += 1
        except Exception:
            broken.append(f"seed {seed}: {traceback.format_exc(limit=-4)}")
    return outcomes, broken


def main() -> int:
    """Runs the seeds that were asked for and prints what came of them."""
    parser = argparse.ArgumentParser(description="Read damaged deliveries; none may raise and nothing may get lost.")
    parser.add_argument("--files", type=int, default=10_000, help="how many")
    parser.add_argument("--seed", type=int, default=1, help="the first seed; each file has its own")
    given = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        outcomes, broken = read_damaged(range(given.seed, given.seed + given.files), Path(directory))
    for problem in broken:
        print(problem, file=sys.stderr)
    for outcome, count in outcomes.most_common():
        print(f"{count:7,}  {outcome}")
    seconds = time.monotonic() - started
    print(f"{given.files:7,}  files from seed {given.seed} in {seconds:.0f} s; broken: {len(broken)}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
