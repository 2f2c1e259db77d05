"""Every rule inside a district-year, once failing and once passing, as one change to the clean district.

A failing case tells all findings that its change leads to, a passing one lies just within what the rule allows.
Does not belong here: rules across district-years (test_rules_across_years).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from rule_cases.district import NAMES, YEAR, District, clean, statement_only, yuan


@dataclass(frozen=True)
class Expected:
    """One finding: what it is about, its values, and words that its messages must have."""

    key: str
    source: Decimal | int | str | None = None
    target: Decimal | int | str | None = None
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """A district-year and the findings that the rules must make of it: those of ``rule``, and others by id.

    ``set_aside`` counts the rows that must be set aside.
    """

    rule: str
    name: str
    make: Callable[[str], District]
    expected: tuple[Expected, ...] = ()
    also: dict[str, int] = field(default_factory=dict)
    set_aside: int = 0


CASES: list[Case] = []
_Make = Callable[[str], District]


def fails(
    rule: str, *expected: Expected, also: dict[str, int] | None = None, set_aside: int = 0
) -> Callable[[_Make], _Make]:
    """Registers a district in which ``rule`` finds exactly ``expected``, and other rules ``also`` so many cases."""

    def register(make: _Make) -> _Make:
        CASES.append(Case(rule, make.__name__, make, expected, also or {}, set_aside))
        return make

    return register


def passes(rule: str, also: dict[str, int] | None = None) -> Callable[[_Make], _Make]:
    """Registers a district in which ``rule`` finds nothing."""
    return fails(rule, also=also)


LATE = date(YEAR, 12, 1)
ADJUSTED = 1_700_000
"""Yuan: the net sum of the clean district's adjustments."""
NO_LISTS = {"expected-dataset-missing": 2}
P4 = "102001 乙局 / P4 乙局公用经费"

# What must exist ---------------------------------------------------------------------------------------------------


@fails(
    "payment-of-unknown-project",
    Expected("P9", 10_000, None, ("P9", "1 rows with 10,000.00 yuan", "共剔除 1 行，10,000.00 元")),
    set_aside=1,
)
def payment_of_a_project_that_nobody_listed(code: str) -> District:
    district = clean(code)
    district.pay("V20", "P4", 10_000, LATE, project_code="P9")
    return district


@passes("payment-of-unknown-project")
def payment_that_names_its_project_in_words(code: str) -> District:
    district = clean(code, stated=False)
    district.pay("V20", "P4", 10_000, LATE, project_code=None, project_name="乙局公用经费")
    district.state()
    return district


@passes("payment-of-unknown-project", also={"expected-dataset-missing": 1})
def payment_of_a_project_that_an_adjustment_brought_in(code: str) -> District:
    district = clean(code)
    district.drop("project")
    return district


@passes("payment-of-unknown-project", also={"expected-dataset-missing": 2})
def payment_where_neither_list_nor_adjustments_tell_the_projects(code: str) -> District:
    district = clean(code, stated=False)
    district.drop("project", "budget_adjustment")
    return district


@fails("adjustment-of-unknown-project", Expected("P9", -5_000, None, ("项目 P9",)), set_aside=1)
def adjustment_of_a_project_that_nobody_listed(code: str) -> District:
    district = clean(code)
    district.adjust("T20", "P4", "cut", -5_000, project_code="P9")
    return district


@passes("adjustment-of-unknown-project", also={"expected-dataset-missing": 1})
def addition_of_a_new_project_where_no_list_was_delivered(code: str) -> District:
    district = clean(code, stated=False)
    district.drop("project")
    district.projects["P9"] = ("新项目", "102001", "3", "2010102")
    district.adjust("T20", "P9", "addition", 5_000)
    return district


@fails("payment-of-unknown-department", Expected("999001", 10_000), set_aside=1)
def payment_of_a_department_that_is_not_listed(code: str) -> District:
    district = clean(code)
    district.pay("V20", "P4", 10_000, LATE, department_code="999001")
    return district


@passes("payment-of-unknown-department", also={"expected-dataset-missing": 1})
def payment_where_no_department_list_was_delivered(code: str) -> District:
    district = clean(code, stated=False)
    district.drop("department")
    return district


@fails("adjustment-of-unknown-department", Expected("不存在的局", 700), set_aside=1)
def adjustment_of_a_department_that_is_not_listed(code: str) -> District:
    district = clean(code)
    district.adjust("T20", "P4", "addition", 700, department_code=None, department_name="不存在的局")
    return district


@fails("adjustment-of-unknown-indicator", Expected("Z9", 700, None, ("BA_BGT_INFO", "指标 Z9")), set_aside=1)
def adjustment_of_an_indicator_that_was_not_delivered(code: str) -> District:
    district = clean(code)
    nobody = {"department_code": None, "project_code": None}
    district.adjust("T20", "P4", "addition", 700, indicator_id="Z9", **nobody)
    return district


@passes("adjustment-of-unknown-indicator")
def adjustment_of_an_unknown_indicator_that_names_its_project(code: str) -> District:
    district = clean(code)
    district.adjust("T20", "P4", "addition", 0, indicator_id="Z9")
    return district


@passes("adjustment-of-unknown-department")
def adjustment_that_names_its_department_in_words(code: str) -> District:
    district = clean(code)
    district.adjust("T20", "P4", "addition", 0, department_code=None, department_name="乙局")
    return district


