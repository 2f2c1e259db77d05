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
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.contracts.datasets import DATASETS, contracts_fingerprint
from pipelines.contracts.model import Severity
from pipelines.ingest.deliveries import aliases_fingerprint, content_hash
from pipelines.ingest.model import Delivery
from pipelines.log_fields import log_fields
from pipelines.quality.duplicates import EXCLUDED_SCHEMA, find_excluded
from pipelines.quality.findings import Finding, cell_rule_finding, findings_table
from pipelines.quality.rules import rules_fingerprint
from pipelines.scratch import scratch
from pipelines.settings import SetAside, Settings
from pipelines.warehouse.ahead import side_by_side
from pipelines.warehouse.derived import derivation_fingerprint
from pipelines.warehouse.integrity import describe_files, record_if_whole
from pipelines.warehouse.judge import judge_deliveries
from pipelines.warehouse.migrate import bring_up_to_date
from pipelines.warehouse.release import fatal_rules, is_released
from pipelines.warehouse.stages import Stage, reached
from pipelines.warehouse.staging import stage_file, unreadable_file
from pipelines.warehouse.store import SCHEMA_VERSION, DistrictYearStore, as_json, new_directory, write_atomically
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

READING_VERSION = 3
"""Raised when the program reads the same bytes differently: every file is then read again."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What became of one district-year: ``version`` is the accepted version that counts now (None: none yet).

    ``record`` is the manifest of the attempt: the accepted version's, or the one held back.
    """

    district_code: str
    fiscal_year: int
    status: Literal["unchanged", "accepted", "held_back"]
    version: int | None
    record: dict[str, Any]
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
        return _accept(settings, store, deliveries)


def _accept(settings: Settings, store: DistrictYearStore, deliveries: Iterable[Delivery]) -> Acceptance:
    district_code, fiscal_year = store.district_code, store.fiscal_year
    store.remove_leftovers()
    current = _current_if_whole(store)
    secret = hash_secret(settings)
    reading_id = _reading_id(settings, district_code, secret)

    def stage(delivery: Delivery) -> tuple[Path, dict[str, Any], bool]:
        try:
            return stage_file(
                delivery, content_hash(delivery), store, reading_id=reading_id, settings=settings, hash_secret=secret
            )
        except OSError as error:
            if not isinstance(error, PermissionError) and error.errno not in _OF_THE_DELIVERY:
                raise
            return *unreadable_file(delivery, store, error), False

    results = side_by_side(stage, deliveries)
    files_read = sum(was_read for *_, was_read in results)
    staged = [(directory, record) for directory, record, _ in results]
    staged.sort(key=lambda entry: _delivery_order(entry[1]))
    input_id = _input_id(settings, [directory.name for directory, _ in staged])
    late = _changed_after_closing(settings, store, current, [record for _, record in staged])
    if current is not None and (manifest := store.manifest(current))["input_id"] == input_id:
        store.forget_held()
        return Acceptance(district_code, fiscal_year, "unchanged", current, manifest, files_read=files_read)
    held = record_if_whole(store.held, "manifest.json")
    is_same = held and held["input_id"] == input_id and held["changed_after_closing"] == late
    if held and is_same and not is_released(store.release(input_id), fatal_rules(store.held)):
        return Acceptance(district_code, fiscal_year, "held_back", current, held, files_read=files_read)
    latest = record_if_whole(store.versions / str(store.next_version() - 1), "manifest.json")
    if latest and latest["version"] > (current or 0) and latest["input_id"] == input_id:
        return _count(store, latest, files_read=files_read)
    return _decide(settings, store, staged, input_id, files_read=files_read, late=late)


def _current_if_whole(store: DistrictYearStore) -> int | None:
    """The version that counts; None where there is none, or where it is damaged and has to be made again."""
    current = store.current
    if current is None or record_if_whole(store.versions / str(current), "manifest.json") is None:
        return None
    return current


def _count(
    store: DistrictYearStore, manifest: dict[str, Any], findings: list[Finding] | None = None, files_read: int = 0
) -> Acceptance:
    """Makes a version that is complete in the store the one that counts."""
    version = manifest["version"]
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
    parts = (
        str(READING_VERSION),
        contracts_fingerprint(),
        aliases_fingerprint(settings.raw, district_code),
        hashlib.sha256(b"reading" + secret).hexdigest(),
    )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def _input_id(settings: Settings, names: list[str]) -> str:
    thresholds = settings.model_dump_json(
        include={"set_aside", "set_aside_by_dataset", "thresholds", "thresholds_by_district", "findings_per_rule"}
    )
    return hashlib.sha256("\n".join([*names, thresholds, rules_fingerprint()]).encode()).hexdigest()[:16]


def _delivery_order(record: dict[str, Any]) -> tuple[object, ...]:
    """Later deliveries last: by the attempt for which a file was first seen, then by name."""
    path = Path(record["relative_path"])
    return record["first_seen_attempt"], str(path.parent), path.stem, path.suffix


