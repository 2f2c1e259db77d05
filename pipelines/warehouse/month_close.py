"""Closes a month with the first publication after its end, and tells when its figures are restated later.

Closing freezes, for each district-year, what was paid and adjusted up to the month's end; the publication that did it
is named, so that everything it said can be looked up in schema ``history``.
Does not belong here: closing a fiscal year (warehouse.accept), the monthly tables (``sql/summary``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING

from pipelines.quality.findings import Finding, cell_rule_finding
from pipelines.settings import Settings

if TYPE_CHECKING:
    import duckdb

_UNTIL_MONTH_END = """
    with delivered as (
        select district_code, fiscal_year, bool_or(dataset = 'payment') as payments,
            bool_or(dataset = 'budget_adjustment') as adjustments
        from quality.delivered_dataset group by district_code, fiscal_year
    ),
    paid as (
        select district_code, fiscal_year, sum(paid_amount) as amount from core.payment
        where payment_date <= $month_end group by district_code, fiscal_year
    ),
    adjusted as (
        select district_code, fiscal_year, sum(adjustment_amount) as amount from core.budget_adjustment
        where adjustment_date <= $month_end group by district_code, fiscal_year
    ),
    figure as (
        select district_code, fiscal_year,
            case when payments then coalesce(paid.amount, 0) end as paid_until_month_end,
            case when adjustments then coalesce(adjusted.amount, 0) end as adjusted_until_month_end
        from delivered
        left join paid using (district_code, fiscal_year)
        left join adjusted using (district_code, fiscal_year)
    )
"""


def month_to_close(fiscal_years: Iterable[int], today: date, settings: Settings) -> date | None:
    """The last day of the month before ``today``, or None where none of the fiscal years is still open for it."""
    end = today.replace(day=1) - timedelta(days=1)
    is_open = any(
        year in (end.year - 1, end.year) and not settings.closing.is_closed(year, end) for year in set(fiscal_years)
    )
    return end if is_open else None


def close_month(connection: duckdb.DuckDBPyConnection, build_number: int, month_end: date) -> None:
    """Adds the month's row of every district-year that it concerns and that has none yet to ``history.month_close``."""
    connection.execute(
        f"""insert into history.month_close by name {_UNTIL_MONTH_END}
        select figure.*, $month_end as month_end, $build_number as build_number from figure
        anti join history.month_close as closed on closed.month_end = $month_end
            and closed.district_code = figure.district_code and closed.fiscal_year = figure.fiscal_year
        where figure.fiscal_year between year($month_end) - 1 and year($month_end)""",
        {"month_end": month_end, "build_number": build_number},
    )


def restatement_findings(connection: duckdb.DuckDBPyConnection, month_end: date) -> Iterator[Finding]:
    """A warning for every district-year whose figures up to ``month_end`` are not those with which it was closed."""
    rows = connection.execute(
        f"""{_UNTIL_MONTH_END}
        select closed.district_code, closed.fiscal_year, closed.paid_until_month_end, figure.paid_until_month_end,
            closed.adjusted_until_month_end, figure.adjusted_until_month_end
        from history.month_close as closed
        left join figure on figure.district_code = closed.district_code and figure.fiscal_year = closed.fiscal_year
        where closed.month_end = $month_end order by closed.district_code, closed.fiscal_year""",
        {"month_end": month_end},
    ).fetchall()
    for district_code, fiscal_year, paid_then, paid_now, adjusted_then, adjusted_now in rows:
        for dataset, then, now in (
            ("payment", paid_then, paid_now),
            ("budget_adjustment", adjusted_then, adjusted_now),
        ):
            if then != now:
                yield cell_rule_finding(
                    "closed-month-changed",
                    district_code=district_code,
                    fiscal_year=fiscal_year,
                    found=_shown(now),
                    expected=_shown(then),
                    finding_key=f"{dataset} {month_end:%Y-%m}",
                    source_value=now,
                    target_value=then,
                    difference=None if now is None or then is None else now - then,
                )


def _shown(amount: object) -> str:
    return "—" if amount is None else f"{amount:,.2f}"
