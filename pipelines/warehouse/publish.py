"""Builds a fresh database from every accepted version, asks the gate, and publishes it by one atomic rename.

The gate is inside ``build_and_publish``: there is no other way to the published path, whatever assets are selected.
Readers of the old file keep it; a failed or killed build leaves the last publication untouched.
Does not belong here: accepting a district-year (warehouse.accept), reports (reports).
"""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from importlib.metadata import version as program_version
from pathlib import Path
from typing import Any, Literal

import duckdb
import pyarrow as pa

from pipelines.contracts.arrow_types import ARROW_TYPES
from pipelines.contracts.model import Severity
from pipelines.contracts.quality_tables import EXPECTED_DELIVERY
from pipelines.databases import read_only
from pipelines.ledger.codec import DamagedStoreError, as_json
from pipelines.ledger.fingerprint import fingerprint
from pipelines.quality.findings import Finding, findings_table
from pipelines.quality.rules import Scope, register_table, run_rules
from pipelines.settings import Settings
from pipelines.warehouse.checksums import checksums_told, tables_that_differ, write_checksums
from pipelines.warehouse.connect import NotPublishedError, logs_left_over, open_published
from pipelines.warehouse.derived import derivation_fingerprint
from pipelines.warehouse.expected_deliveries import delivery_findings, expected_deliveries, is_overdue
from pipelines.warehouse.history import keep_history, write_history
from pipelines.warehouse.incremental import (
    Change,
    Partition,
    ReusablePublication,
    change_since,
    copy_if_as_published,
    current_catalog,
    derive_changed,
    last_publication,
    made_by,
    made_from,
    note_comparison,
    record_publication,
    replace_delivered,
    replace_derived,
    sha256_of,
)
from pipelines.warehouse.integrity import check_version
from pipelines.warehouse.loading import (
    Attempt,
    accepted_attempt,
    conservation_failures,
    held_attempt,
    held_if_whole,
    inputs_json,
    load_tables,
)
from pipelines.warehouse.migrate import bring_up_to_date
from pipelines.warehouse.month_close import month_to_close, restatement_findings
from pipelines.warehouse.published_documents import documents_fingerprint, load_published_documents
from pipelines.warehouse.reference import reference_fingerprint, take_reference_files
from pipelines.warehouse.stages import Stage, reached
from pipelines.warehouse.store import DistrictYearStore, district_years, read_manifest, sync_directory
from pipelines.warehouse.template import attach, copy_template, detach
from pipelines.warehouse.working_memory import bound_memory, working_database

logger = logging.getLogger(__name__)

FILE_MODE = 0o640
"""The published file is readable by its group and written by nobody but the run."""


DATABASE_SCHEMA_VERSION = 1
"""Raised when tables or columns of the published file change so that a reader of the earlier ones would fail."""

MOST_GROWTH = 1.5
MOST_ROOM = 64 * 1024 * 1024
"""A published file that grew beyond so many times its size when it was built from nothing and so many bytes is
built from nothing: what is taken out of a file leaves room in it that is not given back."""

_OF_ONE_BUILD = ("quality.build", "quality.table_checksum", "history.")
"""Tables, by the beginnings of their names, that say which builds there were: no two builds agree on them."""

_OUTSIDE_FAULTS = (
    OSError,
    duckdb.IOException,
    duckdb.OutOfMemoryException,
    duckdb.TransactionException,
    duckdb.FatalException,
)
"""How a full disk and the like show themselves; anything else is a fault of the program and keeps its own name."""


class BuildError(Exception):
    """A build could not be completed; the last publication stays. The message says what failed and where."""


