"""The ledger: every delivered line has an outcome, its money adds up, and records are what was written or damage."""

from __future__ import annotations

import dataclasses
import hashlib
import pickle
import shutil
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from bureau import ADJUSTMENTS, BUDGET, PAYMENTS, Bureau
from hypothesis import given
from hypothesis import strategies as st

from pipelines.contracts.quality_tables import FILE_STATES, LINE_OUTCOMES
from pipelines.ledger import fingerprint as fingerprints
from pipelines.ledger.codec import DamagedStoreError, as_json, from_json
from pipelines.ledger.conservation import imbalances
from pipelines.ledger.fingerprint import fingerprint, imported_by
from pipelines.ledger.records import (
    FileRecord,
    FileState,
    LineCount,
    LineOutcome,
    Manifest,
    StoredFile,
    TableRecord,
)
from pipelines.nightly import ALL_PUBLISHED, SOMETHING_HELD_BACK
from pipelines.operations.prune import prune
from pipelines.warehouse import accept, loading, staging
from pipelines.warehouse.delivered import kept_delivery
from pipelines.warehouse.staging import MAX_REJECTED_TEXTS
from pipelines.warehouse.store import district_years

PLACE = "440199/2024"
HEADERS = ["支付凭证号", "支付日期", "部门编码", "项目编码", "资金性质编码", "实际支付金额"]


def book(bureau: Bureau, name: str, rows: list[list[Any]]) -> None:
    """Delivers a workbook with one sheet of these rows."""
    path = bureau.deliver(f"{PLACE}/{name}", "")
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet("支付")
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)


def lines(bureau: Bureau, path: str) -> list[tuple[Any, ...]]:
    """Table, outcome, reason, lines and money of a delivered file."""
    return bureau.rows(
        f"""select source_table, line_outcome, line_outcome_reason, line_count, money from quality.delivered_line
        join (select distinct source_file_id, source_path from quality.source_file) using (source_file_id)
        where source_path = '{PLACE}/{path}' order by all"""
    )


def table_record() -> TableRecord:
    return TableRecord(
        number=1,
        dataset="payment",
        sheet="",
        header_line=1,
        unit_factor=1,
        encoding="utf-8",
        headers=(("实际支付金额", "paid_amount"), ("备注", None)),
        lines=(
            LineCount(LineOutcome.ACCEPTED, 3, {"paid_amount": Decimal("60.00")}),
            LineCount(LineOutcome.PASSED_OVER, 1, {"paid_amount": Decimal("5.00")}, "deleted-in-source"),
        ),
        delivered_lines=4,
        accounted_lines=4,
        delivered_rows=4,
        delivered_money={"paid_amount": Decimal("65.00")},
    )


def manifest() -> Manifest:
    file = FileRecord(
        source_file_id="0123",
        relative_path=f"{PLACE}/支付.csv",
        state=FileState.READ,
        sha256="ab",
        bytes=9,
        directory="0123-4567",
        first_seen_attempt=1,
        first_seen_at=datetime(2024, 5, 1, tzinfo=UTC),
        tables=(table_record(),),
        parquet={"payment.parquet": StoredFile(9, "cd")},
    )
    return Manifest(
        schema_version=3,
        district_code="440199",
        fiscal_year=2024,
        version=1,
        attempt=1,
        input_id="a",
        decided_by="b",
        derived_by="c",
        created_at=datetime(2024, 5, 1, tzinfo=UTC),
        files=(file,),
    )


# Records --------------------------------------------------------------------------------------------------------


def test_a_record_comes_back_as_it_was_written_and_travels_between_processes() -> None:
    record = manifest()
    assert from_json(Manifest, as_json(record), Path("m")) == record
    assert pickle.loads(pickle.dumps(record)) == record  # noqa: S301 - our own


@pytest.mark.parametrize(
    ("found", "instead"),
    [
        ('"attempt": 1', '"attempt": 1, "more": 2'),
        ('"attempt": 1,', ""),
        ('"lines": 3', '"lines": "three"'),
        ('"state": "read"', '"state": "lost"'),
        ('"60.00"', '"sixty"'),
        ("{", "["),
    ],
)
def test_what_is_no_record_is_damage(found: str, instead: str) -> None:
    text = as_json(manifest())
    assert found in text
    with pytest.raises(DamagedStoreError, match="m: cannot be read"):
        from_json(Manifest, text.replace(found, instead, 1), Path("m"))


