"""What officers read in the summary tables: published figures, and one small case for each decision."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from summary_warehouse import Warehouse

LIWAN = "广州市荔湾区商务和投资促进局"
Row = dict[str, Any]


def statement(wan_yuan: tuple[str | None, str | None, str | None, str | None], **named: Any) -> Row:
    """A statement line from initial, adjustment, full-year and executed in 万元; None is a blank cell."""
    columns = ("initial_budget_amount", "adjustment_amount", "full_year_budget_amount", "executed_amount")
    amounts = {c: None if v is None else Decimal(v) * 10000 for c, v in zip(columns, wan_yuan, strict=True)}
    return {"department_name": LIWAN, **amounts, **named}


LIWAN_LINES = [
    statement((None, None, "11206.52", "8778.17")),
    statement(("100", "-41.36", "58.64", "46.91"), project_name="招商引资经费"),
    statement(("1588.4", "1919.36", "3507.76", "3504.7"), project_name="产业扶持资金"),
    statement(("2000", "-2000", "0", "0"), project_name="上下九步行街品质提升工程"),
    statement((None, "-80", None, None), project_name="区政府合作经费"),
    statement((None, None, None, "8778.17"), fund_type_code="111"),
    statement((None, None, None, "0"), fund_type_code="121"),
    statement((None, None, None, "0"), fund_type_code="13"),
    statement((None, None, None, "1121.85"), expenditure_nature="basic"),
    statement((None, None, None, "7656.32"), expenditure_nature="project"),
]


class Cases:
    """Made district-years, each a district of its own, so that one database serves all of them."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = {}
        self.delivered: set[tuple[str, int, str]] = set()
        self.accepted: dict[tuple[str, int], datetime] = {}
        self.next_code = 440103

    def add(
        self, rows: dict[str, list[Row]], *also: str, years: tuple[int, ...] = (2022,), accepted: date | None = None
    ) -> str:
        """A district that delivered the datasets of ``rows`` and ``also`` (empty ones); returns its code.

        ``accepted`` is the day on which its deliveries came.
        """
        code = str(self.next_code)
        self.next_code += 1
        for name, entries in rows.items():
            placed = [{"fiscal_year": years[0], **entry, "district_code": code} for entry in entries]
            self.rows.setdefault(name, []).extend(placed)
        if accepted:
            self.accepted |= {(code, year): datetime.combine(accepted, time()) for year in years}
        self.delivered |= {(code, year, name) for year in years for name in (*rows, *also)}
        return code


CASES = Cases()
NO_ADJUSTMENT = "budget_adjustment"


class City:
    """All cases in one database."""

    def __init__(self, raw: Path) -> None:
        made = Warehouse(raw, CASES.rows, CASES.delivered, CASES.accepted)
        self._tables = {name: made.table(name) for name in made.tables()}

    def rows(self, table: str, district: str, **values: Any) -> list[Row]:
        """The rows of a district that have these values."""
        wanted = {"district_code": district, **values}
        return [row for row in self._tables[table] if all(row[name] == value for name, value in wanted.items())]

    def row(self, table: str, district: str, **values: Any) -> Row:
        """The only row of a district that has these values."""
        (row,) = self.rows(table, district, **values)
        return row


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    """Every case of this module; the district of the yardstick has its own reference table."""
    raw = tmp_path_factory.mktemp("raw")
    own = raw / YARDSTICK / "reference"
    own.mkdir(parents=True)
    (own / "time_progress_yardstick.csv").write_text(
        "district_code,version,first_fiscal_year,last_fiscal_year,month,expenditure_nature,time_progress,source_note\n"
        ",2021,2021,2021,4,,0.4903,\n",
        encoding="utf-8",
    )
    return City(raw)


LIWAN_SCORES = [
    {
        "department_name": LIWAN,
        "project_name": project,
        "published_figure_kind": "self_evaluation_score",
        "published_score": score,
    }
    for project, score in ((None, "97.57"), ("招商引资经费", "97"), ("产业扶持资金", "100"))
]
LIWAN_2022 = CASES.add(
    {"execution_statement": LIWAN_LINES, "published_figure": LIWAN_SCORES}, accepted=date(2023, 6, 30)
)
LIWAN_WITHIN_THE_YEAR = CASES.add({"execution_statement": LIWAN_LINES}, accepted=date(2022, 9, 30))


