"""The ``district-finance`` command as its users meet it: help, exit codes, reports, exact figures in every format."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import duckdb
import openpyxl
import pytest
from click.testing import CliRunner, Result

from pipelines.cli import main
from pipelines.settings import Settings

CHECKOUT = Path(__file__).parent.parent
LIWAN = CHECKOUT / "raw" / "440103" / "2022"

LARGE = Decimal("9999999999999999.99")


def district_finance(*arguments: object) -> Result:
    """Runs the command in this process; a traceback is a failure of the test."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Result]:
    """Raw directory, warehouse and outcome of a night over Liwan's figures."""
    directory = tmp_path_factory.mktemp("night")
    raw, warehouse = directory / "raw", directory / "warehouse"
    shutil.copytree(LIWAN, raw / "440103" / "2022")
    return raw, warehouse, district_finance("nightly", "--raw", raw, "--warehouse", warehouse)


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A warehouse whose one table holds values that a float or a spreadsheet would spoil."""
    with duckdb.connect(str(tmp_path / "district_finance.duckdb")) as connection:
        connection.execute(
            """
            create table figure as
            select 9999999999999999.99::decimal(18, 2) as amount, 0.783309::decimal(18, 6) as rate, '=1+1' as name,
                null::varchar as note, date '2022-12-31' as as_of_date, [1.10::decimal(4, 2)] as parts
            union all
            select 87781700.00, -0.413600, '荔湾区, "A"', '', null, null
            """
        )
    return tmp_path


def modules_loaded_by(*arguments: str) -> set[str]:
    """The top-level modules that a process has loaded after running the command."""
    program = (
        "import sys\nfrom pipelines.cli import main\n"
        f"try: main({list(arguments)!r})\nexcept SystemExit: pass\n"
        "print('\\n' + ' '.join({name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=CHECKOUT, encoding="utf-8"
    )
    return set(done.stdout.splitlines()[-1].split())


def installed(*arguments: str) -> subprocess.CompletedProcess[str]:
    """What the installed command does in a process of its own, whose end it does not leave to Python."""
    program = "from pipelines.cli import run; run()"
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, capture_output=True, check=False, text=True, cwd=CHECKOUT, encoding="utf-8")


def test_the_process_ends_with_the_exit_code_and_everything_said(tmp_path: Path) -> None:
    listed = installed("query", "--list")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert listed.stdout == district_finance("query", "--list").output
    assert installed("nightly", "--no-such-option").returncode == 2
    failed = installed("query", "select 1", "--warehouse", str(tmp_path))
    assert failed.returncode == 1
    assert "nothing has been published yet" in failed.stderr


HEAVY = {"dagster", "pandas", "pandera", "pyarrow", "numpy"}


def test_help_is_bilingual_and_loads_nothing_heavy() -> None:
    told = district_finance("--help").output
    for command in ("nightly", "query", "status", "demo"):
        (line,) = [line for line in told.splitlines() if line.strip().startswith(command)]
        assert "|" in line
    assert not modules_loaded_by("--help") & (HEAVY | {"duckdb", "pydantic", "rich"})


def test_query_loads_no_table_library(published: Path) -> None:
    assert not modules_loaded_by("query", "--warehouse", str(published), "from figure") & HEAVY


class TestQueryFormats:
    def test_table_shows_every_digit_and_null(self, published: Path) -> None:
        lines = district_finance("query", "from figure", "--warehouse", published).output.splitlines()
        assert lines[0].split() == ["amount", "rate", "name", "note", "as_of_date", "parts"]
        assert lines[2].split() == ["9999999999999999.99", "0.783309", "=1+1", "NULL", "2022-12-31", "[1.10]"]
        assert "87781700.00" in lines[3]
        assert "-0.413600" in lines[3]

    def test_columns_stay_aligned_under_chinese(self, published: Path) -> None:
        query = "select * from (values ('荔湾区', 1), ('abc', 22)) as t(名称, n)"
        lines = district_finance("query", query, "--warehouse", published).output.splitlines()
        assert lines == ["名称     n", "──────  ──", "荔湾区   1", "abc     22"]

    def test_a_long_result_is_cut_on_the_screen_and_says_so(self, published: Path) -> None:
        result = district_finance("query", "select range from range(1003)", "--warehouse", published)
        assert len(result.stdout.splitlines()) == 1002
        assert "3 more rows" in result.stderr

    def test_csv_keeps_digits_tells_null_from_empty_and_disarms_formulas(self, published: Path) -> None:
        told = district_finance("query", "from figure", "--warehouse", published, "--format", "csv").output
        assert told.splitlines() == [
            "amount,rate,name,note,as_of_date,parts",
            "9999999999999999.99,0.783309,'=1+1,,2022-12-31,[1.10]",
            '87781700.00,-0.413600,"荔湾区, ""A""","",,',
        ]

    def test_json_keeps_digits(self, published: Path) -> None:
        told = district_finance("query", "from figure", "--warehouse", published, "--format", "json").output
        rows = json.loads(told, parse_float=Decimal)
        assert rows[0] == {
            "amount": LARGE,
            "rate": Decimal("0.783309"),
            "name": "=1+1",
            "note": None,
            "as_of_date": "2022-12-31",
            "parts": [Decimal("1.10")],
        }
        assert rows[1]["amount"] == Decimal("87781700.00")
        assert "87781700.00" in told

    def test_json_of_nothing_is_an_empty_list(self, published: Path) -> None:
        told = district_finance("query", "from figure where false", "--warehouse", published, "--format", "json").output
        assert json.loads(told) == []

    def test_workbook_has_numbers_that_a_double_holds_and_text_for_the_rest(self, published: Path) -> None:
        target = published / "figures.xlsx"
        district_finance("query", "from figure", "--warehouse", published, "--output", target)
        _, first, second = openpyxl.load_workbook(target).active.iter_rows(values_only=True)
        assert first[:4] == (str(LARGE), 0.783309, "=1+1", None)
        assert first[4].date().isoformat() == "2022-12-31"
        assert second[:3] == (87781700, -0.4136, '荔湾区, "A"')
        cells = openpyxl.load_workbook(target).active
        assert cells["C2"].data_type == "s"

    def test_parquet_keeps_the_decimal_type(self, published: Path) -> None:
        target = published / "figures.parquet"
        district_finance("query", "from figure", "--warehouse", published, "--output", target)
        with duckdb.connect() as connection:
            read = connection.read_parquet(str(target))
            assert str(read.types[0]) == "DECIMAL(18,2)"
            assert read.fetchall()[0][0] == LARGE


