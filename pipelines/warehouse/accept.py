"""Decides whether what was delivered for one district and fiscal year becomes its next accepted version.

Reads what is new, sets duplicates and restated rows aside, proves conservation, asks the rules, and then either writes
an immutable version or records the attempt that was held back; the version before it then still counts.
Does not belong here: rules between district-years and the publication (warehouse.publish).
"""

from __future__ import annotations

import errno
import hashlib
import logging
import secrets
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.contracts.cell_rules import CELL_RULES
from pipelines.contracts.datasets import DATASETS
from pipelines.contracts.model import Severity
from pipelines.databases import scratch
from pipelines.ingest.deliveries import aliases_fingerprint, content_hash
from pipelines.ingest.model import Delivery
from pipelines.ingest.personal import without_numbers
from pipelines.isolation import WorkFailedError
from pipelines.ledger.codec import as_json
from pipelines.ledger.conservation import Imbalance, imbalances
from pipelines.ledger.fingerprint import fingerprint
from pipelines.ledger.records import FACTS, FileRecord, LineOutcome, Manifest, TableRecord
from pipelines.log_fields import log_fields
from pipelines.printable import printable
from pipelines.quality.findings import Finding, cell_rule_finding, findings_table, in_both
from pipelines.quality.replacement import EXCLUDED_SCHEMA, DeliveredTable, find_replaced
from pipelines.settings import SetAside, Settings
from pipelines.warehouse.delivered import keep_delivered
from pipelines.warehouse.derived import derivation_fingerprint
from pipelines.warehouse.excluded import moved_lines
from pipelines.warehouse.integrity import RECORD_NAMES, describe_files, record_if_whole
from pipelines.warehouse.judge import judge_deliveries
from pipelines.warehouse.loading import Attempt, accepted_attempt
from pipelines.warehouse.migrate import bring_up_to_date
from pipelines.warehouse.missing_months import missing_months
from pipelines.warehouse.reference import wrong_reference_files
from pipelines.warehouse.release import fatal_rules, is_released
from pipelines.warehouse.stages import Stage, reached
from pipelines.warehouse.staging import (
    Staged,
    reading_directory,
    reading_processes,
    reading_workers,
    stage_file,
    unreadable_file,
    waiting_file,
)
from pipelines.warehouse.store import SCHEMA_VERSION, DistrictYearStore, new_directory, write_atomically
from pipelines.warehouse.template import make_beside
from pipelines.warehouse.threads import in_parallel
from pipelines.warehouse.unreadable import unreadable_money
from pipelines.warehouse.withdrawn import withdrawal_findings, withdrawn_files, withdrawn_money
from pipelines.warehouse.working_memory import working_database

logger = logging.getLogger(__name__)

_OF_THE_DELIVERY = frozenset(
    {
        errno.ENOENT,
        errno.EIO,
        errno.ESTALE,
        errno.ETIMEDOUT,
        errno.ENOTCONN,
        errno.ECONNRESET,
        errno.EHOSTDOWN,
        errno.EHOSTUNREACH,
        errno.ENETDOWN,
        errno.ENETUNREACH,
        errno.EREMOTEIO,
    }
)
"""Errors of a file that vanished, is closed, or lies on a share that went away; a full disk of our own is not there."""

_READER, _JUDGE = "pipelines.warehouse.staging", __name__
"""The modules that decide what reading a file gives, and what becomes of a district-year."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What became of one district-year: ``version`` is the accepted version that counts now (None: none yet).

    ``record`` is the manifest of the attempt: the accepted version's, or the one held back.
    """

    district_code: str
    fiscal_year: int
    status: Literal["unchanged", "accepted", "held_back"]
    version: int | None
    record: Manifest
    findings: list[Finding] = field(default_factory=list)
    files_read: int = 0