def test_liwans_department_has_its_published_figures_and_no_invented_ones(city: City) -> None:
    row = city.row("department_execution", LIWAN_2022)
    assert (row["full_year_budget_amount"], row["executed_amount"]) == (Decimal("112065200.00"), Decimal("87781700.00"))
    assert (row["execution_rate"], row["execution_rate_pct"]) == (Decimal("0.783309"), Decimal("78.33"))
    assert row["unspent_amount"] == Decimal("24283500.00")
    unknown = ("initial_budget_amount", "net_adjustment_amount", "increase_amount", "adjustment_count")
    assert [row[name] for name in unknown] == [None] * 4
    assert (row["execution_status"], row["adjustment_status"], row["source_grain"]) == ("ok", "unknown", "statement")


@pytest.mark.parametrize(
    ("project", "rates", "statuses"),
    [
        ("招商引资经费", ("-41.36", "80.00"), ("ok", "ok")),
        ("产业扶持资金", ("120.84", "99.91"), ("ok", "ok")),
        ("上下九步行街品质提升工程", ("-100.00", None), ("fully_cut", "zero_budget")),
        ("区政府合作经费", (None, None), ("unknown", "unknown")),
    ],
)
def test_liwans_projects(
    city: City, project: str, rates: tuple[str | None, str | None], statuses: tuple[str, str]
) -> None:
    row = city.row("project_execution", LIWAN_2022, project_name=project)
    expected = tuple(Decimal(rate) if rate else None for rate in rates)
    assert (row["net_adjustment_rate_pct"], row["execution_rate_pct"]) == expected
    assert (row["adjustment_status"], row["execution_status"]) == statuses
    if project == "区政府合作经费":
        assert (row["net_adjustment_amount"], row["initial_budget_amount"]) == (Decimal("-800000.00"), None)


@pytest.mark.parametrize("table", ["department_execution_by_fund_type", "department_execution_by_nature"])
def test_liwans_breakdowns_tie_to_the_department(city: City, table: str) -> None:
    assert sum(row["executed_amount"] for row in city.rows(table, LIWAN_2022)) == Decimal("87781700.00")


def test_liwan_fills_what_a_statement_can_and_leaves_the_rest_unknown(city: City) -> None:
    proposal = city.row("control_number_proposal", LIWAN_2022)
    assert (proposal["executed_amount"], proposal["proposed_amount"]) == (Decimal("87781700.00"),) * 2
    assert (proposal["proposal_year"], proposal["proposal_status"]) == (2023, "partly_known")
    # Nothing tells which of it was spent once, or from carried-over money.
    unknown = ("one_off_executed_amount", "undetermined_project_count", "spent_carryover_amount")
    assert [proposal[name] for name in unknown] == [None] * 3
    assert proposal["undetermined_executed_amount"] == Decimal("87781700.00")
    evaluation = city.row("self_evaluation", LIWAN_2022, figure_level="department")
    assert (evaluation["execution_points"], evaluation["execution_grade"]) == (Decimal("7.83"), "fair")
    assert [evaluation[f"{grade}_project_count"] for grade in ("excellent", "fair", "ungraded")] == [1, 1, 2]
    scores = {row["project_name"]: row["published_score"] for row in city.rows("self_evaluation", LIWAN_2022)}
    assert [scores[name] for name in (None, "招商引资经费", "产业扶持资金", "区政府合作经费")] == [
        "97.57",
        "97",
        "100",
        None,
    ]
    assert evaluation["published_grade"] == "excellent"
    warned = {row["project_name"]: row["warning_level"] for row in city.rows("execution_warning", LIWAN_2022)}
    assert warned == dict.fromkeys(("招商引资经费", "产业扶持资金", "上下九步行街品质提升工程"), "orange")
    review = city.row("adjustment_review", LIWAN_2022, project_name="区政府合作经费")
    assert review["adjustment_amount"] == Decimal("-800000.00")
    assert city.rows("project_execution_monthly", LIWAN_2022) == []


