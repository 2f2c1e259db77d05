"""What became of every delivered file, of each of its tables and of all their lines, and what a version is made from.

A file is known by its path below raw/ and its content, a table by its file and a number of its own there (two tables of
one dataset may stand on one sheet), a line by its table and line number. All amounts are in yuan.
Does not belong here: how a record is written and read (codec), how lines are counted (tally).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

_EXACT = ConfigDict(extra="forbid")
"""A record with a key that none of its fields has was written by something else."""

_NOTHING = Decimal("0.00")


class FileState(StrEnum):
    """What became of a delivered file as a whole."""

    READ = "read"
    """Its tables were read; what became of their lines, their records tell."""
    WAITING = "waiting"
    """It is not ready: too young, being copied, or not to be read at the moment."""
    REFUSED = "refused"
    """It was read and none of it counts, for a reason that is told."""
    WITHDRAWN = "withdrawn"
    """It was part of the version before and is no longer delivered."""
    MISPLACED = "misplaced"
    """It lies where no district-year is."""


class LineOutcome(StrEnum):
    """What became of a line of a table; every line has exactly one."""

    ACCEPTED = "accepted"
    """It counts."""
    REJECTED = "rejected"
    """It was set aside with a reason."""
    DUPLICATE = "duplicate"
    """It was delivered twice, and the other one counts."""
    SUPERSEDED = "superseded"
    """A later delivery restated it."""
    TOTAL = "total"
    """It is a total or a parent of others: compared with them, never a fact."""
    PASSED_OVER = "passed_over"
    """It is no data, for a reason of ``PassedOverReason``."""


class PassedOverReason(StrEnum):
    """Why a line below a header is no data."""

    BLANK = "blank"
    NOTE = "note"
    REPEATED_HEADER = "repeated-header"
    PLACEHOLDER = "placeholder"
    NO_AMOUNT = "no-amount"
    DELETED_IN_SOURCE = "deleted-in-source"
    VOID_IN_SOURCE = "void-in-source"


FACTS = frozenset({LineOutcome.ACCEPTED, LineOutcome.REJECTED, LineOutcome.DUPLICATE, LineOutcome.SUPERSEDED})
"""Outcomes of lines that state something: neither totals nor passed over."""


@dataclass(frozen=True, slots=True, config=_EXACT)
class LineCount:
    """Lines of one table with one outcome for one reason, and what their amount columns sum to.

    ``reason`` is a rule's id (several: separated by ``; ``), a ``PassedOverReason``, or empty. ``money`` is by amount
    column, what could not be read left out; ``unreadable_lines`` are those of the lines that hold such an amount.
    A line of a wide table counts once for each row that it gives.
    """

    outcome: LineOutcome
    lines: int
    money: Mapping[str, Decimal]
    reason: str = ""
    unreadable_lines: int = 0

    def plus(self, other: LineCount, sign: int = 1) -> LineCount:
        """These lines and (``sign`` −1: without) those of another count of this outcome and reason."""
        columns = {**self.money, **other.money}
        return replace(
            self,
            lines=self.lines + sign * other.lines,
            money={name: self.money.get(name, _NOTHING) + sign * other.money.get(name, _NOTHING) for name in columns},
            unreadable_lines=self.unreadable_lines + sign * other.unreadable_lines,
        )


@dataclass(frozen=True, slots=True, config=_EXACT)
class TotalGap:
    """A total of a table over rows of which some amounts could not be read: what it says beyond the readable ones.

    ``stated`` and ``added`` are what the total says and what the readable amounts of ``column`` add up to, in yuan.
    """

    line: int
    column: str
    stated: Decimal
    added: Decimal
    unreadable_rows: int


@dataclass(frozen=True, slots=True, config=_EXACT)
class TableRecord:
    """One table of a file: where it stands, what it was recognised as, and what became of its lines.

    ``number`` counts the tables of the file from 1 in reading order. ``unit_factor`` is the number of yuan in one unit
    of the table's amounts (None: it differs by column). ``headers`` are the header paths as found, each with the
    contract column that it was recognised as (None: passed over). ``delivered_lines`` stand below the header, and
    ``accounted_lines`` of them are a row, a total or passed over (None: not counted by an earlier version of the
    program); ``delivered_rows`` is how many of these they gave, and ``delivered_money`` what their amounts sum to, by
    column: both before anybody judged them. ``warnings`` counts warnings by rule; ``gaps`` are totals over amounts that
    could not be read.
    ``months`` are the first and the last month that title, sheet or file name tell (None: none does), ``filled`` the
    columns of the accepted rows in the store that are not empty everywhere. ``counts_once``: the table's own totals
    agree only where lines that are equal in everything delivered count once.
    """

    number: int
    dataset: str
    sheet: str
    header_line: int
    unit_factor: int | None
    encoding: str | None
    headers: tuple[tuple[str, str | None], ...]
    lines: tuple[LineCount, ...]
    delivered_lines: int | None
    accounted_lines: int | None
    delivered_rows: int
    delivered_money: Mapping[str, Decimal]
    warnings: Mapping[str, int] = field(default_factory=dict)
    months: tuple[int, int] | None = None
    filled: tuple[str, ...] = ()
    gaps: tuple[TotalGap, ...] = ()
    counts_once: bool = False

    def count(self, *outcomes: LineOutcome) -> int:
        """The number of lines with one of these outcomes."""
        return sum(entry.lines for entry in self.lines if entry.outcome in outcomes)

    def unreadable(self, *outcomes: LineOutcome) -> int:
        """The number of lines with one of these outcomes that hold an amount that could not be read."""
        return sum(entry.unreadable_lines for entry in self.lines if entry.outcome in outcomes)

    def money(self, column: str, *outcomes: LineOutcome) -> Decimal:
        """What an amount column of the lines with one of these outcomes sums to, in yuan."""
        told = (entry.money.get(column, _NOTHING) for entry in self.lines if entry.outcome in outcomes)
        return sum(told, _NOTHING)

    def after(self, moved: Iterable[LineCount]) -> TableRecord:
        """The record when ``moved``, which were accepted so far, have these outcomes instead."""
        counts = {(entry.outcome, entry.reason): entry for entry in self.lines}
        for entry in moved:
            key = (entry.outcome, entry.reason)
            counts[key] = counts[key].plus(entry) if key in counts else entry
            accepted = counts[LineOutcome.ACCEPTED, ""]
            counts[LineOutcome.ACCEPTED, ""] = accepted.plus(entry, -1)
        return replace(self, lines=in_order(counts.values()))


@dataclass(frozen=True, slots=True, config=_EXACT)
class SkippedSheet:
    """A sheet or an archive member that holds no table (cover, index, note, 空表), and why."""

    sheet: str
    reason: str
    reason_zh: str


@dataclass(frozen=True, slots=True, config=_EXACT)
class Refusal:
    """Why a file was refused whole: the rule, where, what was found and expected, and the messages."""

    rule_id: str
    sheet: str
    line: int | None
    found: str
    expected: str
    message: str
    message_zh: str


@dataclass(frozen=True, slots=True, config=_EXACT)
class StoredFile:
    """Size and SHA-256 of a file of the store as it was written."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, config=_EXACT)