def _decide(
    settings: Settings,
    store: DistrictYearStore,
    staged: list[tuple[Path, dict[str, Any]]],
    input_id: str,
    *,
    files_read: int,
    late: list[str],
) -> Acceptance:
    excluded = _excluded(settings, staged)
    release = store.release(input_id)
    judged: list[Finding] = []
    derived = settings.workshop / "derived"  # the lock lets one district-year be decided at a time
    shutil.rmtree(derived, ignore_errors=True)
    derived.mkdir(parents=True)
    if release or not any(record["refusal"] for _, record in staged):
        # What is left of a delivery with a refused file would be found wanting for the file's sake; let through, it
        # is judged all the same.
        outcome, set_aside = judge_deliveries(
            settings, store.district_code, store.fiscal_year, staged, excluded, derived=derived
        )
        judged = outcome.findings
        excluded = pa.concat_tables([excluded, set_aside])
    findings = [
        *_refusals(store, staged),
        *_closed(settings, store, late),
        *_warnings(store, staged),
        *judged,
        *_too_much_set_aside(settings, store, staged, excluded),
        *_not_conserved(store, staged),
    ]
    held_by = {finding.rule_id for finding in findings if finding.severity == Severity.FATAL}
    is_held = bool(held_by) and not is_released(release, held_by)
    version = None if is_held else store.next_version()
    record = {
        "schema_version": SCHEMA_VERSION,
        "district_code": store.district_code,
        "fiscal_year": store.fiscal_year,
        "version": version,
        "attempt": store.next_attempt(),
        "input_id": input_id,
        "changed_after_closing": late,
        "release": release if held_by else None,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "contracts_fingerprint": contracts_fingerprint(),
        "derived_by": derivation_fingerprint(),
        "files": [record | {"directory": directory.name} for directory, record in staged],
        "datasets": sorted({table["dataset"] for _, record in staged for table in record["tables"]}),
    }
    target = store.held if version is None else store.versions / str(version)
    with new_directory(target) as directory:
        pq.write_table(excluded, directory / "excluded.parquet")
        pq.write_table(findings_table(findings), directory / "findings.parquet")
        if not is_held:
            for path in derived.iterdir():
                shutil.move(path, directory)
        record["parquet"] = describe_files(directory)
        (directory / "manifest.json").write_text(as_json(record), encoding="utf-8")
    logger.info(
        "district-year %s",
        "held back" if is_held else "accepted",
        extra={"district": store.district_code, "year": store.fiscal_year, "version": version},
    )
    if is_held:
        return Acceptance(
            store.district_code, store.fiscal_year, "held_back", store.current, record, findings, files_read
        )
    reached(Stage.VERSION_WRITTEN)
    return _count(store, record, findings, files_read)


def _excluded(settings: Settings, staged: list[tuple[Path, dict[str, Any]]]) -> pa.Table:
    with working_database(settings) as connection:
        parts = []
        for dataset in DATASETS.values():
            paths = [path for directory, _ in staged if (path := directory / f"{dataset.name}.parquet").exists()]
            parts.append(find_excluded(connection, dataset, [str(path) for path in paths]))
    return pa.concat_tables(parts) if parts else EXCLUDED_SCHEMA.empty_table()


def _refusals(store: DistrictYearStore, staged: list[tuple[Path, dict[str, Any]]]) -> Iterable[Finding]:
    for _, record in staged:
        if refusal := record["refusal"]:
            yield Finding(
                rule_id=refusal["rule_id"],
                severity=Severity.FATAL,
                district_code=store.district_code,
                fiscal_year=store.fiscal_year,
                finding_key=record["relative_path"],
                source_file_id=record["source_file_id"],
                source_sheet=refusal["sheet"],
                source_line=refusal["line"],
                message=refusal["message"],
                message_zh=refusal["message_zh"],
            )


def _changed_after_closing(
    settings: Settings, store: DistrictYearStore, current: int | None, records: list[dict[str, Any]]
) -> list[str]:
    """The deliveries that came, changed or went after the year was closed; its first delivery is not a change.

    Delivered content is compared: another version of the program may read a closed year again.
    """
    if current is None or not settings.closing.is_closed(store.fiscal_year, settings.local_date(datetime.now(UTC))):
        return []
    counted = {(file["relative_path"], file["source_file_id"]) for file in store.manifest(current)["files"]}
    delivered = {(file["relative_path"], file["source_file_id"]) for file in records}
    return sorted({path for path, _ in counted ^ delivered})


def _closed(settings: Settings, store: DistrictYearStore, late: list[str]) -> Iterable[Finding]:
    for path in late:
        yield cell_rule_finding(
            "year-is-closed",
            district_code=store.district_code,
            fiscal_year=store.fiscal_year,
            found=str(store.fiscal_year),
            expected=f"{store.fiscal_year + 1}-{settings.closing.year_closes_on}",
            finding_key=path,
        )


