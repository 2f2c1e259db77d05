"""The rules across district-years and of the finished build: carry-over from year to year, and no money lost."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import duckdb
import pytest
from rule_cases.district import YEAR, District, clean, fill, yuan

from pipelines.contracts.model import Severity
from pipelines.quality.findings import Finding
from pipelines.quality.rules import Scope, read_rules, run_rules, tables_read
from pipelines.settings import Settings
from pipelines.warehouse.database import run_sql

UNSPENT = {"P1": 100_000, "P2": 700_000, "P3": 150_000, "P4": 160_000, "P5": 100_000}
"""What the clean district leaves unspent, by project."""

Change = Callable[[District], None]
CASES: dict[str, tuple[str | None, tuple[tuple[str, Decimal, Decimal], ...], Change]] = {}


def case(rule: str | None, *expected: tuple[str, int | str, int | str]) -> Callable[[Change], Change]:
    """Registers a change to the later of two years and the findings (key, source, target) that it leads to."""

    def register(change: Change) -> Change:
        found = tuple((key, yuan(str(source)), yuan(str(target))) for key, source, target in expected)
        CASES[change.__name__] = (rule, found, change)
        return change

    return register


P1 = "101001 甲局 / P1 甲局人员经费"


@case(None)
def everything_is_carried_over_or_taken_back(later: District) -> None:
    assert later


@case(None)
def what_was_taken_back_is_not_told(later: District) -> None:
    later.only("carryover", project_code="P1").update(carried_over_amount=yuan(1), taken_back_amount=None)


@case(None)
def a_cent_too_much(later: District) -> None:
    later.only("carryover", project_code="P1")["taken_back_amount"] += Decimal("0.01")


@case("carried-over-exceeds-last-years-balance", (P1, "100000.02", 100_000))
def more_than_was_left(later: District) -> None:
    later.only("carryover", project_code="P1")["taken_back_amount"] += Decimal("0.02")


@case("carried-over-exceeds-last-years-balance", ("101001 甲局 / P8", 500, 0))
def carried_over_from_a_project_that_had_nothing(later: District) -> None:
    later.add("carryover", department_code="101001", project_code="P8", carried_over_amount=yuan(500))


@case("last-years-balance-not-accounted-for", (P1, 60_000, 100_000))
def part_of_the_balance_is_gone(later: District) -> None:
    later.only("carryover", project_code="P1")["taken_back_amount"] = yuan(0)


@case("unspent-projects-without-carryover-line", ("102001 乙局", 260_000, 0))
def two_projects_without_a_line(later: District) -> None:
    later.remove("carryover", project_code="P4")
    later.remove("carryover", project_code="P5")


@case(None)
def no_carry_over_was_delivered(later: District) -> None:
    later.drop("carryover")


def carried(code: str) -> District:
    """The year after the clean one, in which 60 % of what was left is carried over and the rest taken back."""
    later = clean(code, year=YEAR + 1)
    for project, amount in UNSPENT.items():
        share = yuan(amount * 6 // 10)
        later.add(
            "carryover",
            department_code=later.projects[project][1],
            project_code=project,
            carried_over_amount=share,
            taken_back_amount=yuan(amount) - share,
        )
    return later


@pytest.fixture(scope="module")
def build() -> duckdb.DuckDBPyConnection:
    """The tables of a build of all cases."""
    connection = duckdb.connect()
    districts = []
    for number, (_, _, change) in enumerate(CASES.values()):
        later = carried(str(300_000 + number))
        change(later)
        districts += [clean(str(300_000 + number)), later]
    alone = carried("399999")
    fill(connection, [*districts, alone])
    run_sql(connection, "core", "summary", needed=tables_read(Scope.BUILD), with_comments=False)
    return connection


@pytest.fixture(scope="module")
def findings(build: duckdb.DuckDBPyConnection) -> list[Finding]:
    return run_rules(build, Scope.BUILD, Settings()).findings


@pytest.mark.parametrize("name", CASES)
def test_carry_over_is_followed_from_year_to_year(name: str, findings: list[Finding]) -> None:
    rule, expected, _ = CASES[name]
    code = str(300_000 + list(CASES).index(name))
    found = [finding for finding in findings if finding.district_code == code]
    assert [(one.rule_id, one.fiscal_year) for one in found] == [(rule, YEAR + 1)] * len(expected)
    assert tuple((one.finding_key, one.source_value, one.target_value) for one in found) == expected


def test_a_year_without_the_year_before_has_no_chain(findings: list[Finding]) -> None:
    assert [finding for finding in findings if finding.district_code == "399999"] == []


def test_every_rule_of_the_build_has_a_failing_case() -> None:
    of_documents = "quality.published_"  # test_documents_published has their cases
    rules = {rule.id for rule in read_rules() if rule.scope is Scope.BUILD and not rule.guards.startswith(of_documents)}
    assert {rule for rule, *_ in CASES.values() if rule} | set(DAMAGES) == rules


DAMAGES = {
    "summary-differs-from-its-rows": (
        """update summary.department_execution set executed_amount = executed_amount - 0.01
        where department_code = '102001'""",
        "department / executed_amount",
        Decimal("4789999.99"),
        Decimal("4790000.00"),
    ),
    "summary-row-is-not-unique": (
        """insert into summary.project_execution by name
        select * replace (0 as executed_amount, 0 as net_adjustment_amount, 0 as initial_budget_amount)
        from summary.project_execution where project_code = 'P4'""",
        "102001 乙局 / P4 乙局公用经费",
        Decimal(2),
        Decimal(1),
    ),
}
"""What a faulty program could do to a finished build, and what is found."""


@pytest.mark.parametrize("rule", DAMAGES)
def test_a_program_that_loses_or_doubles_money_holds_the_publication_back(rule: str) -> None:
    damage, key, source, target = DAMAGES[rule]
    with duckdb.connect() as connection:
        fill(connection, [clean("300000")])
        run_sql(connection, "core", "summary", needed=tables_read(Scope.BUILD), with_comments=False)
        assert run_rules(connection, Scope.BUILD, Settings()).findings == []
        connection.execute(damage)
        (finding,) = run_rules(connection, Scope.BUILD, Settings()).findings
    assert (finding.rule_id, finding.severity) == (rule, Severity.FATAL)
    assert (finding.finding_key, finding.source_value, finding.target_value) == (key, source, target)
