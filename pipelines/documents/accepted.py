"""What persons of a district accepted: names of the accounts for printed ones, and figures that they looked up.

Two files beside the years of a district's published reports, which the bureau keeps: ``aliases.csv`` and
``confirmations.csv``. Nothing is accepted by likeness. Does not belong here: the workbook in which a person answers
(``confirm``), what a document says.
"""

from __future__ import annotations

import csv
import logging
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any

from pipelines.documents.model import Measure, Status

logger = logging.getLogger(__name__)

ALIASES = "aliases.csv"
"""Beside a district's years: printed_subject, accepted_subject; what a person accepted, never a likeness."""

CONFIRMATIONS = "confirmations.csv"
"""Beside a district's years: the fields of ``Confirmation``; what a person looked up in the document."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A figure that a person looked up: its document by the hash of its content, its place, and what it is.

    It holds for that content only: a new version of the document is looked up anew.
    """

    document_id: str
    page_number: int
    paragraph_number: int | None
    table_number: int | None
    table_row: int | None
    table_column: int | None
    printed_value: str
    printed_subject: str
    published_measure: str
    confirmed_by: str
    confirmed_on: date

    @property
    def place(self) -> tuple[Any, ...]:
        """What the figure is found by within its document."""
        return tuple(getattr(self, name) for name in PLACE)


PLACE = ("page_number", "paragraph_number", "table_number", "table_row", "table_column", "printed_value")
"""The fields that find a figure in its document; two figures that share them are confirmed by neither."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """Everything that was accepted in a district."""

    aliases: Mapping[str, str] = field(default_factory=dict)
    confirmations: Sequence[Confirmation] = ()

    def apply(
        self, document_id: str, document: Mapping[str, Any], statements: Iterable[Mapping[str, Any]]
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """A document's row and its statements with what was accepted: the numbers of the document still add up."""
        confirmed = {one.place: one for one in self.confirmations if one.document_id == document_id}
        rows = [dict(row) for row in statements]
        places = [tuple(row.get(name) for name in PLACE) for row in rows]
        read = 0
        for row, place in zip(rows, places, strict=True):
            one = confirmed.get(place)
            if one and places.count(place) == 1:
                read += row["statement_status"] == Status.UNREAD
                is_unread = row["statement_status"] == Status.UNREAD
                row |= {
                    "printed_subject": one.printed_subject,
                    "published_measure": one.published_measure,
                    "confirmed_on": one.confirmed_on,
                    "statement_status": Status.SINGLE if is_unread else row["statement_status"],
                }
            row["accepted_subject"] = self.aliases.get(row["printed_subject"], row["printed_subject"])
        changed = dict(document)
        if read:
            changed["numbers_used"] += read
            changed["numbers_unread"] -= read
        return changed, rows


def read_accepted(folder: Path) -> Accepted:
    """What a district accepted, from the folder of its published reports."""
    return Accepted(read_aliases(folder / ALIASES), read_confirmations(folder / CONFIRMATIONS))


def read_aliases(path: Path) -> dict[str, str]:
    """Accepted names by printed subject; a file that cannot be read counts for nothing and is told in the log."""
    rows = _read(path, ("printed_subject", "accepted_subject"))
    return {row["printed_subject"].strip(): row["accepted_subject"].strip() for row in rows}


def read_confirmations(path: Path) -> tuple[Confirmation, ...]:
    """Confirmed figures; a file or row that cannot be read counts for nothing and is told in the log."""
    found = []
    for number, row in enumerate(_read(path, [one.name for one in fields(Confirmation)]), 2):
        try:
            found.append(_confirmation(row))
        except ValueError as error:
            logger.warning("%s line %s: not a confirmed figure: %s", path, number, error)
    return tuple(found)


def _confirmation(row: Mapping[str, str]) -> Confirmation:
    def number(name: str) -> int | None:
        return int(row[name]) if row[name].strip() else None

    return Confirmation(
        document_id=row["document_id"],
        page_number=int(row["page_number"]),
        paragraph_number=number("paragraph_number"),
        table_number=number("table_number"),
        table_row=number("table_row"),
        table_column=number("table_column"),
        printed_value=row["printed_value"],
        printed_subject=row["printed_subject"],
        published_measure=Measure(row["published_measure"]),
        confirmed_by=row["confirmed_by"],
        confirmed_on=date.fromisoformat(row["confirmed_on"]),
    )


def _read(path: Path, names: Sequence[str]) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file, strict=True))
    except (OSError, UnicodeError, csv.Error) as error:
        logger.warning("%s: not a list of %s: %s", path, ", ".join(names), error)
        return []
    if any(not isinstance(row.get(name), str) for row in rows for name in names):
        logger.warning("%s: expected the columns %s", path, ", ".join(names))
        return []
    return rows


def add_aliases(path: Path, aliases: Mapping[str, str]) -> None:
    """Adds accepted names to those that a district keeps."""
    rows = [{"printed_subject": printed, "accepted_subject": name} for printed, name in aliases.items()]
    _write(path, ("printed_subject", "accepted_subject"), rows)


def add_confirmations(path: Path, confirmations: Iterable[Confirmation]) -> None:
    """Adds confirmed figures to those that a district keeps; of one place the last counts."""
    kept = {(one.document_id, one.place): one for one in (*read_confirmations(path), *confirmations)}
    _write(path, [one.name for one in fields(Confirmation)], [asdict(one) for one in kept.values()])


def _write(path: Path, names: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Writes a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)
    temporary = Path(file.name)
    temporary.chmod(0o644)
    temporary.replace(path)
