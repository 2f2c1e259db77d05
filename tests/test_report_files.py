"""When reports are written, what they say of an earlier day, and the command, against sums made here from the rows."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from shutil import copytree
from typing import Any

import duckdb
import openpyxl
import pytest
import report_data
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from pipelines.cli import main
from pipelines.reports.as_of import AsOfDateError
from pipelines.reports.content import NothingToReportError
from pipelines.reports.write import (
    Report,
    department_folder,
    write_department_reports,
    write_report,
    write_reports,
    write_reports_of_build,
)
from pipelines.settings import Settings
from pipelines.warehouse.connect import NotPublishedError

pytestmark = pytest.mark.filterwarnings("ignore:.*extension is not supported:UserWarning")

DETAIL, STATEMENT, YEAR = report_data.DETAIL, report_data.STATEMENT, report_data.YEAR
END_OF_MAY = date(YEAR, 5, 31)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    warehouse = tmp_path_factory.mktemp("warehouse")
    found = Settings(raw=warehouse / "raw", warehouse=warehouse)
    report_data.publish(found.database, departments=3)
    return found


@pytest.fixture(scope="module")
def end_of_may(settings: Settings) -> Report:
    return write_report(settings, DETAIL, YEAR, as_of=END_OF_MAY)


def rows(settings: Settings, table: str) -> Iterator[dict[str, Any]]:
    with duckdb.connect(settings.database, read_only=True) as connection:
        found = connection.execute(f"select * from {table} where district_code = ? and fiscal_year = ?", [DETAIL, YEAR])
        names = [column[0] for column in found.description or ()]
        for row in found.fetchall():
            yield dict(zip(names, row, strict=True))


def department_sheet(workbook: Path) -> dict[str, dict[str, Any]]:
    """The ranking sheet's rows by department, the total among them."""
    _, _, heads, *found = openpyxl.load_workbook(workbook)["部门排名"].iter_rows(values_only=True)
    named = [dict(zip(heads, row, strict=True)) for row in found]
    return {row["部门名称"]: row for row in named if row["部门名称"]}


class TestAsOf:
    def test_adjustments_and_payments_count_up_to_the_day(self, settings: Settings, end_of_may: Report) -> None:
        shown = department_sheet(end_of_may.workbook)
        for department in {row["department_name"] for row in rows(settings, "core.department")}:
            initial, moved, paid = (
                sum(
                    (
                        row[amount]
                        for row in rows(settings, f"core.{table}")
                        if row["department_name"] == department and (not day or row[day] <= END_OF_MAY)
                    ),
                    Decimal(0),
                )
                for table, amount, day in (
                    ("annual_budget", "initial_budget_amount", ""),
                    ("budget_adjustment", "adjustment_amount", "adjustment_date"),
                    ("payment", "paid_amount", "payment_date"),
                )
            )
            assert shown[department]["年初预算数"] == float(initial / 10_000)
            assert shown[department]["全年预算数"] == float((initial + moved) / 10_000)
            assert shown[department]["执行数"] == float(paid / 10_000)

    def test_it_stands_beside_the_current_report_and_names_its_day(
        self, settings: Settings, end_of_may: Report
    ) -> None:
        current = write_report(settings, DETAIL, YEAR)
        assert end_of_may.workbook.parent == current.workbook.parent / "as-of-2022-05-31"
        assert openpyxl.load_workbook(end_of_may.workbook)["概览"]["A2"].value == "数据截至 2022-05-31"
        assert '"as_of":"2022-05-31"' in end_of_may.page.read_text(encoding="utf-8")

    def test_after_the_last_event_it_is_the_current_figures(self, settings: Settings) -> None:
        current = write_report(settings, DETAIL, YEAR).totals
        later = write_report(settings, DETAIL, YEAR, as_of=date(YEAR + 1, 3, 1)).totals
        assert later == current

    def test_a_statement_of_a_later_day_tells_nothing_of_an_earlier_one(self, settings: Settings) -> None:
        with pytest.raises(NothingToReportError, match="2022-05-31"):
            write_report(settings, STATEMENT, YEAR, as_of=END_OF_MAY)
        at_its_day = write_report(settings, STATEMENT, YEAR, as_of=date(YEAR, 12, 31))
        assert at_its_day.totals["executed_amount"] == Decimal("87781700.00")

    def test_a_day_before_the_year_is_refused(self, settings: Settings) -> None:
        with pytest.raises(AsOfDateError, match="2022-01-01"):
            write_report(settings, DETAIL, YEAR, as_of=date(YEAR - 1, 12, 31))