def test_states_and_outcomes_have_chinese_names() -> None:
    assert [state for state, _ in FILE_STATES] == list(FileState)
    assert [outcome for outcome, _ in LINE_OUTCOMES] == list(LineOutcome)


# Conservation ---------------------------------------------------------------------------------------------------

amounts = st.decimals(min_value=-(10**12), max_value=10**12, places=2)


@given(st.lists(st.tuples(st.sampled_from(["duplicate", "superseded", "rejected"]), st.integers(1, 9), amounts)))
def test_lines_that_move_keep_a_table_balanced(moves: list[tuple[str, int, Decimal]]) -> None:
    record = table_record()
    enough = sum(count for _, count, _ in moves) + 3
    accepted = LineCount(LineOutcome.ACCEPTED, enough, {"paid_amount": Decimal("60.00")})
    record = dataclasses.replace(record, lines=(accepted, record.lines[1]), delivered_rows=enough + 1)
    moved = [LineCount(LineOutcome(kind), count, {"paid_amount": money}, "r") for kind, count, money in moves]
    after = record.after(moved)
    assert list(imbalances(after)) == []
    assert after.count(LineOutcome.ACCEPTED) == 3
    assert after.money("paid_amount", *LineOutcome) == Decimal("65.00")


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"accounted_lines": 3}, "lines"),
        ({"delivered_rows": 5}, "rows"),
        ({"delivered_money": {"paid_amount": Decimal("65.01")}}, "paid_amount"),
        ({"lines": (LineCount(LineOutcome.ACCEPTED, 4, {"paid_amount": Decimal("60.00")}),)}, "paid_amount"),
    ],
)
def test_what_got_lost_is_an_imbalance(change: dict[str, Any], what: str) -> None:
    assert list(imbalances(table_record())) == []
    assert [gap.what for gap in imbalances(dataclasses.replace(table_record(), **change))] == [what]


def test_every_line_has_an_outcome_and_its_money(bureau: Bureau) -> None:
    """Two tables of payments on one sheet, each with its title, notes, a total, and rows that do not count."""
    bureau.deliver(f"{PLACE}/预算.csv", BUDGET)
    bureau.deliver(f"{PLACE}/调整.csv", ADJUSTMENTS)
    many = [[f"W{number}", "2024-07-01", "101", "P1", "111", 1] for number in range(60)]
    deleted = [*HEADERS, "是否删除"]
    book(
        bureau,
        "支付.xlsx",
        [
            deleted,
            *([*row, "否"] for row in many),
            ["V1", "2024-03-01", "101", "P1", "111", 600, "否"],
            ["V2", "2024-03-01", "101", "P1", "111", 99_999, "是"],
            ["V3", "没有日期", "101", "P1", "111", 7, "否"],
            ["合计", "", "", "", "", 667, ""],
            ["", "", "", "", "", "", ""],
            ["凭证编号", *HEADERS[1:]],
            ["V4", "2024-04-01", "101", "P2", "111", 100],
            ["合计", "", "", "", "", 100],
            ["注：以上为国库集中支付。", "", "", "", "", ""],
        ],
    )
    assert bureau.night().exit_code == ALL_PUBLISHED
    told = lines(bureau, "支付.xlsx")
    assert [row for row in told if row[1] not in ("accepted", "rejected")] == [
        (1, "passed_over", "blank", 1, Decimal("0.00")),
        (1, "passed_over", "deleted-in-source", 1, Decimal("99999.00")),
        (1, "total", None, 1, Decimal("667.00")),
        (2, "passed_over", "note", 1, Decimal("0.00")),
        (2, "total", None, 1, Decimal("100.00")),
    ]
    assert [row for row in told if row[1] in ("accepted", "rejected")] == [
        (1, "accepted", None, 61, Decimal("660.00")),
        (1, "rejected", "date-not-readable", 1, Decimal("7.00")),
        (2, "accepted", None, 1, Decimal("100.00")),
    ]
    assert bureau.rows(
        f"""select source_table, file_state, rows_accepted, money_accepted from quality.source_file
        where source_path = '{PLACE}/支付.xlsx' order by all"""
    ) == [(1, "read", 61, Decimal("660.00")), (2, "read", 1, Decimal("100.00"))]