def accept_district_year(
    settings: Settings, district_code: str, fiscal_year: int, deliveries: Iterable[Delivery]
) -> Acceptance:
    """Reads ``deliveries`` (all files of the district-year) and accepts them as a version, or holds them back.

    Nothing is read again that was read before, and nothing is written if the inputs are those of the current version.
    The caller holds the warehouse's lock.
    """
    with log_fields(district=district_code, year=fiscal_year):
        bring_up_to_date(settings.accepted)
        store = DistrictYearStore(settings.accepted, district_code, fiscal_year)
        deliveries = list(deliveries)
        acceptance = _accept(settings, store, deliveries)
        if acceptance.status != "held_back":
            keep_delivered(settings, store, acceptance.record, deliveries)
        return acceptance


def _accept(settings: Settings, store: DistrictYearStore, deliveries: Iterable[Delivery]) -> Acceptance:
    district_code, fiscal_year = store.district_code, store.fiscal_year
    store.remove_leftovers()
    counted = _counted_if_whole(store)
    current = counted.version if counted else None
    secret = hash_secret(settings)
    reading_id = _reading_id(settings, district_code, secret)

    def stage(delivery: Delivery) -> Staged:
        if delivery.waits_for:
            return waiting_file(delivery, store, settings.limits)
        try:
            sha256 = content_hash(delivery)
            if not reading_directory(store, delivery, sha256, reading_id).exists():
                make_beside(settings.template)  # there will be something to publish
            return stage_file(
                delivery,
                sha256,
                store,
                reading_id=reading_id,
                settings=settings,
                hash_secret=secret,
                workers=workers,
            )
        except WorkFailedError as error:
            logger.error(
                "reading failed", extra={"file": delivery.relative_path, "reason": without_numbers(str(error))}
            )
            return unreadable_file(delivery, store, error, settings.limits)
        except OSError as error:
            if not isinstance(error, PermissionError) and error.errno not in _OF_THE_DELIVERY:
                raise
            return unreadable_file(delivery, store, error, settings.limits)

    with reading_workers(settings) as workers:  # of no other office: what one does to them harms no other
        results = in_parallel(stage, deliveries, at_a_time=reading_processes(settings))
    files_read = sum(result.was_read for result in results)
    staged = [(result.directory, result.record) for result in results]
    staged.sort(key=lambda entry: _delivery_order(entry[1]))
    wrong = list(_wrong_reference_files(settings, store))
    input_id = _input_id(settings, district_code, [record for _, record in staged], wrong)
    decided_by = _decided_by(reading_id)
    late = _changed_after_closing(settings, store, current, [record for _, record in staged])
    if counted and _is_of(counted, input_id, decided_by):
        store.forget_held()
        return Acceptance(district_code, fiscal_year, "unchanged", current, counted, files_read=files_read)
    held = record_if_whole(Manifest, store.held)
    is_same = held and _is_of(held, input_id, decided_by) and held.changed_after_closing == late
    if held and is_same and not is_released(store.release(input_id), fatal_rules(store.held)):
        return Acceptance(district_code, fiscal_year, "held_back", current, held, files_read=files_read)
    latest = _newest(store)
    if latest and latest.version and latest.version > (current or 0) and _is_of(latest, input_id, decided_by):
        return _count(store, latest, files_read=files_read)
    return _decide(
        settings,
        store,
        staged,
        input_id=input_id,
        decided_by=decided_by,
        files_read=files_read,
        late=late,
        wrong_references=wrong,
    )


def _is_of(manifest: Manifest, input_id: str, decided_by: str) -> bool:
    """Whether an attempt is about this input and was decided by this program."""
    return (manifest.input_id, manifest.decided_by) == (input_id, decided_by)


def _newest(store: DistrictYearStore) -> Manifest | None:
    """The version with the highest number, counting or not; None where it is damaged."""
    numbers = store.version_numbers()
    return record_if_whole(Manifest, store.versions / str(numbers[-1])) if numbers else None


def _counted_if_whole(store: DistrictYearStore) -> Manifest | None:
    """The version that counts; None where there is none, or where it is damaged and has to be made again."""
    current = store.current
    return record_if_whole(Manifest, store.versions / str(current)) if current is not None else None


