"""Begins a build from the last publication: only what belongs to changed districts is taken out and put in again.

A published file is the union of its districts (nothing is derived, joined or ranked across them), so a build that
replaces the rows of the changed district-years, derives those districts anew and leaves the others untouched gives, row
by row, what a build from nothing gives. Delivered rows are replaced by district-year, derived tables by district,
because comparisons with other years reach from one year into the next.
A publication is begun from only if it is byte for byte what was published, and was made by the same program, SQL,
settings and reference files (``ReusablePublication``); everything else is built from nothing.
Does not belong here: filling tables from the store (loading), the gate and the rename (publish).
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import cache
from importlib.metadata import version as program_version
from pathlib import Path

import duckdb

from pipelines.contracts.datasets import DATASETS
from pipelines.contracts.quality_tables import EXPECTED_DELIVERY, FINDING, QUALITY_TABLES
from pipelines.ledger.codec import as_json
from pipelines.ledger.fingerprint import fingerprint
from pipelines.quality.rules import Scope, read_rules
from pipelines.settings import Settings
from pipelines.sql_files import read_sql_group
from pipelines.warehouse.checksums import (
    Checksum,
    checksums_of,
    row_counts_that_differ,
    tables_that_differ,
    tables_with_column,
    update_checksums,
)
from pipelines.warehouse.database import run_sql
from pipelines.warehouse.derived import derived_tables, load_derived
from pipelines.warehouse.loading import Attempt, load_core, load_quality
from pipelines.warehouse.published_documents import TABLES as PUBLISHED_TABLES
from pipelines.warehouse.published_documents import documents_fingerprint
from pipelines.warehouse.reference import reference_fingerprint
from pipelines.warehouse.store import write_atomically

logger = logging.getLogger(__name__)

CHANGED_DISTRICTS = "changed_districts"
"""The catalog in memory in which the changed districts are derived: views of their rows in the file being built."""

RULES_OF_THE_DAY = ("closed-month-changed", "delivery-missing", "delivery-late")
"""Rules of findings that every build makes anew for all districts, since the calendar alone changes them."""

_RECORD = ".publication.json"
_COPIED_AT_A_TIME = 4 * 1024 * 1024
_OWNER = {"district_code", "fiscal_year"}
_OF_EVERY_BUILD = {table.name for table in (EXPECTED_DELIVERY, *PUBLISHED_TABLES)}
"""Tables of schema ``quality`` whose rows have a district-year but do not come from its deliveries."""
_SAID_BY_EVERY_BUILD = (f"quality.{FINDING.name}", f"quality.{EXPECTED_DELIVERY.name}")


@dataclass(frozen=True, slots=True)
class ReusablePublication:
    """What the published file was made of, kept beside it.

    ``sha256`` is the file's own, ``made_by`` stands for everything but deliveries that decides what is in it,
    ``district_years`` tells what each district-year (``440103/2022``) was made from. ``bytes_when_whole`` is the size
    of the file when it was last built from nothing, ``compared_on`` the day (ISO) of the last comparison with that.
    """

    build_id: str
    sha256: str
    made_by: str
    district_years: Mapping[str, str]
    bytes_when_whole: int
    compared_on: str


@dataclass(frozen=True, slots=True)
class Change:
    """What a build that begins from a publication replaces.

    ``changed`` are the district-years whose rows are replaced, ``districts`` those that are derived anew.
    """

    publication: ReusablePublication
    changed: frozenset[tuple[str, int]]

    def concerns(self, attempt: Attempt) -> bool:
        """Whether the rows of this attempt's district-year are replaced."""
        return _key(attempt) in self.changed

    @property
    def districts(self) -> list[str]:
        """The codes of the districts that are derived anew."""
        return sorted({district_code for district_code, _ in self.changed})


def made_from(attempts: Iterable[Attempt], held: Iterable[Attempt]) -> dict[str, str]:
    """What each district-year of a build is made from: a hash of its accepted version and of what is held back."""
    manifests: dict[str, list[str]] = {}
    for attempt in (*attempts, *held):
        key = f"{attempt.store.district_code}/{attempt.store.fiscal_year}"
        manifests.setdefault(key, []).append(as_json(attempt.manifest))
    return {key: fingerprint(content=parts) for key, parts in manifests.items()}