@fails(
    "payment-of-unknown-project",
    Expected("P9", 30_000, None, ("2 rows with 30,000.00 yuan",)),
    also={"payment-of-unknown-department": 1},
    set_aside=2,
)
def payment_with_two_reasons(code: str) -> District:
    district = clean(code)
    district.pay("V20", "P4", 10_000, LATE, project_code="P9", department_code="999001")
    district.pay("V21", "P4", 20_000, LATE, project_code="P9")
    return district


@fails("expected-dataset-missing", Expected("budget_adjustment", 0, 1, ("预算调整", "unknown")))
def detail_without_adjustments(code: str) -> District:
    district = clean(code)
    district.drop("budget_adjustment")
    return district


@passes("expected-dataset-missing")
def nothing_but_a_statement(code: str) -> District:
    return statement_only(code)


def paid_until(code: str, month: int) -> District:
    """The clean district with all payments by the tenth of a month; its adjustments are of 15 May."""
    district = clean(code, stated=False)
    for row in district.rows["payment"]:
        row["payment_date"] = date(YEAR, month, 10)
    return district


@fails("payments-end-before-adjustments", Expected("payment", ADJUSTED, None, ("2023-03-10", "2023-05-15", "补报")))
def payments_that_end_two_months_before_the_adjustments(code: str) -> District:
    return paid_until(code, 3)


@passes("payments-end-before-adjustments")
def payments_that_end_in_the_month_before(code: str) -> District:
    return paid_until(code, 4)


@fails("budgeted-project-not-in-project-list", Expected("P4", 800_000))
def budget_of_a_project_that_is_not_listed(code: str) -> District:
    district = clean(code)
    district.remove("project", project_code="P4")
    return district


@passes("budgeted-project-not-in-project-list")
def budget_that_names_its_project_in_words(code: str) -> District:
    district = clean(code)
    district.only("annual_budget", project_code="P4").update(project_code=None, project_name="乙局公用经费")
    return district


@fails("listed-project-without-figures", Expected("102001 乙局", 2, 0, ("P6 备选项目",)))
def listed_projects_that_nothing_happened_to(code: str) -> District:
    district = clean(code)
    district.add_project("P6", "备选项目", "102001")
    district.add_project("P7", "另一备选项目", "102001")
    return district


@passes("listed-project-without-figures")
def listed_project_with_an_addition(code: str) -> District:
    district = clean(code, stated=False)
    district.add_project("P6", "备选项目", "102001")
    district.adjust("T20", "P6", "addition", 10_000)
    district.state()
    return district


@fails("listed-department-without-figures", Expected("103001 丙局"))
def listed_department_that_nobody_names(code: str) -> District:
    district = clean(code)
    district.add_department("103001", "丙局")
    return district


@passes("listed-department-without-figures")
def listed_department_whose_units_have_the_figures(code: str) -> District:
    district = clean(code)
    district.add_department("101000", "甲系统")
    district.only("department", department_code="101001").update(supervising_department_code="101000")
    return district


@fails("department-not-in-department-list", Expected("105001", 1, 0, ("carryover",)))
def carry_over_of_a_department_that_is_not_listed(code: str) -> District:
    district = clean(code)
    district.add("carryover", department_code="105001", project_code="P1", carried_over_amount=yuan(1))
    return district


@passes("department-not-in-department-list")
def carry_over_that_names_its_department_in_words(code: str) -> District:
    district = clean(code)
    district.add("carryover", department_name="乙局", project_code="P4", carried_over_amount=yuan(1))
    return district


@fails("statement-department-without-detail", Expected("103001 丙局", 50_000))
def stated_department_without_any_detail(code: str) -> District:
    district = clean(code)
    district.add_department("103001", "丙局")
    district.add(
        "execution_statement",
        department_code="103001",
        full_year_budget_amount=yuan(50_000),
        executed_amount=yuan(50_000),
        as_of_date=date(YEAR, 12, 31),
    )
    return district


@passes("statement-department-without-detail")
def stated_department_of_zeros(code: str) -> District:
    district = clean(code)
    district.add_department("103001", "丙局")
    district.add(
        "execution_statement", department_code="103001", executed_amount=yuan(0), as_of_date=date(YEAR, 12, 31)
    )
    return district


def _with_a_third_department(code: str) -> District:
    district = clean(code, stated=False)
    district.add_department("103001", "丙局")
    district.add_project("P6", "丙局专项", "103001")
    district.budget("P6", 70_000)
    district.state()
    return district


@fails("detail-department-missing-in-statement", Expected("103001 丙局", 70_000))
def department_that_the_statement_leaves_out(code: str) -> District:
    district = _with_a_third_department(code)
    district.remove("execution_statement", department_code="103001")
    return district


@passes("detail-department-missing-in-statement")
def statement_of_one_department_alone(code: str) -> District:
    district = _with_a_third_department(code)
    for unit in ("101001", "101002", "103001"):
        district.remove("execution_statement", department_code=unit)
    return district


@fails(
    "statement-project-without-detail",
    Expected("102001 乙局 / P6 无明细项目", 10_000),
    also={"detail-projects-missing-in-statement": 1},
)
def stated_project_without_any_detail(code: str) -> District:
    district = clean(code)
    district.remove("execution_statement", department_code="102001", project_code="P4")
    district.remove("execution_statement", department_code="102001", project_code="P5")
    district.add(
        "execution_statement",
        department_code="102001",
        project_code="P6",
        project_name="无明细项目",
        executed_amount=yuan(10_000),
        as_of_date=date(YEAR, 12, 31),
    )
    return district


@passes("statement-project-without-detail")
def stated_project_of_zeros(code: str) -> District:
    district = clean(code)
    district.add(
        "execution_statement",
        department_code="102001",
        project_code="P6",
        project_name="无明细项目",
        executed_amount=yuan(0),
        as_of_date=date(YEAR, 12, 31),
    )
    return district