def _version_before(store: DistrictYearStore) -> Attempt | None:
    """The version that counts so far; None where there is none, or where it was found damaged and set aside."""
    current = store.current
    is_there = current is not None and (store.versions / str(current)).is_dir()
    return accepted_attempt(store) if is_there else None


def _count(
    store: DistrictYearStore, manifest: Manifest, findings: list[Finding] | None = None, files_read: int = 0
) -> Acceptance:
    """Makes a version that is complete in the store the one that counts."""
    version = manifest.version
    assert version is not None  # noqa: S101 - an attempt that is held back never counts
    store.set_current(version)
    reached(Stage.VERSION_COUNTS)
    store.forget_held()
    return Acceptance(store.district_code, store.fiscal_year, "accepted", version, manifest, findings or [], files_read)


def hash_secret(settings: Settings) -> bytes:
    """The key of the hash of payee accounts: from the settings, or made once and kept beside the store."""
    if value := settings.hash_secret.get_secret_value():
        return value.encode()
    path = settings.accepted / "hash_secret"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, secrets.token_hex(32), mode=0o600)
    return path.read_bytes()


def _reading_id(settings: Settings, district_code: str, secret: bytes) -> str:
    """What stands for everything but a file's content that decides what reading it gives."""
    # What a file may cost its process decides nothing that is kept.
    of_the_run = {
        "batch_rows",
        "settle_seconds",
        "waiting_days",
        "reading_processes",
        "reading_memory_mb",
        "reading_seconds",
    }
    limits = settings.limits.model_dump_json(exclude=of_the_run)
    aliases = aliases_fingerprint(settings.raw, district_code)
    hashed_by = hashlib.sha256(b"reading" + secret).digest()
    return fingerprint(program=[_READER], content=[limits, aliases, hashed_by], length=12)


def _input_id(settings: Settings, district_code: str, files: list[FileRecord], wrong_references: list[Finding]) -> str:
    """What stands for everything delivered, in its order, and every setting that decides about it."""
    thresholds = settings.model_dump_json(
        include={
            "set_aside",
            "set_aside_by_dataset",
            "thresholds",
            "thresholds_by_district",
            "findings_per_rule",
            "replacement",
        }
    )
    aliases = aliases_fingerprint(settings.raw, district_code)
    wrong = [finding.message for finding in wrong_references]
    return fingerprint(content=[thresholds, aliases, *wrong, *(file.source_file_id for file in files)])


def _decided_by(reading_id: str) -> str:
    """What stands for the program and the rules that decide about what was delivered."""
    return fingerprint(program=[_JUDGE], sql=["macros", "core", "rules"], content=[reading_id])


def _delivery_order(record: FileRecord) -> tuple[object, ...]:
    """Later deliveries last: by the attempt for which a file was first seen, then by name."""
    path = Path(record.relative_path)
    return record.first_seen_attempt, str(path.parent), path.stem, path.suffix