class TestWhenReportsAreWritten:
    def test_unchanged_figures_leave_the_files_alone(self, settings: Settings) -> None:
        first = {report.page: report.page.read_bytes() for report in write_reports(settings)}
        with duckdb.connect(settings.database) as connection:
            connection.execute(
                "update quality.build set build_id = 'another-build', finished_at = '2023-02-01 02:00:00'"
            )
        again = write_reports(settings)
        assert not any(report.is_new for report in again)
        assert {report.page: report.page.read_bytes() for report in again} == first
        assert {(report.district_code, report.fiscal_year) for report in again} == {
            (DETAIL, YEAR - 1),
            (DETAIL, YEAR),
            (STATEMENT, YEAR),
        }

    def test_changed_figures_and_missing_files_are_written_again(self, settings: Settings) -> None:
        write_reports(settings)
        with duckdb.connect(settings.database) as connection:
            connection.execute(
                "update quality.finding set difference = 21 where district_code = ? and severity = 'error'", [DETAIL]
            )
        assert write_report(settings, DETAIL, YEAR).is_new
        assert not write_report(settings, STATEMENT, YEAR).is_new
        write_report(settings, STATEMENT, YEAR).page.unlink()
        assert write_report(settings, STATEMENT, YEAR).page.exists()

    def test_the_same_figures_give_the_same_bytes(self, settings: Settings) -> None:
        report = write_report(settings, DETAIL, YEAR)
        first = (report.workbook.read_bytes(), report.page.read_bytes())
        report.workbook.unlink()
        again = write_report(settings, DETAIL, YEAR)
        assert (again.workbook.read_bytes(), again.page.read_bytes()) == first

    def test_a_build_is_reported_once(self, settings: Settings) -> None:
        assert len(write_reports_of_build(settings, "build-1")) == 3
        assert write_reports_of_build(settings, "build-1") == []
        assert write_reports_of_build(settings, "build-2") == []  # another build, of which no published row differs

    def test_files_are_not_readable_by_everybody(self, settings: Settings) -> None:
        report = write_report(settings, DETAIL, YEAR)
        assert {path.stat().st_mode & 0o777 for path in (report.workbook, report.page)} == {0o640}


@pytest.fixture(scope="module")
def reports(settings: Settings) -> dict[str, Report]:
    """Those of the departments, by name."""
    return {str(report.department_name): report for report in write_department_reports(settings, DETAIL, YEAR)}


