"""The benchmark: nights over synthetic districts, in the shape of TPC-DI, against a floor and against other tools.

    python -m benchmarks.run --peers-python /path/to/peers/bin/python

Parts (all by default, in this order; ``--list`` explains them) run one after another; within a part the runs take
turns, round by round, so that a ratio compares neighbours. A run counts only if its audit passes: one that does not has
no time and fails the benchmark (exit code 1), which goes on with the others. Corpora are made once below ``--work``
(``--prepare`` only does that); every run works in a directory there that is removed afterwards. After every run
``results.json`` is written; tables and figure are made from it by ``benchmarks.report``.
Does not belong here: what a run is (``runs``, ``corners``).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path

from benchmarks import city, corners, runs
from benchmarks.corpus import Corpus, clean_corpus, dirty_corpus
from benchmarks.measure import CommandFailedError
from benchmarks.report import FLOOR, NIGHTLY
from benchmarks.runs import PEERS, ROOT, Row

PAYMENTS_AT_SCALE_1 = 200_000


@dataclass(frozen=True, slots=True)
class Step:
    """One kind of run of a part; ``rounds`` are how many rounds it takes part in."""

    name: str
    run: Callable[[Path], list[Row]]
    rounds: int


@dataclass(frozen=True, slots=True)
class Options:
    """Where corpora lie, the fraction of every size that is measured, and the Python that has the peers."""

    work: Path
    fraction: float
    peers_python: Path | None
    peers: Sequence[str]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the benchmark: what it is, the corpora that it needs, and its runs."""

    meaning: str
    corpus: Callable[[Options], Corpus]
    steps: Callable[[Options, Corpus], list[Step]]


def _clean(scale: float, encoding: str) -> Callable[[Options], Corpus]:
    return lambda options: clean_corpus(options.work, scale * options.fraction, encoding)


def _dirty(scale: float) -> Callable[[Options], Corpus]:
    return lambda options: dirty_corpus(options.work, scale * options.fraction)


def _peers(options: Options, corpus: Corpus, rounds: int) -> list[Step]:
    python = options.peers_python
    if python is None:
        return []
    return [Step(name, partial(runs.peer, name, python, corpus), rounds) for name in options.peers]


def _at_once(corpus: Corpus, rounds: int, *, clean: bool) -> list[Step]:
    return [
        Step(FLOOR, lambda place: runs.floor(corpus, place, clean=clean), rounds),
        Step(NIGHTLY, lambda place: runs.at_once(corpus, place), rounds),
    ]


def _phases(corpus: Corpus, rounds: int) -> list[Step]:
    return [Step("phases", lambda place: runs.phases(corpus, place), rounds)]


def _with_dagster(corpus: Corpus, rounds: int) -> list[Step]:
    return [Step("dagster", lambda place: runs.with_dagster(corpus, place), rounds)]


def _corners(_: Options, corpus: Corpus) -> list[Step]:
    files = [Step(f"{count} files", partial(corners.many_files, corpus, count), 1) for count in corners.FILE_COUNTS]
    return [
        *files,
        Step("workbook", lambda place: corners.large_workbook(corpus, place), 1),
        Step(corners.WRONG, lambda place: corners.wrong_file(corpus, place), 1),
        Step("starts", lambda place: corners.starts(corpus, place), 1),
    ]


def _city(_: Options, corpus: Corpus) -> list[Step]:
    assert isinstance(corpus, city.City)
    return [
        Step(FLOOR, lambda place: runs.floor(corpus, place, clean=False), 1),
        Step("city", lambda place: city.phases(corpus, place), 1),
    ]


PARTS = {
    "utf-8": Part(
        "5 million clean payments in UTF-8",
        _clean(25, "utf-8"),
        lambda options, corpus: [*_at_once(corpus, 3, clean=True), *_peers(options, corpus, 1)],
    ),
    "gb18030": Part(
        "5 million clean payments in GB18030; the floor transcodes them",
        _clean(25, "gb18030"),
        lambda _, corpus: _at_once(corpus, 2, clean=True),
    ),
    "scale-1": Part(
        "a district-year with dirt: 200,000 payments, in phases, at once, and with Dagster",
        _dirty(1),
        lambda options, corpus: [
            *_at_once(corpus, 3, clean=False),
            *_phases(corpus, 3),
            *_with_dagster(corpus, 3),
            *_peers(options, corpus, 3),
        ],
    ),
    "corners": Part(
        "200,000 clean payments in many files, in a workbook, in a wholly wrong file; starts of commands",
        lambda options: corners.with_workbook(clean_corpus(options.work, options.fraction, "utf-8")),
        _corners,
    ),
    "city": Part(
        "12 districts of five years, 2.4 million clean payments: nights on which one office or every office delivers",
        lambda options: city.city_corpus(options.work, options.fraction),
        _city,
    ),
    "scale-50": Part("10 million payments with dirt at once", _dirty(50), lambda _, c: _at_once(c, 1, clean=False)),
    "scale-10": Part(
        "2 million payments with dirt, in phases and at once",
        _dirty(10),
        lambda options, corpus: [
            *_at_once(corpus, 1, clean=False),
            *_phases(corpus, 1),
            *_peers(options, corpus, 1),
        ],
    ),
    "scale-50-phases": Part("10 million payments with dirt in phases", _dirty(50), lambda _, c: _phases(c, 1)),
}