def _decide(
    settings: Settings,
    store: DistrictYearStore,
    staged: list[tuple[Path, FileRecord]],
    *,
    input_id: str,
    decided_by: str,
    files_read: int,
    late: tuple[str, ...],
    wrong_references: list[Finding],
) -> Acceptance:
    excluded, replaced = _replaced(settings, store, staged)
    release = store.release(input_id)
    judged: list[Finding] = []
    derived = settings.workshop / "derived"  # the lock lets one district-year be decided at a time
    shutil.rmtree(derived, ignore_errors=True)
    derived.mkdir(parents=True)
    if release or not any(record.refusal for _, record in staged):
        # What is left of a delivery with a refused file would be found wanting for the file's sake; let through, it
        # is judged all the same.
        outcome, set_aside = judge_deliveries(
            settings, store.district_code, store.fiscal_year, staged, excluded, derived=derived
        )
        judged = outcome.findings
        excluded = pa.concat_tables([excluded, set_aside])
    before = _version_before(store)
    gone = withdrawn_money(before, staged, excluded)
    moved = moved_lines(excluded, staged)
    decided = [(directory, record.after(moved.get(record.source_file_id, {}))) for directory, record in staged]
    files = [record for _, record in decided]
    findings = [
        *_refusals(store, files),
        *wrong_references,
        *withdrawal_findings(settings, store, before, gone),
        *_closed(settings, store, late),
        *missing_months(store, staged),
        *_warnings(store, files),
        *replaced,
        *judged,
        *_too_much_set_aside(settings, store, files),
        *unreadable_money(settings, store, decided),
        *_not_conserved(store, decided, excluded),
    ]
    held_by = {finding.rule_id for finding in findings if finding.severity == Severity.FATAL}
    is_held = bool(held_by) and not is_released(release, held_by)
    version = None if is_held else store.next_version()
    manifest = Manifest(
        schema_version=SCHEMA_VERSION,
        district_code=store.district_code,
        fiscal_year=store.fiscal_year,
        version=version,
        attempt=store.next_attempt(),
        input_id=input_id,
        decided_by=decided_by,
        derived_by=derivation_fingerprint(),
        created_at=datetime.now(UTC).replace(microsecond=0),
        files=(*files, *withdrawn_files(before, files)),
        changed_after_closing=late,
        release=release if held_by else None,
    )
    target = store.held if version is None else store.versions / str(version)
    with new_directory(target) as directory:
        pq.write_table(excluded, directory / "excluded.parquet")
        pq.write_table(findings_table(findings), directory / "findings.parquet")
        if not is_held:
            for path in derived.iterdir():
                shutil.move(path, directory)
        manifest = replace(manifest, parquet=describe_files(directory))
        (directory / RECORD_NAMES[Manifest]).write_text(as_json(manifest), encoding="utf-8")
    logger.info(
        "district-year %s",
        "held back" if is_held else "accepted",
        extra={"district": store.district_code, "year": store.fiscal_year, "version": version},
    )
    if is_held:
        return Acceptance(
            store.district_code, store.fiscal_year, "held_back", store.current, manifest, findings, files_read
        )
    reached(Stage.VERSION_WRITTEN)
    return _count(store, manifest, findings, files_read)


def _replaced(
    settings: Settings, store: DistrictYearStore, staged: list[tuple[Path, FileRecord]]
) -> tuple[pa.Table, list[Finding]]:
    """The rows that do not count beside others of the district-year, and what there is to say about them."""
    counted = _counted_if_whole(store)
    current = counted.version if counted else None
    before = pq.read_table(store.versions / str(current) / "excluded.parquet") if current is not None else None
    settled = _settled(store, counted)
    parts: list[pa.Table] = [EXCLUDED_SCHEMA.empty_table()]
    findings: list[Finding] = []
    with working_database(settings) as connection:
        for dataset in DATASETS.values():
            replaced = find_replaced(
                connection,
                dataset,
                [table for directory, record in staged for table in _tables(directory, record, dataset.name)],
                district_code=store.district_code,
                fiscal_year=store.fiscal_year,
                settings=settings.replacement,
                settled=settled,
                withdrawn_before=before,
            )
            parts.append(replaced.excluded)
            findings += replaced.findings
    return pa.concat_tables(parts), findings


def _settled(store: DistrictYearStore, counted: Manifest | None) -> set[tuple[str, str]]:
    """Rule and key of the findings for which the version that counts was released by a person."""
    if counted is None or not counted.release:
        return set()
    found = pq.read_table(
        store.versions / str(counted.version) / "findings.parquet", columns=["rule_id", "finding_key"]
    )
    return {(row["rule_id"], row["finding_key"]) for row in found.to_pylist()}