class TestQueryRefusals:
    def test_nothing_published_yet(self, tmp_path: Path) -> None:
        result = district_finance("query", "select 1", "--warehouse", tmp_path)
        assert result.exit_code == 1
        assert str(tmp_path) in result.stderr
        assert "nightly" in result.stderr

    def test_an_unknown_table_names_itself_without_a_traceback(self, published: Path) -> None:
        result = district_finance("query", "from nowhere", "--warehouse", published)
        assert result.exit_code == 1
        assert "nowhere" in result.stderr

    def test_the_published_file_cannot_be_changed(self, published: Path) -> None:
        result = district_finance("query", "drop table figure", "--warehouse", published)
        assert result.exit_code == 1
        assert "read-only" in result.stderr
        assert district_finance("query", "from figure", "--warehouse", published).exit_code == 0

    def test_an_unknown_ending_lists_the_formats(self, published: Path) -> None:
        result = district_finance("query", "from figure", "--warehouse", published, "--output", published / "x.pdf")
        assert result.exit_code == 2
        assert "xlsx" in result.stderr
        assert not (published / "x.pdf").exists()

    def test_a_binary_format_needs_a_file(self, published: Path) -> None:
        result = district_finance("query", "from figure", "--warehouse", published, "--format", "parquet")
        assert result.exit_code == 2
        assert "--output" in result.stderr