def test_an_undated_statement_that_came_within_the_year_is_no_whole_year(city: City) -> None:
    proposal = city.row("control_number_proposal", LIWAN_WITHIN_THE_YEAR)
    assert (proposal["proposed_amount"], proposal["proposal_status"]) == (None, "year_not_finished")


DEPARTMENTS = [
    {"department_code": "101", "department_name": "一局"},
    {"department_code": "101001", "department_name": "一局下属中心", "supervising_department_code": "101"},
    {"department_code": "101001001", "department_name": "中心分站", "supervising_department_code": "101001"},
]


def budget(amount: str, **named: Any) -> Row:
    """An annual-budget line of department 101, project P1."""
    who = {"department_code": "101", "project_code": "P1", "fund_type_code": "111"}
    return {**who, "initial_budget_amount": Decimal(amount), **named}


def paid(amount: str, day: date = date(2022, 3, 5), **named: Any) -> Row:
    """A payment of department 101, project P1."""
    who = {"department_code": "101", "project_code": "P1", "fund_type_code": "111"}
    return {**who, "paid_amount": Decimal(amount), "payment_date": day, **named}


def adjusted(amount: str, **named: Any) -> Row:
    """An adjustment of department 101, project P1."""
    who = {"department_code": "101", "project_code": "P1", "adjustment_date": date(2022, 6, 1)}
    return {**who, "adjustment_amount": Decimal(amount), **named}


UNITS = CASES.add(
    {
        "department": DEPARTMENTS,
        "annual_budget": [budget("100"), budget("50", department_code="101001001")],
        "payment": [paid("30", department_code=None, department_name="中心分站"), paid("5", department_code="101001")],
    }
)


def test_units_count_at_their_department_through_every_level_of_supervision(city: City) -> None:
    row = city.row("department_execution", UNITS)
    assert (row["department_code"], row["department_name"]) == ("101", "一局")
    assert (row["initial_budget_amount"], row["executed_amount"]) == (Decimal("150.00"), Decimal("35.00"))


CIRCLE = CASES.add(
    {
        "department": [
            {"department_code": "101", "department_name": "甲", "supervising_department_code": "102"},
            {"department_code": "102", "department_name": "乙", "supervising_department_code": "101"},
            {"department_code": "103", "department_name": "丙", "supervising_department_code": "999"},
        ],
        "annual_budget": [budget("1"), budget("2", department_code="102"), budget("4", department_code="103")],
    }
)


def test_a_circle_of_supervision_loses_no_money_and_moves_none(city: City) -> None:
    rows = city.rows("department_execution", CIRCLE)
    amounts = {row["department_code"]: row["initial_budget_amount"] for row in rows}
    assert amounts == {"101": Decimal("1.00"), "102": Decimal("2.00"), "999": Decimal("4.00")}


NAMES = CASES.add(
    {
        "department": [
            {"department_code": "101", "department_name": "一局"},
            {"department_code": "102", "department_name": "同名局"},
            {"department_code": "103", "department_name": "同名局"},
        ],
        "payment": [
            paid("1", department_code=None, department_name="一局"),
            paid("2", department_code=None, department_name="同名局"),
            paid("4", department_code="104", department_name="未列局"),
            paid("8", department_code=None, department_name="未列局"),
        ],
    }
)


def test_a_name_is_brought_to_its_code_only_where_it_is_certain(city: City) -> None:
    rows = city.rows("department_execution", NAMES)
    found = {(row["department_code"], row["department_name"]): row["executed_amount"] for row in rows}
    assert found == {("101", "一局"): Decimal(1), (None, "同名局"): Decimal(2), ("104", "未列局"): Decimal(12)}


BUDGET_ONLY = CASES.add({"annual_budget": [budget("100")]})
NOTHING_MOVED = CASES.add({"annual_budget": [budget("100")]}, NO_ADJUSTMENT, "payment")


def test_what_was_not_delivered_is_unknown_and_what_was_delivered_empty_is_zero(city: City) -> None:
    names = ("executed_amount", "net_adjustment_amount", "full_year_budget_amount")
    row = city.row("department_execution", BUDGET_ONLY)
    assert [row[name] for name in names] == [None, None, None]
    assert (row["execution_status"], row["adjustment_status"]) == ("unknown", "unknown")
    row = city.row("department_execution", NOTHING_MOVED)
    assert [row[name] for name in names] == [0, 0, 100]
    assert (row["execution_status"], row["adjustment_status"]) == ("ok", "ok")