def _warnings(store: DistrictYearStore, staged: list[tuple[Path, dict[str, Any]]]) -> Iterable[Finding]:
    for _, record in staged:
        for table in record["tables"]:
            for rule_id, count in table["warnings"].items():
                yield cell_rule_finding(
                    rule_id,
                    district_code=store.district_code,
                    fiscal_year=store.fiscal_year,
                    found=f"({count} ×)",
                    expected="",
                    finding_key=record["relative_path"],
                    source_file_id=record["source_file_id"],
                    source_sheet=table["sheet"],
                )


def _too_much_set_aside(
    settings: Settings, store: DistrictYearStore, staged: list[tuple[Path, dict[str, Any]]], excluded: pa.Table
) -> Iterable[Finding]:
    rows: Counter[str] = Counter()
    rejected: Counter[str] = Counter()
    money: defaultdict[str, Decimal] = defaultdict(Decimal)
    money_rejected: defaultdict[str, Decimal] = defaultdict(Decimal)
    for _, record in staged:
        for table in record["tables"]:
            name = table["dataset"]
            rows[name] += table["rows_read"] - table["rows_subtotal"]
            rejected[name] += table["rows_rejected"]
            money[name] += sum((abs(Decimal(value)) for value in table["money_read"].values()), Decimal(0))
            money_rejected[name] += sum((abs(Decimal(value)) for value in table["money_rejected"].values()), Decimal(0))
    later = excluded.filter(pc.equal(excluded["outcome"], "rejected"))
    later = pa.table({"dataset": later["dataset"], "money": pc.abs(later["money"])})
    for row in later.group_by("dataset").aggregate([([], "count_all"), ("money", "sum")]).to_pylist():
        rejected[row["dataset"]] += row["count_all"]
        money_rejected[row["dataset"]] += row["money_sum"]
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
        (rows, limit.max_row_share, "行 rows"),
        (money, limit.max_money_share, "元 yuan"),
    ):
        if whole and part > whole * Decimal(str(share)):
            yield cell_rule_finding(
                "too-much-set-aside",
                district_code=store.district_code,
                fiscal_year=store.fiscal_year,
                found=f"{part:,} / {whole:,} {unit} ({label} {dataset})",
                expected=f"{Decimal(str(share)):.2%}",
                finding_key=dataset,
                source_value=Decimal(part),
                target_value=Decimal(whole),
            )


def _not_conserved(store: DistrictYearStore, staged: list[tuple[Path, dict[str, Any]]]) -> Iterable[Finding]:
    """Compares what reading counted with what lies in the store, row by row count and column by column of money."""
    with scratch() as connection:
        for directory, record in staged:
            for table in record["tables"]:
                yield from _table_not_conserved(connection, store, directory, record, table)


def _table_not_conserved(
    connection: duckdb.DuckDBPyConnection,
    store: DistrictYearStore,
    directory: Path,
    record: dict[str, Any],
    table: dict[str, Any],
) -> Iterable[Finding]:
    amounts = DATASETS[table["dataset"]].amount_columns
    path = directory / f"{table['dataset']}.parquet"
    stored_rows, *stored = (0, *(None for _ in amounts))
    same = [t for t in record["tables"] if (t["dataset"], t["sheet"]) == (table["dataset"], table["sheet"])]
    if path.exists():
        sheet = duckdb.ColumnExpression("source_sheet") == duckdb.ConstantExpression(table["sheet"])
        sums = ", ".join(["count(*)", *(f"sum({name})" for name in amounts)])
        stored_rows, *stored = connection.read_parquet(str(path)).filter(sheet).aggregate(sums).fetchall()[0]
    rows_read = sum(t["rows_read"] for t in same)
    rows_told = stored_rows + sum(t["rows_rejected"] + t["rows_subtotal"] for t in same)
    place = {
        "district_code": store.district_code,
        "fiscal_year": store.fiscal_year,
        "finding_key": record["relative_path"],
        "source_file_id": record["source_file_id"],
        "source_sheet": table["sheet"],
    }
    if rows_read != rows_told:
        yield cell_rule_finding(
            "rows-or-money-not-conserved",
            found=f"{rows_read} / {rows_told} rows",
            source_value=Decimal(rows_read),
            target_value=Decimal(rows_told),
            difference=Decimal(rows_read - rows_told),
            **place,
        )
    for name, accepted in zip(amounts, stored, strict=True):
        read = sum(Decimal(t["money_read"][name]) for t in same)
        told = (accepted or Decimal(0)) + sum(Decimal(t["money_rejected"][name]) for t in same)
        if read != told:
            yield cell_rule_finding(
                "rows-or-money-not-conserved",
                found=f"{name}: {read} / {told}",
                source_value=Decimal(read),
                target_value=Decimal(told),
                difference=Decimal(read - told),
                **place,
            )