@fails("detail-projects-missing-in-statement", Expected("102001", 800_000, None, ("P4 乙局公用经费", "1 projects")))
def project_that_the_statement_leaves_out(code: str) -> District:
    district = clean(code)
    district.remove("execution_statement", department_code="102001", project_code="P4")
    return district


@passes("detail-projects-missing-in-statement")
def statement_that_lists_no_projects_of_a_unit(code: str) -> District:
    district = clean(code)
    for project in ("P4", "P5"):
        district.remove("execution_statement", department_code="102001", project_code=project)
    return district


# Sums --------------------------------------------------------------------------------------------------------------


def _stated_full_year(code: str, project: str, more: str, *, functions: bool = True) -> District:
    """The annual budget's full-year budget of a project, and its adjustment in the same row, are ``more`` too high."""
    district = clean(code)
    row = district.only("annual_budget", project_code=project)
    row["full_year_budget_amount"] += Decimal(more)
    row["adjustment_amount"] += Decimal(more)
    if not functions:
        for line in district.rows["budget_adjustment"]:
            line["function_code"] = None
    return district


@fails("line-full-year-budget-differs", Expected(f"{P4} / 111 / 2010101", 900_000, 800_000))
def full_year_budget_of_a_line_is_too_high(code: str) -> District:
    return _stated_full_year(code, "P4", "100000.00")


@passes("line-full-year-budget-differs")
def full_year_budget_of_a_line_is_a_cent_off(code: str) -> District:
    return _stated_full_year(code, "P4", "0.01")


@fails("project-full-year-budget-differs", Expected("101001 甲局 / P2 甲局专项 / 111", 2_300_000, 2_200_000))
def full_year_budget_of_a_project_without_function_codes_is_too_high(code: str) -> District:
    return _stated_full_year(code, "P2", "100000.00", functions=False)


@passes("project-full-year-budget-differs")
def full_year_budget_of_a_project_without_function_codes_is_a_cent_off(code: str) -> District:
    return _stated_full_year(code, "P2", "-0.01", functions=False)


@fails("department-full-year-budget-differs", Expected("101001 甲局", "4000000.02", 4_000_000))
def cents_of_two_projects_add_up(code: str) -> District:
    district = _stated_full_year(code, "P1", "0.01")
    row = district.only("annual_budget", project_code="P3")
    row["full_year_budget_amount"] += Decimal("0.01")
    return district


@passes("department-full-year-budget-differs")
def cents_of_two_projects_cancel(code: str) -> District:
    district = _stated_full_year(code, "P1", "0.01")
    row = district.only("annual_budget", project_code="P3")
    row["full_year_budget_amount"] -= Decimal("0.01")
    return district


@fails("annual-budget-predates-adjustments", Expected("年初预算 annual_budget", 0, 500_000))
def annual_budget_exported_in_january(code: str) -> District:
    district = clean(code)
    for row in district.rows["annual_budget"]:
        row.update(adjustment_amount=yuan(0), reallocation_amount=yuan(0))
        row["full_year_budget_amount"] = row["initial_budget_amount"]
    return district


@passes("annual-budget-predates-adjustments")
def annual_budget_without_full_year_budgets(code: str) -> District:
    district = clean(code)
    for row in district.rows["annual_budget"]:
        row.update(adjustment_amount=None, full_year_budget_amount=None)
    return district


@fails("budget-line-does-not-add-up", Expected("102001 / P4 / 111 / 2010101", 800_000, 805_000))
def adjustment_in_the_row_is_not_in_its_full_year_budget(code: str) -> District:
    district = clean(code)
    district.only("annual_budget", project_code="P4")["adjustment_amount"] = yuan(5_000)
    return district


@passes("budget-line-does-not-add-up")
def row_in_ten_thousands_within_the_rounding_of_three_amounts(code: str) -> District:
    district = clean(code)
    district.unit_factors["annual_budget"] = 10_000
    district.only("annual_budget", project_code="P4")["adjustment_amount"] = yuan(150)
    return district


@fails(
    "reallocation-batch-does-not-net-to-zero",
    Expected("B2", -90_000, 0, ("T6 P1 10,000.00 yuan is probably 100,000.00 yuan", "小数点错位")),
)
def reallocation_that_lost_a_zero(code: str) -> District:
    district = clean(code, stated=False)
    district.adjust("T5", "P1", "reallocation", -100_000, batch_number="B2")
    district.adjust("T6", "P1", "reallocation", 10_000, batch_number="B2")
    district.only("annual_budget", project_code="P1").update(
        reallocation_amount=yuan(-90_000), full_year_budget_amount=yuan(910_000)
    )
    district.state()
    return district


@passes("reallocation-batch-does-not-net-to-zero")
def reallocation_told_by_its_document(code: str) -> District:
    district = clean(code)
    district.adjust("T5", "P1", "reallocation", -100, document_number="1号文")
    district.adjust("T6", "P1", "reallocation", "100.01", document_number="1号文")
    return district


@fails("statement-line-does-not-add-up", Expected(P4, 800_000, 850_000))
def statement_line_with_an_adjustment_too_much(code: str) -> District:
    district = statement_only(code)
    district.stated("102001", "P4")["adjustment_amount"] = yuan(50_000)
    return district


@passes("statement-line-does-not-add-up")
def statement_line_within_the_rounding_of_two_amounts(code: str) -> District:
    district = statement_only(code)
    district.stated("102001", "P4")["adjustment_amount"] = yuan(100)
    return district