OWN_FULL_YEAR = CASES.add(
    {"annual_budget": [budget("100", full_year_budget_amount=Decimal(130)), budget("50", project_code="P2")]}
)


def test_without_adjustments_the_exports_own_full_year_budget_counts_where_it_is_complete(city: City) -> None:
    rows = city.rows("project_execution", OWN_FULL_YEAR)
    full = {row["project_code"]: row["full_year_budget_amount"] for row in rows}
    assert full == {"P1": Decimal(130), "P2": None}
    row = city.row("department_execution", OWN_FULL_YEAR)
    assert (row["full_year_budget_amount"], row["net_adjustment_amount"]) == (None, None)


def detail(initial: str, changes: list[str], spent: list[str]) -> str:
    """A case of one project."""
    return CASES.add(
        {
            "annual_budget": [budget(initial)],
            "budget_adjustment": [adjusted(amount) for amount in changes],
            "payment": [paid(amount) for amount in spent],
        }
    )


@pytest.mark.parametrize(
    ("district", "execution", "adjustment"),
    [
        (detail("100", ["-100"], []), "zero_budget", "fully_cut"),
        (detail("0", ["50"], ["50"]), "ok", "new_in_year"),
        (detail("0", [], []), "zero_budget", "zero_budget"),
        (detail("0", [], ["0.01"]), "spend_without_budget", "zero_budget"),
        (detail("100", ["-20"], ["80.01"]), "over_executed", "ok"),
        (detail("100", [], ["60", "-60"]), "ok", "ok"),
        (detail("100", ["-100.01"], []), "negative_budget", "ok"),
        (detail("100", ["-150"], ["20"]), "negative_budget", "ok"),
        (detail("-100", ["150"], ["20"]), "ok", "negative_initial_budget"),
    ],
)
def test_statuses_of_detail(city: City, district: str, execution: str, adjustment: str) -> None:
    row = city.row("project_execution", district)
    assert (row["execution_status"], row["adjustment_status"]) == (execution, adjustment)
    assert (row["execution_rate"] is None) == (row["full_year_budget_amount"] == 0)


GROSS = CASES.add(
    {
        "annual_budget": [budget("100")],
        "budget_adjustment": [adjusted("30"), adjusted("-20"), adjusted("500", adjustment_reason="不可抗力 ")],
    }
)


def test_gross_adjustment_counts_both_directions_without_exempt_reasons(city: City) -> None:
    row = city.row("department_execution", GROSS)
    assert (row["increase_amount"], row["decrease_amount"], row["adjustment_count"]) == (530, 20, 3)
    assert (row["net_adjustment_rate_pct"], row["gross_adjustment_rate_pct"]) == (Decimal("510.00"), Decimal("50.00"))


TWO_LISTED = [{"project_code": code, "project_name": code, "department_code": "101"} for code in ("P1", "P2")]
LISTED = CASES.add({"project": TWO_LISTED, "annual_budget": [budget("100")]}, NO_ADJUSTMENT)
LISTED_BESIDE_STATEMENT = CASES.add(
    {"project": TWO_LISTED, "execution_statement": [statement((None, None, "1", "1"))]},
)


def test_a_listed_project_without_budget_is_shown_with_zero_where_budgets_were_delivered(city: City) -> None:
    rows = city.rows("project_execution", LISTED)
    assert {row["project_code"]: row["initial_budget_amount"] for row in rows} == {"P1": Decimal(100), "P2": Decimal(0)}
    assert city.rows("project_execution", LISTED_BESIDE_STATEMENT) == []


BESIDE_DETAIL = CASES.add(
    {
        "annual_budget": [budget("100")],
        "execution_statement": [
            statement(("7", None, "9", "8"), department_name="他局"),
            statement(("1", None, "1", "1"), department_code="101", department_name=None),
        ],
    }
)


def test_a_department_that_only_the_statement_names_keeps_its_row_beside_detail(city: City) -> None:
    found = {
        row["department_code"] or row["department_name"]: (row["source_grain"], row["initial_budget_amount"])
        for row in city.rows("department_execution", BESIDE_DETAIL)
    }
    assert found == {"101": ("detail", Decimal(100)), "他局": ("statement", Decimal(70000))}


