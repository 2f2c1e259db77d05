"""One run over deliveries with an error of every rule in them: every one is found, and none is invented.

The errors are those of ``rule_cases``, written as the files that an office would deliver. Those about projects, units
and lines lie side by side in one district-year, each among units and projects of its own; those about a whole delivery
need a district of their own. Does not belong here: what each finding says (test_rules).
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from bureau import Bureau
from rule_cases.cases import CASES
from rule_cases.district import District, clean
from test_rules_across_years import (
    carried,
    carried_over_from_a_project_that_had_nothing,
    part_of_the_balance_is_gone,
    two_projects_without_a_line,
)

from pipelines.contracts.datasets import DATASETS
from pipelines.contracts.model import Kind
from pipelines.ingest.deliveries import find_deliveries
from pipelines.nightly import accept_all, publish_or_mend
from pipelines.quality.rules import read_rules
from pipelines.warehouse.lock import warehouse_lock

ALONE = {
    "annual_budget_exported_in_january",
    "code_with_a_zero_more",
    "department_renamed_during_the_year",
    "payment_in_another_unit",
    "payments_that_end_two_months_before_the_adjustments",
}
"""Cases about a whole delivery: beside others, theirs would drown or drown others."""

BEFORE_THE_RULES = {
    "section_beside_its_items": "ingest takes a section above its items for a subtotal, so the rule never sees it",
    "voucher_on_another_day_and_project_of_the_month": "two files that give one number and say not which is the later "
    "one are order-of-deliveries-unknown, and one of them counts",
}
"""Cases that files cannot bring to their rule: what becomes of them instead."""

OF_THE_PROGRAM = {"summary-differs-from-its-rows", "summary-row-is-not-unique"}
"""Rules that no delivery can break, only a fault of the program."""

OF_PUBLISHED_REPORTS = {
    "published-amount-differs-from-warehouse",
    "published-growth-does-not-fit",
    "published-parts-differ-from-total",
    "published-rate-differs-from-warehouse",
    "published-rate-does-not-fit-its-amounts",
    "published-rate-truncated",
    "published-subject-unknown",
    "published-unit-slip",
    "published-values-contradict",
    "report-not-read",
}
"""Rules about documents, which are no deliveries: each fails and passes in test_documents_published."""

TWO_YEARS = "990900"
ACROSS_YEARS = {
    "carried-over-exceeds-last-years-balance",
    "last-years-balance-not-accounted-for",
    "unspent-projects-without-carryover-line",
}
"""Rules that follow the balance of one year into the next."""

PLANTED = [case for case in CASES if case.expected and case.name not in BEFORE_THE_RULES]
_NUMBERS = ("voucher_number", "adjustment_number", "batch_number", "indicator_id", "source_indicator_id")
_NAMED = ("department_code", "supervising_department_code", "project_code", "department_name", "project_name")


@pytest.mark.long
def test_every_planted_error_is_found_and_none_is_invented(tmp_path: Path) -> None:
    bureau = Bureau(tmp_path)
    bureau.settings.set_aside.max_row_share = bureau.settings.set_aside.max_money_share = 1
    expected: Counter[tuple[str, str]] = Counter()
    together: dict[object, tuple[str, list[District]]] = {}
    for number, case in enumerate(PLANTED):
        district = case.make("")
        # A rule asks only where its datasets were delivered: side by side lie those that deliver the same.
        group = case.name if case.name in ALONE else frozenset(district.rows) - {"published_figure", "carryover"}
        code, beside = together.setdefault(group, (f"99{len(together):04d}", []))
        if case.name not in ALONE:
            rename(district, str(number))
        beside.append(district)
        expected[code, case.rule] += len(case.expected)
        expected.update({(code, rule): count for rule, count in case.also.items()})
    after = carried(TWO_YEARS)
    carried_over_from_a_project_that_had_nothing(after)
    part_of_the_balance_is_gone(after)
    two_projects_without_a_line(after)
    together |= {"year": (TWO_YEARS, [clean(TWO_YEARS)]), "next year": (TWO_YEARS, [after])}
    expected.update({(TWO_YEARS, rule): 1 for rule in ACROSS_YEARS})
    for code, districts in together.values():
        deliver(bureau, code, districts)
    deliveries = find_deliveries(bureau.settings)
    with warehouse_lock(bureau.settings.warehouse):
        acceptances, _ = publish_or_mend(bureau.settings, deliveries, accept_all(bureau.settings, deliveries))
    held = [acceptance.district_code for acceptance in acceptances if acceptance.status == "held_back"]
    told = bureau.rows("select district_code, rule_id, count(*) from quality.finding group by all")
    assert {(code, rule): count for code, rule, count in told} == dict(expected)
    assert held == [together["payment_in_another_unit"][0]]


def test_every_rule_is_planted_or_cannot_be() -> None:
    out_of_reach = {case.rule for case in CASES if case.name in BEFORE_THE_RULES}
    planted = {case.rule for case in PLANTED}
    assert planted.isdisjoint(out_of_reach)
    assert planted | out_of_reach | ACROSS_YEARS | OF_THE_PROGRAM | OF_PUBLISHED_REPORTS == {
        rule.id for rule in read_rules()
    }


def rename(district: District, number: str) -> None:
    """Gives the units, projects and numbers of a district names of their own, so that it stands beside others."""
    for row in (row for rows in district.rows.values() for row in rows):
        for name, value in row.items():
            if value and name in _NAMED:
                row[name] = f"{value}{number}号" if name.endswith("_name") else f"{number}x{value}"
            elif value and (name in _NUMBERS or name == "application_number"):
                row[name] = f"{number}-{value}"


def deliver(bureau: Bureau, code: str, districts: list[District]) -> None:
    """Writes the rows of districts as the files of one: a file per dataset and unit."""
    files: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for district in districts:
        for dataset, rows in district.rows.items():
            files.setdefault((dataset, district.unit_factors.get(dataset, 1)), []).extend(rows)
    for (dataset, factor), rows in files.items():
        columns = [
            column
            for column in DATASETS[dataset].stored_columns
            if column.headers and any(row.get(column.name) is not None for row in rows)
        ]
        unit = "（万元）" if factor != 1 else ""
        path = bureau.settings.raw / code / str(districts[0].year) / f"{dataset}{factor}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(column.headers[0] + (unit if column.kind is Kind.AMOUNT else "") for column in columns)
            writer.writerows([cell(row.get(column.name), column.kind, factor) for column in columns] for row in rows)


def cell(value: Any, kind: Kind, factor: int) -> str:
    """A value as an office writes it: amounts in the file's unit, rates in percent."""
    if value is None or kind not in (Kind.AMOUNT, Kind.RATIO):
        return "" if value is None else str(value)
    return f"{value / factor:f}" if kind is Kind.AMOUNT else f"{value * 100:f}%"
