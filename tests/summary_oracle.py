"""What every summary table must say, computed from plain rows with Decimal and Fraction; nothing of the pipeline.

Rows are dictionaries as the core tables hold them (an absent name is an unknown value). Each method gives one table as
a list of dictionaries. Does not belong here: an import from ``pipelines``, SQL, reading of deliveries.
"""

from __future__ import annotations

import calendar
import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any

Row = dict[str, Any]
CENT = Decimal("0.01")
KIND_NATURE = {"1": "basic", "21": "basic", "22": "project", "3": "project"}
LEVELS = {"yellow": 1, "orange": 2, "red": 3}


def half_up(value: Fraction, places: int) -> Decimal:
    """``value`` with ``places`` decimals, halves away from zero."""
    scaled = abs(value) * 10**places
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Decimal(whole if value >= 0 else -whole).scaleb(-places)


def quotient(numerator: Decimal | int | None, denominator: Decimal | int | None, places: int, times: int = 1) -> Any:
    """``times`` × numerator / denominator rounded once; None where it cannot be formed or is beyond twelve digits."""
    if numerator is None or not denominator:
        return None
    value = half_up(times * Fraction(numerator) / Fraction(denominator), places)
    return value if abs(value) < 10**12 else None


def rate(numerator: Any, denominator: Any) -> Decimal | None:
    """A ratio with six places."""
    return quotient(numerator, denominator, 6)


def percent(numerator: Any, denominator: Any) -> Decimal | None:
    """A percentage with two places."""
    return quotient(numerator, denominator, 2, 100)


def minus(left: Any, right: Any) -> Any:
    """left − right, unknown if either is."""
    return None if left is None or right is None else left - right


def known_sum(values: Iterable[Any]) -> Any:
    """The sum, unknown if any part is."""
    parts = list(values)
    return None if any(part is None for part in parts) else sum(parts, Decimal(0))


def same_day_last_year(day: date | None) -> date | None:
    """The same day of the year before; a month's end for a month's end."""
    if day is None:
        return None
    last = calendar.monthrange(day.year, day.month)[1]
    before = calendar.monthrange(day.year - 1, day.month)[1]
    return date(day.year - 1, day.month, before if day.day == last else day.day)


WIDE = {ord(c): ord(c) - 0xFEE0 for c in map(chr, range(0xFF01, 0xFF5F))}


def looks(name: str | None) -> str | None:
    """A name without what only looks different."""
    if name is None:
        return None
    name = re.sub("(19|20)[0-9]{2}年度?", "", name.translate(WIDE).lower())
    return "".join(character for character in name if character.isalnum())


def execution_status(executed: Any, budget: Any) -> str:
    """The status of an execution rate."""
    if executed is None or budget is None:
        return "unknown"
    if budget < 0:
        return "negative_budget"
    if budget == 0:
        return "zero_budget" if executed == 0 else "spend_without_budget"
    return "over_executed" if executed > budget else "ok"


def stated_full_year(line: Row) -> Decimal | None:
    """The full-year budget of a statement's line; where it is not stated, the initial one with its adjustment."""
    full, initial, net = (
        line.get(name) for name in ("full_year_budget_amount", "initial_budget_amount", "adjustment_amount")
    )
    return initial + net if full is None and initial is not None and net is not None else full


def adjustment_status(initial: Any, net: Any) -> str:
    """The status of an adjustment rate."""
    if initial is None or net is None:
        return "unknown"
    if initial < 0:
        return "negative_initial_budget"
    if initial == 0:
        return "new_in_year" if net > 0 else "zero_budget"
    return "fully_cut" if net == -initial else "ok"