def _tables(directory: Path, record: FileRecord, dataset: str) -> Iterable[DeliveredTable]:
    for table in record.tables:
        if table.dataset == dataset and table.count(LineOutcome.ACCEPTED):
            yield DeliveredTable(
                dataset=dataset,
                path=str(directory / f"{dataset}.parquet"),
                source_file_id=record.source_file_id,
                relative_path=record.relative_path,
                number=table.number,
                sheet=table.sheet,
                first_seen=record.first_seen_attempt,
                written_at=record.written_at,
                headers=table.headers,
                filled=frozenset(table.filled),
                unit_factor=table.unit_factor,
                months=table.months,
                counts_once=table.counts_once,
            )


def _refusals(store: DistrictYearStore, files: list[FileRecord]) -> Iterable[Finding]:
    for file in files:
        if refusal := file.refusal:
            yield Finding(
                rule_id=refusal.rule_id,
                severity=Severity.FATAL,
                district_code=store.district_code,
                fiscal_year=store.fiscal_year,
                finding_key=file.relative_path,
                source_file_id=file.source_file_id,
                source_sheet=refusal.sheet,
                source_line=refusal.line,
                message=refusal.message,
                message_zh=refusal.message_zh,
            )


def _wrong_reference_files(settings: Settings, store: DistrictYearStore) -> Iterator[Finding]:
    for error in wrong_reference_files(settings.raw, store.district_code):
        finding = cell_rule_finding(
            "reference-file-wrong",
            district_code=store.district_code,
            fiscal_year=store.fiscal_year,
            found=error.told,
            finding_key=printable(error.path.relative_to(settings.raw).as_posix()),
        )
        yield replace(finding, message_zh=CELL_RULES["reference-file-wrong"].message_zh.format(found=error.told_zh))


def _changed_after_closing(
    settings: Settings, store: DistrictYearStore, current: int | None, files: list[FileRecord]
) -> tuple[str, ...]:
    """The deliveries that came, changed or went after the year was closed; its first delivery is not a change.

    Delivered content is compared: another version of the program may read a closed year again.
    """
    if current is None or not settings.closing.is_closed(store.fiscal_year, settings.local_date(datetime.now(UTC))):
        return ()
    counted = {(file.relative_path, file.source_file_id) for file in store.manifest(current).present()}
    delivered = {(file.relative_path, file.source_file_id) for file in files}
    return tuple(sorted({path for path, _ in counted ^ delivered}))


def _closed(settings: Settings, store: DistrictYearStore, late: Iterable[str]) -> Iterable[Finding]:
    for path in late:
        yield cell_rule_finding(
            "year-is-closed",
            district_code=store.district_code,
            fiscal_year=store.fiscal_year,
            found=str(store.fiscal_year),
            expected=f"{store.fiscal_year + 1}-{settings.closing.year_closes_on}",
            finding_key=path,
        )


def _warnings(store: DistrictYearStore, files: list[FileRecord]) -> Iterable[Finding]:
    for file in files:
        for table in file.tables:
            for rule_id, count in table.warnings.items():
                yield cell_rule_finding(
                    rule_id,
                    district_code=store.district_code,
                    fiscal_year=store.fiscal_year,
                    found=f"({count} ×)",
                    expected="",
                    finding_key=file.relative_path,
                    source_file_id=file.source_file_id,
                    source_sheet=table.sheet,
                )


def _too_much_set_aside(settings: Settings, store: DistrictYearStore, files: list[FileRecord]) -> Iterable[Finding]:
    rows: Counter[str] = Counter()
    rejected: Counter[str] = Counter()
    money: defaultdict[str, Decimal] = defaultdict(Decimal)
    money_rejected: defaultdict[str, Decimal] = defaultdict(Decimal)
    for file in files:
        for table in file.tables:
            name = table.dataset
            rows[name] += table.count(*FACTS)
            rejected[name] += table.count(LineOutcome.REJECTED)
            for entry in table.lines:
                if entry.outcome in FACTS:
                    weight = sum(map(abs, entry.money.values()), Decimal(0))
                    money[name] += weight
                    money_rejected[name] += weight if entry.outcome is LineOutcome.REJECTED else Decimal(0)
    for name, total in rows.items():
        limit = settings.set_aside_by_dataset.get(name, settings.set_aside)
        yield from _share_findings(store, name, limit, (rejected[name], total), (money_rejected[name], money[name]))


