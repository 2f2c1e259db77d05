"""Asks the rules of one district-year before it is accepted, in a database of its own in memory.

The rows stay in the store's Parquet files and are read through views, so that memory does not grow with them.
Does not belong here: what a finding leads to (warehouse.accept), the rules themselves (quality.rules, sql/rules).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from pipelines.contracts.datasets import DATASETS
from pipelines.contracts.quality_tables import DELIVERED_DATASET, SOURCE_FILE
from pipelines.ledger.records import FileRecord
from pipelines.quality.findings import Finding, cell_rule_finding
from pipelines.quality.replacement import EXCLUDED_SCHEMA
from pipelines.quality.rules import RuleOutcome, Scope, run_rules, set_rows_aside, tables_read
from pipelines.settings import Settings
from pipelines.warehouse.completion import LOST_ZEROS, has_lost_zeros
from pipelines.warehouse.database import create_core_tables, create_macros, run_sql
from pipelines.warehouse.derived import derived_tables, write_derived
from pipelines.warehouse.loading import insert_rows, loading_order, rows_that_count
from pipelines.warehouse.working_memory import working_database


def judge(connection: duckdb.DuckDBPyConnection, settings: Settings) -> RuleOutcome:
    """Asks every rule inside district-years of a database whose core tables and delivered datasets are filled.

    Rules that set rows aside come first; the figures that the others compare are derived from what is left.

    Raises:
        RuleCrashedError: a rule could not be run.
    """
    create_macros(connection)
    aside = set_rows_aside(connection, settings)
    run_sql(connection, "core", needed=tables_read(Scope.DISTRICT_YEAR).union(derived_tables()), with_comments=False)
    others = run_rules(connection, Scope.DISTRICT_YEAR, settings)
    return RuleOutcome([*aside.findings, *others.findings], aside.rows_to_set_aside)


def judge_deliveries(
    settings: Settings,
    district_code: str,
    fiscal_year: int,
    staged: Sequence[tuple[Path, FileRecord]],
    excluded: pa.Table,
    *,
    derived: Path,
) -> tuple[RuleOutcome, pa.Table]:
    """Asks the rules of what the files of one district-year gave; returns also the rows that they set aside.

    ``staged`` are the files' directories in the store and their records, ``excluded`` the rows that do not count
    already; the rows set aside come in the same shape. ``derived`` is a directory that gets what was derived from the
    rows that count (``warehouse.derived``).
    """
    with working_database(settings) as connection:
        create_core_tables(connection, with_comments=False)
        tables = [(file, table) for _, file in staged for table in file.tables]
        place = {"district_code": district_code, "fiscal_year": fiscal_year}
        delivered = sorted({table.dataset for _, table in tables})
        insert_rows(connection, DELIVERED_DATASET, [place | {"dataset": name} for name in delivered])
        insert_rows(
            connection,
            SOURCE_FILE,
            [
                place
                | {
                    "source_file_id": file.source_file_id,
                    "source_sheet": table.sheet,
                    "source_table": table.number,
                    "dataset": table.dataset,
                    "unit_factor": table.unit_factor,
                }
                for file, table in tables
            ],
        )
        connection.register("excluded_row", excluded)
        datasets_with_excluded = excluded["dataset"].unique().to_pylist()
        paths = {name: _paths(staged, name) for name in delivered}
        restored = []
        for name in loading_order(name for name, files in paths.items() if files):
            connection.execute(f"drop table core.{name}")
            if zeros := has_lost_zeros(connection, DATASETS[name], [str(path) for path in paths[name]]):
                restored.append(name)
            query = rows_that_count(DATASETS[name], has_excluded=name in datasets_with_excluded, zeros=zeros)
            connection.execute(f"create view core.{name} as {query.replace('$paths', _list_of(paths[name]))}")
        outcome = judge(connection, settings)
        write_derived(connection, derived)
        for name in restored:
            outcome.findings.extend(_restored_zeros(connection, district_code, fiscal_year, paths[name]))
        return outcome, _as_excluded(connection, outcome.rows_to_set_aside, paths)


def _paths(staged: Sequence[tuple[Path, FileRecord]], dataset: str) -> list[Path]:
    return [path for directory, _ in staged if (path := directory / f"{dataset}.parquet").exists()]


def _list_of(paths: Sequence[Path]) -> str:
    """The paths as an SQL list: a view cannot carry a parameter."""
    return "[" + ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths) + "]"


def _restored_zeros(
    connection: duckdb.DuckDBPyConnection, district_code: str, fiscal_year: int, paths: Sequence[Path]
) -> Iterator[Finding]:
    """A warning for each department code of a dataset whose zeros the department list restored, file by file."""
    query = f"""
        select part.source_file_id, part.source_sheet, min(part.source_line), lost.lost_code,
            lost.department_code, count(*)
        from read_parquet(?::varchar[]) as part
        inner join ({LOST_ZEROS}) as lost on part.department_code = lost.lost_code
        group by all order by all"""
    found = connection.execute(query, [[str(path) for path in paths]]).fetchall()
    for file, sheet, line, lost, code, rows in found:
        yield cell_rule_finding(
            "leading-zero-restored",
            district_code=district_code,
            fiscal_year=fiscal_year,
            found=f"{lost} ({rows:,} ×)",
            expected=code,
            remedy="The department list has it so; deliver codes as text.",
            remedy_zh="依据部门名录补回；请以文本格式报送编码。",
            finding_key=code,
            source_file_id=file,
            source_sheet=sheet,
            source_line=line,
        )


def _as_excluded(
    connection: duckdb.DuckDBPyConnection, rows: pa.Table, paths: Mapping[str, Sequence[Path]]
) -> pa.Table:
    """The rows that rules set aside, as rows that were read and valid but do not count."""
    parts = [EXCLUDED_SCHEMA.empty_table()]
    connection.register("aside", rows)
    for name in rows["dataset"].unique().to_pylist():
        money = " + ".join(f"coalesce(part.{column}, 0)" for column in DATASETS[name].amount_columns) or "0"
        query = f"""
            select aside.dataset, part.source_file_id, part.source_sheet, part.source_table, part.source_line,
                part.file_row_number, 'rejected' as outcome, aside.rule_id, aside.message, aside.message_zh,
                null::varchar as kept_source_file_id, null::varchar as kept_source_sheet,
                null::bigint as kept_source_line, ({money})::decimal(38, 2) as money,
                null::decimal(38, 2) as kept_money
            from read_parquet($paths::varchar[], file_row_number = true) as part
            inner join aside on aside.dataset = $dataset and part.source_file_id = aside.source_file_id
                and part.source_sheet is not distinct from aside.source_sheet
                and part.source_line = aside.source_line
            anti join excluded_row as gone on gone.dataset = $dataset
                and part.source_file_id = gone.source_file_id and part.file_row_number = gone.file_row_number
            order by part.source_file_id, part.file_row_number"""
        found = connection.sql(query, params={"paths": [str(path) for path in paths[name]], "dataset": name})
        parts.append(found.to_arrow_table().cast(EXCLUDED_SCHEMA))
    return pa.concat_tables(parts)