@pytest.mark.long
def test_lines_that_came_twice_leave_the_table_that_they_stand_in(bureau: Bureau) -> None:
    bureau.deliver(f"{PLACE}/支付.csv", PAYMENTS)
    bureau.night()
    bureau.deliver(f"{PLACE}/支付再报.csv", PAYMENTS)
    assert bureau.night().exit_code == ALL_PUBLISHED
    assert lines(bureau, "支付.csv") == [(1, "accepted", None, 2, Decimal("700.00"))]
    assert lines(bureau, "支付再报.csv") == [(1, "duplicate", "same-row-delivered-twice", 2, Decimal("700.00"))]


def test_a_row_that_reading_loses_holds_its_district_year_back(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check at acceptance: what was delivered, what has an outcome, and what lies in the store."""
    kept = accept.stage_file

    def loses_one(*arguments: Any, **options: Any) -> staging.Staged:
        staged = kept(*arguments, **options)
        path = staged.directory / "payment.parquet"
        pq.write_table(pq.read_table(path).slice(1), path)
        return staged

    monkeypatch.setattr(accept, "stage_file", loses_one)
    bureau.deliver(f"{PLACE}/支付.csv", PAYMENTS)
    (acceptance,) = bureau.night().acceptances
    assert acceptance.status == "held_back"
    lost = [finding for finding in acceptance.findings if finding.rule_id == "rows-or-money-not-conserved"]
    assert {finding.difference for finding in lost} == {Decimal(-1), Decimal("-600.00")}


def test_a_row_that_loading_loses_is_not_published(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check before publication: what was accepted, and what stands in the tables that analysts query."""
    query = loading.rows_that_count

    def loses_one(*arguments: Any, **options: Any) -> str:
        return f"{query(*arguments, **options)} where part.source_line <> 3"

    bureau.deliver(f"{PLACE}/支付.csv", PAYMENTS)
    with monkeypatch.context() as patched:
        patched.setattr(loading, "rows_that_count", loses_one)
        night = bureau.night()
    assert night.publication.status == "held_back"
    assert [(reason["what"], reason["found"], reason["expected"]) for reason in night.publication.reasons] == [
        ("payment: rows", 1, 2),
        ("payment.paid_amount", Decimal("600.00"), Decimal("700.00")),
    ]
    assert bureau.night().exit_code == ALL_PUBLISHED


# Fingerprints ---------------------------------------------------------------------------------------------------


def test_a_fingerprint_follows_every_module_that_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "pipelines"
    (package / "deep").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "deep" / "__init__.py").write_text("")
    (package / "top.py").write_text("import re\nfrom pipelines.deep import (\n    middle,\n)\n")
    (package / "deep" / "middle.py").write_text("def late():\n    from pipelines.deep.bottom import VALUE\n")
    (package / "deep" / "bottom.py").write_text("VALUE = 1\n")
    (package / "apart.py").write_text("VALUE = 1\n")
    monkeypatch.setattr(fingerprints, "_ROOT", package)

    def now() -> str:
        fingerprints._of_module.cache_clear()
        fingerprints._file.cache_clear()
        return fingerprint(program=["pipelines.top"])

    before = now()
    assert set(imported_by("pipelines.top")[0]) == {
        "pipelines.top",
        "pipelines.deep",
        "pipelines.deep.middle",
        "pipelines.deep.bottom",
    }
    (package / "apart.py").write_text("VALUE = 2\n")
    assert now() == before
    (package / "deep" / "bottom.py").write_text("VALUE = 2\n")
    assert now() != before
    fingerprints._of_module.cache_clear()
    fingerprints._file.cache_clear()


def test_reading_depends_on_whoever_decides_what_a_cell_is() -> None:
    ours, others = imported_by("pipelines.warehouse.staging")
    assert {"pipelines.ingest.cells", "pipelines.contracts.payment", "pipelines.quality.validate"} <= set(ours)
    assert {"pyarrow", "pandas", "pandera"} <= others
    assert "pipelines.reports.workbook" not in ours


def test_content_and_its_order_decide() -> None:
    assert fingerprint(content=["a", "bc"]) != fingerprint(content=["ab", "c"])
    assert fingerprint(content=["a", "b"]) != fingerprint(content=["b", "a"])
    assert fingerprint(sql=["core"]) != fingerprint(sql=["rules"])


@pytest.mark.long
def test_what_a_publication_was_made_from_is_known_by_content(bureau: Bureau) -> None:
    """The store is deleted and a delivery changed: the new version has the old one's number, and is published."""
    bureau.deliver(f"{PLACE}/支付.csv", PAYMENTS)
    bureau.night()
    shutil.rmtree(bureau.settings.accepted)
    bureau.deliver(f"{PLACE}/支付.csv", PAYMENTS.replace("600.00", "605.00"))
    assert bureau.night().publication.status == "published"
    assert bureau.one("select sum(paid_amount) from core.payment") == (Decimal("705.00"),)


