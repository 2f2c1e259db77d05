"""The benchmark's corpora: a synthetic district as it is delivered, the same rows made plain, and what is true of it.

``raw/`` is what the nightly reads. ``plain/`` is what the floor and the peers read: the payments (with their dirt), the
adjustments and the budget as CSV in yuan under English names, so that nobody but the pipeline has to find headers,
units and encodings or to open a workbook. ``truth-<phase>.parquet`` are the true figures of every project after each
phase; those of an unfinished year are derived from the plain files by voucher numbers, which tell true rows.
Does not belong here: running anything, judging what came out.
"""

from __future__ import annotations

import codecs
import csv
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import fastexcel
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.demo import Dirt, write_demo
from pipelines.demo.names import FUND_TYPES

DISTRICT, YEAR, SEED = "999999", 2024, 7

HISTORICAL, NEW_MONTH, RESTATEMENT, NO_OP = "historical load", "new month", "restatement", "no-op"
PHASES = (HISTORICAL, NEW_MONTH, RESTATEMENT, NO_OP)

PLAIN_COLUMNS = {
    "annual_budget": (
        "department_code",
        "project_code",
        "project_name",
        "function_code",
        "government_economy_code",
        "department_economy_code",
        "fund_type_code",
        "initial_budget_amount",
        "adjustment_amount",
        "reallocation_amount",
        "full_year_budget_amount",
    ),
    "budget_adjustment": (
        "adjustment_number",
        "batch_number",
        "document_number",
        "adjustment_date",
        "adjustment_kind",
        "department_code",
        "project_code",
        "function_code",
        "fund_type_name",
        "adjustment_amount",
        "adjustment_reason",
    ),
    "payment": (
        "voucher_number",
        "payment_date",
        "department_code",
        "project_code",
        "project_name",
        "function_code",
        "department_economy_code",
        "government_economy_code",
        "fund_type_code",
        "paid_amount",
        "payment_purpose",
        "payee_name",
        "payee_account",
        "payee_bank",
    ),
}
"""The columns of the plain files by dataset: those of the generator's CSV files, in their order."""

_PAYMENTS = "国库集中支付明细_"
RESTATED = "_更正"
"""How the name of a file ends that restates a month."""
_STATEMENT = "预算执行情况表"
_PLAIN_NAMES = {"部门预算项目年度预算": "annual_budget", "指标调整明细": "budget_adjustment"}
_FINDING_COLUMNS = pa.schema([("rule_id", pa.string()), ("project_code", pa.string())])
_COPY_CHARACTERS = 1 << 22
_FUND_CODES = {name: code for code, name in FUND_TYPES}

_PAID = """
    create or replace temp table paid as
    select project_code, fund_type_code, sum(cast(paid_amount as decimal(18, 2))) as amount
    from (
        select distinct voucher_number, project_code, fund_type_code, paid_amount
        from read_csv(?, header = true, all_varchar = true, delim = ',', quote = '"', escape = '"')
        where starts_with(voucher_number, 'ZF')
    )
    group by project_code, fund_type_code
"""
"""What was paid by the rows of some plain files: dirty rows have other voucher numbers, copies are equal."""

_TRUTH = """
    select project.* replace (cast(coalesce(paid.amount, 0) as decimal(20, 2)) as executed_amount)
    from '{projects}' as project
    left join (select project_code, sum(amount) as amount from paid group by project_code) as paid using (project_code)
"""

