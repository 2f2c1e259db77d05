"""The cues: rows of ``cues.csv`` and ``passed_over.csv`` that tell what a number measures, or why it is no figure.

Each row has an example, and a counter-example in which it must not apply; both are tests.
Does not belong here: the order in which cues are asked (``grammar``).
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pipelines.documents.model import Measure, Quantity

_HERE = Path(__file__).parent
_CONNECTORS = (
    r"(?:数|数额|金额|总额|总数|规模|合计|共计|累计|总计|共|为|是|达到|达|约|近|的|:|仅|也|已|高达|人民币|实际|完成|实现|安排|分别|均|各"
    r"|其中|,?共?\d+(?:个|项)(?:项目)?|\"|')*"
)


@dataclass(frozen=True, slots=True)
class Cue:
    """A row of ``cues.csv``.

    ``subject``: ``before`` the cue, ``with`` (the cue belongs to the name), ``after`` it, or a fixed name.
    The strongest cue wins; of equally strong ones that which ends nearest to the number, then the longest.
    """

    pattern: re.Pattern[str]
    measure: Measure
    quantity: Quantity
    sign: int | None
    subject: str
    strength: int
    example: str
    value: str
    counter_example: str


@dataclass(frozen=True, slots=True)
class PassedOverCue:
    """A row of ``passed_over.csv``: where the pattern is looked for, and the reason told."""

    pattern: re.Pattern[str]
    scope: str
    reason: str
    example: str
    counter_example: str


@cache
def cues() -> tuple[Cue, ...]:
    """All cues."""
    return tuple(
        Cue(
            re.compile(f"(?P<core>{row['pattern']})(?P<gap>{_CONNECTORS})$"),
            Measure(row["measure"]),
            Quantity(row["quantity"]),
            int(row["sign"]) if row["sign"] else None,
            row["subject"],
            int(row["strength"]),
            row["example"],
            row["value"],
            row["counter_example"],
        )
        for row in _rows("cues.csv")
    )


@cache
def passed_over_cues() -> tuple[PassedOverCue, ...]:
    """What makes a number no figure of the accounts."""
    return tuple(
        PassedOverCue(re.compile(row["pattern"]), row["scope"], row["reason"], row["example"], row["counter_example"])
        for row in _rows("passed_over.csv")
    )


@cache
def section_cues() -> tuple[PassedOverCue, ...]:
    """Titles of sections in which only a figure with a strong cue counts."""
    return tuple(
        PassedOverCue(re.compile(row["pattern"]), "section", row["reason"], row["example"], row["counter_example"])
        for row in _rows("sections.csv")
    )


def _rows(name: str) -> list[dict[str, str]]:
    with (_HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))
