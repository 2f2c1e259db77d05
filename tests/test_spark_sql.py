"""The project's SQL as Spark SQL: what does not carry is refused, or is named here with what becomes of it.

Needs no Spark. That the carried text gives the same rows is what test_spark shows on a cluster.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import sqlglot
from click.testing import CliRunner

from pipelines.cli import main
from pipelines.province.spark_sql import SPARK_BODIES, as_spark, macros, uncarried
from pipelines.sql_files import SqlFile, read_macros, read_sql_group

GROUPS = ("core", "summary", "lineage", "history", "rules", "rules/shared")
ACROSS_DISTRICTS = next(file for file in read_sql_group("examples") if file.name == "payees_in_two_districts")
FILES = [file for group in GROUPS for file in read_sql_group(group)]

HANDLED = {
    "voucher_in_two_files": {"hash() is 32 bits in Spark", "a window without partition is one task"},
    "rule_detail": {
        "a window without partition is one task",
        "a cast to a whole number rounds in DuckDB and truncates in Spark",
    },
    "rule_statement_pair": {"a window without partition is one task"},
}
"""What three rules have: hash is carried as xxhash64; numbers over all rows are right there, made by one task; and what
rule_detail casts is the number of a row."""


@pytest.mark.parametrize("file", [*FILES, ACROSS_DISTRICTS], ids=lambda file: file.table)
def test_every_file_is_carried_and_has_nothing_that_means_something_else(file: SqlFile) -> None:
    assert set(uncarried(file)) == HANDLED.get(file.name, set())
    text = as_spark(file.query)
    assert sqlglot.parse_one(text, read="spark")
    assert not [name for name in macros() if f"{name}(" in text.lower()]


@pytest.mark.parametrize(
    "query",
    [
        "select sum(amount) // 3 from core.payment",
        "select sum(amount) / 3 from core.payment",
        "select avg(amount) from core.payment",
        "select sign(amount) from core.payment",
        "select hash(project_code) from core.payment",
        "select row_number() over (order by amount) from core.payment",
        "select sum(amount) over (rows unbounded preceding) from core.payment",
        "select first(amount order by payment_date) from core.payment",
        "select cast(amount * 2.5 as bigint) from core.payment",
        "select try_cast(amount * 0.5 as integer) from core.payment",
    ],
)
def test_a_construct_that_does_not_carry_is_refused(query: str) -> None:
    assert uncarried(SqlFile("summary", "new", "", "", query, Path("new.sql")))


@pytest.mark.parametrize(
    ("query", "spark"),
    [
        ("select amounts[month] from t", "SELECT TRY_ELEMENT_AT(amounts, CAST(month AS INT)) FROM t"),
        ("select amounts[1].label from t", "SELECT TRY_ELEMENT_AT(amounts, CAST(1 AS INT)).label FROM t"),
        ("select places[1:19] from t", "SELECT SLICE(places, 1, 19) FROM t"),
        ("select list_slice(places, 2, 5) from t", "SELECT SLICE(places, 2, 4) FROM t"),
        ("select hash(a, b) from t", "SELECT XXHASH64(a, b) FROM t"),
        ("with a as materialized (select 1 as b) select b from a", "WITH a AS (SELECT 1 AS b) SELECT b FROM a"),
        (
            "select list(a order by b) from t",
            "SELECT TRANSFORM(ARRAY_SORT(COLLECT_LIST(STRUCT(b IS NULL AS k0, b AS k1, a AS v))), e -> e.v) FROM t",
        ),
        (
            "select a from t where not exists (select 1 from unnest(t.codes) as e (c) where starts_with(t.a, e.c))",
            "SELECT a FROM t WHERE NOT EXISTS(t.codes, element -> STARTSWITH(t.a, element))",
        ),
        (
            "select string_agg(distinct a, '、' order by a) from t",
            "SELECT CASE WHEN COUNT(a) > 0 THEN ARRAY_JOIN(ARRAY_SORT(COLLECT_SET(a)), '、') END FROM t",
        ),
        ("select cast(a as hugeint) from t", "SELECT CAST(a AS DECIMAL(38, 0)) FROM t"),
    ],
)
def test_what_sqlglot_leaves_is_rewritten(query: str, spark: str) -> None:
    assert as_spark(query) == spark


GOLDEN = Path(__file__).parent / "fixtures" / "macros_as_spark_sql.txt"


def test_each_macro_is_carried_as_it_was_when_it_was_compared_on_spark() -> None:
    """A change of this text has to be compared on Spark (test_spark) before it is written down here."""
    lines = []
    for name, (parameters, _) in sorted(macros().items()):
        lines.append(f"{name}: " + as_spark(f"select {name}({', '.join(parameters)})"))
    assert "\n".join(lines) + "\n" == GOLDEN.read_text(encoding="utf-8")


def test_every_body_of_its_own_stands_for_a_macro_that_there_is() -> None:
    assert SPARK_BODIES.keys() <= {file.name for file in read_macros()}


@pytest.mark.parametrize("package", ["pyspark", "sqlglot"])
def test_without_the_extra_the_command_names_it_and_java(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    said = CliRunner().invoke(main, ["province", "verify", "--engine", "spark"])
    assert said.exit_code == 1
    assert f"{package} is not installed" in said.output
    assert "district-finance[spark]" in said.output
    assert "Java" in said.output
