"""One document beside the publication, before or after it lies below the root of published reports.

The comparison is the night's own statement (``sql/summary/published_reconciliation.sql``), made over the published
tables and what the document at hand says. Does not belong here: reading (``read``), printing (``commands``).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.databases import in_memory
from pipelines.documents.accepted import Accepted
from pipelines.documents.published import Outcome, PublishedFile, settled_table, table_rows
from pipelines.sql_files import read_sql_group
from pipelines.warehouse.connect import attach_published, open_published
from pipelines.warehouse.published_documents import TABLES

if TYPE_CHECKING:
    import duckdb

_STATEMENT = "published_reconciliation"
_PUBLISHED = "published"

DIFFERS = frozenset({"differs", "unit_slip"})
"""Statuses of figures that are wrong; one that is cut off instead of rounded is not."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A published figure beside the computed one; amounts in yuan, rates as ratios, None where there is none."""

    statement_number: int
    page_number: int | None
    printed_subject: str | None
    published_measure: str
    printed_value: str
    computed_amount: Decimal | None
    computed_rate: Decimal | None
    publication_difference: Decimal | None
    linked_by: str
    statement_status: str
    reconciliation_status: str


@dataclass(frozen=True, slots=True)
class Check:
    """What comparing a document gave; ``inconsistencies`` are identities within the document that do not close."""

    document: Mapping[str, Any]
    department_name: str | None
    figures: tuple[Compared, ...]
    unread: tuple[Mapping[str, Any], ...]
    inconsistencies: tuple[Mapping[str, Any], ...]

    @property
    def counts(self) -> Counter[str]:
        """How many figures have each status, the unread ones included."""
        return Counter(figure.reconciliation_status for figure in self.figures) + Counter(unread=len(self.unread))

    @property
    def figures_by_number(self) -> dict[int, Compared]:
        """The figures by their number in the document."""
        return {figure.statement_number: figure for figure in self.figures}

    @property
    def is_right(self) -> bool:
        """Whether every figure was read and nothing in the document or beside the warehouse differs."""
        broken = any(not row["is_truncated"] for row in self.inconsistencies)
        differs = any(figure.reconciliation_status in DIFFERS for figure in self.figures)
        return not (differs or broken or self.unread or self.document.get("refusal"))


def check_document(database: Path, file: PublishedFile, outcome: Outcome, accepted: Accepted) -> Check:
    """Compares what was read of a file with the published database.

    Raises:
        NotPublishedError: there is no published database.
    """
    rows = table_rows(file, outcome, accepted)
    statement = next(found for found in read_sql_group("summary") if found.name == _STATEMENT)
    with in_memory() as connection:
        attach_published(connection, database, _PUBLISHED)
        connection.execute("create schema quality; create schema summary")
        for table in TABLES:
            connection.register("read_rows", settled_table(table, rows[table.name]))
            connection.execute(f"create table quality.{table.name} as from read_rows")
            connection.unregister("read_rows")
        for name in sorted(statement.reads - {f"quality.{table.name}" for table in TABLES}):
            connection.execute(f"create view {name} as from {_PUBLISHED}.{name}")
        connection.execute(f"create view {statement.table} as {statement.query}")
        (check,) = _checks(connection, None, None)
    return check


def check_published(database: Path, district: str | None, year: int | None) -> list[Check]:
    """What the last publication tells of every document that it compared, in the order of their paths.

    Raises:
        NotPublishedError: there is no published database.
    """
    with open_published(database) as connection:
        return _checks(connection, district, year)


def _checks(connection: duckdb.DuckDBPyConnection, district: str | None, year: int | None) -> list[Check]:
    def rows(table: str, condition: str = "true") -> list[dict[str, Any]]:
        query = (
            f"from {table} where district_code = coalesce(?, district_code) and fiscal_year = coalesce(?, fiscal_year)"
            f" and {condition} order by all"
        )
        cursor = connection.execute(query, [district, year])
        names = [column[0] for column in cursor.description or ()]
        found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        return sorted(found, key=lambda row: (row["document_path"], row.get("statement_number", 0)))

    compared = _by_path(rows(f"summary.{_STATEMENT}"))
    unread = _by_path(rows("quality.published_statement", "statement_status = 'unread'"))
    inconsistencies = _by_path(rows("quality.published_inconsistency"))
    checks = []
    for document in rows("quality.published_document"):
        path = document["document_path"]
        names = [field.name for field in fields(Compared)]
        figures = tuple(Compared(**{name: row[name] for name in names}) for row in compared[path])
        publisher = next((row["department_name"] for row in compared[path] if row["department_name"]), None)
        checks.append(Check(document, publisher, figures, tuple(unread[path]), tuple(inconsistencies[path])))
    return checks


def _by_path(rows: list[dict[str, Any]]) -> defaultdict[str, list[dict[str, Any]]]:
    grouped: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        grouped[row["document_path"]].append(row)
    return grouped