class Results:
    """The rows measured so far, written to ``results.json`` after every run."""

    def __init__(self, path: Path, fraction: float) -> None:
        self._path = path
        commit = subprocess.run(
            ["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
        )
        self._told = {
            "started": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
            "commit": commit.stdout.strip(),
            "fraction": fraction,
            "machine": runs.machine(),
            "versions": {"python": sys.version.split()[0]}
            | {name: version(name) for name in ("duckdb", "pandas", "pandera", "pyarrow", "dagster")},
        }
        self._rows: list[Row] = []
        self.failures: list[str] = []

    def add(self, rows: Iterable[Row], *, part: str, number: int, payments: int) -> None:
        """Adds the rows of one run and prints them."""
        for row in rows:
            self._rows.append({"part": part, "round": number, "payments": payments, **row})
            print(
                f"{part} {number + 1}: {row['what']}: {row['wall']:.1f} s, CPU {row['cpu']:.1f} s,"
                f" {row['peak_mb']:,.0f} MB, load before {row['load']:.1f}",
                flush=True,
            )
        self._write()

    def fail(self, failure: str) -> None:
        """Adds a run that was not right, or that ended with an error."""
        self.failures.append(failure)
        print(f"FAILED: {failure}", file=sys.stderr, flush=True)
        self._write()

    def _write(self) -> None:
        told = self._told | {"failures": self.failures, "rows": self._rows}
        self._path.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def measure(name: str, options: Options, rounds: int, results: Results) -> None:
    """Runs a part, at most ``rounds`` times."""
    part = PARTS[name]
    corpus = part.corpus(options)
    corpus.warm()
    payments = round(corpus.scale * PAYMENTS_AT_SCALE_1)
    steps = part.steps(options, corpus)
    for number in range(min(max(step.rounds for step in steps), rounds)):
        for step in steps:
            if number < step.rounds:
                with tempfile.TemporaryDirectory(prefix="run-", dir=options.work) as directory:
                    try:
                        rows = step.run(Path(directory))
                    except (runs.AuditError, CommandFailedError) as error:
                        results.fail(f"{name}, round {number + 1}, {step.name}: {error}")
                    else:
                        results.add(rows, part=name, number=number, payments=payments)


def main() -> int:
    """Reads the command line and runs; 1 if any run failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "parts",
        nargs="*",
        metavar="PART[:ROUNDS]",
        help=f"of {', '.join(PARTS)}, and at most how many rounds of it; by default all",
    )
    parser.add_argument("--list", action="store_true", help="what the parts are")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "benchmark-work")
    parser.add_argument("--prepare", action="store_true", help="only generate the corpora of the parts")
    parser.add_argument("--fraction", type=float, default=1, help="of every size, to try the benchmark itself")
    parser.add_argument("--peers-python", type=Path, help="of an environment with benchmarks/peers/requirements.txt")
    parser.add_argument("--peers", nargs="*", default=PEERS, choices=PEERS)
    parser.add_argument("--results", type=Path, help="JSON file, by default results.json below --work")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(f"{name}: {part.meaning}" for name, part in PARTS.items()))
        return 0
    chosen = {
        name: int(rounds or sys.maxsize) for name, _, rounds in (p.partition(":") for p in arguments.parts or PARTS)
    }
    if unknown := [name for name in chosen if name not in PARTS]:
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    arguments.work.mkdir(parents=True, exist_ok=True)
    work = arguments.work.resolve()
    options = Options(work, arguments.fraction, arguments.peers_python, arguments.peers)
    if arguments.prepare:
        for name in chosen:
            print(PARTS[name].corpus(options).directory, flush=True)
        return 0
    results = Results(arguments.results or work / "results.json", arguments.fraction)
    for name, rounds in chosen.items():
        measure(name, options, rounds, results)
    return 1 if results.failures else 0


if __name__ == "__main__":
    sys.exit(main())
