"""Whether a run says exactly what is true of the generated district: only then does its time count.

Does not belong here: running or timing anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.corpus import DISTRICT, RESTATEMENT, YEAR, Corpus

_SHOWN = 5
"""Cases of one kind that an audit lists."""

_SUMS = (
    "initial_budget_amount",
    "increase_amount",
    "decrease_amount",
    "adjustment_count",
    "full_year_budget_amount",
    "executed_amount",
)


def audit_publication(corpus: Corpus, delivered: Sequence[Path], phase: str, database: Path) -> list[str]:
    """What is wrong with a night's publication, as sentences; empty: nothing.

    ``delivered`` are the files of the corpus that have arrived by ``phase``.
    """
    names = {path.name for path in delivered}
    manifest = corpus.manifest()
    manifest["files"] = [file for file in manifest["files"] if Path(file["path"]).name in names]
    manifest["planted"] = [row for row in manifest["planted"] if Path(row["path"]).name in names]
    with duckdb.connect(database, read_only=True) as connection:
        return [
            *_conservation(connection),
            *_deliveries(connection, manifest),
            *_rows_set_aside(connection, manifest),
            *_copies(connection, manifest),
            *_figures(connection, corpus.truth(phase)),
            *_findings(connection, corpus.expected_findings(phase), manifest),
        ]


def audit_figures(corpus: Corpus, database: Path) -> list[str]:
    """What is wrong with the conservation and the figures of a publication of the corpus's rows in other files."""
    with duckdb.connect(database, read_only=True) as connection:
        return [*_conservation(connection), *_figures(connection, corpus.truth(RESTATEMENT))]


def audit_rejected(database: Path, rows: int) -> list[str]:
    """What is wrong with a publication of which exactly ``rows`` payments are set aside and none is accepted."""
    with duckdb.connect(database, read_only=True) as connection:
        counts = connection.execute(
            "select sum(rows_rejected), sum(rows_accepted) from quality.source_file where dataset = 'payment'"
        ).fetchone()
        return [
            *_conservation(connection),
            *([] if counts == (rows, 0) else [f"{rows} rows are wrong, found {counts}"]),
        ]


def audit_peer(corpus: Corpus, database: Path) -> list[str]:
    """What is wrong with a peer's (or the floor's) executed amounts of projects, as sentences."""
    with duckdb.connect(database, read_only=True) as connection:
        different = connection.execute(
            "select project_code, expected.executed_amount, found.executed_amount"
            f" from '{corpus.truth(RESTATEMENT)}' as expected"
            " full join (select project_code, cast(sum(executed_amount) as decimal(20, 2)) as executed_amount"
            "   from project_execution group by project_code) as found using (project_code)"
            " where coalesce(expected.executed_amount, 0) <> coalesce(found.executed_amount, 0) order by all"
        ).fetchall()
    return [f"project {code}: true {true}, found {found}" for code, true, found in different[:_SHOWN]]


def _conservation(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Rows and money are conserved in every file."""
    lost = connection.execute(
        "select source_path from quality.source_file where rows_read <> rows_accepted + rows_rejected + rows_duplicate"
        " + rows_subtotal or money_read <> money_accepted + money_rejected + money_duplicate"
    ).fetchall()
    yield from (f"{path}: rows or money not conserved" for (path,) in lost)


def _deliveries(connection: duckdb.DuckDBPyConnection, manifest: dict[str, Any]) -> Iterator[str]:
    """Every delivered row is counted, and no other."""
    read = dict(
        connection.execute(
            "select source_path, sum(rows_read - rows_subtotal) from quality.source_file group by source_path"
        ).fetchall()
    )
    for file in manifest["files"]:
        if (found := read.pop(file["path"], None)) != file["rows"]:
            yield f"{file['path']}: {file['rows']} rows were delivered, {found} read"
    yield from (f"{path}: read and never delivered" for path in read)


def _rows_set_aside(connection: duckdb.DuckDBPyConnection, manifest: dict[str, Any]) -> Iterator[str]:
    """Exactly the planted rows are set aside, each for its reason."""
    planted = Counter((row["path"], row["line"], row["rule_id"]) for row in manifest["planted"] if row["rule_id"])
    found = Counter(
        connection.execute(
            "select file.source_path, rejected.source_line, rejected.rule_ids from quality.rejected_row as rejected"
            " inner join (select distinct source_file_id, source_path from quality.source_file) as file"
            " using (source_file_id)"
        ).fetchall()
    )
    yield from (f"planted and not set aside: {row}" for row in sorted(planted - found)[:_SHOWN])
    yield from (f"set aside and not planted: {row}" for row in sorted(found - planted)[:_SHOWN])


def _copies(connection: duckdb.DuckDBPyConnection, manifest: dict[str, Any]) -> Iterator[str]:
    """Copies and restated rows are counted as what they are."""
    restated = sum(file["rows"] for file in manifest["files"] if file["restatement"])
    kinds = Counter(row["what"] for row in manifest["planted"])
    expected = (kinds["duplicate"] + restated, kinds["superseded"] if restated else 0)
    found = connection.execute(
        "select sum(rows_duplicate), sum(rows_superseded) from quality.source_file where dataset = 'payment'"
    ).fetchone()
    if found != expected:
        yield f"copies and superseded rows: {expected} planted, {found} found"


def _figures(connection: duckdb.DuckDBPyConnection, truth: Path) -> Iterator[str]:
    """Every department's and project's figures are the generator's."""
    for level, keys in (("department", "department_code"), ("project", "department_code, project_code")):
        sums = ", ".join(f"cast(sum({name}) as decimal(20, 2)) as {name}" for name in _SUMS)
        true = f"select {keys}, {sums} from '{truth}' group by {keys}"
        # A key that was published twice would show twice the amount.
        found = (
            f"select {keys}, {sums} from summary.{level}_execution"
            f" where district_code = '{DISTRICT}' and fiscal_year = {YEAR} group by {keys}"
        )
        for what, query in (
            ("true and not published", f"({true}) except ({found})"),
            ("published and not true", f"({found}) except ({true})"),
        ):
            rows = connection.execute(f"from ({query}) order by all limit {_SHOWN}").fetchall()
            yield from (f"{level} {what}: {' '.join(map(str, row))}" for row in rows)


def _findings(
    connection: duckdb.DuckDBPyConnection, expected: set[tuple[str, str]], manifest: dict[str, Any]
) -> Iterator[str]:
    """Exactly the errors that are part of the district are found; those about planted rows are counted with the rows.

    Warnings are not the generator's to know.
    """
    # A table with amounts that could not be read is told besides the rows.
    about_rows = {row["rule_id"] for row in manifest["planted"]} | {"money-not-readable"}
    found = {
        (rule, project)
        for rule, project in connection.execute(
            "select rule_id, project_code from quality.finding where severity in ('error', 'fatal')"
        ).fetchall()
        if rule not in about_rows
    }
    yield from (f"expected and not found: {case}" for case in sorted(expected - found)[:_SHOWN])
    yield from (f"found and not expected: {case}" for case in sorted(found - expected, key=str)[:_SHOWN])