@dataclass(frozen=True, slots=True)
class Publication:
    """What became of the build.

    ``status``: ``published``, ``unchanged`` (the published file already says all this), ``held_back`` (the gate
    refused; the last publication stays) or ``nothing`` (no district-year was ever accepted).
    ``problems`` are district-years whose accepted version is damaged and cannot be made again, as sentences.
    """

    status: Literal["published", "unchanged", "held_back", "nothing"]
    database: Path
    build_id: str | None = None
    reasons: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def build_and_publish(settings: Settings, *, damaged_stay_behind: bool = False, rebuild: bool = False) -> Publication:
    """Builds and publishes what the accepted store holds; the caller holds the warehouse's lock.

    A build begins from the last publication and replaces what changed, where it can (``warehouse.incremental``). Every
    ``settings.rebuild_days``, and where ``rebuild`` asks for it, everything is also built from nothing and compared:
    where a table differs, what was built from nothing is published, and ``problems`` names the table.

    ``damaged_stay_behind``: a district-year whose version is damaged is published as of its newest whole version, or
    left out where it has none, and the others are published; ``problems`` tells it.

    Raises:
        BuildError: the finished file could not be written or did not verify, or a later program published.
        DamagedStoreError: an accepted version is not as it was written; the next run makes it again from raw/.
    """
    shutil.rmtree(settings.workshop, ignore_errors=True)
    bring_up_to_date(settings.accepted)
    take_reference_files(settings)
    stores = district_years(settings.accepted)
    attempts, held, problems = _what_counts(stores, damaged_stay_behind=damaged_stay_behind)
    if not attempts:
        return Publication("nothing", settings.database, problems=problems)
    of_the_day = _of_the_day(settings, attempts, held)
    inputs = _Inputs(attempts, held, of_the_day, _inputs_hash(settings, attempts, held, of_the_day), bool(problems))
    _set_logs_aside(settings.database)
    published = published_build(settings.database)
    if published:
        _refuse_downgrade(settings.database, published)
    if logs_set_aside(settings.database):
        published = None  # somebody wrote into it: it is made anew, and nothing of it is history
    if published:
        keep_history(settings, published["build_id"])
    if published and published["inputs_hash"] == inputs.hash:
        publication = Publication("unchanged", settings.database, published["build_id"])
    else:
        publication = _build_and_replace(settings, inputs, published, _change_since(settings, inputs, published))
    if publication.build_id and publication.status != "held_back" and (rebuild or _is_audit_due(settings)):
        publication = _audit(settings, inputs, publication)
    return replace(publication, problems=[*problems, *publication.problems])


def _build_and_replace(
    settings: Settings, inputs: _Inputs, published: dict[str, Any] | None, change: Change | None
) -> Publication:
    """Builds the file, asks the gate, and puts the file in the place of the published one."""
    started_at = datetime.now(UTC).replace(tzinfo=None)
    build_id = f"{started_at:%Y%m%dT%H%M%S}-{inputs.hash[:8]}"
    for attempt in inputs.attempts:  # of all: what lies damaged in the store is to be told while it can be mended
        check_version(attempt.store, attempt.directory, attempt.manifest)
    target = settings.workshop / "district_finance.duckdb"
    with _outside_faults_told(target):
        identity = _Identity(build_id, started_at, published["build_id"] if published else None)
        if change is None:
            reasons, partition = _build(target, settings, inputs, identity), None
        else:
            reasons, partition = _build_from_publication(target, settings, inputs, identity, change)
        if reasons:
            logger.error("publication held back", extra={"build": build_id})
            return Publication("held_back", settings.database, build_id, reasons)
        _verify(target, build_id, settings, partition)
        reached(Stage.VERIFIED)
        _put_in_place(settings, target, inputs, build_id, change)
    try:
        keep_history(settings, build_id)
        reached(Stage.HISTORY_KEPT)
    except OSError as error:
        logger.warning("the history is not kept beside the published file yet, the next run tries again: %s", error)
    logger.info("published", extra={"build": build_id, "districts": change.districts if change else "all"})
    return Publication("published", settings.database, build_id)