@pytest.mark.long
@pytest.mark.parametrize("name", ["findings.parquet", "excluded.parquet", "manifest.json"])
def test_a_damaged_version_and_a_corrected_delivery_in_one_night(bureau: Bureau, name: str) -> None:
    bureau.deliver(f"{PLACE}/支付.csv", PAYMENTS)
    bureau.night()
    path = bureau.settings.accepted / PLACE / "versions" / "1" / name
    path.write_bytes(b"x" + path.read_bytes()[1:])
    bureau.deliver(f"{PLACE}/支付.csv", PAYMENTS.replace("600.00", "605.00"))
    night = bureau.night()
    assert (night.exit_code, night.acceptances[0].version) == (ALL_PUBLISHED, 2)
    assert bureau.one("select sum(paid_amount) from core.payment") == (Decimal("705.00"),)


@pytest.mark.long
@pytest.mark.parametrize("damage", [b"", b"\xff\xfe", b"two\n", None])
def test_a_lost_mark_of_the_version_that_counts_mends_itself(bureau: Bureau, damage: bytes | None) -> None:
    bureau.deliver(f"{PLACE}/支付.csv", PAYMENTS)
    bureau.night()
    bureau.deliver(f"{PLACE}/坏.csv", "水果,颜色\n苹果,红\n")
    bureau.night()
    for mark in (bureau.settings.accepted / PLACE / "current", bureau.settings.accepted / "schema_version"):
        mark.unlink() if damage is None else mark.write_bytes(damage)
    assert bureau.night().exit_code == SOMETHING_HELD_BACK
    assert bureau.one("select sum(paid_amount) from core.payment") == (Decimal("700.00"),)


# Kept deliveries ------------------------------------------------------------------------------------------------


@pytest.mark.long
def test_the_bytes_of_every_accepted_delivery_are_kept_and_closed(bureau: Bureau) -> None:
    first = bureau.deliver(f"{PLACE}/支付.csv", PAYMENTS).read_bytes()
    bureau.night()
    second = bureau.deliver(f"{PLACE}/支付.csv", PAYMENTS.replace("600.00", "605.00")).read_bytes()
    bureau.night()
    bureau.deliver(f"{PLACE}/坏.csv", "水果,颜色\n苹果,红\n")
    bureau.night()
    (store,) = district_years(bureau.settings.accepted)
    kept = sorted(store.delivered.iterdir())
    assert {path.name.removesuffix(".zst") for path in kept} == {
        hashlib.sha256(content).hexdigest() for content in (first, second)
    }
    for path in kept:
        with pa.CompressedInputStream(pa.OSFile(str(path)), "zstd") as stream:
            assert stream.read() in (first, second)
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}
    assert store.delivered.stat().st_mode & 0o777 == 0o700
    assert [entry for entry in prune(bureau.settings) if entry.kind == "delivery"] == []
    bureau.settings.retention.versions = 1
    bureau.settings.retention.delivered_days = 0
    gone = [entry.path for entry in prune(bureau.settings) if entry.kind == "delivery"]
    assert gone == [kept_delivery(store, hashlib.sha256(first).hexdigest())]
    assert [path.exists() for path in kept].count(True) == 1


# What is not ready, and what is gone ------------------------------------------------------------------------------


@pytest.mark.long
def test_a_file_that_is_not_ready_makes_its_district_year_wait(bureau: Bureau) -> None:
    bureau.deliver(f"{PLACE}/支付.csv", PAYMENTS)
    bureau.night()
    link = bureau.settings.raw / PLACE / "补报.csv"
    link.symlink_to("不存在.csv")
    night = bureau.night()
    assert (night.exit_code, night.acceptances[0].status) == (SOMETHING_HELD_BACK, "held_back")
    assert {finding.rule_id for finding in night.acceptances[0].findings} == {"file-not-ready"}
    assert bureau.one(
        f"select file_state, file_outcome from quality.source_file where source_path = '{PLACE}/补报.csv'"
    ) == (
        "waiting",
        "held_back",
    )
    assert bureau.one("select sum(paid_amount) from core.payment") == (Decimal("700.00"),)
    link.unlink()
    assert bureau.night().exit_code == ALL_PUBLISHED


