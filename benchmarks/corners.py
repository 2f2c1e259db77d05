"""The corners of cost: many small files, a file of which every row is wrong, a large workbook, the start of a command.

Does not belong here: how often and in which order (``run``).
"""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from pathlib import Path

from benchmarks.audit import audit_figures, audit_rejected
from benchmarks.corpus import DISTRICT, PLAIN_COLUMNS, YEAR, Corpus
from benchmarks.measure import run
from benchmarks.runs import COMMAND, Row, database_of, night, passed
from pipelines.demo.files import SheetColumn, Workbook
from pipelines.demo.payments import HEADER

FILE_COUNTS = (1, 10, 100, 1000)
WRONG = "every payment wrong"
_WORKBOOK = "payments.xlsx"
_ACCEPT_ANY_SHARE = {
    "DISTRICT_FINANCE_SET_ASIDE__MAX_ROW_SHARE": "1",
    "DISTRICT_FINANCE_SET_ASIDE__MAX_MONEY_SHARE": "1",
}
_STARTS = {
    "district-finance --help": ["--help"],
    "district-finance query": ["query", "select district_code, count(*) from summary.project_execution group by all"],
}


def many_files(corpus: Corpus, count: int, directory: Path) -> list[Row]:
    """A night over the corpus's payments in ``count`` files of about as many rows each."""
    header, lines = _payments(corpus)
    _deliver_others(corpus, directory)
    bounds = [len(lines) * number // count for number in range(count + 1)]
    for number in range(count):
        part = lines[bounds[number] : bounds[number + 1]]
        _payment_file(directory, f"payment-{number:04d}.csv").write_text(header + "".join(part), encoding="utf-8")
    row = {"what": _files(count), "files": count, "rows": len(lines), **night(directory)}
    passed(row["what"], audit_figures(corpus, database_of(directory)))
    return [row]


def wrong_file(corpus: Corpus, directory: Path) -> list[Row]:
    """The same in one file in which no amount can be read, with the limits lifted that would hold the year back."""
    header, lines = _payments(corpus)
    _deliver_others(corpus, directory)
    amount = PLAIN_COLUMNS["payment"].index("paid_amount")
    wrong = []
    for line in lines:
        cells = line.split(",")
        wrong.append(",".join([*cells[:amount], f"{cells[amount]}元整", *cells[amount + 1 :]]))
    _payment_file(directory, "payment-0000.csv").write_text(header + "".join(wrong), encoding="utf-8")
    row = {"what": WRONG, "files": 1, "rows": len(lines), **night(directory, environment=_ACCEPT_ANY_SHARE)}
    passed(WRONG, audit_rejected(database_of(directory), len(lines)))
    return [row]


def with_workbook(corpus: Corpus) -> Corpus:
    """Adds a workbook of all payments to the corpus unless it is there."""
    path = corpus.directory / _WORKBOOK
    if path.exists():
        return corpus
    header, lines = _payments(corpus)
    names = header.strip().split(",")
    with Workbook(path, wan=False) as workbook:
        rows = ([_cell(name, text) for name, text in zip(names, row, strict=True)] for row in csv.reader(lines))
        columns = [SheetColumn(name) for name in HEADER]
        workbook.add_sheet("支付", "国库集中支付明细（演示数据）", ("编制单位：演示区虚构财政局",), columns, rows=rows)
    return corpus


def _cell(name: str, text: str) -> object:
    """A cell as an office program holds it: amounts as cents, days as dates."""
    if name == "paid_amount":
        return int(Decimal(text) * 100)
    return date.fromisoformat(text) if name == "payment_date" else text or None


def large_workbook(corpus: Corpus, directory: Path) -> list[Row]:
    """A night over the payments in one workbook; then that file alone, three times as the night and as its reader."""
    _deliver_others(corpus, directory)
    file = _payment_file(directory, "payments.xlsx")
    file.hardlink_to(corpus.directory / _WORKBOOK)
    what = "payments in one workbook"
    row = {"what": what, **night(directory)}
    passed(what, audit_figures(corpus, database_of(directory)))
    rows = [row]
    told = directory / "workbook.json"
    for reader in ("product", "fastexcel") * 3:
        cost = run((sys.executable, "-m", f"benchmarks.read_with_{reader}", directory / "raw", file, told))
        reading = json.loads(told.read_text())["wall"]
        rows.append({"what": f"that workbook, read by {reader}", **asdict(cost), "reading": reading})
    return rows


def starts(corpus: Corpus, directory: Path) -> list[Row]:
    """How long commands take that read little: their start is what one waits for."""
    _deliver_others(corpus, directory)
    night(directory)
    rows = []
    for what, arguments in _STARTS.items():
        place = ("--warehouse", directory / "warehouse") if arguments[0] == "query" else ()
        costs = [run((*COMMAND, *arguments, *place)) for _ in range(5)]
        rows += [{"what": what, **asdict(cost)} for cost in costs]
    rows += [{"what": "district-finance nightly, nothing new", **night(directory)} for _ in range(3)]
    return rows


def _files(count: int) -> str:
    return f"payments in {count:,} file{'s' if count > 1 else ''}"


def _payments(corpus: Corpus) -> tuple[str, list[str]]:
    """Header and lines of the corpus's plain payments."""
    header, lines = "", []
    for path in sorted(corpus.plain.glob("payment_*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            header, *more = file
            lines += more
    return header, lines


def _payment_file(directory: Path, name: str) -> Path:
    return directory / "raw" / DISTRICT / str(YEAR) / name


def _deliver_others(corpus: Corpus, directory: Path) -> None:
    """Delivers everything of the corpus but its payments."""
    folder = directory / "raw" / DISTRICT / str(YEAR)
    folder.mkdir(parents=True)
    for path in (corpus.raw / DISTRICT / str(YEAR)).iterdir():
        if not path.name.startswith("国库集中支付明细"):
            (folder / path.name).hardlink_to(path)
