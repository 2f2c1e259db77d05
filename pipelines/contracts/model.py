"""The vocabulary in which a contract is written: kinds, columns, datasets, rules.

Pure data without third-party imports, so that the command line can show a contract without loading pandas.
Does not belong here: any particular dataset.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What a column holds, and with it how a cell is read and how a value is stored.

    ``AMOUNT`` is decimal yuan with two places. ``RATIO`` is a ratio with six places (0.783300), ``PERCENT`` the same
    kind of figure in percent with two places (78.33). A cell of kind ``RATIO`` or ``PERCENT`` may be delivered as
    ``78.33%``, ``78.33`` or ``0.7833``; how it is told apart is told in ``pipelines.ingest.cells``.
    """

    TEXT = "text"
    CODE = "code"
    AMOUNT = "amount"
    RATIO = "ratio"
    PERCENT = "percent"
    DATE = "date"
    INTEGER = "integer"
    FLAG = "flag"
    TIMESTAMP = "timestamp"
    SUM = "sum"
    """A sum of amounts in yuan, wide enough for any number of rows."""
    FINDING_VALUE = "finding_value"
    """An amount in yuan or a rate as a ratio, as a finding compares them."""

    @property
    def duckdb_type(self) -> str:
        """The DuckDB type in which a value of this kind is stored."""
        return _DUCKDB_TYPES[self]


_DUCKDB_TYPES: dict[Kind, str] = {
    Kind.TEXT: "VARCHAR",
    Kind.CODE: "VARCHAR",
    Kind.AMOUNT: "DECIMAL(18,2)",
    Kind.RATIO: "DECIMAL(18,6)",
    Kind.PERCENT: "DECIMAL(14,2)",
    Kind.DATE: "DATE",
    Kind.INTEGER: "BIGINT",
    Kind.FLAG: "BOOLEAN",
    Kind.TIMESTAMP: "TIMESTAMP",
    Kind.SUM: "DECIMAL(38,2)",
    Kind.FINDING_VALUE: "DECIMAL(38,6)",
}


class Blank(StrEnum):
    """What an empty cell (or a dash) in a column means."""

    UNKNOWN = "unknown"
    ZERO = "zero"