def record_publication(settings: Settings, publication: ReusablePublication) -> None:
    """Keeps what the published file was made of, for the next build to begin from."""
    write_atomically(settings.warehouse / _RECORD, json.dumps(asdict(publication), indent=1))


def note_comparison(settings: Settings, day: date) -> None:
    """Notes that the published file was found equal to a build from nothing on ``day``."""
    if publication := last_publication(settings):
        record_publication(settings, replace(publication, compared_on=day.isoformat()))


def made_by(settings: Settings) -> str:
    """A hash of everything but deliveries that decides what is in a published file, published reports included."""
    told = settings.model_dump_json(include={"thresholds", "thresholds_by_district", "findings_per_rule"})
    others = [reference_fingerprint(settings.accepted), documents_fingerprint(settings.documents)]
    return fingerprint(content=[program_fingerprint(), *others, told])


@cache
def program_fingerprint() -> str:
    """A hash of the program and its SQL, as far as they decide what is in a published file."""
    return fingerprint(
        program=["pipelines.warehouse.loading", "pipelines.warehouse.template", __name__],
        sql=[""],
        content=[program_version("district-finance")],
    )


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def last_publication(settings: Settings) -> ReusablePublication | None:
    """What is known of the published file; None where nothing is, or it cannot be read."""
    try:
        return ReusablePublication(**json.loads((settings.warehouse / _RECORD).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def change_since(publication: ReusablePublication, district_years: Mapping[str, str]) -> Change:
    """What has to be replaced in ``publication`` for it to be made from ``district_years`` (see ``made_from``)."""
    before = publication.district_years
    differing = {key for key in {*before, *district_years} if before.get(key) != district_years.get(key)}
    return Change(publication, frozenset((code, int(year)) for code, year in (key.split("/") for key in differing)))


def copy_if_as_published(source: Path, target: Path, publication: ReusablePublication) -> bool:
    """Copies the published file; tells whether it is byte for byte what was published."""
    if copy_with_sha256(source, target) == publication.sha256:
        return True
    logger.warning("the published file is not what was published: the build begins from nothing")
    target.unlink()
    return False


def copy_with_sha256(source: Path, target: Path) -> str:
    """Copies a file and returns the SHA-256 of what was copied."""
    digest = hashlib.sha256()
    with source.open("rb") as reading, target.open("wb") as writing:
        while part := reading.read(_COPIED_AT_A_TIME):
            digest.update(part)
            writing.write(part)
    return digest.hexdigest()


def replace_delivered(
    connection: duckdb.DuckDBPyConnection, change: Change, attempts: Sequence[Attempt], held: Sequence[Attempt]
) -> Partition:
    """Replaces the delivered rows of the changed district-years in the current catalog, a copy of the publication.

    What the last build itself found about the changed districts is removed. Returns the part of the file that changes.
    """
    partition = Partition(connection, change.districts)
    years = ", ".join(f"({_text(code)}, {year})" for code, year in sorted(change.changed))
    for table in _delivered_tables() if change.changed else ():
        connection.execute(f"delete from {table} where (district_code, fiscal_year) in ({years})")
    _forget_findings(connection, partition.condition)
    changed = [attempt for attempt in attempts if _key(attempt) in change.changed]
    load_core(connection, changed)
    load_quality(connection, changed, [attempt for attempt in held if _key(attempt) in change.changed])
    load_derived(connection, [(attempt.directory, attempt.manifest) for attempt in changed])
    return partition


def derive_changed(connection: duckdb.DuckDBPyConnection, partition: Partition) -> list[str]:
    """Derives the changed districts in a catalog of their own, ``CHANGED_DISTRICTS``, which is current afterwards.

    Returns the qualified tables that ``replace_derived`` has to put into the file.
    """
    catalog = current_catalog(connection)
    delivered = _delivered_tables()
    derived = {file.table for file in (*read_sql_group("core"), *read_sql_group("summary")) if file.is_kept}
    connection.execute(f"attach ':memory:' as {CHANGED_DISTRICTS}")
    for schema in ("core", "quality", "summary"):
        connection.execute(f"create schema {CHANGED_DISTRICTS}.{schema}")
    owned = tables_with_column(connection, "district_code")
    for table in tables_with_column(connection):
        is_owned = table in delivered or (table.startswith("quality.") and table in owned)
        if is_owned or (table.startswith("core.") and table not in derived):
            rows = f"where {partition.condition}" if is_owned else ""
            connection.execute(f"create view {CHANGED_DISTRICTS}.{table} as select * from {catalog}.{table} {rows}")
    # Made like those that they will replace: to ask what columns a query gives costs as much as the query.
    for table in derived.difference(delivered):
        like = f"select * from {catalog}.{table} limit 0"
        connection.execute(f"create table {CHANGED_DISTRICTS}.{table} as {like}")
    connection.execute(f"use {CHANGED_DISTRICTS}")
    made = run_sql(connection, "core", "summary", made=derived_tables(), with_comments=False)
    return [table for table in made if table not in delivered]


def replace_derived(connection: duckdb.DuckDBPyConnection, partition: Partition, tables: Iterable[str]) -> None:
    """Puts what was derived of the changed districts into the current catalog, in the place of what was there."""
    for table in tables:
        connection.execute(f"delete from {table} where {partition.condition}")
        connection.execute(f"insert into {table} by name select * from {CHANGED_DISTRICTS}.{table}")


def current_catalog(connection: duckdb.DuckDBPyConnection) -> str:
    """The name of the catalog in which tables without one are looked up."""
    return str(connection.execute("select current_database()").fetchall()[0][0])


def _key(attempt: Attempt) -> tuple[str, int]:
    return attempt.store.district_code, attempt.store.fiscal_year


def _delivered_tables() -> list[str]:
    """The qualified tables whose rows belong to one district-year each and come from the store."""
    quality = [table.name for table in QUALITY_TABLES if {column.name for column in table.columns} >= _OWNER]
    return [
        *(f"core.{name}" for name in DATASETS),
        *derived_tables(),
        *(f"quality.{name}" for name in quality if name not in _OF_EVERY_BUILD),
    ]


def _forget_findings(connection: duckdb.DuckDBPyConnection, condition: str) -> None:
    """Removes what the last build itself found: across years of the changed districts, and of its day everywhere."""
    across = [rule.id for rule in read_rules() if rule.scope is Scope.BUILD]
    table = f"quality.{FINDING.name}"
    connection.execute(f"delete from {table} where {condition} and rule_id in (select unnest(?::varchar[]))", [across])
    connection.execute(f"delete from {table} where rule_id in (select unnest(?::varchar[]))", [list(RULES_OF_THE_DAY)])


class Partition:
    """The rows of the changed districts in every table of the file that is being built, known by their checksums."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, districts: Sequence[str]) -> None:
        """Looks at the tables of the current catalog before anything in them is replaced."""
        self.condition = f"district_code in ({', '.join(map(_text, districts))})" if districts else "false"
        tables = tables_with_column(connection, "district_code")
        # What every build says anew of all districts is no part of any.
        self._whole = [name for name in tables if name.startswith(("history.", *_SAID_BY_EVERY_BUILD))]
        self._tables = [name for name in tables if name not in self._whole]
        self._before = checksums_of(connection, self._tables, self.condition)
        self._after: Mapping[str, Checksum] = {}

    def update_checksums(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Brings ``quality.table_checksum`` of the current catalog up to date after all replacements."""
        self._after = checksums_of(connection, self._tables, self.condition)
        update_checksums(connection, self._before, self._after)

    def differing(self, connection: duckdb.DuckDBPyConnection) -> list[str]:
        """The tables of the reopened file whose rows of the changed districts are not those that were written."""
        found = checksums_of(connection, self._tables, self.condition)
        differing = {table for table in self._tables if found[table] != self._after[table]}
        return sorted(differing.union(row_counts_that_differ(connection), tables_that_differ(connection, self._whole)))


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