TWO_DATES = CASES.add(
    {
        "execution_statement": [
            statement(("10", None, "10", "4"), as_of_date=date(2022, 5, 31)),
            statement(("10", None, "12", "6"), as_of_date=date(2022, 6, 30)),
            statement(("10", None, "12", "6"), department_name="他局", project_name="甲"),
        ]
    }
)


def test_the_latest_statement_counts_and_named_projects_never_stand_for_their_department(city: City) -> None:
    row = city.row("department_execution", TWO_DATES, department_name=LIWAN)
    assert (row["executed_amount"], row["as_of_date"]) == (Decimal(60000), date(2022, 6, 30))
    assert city.row("department_execution", TWO_DATES, department_name="他局")["executed_amount"] is None
    months = city.rows("department_execution_monthly", TWO_DATES)
    assert {row["month"]: row["month_executed_amount"] for row in months} == {5: None, 6: Decimal(20000)}


KINDS = {"P1": "1", "P2": "21", "P3": "22", "P4": "2"}
NATURES = CASES.add(
    {
        "project": [
            {"project_code": code, "project_name": code, "department_code": "101", "project_kind": kind}
            for code, kind in KINDS.items()
        ],
        "annual_budget": [budget(str(10**place), project_code=code) for place, code in enumerate(KINDS)],
    }
)


def test_basic_and_project_expenditure_follow_the_projects_kind(city: City) -> None:
    rows = city.rows("department_execution_by_nature", NATURES)
    found = {row["expenditure_nature"]: row["initial_budget_amount"] for row in rows}
    assert found == {"basic": Decimal(11), "project": Decimal(100), None: Decimal(1000)}


YARDSTICK = CASES.add(
    {"annual_budget": [budget("4867000000")], "payment": [paid("1928000000", date(2021, 4, 30))]},
    NO_ADJUSTMENT,
    years=(2021,),
)


def test_time_progress_is_the_published_yardstick_where_there_is_one(city: City) -> None:
    april = city.row("department_execution_monthly", YARDSTICK, month=4)
    assert (april["execution_rate_pct"], april["time_progress_pct"]) == (Decimal("39.61"), Decimal("49.03"))
    assert (april["gap_to_progress_points"], april["time_progress_source"]) == (Decimal("-9.42"), "yardstick")
    # 1,928,000,000 - 4,867,000,000 x 49.03 %
    assert april["gap_to_progress_amount"] == Decimal("-458290100.00")
    march = city.row("department_execution_monthly", YARDSTICK, month=3)
    assert (march["time_progress_pct"], march["time_progress_source"]) == (Decimal("24.66"), "days")


TIES = CASES.add(
    {
        "annual_budget": [budget("100"), budget("300", department_code="102"), budget("200", department_code="103")],
        "payment": [paid("50"), paid("150", department_code="102"), paid("199", department_code="103")],
    },
    NO_ADJUSTMENT,
)


def test_ties_share_a_rank_and_the_average_divides_sums(city: City) -> None:
    rows = city.rows("execution_ranking", TIES, figure_level="department", month=3)
    found = {
        row["department_code"]: (row["execution_rank"], row["sharing_rank_count"], row["is_below_average"])
        for row in rows
    }
    assert found == {"103": (1, 1, False), "101": (2, 2, True), "102": (2, 2, True)}
    assert {row["group_execution_rate_pct"] for row in rows} == {Decimal("66.50")}


def of_a_hundred(*payments: Row) -> str:
    """A case of one project with a budget of 100."""
    return CASES.add({"annual_budget": [budget("100")], "payment": list(payments)}, NO_ADJUSTMENT)


