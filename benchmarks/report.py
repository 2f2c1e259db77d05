"""Tables of measured results: ``python -m benchmarks.report results.json …``.

Results of several files are put together, later ones replace a part of earlier ones. The tables are Markdown on
standard output; medians with the range, ratios to the floor of the same round. Does not belong here:
measuring, the drawing (``figure``).
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

FLOOR = "floor (DuckDB alone)"
NIGHTLY = "nightly"
"""What is compared most, under the names that results give it."""

Row = dict[str, Any]


def merged(files: Sequence[Path]) -> tuple[list[dict[str, Any]], list[Row]]:
    """What the files tell of their measurement, and their rows."""
    told = [json.loads(path.read_text(encoding="utf-8")) for path in files]
    parts: dict[str, list[Row]] = {}
    for one in told:
        fresh: dict[str, list[Row]] = {}
        for row in one.pop("rows"):
            fresh.setdefault(row["part"], []).append(row)
        parts |= fresh
    return told, [row for rows in parts.values() for row in rows]


def tables(rows: list[Row]) -> Iterator[str]:
    """One table per part, in the order of measurement."""
    for part in dict.fromkeys(row["part"] for row in rows):
        of_part = [row for row in rows if row["part"] == part]
        yield from _corners(of_part) if part == "corners" else _compared(part, of_part)
        yield ""


def _compared(part: str, rows: list[Row]) -> Iterator[str]:
    floors = {row["round"]: row for row in rows if row["what"] == FLOOR}
    yield f"**{part}**: {rows[0]['payments']:,} payments, {len({row['round'] for row in rows})} round(s)"
    yield ""
    yield (
        "| run | wall, s | ÷ floor | until published, s | ÷ floor | CPU, s | ÷ floor | peak, MB | written, MB |"
        " start-up, s | % of wall | refused, s |"
    )
    yield "|---|" + "---:|" * 11
    for what in dict.fromkeys(row["what"] for row in rows):
        runs = [row for row in rows if row["what"] == what]
        cells = [
            what,
            _spread(row["wall"] for row in runs),
            _ratio(runs, floors, "wall", "wall"),
            _spread(row.get("until_published") for row in runs),
            _ratio(runs, floors, "until_published", "wall"),
            _spread(row["cpu"] for row in runs),
            _ratio(runs, floors, "cpu", "cpu"),
            _peak(runs),
            _spread((row["written_mb"] for row in runs), places=0),
            _spread((row.get("startup") for row in runs), places=2),
            _spread((100 * row["startup"] / row["wall"] for row in runs if "startup" in row), places=0),
            _spread((row["reader"]["longest_refusal"] for row in runs if "reader" in row), places=2),
        ]
        yield f"| {' | '.join(cells)} |"


def _corners(rows: list[Row]) -> Iterator[str]:
    yield f"**corners**: {rows[0]['payments']:,} payments"
    yield ""
    yield "| run | runs | wall, s | CPU, s | reading files, s | peak, MB | wall per further file, ms |"
    yield "|---|" + "---:|" * 6
    before: Row | None = None
    for what in dict.fromkeys(row["what"] for row in rows):
        runs = [row for row in rows if row["what"] == what]
        further = ""
        if before and "files" in runs[0] and runs[0]["files"] > before.get("files", runs[0]["files"]):
            further = f"{1000 * (runs[0]['wall'] - before['wall']) / (runs[0]['files'] - before['files']):.0f}"
        cells = [
            what,
            str(len(runs)),
            _spread((row["wall"] for row in runs), places=2),
            _spread((row["cpu"] for row in runs), places=2),
            _spread(row.get("reading") for row in runs),
            _peak(runs),
            further,
        ]
        yield f"| {' | '.join(cells)} |"
        before = runs[0]


def _spread(values: Iterable[float | None], places: int = 1) -> str:
    """The median and, of several values, the range; empty without a value."""
    known = [value for value in values if value is not None]
    if not known:
        return ""
    text = f"{statistics.median(known):,.{places}f}"
    return f"{text} ({min(known):,.{places}f}–{max(known):,.{places}f})" if len(known) > 1 else text


def _peak(runs: list[Row]) -> str:
    """The largest peak in MB; empty where all ended before memory was looked at."""
    peak = max(row["peak_mb"] for row in runs)
    return f"{peak:,.0f}" if peak else ""


def _ratio(runs: list[Row], floors: dict[int, Row], kind: str, of_floor: str) -> str:
    """The median ratio to the floor of the same round."""
    return _spread(
        (
            row[kind] / floors[row["round"]][of_floor]
            for row in runs
            if row.get(kind) is not None and row["round"] in floors
        ),
        places=2,
    )


def main() -> None:
    """Reads the command line and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="+", type=Path)
    arguments = parser.parse_args()
    told, rows = merged(arguments.results)
    for one in told:
        machine, versions = one["machine"], one["versions"]
        print(
            f"Measured {one['started']}, commit {one['commit']}: {machine['processor']}, {machine['cores']} cores,"
            f" {machine['memory_gb']} GB memory, load {machine['load'][0]:.1f} before;"
            f" {', '.join(f'{name} {number}' for name, number in versions.items())}.\n"
        )
        print("".join(f"* failed: {failure}\n" for failure in one["failures"]))
    print("\n".join(tables(rows)))


if __name__ == "__main__":
    main()