def _share_findings(
    store: DistrictYearStore,
    dataset: str,
    limit: SetAside,
    rows: tuple[int, int],
    money: tuple[Decimal, Decimal],
) -> Iterable[Finding]:
    label = DATASETS[dataset].label_zh
    for (part, whole), share, unit in (
        (rows, limit.max_row_share, in_both("行", "rows")),
        (money, limit.max_money_share, in_both("元", "yuan")),
    ):
        if whole and part > whole * Decimal(str(share)):
            yield cell_rule_finding(
                "too-much-set-aside",
                district_code=store.district_code,
                fiscal_year=store.fiscal_year,
                found=f"{part:,} / {whole:,} {unit} ({in_both(label, dataset)})",
                expected=f"{Decimal(str(share)):.2%}",
                finding_key=dataset,
                source_value=Decimal(part),
                target_value=Decimal(whole),
            )


def _not_conserved(
    store: DistrictYearStore, decided: list[tuple[Path, FileRecord]], excluded: pa.Table
) -> Iterable[Finding]:
    """What of any table's lines or money has no outcome, or does not lie in the store as its record says."""
    with scratch() as connection:
        connection.register("excluded_row", excluded)
        stored = _rows_and_money_stored(connection, decided)
    for _, file in decided:
        for table in file.tables:
            found = stored.get((table.dataset, file.source_file_id, table.number))
            for gap in (*imbalances(table), *_stored_otherwise(table, found)):
                yield cell_rule_finding(
                    "rows-or-money-not-conserved",
                    district_code=store.district_code,
                    fiscal_year=store.fiscal_year,
                    found=f"{gap.what}: {gap.delivered} / {gap.accounted}",
                    source_value=gap.delivered,
                    target_value=gap.accounted,
                    difference=gap.delivered - gap.accounted,
                    finding_key=f"{file.relative_path} [{table.number}]",
                    source_file_id=file.source_file_id,
                    source_sheet=table.sheet,
                )


def _rows_and_money_stored(
    connection: duckdb.DuckDBPyConnection, decided: list[tuple[Path, FileRecord]]
) -> dict[tuple[str, str, int], list[Decimal]]:
    """Number and amounts of the rows that count as they lie in the store, by dataset, file and table.

    ``excluded_row`` are those that do not count. A table without any is not there.
    """
    stored = {}
    for name, dataset in DATASETS.items():
        paths = [str(path) for directory, _ in decided if (path := directory / f"{name}.parquet").exists()]
        if not paths:
            continue
        sums = "".join(f", coalesce(sum({amount}), 0)" for amount in dataset.amount_columns)
        for file_id, number, *values in connection.execute(
            f"""select part.source_file_id, part.source_table, count(*){sums}
            from read_parquet($paths::varchar[], file_row_number = true, union_by_name = true) as part
            anti join excluded_row as excluded on excluded.dataset = $dataset
                and part.source_file_id = excluded.source_file_id
                and part.file_row_number = excluded.file_row_number
            group by part.source_file_id, part.source_table""",
            {"paths": paths, "dataset": name},
        ).fetchall():
            stored[name, file_id, number] = [Decimal(value) for value in values]
    return stored


def _stored_otherwise(table: TableRecord, stored: list[Decimal] | None) -> Iterable[Imbalance]:
    """Where the rows of a table that count, as they lie in the store, are not those that its record accepts."""
    amounts = DATASETS[table.dataset].amount_columns
    found = stored or [Decimal(0)] * (1 + len(amounts))
    told = [Decimal(table.count(LineOutcome.ACCEPTED)), *(table.money(name, LineOutcome.ACCEPTED) for name in amounts)]
    for what, accounted, lies in zip(("rows that count", *amounts), told, found, strict=True):
        if lies != accounted:
            yield Imbalance(what, lies, accounted)
