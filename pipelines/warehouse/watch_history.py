"""Since when a project has been on the watch, and what changed since the publication before.

A publication compares its watch (``summary.project_watch``) with what the one before said, which
``history.watch_listing`` keeps as spans.
Does not belong here: who is on the watch (``sql/summary``), taking the history over (warehouse.history).
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

_SAME_PROJECT = """
    watch.district_code = before.district_code and watch.fiscal_year = before.fiscal_year
    and watch.department_key = before.department_key and watch.project_key = before.project_key
"""
_SAME_ENTRY = f"""{_SAME_PROJECT}
    and watch.watch_reasons = before.watch_reasons
    and watch.proposed_adjustment_amount is not distinct from before.proposed_adjustment_amount
"""


def tell_watch_changes(connection: duckdb.DuckDBPyConnection, build_number: int, today: date) -> None:
    """Completes ``summary.project_watch`` by what the publication before said, and keeps what this one says.

    ``history.watch_listing`` holds what publications before ``build_number`` said. Where none said anything, nothing is
    told to have changed.
    """
    ((knows_before,),) = connection.execute("select count(*) > 0 from history.watch_listing").fetchall()
    connection.execute(
        f"""update summary.project_watch as watch set
            listed_since = before.listed_since,
            watch_change = case
                when watch.watch_reasons <> before.watch_reasons then 'reasons'
                when watch.proposed_adjustment_amount is distinct from before.proposed_adjustment_amount then 'amounts'
                else 'unchanged'
            end,
            proposed_adjustment_change_amount =
                watch.proposed_adjustment_amount - before.proposed_adjustment_amount
        from history.watch_listing as before
        where before.last_build_number is null and {_SAME_PROJECT}"""
    )
    connection.execute(
        "update summary.project_watch set listed_since = $today, watch_change = $change where listed_since is null",
        {"today": today, "change": "new" if knows_before else None},
    )
    connection.execute(
        f"""update history.watch_listing as before set last_build_number = $number - 1
        where last_build_number is null
            and not exists (select 1 from summary.project_watch as watch where {_SAME_ENTRY})""",
        {"number": build_number},
    )
    connection.execute(
        f"""insert into history.watch_listing by name
        select district_code, fiscal_year, department_key, project_key, listed_since, $number as first_build_number,
            watch_reasons, proposed_adjustment_amount
        from summary.project_watch as watch
        anti join history.watch_listing as before on before.last_build_number is null and {_SAME_ENTRY}""",
        {"number": build_number},
    )