class DistrictYear:
    """One district and fiscal year: what its rows are about, and every figure of its departments and projects."""

    def __init__(self, district: str, year: int, rows: dict[str, list[Row]], delivered: set[str], city: City) -> None:
        self.district = district
        self.year = year
        self.rows = defaultdict(list, rows)
        self.delivered = delivered
        self.city = city
        self.listed = {row["department_code"]: row for row in self.rows["department"]}
        self._department_codes: dict[str, set[str]] = defaultdict(set)
        self._department_names: dict[str, set[str]] = defaultdict(set)
        for _, row in self._all_rows():
            code, name = row.get("department_code"), row.get("department_name")
            if code and name:
                self._department_codes[name].add(code)
                self._department_names[code].add(name)
        self._listed_codes: dict[str, set[str]] = defaultdict(set)
        for row in self.rows["department"]:
            self._listed_codes[row["department_name"]].add(row["department_code"])
        self._find_projects()

    def _all_rows(self) -> Iterable[tuple[str, Row]]:
        for dataset, rows in self.rows.items():
            if dataset in {
                "department",
                "project",
                "annual_budget",
                "budget_adjustment",
                "payment",
                "carryover",
                "execution_statement",
            }:
                for row in rows:
                    yield dataset, row

    # Who is meant -------------------------------------------------------------------------------------------------

    def unit(self, row: Row) -> str:
        """The unit's code, or its name where no code is certain (names are marked by a leading tilde)."""
        if row.get("department_code"):
            return str(row["department_code"])
        name = row["department_name"]
        codes = self._listed_codes.get(name) or self._department_codes.get(name) or set()
        return next(iter(codes)) if len(codes) == 1 else "~" + name

    def department(self, row: Row) -> str:
        """The department of the row's unit: the topmost supervisor, unless supervision goes in a circle."""
        unit = self.unit(row)
        top = unit
        for _ in range(9):
            above = self.listed.get(top, {}).get("supervising_department_code")
            if not above or above == top:
                return top
            top = above
        return unit

    def department_columns(self, key: str) -> Row:
        """Code, name and join key of a department."""
        if key.startswith("~"):
            return {"department_code": None, "department_name": key[1:], "department_key": key[1:]}
        name = self.listed.get(key, {}).get("department_name") or min(self._department_names[key], default=None)
        return {"department_code": key, "department_name": name, "department_key": key}

    def _find_projects(self) -> None:
        self._project_list = {row["project_code"]: row for row in self.rows["project"]}
        self._project_codes: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._project_listed: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._project_names: dict[str, set[str]] = defaultdict(set)
        for dataset, row in self._all_rows():
            code, name = row.get("project_code"), row.get("project_name")
            if dataset == "department" or not code or not name:
                continue
            place = (self.department(row), name)
            self._project_codes[place].add(code)
            self._project_names[code].add(name)
            if self._project_list.get(code, {}).get("project_name") == name:
                self._project_listed[place].add(code)
        self._stated: dict[tuple[str, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for dataset in ("annual_budget", "execution_statement"):
            for row in self.rows[dataset]:
                if (key := self.project(row)) is not None:
                    for name in ("project_kind", "expenditure_nature"):
                        if row.get(name):
                            self._stated[self.department(row), key][name].add(row[name])

    def project(self, row: Row) -> str | None:
        """The project's code, its name with a tilde where no code is certain, or None."""
        if row.get("project_code"):
            return str(row["project_code"])
        if not row.get("project_name"):
            return None
        place = (self.department(row), row["project_name"])
        codes = self._project_listed.get(place) or self._project_codes.get(place) or set()
        return next(iter(codes)) if len(codes) == 1 else "~" + str(row["project_name"])

    def project_columns(self, department: str, key: str | None) -> Row:
        """Code, name, join key, kind and nature of a project."""
        if key is None:
            none = dict.fromkeys(("project_code", "project_name", "project_kind", "expenditure_nature"))
            return {**none, "project_key": ""}
        listed = self._project_list.get(key, {})
        stated = self._stated[department, key]
        only = {name: next(iter(values)) for name, values in stated.items() if len(values) == 1}
        kind = listed.get("project_kind") or only.get("project_kind")
        return {
            "project_code": None if key.startswith("~") else key,
            "project_key": key.removeprefix("~"),
            "project_name": key[1:]
            if key.startswith("~")
            else listed.get("project_name") or min(self._project_names[key], default=None),
            "project_kind": kind,
            "expenditure_nature": listed.get("expenditure_nature")
            or only.get("expenditure_nature")
            or KIND_NATURE.get(kind or ""),
        }

    # Figures ------------------------------------------------------------------------------------------------------

    @cached_property
    def latest_event(self) -> date | None:
        """The date of the last payment, of the last adjustment where nothing was paid."""
        adjusted = max((row["adjustment_date"] for row in self.rows["budget_adjustment"]), default=None)
        return self.latest_payment or adjusted

    @cached_property
    def latest_payment(self) -> date | None:
        """The date of the last payment."""
        return max((row["payment_date"] for row in self.rows["payment"]), default=None)

    @property
    def is_over(self) -> bool:
        """Whether execution of a later year has begun, or what counts came after the year's end."""
        accepted = self.city.accepted.get((self.district, self.year))
        later = [
            place
            for place in self.city.years.values()
            if place.district == self.district and place.year > self.year
            if place.latest_payment or "execution_statement" in place.delivered
        ]
        return bool(later) or (accepted is not None and accepted.year > self.year)

    def is_finished(self, figure: Row) -> bool:
        """Whether a figure is that of the whole year."""
        end = date(self.year, 12, 31)
        if figure["source_grain"] != "detail":
            return self.is_over if figure["as_of_date"] is None else figure["as_of_date"] >= end
        stated = [row["as_of_date"] for row in self.rows["execution_statement"] if row.get("as_of_date")]
        if any(day >= end for day in stated):
            return True
        last = self.latest_payment
        return last is not None and (last >= end or (last.month == 12 and self.is_over))

    def same_period_date(self, figure: Row) -> date | None:
        """The day of the year before with which a figure is compared."""
        if self.is_finished(figure):
            return date(self.year - 1, 12, 31)
        return same_day_last_year(figure["as_of_date"])

    def standing_on(self, level: str, key: tuple[str, Any], day: date | None) -> tuple[Any, Any]:
        """Full-year budget and executed amount as they stood on a day of this year, both unknown if nobody says."""
        figure = self.figures(level)[key]
        end = date(self.year, 12, 31)
        if day is None or not (self.is_finished(figure) or (figure["as_of_date"] and figure["as_of_date"] >= day)):
            return None, None
        if day == end and self.is_finished(figure):
            return figure["full"], figure["executed"]
        if figure["source_grain"] == "statement":
            stated = [s for s in self._statement_months(level).get(key, {}).values() if s["as_of_date"] == day]
            return (stated[0]["full"], stated[0]["executed"]) if stated else (None, None)
        own = {
            dataset: [row for row in self.rows[dataset] if self._key(level, row) == key]
            for dataset in ("annual_budget", "budget_adjustment", "payment")
        }
        full, executed = figure["full"], None
        last = calendar.monthrange(day.year, day.month)[1]
        if self.latest_event and day.month - (day.day < last) > self.latest_event.month:
            # The months end with the last payment.
            later = any(row["adjustment_date"] > day for row in self.rows["budget_adjustment"])
            return None if later else full, figure["executed"]
        if "budget_adjustment" in self.delivered and figure["initial"] is not None:
            moved = [r["adjustment_amount"] for r in own["budget_adjustment"] if r["adjustment_date"] <= day]
            full = figure["initial"] + sum(moved, Decimal(0))
        if "payment" in self.delivered:
            executed = sum((row["paid_amount"] for row in own["payment"] if row["payment_date"] <= day), Decimal(0))
        return full, executed

    @property
    def usual_grain(self) -> str:
        """Where figures come from as a rule."""
        return (
            "detail"
            if "annual_budget" in self.delivered or "execution_statement" not in self.delivered
            else "statement"
        )

    def reference(self, table: str) -> list[Row]:
        """The rows of a reference table that are in force here."""
        usable = [
            row
            for row in self.city.reference[table]
            if row["first_fiscal_year"] <= self.year and (row["last_fiscal_year"] or 9999) >= self.year
        ]
        own = [row for row in usable if row["district_code"] == self.district]
        rows = own or [row for row in usable if row["district_code"] is None]
        newest = max(((row["first_fiscal_year"], row["version"]) for row in rows), default=None)
        return [row for row in rows if (row["first_fiscal_year"], row["version"]) == newest]

    def is_exempt(self, row: Row) -> bool:
        """Whether an adjustment's reason does not count."""
        reason = (row.get("adjustment_reason") or "").strip()
        return reason in {entry["adjustment_reason"] for entry in self.reference("exempt_adjustment_reasons")}

    def _key(self, level: str, row: Row) -> tuple[str, Any]:
        department = self.department(row)
        if level == "department":
            return department, None
        project = self.project(row)
        if level == "project":
            return department, project
        if level == "fund_type":
            return department, row.get("fund_type_code")
        assert project is not None
        return department, self.project_columns(department, project)["expenditure_nature"]

    def _detail(self, level: str) -> dict[tuple[str, Any], Row]:
        parts: dict[tuple[str, Any], dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
        for dataset in ("annual_budget", "budget_adjustment", "payment"):
            for row in self.rows[dataset]:
                parts[self._key(level, row)][dataset].append(row)
        return {key: self._detail_figure(part) for key, part in parts.items()}

    def _detail_figure(self, part: dict[str, list[Row]]) -> Row:
        lines = part.get("annual_budget", [])
        adjustments = [row["adjustment_amount"] for row in part.get("budget_adjustment", [])]
        payments = part.get("payment", [])
        zero = Decimal(0)
        initial = sum((row["initial_budget_amount"] for row in lines), zero)
        initial = initial if "annual_budget" in self.delivered else None
        all_lines = self.rows["annual_budget"]
        has_full = bool(all_lines) and all(row.get("full_year_budget_amount") is not None for row in all_lines)
        full = known_sum(row.get("full_year_budget_amount") for row in lines) if lines else (zero if has_full else None)
        figure: Row = dict.fromkeys(("increase", "decrease", "count", "gross"))
        if "budget_adjustment" in self.delivered:
            figure["increase"] = sum((amount for amount in adjustments if amount > 0), zero)
            figure["decrease"] = -sum((amount for amount in adjustments if amount < 0), zero)
            figure["count"] = len(adjustments)
            figure["gross"] = sum(
                (abs(r["adjustment_amount"]) for r in part.get("budget_adjustment", []) if not self.is_exempt(r)), zero
            )
            net = sum(adjustments, zero)
            full = None if initial is None else initial + net
        else:
            net = minus(full, initial)

        def paid(from_month: int) -> Decimal | None:
            if "payment" not in self.delivered:
                return None
            return sum((row["paid_amount"] for row in payments if row["payment_date"].month >= from_month), zero)

        return figure | {
            "initial": initial,
            "net": net,
            "full": full,
            "executed": paid(1),
            "last_quarter": paid(10),
            "november_december": paid(11),
            "source_grain": "detail",
            "as_of_date": self.latest_event,
        }

    @staticmethod
    def _breakdown(row: Row) -> int:
        return 1 + (row.get("fund_type_code") is not None) + 2 * (row.get("expenditure_nature") is not None)

    def _statement(self, level: str) -> dict[tuple[str, Any], Row]:
        by_unit: dict[tuple[str, str, Any], list[Row]] = defaultdict(list)
        for row in self.rows["execution_statement"]:
            project = self.project(row)
            if (project is not None) == (level == "project"):
                by_unit[self.unit(row), self.department(row), project].append(row)
        lines: dict[tuple[str, Any], list[Row]] = defaultdict(list)
        name = {"fund_type": "fund_type_code", "nature": "expenditure_nature"}.get(level, "")
        for (_, department, project), delivered in by_unit.items():
            broken_down = [row for row in delivered if row.get(name) is not None] or delivered
            latest = max(row.get("as_of_date") or date.min for row in broken_down)
            rows = [row for row in broken_down if (row.get("as_of_date") or date.min) == latest]
            coarsest = min(map(self._breakdown, rows))
            for row in rows:
                if self._breakdown(row) == coarsest:
                    lines[department, row.get(name) if name else project].append(row)
        return {key: self._statement_figure(rows) for key, rows in lines.items()}

    @staticmethod
    def _statement_figure(rows: list[Row]) -> Row:
        initial = known_sum(row.get("initial_budget_amount") for row in rows)
        full = known_sum(stated_full_year(row) for row in rows)
        net = known_sum(row.get("adjustment_amount") for row in rows)
        return dict.fromkeys(("increase", "decrease", "count", "gross", "last_quarter", "november_december")) | {
            "initial": initial,
            "net": minus(full, initial) if net is None else net,
            "full": full,
            "executed": known_sum(row.get("executed_amount") for row in rows),
            "source_grain": "statement",
            "as_of_date": max((d for row in rows if (d := row.get("as_of_date"))), default=None),
        }

    def figures(self, level: str) -> dict[tuple[str, Any], Row]:
        """Every department, project, fund type or nature with its figure, by (department, second key)."""
        return self._figures[level]

    @cached_property
    def _figures(self) -> dict[str, dict[tuple[str, Any], Row]]:
        return {level: self._figures_of(level) for level in ("department", "project", "fund_type", "nature")}

    def _figures_of(self, level: str) -> dict[tuple[str, Any], Row]:
        # The later a source stands in the list, the more it is worth.
        detail, statement = self._detail(level), self._statement(level)
        nothing = self._statement_figure([{}])
        named: dict[tuple[str, Any], Row] = {}
        listed: dict[tuple[str, Any], Row] = {}
        if level == "department":
            named = {(self.department(row), None): nothing for row in self.rows["execution_statement"]}
        if "annual_budget" in self.delivered:
            if level == "department":
                listed = {(self.department(row), None): self._detail_figure({}) for _, row in self._all_rows()}
            if level == "project":
                listed = {
                    (self.department(row), code): self._detail_figure({})
                    for dataset, row in self._all_rows()
                    if dataset != "department" and (code := self.project(row)) is not None and not code.startswith("~")
                }
            for figure in listed.values():
                self._list_only(figure)
        sources = [listed, named, statement, detail]
        if self.usual_grain == "statement":
            sources = [listed, named, detail, statement]
        if level in ("fund_type", "nature"):
            # A breakdown follows its department.
            best = {department: i for i, source in enumerate(sources) for department, _ in source}
            return {key: f for i, source in enumerate(sources) for key, f in source.items() if best[key[0]] == i}
        merged: dict[tuple[str, Any], Row] = {}
        for source in sources:
            merged |= source
        return merged

    def _list_only(self, figure: Row) -> None:
        lines = self.rows["annual_budget"]
        has_full = bool(lines) and all(row.get("full_year_budget_amount") is not None for row in lines)
        if not has_full and "budget_adjustment" not in self.delivered:
            figure |= {"net": None, "full": None}

    # Time ---------------------------------------------------------------------------------------------------------

    def progress(self, as_of: date | None, nature: str | None = None) -> tuple[Any, Any, Any, Any]:
        """Month, time progress as ratio and percent, and where it is from."""
        if as_of is None or as_of.year < self.year:
            return None, None, None, None
        day = min(as_of, date(self.year, 12, 31))
        rows = [row for row in self.reference("time_progress_yardstick") if row["month"] == day.month]
        for wanted in (nature, None):
            for row in rows:
                if row["expenditure_nature"] == wanted:
                    value = row["time_progress"]
                    return day.month, value, half_up(Fraction(value) * 100, 2), "yardstick"
        days = 366 if calendar.isleap(self.year) else 365
        elapsed = (day - date(self.year, 1, 1)).days + 1
        return day.month, rate(elapsed, days), percent(elapsed, days), "days"

    def months(self, level: str) -> list[tuple[str, Any, int, Row]]:
        """(department, project, month, standing at its end) of every month that can be told."""
        result = []
        dated = self._statement_months(level)
        for (department, project), figure in self.figures(level).items():
            if figure["source_grain"] == "statement":
                result += [(department, project, m, s) for m, s in dated.get((department, project), {}).items()]
            elif self.latest_event:
                result += self._detail_months(level, department, project, figure)
        return result

    def _detail_months(self, level: str, department: str, project: Any, figure: Row) -> list[tuple[Any, ...]]:
        assert self.latest_event
        result = []
        adjusted, paid = (
            self._by_month(level, (department, project), dataset, date_name, amount_name)
            for dataset, date_name, amount_name in (
                ("budget_adjustment", "adjustment_date", "adjustment_amount"),
                ("payment", "payment_date", "paid_amount"),
            )
        )
        for month in range(1, self.latest_event.month + 1):
            last_day = date(self.year, month, calendar.monthrange(self.year, month)[1])
            net = paid_now = month_net = month_paid = None
            full = figure["full"]
            if "budget_adjustment" in self.delivered:
                month_net, net = adjusted[month], sum((adjusted[m] for m in range(1, month + 1)), Decimal(0))
                full = None if figure["initial"] is None else figure["initial"] + net
            if "payment" in self.delivered:
                month_paid, paid_now = paid[month], sum((paid[m] for m in range(1, month + 1)), Decimal(0))
            result.append(
                (
                    department,
                    project,
                    month,
                    {
                        "initial": figure["initial"],
                        "month_net": month_net,
                        "net": net,
                        "full": full,
                        "month_executed": month_paid,
                        "executed": paid_now,
                        "as_of_date": min(last_day, self.latest_event),
                        "source_grain": "detail",
                    },
                )
            )
        return result

    def _by_month(self, level: str, key: tuple[str, Any], dataset: str, when: str, amount: str) -> Any:
        sums: dict[int, Decimal] = defaultdict(Decimal)
        for row in self.rows[dataset]:
            if self._key(level, row) == key:
                sums[row[when].month] += row[amount]
        return sums

    def _statement_months(self, level: str) -> dict[tuple[str, Any], dict[int, Row]]:
        units: dict[tuple[str, Any], dict[str, dict[int, list[Row]]]] = defaultdict(
            lambda: defaultdict(lambda: defaultdict(list))
        )
        for row in self.rows["execution_statement"]:
            project = self.project(row)
            month = self.progress(row.get("as_of_date"))[0]
            if month is not None and (project is not None) == (level == "project"):
                units[self.department(row), project][self.unit(row)][month].append(row)
        result: dict[tuple[str, Any], dict[int, Row]] = {}
        for key, by_unit in units.items():
            standings: dict[int, Row] = {}
            for month in sorted({month for by_month in by_unit.values() for month in by_month}):
                lines: list[Row] = []
                for by_month in by_unit.values():
                    rows = by_month.get(month, [])
                    latest = max((row["as_of_date"] for row in rows), default=None)
                    rows = [row for row in rows if row["as_of_date"] == latest]
                    coarsest = min(map(self._breakdown, rows), default=None)
                    lines += [row for row in rows if self._breakdown(row) == coarsest]
                figure = self._statement_figure(lines)
                if any(month not in by_month for by_month in by_unit.values()):
                    figure |= {"initial": None, "net": None, "full": None, "executed": None}
                before = standings.get(month - 1, {})
                figure["month_net"] = figure["net"] if month == 1 else minus(figure["net"], before.get("net"))
                figure["month_executed"] = (
                    figure["executed"] if month == 1 else minus(figure["executed"], before.get("executed"))
                )
                standings[month] = figure
            result[key] = standings
        return result

    def carried(self, level: str) -> dict[tuple[str, Any], Row]:
        """What was carried over into this year."""
        lines: dict[tuple[str, Any], list[Row]] = defaultdict(list)
        for row in self.rows["carryover"]:
            project = self.project(row)
            if level == "department" or project is not None:
                lines[self.department(row), project if level == "project" else None].append(row)
        return {
            key: {
                name: known_sum(row.get(f"{name}_amount") for row in rows)
                for name in ("approved", "carried_over", "taken_back")
            }
            for key, rows in lines.items()
        }


class City:
    """All districts and years together: the tables."""

    def __init__(
        self,
        rows: dict[str, list[Row]],
        delivered: set[tuple[str, int, str]],
        reference: dict[str, list[Row]],
        accepted: dict[tuple[str, int], datetime] | None = None,
    ) -> None:
        self.reference = reference
        self.accepted = accepted or {}
        parts: dict[tuple[str, int], dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
        for dataset, entries in rows.items():
            for row in entries:
                parts[row["district_code"], row["fiscal_year"]][dataset].append(row)
        places = {(district, year) for district, year, _ in delivered}
        self.years = {
            (district, year): DistrictYear(
                district, year, parts[district, year], {d for a, y, d in delivered if (a, y) == (district, year)}, self
            )
            for district, year in sorted(places)
        }

    def _who(self, place: DistrictYear, department: str, project: str | None = None, *, short: bool = False) -> Row:
        who = {"district_code": place.district, "fiscal_year": place.year, **place.department_columns(department)}
        columns = place.project_columns(department, project)
        if short:
            del columns["project_kind"], columns["expenditure_nature"]
        return who | columns

    def _execution(self, level: str) -> Iterable[tuple[DistrictYear, str, Any, Row]]:
        for place in self.years.values():
            for (department, second), figure in place.figures(level).items():
                yield place, department, second, figure

    @staticmethod
    def _rates(figure: Row) -> Row:
        initial, net, full, executed = (figure[name] for name in ("initial", "net", "full", "executed"))
        return {
            "initial_budget_amount": initial,
            "increase_amount": figure["increase"],
            "decrease_amount": figure["decrease"],
            "net_adjustment_amount": net,
            "adjustment_count": figure["count"],
            "full_year_budget_amount": full,
            "executed_amount": executed,
            "unspent_amount": minus(full, executed),
            "execution_rate": rate(executed, full),
            "execution_rate_pct": percent(executed, full),
            "completion_rate_of_initial": rate(executed, initial),
            "completion_rate_of_initial_pct": percent(executed, initial),
            "net_adjustment_rate": rate(net, initial),
            "net_adjustment_rate_pct": percent(net, initial),
            "gross_adjustment_rate": rate(figure["gross"], initial),
            "gross_adjustment_rate_pct": percent(figure["gross"], initial),
            "execution_status": execution_status(executed, full),
            "adjustment_status": adjustment_status(initial, net),
            "source_grain": figure["source_grain"],
            "as_of_date": figure["as_of_date"],
        }

    def department_execution(self) -> list[Row]:
        """summary.department_execution."""
        return [
            {"district_code": p.district, "fiscal_year": p.year, **p.department_columns(d), **self._rates(figure)}
            for p, d, _, figure in self._execution("department")
        ]

    def project_execution(self) -> list[Row]:
        """summary.project_execution."""
        return [self._who(p, d, project) | self._rates(figure) for p, d, project, figure in self._execution("project")]

    def department_execution_by_nature(self) -> list[Row]:
        """summary.department_execution_by_nature."""
        return [
            {
                "district_code": p.district,
                "fiscal_year": p.year,
                **p.department_columns(d),
                "expenditure_nature": nature,
                **self._rates(figure),
            }
            for p, d, nature, figure in self._execution("nature")
        ]

    def department_execution_by_fund_type(self) -> list[Row]:
        """summary.department_execution_by_fund_type, without the fund types' names."""
        return [
            {
                "district_code": p.district,
                "fiscal_year": p.year,
                **p.department_columns(d),
                "fund_type_code": fund_type,
                **self._rates(figure),
            }
            for p, d, fund_type, figure in self._execution("fund_type")
        ]

    def _detail_departments(self) -> Iterable[tuple[DistrictYear, str, dict[str, list[Row]]]]:
        """Departments whose figures come from detail, with their lines by dataset."""
        for place in self.years.values():
            for (department, _), figure in place.figures("department").items():
                if figure["source_grain"] == "detail":
                    yield (
                        place,
                        department,
                        {
                            dataset: [row for row in place.rows[dataset] if place.department(row) == department]
                            for dataset in ("annual_budget", "budget_adjustment", "payment")
                        },
                    )

    def _class_name(self, place: DistrictYear, kind: str, classification: str | None, code: str | None) -> Row:
        """Name and source of a class: delivered, of the year's list, or of the newest list before."""
        delivered = []
        for row in place.rows[f"{kind}_code"]:
            own = row.get("economy_classification") or ("government" if code and code[0] == "5" else "department")
            if row[f"{kind}_code"] == code and classification in (None, own):
                delivered.append(row[f"{kind}_name"])
        if delivered:
            return {f"{kind}_class_name": min(delivered), "class_name_source": "delivered"}
        known = [
            row
            for row in self.reference["class_names"]
            if (row["class_kind"], row["class_code"]) == (kind, code) and row["first_fiscal_year"] <= place.year
        ]
        if not known or classification == "government":
            return {f"{kind}_class_name": None, "class_name_source": None}
        newest = max(known, key=lambda row: row["first_fiscal_year"])
        is_current = int(newest["last_fiscal_year"] or 9999) >= place.year
        return {
            f"{kind}_class_name": newest["class_name"],
            "class_name_source": "reference" if is_current else "earlier_reference",
        }

    @staticmethod
    def _class_rates(place: DistrictYear, initial: Any, full: Any, executed: Any) -> Row:
        initial = initial if "annual_budget" in place.delivered else None
        executed = executed if "payment" in place.delivered else None
        net = minus(full, initial)
        figure = {"initial": initial, "net": net, "full": full, "executed": executed, "source_grain": "detail"}
        figure |= dict.fromkeys(("increase", "decrease", "count", "gross")) | {"as_of_date": place.latest_event}
        rates = City._rates(figure)
        for name in ("increase_amount", "decrease_amount", "adjustment_count"):
            del rates[name]
        return {name: value for name, value in rates.items() if not name.startswith("gross")}

    @staticmethod
    def _stated(place: DistrictYear, lines: list[Row]) -> Any:
        stated = known_sum(row.get("full_year_budget_amount") for row in lines)
        every = [row.get("full_year_budget_amount") for row in place.rows["annual_budget"]]
        if not lines:
            return Decimal(0) if every and None not in every else None
        return stated

    def department_execution_by_function(self) -> list[Row]:
        """summary.department_execution_by_function."""
        result = []
        for place, department, lines in self._detail_departments():
            is_moved = any(not row.get("function_code") for row in lines["budget_adjustment"])
            for level in (1, 2, 3):
                parts: dict[Any, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
                for dataset, rows in lines.items():
                    for row in rows:
                        code = row.get("function_code")
                        parts[code and code[: 2 * level + 1]][dataset].append(row)
                for code, part in parts.items():
                    initial = sum((row["initial_budget_amount"] for row in part["annual_budget"]), Decimal(0))
                    full = self._stated(place, part["annual_budget"])
                    if "budget_adjustment" in place.delivered and not is_moved:
                        full = initial + sum((r["adjustment_amount"] for r in part["budget_adjustment"]), Decimal(0))
                    if "annual_budget" not in place.delivered:
                        full = None
                    result.append(
                        {
                            "district_code": place.district,
                            "fiscal_year": place.year,
                            **place.department_columns(department),
                            "function_level": level,
                            "function_class_code": code,
                            **self._class_name(place, "function", None, code),
                            "parent_function_class_code": code[: 2 * level - 1] if code and level > 1 else None,
                            **self._class_rates(
                                place, initial, full, sum((r["paid_amount"] for r in part["payment"]), Decimal(0))
                            ),
                        }
                    )
        return result

    def department_execution_by_economy(self) -> list[Row]:
        """summary.department_execution_by_economy."""
        result = []
        for place, department, lines in self._detail_departments():
            for classification in ("department", "government"):
                for level in (1, 2):
                    parts: dict[Any, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
                    for dataset in ("annual_budget", "payment"):
                        for row in lines[dataset]:
                            code = row.get(f"{classification}_economy_code")
                            parts[code and code[: 2 * level + 1]][dataset].append(row)
                    for code, part in parts.items():
                        result.append(
                            {
                                "district_code": place.district,
                                "fiscal_year": place.year,
                                **place.department_columns(department),
                                "economy_classification": classification,
                                "economy_level": level,
                                "economy_class_code": code,
                                **self._class_name(place, "economy", classification, code),
                                "parent_economy_class_code": code[:3] if code and level > 1 else None,
                                **self._class_rates(
                                    place,
                                    sum((row["initial_budget_amount"] for row in part["annual_budget"]), Decimal(0)),
                                    self._stated(place, part["annual_budget"]),
                                    sum((row["paid_amount"] for row in part["payment"]), Decimal(0)),
                                ),
                            }
                        )
        return result

    def project_execution_by_fund_type(self) -> list[Row]:
        """summary.project_execution_by_fund_type, without the fund types' names."""
        result = []
        for place in self.years.values():
            parts: dict[tuple[Any, ...], dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
            for dataset in ("annual_budget", "budget_adjustment", "payment"):
                for row in place.rows[dataset]:
                    key = place.department(row), place.project(row), row.get("fund_type_code")
                    parts[key][dataset].append(row)
            for (department, project, fund_type), part in parts.items():
                if place.figures("project")[department, project]["source_grain"] != "detail":
                    continue
                initial = sum((row["initial_budget_amount"] for row in part["annual_budget"]), Decimal(0))
                full = self._stated(place, part["annual_budget"])
                if "budget_adjustment" in place.delivered:
                    full = initial + sum((row["adjustment_amount"] for row in part["budget_adjustment"]), Decimal(0))
                if "annual_budget" not in place.delivered:
                    full = None
                executed = sum((row["paid_amount"] for row in part["payment"]), Decimal(0))
                result.append(
                    self._who(place, department, project)
                    | {"fund_type_code": fund_type}
                    | self._class_rates(place, initial, full, executed)
                )
        return result

    def _monthly(self, level: str) -> list[Row]:
        result = []
        for place in self.years.values():
            for department, project, month, standing in place.months(level):
                who = self._who(place, department, project)
                if level == "department":
                    for name in ("project_code", "project_name", "project_key", "project_kind", "expenditure_nature"):
                        del who[name]
                progress = place.progress(standing["as_of_date"], who.get("expenditure_nature"))
                full, executed = standing["full"], standing["executed"]
                result.append(
                    who
                    | {
                        "month": month,
                        "initial_budget_amount": standing["initial"],
                        "month_net_adjustment_amount": standing["month_net"],
                        "cumulative_net_adjustment_amount": standing["net"],
                        "full_year_budget_amount": full,
                        "month_executed_amount": standing["month_executed"],
                        "cumulative_executed_amount": executed,
                        "unspent_amount": minus(full, executed),
                        "execution_rate": rate(executed, full),
                        "execution_rate_pct": percent(executed, full),
                        "time_progress": progress[1],
                        "time_progress_pct": progress[2],
                        "time_progress_source": progress[3],
                        "gap_to_progress_points": minus(percent(executed, full), progress[2]),
                        "gap_to_progress_amount": minus(
                            executed, None if full is None else half_up(Fraction(full) * Fraction(progress[1]), 2)
                        ),
                        "execution_status": execution_status(executed, full),
                        "source_grain": standing["source_grain"],
                        "as_of_date": standing["as_of_date"],
                    }
                )
        return result

    def department_execution_monthly(self) -> list[Row]:
        """summary.department_execution_monthly."""
        return self._monthly("department")

    def project_execution_monthly(self) -> list[Row]:
        """summary.project_execution_monthly."""
        return self._monthly("project")

    def execution_ranking(self) -> list[Row]:
        """summary.execution_ranking."""
        groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
        for place in self.years.values():
            monthly = place.months("department")
            latest = max((month for _, _, month, _ in monthly), default=None)
            for level in ("department", "project"):
                for department, project, month, standing in place.months(level):
                    if level == "department" or month == latest:
                        who = self._who(place, department, project)
                        progress = place.progress(standing["as_of_date"], who["expenditure_nature"])
                        row = self._ranked(level, who, month, standing, progress[1:3])
                        groups[place.district, place.year, month, level].append(row)
                dated = {department for department, *_ in monthly}
                for (department, project), figure in place.figures(level).items():
                    if department not in dated:
                        row = self._ranked(level, self._who(place, department, project), None, figure, (None, None))
                        groups[place.district, place.year, None, level].append(row)
        for rows in groups.values():
            self._rank(rows)
        return [row for rows in groups.values() for row in rows]

    @staticmethod
    def _ranked(level: str, who: Row, month: Any, standing: Row, time_progress: tuple[Any, Any]) -> Row:
        progress, progress_pct = time_progress
        full, executed = standing["full"], standing["executed"]
        del who["project_kind"], who["expenditure_nature"]
        own = rate(executed, full)
        return who | {
            "month": month,
            "figure_level": level,
            "full_year_budget_amount": full,
            "executed_amount": executed,
            "unspent_amount": minus(full, executed),
            "execution_rate": own,
            "execution_rate_pct": percent(executed, full),
            "time_progress": progress,
            "time_progress_pct": progress_pct,
            "gap_to_progress_points": minus(percent(executed, full), progress_pct),
            "is_below_time_progress": None if own is None or progress is None else own < progress,
            "execution_status": execution_status(executed, full),
            "source_grain": standing["source_grain"],
            "as_of_date": standing["as_of_date"],
        }

    @staticmethod
    def _rank(rows: list[Row]) -> None:
        compared = [row for row in rows if row["unspent_amount"] is not None]
        full = sum((row["full_year_budget_amount"] for row in compared), Decimal(0)) if compared else None
        executed = sum((row["executed_amount"] for row in compared), Decimal(0)) if compared else None
        rates = [row["execution_rate"] for row in rows if row["execution_rate"] is not None]
        average = rate(executed, full)
        for row in rows:
            own, known = row["execution_rate"], row["unspent_amount"] is not None
            row |= {
                "execution_rank": None if own is None else 1 + sum(other > own for other in rates),
                "ranked_count": len(rates),
                "left_out_count": len(rows) - len(rates),
                "sharing_rank_count": None if own is None else rates.count(own),
                "group_execution_rate": average,
                "group_execution_rate_pct": percent(executed, full),
                "gap_to_average_points": minus(row["execution_rate_pct"], percent(executed, full)),
                "is_below_average": None if own is None or average is None else own < average,
                "share_of_budget_pct": percent(row["full_year_budget_amount"], full) if known else None,
                "share_of_unspent_pct": percent(row["unspent_amount"], minus(full, executed)) if known else None,
            }

    def execution_warning(self) -> list[Row]:
        """summary.execution_warning, without the sentences of evidence."""
        result = []
        for place in self.years.values():
            thresholds = place.reference("warning_thresholds")
            for level in ("department", "project"):
                for (department, project), figure in place.figures(level).items():
                    who = self._who(place, department, project)
                    nature = who["expenditure_nature"] if level == "project" else None
                    month, _, progress_pct, _ = place.progress(figure["as_of_date"], nature)
                    measures = self._measures(place, level, (department, project), progress_pct)
                    about = {
                        **{n: value for n, value in who.items() if n not in ("project_kind", "expenditure_nature")},
                        "figure_level": level,
                        "month": month,
                        "source_grain": figure["source_grain"],
                        "as_of_date": figure["as_of_date"],
                    }
                    result += self._warnings(measures, thresholds, about)
        return result

    @staticmethod
    def _warnings(measures: dict[str, Any], thresholds: list[Row], about: Row) -> list[Row]:
        found: dict[str, Row] = {}
        for entry in sorted(
            thresholds, key=lambda t: (-LEVELS[t["warning_level"]], t["from_month"] or 99, t["warning_threshold"])
        ):
            rule, limit = entry["warning_rule"], entry["warning_threshold"]
            value, amount = measures.get(rule, (None, None))
            if value is None or rule in found:
                continue
            if entry["from_month"] is not None and (about["month"] or 0) < entry["from_month"]:
                continue
            passes = {"above": value > limit, "at_least": value >= limit, "below": value < limit}
            if passes[entry["warning_comparison"]]:
                found[rule] = about | {
                    "warning_rule": rule,
                    "warning_level": entry["warning_level"],
                    "measured_value": Decimal(value),
                    "warning_comparison": entry["warning_comparison"],
                    "warning_threshold": limit,
                    "warning_amount": amount,
                    "version": entry["version"],
                }
        return list(found.values())

    def _measures(
        self, place: DistrictYear, level: str, key: tuple[str, Any], progress_pct: Any
    ) -> dict[str, tuple[Any, Any]]:
        department, project = key
        figure = place.figures(level)[key]
        full, executed, net = figure["full"], figure["executed"], figure["net"]
        own = rate(executed, full)
        unspent = minus(full, executed)
        measures: dict[str, tuple[Any, Any]] = {}
        if own is not None:
            measures["low-execution-in-year"] = (own, unspent)
            measures["over-executed"] = (own, -unspent)
            behind = minus(progress_pct, percent(executed, full))
            if behind is not None:
                measures["behind-time-progress"] = (behind / 100, unspent)
            if full > 0 and executed <= 0:
                measures["no-spending"] = (1 - own, unspent)
                listed = place._project_list.get(project or "")
                if level == "project" and listed and not listed.get("contract_date"):
                    start = listed.get("planned_start_date")
                    if start is None or (figure["as_of_date"] and start <= figure["as_of_date"]):
                        measures["may-not-proceed"] = (1 - own, unspent)
        if figure["november_december"] is not None and full:
            measures["year-end-rush"] = (rate(figure["november_december"], full), figure["november_december"])
        if full == 0 and executed is not None:
            measures["spend-without-budget"] = (executed, executed)
        if figure["initial"] and net is not None:
            measures["adjustment-rate"] = (abs(rate(net, figure["initial"])), net)
        if level == "project":
            measures["adjustment-count"] = (figure["count"], net)
            words = [t["keyword"] for t in place.reference("warning_thresholds") if t["keyword"]]
            prepaid = [
                row["paid_amount"]
                for row in place.rows["payment"]
                if row["payment_date"].month == 12
                and any(word in (row.get("payment_purpose") or "") for word in words)
                and (place.department(row), place.project(row)) == (department, project)
            ]
            if prepaid:
                measures["prepaid-in-december"] = (sum(prepaid), sum(prepaid))
        three = [own]
        for back in (1, 2):
            earlier = self.years.get((place.district, place.year - back))
            before = self._same_in(place, earlier, level, key) if earlier else None
            three.append(rate(before["executed"], before["full"]) if before else None)
        if all(value is not None for value in three):
            measures["low-execution-three-years"] = (max(value for value in three if value is not None), unspent)
        return measures

    def warning_overview(self) -> list[Row]:
        """summary.warning_overview, without the sentences of evidence and the rules as one text."""
        statements = {
            "spend-without-budget": "overspending",
            "over-executed": "overspending",
            "year-end-rush": "year_end",
            "prepaid-in-december": "year_end",
            "adjustment-rate": "adjustment",
            "adjustment-count": "adjustment",
        }
        says_most = ("may-not-proceed", "low-execution-three-years", "no-spending", "low-execution-in-year")
        subjects: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
        names = ("district_code", "fiscal_year", "figure_level", "department_key", "project_key")
        for row in self.execution_warning():
            subjects[tuple(row[name] for name in names)].append(row)
        result = []
        for key, rows in subjects.items():
            place = self.years[key[0], key[1]]
            known = [figure["full"] for figure in place.figures("department").values() if figure["full"] is not None]
            district = max(sum(known, Decimal(0)), Decimal(0))
            levels: list[tuple[int, Decimal]] = []
            for statement in ("spending", "overspending", "year_end", "adjustment"):
                own = [row for row in rows if statements.get(row["warning_rule"], "spending") == statement]
                if not own:
                    continue
                order = ["spend-without-budget", *says_most]
                told = min(
                    own,
                    key=lambda row: (
                        order.index(row["warning_rule"]) if row["warning_rule"] in order else 9,
                        row["warning_rule"],
                    ),
                )
                if told["warning_amount"] is None:
                    continue
                amount, gravest = abs(told["warning_amount"]), max(LEVELS[row["warning_level"]] for row in own)
                reached = [
                    LEVELS[entry["warning_level"]]
                    for entry in place.reference("warning_materiality")
                    if (entry["warning_statement"], entry["warning_subject"]) == (statement, key[2])
                    and LEVELS[entry["warning_level"]] <= gravest
                    and amount
                    >= max(
                        entry["minimum_amount"],
                        half_up(Fraction(district) * Fraction(entry["minimum_district_share"]), 2),
                    )
                ]
                if reached:
                    levels.append((max(reached), amount))
            if levels:
                worst = max(level for level, _ in levels)
                result.append(
                    {name: rows[0][name] for name in (*names, "department_code", "department_name")}
                    | {name: rows[0][name] for name in ("project_code", "project_name", "as_of_date")}
                    | {
                        "warning_level": next(name for name, level in LEVELS.items() if level == worst),
                        "warning_amount": max(amount for _, amount in levels),
                        "warning_statement_count": len(levels),
                        "warning_rules": "; ".join(sorted(row["warning_rule"] for row in rows)),
                    }
                )
        return result

    def _same_in(self, place: DistrictYear, earlier: DistrictYear, level: str, key: tuple[str, Any]) -> Row | None:
        """The figure of the same department or project in another year, None for a code of another project."""
        match = next(match for match, own in self._matched(place, level).items() if own == key)
        then = self._matched(earlier, level).get(match)
        if then is None:
            return None
        names = [p.project_columns(*k)["project_name"] for p, k in ((place, key), (earlier, then))]
        if None not in names and looks(names[0]) != looks(names[1]):
            return None
        return earlier.figures(level)[then]

    def adjustment_review(self) -> list[Row]:
        """summary.adjustment_review."""
        warned: dict[tuple[Any, ...], int] = defaultdict(int)
        names = ("district_code", "fiscal_year", "department_code", "department_name", "project_code", "project_name")
        for row in self.execution_warning():
            if row["figure_level"] == "project" and row["warning_rule"].startswith("adjustment-"):
                key = tuple(row[name] for name in names)
                warned[key] = max(warned[key], LEVELS[row["warning_level"]])
        result = []
        for place in self.years.values():
            figures = place.figures("project")
            lines: list[tuple[str, Any, Row]] = [
                (place.department(row), place.project(row), row) for row in place.rows["budget_adjustment"]
            ]
            for (department, project), figure in figures.items():
                is_net_only = figure["source_grain"] == "statement" or "budget_adjustment" not in place.delivered
                if is_net_only and figure["net"]:
                    lines.append((department, project, {"adjustment_amount": figure["net"], "net_only": True}))
            for department, project, row in lines:
                figure = figures[department, project]
                who = self._who(place, department, project, short=True)
                rates = self._rates(figure)
                level = warned.get(tuple(who[name] for name in names))
                result.append(
                    who
                    | {
                        name: row.get(name)
                        for name in (
                            "fund_type_code",
                            "adjustment_number",
                            "batch_number",
                            "adjustment_date",
                            "adjustment_kind",
                            "adjustment_amount",
                            "document_number",
                            "adjustment_reason",
                            "source_file_id",
                            "source_sheet",
                            "source_line",
                        )
                    }
                    | {
                        "is_exempt": None if row.get("net_only") else place.is_exempt(row),
                        "is_reason_missing": None
                        if row.get("net_only")
                        else not (row.get("adjustment_reason") or "").strip(),
                        "initial_budget_amount": figure["initial"],
                        "project_adjustment_count": figure["count"],
                        "project_increase_amount": figure["increase"],
                        "project_decrease_amount": figure["decrease"],
                        "project_net_adjustment_amount": figure["net"],
                        "project_gross_adjustment_amount": figure["gross"],
                        "warning_level": next((n for n, order in LEVELS.items() if order == level), None),
                    }
                    | {
                        name: rates[name]
                        for name in (
                            "net_adjustment_rate",
                            "net_adjustment_rate_pct",
                            "gross_adjustment_rate",
                            "gross_adjustment_rate_pct",
                            "adjustment_status",
                            "source_grain",
                        )
                    }
                )
        return result

    def _carryover(self, place: DistrictYear, level: str) -> dict[tuple[str, Any], Row]:
        carried = place.carried(level)
        after = self.years.get((place.district, place.year + 1))
        next_carried = after.carried(level) if after and "carryover" in after.delivered else None
        nothing = dict.fromkeys(("approved", "carried_over", "taken_back"), Decimal(0))
        unknown = dict.fromkeys(nothing)
        none = dict.fromkeys(
            ("initial", "full", "executed", "last_quarter", "november_december", "source_grain", "as_of_date")
        )
        rows = {}
        for key in {**place.figures(level), **carried}:
            figure = place.figures(level).get(key, none)
            own = carried.get(key, nothing) if "carryover" in place.delivered else unknown
            taken_over = None
            if next_carried is not None:
                taken_over = next_carried.get(key, nothing)["carried_over"]
            unspent = minus(figure["full"], figure["executed"])
            rows[key] = {
                "approved_amount": own["approved"],
                "carried_over_amount": own["carried_over"],
                "taken_back_amount": own["taken_back"],
                "initial_budget_amount": figure["initial"],
                "full_year_budget_amount": figure["full"],
                "executed_amount": figure["executed"],
                "unspent_amount": unspent,
                "carryover_rate": rate(unspent, figure["full"]),
                "carryover_rate_pct": percent(unspent, figure["full"]),
                "carryover_increase_amount": minus(unspent, own["carried_over"]),
                "next_year_carried_over_amount": taken_over,
                "carryover_chain_difference": minus(taken_over, unspent),
                "last_quarter_amount": figure["last_quarter"],
                "last_quarter_share": rate(figure["last_quarter"], figure["executed"]),
                "last_quarter_share_pct": percent(figure["last_quarter"], figure["executed"]),
                "november_december_amount": figure["november_december"],
                "november_december_share": rate(figure["november_december"], figure["executed"]),
                "november_december_share_pct": percent(figure["november_december"], figure["executed"]),
                "source_grain": figure["source_grain"],
                "as_of_date": figure["as_of_date"],
            }
        return rows

    def carryover(self) -> list[Row]:
        """summary.carryover."""
        return [
            self._who(place, department, project, short=True) | {"figure_level": level} | row
            for place in self.years.values()
            for level in ("department", "project")
            for (department, project), row in self._carryover(place, level).items()
        ]

    @staticmethod
    def _matched(place: DistrictYear, level: str) -> dict[tuple[str, str], tuple[str, Any]]:
        """The keys of a level by what they go by in other years."""
        found: dict[tuple[str, str], list[tuple[str, Any]]] = defaultdict(list)
        for department, project in place.figures(level):
            match = [str(looks(key[1:])) if key.startswith("~") else key for key in (department, project or "")]
            found[match[0], match[1]].append((department, project))
        matched = {}
        for match, keys in found.items():
            for key in keys:
                names = (key[0].removeprefix("~"), (key[1] or "").removeprefix("~"))
                matched[match if len(keys) == 1 else names] = key
        return matched

    def year_over_year(self) -> list[Row]:
        """summary.year_over_year."""
        result = []
        for place in self.years.values():
            before = self.years.get((place.district, place.year - 1))
            for level in ("department", "project"):
                now = self._matched(place, level)
                then = self._matched(before, level) if before else {}
                for match in {**now, **then}:
                    result.append(self._compared(place, before, level, now.get(match), then.get(match)))
        return result

    def _compared(self, place: DistrictYear, before: DistrictYear | None, level: str, now: Any, then: Any) -> Row:
        none = dict.fromkeys(("initial", "net", "full", "executed", "source_grain", "as_of_date"))
        this = place.figures(level)[now] if now else none
        last = before.figures(level)[then] if before and then else none
        mine = self._who(place, *now, short=True) if now else None
        theirs = self._who(before, *then, short=True) if before and then else None
        who = mine or theirs or {}
        names = ("department_code", "department_name", "project_code", "project_name")
        row = {name: (mine or {}).get(name) or (theirs or {}).get(name) for name in names}
        row["department_key"] = row["department_code"] or row["department_name"] or ""
        row["project_key"] = row["project_code"] or row["project_name"] or ""
        status = "ended" if not mine else "continued" if theirs else "new" if before else "unknown"
        names = [who["project_name"] for who in (mine, theirs) if who and who["project_name"]]
        if len(set(map(looks, names))) == 2:
            status = "another_project"
        day = place.same_period_date(this) if now else self._district_day(place)
        full, executed = before.standing_on(level, then, day) if before and then else (None, None)
        whole = last if before and then and before.is_finished(last) else none
        is_base = status != "another_project"
        row |= {
            "district_code": who["district_code"],
            "fiscal_year": place.year,
            "figure_level": level,
            "last_year_project_name": theirs["project_name"] if theirs else None,
            "comparison_status": status,
            "is_year_finished": place.is_finished(this) if now else None,
            "same_period_date": day,
            "initial_budget_amount": this["initial"],
            "full_year_budget_amount": this["full"],
            "executed_amount": this["executed"],
            "last_year_initial_budget_amount": last["initial"],
            "last_year_full_year_budget_amount": whole["full"],
            "last_year_executed_amount": whole["executed"],
            "same_period_full_year_budget_amount": full,
            "same_period_executed_amount": executed,
            "execution_rate_pct": percent(this["executed"], this["full"]),
            "same_period_execution_rate_pct": percent(executed, full),
            "last_year_execution_rate_pct": percent(whole["executed"], whole["full"]),
            "execution_rate_change_points": minus(
                percent(this["executed"], this["full"]), percent(executed, full) if is_base else None
            ),
            "net_adjustment_rate_pct": percent(this["net"], this["initial"]),
            "last_year_net_adjustment_rate_pct": percent(last["net"], last["initial"]),
            "source_grain": this["source_grain"] or last["source_grain"],
            "as_of_date": this["as_of_date"],
            "last_year_as_of_date": last["as_of_date"],
        }
        bases = {"initial_budget": last["initial"], "full_year_budget": full, "executed": executed}
        for name, base in bases.items():
            change = minus(row[f"{name}_amount"], base if is_base else None)
            row |= {f"{name}_change_amount": change, f"{name}_change_pct": percent(change, base)}
        return row

    @staticmethod
    def _district_day(place: DistrictYear) -> date | None:
        """The day of the year before for what this year no longer has: that of the district's detail."""
        detail = {"source_grain": "detail", "as_of_date": place.latest_event}
        return place.same_period_date(detail)

    def year_over_year_monthly(self) -> list[Row]:
        """summary.year_over_year_monthly."""
        result = []
        for place in self.years.values():
            before = self.years.get((place.district, place.year - 1))
            by_match = {key: match for match, key in self._matched(place, "department").items()}
            then = self._matched(before, "department") if before else {}
            for department, _, month, standing in place.months("department"):
                figure = place.figures("department")[department, None]
                is_detail = standing["source_grain"] == "detail"
                is_begun = self._is_begun(place, figure, standing)
                last = then.get(by_match[department, None])
                full = executed = in_month = None
                if before and last:
                    full, executed, in_month = self._month_before(before, last, month, standing, is_begun)
                own = percent(standing["executed"], standing["full"])
                row = {
                    "district_code": place.district,
                    "fiscal_year": place.year,
                    **place.department_columns(department),
                    "month": month,
                    "is_month_begun": is_begun,
                    "full_year_budget_amount": standing["full"],
                    "same_period_full_year_budget_amount": full,
                    "execution_rate_pct": own,
                    "same_period_execution_rate_pct": percent(executed, full),
                    "execution_rate_change_points": minus(own, percent(executed, full)),
                    "source_grain": "detail" if is_detail else "statement",
                    "as_of_date": standing["as_of_date"],
                }
                amounts = {
                    "month_executed": (standing["month_executed"], in_month),
                    "cumulative_executed": (standing["executed"], executed),
                }
                for name, (value, base) in amounts.items():
                    row |= {
                        f"{name}_amount": value,
                        f"same_period_{name}_amount": base,
                        f"{name}_change_amount": minus(value, base),
                        f"{name}_change_pct": percent(minus(value, base), base),
                    }
                result.append(row)
        return result

    @staticmethod
    def _is_begun(place: DistrictYear, figure: Row, standing: Row) -> bool:
        day = standing["as_of_date"]
        return bool(
            standing["source_grain"] == "detail"
            and not place.is_finished(figure)
            and day == figure["as_of_date"]
            and day.day < calendar.monthrange(day.year, day.month)[1]
        )

    def _month_before(
        self, before: DistrictYear, last: Any, month: int, standing: Row, is_begun: bool
    ) -> tuple[Any, Any, Any]:
        months = {m: s for d, _, m, s in before.months("department") if d == last[0]}
        figure = before.figures("department")[last]

        def stands(year: int, at: Row, number: int, begun: bool) -> date:
            if at["source_grain"] == "detail" and not begun:
                return date(year, number, calendar.monthrange(year, number)[1])
            return min(at["as_of_date"], date(year, 12, 31))

        if is_begun:
            full, executed = before.standing_on("department", last, same_day_last_year(standing["as_of_date"]))
            if month == 1:
                return full, executed, executed
            earlier = months.get(month - 1)
            if not earlier:
                return full, executed, None
            at = stands(before.year, earlier, month - 1, self._is_begun(before, figure, earlier))
            is_end = at.day == calendar.monthrange(at.year, at.month)[1]
            return full, executed, minus(executed, earlier["executed"]) if is_end else None
        then = months.get(month)
        if not then:
            return None, None, None
        mine = stands(before.year + 1, standing, month, False)
        if same_day_last_year(mine) != stands(before.year, then, month, self._is_begun(before, figure, then)):
            return None, None, None
        return then["full"], then["executed"], then["month_executed"]

    def control_number_proposal(self) -> list[Row]:
        """summary.control_number_proposal."""
        result = []
        for place in self.years.values():
            (parameter,) = place.reference("control_number_parameters")
            carried_by_project = self._carryover(place, "project")
            carried_by_department = self._carryover(place, "department")
            for (department, _), figure in place.figures("department").items():
                carry = carried_by_department[department, None]
                one_off, undetermined, spent, unknown, known_spent = self._taken_out(
                    place, department, carried_by_project, carry, figure
                )
                is_detail, is_finished = figure["source_grain"] == "detail", place.is_finished(figure)
                proposed = None
                if is_finished and not is_detail and figure["executed"] is not None:
                    proposed = max(figure["executed"] - (one_off or Decimal(0)) - known_spent, Decimal(0))
                elif is_finished and undetermined == 0 and None not in (figure["executed"], one_off, spent):
                    proposed = max(figure["executed"] - one_off - spent, Decimal(0))
                increase = carry["carryover_increase_amount"]
                share = parameter["carryover_increase_cut_share"]
                alternative = None
                if is_finished and figure["initial"] is not None and increase is not None:
                    cut = half_up(Fraction(max(increase, Decimal(0))) * Fraction(share), 2)
                    alternative = max(figure["initial"] - cut, Decimal(0))
                status = "ok"
                if figure["executed"] is None:
                    status = "unknown"
                elif not is_finished:
                    status = "year_not_finished"
                elif not is_detail:
                    status = "ok" if unknown == 0 and spent is not None else "partly_known"
                elif undetermined:
                    status = "one_off_unknown"
                elif spent is None:
                    status = "carryover_unknown"
                result.append(
                    {
                        "district_code": place.district,
                        "fiscal_year": place.year,
                        "proposal_year": place.year + 1,
                        **place.department_columns(department),
                        "executed_amount": figure["executed"],
                        "one_off_executed_amount": one_off,
                        "undetermined_project_count": undetermined,
                        "undetermined_executed_amount": unknown,
                        "spent_carryover_amount": spent,
                        "proposed_amount": proposed,
                        "last_control_amount": figure["initial"],
                        "proposed_change_amount": minus(proposed, figure["initial"]),
                        "proposed_change_pct": percent(minus(proposed, figure["initial"]), figure["initial"]),
                        "carryover_increase_amount": increase,
                        "carryover_increase_cut_share": share,
                        "alternative_proposed_amount": alternative,
                        "alternative_change_amount": minus(alternative, figure["initial"]),
                        "proposal_status": status,
                        "version": parameter["version"],
                        "source_grain": figure["source_grain"],
                        "as_of_date": figure["as_of_date"],
                    }
                )
        return result

    @staticmethod
    def _taken_out(
        place: DistrictYear, department: str, carried: dict[tuple[str, Any], Row], carry: Row, of: Row
    ) -> tuple[Any, Any, Any, Any, Decimal]:
        """One-off executed, undetermined projects, spent carry-over, undetermined executed, carry-over known spent."""
        projects = {
            project: figure
            for (owner, project), figure in place.figures("project").items()
            if owner == department and figure["source_grain"] == of["source_grain"]
        }
        one_off, undetermined, spent, assigned = Decimal(0), 0, Decimal(0), Decimal(0)
        determined_executed, unknown, flagged, is_known = Decimal(0), Decimal(0), 0, True
        is_one_off_known = True
        for project, figure in projects.items():
            flag = place._project_list.get(project or "", {}).get("is_one_off")
            executed, own = figure["executed"], carried[department, project]
            left = minus(own["carried_over_amount"], own["taken_back_amount"])
            if left is None or executed is None:
                is_known = False
            elif flag is False:
                spent += min(max(left, Decimal(0)), max(executed, Decimal(0)))
            assigned += own["carried_over_amount"] or Decimal(0)
            flagged += flag is not None
            if flag is not None:
                determined_executed += executed or Decimal(0)
            else:
                unknown += executed or Decimal(0)
            if flag:
                one_off += executed or Decimal(0)
                is_one_off_known = is_one_off_known and executed is not None
            elif flag is None and executed:
                undetermined += 1
        is_assigned = carry["carried_over_amount"] is not None and assigned == carry["carried_over_amount"]
        told = spent if is_known and is_assigned else None
        if of["source_grain"] == "detail":
            is_one_off_known = is_one_off_known and of["executed"] is not None
            return one_off if is_one_off_known else None, undetermined, told, unknown, spent
        if carry["carried_over_amount"] == 0:
            told = Decimal(0)
        elif not projects:
            told = None
        unknown = minus(of["executed"], determined_executed)
        return one_off if flagged and is_one_off_known else None, None, told, unknown, spent

    def self_evaluation(self) -> list[Row]:
        """summary.self_evaluation."""
        result = []
        for place in self.years.values():
            rubric = {row["rubric_item"]: row["rubric_value"] for row in place.reference("self_evaluation_rubric")}
            version = place.reference("self_evaluation_rubric")[0]["version"]
            grades: dict[str, list[Any]] = defaultdict(list)
            rows = []
            for level in ("department", "project"):
                for (department, project), figure in place.figures(level).items():
                    points, grade = self._score(figure, rubric)
                    if level == "project":
                        grades[department].append(grade)
                    row = self._who(place, department, project, short=True) | {
                        "figure_level": level,
                        "initial_budget_amount": figure["initial"],
                        "full_year_budget_amount": figure["full"],
                        "executed_amount": figure["executed"],
                        "execution_rate": rate(figure["executed"], figure["full"]),
                        "execution_rate_pct": percent(figure["executed"], figure["full"]),
                        "maximum_points": rubric["execution-points"],
                        "execution_points": points,
                        "execution_grade": grade,
                        **self._published(place, department, project, rubric),
                        "execution_status": execution_status(figure["executed"], figure["full"]),
                        "version": version,
                        "source_grain": figure["source_grain"],
                        "as_of_date": figure["as_of_date"],
                    }
                    rows.append((department, row))
            for department, row in rows:
                for name in ("excellent", "good", "fair", "poor", "ungraded"):
                    value = None if name == "ungraded" else name
                    has_count = row["figure_level"] == "department" and department in grades
                    row[f"{name}_project_count"] = grades[department].count(value) if has_count else None
                result.append(row)
        return result

    @staticmethod
    def _published(place: DistrictYear, department: str, project: str | None, rubric: dict[str, Decimal]) -> Row:
        named = {**place.department_columns(department), **place.project_columns(department, project)}
        scores = set()
        for row in place.rows["published_figure"]:
            fits = row["published_figure_kind"] == "self_evaluation_score" and not row.get("function_code")
            for what in ("department", "project"):
                code, name = row.get(f"{what}_code"), row.get(f"{what}_name")
                if code:
                    fits = fits and code == named[f"{what}_code"]
                elif name:
                    fits = fits and name == named[f"{what}_name"]
                else:
                    fits = fits and what == "project" and project is None
            if fits:
                scores.add(row["published_score"])
        score = scores.pop() if len(scores) == 1 else None
        grades = [g for g in ("excellent", "good", "fair") if score and Decimal(score) >= rubric[f"{g}-from"]]
        return {"published_score": score, "published_grade": (grades or ["poor"])[0] if score else None}

    @staticmethod
    def _score(figure: Row, rubric: dict[str, Decimal]) -> tuple[Any, Any]:
        full, executed = figure["full"], figure["executed"]
        if full is None or executed is None or full <= 0:
            return None, None
        exact = Fraction(executed) / Fraction(full)
        points = half_up(min(max(exact, Fraction(0)), Fraction(1)) * Fraction(rubric["execution-points"]), 2)
        for grade in ("excellent", "good", "fair"):
            if exact * 100 >= rubric[f"{grade}-from"]:
                return points, grade
        return points, "poor"