@pytest.mark.parametrize(
    ("district", "expected"),
    [
        (of_a_hundred(paid("20", date(2022, 3, 31))), {}),
        (of_a_hundred(paid("10", date(2022, 3, 31))), {"behind-time-progress": "yellow"}),
        (of_a_hundred(paid("9", date(2022, 5, 31))), {"behind-time-progress": "red"}),
        (of_a_hundred(paid("100", date(2022, 2, 1)), paid("10", date(2022, 2, 2))), {"over-executed": "red"}),
        (
            of_a_hundred(
                paid("40", date(2022, 6, 1)),
                paid("51", date(2022, 12, 31), payment_purpose="预付工程款"),
            ),
            {"year-end-rush": "orange", "prepaid-in-december": "yellow"},
        ),
        (of_a_hundred(paid("49", date(2022, 6, 1)), paid("50", date(2022, 12, 31))), {}),
        (
            of_a_hundred(paid("19.99", date(2022, 6, 1)), paid("0", date(2022, 12, 31))),
            {"low-execution-in-year": "orange", "behind-time-progress": "red"},
        ),
    ],
)
def test_execution_warnings(city: City, district: str, expected: dict[str, str]) -> None:
    rows = city.rows("execution_warning", district, figure_level="project")
    assert all(row["evidence"] and row["evidence_zh"] for row in rows)
    assert {row["warning_rule"]: row["warning_level"] for row in rows} == expected


def test_the_evidence_of_a_warning_is_a_sentence_that_reads_well(city: City) -> None:
    row = city.row("execution_warning", LIWAN_2022, project_name="产业扶持资金", warning_rule="adjustment-rate")
    assert row["evidence"] == "Net adjustment 19,193,600.00 yuan, 120.84 % of the initial budget."
    assert row["evidence_zh"] == "净调整19,193,600.00元，相当于年初预算的120.84%。"


def not_begun(**listed: Any) -> str:
    """A case of a project without a payment by the end of August."""
    return CASES.add(
        {
            "project": [{"project_code": "P1", "project_name": "甲", "department_code": "101", **listed}],
            "annual_budget": [budget("100")],
            "payment": [paid("1", date(2022, 8, 31), department_code="102", project_code="P2")],
        },
        NO_ADJUSTMENT,
    )


@pytest.mark.parametrize(
    ("district", "may_not_proceed"),
    [
        (not_begun(), True),
        (not_begun(planned_start_date=date(2022, 8, 1)), True),
        (not_begun(planned_start_date=date(2022, 9, 1)), False),
        (not_begun(contract_date=date(2022, 2, 1)), False),
    ],
)
def test_a_project_that_may_not_proceed_shows_early(city: City, district: str, *, may_not_proceed: bool) -> None:
    rows = city.rows("execution_warning", district, project_code="P1")
    expected = {"no-spending": "orange", "behind-time-progress": "red"}
    expected |= {"may-not-proceed": "orange"} if may_not_proceed else {}
    assert {row["warning_rule"]: row["warning_level"] for row in rows} == expected


def below_half(*years: int) -> str:
    """A case of one project with 49 % in each of some years."""
    rows = {
        "annual_budget": [{**budget("100"), "fiscal_year": year} for year in years],
        "payment": [{**paid("49", date(year, 12, 31)), "fiscal_year": year} for year in years],
    }
    return CASES.add(rows, NO_ADJUSTMENT, years=years)


THREE_YEARS, TWO_YEARS, WITH_A_GAP = below_half(2020, 2021, 2022), below_half(2021, 2022), below_half(2019, 2020, 2022)


def test_three_years_running_below_half_are_a_warning(city: City) -> None:
    def warned(district: str) -> list[int]:
        rows = city.rows("execution_warning", district, figure_level="department")
        return [row["fiscal_year"] for row in rows if row["warning_rule"] == "low-execution-three-years"]

    assert (warned(THREE_YEARS), warned(TWO_YEARS), warned(WITH_A_GAP)) == ([2022], [], [])


def test_a_year_is_compared_with_the_one_before_it(city: City) -> None:
    row = city.row("year_over_year", THREE_YEARS, fiscal_year=2022, figure_level="department")
    assert (row["comparison_status"], row["executed_change_amount"], row["executed_change_pct"]) == ("continued", 0, 0)
    assert (row["is_year_finished"], row["same_period_date"]) == (True, date(2021, 12, 31))
    first = city.row("year_over_year", THREE_YEARS, fiscal_year=2020, figure_level="department")
    assert (first["comparison_status"], first["executed_change_pct"]) == ("unknown", None)