@fails(
    "fund-types-differ-from-total",
    Expected(
        "102001 乙局 / 执行数 executed",
        1_740_000,
        740_000,
        ("121 10.00 万元 is probably 110.00 万元 (a digit was lost)", "漏了一位数字"),
    ),
)
def fund_type_that_lost_a_digit(code: str) -> District:
    district = statement_only(code)
    district.stated("102001", fund_type_code="121")["executed_amount"] = yuan(100_000)
    return district


@passes("fund-types-differ-from-total")
def fund_types_within_the_rounding_of_two_amounts(code: str) -> District:
    district = statement_only(code)
    district.stated("102001", fund_type_code="121")["executed_amount"] += yuan(100)
    return district


@passes("fund-types-differ-from-total")
def one_fund_type_alone_may_be_a_part(code: str) -> District:
    district = statement_only(code)
    district.remove("execution_statement", department_code="102001", fund_type_code="121")
    return district


@passes("fund-types-differ-from-total")
def subtotal_of_fund_types_beside_them(code: str) -> District:
    district = statement_only(code)
    line = district.stated("102001", fund_type_code="121")
    line = {key: value for key, value in line.items() if not key.startswith("source_")}
    district.add("execution_statement", **(line | {"fund_type_code": "12"}))
    return district


@fails(
    "natures-differ-from-total",
    Expected("102001 乙局 / 执行数 executed", 1_740_000, 7_500_000, ("basic 640.00 万元 is probably 64.00 万元",)),
)
def nature_with_a_slipped_point(code: str) -> District:
    district = statement_only(code)
    district.stated("102001", expenditure_nature="basic")["executed_amount"] = yuan(6_400_000)
    return district


@passes("natures-differ-from-total")
def natures_within_the_rounding_of_two_amounts(code: str) -> District:
    district = statement_only(code)
    district.stated("102001", expenditure_nature="basic")["executed_amount"] -= yuan(100)
    return district


@fails("projects-exceed-department", Expected("102001 乙局 / 执行数 executed", 1_740_000, 1_840_000))
def projects_add_up_to_more_than_their_unit(code: str) -> District:
    district = statement_only(code)
    district.stated("102001", "P4")["executed_amount"] = yuan(740_000)
    return district


@passes("projects-exceed-department")
def named_projects_are_some_of_many(code: str) -> District:
    district = statement_only(code)
    district.stated("102001", "P4")["executed_amount"] = yuan(0)
    return district


@fails("statement-item-stated-twice", Expected(P4, 640_000, 600_000), also={"projects-exceed-department": 3})
def project_stated_by_code_and_again_by_name(code: str) -> District:
    district = statement_only(code)
    line = {key: value for key, value in district.stated("102001", "P4").items() if not key.startswith("source_")}
    district.add(
        "execution_statement",
        **(line | {"department_code": None, "project_code": None, "executed_amount": yuan(600_000)}),
    )
    return district


@passes("statement-item-stated-twice")
def project_stated_at_two_dates(code: str) -> District:
    district = statement_only(code)
    line = {key: value for key, value in district.stated("102001", "P4").items() if not key.startswith("source_")}
    district.add("execution_statement", **(line | {"as_of_date": date(YEAR, 6, 30), "executed_amount": yuan(600_000)}))
    return district


@fails("statement-undated-beside-dated", Expected(P4, 600_000, 640_000))
def project_stated_again_without_a_date(code: str) -> District:
    district = statement_only(code)
    line = {key: value for key, value in district.stated("102001", "P4").items() if not key.startswith("source_")}
    district.add("execution_statement", **(line | {"as_of_date": None, "executed_amount": yuan(600_000)}))
    return district


@passes("statement-undated-beside-dated")
def project_stated_again_as_of_an_earlier_date(code: str) -> District:
    return project_stated_at_two_dates(code)


@fails("statement-units-of-different-dates", Expected("101001 甲局", 1_000_000, None))
def units_stated_as_of_different_dates(code: str) -> District:
    return _units_as_of(code, date(YEAR, 6, 30))


@passes("statement-units-of-different-dates")
def units_stated_as_of_one_date(code: str) -> District:
    return _units_as_of(code, date(YEAR, 12, 31))


def _units_as_of(code: str, day: date) -> District:
    """A department of two units that states nothing but their totals, one of them as of a day of its own."""
    district = clean(code)
    district.drop("project", "annual_budget", "budget_adjustment", "payment", "execution_statement")
    for unit, as_of in (("101001", date(YEAR, 12, 31)), ("101002", day), ("102001", date(YEAR, 12, 31))):
        district.add(
            "execution_statement",
            department_code=unit,
            as_of_date=as_of,
            **dict.fromkeys(("initial_budget_amount", "full_year_budget_amount", "executed_amount"), yuan(500_000)),
        )
    return district


@fails("function-code-parent-beside-children", Expected(f"{P4} / 111 / 20101", 800_000, 800_000))
def section_beside_its_items(code: str) -> District:
    district = clean(code, stated=False)
    district.budget("P4", 800_000, function_code="20101")
    district.state()
    return district


@passes("function-code-parent-beside-children")
def items_of_one_section_side_by_side(code: str) -> District:
    district = clean(code, stated=False)
    district.budget("P4", 800_000, function_code="2010102")
    district.state()
    return district


def _indicator(code: str, balance: str) -> District:
    district = clean(code)
    district.add(
        "budget_indicator",
        indicator_id="Z1",
        department_code="101001",
        indicator_amount=yuan(100_000),
        cut_amount=yuan(10_000),
        applied_amount=yuan(40_000),
        balance_amount=yuan(balance),
    )
    return district


