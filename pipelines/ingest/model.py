"""What ingest hands on: a file's tables as batches of typed rows with their source lines, or a refusal.

Does not belong here: how any format is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pyarrow as pa

from pipelines.contracts.cell_rules import CELL_RULES
from pipelines.ingest.personal import without_numbers
from pipelines.ledger.records import SkippedSheet

FAULTS = pa.schema(
    [
        ("source_line", pa.int64()),
        ("column", pa.string()),
        ("rule_id", pa.string()),
        ("found", pa.string()),
        ("expected", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One file as delivered: where it lies, and which district and fiscal year its folder names.

    ``relative_path`` is the path below the raw directory with forward slashes, without numbers that may identify a
    person: the file's name in every message.
    ``waits_for`` says in both languages why it is not ready to be read; empty for a file that is.
    """

    path: Path
    relative_path: str
    district_code: str
    fiscal_year: int
    waits_for: str = ""


@dataclass(frozen=True, slots=True)
class TableHead:
    """What is known about one table of one sheet before its rows are read.

    ``unit_factor`` is the number of yuan in one unit of the table's amounts: 1, or 10,000 for 万元; None where the
    unit differs by column. ``months``: the first and the last month that title, sheet or file name tell (None: none
    does). ``columns`` maps each header path as found to the contract column it was recognised as
    (None: passed over).
    """

    dataset: str
    sheet: str
    header_line: int
    columns: tuple[tuple[str, str | None], ...]
    unit_factor: int | None
    encoding: str | None = None
    department_name: str | None = None
    as_of_date: date | None = None
    months: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Some consecutive rows of one table; all its tables are Arrow tables.

    ``rows``: every stored column of the contract in its type (amounts ``decimal128(18, 2)`` in yuan, dates ``date32``,
    codes and texts ``string``, dictionary-encoded where values repeat, flags ``bool``, ratios ``decimal128(18, 6)``,
    integers ``int64``) and ``source_line`` (int64). A cell that could not be read is NULL and has a fault. Personal
    columns are already dropped or hashed (``Dataset.digest_columns`` stand behind the contract's own).
    A row of a wide table is several rows here, all with its ``source_line``; one that names a giver and a receiver is
    two, which sum to nothing.
    ``faults``: one row per cell fault, in the shape of ``FAULTS``; an empty ``column`` is the whole row, and the
    warnings about headers stand at the header's line. Rule ids and severities are those of ``contracts.cell_rules``;
    only ``error`` faults set a row aside, with all rows of its line.
    ``texts_at``: the cells as delivered (one string column per header, personal ones replaced by ``•``) of the rows at
    some positions (int64): what a rejected row is shown as.
    ``totals``: rows recognised as totals or parents, in the shape of ``rows`` plus ``scope`` (string): the total of
    which rows it claims to be (``all`` = every data row of the table; ``block`` = the rows since the previous total;
    ``part`` = an "of which" row, a sum of nothing; ``function_code=205`` = the rows whose code begins so and that
    agree with it otherwise; ``lines=7-9`` = the rows of these lines; a further ``;fund_type_code=111`` = only rows
    with this value; readings divided by ``|``: one of them). They are never facts.
    ``passed_over``: lines that are neither: ``source_line``, ``reason`` (a ``PassedOverReason``) and the contract's
    amount columns, as far as there is an amount in them. ``lines`` is how many lines the file has here: each is in
    exactly one of ``rows``, ``totals`` and ``passed_over`` (a record with line breaks is its first line).
    """

    rows: pa.Table
    faults: pa.Table
    texts_at: Callable[[pa.Array], pa.Table]
    totals: pa.Table
    passed_over: pa.Table
    lines: int


@dataclass(slots=True)
class SourceTable:
    """One table of one sheet: its head, and its rows in batches. The iterator may raise ``FileRefused``."""

    head: TableHead
    batches: Iterator[Batch]


@dataclass(slots=True)
class ReadFile:
    """A delivered file opened for reading.

    ``tables`` is consumed once, in order, each table's batches before the next table is asked for; ``skipped`` is
    complete after it.
    """

    delivery: Delivery
    tables: Iterator[SourceTable]
    skipped: list[SkippedSheet] = field(default_factory=list)


class FileRefused(Exception):  # noqa: N818 - a refusal is an outcome of reading, not a programming error
    """A file is refused whole: which rule, what was found and expected, where, and what to do.

    What was found is shown without numbers that may identify a person.
    """

    def __init__(
        self,
        rule_id: str,
        *,
        found: str = "",
        expected: str = "",
        sheet: str = "",
        line: int | None = None,
        remedy: str = "",
        remedy_zh: str = "",
    ) -> None:
        self.rule = CELL_RULES[rule_id]
        self.found = without_numbers(found)
        self.expected = expected
        self.sheet = without_numbers(sheet)
        self.line = line
        self.remedy = remedy
        self.remedy_zh = remedy_zh
        super().__init__(f"{rule_id}: {self.message}")

    @property
    def message(self) -> str:
        """The English message with what was found and expected, and the remedy."""
        return " ".join(filter(None, (self.rule.message.format(found=self.found, expected=self.expected), self.remedy)))

    @property
    def message_zh(self) -> str:
        """The Chinese message."""
        return "".join((self.rule.message_zh.format(found=self.found, expected=self.expected), self.remedy_zh))
