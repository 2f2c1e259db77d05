"""SQL files and the tables made from them: heads, order, definitions, comments, Chinese views, reference files."""

from __future__ import annotations

import shutil
from collections import Counter
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from pipelines.contracts.datasets import DATASETS
from pipelines.contracts.figures import FIGURES
from pipelines.contracts.quality_tables import QUALITY_TABLES
from pipelines.contracts.reference_tables import REFERENCE_TABLES
from pipelines.sql_files import SqlFileError, in_order, read_sql_file, read_sql_group
from pipelines.warehouse.database import CHINESE_SCHEMA, create_chinese_views, create_core_tables, run_sql
from pipelines.warehouse.reference import (
    DEFAULTS,
    ReferenceFileError,
    load_reference_tables,
    read_reference_file,
    reference_fingerprint,
    wrong_reference_files,
)

HEAD = "-- One sentence.\n-- 一句话。\n"
STATEMENT = "insert into core.execution_statement by name select '440103' as district_code, 2022 as fiscal_year, "


def sql_file(directory: Path, name: str, text: str, group: str = "summary") -> Path:
    """Writes a SQL file of a group."""
    path = directory / group / f"{name}.sql"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_head_gives_meaning_labels_and_keys(tmp_path: Path) -> None:
    path = sql_file(
        tmp_path,
        "some_table",
        "-- What it means,\n--   told at length.\n-- 含义。\n-- label_zh: 某表\n-- message: a: b\n--   c\n"
        "select 1 as one",
    )
    file = read_sql_file(path)
    assert (file.table, file.meaning, file.meaning_zh) == (
        "summary.some_table",
        "What it means, told at length.",
        "含义。",
    )
    assert file.keys == {"label_zh": "某表", "message": "a: b c"}
    assert file.query == "select 1 as one"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("select 1", "one English line and one Chinese line"),
        ("-- Only English.\nselect 1", "one English line and one Chinese line"),
        ("-- 只有中文。\n-- English.\nselect 1", "one English line and one Chinese line"),
        (HEAD + "-- label_zh: 表\n-- stray\nselect 1", "stands behind"),
        (HEAD + "-- label_zh: 表\n-- label_zh: 表\nselect 1", "twice"),
        (HEAD, "exactly one statement"),
        (HEAD + "select 1; select 2", "exactly one statement"),
    ],
)
def test_a_bad_head_or_body_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    path = sql_file(tmp_path, "bad", text)
    with pytest.raises(SqlFileError, match=complaint) as error:
        read_sql_file(path)
    assert str(path) in str(error.value)


def test_files_come_behind_the_tables_that_they_read(tmp_path: Path) -> None:
    sql_file(tmp_path, "a", HEAD + "select * from summary.b join core.payment using (x) -- not summary.nothing")
    sql_file(tmp_path, "b", HEAD + "select 'summary.a' as text from summary.c")
    sql_file(tmp_path, "c", HEAD + "select 1 as one; ")
    files = read_sql_group("summary", tmp_path)
    assert [file.name for file in in_order(files, {"core.payment"})] == ["c", "b", "a"]
    with pytest.raises(SqlFileError, match=r"core\.payment"):
        in_order(files, set())