@fails("indicator-balance-does-not-add-up", Expected("Z1", 60_000, 50_000))
def indicator_whose_cut_was_forgotten(code: str) -> District:
    return _indicator(code, "60000")


@passes("indicator-balance-does-not-add-up")
def indicator_a_cent_off(code: str) -> District:
    return _indicator(code, "50000.01")


def _applied(code: str, settled: str) -> District:
    """An application for what was paid for P4, and one that nobody paid yet."""
    district = clean(code)
    facts = {"department_code": "102001", "project_code": "P4", "fund_type_code": "111"}
    for number, applied, paid in (("A1", "640000", settled), ("A2", "100", "0")):
        district.add(
            "payment_application",
            application_number=number,
            application_amount=yuan(applied),
            settled_amount=yuan(paid),
            **facts,
        )
    return district


@fails("paid-applications-differ-from-payments", Expected("P4", 650_000, 640_000, ("PAY_VOUCHER_BILL", "支付申请")))
def application_paid_beyond_its_payments(code: str) -> District:
    return _applied(code, "650000")


@passes("paid-applications-differ-from-payments")
def applications_paid_and_not_paid_yet(code: str) -> District:
    return _applied(code, "640000.01")


# Statement against detail ------------------------------------------------------------------------------------------


def _units_alone(code: str) -> District:
    """The statement has no projects, fund types or natures of 102001."""
    district = clean(code)
    for row in list(district.rows["execution_statement"]):
        if row["department_code"] == "102001" and row is not district.stated("102001"):
            district.rows["execution_statement"].remove(row)
    return district


@fails(
    "statement-department-differs-from-detail",
    Expected("102001 乙局 / 执行数 executed", 1_470_000, 1_740_000, ("147.00 万元 is probably 174.00", "两位数字颠倒")),
)
def unit_with_two_digits_exchanged(code: str) -> District:
    district = _units_alone(code)
    district.stated("102001")["executed_amount"] = yuan(1_470_000)
    return district


@passes("statement-department-differs-from-detail")
def unit_within_the_rounding_of_one_amount(code: str) -> District:
    district = _units_alone(code)
    district.stated("102001")["executed_amount"] += yuan(50)
    return district


@fails(
    "statement-project-differs-from-detail",
    Expected(f"{P4} / 执行数 executed", 64_000, 640_000, ("6.40 万元 is probably 64.00 万元", "小数点错位")),
)
def project_with_a_slipped_point(code: str) -> District:
    district = clean(code)
    district.stated("102001", "P4")["executed_amount"] = yuan(64_000)
    return district


@passes("statement-project-differs-from-detail")
def project_within_the_rounding_of_one_amount(code: str) -> District:
    district = clean(code)
    district.stated("102001", "P4")["executed_amount"] -= yuan(50)
    return district


@passes("statement-breakdown-differs-from-detail")
def statement_that_states_several_rows_in_a_line(code: str) -> District:
    """As a wide table does: a unit, its fund types and its natures side by side."""
    district = clean(code)
    for row in district.rows["execution_statement"]:
        if row["project_code"] is None:
            row["source_line"] = district.stated(row["department_code"])["source_line"]
    return district


@fails(
    "statement-breakdown-differs-from-detail",
    Expected("102001 乙局 / 111 / 执行数 executed", 1_100_000, 640_000),
    Expected("102001 乙局 / 121 / 执行数 executed", 640_000, 1_100_000),
)
def fund_types_exchanged(code: str) -> District:
    district = clean(code)
    district.stated("102001", fund_type_code="111")["executed_amount"] = yuan(1_100_000)
    district.stated("102001", fund_type_code="121")["executed_amount"] = yuan(640_000)
    return district


@passes("statement-breakdown-differs-from-detail")
def fund_types_within_the_rounding_of_one_amount(code: str) -> District:
    district = clean(code)
    district.stated("102001", fund_type_code="111")["executed_amount"] += yuan(50)
    district.stated("102001", fund_type_code="121")["executed_amount"] -= yuan(50)
    return district


@fails(
    "statement-values-shifted",
    Expected("执行数 executed", 3, 0),
    also={"statement-project-differs-from-detail": 3, "projects-exceed-department": 2},
)
def amounts_one_line_too_low(code: str) -> District:
    district = clean(code)
    for unit, project, amount in (("101001", "P2", 900_000), ("101002", "P3", 1_500_000), ("102001", "P4", 650_000)):
        district.stated(unit, project)["executed_amount"] = yuan(amount)
    return district


@passes("statement-values-shifted", also={"statement-project-differs-from-detail": 1})
def one_amount_of_the_line_above(code: str) -> District:
    district = clean(code)
    district.stated("101001", "P2")["executed_amount"] = yuan(900_000)
    return district


@fails("cumulative-execution-falls", Expected("102001 乙局", 1_740_000, 1_800_000, (f"{YEAR}-09-30",)))
def execution_that_was_higher_in_september(code: str) -> District:
    district = statement_only(code)
    district.add(
        "execution_statement",
        department_code="102001",
        executed_amount=yuan(1_800_000),
        as_of_date=date(YEAR, 9, 30),
    )
    return district


@passes("cumulative-execution-falls")
def execution_that_a_refund_brought_down(code: str) -> District:
    district = clean(code)
    district.state(date(YEAR, 9, 30))
    return district


def _paid_under(code: str, department_code: str, department_name: str) -> District:
    """Without lists: the payment of P4 names its department in another way than the budget, 102001 乙局."""
    district = clean(code, stated=False)
    district.drop("department", "project")
    district.only("annual_budget", project_code="P4").update(department_name="乙局", project_name="乙局公用经费")
    district.only("payment", project_code="P4").update(
        department_code=department_code, department_name=department_name, project_name="乙局公用经费"
    )
    return district


