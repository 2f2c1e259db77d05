"""What stands between a fault of the program, or of a disk, and a wrong publication: each is tried by that fault."""

from __future__ import annotations

import dataclasses
import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from bureau import BUDGET, PAYMENTS, Bureau
from ingest_files import Office

from pipelines.ingest.model import FileRefused
from pipelines.ledger.records import ReleaseRecord, TableRecord
from pipelines.nightly import ALL_PUBLISHED
from pipelines.warehouse import accept, loading
from pipelines.warehouse.publish import BuildError
from pipelines.warehouse.release import is_released
from pipelines.warehouse.stages import Stage, listening
from pipelines.warehouse.staging import Staged

PLACE = "440199/2024"


def executed(bureau: Bureau) -> Decimal:
    """What the published payments sum to."""
    (total,) = bureau.one("select sum(paid_amount) from core.payment")
    return Decimal(total)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda table: {"accounted_lines": (table.accounted_lines or 0) - 1}, "lines: 2 / 1"),
        (lambda table: {"delivered_rows": table.delivered_rows + 1}, "rows: 3 / 2"),
        (lambda _: {"delivered_money": {"paid_amount": Decimal("700.01")}}, "paid_amount: 700.01 / 700.00"),
    ],
)
def test_a_line_without_an_outcome_holds_its_district_year_back(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch, change: Any, what: str
) -> None:
    """The record says so itself, though what lies in the store is what the record accepts."""
    kept = accept.stage_file

    def miscounts(*arguments: Any, **options: Any) -> Staged:
        staged = kept(*arguments, **options)
        changed: list[TableRecord] = [dataclasses.replace(table, **change(table)) for table in staged.record.tables]
        return dataclasses.replace(staged, record=dataclasses.replace(staged.record, tables=tuple(changed)))

    monkeypatch.setattr(accept, "stage_file", miscounts)
    bureau.deliver(f"{PLACE}/支付.csv", PAYMENTS)
    (acceptance,) = bureau.night().acceptances
    assert acceptance.status == "held_back"
    lost = [finding for finding in acceptance.findings if finding.rule_id == "rows-or-money-not-conserved"]
    assert [finding.message.split(": ", 1)[1].rstrip(".") for finding in lost] == [what]


@pytest.mark.long
def test_a_row_that_a_later_build_loses_is_not_published(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check before publication where only what changed is loaded again."""
    bureau.deliver(f"{PLACE}/支付.csv", PAYMENTS)
    assert bureau.night().exit_code == ALL_PUBLISHED
    query = loading.rows_that_count

    def loses_one(*arguments: Any, **options: Any) -> str:
        return f"{query(*arguments, **options)} where part.source_line <> 3"

    bureau.deliver(f"{PLACE}/支付.csv", PAYMENTS.replace("600.00", "605.00"))
    with monkeypatch.context() as patched:
        patched.setattr(loading, "rows_that_count", loses_one)
        night = bureau.night()
    assert night.publication.status == "held_back"
    assert ("payment: rows", 1, 2) in [
        (reason["what"], reason["found"], reason["expected"]) for reason in night.publication.reasons
    ]
    assert executed(bureau) == Decimal("700.00")
    assert bureau.night().exit_code == ALL_PUBLISHED
    assert executed(bureau) == Decimal("705.00")


@pytest.mark.long
@pytest.mark.parametrize("is_first", [True, False])
def test_a_file_that_reads_back_differently_never_replaces_the_publication(bureau: Bureau, is_first: bool) -> None:
    """What a disk, or anybody else, changes between writing and the rename is found by the checksums of the tables."""
    bureau.deliver(f"{PLACE}/预算.csv", BUDGET)
    if not is_first:
        bureau.deliver(f"{PLACE}/支付.csv", PAYMENTS.replace("600.00", "601.00"))
        assert bureau.night().exit_code == ALL_PUBLISHED
    bureau.deliver(f"{PLACE}/支付.csv", PAYMENTS)

    def damage(stage: Stage) -> None:
        if stage is Stage.CHECKPOINTED:
            for path in written_just_now(bureau):
                with duckdb.connect(path) as connection:
                    connection.execute("update core.payment set paid_amount = paid_amount + 1000")

    with listening(damage), pytest.raises(BuildError, match=r"core\.payment.* read back differently"):
        bureau.night()
    assert bureau.settings.database.exists() == (not is_first)
    if not is_first:
        assert executed(bureau) == Decimal("701.00")
    assert bureau.night().exit_code == ALL_PUBLISHED
    assert executed(bureau) == Decimal("700.00")


def written_just_now(bureau: Bureau) -> list[Path]:
    """The database files that are being built."""
    files = (path for path in bureau.settings.workshop.rglob("*.duckdb") if path != bureau.settings.template)
    found = [path for path in files if path.is_file()]
    assert found
    return found


def test_a_release_lets_through_the_rules_that_were_known_and_no_others() -> None:
    release = ReleaseRecord("input", "checked", "somebody", datetime(2024, 5, 1, tzinfo=UTC), ("too-much-set-aside",))
    assert is_released(release, {"too-much-set-aside"})
    assert not is_released(release, {"too-much-set-aside", "total-row-disagrees"})
    assert not is_released(release, {"rows-or-money-not-conserved"})
    assert not is_released(None, {"too-much-set-aside"})


@pytest.mark.parametrize("kind", ["zip", "xlsx"])
def test_a_flipped_digit_in_an_archive_is_never_read(tmp_path: Path, kind: str) -> None:
    """Everything about the archive is sound but for one digit of an amount, which its checksum does not fit."""
    office = Office(tmp_path)
    if kind == "zip":
        path = office.put("a.zip", b"")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as package:
            package.writestr("支付.csv", "单位编码,单位名称,执行数\n101,甲,12345.67\n")
    else:
        path = office.xlsx("b.xlsx", {"表": [["单位编码", "单位名称", "执行数"], ["101", "甲", 12345.67]]})
        with zipfile.ZipFile(path) as packed:
            parts = {name: packed.read(name) for name in packed.namelist()}
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as package:
            for name, content in parts.items():
                package.writestr(name, content)
    assert office.read(path).table.column("executed_amount") == [Decimal("12345.67")]
    path.write_bytes(path.read_bytes().replace(b"12345.67", b"92345.67"))
    with pytest.raises(FileRefused, match=r"file-not-readable.*CRC"):
        office.read(path)