@pytest.mark.long
def test_a_file_that_waits_for_too_long_is_refused_with_the_time_since_when(bureau: Bureau) -> None:
    bureau.deliver(f"{PLACE}/支付.csv", PAYMENTS)
    bureau.night()
    (bureau.settings.raw / PLACE / "补报.csv").symlink_to("不存在.csv")
    assert {finding.rule_id for finding in bureau.night().acceptances[0].findings} == {"file-not-ready"}
    bureau.settings.limits.waiting_days = 0
    night = bureau.night()
    (finding,) = night.acceptances[0].findings
    assert (night.exit_code, finding.rule_id) == (SOMETHING_HELD_BACK, "file-waits-too-long")
    assert "UTC" in finding.message
    assert bureau.one("select sum(paid_amount) from core.payment") == (Decimal("700.00"),)


MORE = """
    支付凭证号,支付日期,部门编码,项目编码,资金性质编码,实际支付金额
    V7,2024-05-01,101,P1,111,30.00
    V8,2024-05-01,101,P1,111,40.00
    """


@pytest.mark.long
def test_a_removed_delivery_is_told_with_its_money_and_held_back_beyond_the_ceiling(bureau: Bureau) -> None:
    bureau.deliver(f"{PLACE}/支付.csv", PAYMENTS)
    more = bureau.deliver(f"{PLACE}/补报.csv", MORE)
    bureau.night()
    more.unlink()
    assert bureau.night().exit_code == ALL_PUBLISHED
    assert bureau.rows("select severity, source_value from quality.finding where rule_id = 'delivery-withdrawn'") == [
        ("error", Decimal("70.00"))
    ]
    assert bureau.rows("select source_path from quality.source_file where file_state = 'withdrawn'") == [
        (f"{PLACE}/补报.csv",)
    ]
    bureau.deliver(f"{PLACE}/补报.csv", MORE)
    bureau.night()
    (bureau.settings.raw / PLACE / "支付.csv").unlink()
    night = bureau.night()
    assert night.exit_code == SOMETHING_HELD_BACK
    assert "too-much-removed" in {finding.rule_id for finding in night.acceptances[0].findings}
    assert bureau.one("select sum(paid_amount) from core.payment") == (Decimal("770.00"),)


def test_a_file_that_comes_again_with_fewer_rows_is_told_and_held_back_beyond_the_ceiling(bureau: Bureau) -> None:
    told = "select severity, source_value from quality.finding where rule_id = 'rows-removed'"
    further = "".join(MORE.splitlines(keepends=True)[2:]).rstrip(" ")
    bureau.deliver(f"{PLACE}/支付.csv", PAYMENTS.rstrip(" ") + further)
    bureau.night()
    bureau.deliver(f"{PLACE}/支付.csv", PAYMENTS)
    assert bureau.night().exit_code == ALL_PUBLISHED
    assert bureau.rows(told) == [("error", Decimal("70.00"))]
    corrected = PAYMENTS.replace("V1,", "V1 ,").replace("600.00", "610.00")
    bureau.deliver(f"{PLACE}/支付.csv", corrected)
    assert bureau.night().exit_code == ALL_PUBLISHED
    assert bureau.rows(told) == []
    bureau.deliver(f"{PLACE}/支付.csv", PAYMENTS.splitlines(keepends=True)[1])
    night = bureau.night()
    assert night.exit_code == SOMETHING_HELD_BACK
    assert {"rows-removed", "too-much-removed"} <= {finding.rule_id for finding in night.acceptances[0].findings}


@pytest.mark.long
def test_a_file_that_another_replaces_row_by_row_is_no_loss(bureau: Bureau) -> None:
    bureau.deliver(f"{PLACE}/支付.csv", PAYMENTS)
    bureau.night()
    (bureau.settings.raw / PLACE / "支付.csv").rename(bureau.settings.raw / PLACE / "全年支付.csv")
    assert bureau.night().exit_code == ALL_PUBLISHED
    assert bureau.rows("from quality.finding where rule_id = 'delivery-withdrawn'") == []