class TestDepartments:
    def test_each_has_its_own_figures_and_no_row_of_another(
        self, settings: Settings, reports: dict[str, Report]
    ) -> None:
        projects = list(rows(settings, "summary.project_execution"))
        assert len(reports) == 3
        for row in rows(settings, "summary.department_execution"):
            report = reports[row["department_name"]]
            assert report.page.parent.name == row["department_code"]
            for figure in ("initial_budget_amount", "full_year_budget_amount", "executed_amount"):
                assert report.totals[figure] == row[figure]
            sheet = department_sheet(report.workbook)
            assert sheet[row["department_name"]]["执行数"] == float(row["executed_amount"] / 10_000)
            book = openpyxl.load_workbook(report.workbook)
            texts = {str(cell) for sheet in book for line in sheet.iter_rows(values_only=True) for cell in line}
            page = report.page.read_text(encoding="utf-8")
            for project in projects:
                is_own = project["department_code"] == row["department_code"]
                assert (project["project_code"] in page) == is_own
                assert is_own or not any(project["project_code"] in text for text in texts)

    def test_the_watch_of_a_department_counts_its_own_projects(
        self, settings: Settings, reports: dict[str, Report]
    ) -> None:
        watched = Counter(row["department_name"] for row in rows(settings, "summary.project_watch"))
        for name, report in reports.items():
            data = re.search(r'id="data"[^>]*>(.*?)</script>', report.page.read_text(encoding="utf-8"), re.DOTALL)
            basis = json.loads(data[1])["figures"]["tables"]["watch_basis"] if data else {}
            counts = [row[basis["columns"].index("watched_project_count")] for row in basis["rows"]]
            assert counts == [watched[name]]

    def test_what_is_unchanged_is_left_and_who_is_gone_is_removed(
        self, settings: Settings, reports: dict[str, Report]
    ) -> None:
        directory = next(iter(reports.values())).page.parent.parent
        gone = directory / "990001"
        copytree(directory / "101001", gone)
        (gone / "批注.txt").write_text("留着")
        assert not any(report.is_new for report in write_department_reports(settings, DETAIL, YEAR))
        assert [path.name for path in gone.iterdir()] == ["批注.txt"]

    def test_the_night_writes_them_where_settings_say_so(self, settings: Settings) -> None:
        asked = settings.model_copy(update={"department_reports": True})
        written = write_reports_of_build(asked, "with departments")
        assert len([report for report in written if report.department_name]) == 3 + 3 + 1
        assert write_reports_of_build(asked, "with departments") == []

    @given(st.text(min_size=1, max_size=80))
    def test_a_folder_has_a_name_that_shares_take(self, key: str) -> None:
        name = department_folder(key)
        assert name == key or name[-9] == "-"
        assert not set(name) & set('\\/:*?"<>|\0\n')
        assert 0 < len(name.encode("utf-8", "surrogatepass")) < 255
        assert name.strip(" .") == name

    def test_folders_of_two_departments_are_two(self) -> None:
        names = [department_folder(key) for key in ("甲/乙", "甲\\乙", "甲_乙", "甲", "甲.", "NUL", "as-of-2022")]
        assert len(set(names)) == len(names)
        assert (names[2], names[3]) == ("甲_乙", "甲")


class TestCommand:
    def test_it_writes_those_of_departments_when_asked(self, settings: Settings) -> None:
        asked = ["report", "--warehouse", str(settings.warehouse), "--district", DETAIL, "--year", str(YEAR)]
        result = CliRunner().invoke(main, [*asked, "--departments"])
        assert result.exit_code == 0, result.output
        assert str(settings.warehouse / "reports" / DETAIL / str(YEAR) / "101001" / "index.html") in result.output
        refused = CliRunner().invoke(main, [*asked, "--departments", "--as-of", "2022-05-31"])
        assert (refused.exit_code, "--as-of" in refused.output) == (2, True)

    def test_it_says_where_the_reports_are(self, settings: Settings) -> None:
        result = CliRunner().invoke(main, ["report", "--warehouse", str(settings.warehouse)])
        assert result.exit_code == 0, result.output
        for district, year in ((DETAIL, YEAR - 1), (DETAIL, YEAR), (STATEMENT, YEAR)):
            directory = settings.warehouse / "reports" / district / str(year)
            assert str(directory / "预算执行情况通报.xlsx") in result.output
            assert str(directory / "index.html") in result.output

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (["--district", "440199", "--year", "2022"], "440103/2022"),
            (["--district", DETAIL], "--year"),
            (["--as-of", "2022-05-31"], "--district"),
            (["--district", DETAIL, "--year", "2022", "--as-of", "2021-05-31"], "2022-01-01"),
            (["--district", DETAIL, "--year", "2022", "--as-of", "May"], "May"),
        ],
    )
    def test_a_wrong_request_is_refused_with_what_to_do(
        self, settings: Settings, arguments: list[str], told: str
    ) -> None:
        result = CliRunner().invoke(main, ["report", "--warehouse", str(settings.warehouse), *arguments])
        assert result.exit_code != 0
        assert told in result.output
        assert "Traceback" not in result.output

    def test_without_a_publication_it_says_so(self, tmp_path: Path) -> None:
        with pytest.raises(NotPublishedError):
            write_reports(Settings(warehouse=tmp_path))
        result = CliRunner().invoke(main, ["report", "--warehouse", str(tmp_path)])
        assert result.exit_code != 0
        assert "district-finance nightly" in result.output