def test_a_circle_and_a_missing_group_are_refused(tmp_path: Path) -> None:
    sql_file(tmp_path, "a", HEAD + "select * from summary.b")
    sql_file(tmp_path, "b", HEAD + "select * from summary.a")
    with pytest.raises(SqlFileError, match=r"circle: .*summary\.a"):
        in_order(read_sql_group("summary", tmp_path), set())
    with pytest.raises(SqlFileError, match="does not exist"):
        read_sql_group("views", tmp_path)


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("select 1 as no_such_figure", "no definition"),
        ("select 1 / 3 as execution_rate", "float"),
    ],
)
def test_a_column_without_definition_or_through_a_float_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, query: str, complaint: str
) -> None:
    sql_file(tmp_path, "odd", HEAD + "-- label_zh: 表\n" + query)
    (tmp_path / "macros").mkdir()
    monkeypatch.setattr("pipelines.sql_files.sql_directory", lambda: tmp_path)
    with duckdb.connect() as connection, pytest.raises(SqlFileError, match=complaint):
        run_sql(connection, "summary")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with everything in it, made under one name and then renamed."""
    directory = tmp_path_factory.mktemp("published")
    with duckdb.connect() as connection:
        connection.execute(f"attach '{directory / 'made.duckdb'}' as being_made (storage_version 'v1.5.0')")
        connection.execute("use being_made")
        connection.begin()
        create_core_tables(connection)
        load_reference_tables(connection, directory)
        connection.execute(
            STATEMENT + "'一局' as department_name, 123456750.00 as full_year_budget_amount, 50.00 as executed_amount"
        )
        connection.execute(STATEMENT + "'一局' as department_name, '甲' as project_name, -50.00 as adjustment_amount")
        connection.execute("insert into quality.delivered_dataset values ('440103', 2022, 'execution_statement')")
        run_sql(connection, "core", "summary")
        create_chinese_views(connection)
        connection.commit()
        connection.execute("use memory")
        connection.execute("detach being_made")
    return (directory / "made.duckdb").rename(directory / "其他名.duckdb")


def test_every_table_and_column_has_a_chinese_and_an_english_comment(published: Path) -> None:
    with duckdb.connect(published, read_only=True) as connection:
        comments = connection.execute(
            "select table_name, column_name, comment from duckdb_columns() where not internal"
            " union all select table_name, '', comment from duckdb_tables() where not internal"
            " union all select view_name, '', comment from duckdb_views() where not internal"
        ).fetchall()
    assert len(comments) > 1000
    assert [row for row in comments if not row[2] or "：" not in row[2]] == []


def test_chinese_views_open_under_another_name_and_show_yuan_and_wan_yuan(published: Path) -> None:
    with duckdb.connect(published, read_only=True) as connection:
        row = connection.execute(
            'select "全年预算数", "全年预算数（万元）", "执行数（万元）", "执行状态", "数据来源", "年初预算数（万元）"'
            f' from {CHINESE_SCHEMA}."部门预算执行"'
        ).fetchone()
        project = connection.execute(f'select "净调整金额（万元）" from {CHINESE_SCHEMA}."项目预算执行"').fetchone()
        views = [
            name for (name,) in connection.execute("select view_name from duckdb_views() where not internal").fetchall()
        ]
        for view in views:
            connection.execute(f'select * from {CHINESE_SCHEMA}."{view}"').fetchall()
    # 50 yuan is 0.005 万元: half up, away from zero.
    assert row == (Decimal("123456750.00"), Decimal("12345.68"), Decimal("0.01"), "预算内", "执行情况表", None)
    assert project == (Decimal("-0.01"),)
    assert len(views) > 40


def test_column_names_are_unambiguous_in_every_view(published: Path) -> None:
    with duckdb.connect(published, read_only=True) as connection:
        names = connection.execute(
            f"select table_name, column_name from duckdb_columns() where schema_name = '{CHINESE_SCHEMA}'"
        ).fetchall()
    assert [name for name, count in Counter(names).items() if count > 1 or name[1].endswith("_1")] == []


def test_a_published_column_is_defined_once() -> None:
    labels: dict[str, set[str]] = {}
    kinds: dict[str, set[str]] = {}
    for table in (*DATASETS.values(), *QUALITY_TABLES, *REFERENCE_TABLES.values()):
        for column in table.columns:
            labels.setdefault(column.name, set()).add(column.label_zh)
            kinds.setdefault(column.name, set()).add(column.kind)
    ambiguous = {name for name in labels if len(labels[name]) > 1 or len(kinds[name]) > 1}
    # An indicator has a document of its own; where SQL shows a document number it is that of an adjustment.
    assert ambiguous <= {"document_number"}
    # The as-of date of a summary row is not that of a statement line.
    assert set(FIGURES) & set(labels) <= {"as_of_date"}


def test_the_default_reference_tables_load_and_a_districts_own_replace_them(tmp_path: Path) -> None:
    own = tmp_path / "440103" / "reference" / "control_number_parameters.csv"
    own.parent.mkdir(parents=True)
    before = reference_fingerprint(tmp_path)
    own.write_text(
        "district_code,version,first_fiscal_year,last_fiscal_year,carryover_increase_cut_share,source_note\n"
        "440103,own,2022,2022,0.5,\n",
        encoding="utf-8",
    )
    assert reference_fingerprint(tmp_path) != before
    with duckdb.connect() as connection:
        create_core_tables(connection, with_comments=False)
        load_reference_tables(connection, tmp_path)
        delivered = [("440103", 2021), ("440103", 2022), ("440103", 2023), ("440104", 2022)]
        connection.executemany("insert into quality.delivered_dataset values (?, ?, 'payment')", delivered)
        run_sql(connection, "core", "summary", with_comments=False)
        found = connection.execute(
            "select district_code, fiscal_year, version from core.reference_version"
            " where reference_table = 'control_number_parameters' order by all"
        ).fetchall()
    assert found == [
        ("440103", 2021, "2026.1"),
        ("440103", 2022, "own"),
        ("440103", 2023, "2026.1"),
        ("440104", 2022, "2026.1"),
    ]


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("thresholds", "", "not a reference table"),
        ("self_evaluation_rubric", "version,rubric_item\n", "line 1"),
        ("self_evaluation_rubric", "440104,v,2022,,good-from,80,\n", "district_code"),
        ("self_evaluation_rubric", ",v,2022,,good-from,80,\n,v,2022,,good-from,81,\n", "line 3.*line 2"),
        ("self_evaluation_rubric", ",v,2022,,good-from,80.123,\n", "rubric_value.*80.123"),
        ("self_evaluation_rubric", ",v,2022,,best-from,80,\n", "rubric_item.*best-from.*good-from"),
        ("self_evaluation_rubric", ",,2022,,good-from,80,\n", "version"),
        ("self_evaluation_rubric", ",v,soon,,good-from,80,\n", "first_fiscal_year.*soon"),
        ("self_evaluation_rubric", ",v,12345678901234567890,,good-from,80,\n", "first_fiscal_year.*123456"),
        ("self_evaluation_rubric", f",v,2022,,good-from,{'9' * 40},\n", "rubric_value.*999"),
        ("self_evaluation_rubric", ",v,2022,,good-from,８0,\n", "rubric_value"),
        ("self_evaluation_rubric", ",v,2022,,good-from,80,,more\n", "line 2: more cells than the 7"),
        ("self_evaluation_rubric", ',v,2022,,good-from,80,"note\n', "is a quote not closed"),
        ("self_evaluation_rubric", f",v,2022,,good-from,80,{'长' * 200_000}\n", "line 2, column source_note.*200,000"),
        ("self_evaluation_rubric", f",v,2022,,good-from,80,{'长' * 2_000}\n", "source_note.*2,000"),
    ],
)
def test_a_bad_reference_file_is_refused_with_its_place(tmp_path: Path, name: str, text: str, complaint: str) -> None:
    path = tmp_path / "440103" / "reference" / f"{name}.csv"
    path.parent.mkdir(parents=True)
    header = ",".join(column.name for column in REFERENCE_TABLES["self_evaluation_rubric"].columns)
    path.write_text(text if text.startswith("version") else f"{header}\n{text}", encoding="utf-8")
    with duckdb.connect() as connection:
        create_core_tables(connection, with_comments=False)
        with pytest.raises(ReferenceFileError, match=complaint) as error:
            load_reference_tables(connection, tmp_path)
    assert str(path) in str(error.value)
    assert any("\u4e00" <= character <= "\u9fff" for character in str(error.value))


@pytest.mark.parametrize("document", ["reference-tables.md", "reference-tables.zh-CN.md"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_the_documented_yardstick_can_be_put_in_place_as_it_is(tmp_path: Path, document: str, encoding: str) -> None:
    text = (Path(__file__).parent.parent / "docs" / document).read_text(encoding="utf-8")
    example = text.partition("```csv\n")[2].partition("```")[0]
    path = tmp_path / "time_progress_yardstick.csv"
    path.write_text(example, encoding=encoding)
    rows = read_reference_file(path, REFERENCE_TABLES["time_progress_yardstick"], "440103")
    assert [(row["month"], row["expenditure_nature"], row["time_progress"]) for row in rows] == [
        (3, None, Decimal("0.2500")),
        (4, None, Decimal("0.4903")),
        (4, "project", Decimal("0.3333")),
    ]
    assert [row["source_note"] for row in rows][1] in ("bulletin of April", "4月通报")


def test_what_is_no_reference_file_of_the_district_is_told_and_never_read(tmp_path: Path) -> None:
    (tmp_path / "outside.csv").write_text("a secret\n")
    raw = tmp_path / "raw"
    folder = raw / "440103" / "reference"
    folder.mkdir(parents=True)
    own = folder / "self_evaluation_rubric.csv"
    theirs = raw / "440104" / "reference" / own.name
    theirs.parent.mkdir(parents=True)
    shutil.copyfile(DEFAULTS / own.name, theirs)
    for make, told in (
        (lambda: own.symlink_to(tmp_path / "outside.csv"), "leads out of the district's folder"),
        (lambda: own.symlink_to(theirs), "leads out of the district's folder"),
        (lambda: own.symlink_to(own), "cannot be read"),
        (own.mkdir, "Not a regular file"),
        (lambda: own.write_bytes(b"x" * 5_000_000), "more than 4,194,304 bytes"),
    ):
        make()
        (error,) = wrong_reference_files(raw, "440103")
        assert told in str(error)
        assert own.name in error.told_zh
        assert wrong_reference_files(raw, "440104") == []
        own.rmdir() if own.is_dir() and not own.is_symlink() else own.unlink()
    folder.rmdir()
    folder.write_text("no folder")
    (error,) = wrong_reference_files(raw, "440103")
    assert "the folder cannot be looked into" in str(error)


def test_a_reference_file_in_no_known_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "self_evaluation_rubric.csv"
    path.write_bytes(b"district_code,version\n\xff\xff\n")
    with pytest.raises(ReferenceFileError, match="GB18030"):
        read_reference_file(path, REFERENCE_TABLES["self_evaluation_rubric"], "440103")