def paid_every_month(years: dict[int, tuple[int, str]], day: int = 28, **named: dict[int, str]) -> str:
    """A case of one project: per year the last month with a payment, and what is paid each month."""
    rows: dict[str, list[Row]] = {"annual_budget": [], "payment": []}
    for year, (months, amount) in years.items():
        own = {name: by_year[year] for name, by_year in named.items()}
        rows["annual_budget"].append(
            {**budget("2000", full_year_budget_amount=Decimal(2000)), "fiscal_year": year, **own}
        )
        for month in range(1, months + 1):
            rows["payment"].append({**paid(amount, date(year, month, day)), "fiscal_year": year, **own})
    return CASES.add(rows, years=tuple(years))


HALF_A_YEAR = paid_every_month({2021: (12, "100"), 2022: (6, "110")})


def test_half_a_year_is_compared_with_the_same_half(city: City) -> None:
    row = city.row("year_over_year", HALF_A_YEAR, fiscal_year=2022, figure_level="project")
    assert (row["same_period_date"], row["is_year_finished"]) == (date(2021, 6, 28), False)
    assert (row["same_period_executed_amount"], row["executed_change_amount"]) == (600, 60)
    assert (row["executed_change_pct"], row["execution_rate_change_points"]) == (Decimal("10.00"), Decimal("3.00"))
    assert (row["last_year_executed_amount"], row["last_year_execution_rate_pct"]) == (1200, Decimal("60.00"))
    months = {row["month"]: row for row in city.rows("year_over_year_monthly", HALF_A_YEAR, fiscal_year=2022)}
    assert sorted(months) == [1, 2, 3, 4, 5, 6]
    assert [months[6][name] for name in ("is_month_begun", "month_executed_change_amount")] == [True, 10]
    assert months[5]["cumulative_executed_change_pct"] == Decimal("10.00")


LEAP_DAY = CASES.add(
    {
        "annual_budget": [{**budget("100"), "fiscal_year": year} for year in (2023, 2024)],
        "payment": [
            {**paid(amount, day), "fiscal_year": day.year}
            for amount, day in (
                ("30", date(2023, 2, 28)),
                ("50", date(2023, 3, 1)),
                ("20", date(2023, 12, 31)),
                ("40", date(2024, 2, 29)),
            )
        ],
    },
    NO_ADJUSTMENT,
    years=(2023, 2024),
)


def test_the_leap_day_is_compared_with_the_end_of_february(city: City) -> None:
    row = city.row("year_over_year", LEAP_DAY, fiscal_year=2024, figure_level="department")
    assert (row["same_period_date"], row["same_period_executed_amount"]) == (date(2023, 2, 28), 30)
    assert (row["executed_change_amount"], row["executed_change_pct"]) == (10, Decimal("33.33"))


SAME_CODE_OTHER_NAME = paid_every_month(
    {2021: (12, "100"), 2022: (12, "90")}, 31 - 3, project_name={2021: "道路养护", 2022: "校舍修缮"}
)
NAME_LOOKS_DIFFERENT = paid_every_month(
    {2021: (12, "100"), 2022: (12, "90")},
    project_code={2021: None, 2022: None},
    project_name={2021: "2021年道路（养护）", 2022: "２０２２年度道路 (养护)"},
)


def test_a_code_that_another_project_bears_is_no_comparison_and_a_name_that_only_looks_different_is_one(
    city: City,
) -> None:
    other = city.row("year_over_year", SAME_CODE_OTHER_NAME, fiscal_year=2022, figure_level="project")
    assert (other["comparison_status"], other["last_year_project_name"]) == ("another_project", "道路养护")
    assert (other["executed_change_amount"], other["executed_change_pct"]) == (None, None)
    same = city.row("year_over_year", NAME_LOOKS_DIFFERENT, fiscal_year=2022, figure_level="project")
    assert (same["comparison_status"], same["executed_change_amount"]) == ("continued", -120)


ADJUSTED_AFTER_THE_LAST_PAYMENT = CASES.add(
    {
        "annual_budget": [budget("12000")],
        "budget_adjustment": [adjusted("1", adjustment_date=date(2022, 11, 20))],
        "payment": [paid("1000", date(2022, month, 28)) for month in range(1, 7)],
    }
)


