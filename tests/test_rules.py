"""Every rule inside a district-year finds what is wrong, all of it, and nothing else; the register says what it does.

All cases lie in one database, a district each, and are asked together, as a publication of many districts would be.
Does not belong here: rules across district-years, the slip detector, deliveries as files (modules of their own).
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from rule_cases.cases import CASES, Case
from rule_cases.district import clean, fill

from pipelines.quality.findings import Finding
from pipelines.quality.rules import RuleOutcome, Scope, read_rules
from pipelines.settings import Settings
from pipelines.warehouse.judge import judge

CODES = {case.name: str(100_000 + number) for number, case in enumerate(CASES)}
CLEAN = "999998"


def ask(*districts: Any, settings: Settings | None = None) -> RuleOutcome:
    """The outcome of all rules inside district-years over a database of these districts."""
    with duckdb.connect() as connection:
        fill(connection, districts)
        return judge(connection, settings or Settings())


@pytest.fixture(scope="module")
def outcome() -> RuleOutcome:
    return ask(clean(CLEAN), *(case.make(CODES[case.name]) for case in CASES))


@pytest.fixture(scope="module")
def findings(outcome: RuleOutcome) -> dict[str, list[Finding]]:
    found = defaultdict(list)
    for finding in outcome.findings:
        found[finding.district_code].append(finding)
    return found


def test_every_rule_inside_a_district_year_has_a_failing_and_a_passing_case() -> None:
    rules = {rule.id for rule in read_rules() if rule.scope is Scope.DISTRICT_YEAR}
    assert {case.rule for case in CASES if case.expected} == rules
    assert {case.rule for case in CASES if not case.expected} >= rules - {"payment-of-unknown-project"}
    assert len(CODES) == len(CASES)


def test_nothing_is_found_in_the_clean_district(findings: dict[str, list[Finding]]) -> None:
    assert findings[CLEAN] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}: {case.name}")
def test_the_planted_error_is_found_and_none_is_invented(case: Case, findings: dict[str, list[Finding]]) -> None:
    found = findings[CODES[case.name]]
    assert Counter(finding.rule_id for finding in found) == Counter({case.rule: len(case.expected)} | case.also), [
        finding.message for finding in found
    ]
    own = sorted((finding for finding in found if finding.rule_id == case.rule), key=lambda one: one.finding_key)
    for finding, expected in zip(own, sorted(case.expected, key=lambda one: one.key), strict=True):
        assert finding.finding_key == expected.key
        assert finding.source_value == decimal(expected.source)
        assert finding.target_value == decimal(expected.target)
        for word in expected.words:
            assert word in finding.message + finding.message_zh


def decimal(value: Decimal | int | str | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def test_rows_are_set_aside_once_with_all_their_reasons(outcome: RuleOutcome) -> None:
    aside: dict[str, int] = Counter(
        row["source_file_id"].partition("-")[0] for row in outcome.rows_to_set_aside.to_pylist()
    )
    assert aside == {CODES[case.name]: case.set_aside for case in CASES if case.set_aside}
    (both, _) = sorted(
        (
            row
            for row in outcome.rows_to_set_aside.to_pylist()
            if row["source_file_id"].startswith(CODES["payment_with_two_reasons"])
        ),
        key=lambda row: row["source_line"],
    )
    assert both["rule_id"] == "payment-of-unknown-department; payment-of-unknown-project"
    assert "999001" in both["message"]
    assert "P9" in both["message"]
    assert "；" in both["message_zh"]


def test_a_finding_leads_to_its_source_lines(findings: dict[str, list[Finding]]) -> None:
    (finding,) = findings[CODES["project_paid_beyond_its_budget"]]
    lines = json.loads(finding.source_lines or "[]")
    assert {line["source_file_id"].partition("-2023-")[2] for line in lines} == {"annual_budget", "payment"}
    assert finding.source_line_count == len(lines) == 2
    assert (finding.department_code, finding.project_code) == ("102001", "P4")
    assert finding.source_file_id == lines[0]["source_file_id"]


def test_every_finding_about_rows_has_a_place(findings: dict[str, list[Finding]]) -> None:
    without = {finding.rule_id for found in findings.values() for finding in found if finding.source_line is None}
    assert without == {"expected-dataset-missing", "payments-out-of-proportion-to-budget"}