@pytest.mark.parametrize(("amount", "status"), [("10", "accepted"), ("600", "held_back")])
def test_money_that_cannot_be_read_is_unknown(bureau: Bureau, amount: str, status: str) -> None:
    """Without a total the largest neighbour bounds it: what may matter holds its district-year back."""
    many = "".join(f"    W{number},2024-07-01,101,P1,111,{amount}.00\n" for number in range(20))
    head = PAYMENTS.split("    V1")[0]
    first = f"    V1,2024-03-01,101,P1,111,{600 if amount == '600' else 10}.00\n"
    odd = "    V9,2024-08-01,101,P1,111,见附件\n" if amount == "10" else "    V9,2024-08-01,101,P1,111,另行报送\n" * 2
    bureau.settings.set_aside.max_row_share = 0.5
    bureau.deliver(f"{PLACE}/支付.csv", head + first + many + odd)
    (acceptance,) = bureau.night().acceptances
    told = {finding.rule_id for finding in acceptance.findings}
    assert "money-not-readable" in told
    assert ("unknown-money-may-matter" in told) == (status == "held_back")
    assert acceptance.status == status


@pytest.mark.long
def test_rows_of_which_only_the_number_is_kept_are_worth_up_to_the_largest(bureau: Bureau) -> None:
    head = PAYMENTS.split("    V1")[0]
    small = "".join(f"    W{number},2024-07-01,101,P1,111,0.01\n" for number in range(60))
    large = "    V1,2024-03-01,101,P2,111,900000.00\n"
    bureau.settings.set_aside.max_row_share = 1
    for count, status in ((MAX_REJECTED_TEXTS, "accepted"), (MAX_REJECTED_TEXTS + 1, "held_back")):
        odd = "".join(f"    X{number},2024-08-01,101,P1,111,见附件\n" for number in range(count))
        bureau.deliver(f"{PLACE}/支付.csv", head + small + large + odd)
        (acceptance,) = bureau.night().acceptances
        assert acceptance.status == status


@pytest.mark.parametrize(("gap", "status"), [("1.00", "accepted"), ("5000.00", "held_back")])
def test_the_files_own_total_bounds_unreadable_money_before_its_neighbours(
    bureau: Bureau, gap: str, status: str
) -> None:
    head = PAYMENTS.split("    V1")[0]
    rows = "".join(f"    W{number},2024-07-01,101,P1,111,900.00\n" for number in range(20))
    total = f"    合计,,,,,{20 * 900 + Decimal(gap)}\n"
    bureau.settings.set_aside.max_row_share = 0.5
    bureau.deliver(f"{PLACE}/支付.csv", f"{head}{rows}    V9,2024-08-01,101,P1,111,见附件\n{total}")
    (acceptance,) = bureau.night().acceptances
    assert acceptance.status == status
    assert "money-not-readable" in {finding.rule_id for finding in acceptance.findings}


@pytest.mark.parametrize(("whose", "status"), [("101,P1", "accepted"), (",", "held_back"), ("101,P8", "held_back")])
def test_unreadable_money_is_bounded_by_its_own_project_first(bureau: Bureau, whose: str, status: str) -> None:
    """One large payment elsewhere says nothing of a small project; of a row that is nobody's it may say all."""
    head = PAYMENTS.split("    V1")[0]
    small = "".join(f"    W{number},2024-07-01,101,P1,111,10.00\n" for number in range(60))
    large = "    V1,2024-03-01,101,P2,111,9000.00\n"
    bureau.settings.set_aside.max_row_share = 0.5
    bureau.deliver(f"{PLACE}/支付.csv", f"{head}{small}{large}    V9,2024-08-01,{whose},111,见附件\n")
    (acceptance,) = bureau.night().acceptances
    assert acceptance.status == status
    assert "money-not-readable" in {finding.rule_id for finding in acceptance.findings}


@pytest.mark.long
def test_a_month_that_is_missing_between_others_is_told_and_no_other(bureau: Bureau) -> None:
    head = "    支付凭证号,支付日期,部门编码,项目编码,资金性质编码,实际支付金额\n"

    def file(*months: int) -> str:
        return head + "".join(f"    V{month},2024-{month:02d}-05,101,P1,111,10.00\n" for month in months)

    delivered = {
        "440111": {"支付1月.csv": (1,), "支付2月.csv": (2,), "支付4月.csv": (4,)},
        "440112": {"支付1月.csv": (1,), "支付3月.csv": (3,), "补报.csv": (2,)},
        "440113": {"支付一季度.csv": (1,), "支付4月.csv": (4,)},
        "440114": {"支付3月.csv": (3,)},
        "440115": {"支付一.csv": (1,), "支付二.csv": (5,)},
    }
    for district, files in delivered.items():
        for name, months in files.items():
            bureau.deliver(f"{district}/2024/{name}", file(*months))
    bureau.night()
    assert bureau.rows(
        "select district_code, severity, finding_key from quality.finding where rule_id = 'month-not-delivered'"
    ) == [("440111", "error", "payment 2024-03")]
