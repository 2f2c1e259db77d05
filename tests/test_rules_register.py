"""The rulebook as a whole: files, register and documentation agree; caps, thresholds and crashes do what they say."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from pydantic import ValidationError
from rule_cases.district import YEAR, District, clean, fill, statement_only, yuan

from pipelines.contracts.cell_rules import CELL_RULES
from pipelines.contracts.datasets import DATASETS
from pipelines.contracts.model import Severity
from pipelines.contracts.quality_tables import QUALITY_TABLES, RULE
from pipelines.quality import rules as rulebook
from pipelines.quality.findings import Finding
from pipelines.quality.rules import (
    CATEGORIES,
    EFFECTS,
    RuleCrashedError,
    Scope,
    read_rules,
    register,
    register_table,
    run_rules,
    set_rows_aside,
    tables_read,
)
from pipelines.quality.rules_document import write_rules_documents
from pipelines.settings import Settings
from pipelines.sql_files import SqlFileError, read_sql_file, sql_directory
from pipelines.warehouse.database import create_macros, run_sql

DOCS = Path(__file__).parent.parent / "docs"
RULES = {rule.id: rule for rule in read_rules()}


def test_files_register_and_documentation_agree(tmp_path: Path) -> None:
    entries = register()
    ids = [entry.rule_id for entry in entries]
    row_rules = {rule.id for dataset in DATASETS.values() for rule in dataset.row_rules}
    assert sorted(ids) == sorted({*RULES, *row_rules, *CELL_RULES})
    assert {path.stem.replace("_", "-") for path in (sql_directory() / "rules").glob("*.sql")} == set(RULES)
    write_rules_documents(tmp_path)
    for name in ("rules.md", "rules.zh-CN.md"):
        current = (DOCS / name).read_text(encoding="utf-8")
        assert current == (tmp_path / name).read_text(encoding="utf-8"), (
            f"docs/{name} is not current: python -m pipelines.quality.rules_document docs"
        )
        assert re.findall(r"^\| `([a-z0-9-]+)` \|", current, re.MULTILINE) == ids


def test_the_register_is_a_table_of_the_published_database() -> None:
    assert RULE in QUALITY_TABLES
    table = register_table(Settings())
    assert table.column_names == [column.name for column in RULE.columns]
    by_id = {row["rule_id"]: row for row in table.to_pylist()}
    assert by_id["payment-of-unknown-project"]["rule_effect"] == "row_set_aside"
    assert by_id["payments-out-of-proportion-to-budget"]["rule_effect"] == "district_year_held_back"
    assert by_id["summary-differs-from-its-rows"]["rule_effect"] == "publication_held_back"
    assert by_id["total-row-disagrees"]["rule_effect"] == "file_refused"
    assert by_id["adjustment-date-is-in-its-fiscal-year"]["rule_effect"] == "row_set_aside"
    assert by_id["payment-without-budget"]["tolerance"] == "yuan_tolerance = 0.01"
    for row in by_id.values():
        assert row["rule_effect"] in EFFECTS
        assert row["rule_category"] in CATEGORIES
        assert all(row[name] for name in row if name != "tolerance"), row["rule_id"]


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_both_messages_of_a_rule_tell_the_same_figures(rule: rulebook.Rule) -> None:
    english, chinese = (
        {name for _, name, _, _ in string.Formatter().parse(message) if name}
        for message in (rule.message, rule.message_zh)
    )
    chinese = {name.removesuffix("_zh") for name in chinese}
    if rule.id != "expected-dataset-missing":
        assert english == chinese
    assert re.search(r"[\u4e00-\u9fff]", rule.message_zh)
    assert rule.guards.partition(".")[0] in ("core", "summary", "quality")
    assert not re.search(r"\b(float|double|real)\b", rule.file.query, re.IGNORECASE)


def test_fatal_rules_hold_back_and_errors_that_set_rows_aside_read_deliveries_only() -> None:
    delivered = {f"core.{name}" for name in DATASETS} | {"quality.delivered_dataset"}
    for rule in RULES.values():
        if rule.sets_aside:
            assert rule.severity is Severity.ERROR
            assert rule.file.reads <= delivered
        if rule.severity is Severity.FATAL:
            assert rule.effect.endswith("held_back")


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (("-- severity: error", "-- severity: grave"), "severity is 'grave'"),
        (("-- rule: payment-without-budget", "-- rule: another"), "rule is 'another'"),
        (("-- since: 0.1.0\n", ""), "lacks the keys ['since']"),
        (("-- since: 0.1.0", "-- since: 0.1.0\n-- colour: red"), "unknown keys ['colour']"),
        (("-- tolerance: yuan_tolerance", "-- tolerance: yuan_limit"), "['yuan_limit']"),
        (("-- tolerance: yuan_tolerance", "-- tolerance: unit_slip_share"), "does not read"),
    ],
)
def test_a_bad_head_is_refused_with_the_file(tmp_path: Path, damage: tuple[str, str], complaint: str) -> None:
    text = (sql_directory() / "rules" / "payment_without_budget.sql").read_text(encoding="utf-8")
    path = tmp_path / "payment_without_budget.sql"
    path.write_text(text.replace(*damage), encoding="utf-8")
    with pytest.raises(SqlFileError, match=re.escape(complaint)) as raised:
        rulebook.as_rule(read_sql_file(path, "rules"))
    assert str(path) in str(raised.value)


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        create_macros(connection)
        yield connection


def ask(
    connection: duckdb.DuckDBPyConnection, *rules: rulebook.Rule, settings: Settings | None = None
) -> list[Finding]:
    """What these rules find in a filled database."""
    run_sql(connection, "core", needed=tables_read(Scope.DISTRICT_YEAR), with_comments=False)
    return run_rules(connection, Scope.DISTRICT_YEAR, settings or Settings(), rules).findings


def many_unknown_projects(code: str, *, projects: int, rows: int) -> District:
    district = clean(code)
    for number in range(rows):
        voucher, project = f"W{number}", f"X{number % projects:03}"
        district.pay(voucher, "P4", number + 1, date(YEAR, 6, 1), project_code=project)
    return district


def test_findings_are_capped_and_counted_completely(connection: duckdb.DuckDBPyConnection) -> None:
    fill(connection, [many_unknown_projects("100001", projects=7, rows=70)])
    outcome = set_rows_aside(connection, Settings(findings_per_rule=5))
    assert outcome.rows_to_set_aside.num_rows == 70
    assert [finding.finding_key for finding in outcome.findings] == ["X000", "X001", "X002", "X003", "X004", ""]
    assert outcome.findings[-1].message == "2 further cases of this rule are not listed; 7 in all."
    assert outcome.findings[-1].message_zh == "另有 2 例未列出，共 7 例。"


def test_source_lines_are_capped_and_counted_completely(connection: duckdb.DuckDBPyConnection) -> None:
    fill(connection, [many_unknown_projects("100001", projects=1, rows=70)])
    (finding,) = set_rows_aside(connection, Settings()).findings
    assert (finding.source_lines or "").count('source_line"') == rulebook.LISTED_LINES
    assert finding.source_line_count == 70
    assert finding.source_value == sum(range(1, 71))
    assert "70 rows with 2,485.00 yuan" in finding.message


def test_a_threshold_is_set_for_all_and_otherwise_for_one_district(connection: duckdb.DuckDBPyConnection) -> None:
    settings = Settings(
        thresholds={"yuan_tolerance": "1.00"},
        thresholds_by_district={"100002": {"yuan_tolerance": "0.10", "unit_slip_share": "0"}},
    )
    assert settings.thresholds_of("100001").yuan_tolerance == Decimal("1.00")
    assert settings.thresholds_of("100002").yuan_tolerance == Decimal("0.10")
    assert settings.thresholds_of("100002").unit_slip_below == Decimal("10000.00")
    districts = [clean("100001", stated=False), clean("100002", stated=False)]
    for district in districts:
        district.pay("V20", "P4", "160000.50", date(YEAR, 12, 1))
    fill(connection, districts)
    (finding,) = ask(connection, RULES["payments-exceed-project-budget"], settings=settings)
    assert (finding.district_code, finding.difference) == ("100002", Decimal("0.50"))
    with pytest.raises(ValidationError):
        Settings(thresholds_by_district={"100002": {"yuan_limit": "1"}})


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("select nonsense from core.payment", "nonsense"),
        ("select district_code, fiscal_year, '' as finding_key, 0 as difference from core.payment", "source_value"),
    ],
)
def test_a_rule_that_crashes_is_no_finding(connection: duckdb.DuckDBPyConnection, query: str, complaint: str) -> None:
    fill(connection, [clean("100001")])
    rule = RULES["payment-without-budget"]
    with pytest.raises(RuleCrashedError, match=rf"payment_without_budget\.sql.*{complaint}"):
        ask(connection, replace(rule, file=replace(rule.file, query=query)))


def test_rows_of_tables_and_of_views_are_set_aside_alike(connection: duckdb.DuckDBPyConnection) -> None:
    fill(connection, [many_unknown_projects("100001", projects=2, rows=4)])
    connection.execute("alter table core.payment rename to payment_file")
    connection.execute("create view core.payment as select * from core.payment_file")
    assert set_rows_aside(connection, Settings()).rows_to_set_aside.num_rows == 4
    assert connection.execute("select count(*) from core.payment").fetchall() == [(7,)]


def test_a_statement_of_yuan_is_compared_to_the_cent(connection: duckdb.DuckDBPyConnection) -> None:
    district = statement_only("100001")
    district.unit_factors["execution_statement"] = 1
    district.stated("102001", "P4")["adjustment_amount"] = yuan("0.02")
    fill(connection, [district])
    (finding,) = ask(connection, RULES["statement-line-does-not-add-up"])
    assert finding.difference == Decimal("-0.02")
