"""The whole night, files in and published tables out: Liwan's 2022 figures, deliveries of every kind, conservation."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import pytest
from bureau import BUDGET, PAYMENTS, Bureau, deliver_detail

from pipelines.ingest.deliveries import find_deliveries
from pipelines.log_fields import current_log_fields
from pipelines.nightly import ALL_PUBLISHED, FAILED, SOMETHING_HELD_BACK
from pipelines.warehouse.accept import accept_district_year
from pipelines.warehouse.stages import Stage, listening

CHECKOUT = Path(__file__).parent.parent
LIWAN = CHECKOUT / "raw" / "440103" / "2022"
COMMERCE_BUREAU = "广州市荔湾区商务和投资促进局"


@pytest.fixture(scope="module")
def liwan(tmp_path_factory: pytest.TempPathFactory) -> Bureau:
    bureau = Bureau(tmp_path_factory.mktemp("liwan"))
    shutil.copytree(LIWAN, bureau.settings.raw / "440103" / "2022")
    assert bureau.night().exit_code == ALL_PUBLISHED
    return bureau


def assert_conserved(bureau: Bureau) -> None:
    """Rows and money of every file, by addition here and not by the program."""
    for path, *numbers in bureau.rows(
        """select source_path, rows_read, rows_accepted, rows_rejected, rows_duplicate, rows_subtotal,
            money_read, money_accepted, money_rejected, money_duplicate
        from quality.source_file where rows_read is not null"""
    ):
        read, accepted, rejected, duplicate, subtotal, *money = numbers
        assert read == accepted + rejected + duplicate + subtotal, path
        assert money[0] == sum(money[1:]), path


# Liwan 2022 -----------------------------------------------------------------------------------------------------


def test_liwan_department_figures(liwan: Bureau) -> None:
    row = liwan.one(
        """select department_name, initial_budget_amount, net_adjustment_amount, full_year_budget_amount,
            executed_amount, unspent_amount, execution_rate, execution_rate_pct, execution_status, adjustment_status,
            source_grain
        from summary.department_execution where district_code = '440103' and fiscal_year = 2022"""
    )
    assert row == (
        COMMERCE_BUREAU,
        None,
        None,
        Decimal("112065200.00"),
        Decimal("87781700.00"),
        Decimal("24283500.00"),
        Decimal("0.783309"),
        Decimal("78.33"),
        "ok",
        "unknown",
        "statement",
    )


LIWAN_PROJECTS = {
    "招商引资经费": ("1000000.00", "-413600.00", "586400.00", "469100.00", "80.00", "-41.36", "ok", "ok"),
    "产业扶持资金": ("15884000.00", "19193600.00", "35077600.00", "35047000.00", "99.91", "120.84", "ok", "ok"),
    "上下九步行街品质提升工程": (
        "20000000.00",
        "-20000000.00",
        "0.00",
        "0.00",
        None,
        "-100.00",
        "zero_budget",
        "fully_cut",
    ),
    "区政府合作经费": (None, "-800000.00", None, None, None, None, "unknown", "unknown"),
}


@pytest.mark.parametrize("project", LIWAN_PROJECTS)
def test_liwan_project_figures(liwan: Bureau, project: str) -> None:
    row = liwan.one(
        f"""select initial_budget_amount, net_adjustment_amount, full_year_budget_amount, executed_amount,
            execution_rate_pct, net_adjustment_rate_pct, execution_status, adjustment_status
        from summary.project_execution where district_code = '440103' and project_name = '{project}'"""
    )
    assert tuple(None if value is None else str(value) for value in row) == LIWAN_PROJECTS[project]


def test_liwans_published_scores_stand_beside_the_points_for_execution(liwan: Bureau) -> None:
    told = liwan.rows(
        """select project_name, execution_points, published_score from summary.self_evaluation
        where district_code = '440103' and published_score is not null order by published_score"""
    )
    assert told == [
        ("产业扶持资金", Decimal("9.99"), "100"),
        ("招商引资经费", Decimal("8.00"), "97"),
        (None, Decimal("7.83"), "97.57"),
    ]
    assert liwan.rows("select * from quality.finding where district_code = '440103'") == []


@pytest.mark.parametrize("table", ["department_execution_by_fund_type", "department_execution_by_nature"])
def test_liwan_breakdowns_tie_to_the_department(liwan: Bureau, table: str) -> None:
    assert liwan.one(f"select sum(executed_amount) from summary.{table} where district_code = '440103'") == (
        Decimal("87781700.00"),
    )


def test_liwan_conserves_rows_and_money(liwan: Bureau) -> None:
    assert_conserved(liwan)
    assert liwan.rows("select * from quality.rejected_row") == []


def test_every_liwan_row_is_followed_to_sheet_and_line(liwan: Bureau) -> None:
    from openpyxl import load_workbook  # noqa: PLC0415 - only this test looks into the workbook

    for path, sheet, line, project in liwan.rows(
        """select source_path, statement.source_sheet, source_line, project_name
        from core.execution_statement as statement
        join (select distinct source_file_id, source_path from quality.source_file) using (source_file_id)
        where project_name is not null"""
    ):
        worksheet = load_workbook(liwan.settings.raw / path)[sheet]
        assert project in [cell.value for cell in worksheet[line]]


# Nothing changed, something changed ----------------------------------------------------------------------------


def test_a_second_night_reads_nothing_and_publishes_nothing(bureau: Bureau) -> None:
    deliver_detail(bureau)
    first = bureau.night()
    before = bureau.settings.database.stat()
    second = bureau.night()
    assert (first.publication.status, second.publication.status) == ("published", "unchanged")
    assert [(a.status, a.files_read) for a in second.acceptances] == [("unchanged", 0)]
    after = bureau.settings.database.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_a_changed_file_is_read_again_in_its_own_district_year_only(bureau: Bureau) -> None:
    deliver_detail(bureau)
    bureau.deliver("440198/2024/预算.csv", BUDGET)
    bureau.night()
    bureau.deliver("440199/2024/支付.csv", PAYMENTS.replace("600.00", "650.00"))
    night = bureau.night()
    assert {a.district_code: (a.status, a.files_read) for a in night.acceptances} == {
        "440198": ("unchanged", 0),
        "440199": ("accepted", 1),
    }
    assert bureau.one("select executed_amount from summary.department_execution where district_code = '440199'") == (
        Decimal("750.00"),
    )


def test_detail_figures(published_bureau: Bureau) -> None:
    bureau = published_bureau
    assert bureau.one(
        """select initial_budget_amount, increase_amount, decrease_amount, net_adjustment_amount, adjustment_count,
            full_year_budget_amount, executed_amount, execution_rate_pct, net_adjustment_rate_pct,
            gross_adjustment_rate_pct, source_grain
        from summary.department_execution"""
    ) == (
        Decimal("1500.00"),
        Decimal("200.00"),
        Decimal("100.00"),
        Decimal("100.00"),
        2,
        Decimal("1600.00"),
        Decimal("700.00"),
        Decimal("43.75"),
        Decimal("6.67"),
        Decimal("20.00"),
        "detail",
    )
    assert_conserved(bureau)


# Duplicates and restatements -----------------------------------------------------------------------------------


def test_the_same_rows_in_two_files_count_once(bureau: Bureau) -> None:
    deliver_detail(bureau)
    bureau.deliver("440199/2024/支付再报.csv", PAYMENTS)
    assert bureau.night().exit_code == ALL_PUBLISHED
    assert bureau.one("select executed_amount from summary.department_execution") == (Decimal("700.00"),)
    assert bureau.rows("select duplicate_kind, source_line, money from quality.duplicate_row order by source_line") == [
        ("duplicate", 2, Decimal("600.00")),
        ("duplicate", 3, Decimal("100.00")),
    ]
    assert_conserved(bureau)


def test_a_later_delivery_restates_an_earlier_one(published_bureau: Bureau) -> None:
    bureau = published_bureau
    bureau.deliver("440199/2024/A更正.csv", PAYMENTS.replace("600.00", "610.50"))
    bureau.night()
    assert bureau.one("select executed_amount from summary.department_execution") == (Decimal("710.50"),)
    assert bureau.one(
        "select money, kept_money, money_difference from quality.duplicate_row where duplicate_kind = 'superseded'"
    ) == (Decimal("600.00"), Decimal("610.50"), Decimal("10.50"))
    assert_conserved(bureau)


def test_several_lines_of_one_voucher_in_one_file_all_count(bureau: Bureau) -> None:
    many = "".join(f"    W{n},2024-04-02,101,P2,111,1.00\n" for n in range(100))
    deliver_detail(bureau, payments=PAYMENTS + many + "    W1,2024-04-02,101,P2,111,2.00\n")
    assert bureau.night().exit_code == ALL_PUBLISHED
    assert bureau.rows("select * from quality.rejected_row") == []
    assert bureau.one("select executed_amount from summary.department_execution") == (Decimal("802.00"),)
    assert_conserved(bureau)


# Rows and files that are wrong ---------------------------------------------------------------------------------


def test_a_wrong_row_is_set_aside_with_all_its_reasons(bureau: Bureau) -> None:
    many = "".join(f"    W{n},2024-04-02,101,P2,111,1.00\n" for n in range(100))
    deliver_detail(bureau, payments=PAYMENTS + many + "    ,2023-04-02,,P2,111,7.00\n")
    assert bureau.night().exit_code == ALL_PUBLISHED
    line, rules, money = bureau.one("select source_line, rule_ids, money from quality.rejected_row")
    assert line == 104
    assert money == Decimal("7.00")
    assert sorted(rules.split("; ")) == [
        "no-code-and-no-name",
        "payment-date-is-in-its-fiscal-year",
        "required-value-missing",
    ]
    assert_conserved(bureau)


def test_too_many_wrong_rows_hold_the_district_year_back(bureau: Bureau) -> None:
    deliver_detail(bureau, payments=PAYMENTS.replace("2024-03-01", "沒有"))
    night = bureau.night()
    assert night.exit_code == FAILED
    assert night.publication.status == "nothing"
    assert {finding.rule_id for finding in night.acceptances[0].findings} >= {"too-much-set-aside"}


@pytest.mark.long
@pytest.mark.parametrize(
    ("path", "text", "rule"),
    [
        ("支付坏.csv", "支付凭证号,支付日期,部门编码,项目编码,实付金頟\nV9,2024-01-01,101,P1,5\n", "header-missing"),
        ("不知.csv", "水果,颜色\n苹果,红\n", "no-table-found"),
    ],
)
def test_a_refused_file_holds_back_its_district_year_only(bureau: Bureau, path: str, text: str, rule: str) -> None:
    deliver_detail(bureau)
    bureau.deliver("440198/2024/预算.csv", BUDGET)
    assert bureau.night().exit_code == ALL_PUBLISHED
    bureau.deliver(f"440199/2024/{path}", text)
    bureau.deliver("440198/2024/预算.csv", BUDGET.replace("1000.00", "1100.00"))
    night = bureau.night()
    assert night.exit_code == SOMETHING_HELD_BACK
    (finding,) = [f for a in night.acceptances for f in a.findings if f.severity == "fatal"]
    assert finding.rule_id == rule
    assert finding.finding_key == f"440199/2024/{path}"
    for header in text.splitlines()[0].split(",")[:2]:
        assert header in finding.message
        assert header in finding.message_zh
    budgets = dict(bureau.rows("select district_code, initial_budget_amount from summary.department_execution"))
    assert budgets == {"440198": Decimal("1600.00"), "440199": Decimal("1500.00")}
    assert bureau.one("select is_held_back from quality.district_year where district_code = '440199'") == (True,)
    assert bureau.rows("select rule_id from quality.finding where severity = 'fatal'") == [(rule,)]


@pytest.mark.long
def test_a_held_back_district_year_is_published_once_the_file_is_corrected(bureau: Bureau) -> None:
    deliver_detail(bureau)
    bad = bureau.deliver("440199/2024/坏.csv", "水果,颜色\n苹果,红\n")
    assert bureau.night().exit_code == FAILED
    bad.unlink()
    assert bureau.night().exit_code == ALL_PUBLISHED
    assert bureau.one("select is_held_back from quality.district_year") == (False,)


def test_a_total_that_disagrees_refuses_the_file(bureau: Bureau) -> None:
    bureau.deliver("440199/2024/预算.csv", BUDGET + "    合计,,,,,1501.00\n")
    night = bureau.night()
    assert [f.rule_id for f in night.acceptances[0].findings] == ["total-row-disagrees"]
    bureau.deliver("440199/2024/预算.csv", BUDGET + "    合计,,,,,1500.00\n")
    assert bureau.night().exit_code == ALL_PUBLISHED
    assert bureau.one("select rows_read, rows_accepted, rows_subtotal from quality.source_file") == (3, 2, 1)


def test_an_empty_raw_directory_is_a_clear_failure(bureau: Bureau) -> None:
    night = bureau.night()
    assert night.exit_code == FAILED
    assert any(str(bureau.settings.raw) in problem for problem in night.problems)


@pytest.mark.long
def test_a_file_that_vanished_during_the_run_holds_its_district_year_back(bureau: Bureau) -> None:
    deliver_detail(bureau)
    ((key, deliveries),) = find_deliveries(bureau.settings).by_district_year.items()
    deliveries[0].path.unlink()
    acceptance = accept_district_year(bureau.settings, key.district_code, key.fiscal_year, deliveries)
    assert acceptance.status == "held_back"
    assert [finding.rule_id for finding in acceptance.findings] == ["file-not-readable"]
    assert bureau.night().exit_code == ALL_PUBLISHED


def test_a_share_that_goes_away_while_a_file_is_read_holds_its_district_year_back(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object, **__: object) -> None:
        raise OSError(errno.ESTALE, "Stale file handle")

    deliver_detail(bureau)
    with monkeypatch.context() as patched:
        patched.setattr("pipelines.isolation.Workers.run", gone)
        (acceptance,) = bureau.night().acceptances
    assert acceptance.status == "held_back"
    assert {finding.rule_id for finding in acceptance.findings} == {"file-not-readable"}
    assert bureau.night().exit_code == ALL_PUBLISHED


def test_a_first_night_without_anything_to_report_ends_well(bureau: Bureau) -> None:
    shutil.copy(LIWAN / "2022年绩效自评得分.csv", bureau.deliver("440103/2022/得分.csv", ""))
    assert bureau.night().exit_code == ALL_PUBLISHED
    assert bureau.one("select count(*) > 0 from core.published_figure") == (True,)
    assert not list((bureau.settings.warehouse / "reports").rglob("*.xlsx"))


@pytest.mark.long
def test_a_file_that_changes_while_it_is_read_waits_for_the_next_night(bureau: Bureau) -> None:
    deliver_detail(bureau)
    payments = "440199/2024/支付.csv"

    def change(stage: Stage) -> None:
        if stage is Stage.READING_FILE and current_log_fields()["file"] == payments:
            bureau.deliver(payments, PAYMENTS.replace("V1", "V8"))

    with listening(change):
        (acceptance,) = bureau.night().acceptances
    assert acceptance.status == "held_back"
    assert [finding.finding_key for finding in acceptance.findings] == [payments]
    assert "it was changed while it was read" in acceptance.findings[0].message
    assert bureau.night().exit_code == ALL_PUBLISHED
    assert bureau.one("select count(*) from core.payment where voucher_number = 'V8'") == (1,)


@pytest.mark.long
def test_a_file_outside_district_and_year_is_told(bureau: Bureau) -> None:
    deliver_detail(bureau)
    bureau.deliver("预算.csv", BUDGET)
    night = bureau.night()
    assert night.exit_code == SOMETHING_HELD_BACK
    assert any("预算.csv" in problem for problem in night.problems)


PARAMETERS = """
    district_code,version,first_fiscal_year,last_fiscal_year,carryover_increase_cut_share,source_note
    ,own,2024,,0.{share},
    """


@pytest.mark.long
def test_a_wrong_reference_file_holds_its_own_district_back_and_changes_nothing(bureau: Bureau) -> None:
    deliver_detail(bureau)
    bureau.deliver("440200/2024/支付.csv", PAYMENTS)
    place = "440199/reference/control_number_parameters.csv"
    own = bureau.deliver(place, PARAMETERS.format(share=25))
    assert bureau.night().exit_code == ALL_PUBLISHED
    shares = "select carryover_increase_cut_share from core.control_number_parameters where district_code = '440199'"
    assert bureau.one(shares) == (Decimal("0.250000"),)
    before = bureau.night().publication.build_id

    for make_wrong, told in (
        (lambda: own.write_text(own.read_text().replace("0.25", "9" * 30)), "line 2, column carryover_increase"),
        (lambda: os.mkfifo(own), "Not a regular file"),
    ):
        make_wrong()
        bureau.deliver("440200/2024/支付.csv", PAYMENTS.replace("600.00", f"60{len(told)}.00"))
        night = bureau.night()
        assert night.exit_code == SOMETHING_HELD_BACK
        assert [(found.district_code, found.status) for found in night.acceptances] == [
            ("440199", "held_back"),
            ("440200", "accepted"),
        ]
        (finding,) = [found for found in night.acceptances[0].findings if found.severity == "fatal"]
        assert (finding.rule_id, finding.finding_key) == ("reference-file-wrong", place)
        assert told in finding.message
        assert bureau.one(shares) == (Decimal("0.250000"),)
        own.unlink()

    bureau.deliver(place, PARAMETERS.format(share=30))
    night = bureau.night()
    assert (night.exit_code, night.acceptances[0].status) == (ALL_PUBLISHED, "unchanged")
    assert bureau.one(shares) == (Decimal("0.300000"),)
    own.unlink()
    assert bureau.night().publication.build_id != before
    assert bureau.rows(shares) == []


# Readers ---------------------------------------------------------------------------------------------------------

READER = """
import sys, duckdb
from pathlib import Path
database, stop = Path(sys.argv[1]), Path(sys.argv[2])
held = duckdb.connect(database, read_only=True)
first = held.execute("select build_id from quality.build").fetchall()
print("ready", flush=True)
rounds = 0
while not stop.exists() or not rounds:
    assert held.execute("select build_id from quality.build").fetchall() == first
    assert held.execute("select count(*) from summary.department_execution").fetchall() == [(1,)]
    rounds += 1
"""


@pytest.mark.long
def test_a_night_publishes_while_an_analyst_queries(published_bureau: Bureau, tmp_path: Path) -> None:
    bureau = published_bureau
    stop = tmp_path / "stop"
    command: Iterable[str | Path] = [sys.executable, "-c", READER, bureau.settings.database, stop]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "ready\n"
        for amount in ("601.00", "602.00"):
            bureau.deliver("440199/2024/支付.csv", PAYMENTS.replace("600.00", amount))
            assert bureau.night().publication.status == "published"
        stop.touch()
        _, errors = reader.communicate(timeout=30)
    assert reader.returncode == 0, errors
    assert bureau.one("select executed_amount from summary.department_execution") == (Decimal("702.00"),)