_FINDINGS = """
    with budget as (
        select project_code, fund_type_code, sum(cast(full_year_budget_amount as decimal(18, 2))) as amount
        from read_csv('{budget}', header = true, all_varchar = true)
        group by project_code, fund_type_code
    )
    select 'payments-exceed-project-budget' as rule_id, project_code
    from budget inner join paid using (project_code, fund_type_code)
    where budget.amount > 0 and paid.amount - budget.amount > 0.01
    union
    select 'payment-without-budget', project_code
    from '{truth}' where full_year_budget_amount = 0 and executed_amount > 0.01
"""
"""The errors that are part of the district: more paid than a project's budget of a fund type, or without any budget."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """A generated district: where its files lie and what is true of it. ``encoding`` is that of the plain files."""

    directory: Path
    scale: float
    encoding: str = "utf-8"

    @property
    def raw(self) -> Path:
        """All files as delivered, below <district>/<year>."""
        return self.directory / "raw"

    @property
    def plain(self) -> Path:
        """The copies for the floor and the peers."""
        return self.directory / "plain"

    def files_of(self, phase: str) -> list[Path]:
        """The files that arrive in a phase; the year-end statement comes with the restated month."""
        folder = self.raw / DISTRICT / str(YEAR)
        files = sorted(path for path in folder.iterdir() if path.is_file())
        return [path for path in files if _phase_of(path.stem) == phase]

    def deliver(self, phase: str, raw: Path) -> list[Path]:
        """Puts a phase's files into ``raw`` by hard link and returns them."""
        folder = raw / DISTRICT / str(YEAR)
        folder.mkdir(parents=True, exist_ok=True)
        files = self.files_of(phase)
        for path in files:
            (folder / path.name).hardlink_to(path)
        return files

    def manifest(self) -> dict[str, Any]:
        """Files and planted rows (``DemoDistrict.manifest``)."""
        manifest: dict[str, Any] = json.loads((self.directory / "manifest.json").read_text(encoding="utf-8"))
        return manifest

    def truth(self, phase: str) -> Path:
        """The true figures of every project when a phase's files have arrived, as Parquet."""
        return self.directory / f"truth-{(RESTATEMENT if phase == NO_OP else phase).replace(' ', '-')}.parquet"

    def expected_findings(self, phase: str) -> set[tuple[str, str]]:
        """Rule and project of every error that is part of the district after a phase."""
        return {(row["rule_id"], row["project_code"]) for row in pq.read_table(self.findings(phase)).to_pylist()}

    def findings(self, phase: str) -> Path:
        """The expected findings as Parquet."""
        return self.truth(phase).with_name(self.truth(phase).name.replace("truth", "findings"))

    def warm(self) -> None:
        """Reads every file once, so that no run has to wait for the disk."""
        for path in self.directory.rglob("*"):
            if path.is_file():
                with path.open("rb", buffering=0) as file:
                    while file.read(1 << 24):
                        pass


def _phase_of(stem: str) -> str:
    """The phase in which a file arrives."""
    if stem.endswith(RESTATED) or stem.startswith(_STATEMENT):
        return RESTATEMENT
    return NEW_MONTH if stem == f"{_PAYMENTS}{YEAR}12" else HISTORICAL


def dirty_corpus(work: Path, scale: float) -> Corpus:
    """The district of a scale with the generator's mixed encodings, workbooks and dirt, in phases."""
    return _made(Corpus(work / f"dirty-{scale:g}", scale), Dirt())


def clean_corpus(work: Path, scale: float, encoding: str) -> Corpus:
    """The district of a scale without dirt; every CSV file, plain or not, is in ``encoding``."""
    return _made(Corpus(work / f"clean-{scale:g}-{encoding}", scale, encoding), None)


def _made(corpus: Corpus, dirt: Dirt | None) -> Corpus:
    """Generates a corpus unless it is there already."""
    complete = corpus.directory / "complete"
    if complete.exists():
        return corpus
    shutil.rmtree(corpus.directory, ignore_errors=True)
    corpus.plain.mkdir(parents=True)
    district = write_demo(
        corpus.raw, district_code=DISTRICT, fiscal_year=YEAR, scale=corpus.scale, seed=SEED, dirt=dirt
    )
    district.write_manifest(corpus.directory / "manifest.json")
    if dirt is None:
        for path in district.directory.rglob("*.csv"):
            _reencode(path, corpus.encoding)
    for path in sorted(district.directory.rglob("*")):
        make_plain(path, corpus.plain / f"{plain_name(path)[1]}.csv", corpus.encoding)
    pq.write_table(district.projects, corpus.truth(RESTATEMENT))
    expected = [{"rule_id": rule, "project_code": code} for _, rule, code in district.expected_findings()]
    pq.write_table(pa.Table.from_pylist(expected, _FINDING_COLUMNS), corpus.findings(RESTATEMENT))
    if dirt is not None:
        _write_truth(corpus)
    complete.touch()
    return corpus


def make_plain(path: Path, target: Path, encoding: str) -> None:
    """Writes the rows of a delivered file plain; nothing where the floor does not need it."""
    dataset, _ = plain_name(path)
    if dataset and path.suffix == ".xlsx":
        _copy_workbook(path, target, dataset, encoding)
    elif dataset:
        _copy(path, target, PLAIN_COLUMNS[dataset], encoding)


def plain_name(path: Path) -> tuple[str, str]:
    """Dataset and name of the plain copy; empty where the floor does not need the file."""
    if path.stem in _PLAIN_NAMES:
        return _PLAIN_NAMES[path.stem], _PLAIN_NAMES[path.stem]
    if path.stem.startswith(_PAYMENTS):
        return "payment", f"payment_{path.stem.removeprefix(_PAYMENTS).replace(RESTATED, '_restated')}"
    return "", ""


