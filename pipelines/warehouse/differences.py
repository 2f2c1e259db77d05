"""What changed between two publications: figures in money, and the delivered rows that changed them.

The figures come from the published file's history, the rows from the accepted versions that each publication was made
of. Rows that both versions count are never looked at; equal rows in other files cancel each other, so that a file that
was delivered again under another name is no cause. Does not belong here: printing; what a publication said (history).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.contracts.datasets import DATASETS
from pipelines.contracts.model import Dataset
from pipelines.databases import in_memory
from pipelines.ledger.codec import StoreError
from pipelines.quality.replacement import EXCLUDED_SCHEMA
from pipelines.settings import Settings
from pipelines.warehouse.connect import open_published
from pipelines.warehouse.loading import Attempt
from pipelines.warehouse.store import DistrictYearStore

Row = dict[str, Any]

FIGURES_COMPARED = ("initial_budget_amount", "net_adjustment_amount", "full_year_budget_amount", "executed_amount")

_WHO = ("department_code", "department_name", "project_code", "project_name")
_LEVELS = {"department": _WHO[:2], "project": _WHO}


class NoSuchBuildError(Exception):
    """A publication cannot be compared: what was asked for, and which there are."""


@dataclass(frozen=True, slots=True)
class Publication:
    """One publication of the history: its number, id, time (UTC), and the versions it was made of by district-year."""

    build_number: int
    build_id: str
    published_at: datetime
    versions: dict[str, int]


@dataclass(frozen=True, slots=True)
class FigureChange:
    """An amount of a department or project that the publications say differently, in yuan; None: not said, unknown."""

    level: str
    district_code: str
    fiscal_year: int
    department: str
    project: str
    figure: str
    before: Decimal | None
    after: Decimal | None

    @property
    def difference(self) -> Decimal:
        """After − before; what is not said or unknown counts as nothing."""
        return (self.after or Decimal(0)) - (self.before or Decimal(0))


@dataclass(frozen=True, slots=True)
class Cause:
    """A delivered row that only one of the publications counts, or that they count with other values.

    ``change`` is added, removed or restated. ``amounts`` are the amount columns that differ, before and after, in yuan;
    ``columns`` the others. ``before`` and ``after`` are the places: path below raw/, sheet, line. ``because`` is the
    rule that took the row out of the figures, where one did.
    """

    change: str
    district_code: str
    fiscal_year: int
    dataset: str
    department: str
    project: str
    amounts: dict[str, tuple[Decimal | None, Decimal | None]]
    columns: list[str]
    before: tuple[str, str, int] | None
    after: tuple[str, str, int] | None
    because: str = ""

    @property
    def money(self) -> Decimal:
        """The largest change of one of its amounts, absolute, in yuan."""
        changes = (abs((after or Decimal(0)) - (before or Decimal(0))) for before, after in self.amounts.values())
        return max(changes, default=Decimal(0))


@dataclass(frozen=True, slots=True)
class Difference:
    """Everything that changed from one publication to another.

    ``versions`` are the district-years made of another version: before and after (None: not published then).
    ``untold`` are those of them whose rows cannot be compared, with the reason.
    """

    before: Publication
    after: Publication
    versions: dict[str, tuple[int | None, int | None]]
    figures: list[FigureChange]
    causes: list[Cause]
    untold: dict[str, str]


def compare_publications(settings: Settings, before: str | None = None, after: str | None = None) -> Difference:
    """Compares two publications, each given by id, the beginning of an id, or number.

    Without ``after`` the current one is meant, without both also the one before it.

    Raises:
        NotPublishedError: nothing was published yet.
        NoSuchBuildError: a publication is not in the history, or there is only one.
    """
    with open_published(settings.database) as connection:
        publications = list(_publications(connection))
        newer = _chosen(publications, after) if after else publications[-1]
        if before:
            older = _chosen(publications, before)
        elif len(publications) > 1:
            older = publications[-2]
        else:
            raise NoSuchBuildError(
                f"{newer.build_id} is the only publication; there is nothing to compare it with. "
                "只有一次发布，无可比较。"
            )
        if older.build_number > newer.build_number:
            older, newer = newer, older
        figures = [change for level in _LEVELS for change in _figure_changes(connection, level, older, newer)]
        resolved = connection.sql("from core.project_resolution").to_arrow_table()
    changed = {
        place: (older.versions.get(place), newer.versions.get(place))
        for place in sorted({*older.versions, *newer.versions})
        if older.versions.get(place) != newer.versions.get(place)
    }
    causes: list[Cause] = []
    untold: dict[str, str] = {}
    for place, versions in changed.items():
        try:
            causes += _causes(settings, place, versions, resolved)
        except (StoreError, OSError, duckdb.Error) as error:
            untold[place] = str(error)
    causes.sort(key=lambda cause: (-cause.money, cause.dataset, cause.after or cause.before or ("", "", 0)))
    figures.sort(key=lambda change: (change.level, -abs(change.difference), change.department, change.project))
    return Difference(older, newer, changed, figures, causes, untold)


def _publications(connection: duckdb.DuckDBPyConnection) -> Iterator[Publication]:
    for number, build_id, published_at, inputs in connection.execute(
        "select build_number, build_id, published_at, inputs from history.publication order by build_number"
    ).fetchall():
        yield Publication(number, build_id, published_at, json.loads(inputs))


def _chosen(publications: list[Publication], asked: str) -> Publication:
    fits = [one for one in publications if one.build_id.startswith(asked) or str(one.build_number) == asked]
    exact = [one for one in fits if asked in (one.build_id, str(one.build_number))]
    if len(exact or fits) == 1:
        return (exact or fits)[0]
    known = ", ".join(f"{one.build_number} ({one.build_id})" for one in publications[-10:])
    found = "fits several publications" if fits else "is no publication"
    raise NoSuchBuildError(f"{asked!r} {found}; the latest are {known}. 没有这次发布，或不唯一。")


# Figures --------------------------------------------------------------------------------------------------------


def _figure_changes(
    connection: duckdb.DuckDBPyConnection, level: str, older: Publication, newer: Publication
) -> Iterator[FigureChange]:
    key = ("district_code", "fiscal_year", *_LEVELS[level])
    same = " and ".join(f"before.{name} is not distinct from after.{name}" for name in key)
    who = ", ".join(f"coalesce(after.{name}, before.{name})" for name in key)
    pairs = ", ".join(f"before.{name}, after.{name}" for name in FIGURES_COMPARED)
    differs = " or ".join(f"before.{name} is distinct from after.{name}" for name in FIGURES_COMPARED)
    for row in connection.execute(
        f"""
        select {who}, {pairs}
        from (from history.{level}_execution where build_id = $older) as before
        full join (from history.{level}_execution where build_id = $newer) as after on {same}
        where {differs}""",
        {"older": older.build_id, "newer": newer.build_id},
    ).fetchall():
        district, year, *rest = row
        names, values = rest[: len(key) - 2], rest[len(key) - 2 :]
        project = _named(*names[2:]) if level == "project" else ""
        for position, figure in enumerate(FIGURES_COMPARED):
            before, after = values[2 * position : 2 * position + 2]
            if before != after:
                yield FigureChange(level, district, year, _named(*names[:2]), project, figure, before, after)


def _named(code: str | None, name: str | None) -> str:
    return " ".join(filter(None, (code, name)))


# Rows -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Side:
    """What one version counts: its readings' directories by name, its files' paths by id, the rows it leaves out."""

    directories: dict[str, Path]
    source_paths: dict[str, str]
    excluded: pa.Table


def _side(store: DistrictYearStore, version: int | None) -> _Side:
    if version is None:
        return _Side({}, {}, EXCLUDED_SCHEMA.empty_table())
    attempt = Attempt(store, store.versions / str(version), store.manifest(version))
    return _Side(
        {directory.name: directory for directory, _ in attempt.files()},
        {record.source_file_id: record.relative_path for _, record in attempt.files()},
        pq.read_table(attempt.excluded),
    )


def _causes(
    settings: Settings, place: str, versions: tuple[int | None, int | None], resolved: pa.Table
) -> Iterator[Cause]:
    district, _, year = place.partition("/")
    store = DistrictYearStore(settings.accepted, district, int(year))
    before, after = _side(store, versions[0]), _side(store, versions[1])
    with in_memory() as connection:
        here = (pc.field("district_code") == district) & (pc.field("fiscal_year") == int(year))
        connection.register("resolved", resolved.filter(here))
        connection.register("before_excluded", before.excluded)
        connection.register("after_excluded", after.excluded)
        for dataset in DATASETS.values():
            sizes = [
                _load(connection, "before", dataset, before, after),
                _load(connection, "after", dataset, after, before),
            ]
            if any(sizes):
                for row in _changed_rows(connection, dataset):
                    yield _cause(row, dataset, district, int(year), before.source_paths | after.source_paths)


def _load(connection: duckdb.DuckDBPyConnection, name: str, dataset: Dataset, side: _Side, other: _Side) -> int:
    """Fills ``<name>_row`` with the rows that this side counts and the other does not; returns how many."""
    columns = {column.name: column.kind.duckdb_type for column in dataset.value_columns}
    columns |= {"source_file_id": "VARCHAR", "source_sheet": "VARCHAR", "source_line": "BIGINT"}
    types = ", ".join(f"{column} {kind}" for column, kind in columns.items())
    connection.execute(f"create or replace temp table {name}_row ({types}, file_row_number BIGINT)")
    opposite = "after" if name == "before" else "before"
    places = "select source_file_id, file_row_number from {}_excluded where dataset = $dataset"
    own, others = places.format(name), places.format(opposite)
    left_out_there = connection.execute(f"select count(*) from ({others})", {"dataset": dataset.name}).fetchall()[0][0]
    for is_common, condition in ((False, "true"), (True, f"(source_file_id, file_row_number) in ({others})")):
        paths = [
            str(path)
            for directory in side.directories.values()
            if (directory.name in other.directories) is is_common
            and (path := directory / f"{dataset.name}.parquet").exists()
        ]
        if not paths or (is_common and not left_out_there):
            continue
        source = "read_parquet($paths::varchar[], file_row_number = true, union_by_name = true)"
        described = connection.execute(f"describe from {source}", {"paths": paths}).fetchall()
        kept = ", ".join(column for column, *_ in described if column in columns)
        connection.execute(
            f"""
            insert into {name}_row by name
            select {kept}, file_row_number from {source}
            where (source_file_id, file_row_number) not in ({own}) and {condition}""",
            {"paths": paths, "dataset": dataset.name},
        )
    return int(connection.execute(f"select count(*) from {name}_row").fetchall()[0][0])


def _changed_rows(connection: duckdb.DuckDBPyConnection, dataset: Dataset) -> Iterator[Row]:
    """Rows of both sides paired by identity, equal ones left out; columns are prefixed before_ and after_."""
    values = [column.name for column in dataset.value_columns]
    content = f"row({', '.join(values)})"
    has_identity = f"{dataset.numbered_by} is not null" if dataset.numbered_by else "true"
    identity = ", ".join(_same_line(dataset))
    kept = [*values, "source_file_id", "source_sheet", "source_line"]
    columns = ", ".join(f"{side}.{name} as {side}_{name}" for side in ("before", "after") for name in kept)

    def unmatched(side: str, other: str) -> str:
        numbered = "select *, {0} as content, row_number() over (partition by {0}) as copy from {1}_row"
        return f"""
            select *, row({identity}, row_number() over (partition by row({identity})),
                case when not ({has_identity}) then '{side}' end) as identity
            from ({numbered.format(content, side)}) as own
            anti join ({numbered.format(content, other)}) as other
                on own.content = other.content and own.copy = other.copy"""

    def resolved(side: str) -> str:
        given = " and ".join(
            f"{side}_resolved.given_{name} is not distinct from {f'{side}.{name}' if name in values else 'null'}"
            for name in _WHO
        )
        return f"left join resolved as {side}_resolved on {given}"

    who = ", ".join(
        "coalesce("
        + ", ".join(
            [f"{side}_resolved.{name}" for side in ("after", "before")]
            + [f"{side}.{name}" for side in ("after", "before") if name in values]
            + ["null"]
        )
        + f") as {name}"
        for name in _WHO
    )
    result = connection.execute(
        f"""
        select {columns}, {who}, excluded.outcome, excluded.rule_id
        from ({unmatched("before", "after")}) as before
        full join ({unmatched("after", "before")}) as after on before.identity = after.identity
        {resolved("before")}
        {resolved("after")}
        left join after_excluded as excluded
            on excluded.dataset = $dataset and before.source_file_id = excluded.source_file_id
            and before.file_row_number = excluded.file_row_number""",
        {"dataset": dataset.name},
    )
    names = [name for name, *_ in result.description or ()]
    while batch := result.fetchmany(10_000):
        for row in batch:
            yield dict(zip(names, row, strict=True))


def _same_line(dataset: Dataset) -> list[str]:
    """SQL of what two readings of one line have in common; of a numbered line, whatever it was put under."""
    stored = {column.name for column in dataset.stored_columns}
    names = [name for name in dataset.identity if name in stored]
    parts = []
    if dataset.numbered_by:
        names = [name for name in names if name not in dataset.reclassified_by]
        parts = [f"month({dataset.dated_by})"] if dataset.dated_by else []
    for name in names:
        other = dataset[name].name_column
        parts.append(f"coalesce({name}, {other})" if other in stored else name)
    return parts


def _cause(row: Row, dataset: Dataset, district: str, year: int, source_paths: dict[str, str]) -> Cause:
    def place(side: str) -> tuple[str, str, int] | None:
        file = row[f"{side}_source_file_id"]
        return (source_paths[file], row[f"{side}_source_sheet"], row[f"{side}_source_line"]) if file else None

    before, after = place("before"), place("after")
    values = {
        column.name: (row[f"before_{column.name}"], row[f"after_{column.name}"]) for column in dataset.value_columns
    }
    differing = {name: pair for name, pair in values.items() if pair[0] != pair[1]}
    return Cause(
        "restated" if before and after else "added" if after else "removed",
        district,
        year,
        dataset.name,
        _named(row["department_code"], row["department_name"]),
        _named(row["project_code"], row["project_name"]),
        {name: pair for name, pair in differing.items() if name in dataset.amount_columns},
        [name for name in differing if name not in dataset.amount_columns] if before and after else [],
        before,
        after,
        row["rule_id"] or "" if before and not after else "",
    )