class Personal(StrEnum):
    """What happens to a column that can name or identify a person.

    ``MASK`` is for free text: runs of digits that can be an identity number, an account or a telephone number are
    replaced; a name in free text cannot be told from other words and stays.
    """

    NO = "no"
    DROP = "drop"
    HASH = "hash"
    MASK = "mask"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of one dataset, or one published figure.

    ``name`` is the same in Python, SQL and the documentation. ``headers`` are the names under which exports deliver
    it (compared after folding case, width and white space; the ministry's column name is among them).
    ``required`` means that a file without this header is refused; ``nullable`` that a cell may be empty.
    ``pattern`` is a regular expression that the whole normalised text must match.
    ``codes`` maps delivered spellings (folded) to the stored value; any other value is a row error.
    ``name_column`` is filled from a cell that holds code and name together (``019100 某单位``).
    ``alternatives`` tells that several of its headers may stand side by side in one table (a unit and its department,
    a code and its name): the first in the order of ``headers`` counts, the others fill its blanks (never those of an
    amount). Columns with ``codes`` always allow it.
    ``spreads`` tells that the values of ``codes`` may stand as headers instead (an amount under 一般公共预算, another
    under 政府性基金预算): one row of the table then is one line per value.
    ``digits`` are the lengths that a purely numeric code may have: a lost leading zero is restored only if exactly
    one of them fits.
    ``is_name`` tells that rows are matched by the value: names that only look different are one name, and the dataset
    keeps the spelling as delivered, where it differs, in a column of its own (``delivered_spelling``).
    ``is_free_text`` tells that its cells are sentences, which match nothing.
    """

    name: str
    kind: Kind
    label_zh: str
    meaning: str
    meaning_zh: str
    headers: tuple[str, ...] = ()
    required: bool = False
    nullable: bool = True
    blank: Blank = Blank.UNKNOWN
    personal: Personal = Personal.NO
    pattern: str | None = None
    codes: tuple[tuple[str, str], ...] = ()
    name_column: str | None = None
    digits: tuple[int, ...] = ()
    alternatives: bool = False
    spreads: bool = False
    is_name: bool = False
    is_free_text: bool = False
    is_delivered_spelling: bool = False

    def as_required(self, **changes: Any) -> Column:
        """This column as a required, not nullable one; ``changes`` replace further facets."""
        return replace(self, required=True, nullable=False, **changes)

    def but(self, **changes: Any) -> Column:
        """This column with some facets replaced (usually further headers)."""
        return replace(self, **changes)

    @property
    def delivered_spelling(self) -> Column:
        """The column beside a name that keeps its spelling as delivered."""
        return Column(
            f"{self.name}_as_delivered",
            Kind.TEXT,
            f"{self.label_zh}（原文）",
            f"The {self.name.replace('_', ' ')} as delivered, where it is spelt in another way; else empty.",
            f"{self.label_zh}的原始写法，与规范写法不同时才有值。",
            is_delivered_spelling=True,
        )

    @property
    def is_identifier(self) -> bool:
        """Whether its cells number or code something: all digits matter."""
        is_number = self.name.endswith(("_number", "_id")) and not self.names_persons
        return self.kind is Kind.CODE or (self.kind is Kind.TEXT and is_number)

    @property
    def names_persons(self) -> bool:
        """Whether the whole cell may name a person, so that it is shown nowhere."""
        return self.personal in (Personal.DROP, Personal.HASH)


class Severity(StrEnum):
    """What a rule's failure leads to."""

    ERROR = "error"
    """The row is set aside."""
    FATAL = "fatal"
    """The file is refused, or the district-year held back."""
    WARNING = "warning"
    """Reported only."""


@dataclass(frozen=True, slots=True)
class RowRule:
    """A rule about one row of one dataset, checked by pandera on the rows whose cells could all be read.

    ``sql`` is a predicate over the dataset's columns that is TRUE where the row is right; NULL counts as right (say
    ``is not null`` where it must not). It is the only definition: the pandera check is compiled from it.
    """

    id: str
    sql: str
    columns: tuple[str, ...]
    message: str
    message_zh: str
    severity: Severity = Severity.ERROR


class Marks(StrEnum):
    """What becomes of columns beside the amounts that say of a row that it was voided or its money came back."""

    NONE = "none"
    """They are about something else (the state of an application)."""
    VOIDED = "voided"
    """Rows marked as void in known words (``contracts.words``) are passed over; whatever else changes a row refuses."""
    SIGNED = "signed"
    """The same, and what a column of increases and decreases calls a decrease counts negative."""
    APPLIED = "applied"
    """As voided, and money that came back counts negative."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """How one row of an export tells both sides of a movement of money: a receiver, an amount and who gave it.

    Such a row is two lines, each with the row's place: the amount for the receiver, and the amount taken from the
    giver, who then stands in the column ``receiver``. All names are columns of the dataset. ``side`` says which of both
    a line is (``in``, ``out``). A positive amount with a giver is a transfer unless ``kind`` says something other than
    ``moved``; where the export has no kind, ``moved`` is told by the giver, and ``added`` or ``cut`` by the sign where
    there is none. ``of_receiver`` are the columns that describe the receiver only: in the giver's line they are filled
    from ``described_by``, the dataset whose rows those columns identify.
    """

    amount: str
    receiver: str
    giver: str
    side: str
    kind: str
    moved: str
    added: str
    cut: str
    of_receiver: tuple[str, ...]
    described_by: str


DROPPED_DIGEST = "dropped_digest"
"""The column of the accepted store that tells lines apart which differ only in what is not stored."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """One kind of export.

    ``one_of`` lists groups of columns of which each row must fill at least one (a department by code, by name, or
    both) and each file must have at least one header. ``identity`` names the columns that say which line a line is
    (a code column stands for its name column where the code is empty), never an amount or a free text; between
    deliveries ``quality.replacement`` compares by it. ``numbered_by`` is the column that numbers lines; a line without
    its number has no identity of its own. ``dated_by`` is the date by which a delivery covers a period (None: the whole
    year). ``reclassified_by`` are the columns of the identity that may differ where a line was put under another
    project, code or date of the month. ``states_once``: the dataset is a list or a statement that says one thing once,
    so that two lines of one file with one identity contradict each other; elsewhere lines of one file are facts.
    ``distinguishing`` headers decide between datasets whose required headers are both present.
    ``spread_amount`` is the amount that a bare value of a spreading column means as a header (``Column.spreads``), as
    such or below one of ``spread_parents``; figures under a value of ``negative_spread`` are delivered positive and
    count negative.
    ``deletion_marks`` tell how this export writes in ``is_deleted`` whether a row is deleted in its source
    (spelling → deleted).
    ``states`` tells that its rows state what is, of departments and projects; a row may then be the sum of others. Rows
    that are movements are never sums.
    """

    name: str
    label_zh: str
    meaning: str
    meaning_zh: str
    columns: tuple[Column, ...]
    identity: tuple[str, ...]
    numbered_by: str | None = None
    dated_by: str | None = None
    reclassified_by: tuple[str, ...] = ()
    states_once: bool = False
    one_of: tuple[tuple[str, ...], ...] = ()
    row_rules: tuple[RowRule, ...] = ()
    distinguishing: tuple[str, ...] = ()
    spread_amount: str | None = None
    spread_parents: tuple[str, ...] = ()
    negative_spread: tuple[str, ...] = ()
    deletion_marks: tuple[tuple[str, bool], ...] = ()
    transfer: Transfer | None = None
    states: bool = False
    marks: Marks = Marks.VOIDED
    _by_name: dict[str, Column] = field(init=False, repr=False, compare=False, hash=False)

    def __post_init__(self) -> None:
        known = {column.name for column in self.columns}
        spellings = [column.delivered_spelling for column in self.columns if column.is_name]
        further = tuple(spelling for spelling in spellings if spelling.name not in known)
        object.__setattr__(self, "columns", (*self.columns, *further))
        by_name = {column.name: column for column in self.columns}
        if len(by_name) != len(self.columns):
            raise ValueError(f"dataset {self.name}: a column is defined twice")
        object.__setattr__(self, "_by_name", by_name)
        used = {*self.identity, *self.reclassified_by, *self.distinguishing}
        used.update(name for name in (self.numbered_by, self.dated_by) if name)
        used.update(name for group in self.one_of for name in group)
        used.update(name for rule in self.row_rules for name in rule.columns)
        used.update([self.spread_amount] if self.spread_amount else ())
        if unknown := used - by_name.keys():
            raise ValueError(f"dataset {self.name}: names columns that it does not define: {sorted(unknown)}")

    def __getitem__(self, name: str) -> Column:
        return self._by_name[name]

    @property
    def stored_columns(self) -> tuple[Column, ...]:
        """The columns that reach the accepted store (personal data that is dropped does not)."""
        return tuple(column for column in self.columns if column.personal is not Personal.DROP)

    @property
    def value_columns(self) -> tuple[Column, ...]:
        """The stored columns in which two rows differ: not in how a name was spelt."""
        return tuple(column for column in self.stored_columns if not column.is_delivered_spelling)

    @property
    def digest_columns(self) -> tuple[str, ...]:
        """Further columns of the accepted store, never loaded or published: keyed hashes of what is not stored.

        ``<column>_digest`` of each personal column of the identity, and ``dropped_digest`` of all cells of a line that
        are delivered and not stored; 64-bit integers, NULL where the cells are empty.
        """
        dropped = (name for name in self.identity if self[name].personal is Personal.DROP)
        return (*(f"{name}_digest" for name in dropped), DROPPED_DIGEST)

    @property
    def amount_columns(self) -> tuple[str, ...]:
        """The names of the money columns: what conservation adds up."""
        return tuple(column.name for column in self.columns if column.kind is Kind.AMOUNT)