def encoding_of(path: Path) -> str:
    """The encoding of a CSV file of the corpus, told by its Chinese header."""
    with path.open("rb") as file:
        header = file.readline()
    try:
        header.decode("utf-8")
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8-sig" if header.startswith(codecs.BOM_UTF8) else "utf-8"


def _copy(source: Path, target: Path, header: Sequence[str], encoding: str) -> None:
    """Copies a CSV file under another header and encoding."""
    with (
        source.open(encoding=encoding_of(source), newline="") as read,
        target.open("w", encoding=encoding, newline="") as written,
    ):
        line = read.readline()
        if len(line.split(",")) != len(header):
            raise ValueError(f"{source}: header {line.strip()}, expected {len(header)} columns: {header}")
        written.write(",".join(header) + line[len(line.rstrip("\r\n")) :])
        shutil.copyfileobj(read, written, _COPY_CHARACTERS)


def _reencode(path: Path, encoding: str) -> None:
    """Brings a file to another encoding, without a byte order mark."""
    found = encoding_of(path)
    if found == encoding:
        return
    changed = path.with_suffix(".changed")
    with path.open(encoding=found, newline="") as read, changed.open("w", encoding=encoding, newline="") as written:
        shutil.copyfileobj(read, written, _COPY_CHARACTERS)
    changed.replace(path)


def _copy_workbook(path: Path, target: Path, dataset: str, encoding: str) -> None:
    """Writes a workbook's rows as the plain CSV file; its title, headers and total row are left out."""
    sheet = fastexcel.read_excel(path).load_sheet(0, header_row=None, skip_rows=0, dtypes="string").to_arrow()
    rows = [tuple(row.values()) for row in sheet.to_pylist()]
    with target.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(PLAIN_COLUMNS[dataset])
        writer.writerows(_payments(rows[3:-1]) if dataset == "payment" else _budgets(rows[4:-1]))


def _payments(rows: Sequence[Sequence[Any]]) -> Iterator[list[str]]:
    for voucher, day, department, project, function, economy, fund, amount, purpose, payee, account in rows:
        cells = [voucher, day[:10], department, project, "", function, _code(economy), "", _FUND_CODES[fund]]
        yield [*cells, _yuan(amount, 10_000), purpose, payee, account, ""]


def _budgets(rows: Sequence[Sequence[Any]]) -> Iterator[list[str]]:
    for department, _, project, name, _, function, government, economy, fund, *amounts in rows:
        cells = [department, project, name, _code(function), government, _code(economy), _FUND_CODES[fund]]
        yield [*cells, *(_yuan(amount, 1) for amount in amounts)]


def _code(text: str) -> str:
    return text.split(" ", maxsplit=1)[0]


def _yuan(text: str, factor: int) -> str:
    """The exact amount in yuan of a cell, which is a binary float in the workbook."""
    return str((Decimal(text) * factor).quantize(Decimal("0.01")))


def _write_truth(corpus: Corpus) -> None:
    """Writes what is true after the earlier phases, and makes sure that the files bear out the generator at the end."""
    late = {HISTORICAL: (f"_{YEAR}12", "_restated"), NEW_MONTH: ("_restated",), RESTATEMENT: ()}
    with duckdb.connect() as connection:
        for phase, endings in late.items():
            files = [str(path) for path in corpus.plain.glob("payment_*.csv") if not path.stem.endswith(endings)]
            restated = {path.removesuffix("_restated.csv") for path in files if path.endswith("_restated.csv")}
            connection.execute(_PAID, [[path for path in files if path.removesuffix(".csv") not in restated]])
            for query, target in (
                (_TRUTH.format(projects=corpus.truth(RESTATEMENT)), corpus.truth(phase)),
                (
                    _FINDINGS.format(budget=corpus.plain / "annual_budget.csv", truth=corpus.truth(phase)),
                    corpus.findings(phase),
                ),
            ):
                if phase != RESTATEMENT:
                    connection.execute(f"copy ({query}) to '{target}'")
                    continue
                both = (f"({query}) except (from '{target}')", f"(from '{target}') except ({query})")
                if different := [row for one in both for row in connection.execute(f"from ({one}) limit 1").fetchall()]:
                    raise ValueError(f"{corpus.directory}: the plain files do not bear out {target.name}: {different}")
