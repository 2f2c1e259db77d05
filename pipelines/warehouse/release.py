"""A person lets a district-year through that the rules hold back: for one attempt, with a reason that stays on record.

The release names the attempt's input and the rules: another delivery, another reading, another threshold or another
fatal finding needs another release.
Refused files have no rows and cannot be let into the figures; the release says what is left out with them.
Does not belong here: holding back (warehouse.accept) and publishing; the next run does both.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from pipelines.contracts.model import Severity
from pipelines.ledger.records import FileRecord, LineOutcome, ReleaseRecord
from pipelines.settings import Settings
from pipelines.warehouse.loading import accepted_attempt, held_attempt
from pipelines.warehouse.lock import warehouse_lock
from pipelines.warehouse.store import DistrictYearStore

logger = logging.getLogger(__name__)

NEVER_RELEASED = frozenset({"rows-or-money-not-conserved"})
"""Rules that tell of a fault of the program or of the store, about which nobody at a bureau can know better."""


class ReleaseRefusedError(Exception):
    """The release cannot be given: what was found, and what to do."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A refused file of a released attempt; ``rows_before`` are the rows that its path had in the version before."""

    source_path: str
    rule_id: str
    rows_before: int


@dataclass(frozen=True, slots=True)
class Release:
    """A release as recorded; ``findings`` (rows of ``quality.finding``) are those that held the attempt back."""

    district_code: str
    fiscal_year: int
    record: ReleaseRecord
    findings: list[dict[str, Any]]
    left_out: list[LeftOut]


def is_released(release: ReleaseRecord | None, rule_ids: Iterable[str]) -> bool:
    """Whether a release on record lets through what these rules hold back: all of them were known when it was given."""
    return release is not None and NEVER_RELEASED.isdisjoint(rule_ids) and set(rule_ids) <= set(release.rule_ids)


def fatal_rules(attempt: Path) -> set[str]:
    """The rules that hold back the attempt in this directory of the store."""
    findings = pq.read_table(attempt / "findings.parquet", columns=["rule_id", "severity"]).to_pylist()
    return {finding["rule_id"] for finding in findings if finding["severity"] == Severity.FATAL}


def release_held_attempt(
    settings: Settings, district_code: str, fiscal_year: int, *, reason: str, released_by: str
) -> Release:
    """Records that the attempt of a district-year that is held back now shall count; the next run accepts it.

    Raises:
        ReleaseRefusedError: no reason is given, nothing is held back, every file of the attempt was refused, or a rule
            of ``NEVER_RELEASED`` holds it back.
        WarehouseLockedError: a run is deciding about it at this moment.
    """
    if not reason.strip() or not released_by.strip():
        raise ReleaseRefusedError("A release needs a reason and a name. 放行必须写明理由和姓名。")
    place = f"{district_code}/{fiscal_year}"
    with warehouse_lock(settings.warehouse):
        store = DistrictYearStore(settings.accepted, district_code, fiscal_year)
        attempt = held_attempt(store)
        if attempt is None:
            raise ReleaseRefusedError(
                f"{place}: nothing is held back; see 'district-finance status'. 没有被暂缓的报送，参见 status。"
            )
        findings = [row for row in attempt.findings().to_pylist() if row["severity"] == Severity.FATAL]
        rule_ids = sorted({finding["rule_id"] for finding in findings})
        if not NEVER_RELEASED.isdisjoint(rule_ids):
            raise ReleaseRefusedError(
                f"{place}: held back by {', '.join(sorted(NEVER_RELEASED.intersection(rule_ids)))}, a fault of the "
                "program or of the store that cannot be released. Report it; the last accepted version stays. "
                "属程序或存储故障，不能放行，请上报；仍使用上一有效版本。"
            )
        files = attempt.manifest.files
        if all(file.refusal for file in files):
            raise ReleaseRefusedError(
                f"{place}: every file was refused, so there is no row to release. Deliver corrected files. "
                "全部文件被拒收，无可放行的数据，请更正后重新报送。"
            )
        left_out = list(_left_out(store, files))
        record = ReleaseRecord(
            input_id=attempt.manifest.input_id,
            reason=reason.strip(),
            released_by=released_by.strip(),
            released_at=datetime.now(UTC).replace(microsecond=0),
            rule_ids=tuple(rule_ids),
            left_out=tuple(file.source_path for file in left_out),
        )
        store.record_release(record)
    logger.warning("hold released", extra={"district": district_code, "year": fiscal_year, "by": record.released_by})
    return Release(district_code, fiscal_year, record, findings, left_out)


def _left_out(store: DistrictYearStore, files: Iterable[FileRecord]) -> Iterable[LeftOut]:
    before = accepted_attempt(store)
    rows_before = {
        file.relative_path: sum(table.count(LineOutcome.ACCEPTED) for table in file.tables)
        for file in (before.manifest.files if before else ())
    }
    for file in files:
        if file.refusal:
            yield LeftOut(file.relative_path, file.refusal.rule_id, rows_before.get(file.relative_path, 0))