@fails(
    "codes-look-alike",
    Expected("102001 乙局", words=("0102001、102001",)),
    also=NO_LISTS | {"payment-without-budget": 1, "project-spent-elsewhere": 1},
)
def code_with_a_zero_more(code: str) -> District:
    return _paid_under(code, "0102001", "乙局")


@passes("codes-look-alike", also=NO_LISTS | {"payment-without-budget": 1, "project-spent-elsewhere": 1})
def code_with_a_zero_more_of_another_name(code: str) -> District:
    return _paid_under(code, "0102001", "丁局")


@fails(
    "project-spent-elsewhere",
    Expected("102 乙管理局 / P4 乙局公用经费", 640_000, None, ("102001 乙局",)),
    also=NO_LISTS | {"payment-without-budget": 1},
)
def department_renamed_during_the_year(code: str) -> District:
    return _paid_under(code, "102", "乙管理局")


@passes("project-spent-elsewhere", also=NO_LISTS)
def department_renamed_under_its_code(code: str) -> District:
    return _paid_under(code, "102001", "乙管理局")


def _monthly(code: str, september: int) -> District:
    """Both units executed so many yuan more (or less) by the end of September than by the end of the year."""
    district = statement_only(code)
    for unit in ("101001", "102001"):
        executed = district.stated(unit)["executed_amount"]
        district.add(
            "execution_statement",
            department_code=unit,
            executed_amount=executed + yuan(september),
            as_of_date=date(YEAR, 9, 30),
        )
    return district


@fails(
    "statement-total-falls",
    Expected("各单位合计 all units", 4_140_000, 4_180_000, (f"{YEAR}-09-30",)),
    also={"cumulative-execution-falls": 2},
)
def amounts_of_single_months(code: str) -> District:
    return _monthly(code, 20_000)


@passes("statement-total-falls")
def amounts_that_rise(code: str) -> District:
    return _monthly(code, -20_000)


@passes("statement-total-falls", also={"cumulative-execution-falls": 1})
def one_unit_that_fell_while_all_together_rose(code: str) -> District:
    district = _monthly(code, -20_000)
    late = {"as_of_date": date(YEAR, 9, 30)}
    district.only("execution_statement", department_code="102001", **late)["executed_amount"] += yuan(30_000)
    return district


# Budget and payments -----------------------------------------------------------------------------------------------


def _paid(code: str, amount: str | int, **values: object) -> District:
    """The payment of P4 (full-year budget 800,000) has another amount or code; the statement follows."""
    district = clean(code, stated=False)
    district.only("payment", project_code="P4").update(paid_amount=yuan(amount), **values)
    district.state()
    return district


@fails("payments-exceed-project-budget", Expected(f"{P4} / 111", 840_000, 800_000))
def project_paid_beyond_its_budget(code: str) -> District:
    return _paid(code, 840_000)


@passes("payments-exceed-project-budget")
def project_paid_to_the_last_cent_of_its_budget(code: str) -> District:
    return _paid(code, 800_000)


@fails("payments-exceed-project-budget", Expected(P4, 840_000, 800_000))
def project_paid_beyond_its_budget_without_telling_the_fund_type(code: str) -> District:
    district = clean(code, stated=False)
    district.only("payment", project_code="P4").update(paid_amount=yuan(840_000), fund_type_code=None)
    return district


@fails("payments-exceed-project-budget", Expected(f"{P4} / 121", 30_000, 0))
def fund_type_cut_to_nothing_and_paid_from(code: str) -> District:
    return _cut_to_nothing(code, 30_000)


@passes("payments-exceed-project-budget")
def fund_type_cut_to_nothing_and_paid_back(code: str) -> District:
    return _cut_to_nothing(code, 0)


def _cut_to_nothing(code: str, paid: int) -> District:
    """P4 had 30,000 of a government fund too, all of which was cut."""
    district = clean(code, stated=False)
    district.budget(
        "P4", 30_000, fund_type_code="121", adjustment_amount=yuan(-30_000), full_year_budget_amount=yuan(0)
    )
    district.adjust("T20", "P4", "cut", -30_000, fund="121")
    district.pay("V20", "P4", 30_000, LATE, fund="121")
    district.pay("V21", "P4", paid - 30_000, LATE, fund="121")
    district.state()
    return district


def _two_lines(code: str, paid: str) -> District:
    """P4 is budgeted on two function codes, 600,000 on the one that is paid."""
    district = clean(code, stated=False)
    district.only("annual_budget", project_code="P4").update(
        initial_budget_amount=yuan(600_000), full_year_budget_amount=yuan(600_000)
    )
    district.budget("P4", 200_000, function_code="2010102")
    district.only("payment", project_code="P4")["paid_amount"] = yuan(paid)
    district.state()
    return district


@fails("payments-exceed-budget-line", Expected(f"{P4} / 111 / 2010101", 640_000, 600_000))
def line_paid_beyond_its_budget(code: str) -> District:
    return _two_lines(code, "640000")


@passes("payments-exceed-budget-line")
def line_paid_a_cent_beyond_its_budget(code: str) -> District:
    return _two_lines(code, "600000.01")


@fails("payment-without-budget", Expected("102001 乙局 / P6 无预算项目", 5_000, 0))
def listed_project_paid_without_budget(code: str) -> District:
    district = clean(code, stated=False)
    district.add_project("P6", "无预算项目", "102001")
    district.pay("V20", "P6", 5_000, LATE)
    district.state()
    return district