class TestNightly:
    def test_it_tells_the_published_rates(self, night: tuple[Path, Path, Result]) -> None:
        _, warehouse, result = night
        assert result.exit_code == 0
        told = result.stdout
        (department,) = [line for line in told.splitlines() if "商务和投资促进局" in line]
        assert department.split()[3:8] == ["–", "112,065,200.00", "87,781,700.00", "78.33", "%"]
        lines = {line.split()[2]: line for line in told.splitlines() if line.startswith("440103    2022  ")}
        assert lines["产业扶持资金"].split()[6:10] == ["99.91", "%", "120.84", "%"]
        assert lines["招商引资经费"].split()[6:10] == ["80.00", "%", "-41.36", "%"]
        assert "zero_budget" in lines["上下九步行街品质提升工程"]
        assert "fully_cut" in lines["上下九步行街品质提升工程"]
        assert "unknown" in lines["区政府合作经费"]
        assert str(warehouse / "district_finance.duckdb") in told

    def test_a_second_night_reads_nothing_and_says_so(self, night: tuple[Path, Path, Result]) -> None:
        raw, warehouse, _ = night
        before = (warehouse / "district_finance.duckdb").stat()
        result = district_finance("nightly", "--raw", raw, "--warehouse", warehouse)
        assert result.exit_code == 0
        assert "Nothing has changed" in result.stdout
        after = (warehouse / "district_finance.duckdb").stat()
        assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)

    def test_status_tells_what_is_published(self, night: tuple[Path, Path, Result]) -> None:
        _, warehouse, _ = night
        told = district_finance("status", "--warehouse", warehouse).output
        (line,) = [line for line in told.splitlines() if line.startswith("440103")]
        assert line.split()[:3] == ["440103", "2022", "1"]

    def test_a_refused_file_holds_back_its_own_district_year(self, tmp_path: Path) -> None:
        raw, warehouse = tmp_path / "raw", tmp_path / "warehouse"
        shutil.copytree(LIWAN, raw / "440103" / "2022")
        (raw / "440104" / "2022").mkdir(parents=True)
        (raw / "440104" / "2022" / "unknown.csv").write_text("颜色,形状\n红,圆\n", encoding="utf-8")
        result = district_finance("nightly", "--raw", raw, "--warehouse", warehouse)
        assert result.exit_code == 3
        assert "440104/2022" in result.stdout
        assert "440104/2022/unknown.csv" in result.stdout
        assert "颜色" in result.stdout
        assert "112,065,200.00" in result.stdout
        told = district_finance("status", "--warehouse", warehouse).output
        assert "held back" in told
        assert "unknown.csv" in told

    def test_an_empty_raw_directory_says_what_to_do(self, tmp_path: Path) -> None:
        (tmp_path / "raw").mkdir()
        result = district_finance("nightly", "--raw", tmp_path / "raw", "--warehouse", tmp_path / "warehouse")
        assert result.exit_code == 1
        assert str(tmp_path / "raw") in result.stdout
        assert "区划/年度/文件" in result.stdout
        assert not (tmp_path / "warehouse" / "district_finance.duckdb").exists()


def test_demo_writes_a_district_that_the_night_accepts(tmp_path: Path) -> None:
    raw, warehouse = tmp_path / "raw", tmp_path / "warehouse"
    told = district_finance("demo", "--district", "999998", "--scale", "0.002", "--seed", "7", "--raw", raw)
    assert told.exit_code == 0
    assert str(raw / "999998") in told.output
    assert district_finance("nightly", "--raw", raw, "--warehouse", warehouse).exit_code == 0
    counted = district_finance(
        "query", "select count(*) > 1 from summary.department_execution", "--warehouse", warehouse, "--format", "csv"
    )
    assert counted.output.splitlines()[1] == "true"


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISTRICT_FINANCE_LIMITS__MAX_COLUMNS", "many")
    result = district_finance("status")
    assert result.exit_code == 1
    assert "limits.max_columns" in result.stderr
    assert "many" in result.stderr


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('[closing]\nyear_close_on = "03-31"\n', "closing.year_close_on"),
        ('[notifications.mail]\nhost = "h"\npassword = "key-of-the-test"\n', "notifications.mail.sender"),
        ('[notifications.webhooks.x]\nkind = "json"\nurl = "ws://h/key-of-the-test"\n', "notifications.webhooks.x.url"),
    ],
)
def test_a_wrong_setting_is_named_and_no_secret_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, named: str
) -> None:
    (tmp_path / "settings.toml").write_text(text)
    monkeypatch.setenv("DISTRICT_FINANCE_SETTINGS", str(tmp_path / "settings.toml"))
    done = CliRunner().invoke(main, ["status"])
    assert done.exit_code == 1
    assert named in done.output
    with pytest.raises(ValueError, match=re.escape(named)) as raised:
        Settings()
    assert "key-of-the-test" not in done.output + str(raised.value)
