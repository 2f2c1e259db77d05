"""What a published document is once it is read: pages of paragraphs and tables, and the figures found in them.

Frozen records without behaviour beyond arithmetic on their own fields.
Does not belong here: how a format is read, how a figure is found in a text.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Measure(StrEnum):
    """What a published figure says of its subject. A rate's name carries its denominator."""

    INITIAL_BUDGET = "initial_budget"
    ADJUSTMENT = "adjustment"
    FULL_YEAR_BUDGET = "full_year_budget"
    EXECUTED = "executed"
    RECEIVED = "received"
    AMOUNT = "amount"
    EXECUTION_RATE = "execution_rate"
    COMPLETION_OF_INITIAL = "completion_of_initial"
    NET_ADJUSTMENT_RATE = "net_adjustment_rate"
    ALLOCATION_RATE = "allocation_rate"
    YOY_AMOUNT = "yoy_amount"
    YOY_RATE = "yoy_rate"
    SHARE = "share"
    LAG = "lag_pp"
    SCORE = "score"
    GRADE = "grade"


class DocumentKind(StrEnum):
    """What a published document is, by its title."""

    PROJECT_SELF_EVALUATION = "project_self_evaluation"
    SELF_EVALUATION = "self_evaluation"
    FINAL_ACCOUNT = "final_account"
    ADJUSTMENT_PLAN = "adjustment_plan"
    BULLETIN = "bulletin"
    BUDGET_EXECUTION = "budget_execution"
    BUDGET = "budget"
    OTHER = "other"


class Quantity(StrEnum):
    """What kind of number a token is, by its unit."""

    MONEY = "money"
    PERCENT = "percent"
    POINTS = "points"
    SCORE = "score"
    GRADE = "grade"


class Status(StrEnum):
    """How far a figure can be trusted."""

    PROVEN = "proven"
    SINGLE = "single"
    CONTRADICTED = "contradicted"
    UNREAD = "unread"


UNIT_FACTORS: dict[str, Decimal] = {
    "元": Decimal(1),
    "千元": Decimal(1_000),
    "万元": Decimal(10_000),
    "百万元": Decimal(1_000_000),
    "亿元": Decimal(100_000_000),
}
"""Yuan in one unit, as reports print units."""

DEPARTMENT = "DEPT"
"""The subject of a figure that is about the publishing department as a whole."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph as printed. ``page`` and ``number`` count from 1."""

    text: str
    page: int
    number: int


@dataclass(frozen=True, slots=True)
class Table:
    """One table as printed, cells as texts, a merged cell's in its first one; ``unit`` as told beside it."""

    rows: tuple[tuple[str, ...], ...]
    page: int
    number: int
    title: str = ""
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A document's content in reading order, and by which reader it was read."""

    paragraphs: tuple[Paragraph, ...]
    tables: tuple[Table, ...] = ()
    pages: int = 1
    pages_without_text: tuple[int, ...] = ()
    reader: str = "text"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a token is printed: in a paragraph from ``start`` to ``end``, or in a cell; all but offsets from 1."""

    page: int
    paragraph: int | None = None
    start: int | None = None
    end: int | None = None
    table: int | None = None
    row: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure that a document prints.

    ``value`` is signed and in ``unit``, with the decimals printed; ``sentence`` is what is printed around it, at most
    200 characters; ``denominator`` names a rate's denominator where the text does.
    """

    subject: str
    measure: Measure | None
    value: Decimal | str
    unit: str
    place: Place
    sentence: str
    fiscal_year: int | None = None
    section: str = ""
    status: Status = Status.SINGLE
    parent: int | None = None
    reading: str = "text"
    function_path: tuple[str, ...] = ()
    column: str = ""

    @property
    def amount(self) -> Decimal | None:
        """The money in yuan; None for what is no money."""
        if isinstance(self.value, Decimal) and self.unit in UNIT_FACTORS:
            return self.value * UNIT_FACTORS[self.unit]
        return None

    @property
    def number(self) -> Decimal:
        """The value as printed; raises ``TypeError`` for a grade, which is none."""
        if not isinstance(self.value, Decimal):
            raise TypeError(f"{self.value!r} is no number")
        return self.value

    @property
    def half_unit(self) -> Decimal:
        """Half a unit of the last printed digit, in yuan for money, in points for a rate."""
        if not isinstance(self.value, Decimal):
            return Decimal(0)
        return Decimal(5).scaleb(int(self.value.as_tuple().exponent) - 1) * UNIT_FACTORS.get(self.unit, Decimal(1))


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A number with a unit that is no figure of the accounts, and why."""

    text: str
    reason: str
    place: Place
    sentence: str


class Identity(StrEnum):
    """What figures of one document must agree in."""

    ADDS_UP = "adds_up"
    RATE = "rate"
    GROWTH = "growth"
    SHARE = "share"
    PARTS = "parts"
    SAME_FIGURE = "same_figure"
    HIERARCHY = "hierarchy"


@dataclass(frozen=True, slots=True)
class Inconsistency:
    """An identity of a document that does not close.

    ``figures`` are positions in ``Reading.figures``, the one that was computed anew first; ``printed`` and
    ``expected`` are in its unit. ``is_truncated``: the printed value is the exact one cut off, not rounded.
    """

    identity: Identity
    figures: tuple[int, ...]
    printed: Decimal
    expected: Decimal
    is_truncated: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything that was found in a document: tokens = figures (unread ones included) + passed over."""

    figures: tuple[Figure, ...]
    passed_over: tuple[PassedOver, ...] = ()
    tokens: int = 0
    inconsistencies: tuple[Inconsistency, ...] = ()


class DocumentRefused(Exception):  # noqa: N818 - a refusal is no error of the program
    """A document that cannot be read: what was found, and what to do, in both languages."""

    def __init__(self, found: str, remedy_zh: str, remedy: str) -> None:
        super().__init__(found, remedy_zh, remedy)
        self.found = found
        self.remedy_zh = remedy_zh
        self.remedy = remedy