def test_an_adjustment_after_the_last_payment_moves_no_as_of_date_and_makes_no_warning(city: City) -> None:
    row = city.row("department_execution", ADJUSTED_AFTER_THE_LAST_PAYMENT)
    assert (row["as_of_date"], row["full_year_budget_amount"]) == (date(2022, 6, 28), 12001)
    assert city.rows("execution_warning", ADJUSTED_AFTER_THE_LAST_PAYMENT) == []


REVIEWED = CASES.add(
    {
        "annual_budget": [budget("100")],
        "budget_adjustment": [adjusted("10", adjustment_reason="追加专项"), *(adjusted("1") for _ in range(3))],
    }
)


def test_adjustments_are_reviewed_with_reason_count_and_level(city: City) -> None:
    lines = city.rows("adjustment_review", REVIEWED)
    assert [line["is_reason_missing"] for line in lines].count(True) == 3
    assert {(line["project_adjustment_count"], line["warning_level"]) for line in lines} == {(4, "yellow")}


CONTROL = CASES.add(
    {
        "project": [
            {"project_code": "P1", "project_name": "甲", "department_code": "101", "is_one_off": False},
            {"project_code": "P2", "project_name": "乙", "department_code": "101", "is_one_off": True},
        ],
        "annual_budget": [budget("1000"), budget("300", project_code="P2")],
        "payment": [paid("700", date(2022, 12, 30)), paid("250", project_code="P2")],
        "carryover": [
            {
                "department_code": "101",
                "project_code": code,
                "carried_over_amount": Decimal(amount),
                "taken_back_amount": Decimal(0),
            }
            for code, amount in (("P1", "90"), ("P2", "10"))
        ],
    },
    NO_ADJUSTMENT,
    accepted=date(2023, 1, 10),
)


def test_the_control_number_leaves_out_one_off_projects_and_carried_over_money(city: City) -> None:
    row = city.row("control_number_proposal", CONTROL)
    assert (row["one_off_executed_amount"], row["spent_carryover_amount"]) == (250, 90)
    assert (row["proposed_amount"], row["proposed_change_pct"]) == (Decimal(610), Decimal("-53.08"))
    # Unspent 350, carried in 100: the increase of 250 takes 75 off the last control number of 1,300.
    assert (row["carryover_increase_amount"], row["alternative_proposed_amount"]) == (250, 1225)
    assert row["proposal_status"] == "ok"


@pytest.mark.parametrize(
    ("district", "points", "grade"),
    [
        (of_a_hundred(paid("90.00")), "9.00", "excellent"),  # exactly 90 has a grade
        (of_a_hundred(paid("89.99")), "9.00", "good"),
        (of_a_hundred(paid("76.00")), "7.60", "fair"),
        (of_a_hundred(paid("59.99")), "6.00", "poor"),
        (of_a_hundred(paid("120.00")), "10.00", "excellent"),
    ],
)
def test_execution_points_and_grades(city: City, district: str, points: str, grade: str) -> None:
    row = city.row("self_evaluation", district, figure_level="project")
    assert (row["execution_points"], row["execution_grade"]) == (Decimal(points), grade)


EVERY_CENT = CASES.add(
    {
        "department": DEPARTMENTS,
        "project": [{"project_code": "P1", "project_name": "甲", "department_code": "102", "project_kind": "3"}],
        "annual_budget": [budget("1.01"), budget("2.02", project_code=None, project_name="甲", fund_type_code=None)],
        "budget_adjustment": [adjusted("4.04"), adjusted("-0.33", department_code=None, department_name="无此局")],
        "payment": [
            paid("8.08"),
            paid("-0.07", department_code="101001", department_name="旧名", project_code="P7"),
            paid("16.16", department_code=None, department_name="一局", project_code=None, project_name="丙"),
        ],
    }
)


@pytest.mark.parametrize(
    "table",
    [
        "department_execution",
        "project_execution",
        "department_execution_by_fund_type",
        "department_execution_by_nature",
    ],
)
def test_every_cent_of_detail_is_in_exactly_one_row(city: City, table: str) -> None:
    rows = city.rows(table, EVERY_CENT)
    names = ("initial_budget_amount", "net_adjustment_amount", "executed_amount")
    assert [sum(row[name] for row in rows) for name in names] == [Decimal("3.03"), Decimal("3.71"), Decimal("24.17")]
