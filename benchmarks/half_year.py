"""What officers are shown on 30 June of a synthetic district whose year-end is known: the watch and the warnings.

    python -m benchmarks.half_year                  the district of 5,000 projects, three years
    python -m benchmarks.half_year --scale 0.1      a tenth of it

The district's files end with June of its last year: later payments and adjustments and the statement are not delivered.
What the generator drew for the whole year is the truth: a project cannot proceed if it had a budget on that day, should
have begun, and has spent nothing by the year's end. Prints JSON: of those, how many the watch lists; how many others
it lists; the error of the projected executed amounts of what is listed (of the budgets of that day, and how many lie
within their bounds); the shares of projects with a warning and with a red one; the backtest of the year before.
Does not belong here: speed.
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from pipelines.demo import write_demo
from pipelines.nightly import run_night
from pipelines.settings import Settings
from pipelines.warehouse.connect import open_published

DISTRICT, YEAR, LAST_MONTH = "990101", 2024, 6
_LAST_DAY = f"{YEAR}-06-30"


def deliver(raw: Path, scale: float, seed: int) -> dict[str, Decimal]:
    """Writes the district up to the last day; the true executed amount of each project at the year's end (yuan)."""
    made = write_demo(raw, district_code=DISTRICT, fiscal_year=YEAR, years=3, scale=scale, seed=seed)
    for file in made.files:
        if file.fiscal_year != YEAR:
            continue
        if file.dataset == "execution_statement" or (file.month or 0) > LAST_MONTH:
            file.path.unlink()
        elif file.dataset == "budget_adjustment":
            _cut(file.path)
    return {
        row["project_code"]: row["executed_amount"]
        for row in made.projects.to_pylist()
        if row["fiscal_year"] == YEAR and row["project_code"]
    }


def _cut(path: Path) -> None:
    """Leaves the adjustments up to the last day."""
    content = path.read_bytes()
    encoding = "utf-8-sig" if content.startswith(b"\xef\xbb\xbf") else "utf-8"
    try:
        lines = content.decode(encoding).splitlines(keepends=True)
    except UnicodeDecodeError:
        encoding = "gb18030"
        lines = content.decode(encoding).splitlines(keepends=True)
    kept = [line for line in lines if (day := _day(line)) is None or day <= _LAST_DAY]
    if len(kept) == len(lines):
        raise RuntimeError(f"{path}: no adjustment after {_LAST_DAY} was found")
    path.write_bytes("".join(kept).encode(encoding))


def _day(line: str) -> str | None:
    """The first date of a line, as ISO."""
    for cell in next(csv.reader([line]), []):
        digits = cell.replace("-", "").replace("/", "").strip()
        if len(digits) == 8 and digits.startswith(str(YEAR)) and digits.isdigit():
            return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"
    return None


def measured(database: Path, truth: Mapping[str, Decimal]) -> dict[str, Any]:
    """What the publication shows, beside the truth."""
    where = f"district_code = '{DISTRICT}' and fiscal_year = {YEAR}"
    with open_published(database) as published:

        def rows(query: str) -> list[tuple[Any, ...]]:
            return published.execute(query).fetchall()

        watched = rows(
            "select project_code, full_year_budget_amount, projected_executed_amount, projected_lowest_amount,"
            f" projected_highest_amount from summary.project_watch where {where}"
        )
        begun = rows(
            "select figure.project_code from summary.project_execution as figure"
            " inner join core.project as project using (district_code, fiscal_year, project_code)"
            f" where {where} and figure.initial_budget_amount > 0 and figure.full_year_budget_amount > 0"
            f" and figure.executed_amount = 0 and project.planned_start_date <= date '{_LAST_DAY}'"
        )
        ((projects,),) = rows(f"select count(*) from summary.project_execution where {where}")
        levels = dict(
            rows(
                f"select warning_level, count(*) from summary.warning_overview where {where}"
                " and figure_level = 'project' group by warning_level"
            )
        )
        ((tested, error, coverage),) = rows(
            "select tested_project_count, projection_error_pct, bounds_coverage_pct from summary.projection_backtest"
            f" where district_code = '{DISTRICT}' and fiscal_year = {YEAR - 1} and month = {LAST_MONTH}"
        )
    listed = {code for code, *_ in watched}
    dead = {code for (code,) in begun if not truth.get(code)}
    spent_later = {code for code in listed if truth.get(code)}
    projected = [row for row in watched if row[2] is not None]
    errors = sum((abs(row[2] - min(truth[row[0]], row[1])) for row in projected), Decimal(0))
    within = sum(row[3] <= min(truth[row[0]], row[1]) <= row[4] for row in projected)
    return {
        "projects": projects,
        "cannot proceed": len(dead),
        "of these listed": len(dead & listed),
        "listed": len(listed),
        "listed and spent something by the year's end": len(spent_later),
        "listed with a projection": len(projected),
        "error of the projection, of their budgets": f"{errors / sum((row[1] for row in projected), Decimal(0)):.1%}",
        "within their bounds": f"{within / len(projected):.1%}",
        "red": f"{levels.get('red', 0) / projects:.1%}",
        "any warning": f"{sum(levels.values()) / projects:.1%}",
        "all projects of the year before on the same day": tested,
        "error of their projection, of their budgets": f"{error} %",
        "of them within their bounds": f"{coverage} %",
    }


def main() -> None:
    """Makes the district, publishes it, and prints what it shows."""
    parser = argparse.ArgumentParser(description="The watch and the warnings of a district on 30 June.")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        settings = Settings(raw=Path(place) / "raw", warehouse=Path(place) / "warehouse")
        truth = deliver(settings.raw, given.scale, given.seed)
        run_night(settings)
        print(json.dumps(measured(settings.database, truth), ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