@passes("payment-without-budget")
def listed_project_paid_from_an_addition(code: str) -> District:
    district = clean(code, stated=False)
    district.add_project("P6", "无预算项目", "102001")
    district.adjust("T20", "P6", "addition", 5_000)
    district.pay("V20", "P6", 5_000, LATE)
    district.state()
    return district


@fails("full-year-budget-is-negative", Expected(f"{P4} / 111", -100_000, 0))
def more_cut_than_there_was(code: str) -> District:
    return _cut(code, -900_000)


@passes("full-year-budget-is-negative")
def everything_cut(code: str) -> District:
    district = _cut(code, -800_000)
    district.remove("payment", project_code="P4")
    return district


def _cut(code: str, amount: int) -> District:
    district = clean(code, stated=False)
    district.adjust("T20", "P4", "cut", amount)
    district.only("annual_budget", project_code="P4").update(
        adjustment_amount=yuan(amount), full_year_budget_amount=yuan(800_000 + amount)
    )
    return district


@fails("full-year-budget-is-negative", Expected(P4, -1, 0))
def statement_line_below_zero(code: str) -> District:
    district = statement_only(code)
    district.stated("102001", "P4").update(full_year_budget_amount=yuan(-1), adjustment_amount=yuan(-800_001))
    return district


@fails("statement-initial-budget-is-negative", Expected(P4, -800_000, 0))
def statement_line_with_a_wrong_sign(code: str) -> District:
    district = statement_only(code)
    district.stated("102001", "P4").update(initial_budget_amount=yuan(-800_000), adjustment_amount=yuan(1_600_000))
    return district


@passes("statement-initial-budget-is-negative")
def statement_line_that_began_with_nothing(code: str) -> District:
    district = statement_only(code)
    district.stated("102001", "P4").update(initial_budget_amount=yuan(0), adjustment_amount=yuan(800_000))
    return district


@fails("refunds-exceed-payments", Expected(f"{P4} / 111", -1_000, 0))
def refund_of_an_earlier_year(code: str) -> District:
    return _paid(code, -1_000)


@passes("refunds-exceed-payments")
def refund_of_everything(code: str) -> District:
    district = clean(code, stated=False)
    district.pay("V20", "P4", -640_000, LATE)
    district.state()
    return district


@fails("voucher-in-two-files", Expected("V30", 2_000, None, ("2 files",)))
def voucher_on_another_day_and_project_of_the_month(code: str) -> District:
    district = clean(code, stated=False)
    district.pay("V30", "P1", 1_000, LATE)
    district.pay("V30", "P2", 1_000, LATE + timedelta(days=3), source_file_id=f"{code}-second-payment-file")
    district.state()
    return district


@passes("voucher-in-two-files")
def number_of_another_month_department_or_amount(code: str) -> District:
    district = clean(code, stated=False)
    second = f"{code}-second-payment-file"
    district.pay("V30", "P1", 1_000, LATE)
    district.pay("V30", "P2", 1_000, LATE - timedelta(days=3), source_file_id=second)
    district.pay("V30", "P4", 1_000, LATE, source_file_id=second)
    district.pay("V30", "P2", -400, LATE + timedelta(days=3), source_file_id=second)
    district.state()
    return district


# Codes -------------------------------------------------------------------------------------------------------------


@fails("fund-type-changed-in-year", Expected(f"{P4} / 121", 640_000, 0, ("fund type 111",)))
def general_budget_paid_from_a_government_fund(code: str) -> District:
    return _paid(code, 640_000, fund_type_code="121")


@passes("fund-type-changed-in-year")
def fund_type_told_less_finely(code: str) -> District:
    district = clean(code, stated=False)
    district.only("payment", project_code="P4")["fund_type_code"] = "11"
    return district


@fails("function-code-changed-in-year", Expected(f"{P4} / 111 / 2079903", 640_000, 0, ("2010101",)))
def budget_on_one_function_and_payment_on_another(code: str) -> District:
    return _paid(code, 640_000, function_code="2079903")


@passes("function-code-changed-in-year")
def function_told_less_finely(code: str) -> District:
    return _paid(code, 640_000, function_code="20101")


@fails("function-code-not-in-code-table", Expected("2120801", 2_300_000))
def function_that_the_code_table_lacks(code: str) -> District:
    district = clean(code)
    for function in ("2010101", "2010102"):
        district.add("function_code", function_code=function, function_name="演示科目")
    return district


@passes("function-code-not-in-code-table")
def function_that_the_code_table_has(code: str) -> District:
    district = function_that_the_code_table_lacks(code)
    district.add("function_code", function_code="2120801", function_name="演示科目")
    return district


# Plausibility ------------------------------------------------------------------------------------------------------


@fails(
    "payments-out-of-proportion-to-budget",
    Expected("全区 district", 6_404_150_000, 6_000_000),
    also={"payments-exceed-project-budget": 1},
)
def payment_in_another_unit(code: str) -> District:
    return _paid(code, 6_400_000_000)


@passes("payments-out-of-proportion-to-budget", also={"payments-exceed-project-budget": 1})
def payments_ten_times_the_budget(code: str) -> District:
    return _paid(code, 60_000_000 - 4_150_000)