@contextmanager
def _outside_faults_told(target: Path) -> Iterator[None]:
    """A folder for the build that is gone afterwards; a full disk and the like become a ``BuildError``."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except _OUTSIDE_FAULTS as error:
        raise BuildError(
            f"{target}: the build could not be completed ({error}). The last publication stays as it was. Make room on "
            "the disk or correct the cause, then run again. "
            "构建未能完成，上次发布保持不变；请释放磁盘空间或排除故障后重新运行。"
        ) from error
    finally:
        shutil.rmtree(target.parent, ignore_errors=True)


def _put_in_place(settings: Settings, target: Path, inputs: _Inputs, build_id: str, change: Change | None) -> None:
    """Publishes a verified file and notes what it was made of."""
    today = settings.local_date(datetime.now(UTC)).isoformat()
    made_of = ReusablePublication(
        build_id=build_id,
        sha256=sha256_of(target),
        made_by=made_by(settings),
        district_years=made_from(inputs.attempts, inputs.held),
        bytes_when_whole=change.publication.bytes_when_whole if change else target.stat().st_size,
        compared_on=change.publication.compared_on if change else today,
    )
    _publish(target, settings.database)
    reached(Stage.RENAMED)
    record_publication(settings, made_of)


def _change_since(settings: Settings, inputs: _Inputs, published: dict[str, Any] | None) -> Change | None:
    """What to replace in the last publication; None where the build has to begin from nothing."""
    publication = last_publication(settings)
    if published is None or publication is None or inputs.is_damaged:
        return None
    if publication.build_id != published["build_id"] or publication.made_by != made_by(settings):
        return None
    if settings.database.stat().st_size > publication.bytes_when_whole * MOST_GROWTH + MOST_ROOM:
        return None
    change = change_since(publication, made_from(inputs.attempts, inputs.held))
    concerned = [attempt for attempt in inputs.attempts if change.concerns(attempt)]
    is_derived = all(attempt.manifest.derived_by == derivation_fingerprint() for attempt in concerned)
    return change if is_derived and len(concerned) < len(inputs.attempts) else None


def _is_audit_due(settings: Settings) -> bool:
    """Whether what is published has not been compared with a build from nothing for too long."""
    publication = last_publication(settings)
    if publication is None or settings.rebuild_days is None:
        return False
    age = settings.local_date(datetime.now(UTC)) - date.fromisoformat(publication.compared_on)
    return age.days >= settings.rebuild_days


def _audit(settings: Settings, inputs: _Inputs, publication: Publication) -> Publication:
    """Builds everything from nothing and compares it with what is published, table by table.

    Where they differ, what was built from nothing is published, and ``problems`` names the tables.
    """
    published = published_build(settings.database)
    for attempt in inputs.attempts:
        check_version(attempt.store, attempt.directory, attempt.manifest)
    target = settings.workshop / "district_finance.duckdb"
    started_at = datetime.now(UTC).replace(tzinfo=None)
    build_id = f"{started_at:%Y%m%dT%H%M%S}-{inputs.hash[:8]}"
    with _outside_faults_told(target):
        after = published["build_id"] if published else None
        reasons = _build(target, settings, inputs, _Identity(build_id, started_at, after))
        if reasons:
            return Publication("held_back", settings.database, build_id, reasons)
        differing = _differing(settings, target)
        if not differing:
            note_comparison(settings, settings.local_date(datetime.now(UTC)))
            return publication
        _verify(target, build_id, settings)
        _put_in_place(settings, target, inputs, build_id, None)
    keep_history(settings, build_id)
    tables = ", ".join(differing)
    logger.error("the publication differed from a build from nothing, which took its place", extra={"tables": tables})
    told = (
        f"{settings.database}: {tables} differed from a build from nothing, which is published now (build {build_id}). "
        "Report this to whoever maintains the program. "
        "与全部重新生成的结果不一致，现已发布重新生成的结果，请告知维护人员。"
    )
    return Publication("published", settings.database, build_id, problems=[told])


def _differing(settings: Settings, target: Path) -> list[str]:
    """The tables of the published file that hold other rows than those of ``target``, built from nothing."""
    with open_published(settings.database) as connection:
        bound_memory(connection, settings)
        differing = tables_that_differ(connection)
        found = checksums_told(connection)
    with read_only(target) as connection:
        expected = checksums_told(connection)
    told = {table for table in expected.keys() | found.keys() if not table.startswith(_OF_ONE_BUILD)}
    return sorted({*differing, *(table for table in told if expected.get(table) != found.get(table))})


def _what_counts(
    stores: list[DistrictYearStore], *, damaged_stay_behind: bool
) -> tuple[list[Attempt], list[Attempt], list[str]]:
    """Accepted versions, attempts that are held back, and what is damaged of both, as sentences."""
    if not damaged_stay_behind:
        accepted = [attempt for store in stores if (attempt := accepted_attempt(store))]
        return accepted, [attempt for store in stores if (attempt := held_attempt(store))], []
    problems: list[str] = []
    accepted = [attempt for store in stores if (attempt := _newest_whole(store, problems))]
    held = [attempt for store in stores if (attempt := held_if_whole(store))]
    readable = {attempt.directory for attempt in held}
    problems += [
        f"{store.held}: the attempt that was held back is damaged; deliver it again. 暂缓记录已损坏，请重新报送。"
        for store in stores
        if store.held.exists() and store.held not in readable
    ]
    return accepted, held, problems


def _newest_whole(store: DistrictYearStore, problems: list[str]) -> Attempt | None:
    """The version that counts, or the newest before it that is whole; ``problems`` gets a sentence if it is older."""
    if store.current is None:
        return None
    place = f"{store.district_code}/{store.fiscal_year}"
    damage: DamagedStoreError | None = None
    for number in range(store.current, 0, -1):
        directory = store.versions / str(number)
        if number < store.current and not directory.exists():
            continue
        try:
            attempt = Attempt(store, directory, read_manifest(directory))
            check_version(store, directory, attempt.manifest)
        except DamagedStoreError as error:
            damage = damage or error
            continue
        if damage:
            problems.append(
                f"{place}: version {number} is published in the place of version "
                f"{store.current}. 以第 {number} 版代替第 {store.current} 版发布。{damage}"
            )
        return attempt
    problems.append(f"{place}: nothing of it is published any more. 该区年度暂无可发布的数据。{damage}")
    return None


def published_build(database: Path) -> dict[str, Any] | None:
    """The row of ``quality.build`` of the published file by column, or None where there is no (readable) one."""
    if not database.exists():
        return None
    try:
        with open_published(database) as connection:
            row = connection.execute("from quality.build").fetchone()
            names = [name for name, *_ in connection.description or ()]
    except (duckdb.Error, NotPublishedError) as error:
        logger.warning("the published file cannot be read and is built anew: %s", error)
        return None
    return dict(zip(names, row, strict=True)) if row else None


def _refuse_downgrade(database: Path, published: dict[str, Any]) -> None:
    found = published.get("schema_version", 0)
    if found > DATABASE_SCHEMA_VERSION:
        raise BuildError(
            f"{database}: published by version {published['program_version']} of the program (database schema {found}, "
            f"this one knows {DATABASE_SCHEMA_VERSION}); it stays. Install that version again, or delete the file to "
            f"publish with this one. 已由更新版本 {published['program_version']} 发布，保持不变；请重新安装该版本，"
            "或删除该文件后用本版本重新发布。"
        )


@dataclass(frozen=True, slots=True)
class _Inputs:
    """What a build is made from; ``hash`` stands for all of it, ``is_damaged`` tells that older versions stand in."""

    attempts: list[Attempt]
    held: list[Attempt]
    of_the_day: _OfTheDay
    hash: str
    is_damaged: bool

    @property
    def outcome(self) -> str:
        """The outcome of a publication of these inputs, as ``quality.build`` tells it."""
        return "published_with_holds" if self.held or self.is_damaged else "published"


@dataclass(frozen=True, slots=True)
class _Identity:
    """Which build this is: its id, when it was begun (UTC), and the build that is published meanwhile."""

    build_id: str
    started_at: datetime
    after: str | None


@dataclass(frozen=True, slots=True)
class _OfTheDay:
    """What changes with the calendar alone: expected deliveries, and the month to close."""

    expected: list[dict[str, Any]]
    month_end: date | None

    def worth_a_build(self) -> list[str]:
        """What makes a publication of yesterday out of date."""
        overdue = [
            f"{row['district_code']}/{row['fiscal_year']} {row['dataset']} {row['period_end']} {row['delivery_status']}"
            for row in self.expected
            if is_overdue(row)
        ]
        return [*overdue, str(self.month_end)]


def _of_the_day(settings: Settings, attempts: list[Attempt], held: list[Attempt]) -> _OfTheDay:
    today = settings.local_date(datetime.now(UTC))
    years = {attempt.store.fiscal_year for attempt in attempts}
    return _OfTheDay(expected_deliveries(settings, [*attempts, *held], today), month_to_close(years, today, settings))


def _inputs_hash(settings: Settings, attempts: list[Attempt], held: list[Attempt], of_the_day: _OfTheDay) -> str:
    """What stands for everything that a publication is made from, by content: a version's number proves nothing.

    A manifest holds the hash of every file that a build reads.
    """
    facts = {
        "of_the_day": of_the_day.worth_a_build(),
        "accepted": [as_json(attempt.manifest) for attempt in attempts],
        "held": [as_json(attempt.manifest) for attempt in held],
        "reference": reference_fingerprint(settings.accepted),
        "documents": documents_fingerprint(settings.documents),
        "program": program_version("district-finance"),
        "thresholds": settings.model_dump(
            mode="json", include={"thresholds", "thresholds_by_district", "findings_per_rule"}
        ),
    }
    return fingerprint(program=[__name__], sql=[""], content=[json.dumps(facts, sort_keys=True)])


def _build(target: Path, settings: Settings, inputs: _Inputs, identity: _Identity) -> list[dict[str, Any]]:
    """Writes the whole database to ``target``; returns why it must not be published (empty: it may)."""
    copy_template(target, settings.template)
    with working_database(settings) as connection:
        attach(connection, target)
        reached(Stage.BUILD_STARTED)
        # One transaction: each of some thousand small statements would otherwise wait for the disk by itself.
        connection.begin()
        load_published_documents(connection, settings.documents)
        load_tables(connection, settings.accepted, inputs.attempts, inputs.held)
        reasons = conservation_failures(connection)
        findings = run_rules(connection, Scope.BUILD, settings).findings
        _insert(connection, "quality.rule", register_table(settings))
        reasons += _end_build(connection, settings, inputs, identity, findings)
        write_checksums(connection)
        connection.commit()
        detach(connection)
    reached(Stage.CHECKPOINTED)
    return reasons


def _build_from_publication(
    target: Path, settings: Settings, inputs: _Inputs, identity: _Identity, change: Change
) -> tuple[list[dict[str, Any]], Partition | None]:
    """As ``_build``, from a copy of the publication; returns also the part of the file that was replaced.

    Where the publication is not what was published, the file is built from nothing (no part).
    """
    if not copy_if_as_published(settings.database, target, change.publication):
        return _build(target, settings, inputs, identity), None
    with working_database(settings) as connection:
        attach(connection, target)
        reached(Stage.BUILD_STARTED)
        catalog = current_catalog(connection)
        connection.begin()
        partition = replace_delivered(connection, change, inputs.attempts, inputs.held)
        connection.commit()  # a transaction writes to one catalog only, and the next to the districts' own
        reached(Stage.CORE_LOADED)
        connection.begin()
        made = derive_changed(connection, partition)
        reasons = conservation_failures(connection)
        findings = run_rules(connection, Scope.BUILD, settings).findings
        connection.commit()
        connection.execute(f"use {catalog}")
        connection.begin()
        replace_derived(connection, partition, made)
        reached(Stage.SUMMARIES_MADE)
        connection.execute("delete from quality.build")
        connection.execute("delete from quality.expected_delivery")
        reasons += _end_build(connection, settings, inputs, identity, findings, changed=partition.condition)
        partition.update_checksums(connection)
        connection.commit()
        detach(connection)
    reached(Stage.CHECKPOINTED)
    return reasons, partition


def _end_build(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    inputs: _Inputs,
    identity: _Identity,
    findings: list[Finding],
    *,
    changed: str | None = None,
) -> list[dict[str, Any]]:
    """Adds what the build itself found, which build it is, and its history; returns what holds the publication back.

    ``changed``: as for ``history.write_history``.
    """
    _insert(connection, "quality.finding", findings_table(findings))
    build = {
        "build_id": identity.build_id,
        "started_at": identity.started_at,
        "finished_at": datetime.now(UTC).replace(tzinfo=None),
        "inputs_hash": inputs.hash,
        "inputs": inputs_json(inputs.attempts),
        "outcome": inputs.outcome,
        "program_version": program_version("district-finance"),
        "schema_version": DATABASE_SCHEMA_VERSION,
    }
    places = ", ".join("?" for _ in build)
    connection.execute(f"insert into quality.build values ({places})", list(build.values()))
    write_history(
        connection,
        settings,
        build | {"published_at": build["finished_at"]},
        after=identity.after,
        month_end=inputs.of_the_day.month_end,
        changed=changed,
    )
    _add_findings_of_the_day(connection, inputs.of_the_day)
    return [
        {
            "district_code": finding.district_code,
            "fiscal_year": finding.fiscal_year,
            "what": f"{finding.rule_id}: {finding.finding_key}",
            "found": finding.source_value,
            "expected": finding.target_value,
        }
        for finding in findings
        if finding.severity == Severity.FATAL
    ]


def _add_findings_of_the_day(connection: duckdb.DuckDBPyConnection, of_the_day: _OfTheDay) -> None:
    """Tells what is missing, late, or restated after its month was closed; none of it holds anything back."""
    schema = pa.schema([(column.name, ARROW_TYPES[column.kind]) for column in EXPECTED_DELIVERY.columns])
    _insert(connection, "quality.expected_delivery", pa.Table.from_pylist(of_the_day.expected, schema=schema))
    findings = list(delivery_findings(of_the_day.expected))
    if of_the_day.month_end is not None:
        findings += restatement_findings(connection, of_the_day.month_end)
    _insert(connection, "quality.finding", findings_table(findings))


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: pa.Table) -> None:
    connection.register("new_row", rows)
    connection.execute(f"insert into {table} by name select * from new_row")
    connection.unregister("new_row")


def _verify(target: Path, build_id: str, settings: Settings, partition: Partition | None = None) -> None:
    """Reopens the finished file as a reader would and compares every table with its checksum.

    Where only a ``partition`` of the file was replaced, its rows are compared, and the number of all rows.
    """
    if target.with_name(target.name + ".wal").exists():
        raise BuildError(f"{target}: a write-ahead log was left behind, the file is not complete.")
    with read_only(target) as connection:
        bound_memory(connection, settings)
        found = connection.execute("select build_id from quality.build").fetchall()
        if found != [(build_id,)]:
            raise BuildError(f"{target}: expected build {build_id}, found {found}.")
        if differing := partition.differing(connection) if partition else tables_that_differ(connection):
            raise BuildError(f"{target}: {', '.join(differing)} read back differently from what was written.")


def logs_set_aside(database: Path) -> list[Path]:
    """Write-ahead logs of others that were moved out of readers' way; a build does not trust a file beside them."""
    return sorted(database.parent.glob(f".{database.name}.wal*.set-aside"))


def _set_logs_aside(database: Path) -> None:
    """Moves write-ahead logs of others away from the published file, on disk before anything is renamed there.

    They are kept under a hidden name until the file itself has been replaced: a run that is killed in between leaves
    the sign that it still must be.
    """
    for log in logs_left_over(database):
        facts = log.stat()
        logger.warning(
            "somebody wrote into the published file: it is made anew",
            extra={"file": str(log), "bytes": facts.st_size, "owner": facts.st_uid},
        )
        log.replace(log.with_name(f".{log.name}.set-aside"))
        sync_directory(database.parent)


def _publish(target: Path, database: Path) -> None:
    target.chmod(FILE_MODE)
    with target.open("rb") as file:
        os.fsync(file.fileno())
    _set_logs_aside(database)
    target.replace(database)
    sync_directory(database.parent)
    for log in logs_set_aside(database):
        log.unlink()