class FileRecord:
    """One delivered file and what reading it gave.

    ``directory`` is the name of its reading in the store; ``first_seen_attempt`` the attempt that was being prepared
    when this file first came, and ``first_seen_at`` when that was (UTC). ``written_at``: when it was written (UTC;
    None: not known). ``sha256`` and ``bytes`` are those of the delivered file (None: it could not be read); ``parquet``
    are the files that reading it gave.
    """

    source_file_id: str
    relative_path: str
    state: FileState
    sha256: str | None
    bytes: int | None
    directory: str
    first_seen_attempt: int
    first_seen_at: datetime
    tables: tuple[TableRecord, ...] = ()
    skipped: tuple[SkippedSheet, ...] = ()
    refusal: Refusal | None = None
    parquet: Mapping[str, StoredFile] = field(default_factory=dict)
    written_at: datetime | None = None

    def after(self, moved: Mapping[int, Iterable[LineCount]]) -> FileRecord:
        """The record when lines of its tables, by the tables' numbers, have other outcomes (``TableRecord.after``)."""
        return replace(self, tables=tuple(table.after(moved.get(table.number, ())) for table in self.tables))


@dataclass(frozen=True, slots=True, config=_EXACT)
class ReleaseRecord:
    """Who let the attempt with this input through in spite of these rules, when (UTC) and why; what is left out."""

    input_id: str
    reason: str
    released_by: str
    released_at: datetime
    rule_ids: tuple[str, ...]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, config=_EXACT)
class Manifest:
    """One attempt of a district-year: what was delivered, what became of it, and by what it was decided.

    ``version`` is the accepted version's number, None for an attempt that is held back. ``input_id`` stands for
    everything delivered and every setting that was asked, ``decided_by`` for the program that decided. ``parquet`` are
    the files beside the manifest.
    """

    schema_version: int
    district_code: str
    fiscal_year: int
    version: int | None
    attempt: int
    input_id: str
    decided_by: str
    derived_by: str
    created_at: datetime
    files: tuple[FileRecord, ...]
    changed_after_closing: tuple[str, ...] = ()
    release: ReleaseRecord | None = None
    parquet: Mapping[str, StoredFile] = field(default_factory=dict)

    def present(self) -> Iterator[FileRecord]:
        """The files that were delivered, ready or not; those that no longer are, left out."""
        return (file for file in self.files if file.state is not FileState.WITHDRAWN)

    def tables(self) -> Iterator[tuple[FileRecord, TableRecord]]:
        """Every table that was read, with its file."""
        return ((file, table) for file in self.files if file.state is FileState.READ for table in file.tables)

    @property
    def datasets(self) -> list[str]:
        """The datasets of which a table was delivered."""
        return sorted({table.dataset for _, table in self.tables()})


def source_file_id(relative_path: str, sha256: str) -> str:
    """The id of a delivered file: its path below raw/ and its content."""
    return hashlib.sha256(f"{relative_path}\n{sha256}".encode()).hexdigest()[:16]


def in_order(counts: Iterable[LineCount]) -> tuple[LineCount, ...]:
    """Counts in the order of their outcomes and reasons."""
    outcomes = list(LineOutcome)
    return tuple(sorted(counts, key=lambda entry: (outcomes.index(entry.outcome), entry.reason)))