def _tiny_project(code: str, amount: int) -> District:
    """A project of ``amount`` yuan in a unit of 29,616,800 yuan, told in 万元."""
    district = statement_only(code)
    unknown = {"initial_budget_amount": None, "adjustment_amount": None}
    district.stated("102001").update(full_year_budget_amount=yuan(29_616_800), **unknown)
    for part in ({"fund_type_code": "111"}, {"fund_type_code": "121"}):
        district.remove("execution_statement", department_code="102001", **part)
    for nature in ("basic", "project"):
        district.remove("execution_statement", department_code="102001", expenditure_nature=nature)
    district.stated("102001", "P4").update(full_year_budget_amount=yuan(amount), executed_amount=yuan(0), **unknown)
    return district


@fails("statement-amount-out-of-scale", Expected(P4, 3_000, 29_616_800))
def project_of_less_than_a_ten_thousand(code: str) -> District:
    return _tiny_project(code, 3_000)


@passes("statement-amount-out-of-scale")
def project_of_one_ten_thousand(code: str) -> District:
    return _tiny_project(code, 10_000)


@fails("statement-date-outside-fiscal-year", Expected(f"{YEAR + 1}-01-15", YEAR + 1, YEAR))
def statement_up_to_january(code: str) -> District:
    district = statement_only(code)
    for row in district.rows["execution_statement"]:
        row["as_of_date"] = date(YEAR + 1, 1, 15)
    return district


@passes("statement-date-outside-fiscal-year")
def statement_without_a_date(code: str) -> District:
    district = statement_only(code)
    for row in district.rows["execution_statement"]:
        row["as_of_date"] = None
    return district


# Published figures -------------------------------------------------------------------------------------------------


def _published(code: str, rate: str, column: str = "published_execution_rate", **amounts: int | None) -> District:
    """The statement prints a rate for 102001 (executed 1,740,000 of 2,000,000; initial 800,000)."""
    district = statement_only(code)
    line = district.stated("102001")
    line[column] = Decimal(rate)
    line.update({name: None if amount is None else yuan(amount) for name, amount in amounts.items()})
    return district


EXECUTION = "102001 乙局 / 执行率 execution rate"
ADJUSTMENT = "102001 乙局 / 调整率 adjustment rate"


@fails("published-rate-differs", Expected(EXECUTION, "0.81", "0.87", ("81.00 %", "87.00 %", "-6.00 percentage points")))
def rate_far_from_its_amounts(code: str) -> District:
    return _published(code, "0.81")


@passes("published-rate-differs")
def rate_as_its_amounts_make_it(code: str) -> District:
    return _published(code, "0.87")


@passes("published-rate-differs-slightly")
def rate_printed_with_one_decimal(code: str) -> District:
    return _reported(code, ("919357", "0.919"), ("455500", "0.456"))


@fails("published-rate-differs-slightly", Expected(EXECUTION, "0.919", "0.919357"))
def rate_cut_off_beside_one_with_two_decimals(code: str) -> District:
    return _reported(code, ("919357", "0.919"), ("455500", "0.4555"))


@passes("published-rate-differs-slightly")
def rate_printed_without_decimals(code: str) -> District:
    return _reported(code, ("384900", "0.38"))


def _reported(code: str, *rates: tuple[str, str]) -> District:
    """A report prints execution rates beside what was executed of 1,000,000 yuan; the first is of 102001."""
    district = statement_only(code)
    for (executed, rate), department in zip(rates, ("102001", "101001"), strict=False):
        district.add(
            "published_figure",
            department_code=department,
            department_name=NAMES[department],
            published_figure_kind="execution_rate",
            published_rate=Decimal(rate),
            full_year_budget_amount=yuan(1_000_000),
            executed_amount=yuan(executed),
        )
    return district


@fails("published-rate-differs-slightly", Expected(EXECUTION, "0.875", "0.87", ("0.50 percentage points",)))
def rate_half_a_point_off(code: str) -> District:
    return _published(code, "0.8750")


@passes("published-rate-differs-slightly")
def rate_a_hundredth_of_a_point_off(code: str) -> District:
    return _published(code, "0.8701")


@fails(
    "published-rate-names-another-denominator",
    Expected(EXECUTION, "2.175", "0.87", ("it is the share of the initial budget", "实为占年初预算数之比")),
)
def execution_rate_of_the_initial_budget(code: str) -> District:
    return _published(code, "2.1750")


@passes("published-rate-names-another-denominator")
def both_denominators_are_the_same(code: str) -> District:
    district = statement_only(code)
    district.stated("102001", "P4")["published_execution_rate"] = Decimal("0.8")
    return district


@fails(
    "published-rate-on-zero-denominator",
    Expected("102001 乙局 / P5 乙局新增项目 / 调整率 adjustment rate", "0.5", None),
)
def adjustment_rate_of_an_initial_budget_of_nothing(code: str) -> District:
    district = statement_only(code)
    district.stated("102001", "P5")["published_adjustment_rate"] = Decimal("0.5")
    return district


@passes("published-rate-on-zero-denominator")
def adjustment_rate_of_a_known_initial_budget(code: str) -> District:
    return _published(code, "1.5", "published_adjustment_rate")


def _two_reports(code: str, second: str) -> District:
    district = clean(code)
    for document, executed in (("自评报告", "1740000"), ("决算公开", second)):
        district.add(
            "published_figure",
            department_code="102001",
            published_figure_kind="execution_rate",
            published_rate=Decimal("0.87"),
            executed_amount=yuan(executed),
            full_year_budget_amount=None,
            source_document=document,
        )
    return district


@fails("published-figure-has-two-values", Expected("102001 / execution_rate", 1_740_001, 1_740_000))
def two_reports_differ(code: str) -> District:
    return _two_reports(code, "1740001")


@passes("published-figure-has-two-values")
def two_reports_agree(code: str) -> District:
    return _two_reports(code, "1740000")
