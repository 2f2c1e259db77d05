"""Decides which lines of a district-year count where deliveries repeat, restate or withdraw what others brought.

Lines of one file are facts. Between deliveries a line is compared by its identity (the contract's), as often as it
stands there; what a delivery replaces is decided for the delivery as a whole: `docs/replacement.md` is the rule in the
words of an office. Does not belong here: reading files, files that are gone, what a finding leads to
(warehouse.accept).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import groupby
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from pipelines.contracts.cell_rules import CELL_RULES
from pipelines.contracts.common import ORIGIN
from pipelines.contracts.model import DROPPED_DIGEST, Column, Dataset, Kind, Personal, Severity
from pipelines.ingest.headers import fold_header
from pipelines.quality.findings import Finding, cell_rule_finding, in_both
from pipelines.settings import Replacement

EXCLUDED_SCHEMA = pa.schema(
    [
        ("dataset", pa.string()),
        ("source_file_id", pa.string()),
        ("source_sheet", pa.string()),
        ("source_table", pa.int32()),
        ("source_line", pa.int64()),
        ("file_row_number", pa.int64()),
        ("outcome", pa.string()),
        ("rule_id", pa.string()),
        ("message", pa.string()),
        ("message_zh", pa.string()),
        ("kept_source_file_id", pa.string()),
        ("kept_source_sheet", pa.string()),
        ("kept_source_line", pa.int64()),
        ("money", pa.decimal128(38, 2)),
        ("kept_money", pa.decimal128(38, 2)),
    ]
)
"""A row that was read and valid but does not count: ``outcome`` is duplicate, superseded or rejected (as in
``ledger.records.LineOutcome``), ``rule_id`` why, ``source_table`` the number of its table in its file. ``money`` is the
sum of its amount columns in yuan, ``kept_money`` that of the row that counts instead; a withdrawn row has none, only
the file that did not bring it again."""

REPEATED = "same-row-delivered-twice"
ROUNDED = "rounded-copy-of-exact-amount"
RESTATED = "restated-by-later-delivery"
RECLASSIFIED = "reclassified-by-later-delivery"
WITHDRAWN = "withdrawn-by-later-delivery"
CONTRADICTED = "same-identity-twice-in-file"

_OF_PROJECTS = frozenset({"project_code", "project_name"})
_LINES = in_both("行", "lines")
_LONG_AGO = datetime(1900, 1, 1, tzinfo=UTC)
_ROW_BITS = 2**40
"""Rows of one Parquet file are numbered below this, so that file and row make one number."""


@dataclass(frozen=True, slots=True)
class DeliveredTable:
    """One table of one delivered file, as its accepted rows lie in the store.

    ``number``: of the table in its file. ``path``: the Parquet file with the rows of this dataset of its file.
    ``first_seen``: the attempt (night) in which the file first came; ``written_at`` when it was written (UTC; None: not
    known). ``headers``: header as found → column. ``filled``: the columns of the store that are not empty everywhere.
    ``unit_factor``: yuan in one unit (None: told by column or cell). ``months``: the first and last month that title,
    sheet or file name tell. ``counts_once``: the table's own totals say that equal lines of it count once.
    """

    dataset: str
    path: str
    source_file_id: str
    relative_path: str
    number: int
    sheet: str
    first_seen: int
    written_at: datetime | None
    headers: tuple[tuple[str, str | None], ...]
    filled: frozenset[str]
    unit_factor: int | None
    months: tuple[int, int] | None
    counts_once: bool


@dataclass(frozen=True, slots=True)
class Replaced:
    """What does not count (in ``EXCLUDED_SCHEMA``), and what there is to say about it."""

    excluded: pa.Table
    findings: list[Finding] = field(default_factory=list)


def find_replaced(
    connection: duckdb.DuckDBPyConnection,
    dataset: Dataset,
    tables: Sequence[DeliveredTable],
    *,
    district_code: str,
    fiscal_year: int,
    settings: Replacement,
    settled: Collection[tuple[str, str]] = (),
    withdrawn_before: pa.Table | None = None,
) -> Replaced:
    """Which rows of one dataset of a district-year do not count, and the findings about them.

    ``settled``: rule and key of findings that a person has released in the version that counts: they hold nothing back
    again. ``withdrawn_before``: what that version left out, so that only what is withdrawn now is held to the ceiling.
    """
    if not tables:
        return Replaced(EXCLUDED_SCHEMA.empty_table())
    place = district_code, fiscal_year
    comparison = _Comparison(connection, dataset, tables, settings, place, frozenset(settled), withdrawn_before)
    try:
        return comparison.outcome()
    finally:
        comparison.close()


# Deliveries ------------------------------------------------------------------------------------------------------


class _Later(StrEnum):
    """Of an earlier and a later delivery in the order of comparison: whose word counts."""

    SECOND = "second"
    FIRST = "first"
    """A setting believes the first."""
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class _Delivery:
    """The tables of a dataset that came together: a file, or a member of an archive."""

    number: int
    tables: tuple[DeliveredTable, ...]

    @property
    def name(self) -> str:
        return self.tables[0].relative_path

    @property
    def file_id(self) -> str:
        return self.tables[0].source_file_id

    @cached_property
    def filled(self) -> frozenset[str]:
        return frozenset.intersection(*(table.filled for table in self.tables))

    @cached_property
    def unit_factor(self) -> int:
        return max(table.unit_factor or 1 for table in self.tables)

    @cached_property
    def months(self) -> tuple[int, int] | None:
        told = [table.months for table in self.tables]
        known = [months for months in told if months]
        if not known or len(known) < len(told):
            return None
        return min(first for first, _ in known), max(last for _, last in known)

    def layout(self, dataset: Dataset) -> tuple[tuple[str, ...], ...]:
        """Its headers without units, and without those that say nothing about which line is which."""
        return tuple(
            tuple(
                fold_header(header)[0]
                for header, column in table.headers
                if column and not _is_beside(dataset, dataset[column])
            )
            for table in self.tables[:1]
        )


def _is_beside(dataset: Dataset, column: Column) -> bool:
    """Whether a column is personal or free text: what an office adds and leaves out without changing its layout."""
    if column.names_persons:
        return True
    is_name = column.name in {dataset[name].name_column for name in dataset.identity}
    return column.kind is Kind.TEXT and column.name not in dataset.identity and not is_name


def _order(table: DeliveredTable) -> tuple[int, datetime, str]:
    return table.first_seen, table.written_at or _LONG_AGO, table.relative_path


def _deliveries(tables: Sequence[DeliveredTable]) -> list[_Delivery]:
    def origin(table: DeliveredTable) -> tuple[str, str]:
        is_archive = table.relative_path.lower().endswith(".zip")
        return table.path, table.sheet.partition("!")[0] if is_archive else ""

    ordered = sorted(tables, key=lambda table: (*_order(table), *origin(table)))
    return [
        _Delivery(number, tuple(part))
        for number, (_, part) in enumerate(groupby(ordered, key=lambda table: (_order(table), origin(table))))
    ]


@dataclass(frozen=True, slots=True)
class _Coverage:
    """What a delivery covers: the days from first to last (None: the whole year), and its departments' keys."""

    first: object | None
    last: object | None
    departments: tuple[str, ...] | None

    def holds(self, day: str, department: str | None) -> str:
        """SQL that tells whether a line of this day and department is covered."""
        conditions = []
        if self.first is not None:
            conditions.append(f"{day} between date '{self.first}' and date '{self.last}'")
        if self.departments is not None and department is not None:
            keys = ", ".join("'" + key.replace("'", "''") + "'" for key in self.departments)
            conditions.append(f"coalesce({department}, '') in ({keys})")
        return " and ".join(conditions) or "true"


@dataclass(slots=True)
class _Relation:
    """How a later delivery stands to an earlier one: lines that came again, lines covered, and what is left."""

    again: int
    unchanged: int
    covered: int
    coverage: _Coverage

    @property
    def left(self) -> int:
        """Lines of the earlier one that are covered and did not come again."""
        return self.covered - self.again


# The comparison --------------------------------------------------------------------------------------------------


class _Comparison:
    """The comparison of all deliveries of one dataset of a district-year."""

    def __init__(  # noqa: PLR0917 - what it is asked of
        self,
        connection: duckdb.DuckDBPyConnection,
        dataset: Dataset,
        tables: Sequence[DeliveredTable],
        settings: Replacement,
        place: tuple[str, int],
        settled: frozenset[tuple[str, str]],
        withdrawn_before: pa.Table | None,
    ) -> None:
        self._connection = connection
        self._dataset = dataset
        self._settings = settings
        self._district_code, self._fiscal_year = place
        self._settled = settled
        self._withdrawn_before = withdrawn_before
        self._deliveries = _deliveries(tables)
        self._paths = list(dict.fromkeys(table.path for entry in self._deliveries for table in entry.tables))
        self._findings: list[Finding] = []
        self._columns = {column.name for column in dataset.stored_columns}
        self._money = " + ".join(f"coalesce({name}, 0)" for name in dataset.amount_columns) or "0"
        self._coverages: dict[tuple[int, frozenset[str], bool], _Coverage] = {}
        self._withdrawn = 0
        self._known = 0

    def outcome(self) -> Replaced:
        repeated = self._repeated()
        if not repeated.num_rows:
            return Replaced(EXCLUDED_SCHEMA.empty_table())
        self._load(repeated)
        if self._dataset.states_once:
            self._contradictions()
        else:
            self._counted_once()
            self._equal_lines()
        for number in self._of_several_deliveries():
            for group in self._earlier(self._deliveries[number]):
                self._compare(group, self._deliveries[number])
        excluded = self._excluded()
        self._refuse_too_much()
        return Replaced(excluded, self._findings)

    def close(self) -> None:
        """Drops what the comparison made."""
        for name in ("line", "candidate", "decided", "earlier", "later", "matched", "reversed"):
            self._connection.execute(f"drop table if exists {name}")
        self._connection.unregister("delivered")

    # What may concern others ----------------------------------------------------------------------------------

    def _repeated(self) -> pa.Table:
        """The references (hashes of what a reclassification leaves) that more than one line has.

        Asked first and by itself: most datasets repeat nothing, and the question about what does is far dearer to plan.
        Sorting numbers costs a third of grouping as many rows of which nearly each is a group.
        """
        query = f"select {self._reference} as reference from read_parquet(?::varchar[])"
        hashes = np.asarray(self._connection.execute(query, [self._paths]).fetchnumpy()["reference"])
        hashes.sort()
        return pa.table({"reference": np.unique(hashes[1:][hashes[1:] == hashes[:-1]])})

    @cached_property
    def _reference(self) -> str:
        common = frozenset.intersection(*(entry.filled for entry in self._deliveries))
        of_its_own = {*self._dataset.reclassified_by, self._signed_by}
        parts = self._facets([name for name in self._dataset.identity if name not in of_its_own], common)
        if self._dataset.dated_by in self._dataset.reclassified_by:
            parts.append(f"month({self._dataset.dated_by})")
        return f"hash({', '.join(parts)})" if parts else "hash(0)"

    @property
    def _signed_by(self) -> str | None:
        """The column that follows from the sign of the amount: an addition that is taken back is a cut."""
        return self._dataset.transfer.kind if self._dataset.transfer else None

    def _facets(self, names: Iterable[str], common: frozenset[str]) -> list[str]:
        """SQL of the columns of an identity that two deliveries have in common."""
        parts = []
        for name in names:
            column = self._dataset[name]
            if column.personal is Personal.DROP:
                parts += [f"{name}_digest"] if f"{name}_digest" in common else []
            elif name in common or name == self._dataset.dated_by:
                has_name = column.name_column in self._columns
                parts.append(f"coalesce({name}, {column.name_column})" if has_name else name)
            elif column.name_column in common:
                parts.append(str(column.name_column))
        return parts

    def _load(self, repeated: pa.Table) -> None:
        """Fills ``candidate``: the lines that have something in common with another one."""
        connection, dataset = self._connection, self._dataset
        rows = [
            {"file_index": self._paths.index(table.path), "source_table": table.number, "delivery": entry.number}
            for entry in self._deliveries
            for table in entry.tables
        ]
        connection.register("delivered", pa.Table.from_pylist(rows))
        connection.register("repeated", repeated)
        stored = [column.name for column in dataset.value_columns]
        filled = " + ".join(f"({name} is not null)::int" for name in (*stored, *dataset.digest_columns))
        content = f"md5(to_json(row({', '.join(stored)}))::varchar)"
        # Rows are wide and compared many times over: a digest stands for each.
        connection.execute(
            f"""create or replace temp table candidate as
            select {self._id("part")} as id, delivered.delivery, delivered.source_table, {self._reference} as reference,
                {", ".join(f"part.{name}" for name in (*stored, *dataset.digest_columns))}, {filled} as filled,
                {content} as content, cast({self._money} as decimal(38, 2)) as money
            from read_parquet(?::varchar[], file_row_number = true) as part
            inner join delivered on part.file_index = delivered.file_index
                and part.source_table = delivered.source_table
            where {self._reference} in (select reference from repeated)""",
            [self._paths],
        )
        connection.unregister("repeated")
        connection.execute(
            """create or replace temp table decided
            (id bigint, delivery bigint, outcome varchar, rule_id varchar, kept_id bigint, kept_delivery bigint)"""
        )

    @staticmethod
    def _id(part: str) -> str:
        return f"{part}.file_index::bigint * {_ROW_BITS} + {part}.file_row_number"

    # Within one file ------------------------------------------------------------------------------------------

    def _contradictions(self) -> None:
        """Lines of one delivery about one thing: equal ones count once, others contradict each other."""
        identity = _text_of(self._facets(self._dataset.identity, frozenset(self._columns)))
        self._connection.execute(
            f"""insert into decided
            with told as (
                select id, delivery, content, {identity} as identity from candidate
            ),
            item as (
                select identity, delivery, min(content) <> max(content) as is_contradicted, min(id) as first_id
                from told group by identity, delivery having count(*) > 1
            )
            select told.id, told.delivery, case when is_contradicted then 'rejected' else 'duplicate' end,
                case when is_contradicted then '{CONTRADICTED}' else '{REPEATED}' end,
                case when is_contradicted then null else first_id end,
                case when is_contradicted then null else told.delivery end
            from told inner join item on told.identity = item.identity and told.delivery = item.delivery
            where is_contradicted or told.id <> first_id"""
        )

    def _counted_once(self) -> None:
        """Equal lines of a table whose own totals agree only where they count once."""
        for delivery in self._deliveries:
            numbers = [table.number for table in delivery.tables if table.counts_once]
            if numbers:
                self._connection.execute(
                    f"""insert into decided
                    select id, delivery, 'duplicate', '{REPEATED}', first_id, delivery
                    from (
                        select id, delivery, min(id) over (
                            partition by source_table, content, {DROPPED_DIGEST}
                        ) as first_id
                        from candidate where delivery = {delivery.number} and source_table in ({_listed(numbers)})
                    ) as line
                    where id <> first_id"""
                )

    def _equal_lines(self) -> None:
        """Tells the lines of one file that are equal in everything delivered; they count."""
        found = self._connection.execute(
            f"""with same as (
                select delivery, count(*) as lines, sum(money) as money
                from candidate where id not in (select id from decided)
                group by delivery, content, {DROPPED_DIGEST} having count(*) > 1
            )
            select delivery, count(*), sum(lines), sum(money - money / lines)::decimal(38, 2) from same
            group by delivery order by delivery"""
        ).fetchall()
        for number, repeated, lines, money in found:
            delivery = self._deliveries[number]
            all_lines, all_money = self._sums(delivery)
            distinct = all_lines - int(lines) + repeated
            if (
                repeated >= self._settings.doubled_share_at_least * distinct
                and distinct >= self._settings.doubled_lines_at_least
            ) or self._has_table_in_table(delivery):
                self._hold(
                    "file-stands-twice-in-itself",
                    delivery,
                    f"{delivery.name} ({self._label}): {repeated:,} / {distinct:,} {_LINES}",
                    readings=(all_money, all_money - money),
                )
            else:
                self._tell(
                    "equal-lines-in-file",
                    delivery,
                    f"{int(lines) - repeated:,} {_LINES} ({self._label}), {_yuan(money)}",
                    delivery.name,
                    value=money,
                )

    def _has_table_in_table(self, delivery: _Delivery) -> bool:
        """Whether every line of one table of a file stands in another one of it too: a sheet that was copied, or one
        that holds what others hold."""
        if len(delivery.tables) == 1:
            return False
        rows = dict(
            self._connection.execute(
                f"select source_table, count(*) from {self._rows_of(delivery)} group by source_table",
                self._place_of(delivery),
            ).fetchall()
        )
        again = self._ask(
            f"""with line as (
                select source_table, content, {DROPPED_DIGEST} as dropped,
                    row_number() over (partition by source_table, content, {DROPPED_DIGEST}) as copy
                from candidate where delivery = {delivery.number} and id not in (select id from decided)
            )
            select one.source_table, count(*) from line as one
            inner join line as other on one.source_table <> other.source_table and one.content = other.content
                and one.dropped is not distinct from other.dropped and one.copy = other.copy
            group by one.source_table, other.source_table"""
        )
        return any(lines == rows[number] for number, lines in again)

    # Between files --------------------------------------------------------------------------------------------

    def _of_several_deliveries(self) -> list[int]:
        """Fills ``line`` with the candidates that other deliveries may have too; the deliveries from the second on."""
        self._connection.execute(
            """create or replace temp table line as
            select candidate.* from candidate
            where reference in (
                select reference from candidate group by reference having min(delivery) <> max(delivery)
            )"""
        )
        numbers = [number for (number,) in self._ask("select distinct delivery from line order by delivery")]
        return numbers[1:]

    def _earlier(self, later: _Delivery) -> list[list[_Delivery]]:
        """The earlier deliveries that share lines with this one, those together that compare with it in one way."""
        numbers = self._ask(
            f"""select distinct delivery from line
            where delivery < {later.number}
                and reference in (select reference from line where delivery = {later.number})
            order by delivery"""
        )
        groups: dict[tuple[Any, ...], list[_Delivery]] = {}
        for (number,) in numbers:
            earlier = self._deliveries[number]
            if self._are_of_two_levels(earlier, later):
                continue
            common = earlier.filled & later.filled
            key = (
                -len(self._facets(self._dataset.identity, common)),
                tuple(self._facets(self._dataset.identity, common)),
                tuple(name for name in sorted(common) if name in self._columns),
                earlier.unit_factor,
                self._who_is_later(earlier, later),
                earlier.layout(self._dataset) == later.layout(self._dataset),
            )
            groups.setdefault(key, []).append(earlier)
        return [groups[key] for key in sorted(groups, key=lambda key: int(key[0]))]

    def _are_of_two_levels(self, one: _Delivery, other: _Delivery) -> bool:
        """Whether one states departments and the other projects: neither says again what the other does."""
        tells = [{bool(table.filled & _OF_PROJECTS) for table in entry.tables} for entry in (one, other)]
        return self._dataset.states_once and tells in ([{True}, {False}], [{False}, {True}])

    def _who_is_later(self, first: _Delivery, second: _Delivery) -> _Later:
        believed = [
            any(fnmatchcase(entry.name, pattern) for pattern in self._settings.believed_sources)
            for entry in (first, second)
        ]
        if believed[0] != believed[1]:
            return _Later.FIRST if believed[0] else _Later.SECOND
        one, other = first.tables[0], second.tables[0]
        if one.first_seen != other.first_seen:
            return _Later.SECOND
        is_known = one.written_at and other.written_at and one.written_at != other.written_at
        return _Later.SECOND if is_known else _Later.UNKNOWN

    def _is_believed(self, first: _Delivery, second: _Delivery) -> bool:
        return any(
            fnmatchcase(entry.name, pattern) for entry in (first, second) for pattern in self._settings.believed_sources
        )

    def _compare(self, group: Sequence[_Delivery], later: _Delivery) -> None:
        """Compares the lines of a delivery with those of earlier ones that still count."""
        self._known = self._ask(
            f"""select count(*) from decided
            where {later.number} in (delivery, kept_delivery) and rule_id <> '{WITHDRAWN}'"""
        )[0][0]
        self._match(group, later)
        self._known += self._ask("select count(*) from matched")[0][0]
        found = {number for (number,) in self._ask("select distinct earlier from matched")}
        for earlier in group:
            if earlier.number in found:
                self._decide(earlier, later)

    def _match(self, group: Sequence[_Delivery], later: _Delivery) -> None:
        """Fills ``matched`` with pairs of lines: equal, rounded, of another amount (other), or elsewhere (moved)."""
        dataset = self._dataset
        common = group[0].filled & later.filled
        amounts = [name for name in dataset.amount_columns if name in common]
        values = [name for name in self._compared_values if name in common]
        identity = _text_of(self._facets(dataset.identity, common))
        lasting = [name for name in dataset.identity if name not in dataset.reclassified_by]
        classes = [name for name in dataset.reclassified_by if name != dataset.dated_by]
        undated = [name for name in dataset.identity if name not in (dataset.dated_by, self._signed_by)]
        day = dataset.dated_by or "null::date"
        month = [f"month({day})"] if dataset.dated_by in dataset.reclassified_by else []
        department = self._department(common)
        columns = f"""
            select id, delivery, {identity} as identity, {_text_of([*values, *amounts])} as content,
                {_text_of([*self._facets(lasting, common), *month, *amounts])} as lasting,
                {_text_of(self._facets(undated, common))} as undated,
                {_text_of(self._facets(classes, common))} as class, {day} as day,
                {department or "null::varchar"} as department, money < 0 as is_negative, money, filled,
                {f"{dataset.numbered_by} is not null" if dataset.numbered_by else "true"} as is_numbered
                {"".join(f", {name}" for name in amounts)}
            from line
            where id not in (select id from decided) and delivery"""
        numbers = ", ".join(str(entry.number) for entry in group)
        self._connection.execute(
            f"""create or replace temp table later as {columns} = {later.number};
            create or replace temp table earlier as {columns} in ({numbers});
            create or replace temp table matched
            (earlier bigint, earlier_id bigint, later_id bigint, kind varchar, day date, department varchar,
            earlier_money decimal(38, 2), later_money decimal(38, 2), earlier_filled int, later_filled int,
            is_numbered boolean, is_of_one_class boolean)"""
        )
        self._connection.execute("create or replace temp table reversed (earlier_id bigint)")
        self._pair("identity, content", "id", "'equal'")
        self._find_reversed(amounts)
        near = "'other'"
        if amounts and group[0].unit_factor != later.unit_factor:
            step = self._step(max((group[0], later), key=lambda entry: entry.unit_factor))
            within = " and ".join(f"coalesce(abs(e.{name} - l.{name}) <= {step / 2}, true)" for name in amounts)
            near = f"case when {within} then 'rounded' else 'other' end"
        self._pair("identity, is_negative", "money, id", near)
        if dataset.reclassified_by:
            self._pair("lasting", "day, id", "'moved'")

    def _find_reversed(self, amounts: Sequence[str]) -> None:
        """Fills ``reversed`` with earlier lines that an entry of the opposite sign, of whatever date, takes back whole.

        What the later delivery books instead is one more fact and replaces nothing.
        """

        def ranked(side: str) -> str:
            return f"""(
                select *, row_number() over (partition by undated, money order by id) as copy from {side}
                where id not in (select {side}_id from matched) and money <> 0
            )"""

        opposite = " and ".join(f"e.{name} is not distinct from -l.{name}" for name in amounts) or "false"
        self._connection.execute(
            f"""create or replace temp table reversed as
            select e.id as earlier_id from {ranked("earlier")} as e
            inner join {ranked("later")} as l on e.undated = l.undated and e.copy = l.copy and {opposite}
                and (e.is_numbered and l.is_numbered or e.day is not distinct from l.day)"""
        )

    def _pair(self, key: str, order: str, kind: str) -> None:
        """Pairs what is left on both sides by a key, each line once."""
        names = key.split(", ")

        def ranked(side: str) -> str:
            return f"""(
                select *, row_number() over (partition by {key} order by {order}) as copy from {side}
                where id not in (select {side}_id from matched)
                    and ({side == "later"} or id not in (select earlier_id from reversed))
            )"""

        same = " and ".join(f"e.{name} = l.{name}" for name in names)
        self._connection.execute(
            f"""insert into matched
            select e.delivery, e.id, l.id, {kind}, e.day, e.department, e.money, l.money, e.filled, l.filled,
                e.is_numbered and l.is_numbered, e.class = l.class or e.day is not distinct from l.day
            from {ranked("earlier")} as e
            inner join {ranked("later")} as l on {same} and e.copy = l.copy"""
        )

    @cached_property
    def _compared_values(self) -> list[str]:
        """Columns beside identity and amounts that make a line another one: not free text, not names of codes."""
        dataset = self._dataset
        left_out = {*dataset.identity, *dataset.amount_columns, *(column.name for column in ORIGIN)}
        if not dataset.states_once:
            left_out |= {column.name for column in dataset.columns if column.kind is Kind.TEXT}
        return [column.name for column in dataset.value_columns if column.name not in left_out]

    def _department(self, common: frozenset[str]) -> str | None:
        if "department_code" not in self._dataset.identity:
            return None
        return next(iter(self._facets(["department_code"], common)), None)

    def _step(self, delivery: _Delivery) -> Decimal:
        """The last printed digit of a delivery in a larger unit, in yuan: of two decimals of 万元, or finer."""
        for step in (Decimal(delivery.unit_factor) / 100, Decimal(1), Decimal("0.01")):
            whole = " and ".join(
                f"bool_and(coalesce({name} % {step} = 0, true))" for name in self._dataset.amount_columns
            )
            if self._of(delivery, whole)[0]:
                return step
        return Decimal("0.01")

    # What a delivery is to another one ------------------------------------------------------------------------

    def _decide(self, earlier: _Delivery, later: _Delivery) -> None:
        """Decides what becomes of the lines of two deliveries that match, and of those that are left."""
        common = earlier.filled & later.filled
        whose = self._who_is_later(earlier, later)
        forward = self._relation(earlier, later, common, narrow=False)
        if not self._is_redelivery(forward) and later.months:
            narrow = self._relation(earlier, later, common, narrow=True)
            forward = narrow if self._is_redelivery(narrow) else forward
        is_again = self._is_redelivery(forward)
        if not is_again:
            self._forget_what_proves_nothing(earlier)
        if whose is _Later.SECOND and not self._is_second_source(earlier, later):
            self._follow(earlier, later, common, forward)
            return
        backward = self._relation(later, earlier, common, narrow=False)
        is_back_again = self._is_redelivery(backward)
        if whose is _Later.FIRST:
            self._apply(earlier, later, whose)
            if is_back_again and backward.left:
                self._withdraw(later, earlier, common, backward.coverage, "later")
            return
        differs = bool(
            self._ask(f"select 1 from matched where earlier = {earlier.number} and kind in ('other', 'moved') limit 1")
        )
        is_shared = max(self._share(forward), self._share(backward)) >= self._settings.supplement_share_below
        if self._is_second_source(earlier, later) and is_shared and (differs or forward.left or backward.left):
            self._disagree("two-sources-disagree", earlier, later, common, forward, backward)
        elif whose is _Later.SECOND:
            self._follow(earlier, later, common, forward)
        elif differs or (is_again and forward.left) or (is_back_again and backward.left):
            self._disagree(
                "order-of-deliveries-unknown",
                earlier,
                later,
                common,
                forward if is_again else None,
                backward if is_back_again else None,
            )
        else:
            self._follow(earlier, later, common, forward)

    def _is_second_source(self, earlier: _Delivery, later: _Delivery) -> bool:
        return (
            earlier.layout(self._dataset) != later.layout(self._dataset)
            and bool(self._dataset.amount_columns)
            and not self._is_believed(earlier, later)
        )

    def _follow(self, earlier: _Delivery, later: _Delivery, common: frozenset[str], forward: _Relation) -> None:
        """The later delivery repeats, continues or completes the earlier one, or cannot be told to do any of them."""
        is_again = self._is_redelivery(forward)
        is_shared = self._share(forward) >= self._settings.supplement_share_below and forward.again >= 2
        if not is_again and is_shared and self._known < self._rows(later) and self._dataset.amount_columns:
            self._hold_between(earlier, later, common, forward)
        self._apply(earlier, later, _Later.SECOND)
        if is_again and forward.left:
            self._withdraw(earlier, later, common, forward.coverage, "earlier")

    def _share(self, relation: _Relation) -> Decimal:
        return Decimal(relation.again) / relation.covered if relation.covered else Decimal(0)

    def _is_redelivery(self, relation: _Relation) -> bool:
        """Whether so many of the covered lines came again that those which did not are gone."""
        if relation.covered < self._settings.few_lines_below:
            # One line proves nothing, and lines of which each was changed are a list of corrections.
            is_proved = relation.again >= 2 and relation.unchanged >= 1
            return relation.left == 0 or (relation.left == 1 and is_proved)
        return self._share(relation) >= self._settings.redelivery_share_at_least

    def _relation(self, one: _Delivery, other: _Delivery, common: frozenset[str], *, narrow: bool) -> _Relation:
        """How many lines of ``one`` the ``other`` covers, and how many of these it has too."""
        coverage = self._coverage(other, common, narrow=narrow)
        first = min(one.number, other.number)
        again, unchanged = self._ask(
            f"""select count(*), count(*) filter (where kind in ('equal', 'rounded')) from matched
            where earlier = {first} and {self._is_evidence} and {coverage.holds("day", "department")}"""
        )[0]
        holds = coverage.holds(self._dataset.dated_by or "null::date", self._department(common))
        covered = self._counting(one, holds)[0]
        return _Relation(again, unchanged, max(covered, again), coverage)

    @property
    def _is_evidence(self) -> str:
        """SQL that tells which pairs show that a line came again: not those of lines that have no number."""
        if not self._dataset.numbered_by:
            return "kind <> 'moved'"
        return "(kind in ('equal', 'rounded') or (is_numbered and (kind = 'other' or is_of_one_class)))"

    def _coverage(self, delivery: _Delivery, common: frozenset[str], *, narrow: bool) -> _Coverage:
        department = self._department(common)
        key = (delivery.number, frozenset([department] if department else []), narrow)
        if key not in self._coverages:
            day = self._dataset.dated_by
            first = last = None
            if day:
                first, last = self._of(delivery, f"min({day}), max({day})")
                if delivery.months and not narrow and first is not None and day != "as_of_date":
                    told = [f"{self._fiscal_year:04d}-{month:02d}" for month in delivery.months]
                    first_day, last_day = f"date '{told[0]}-01'", f"last_day(date '{told[1]}-01')"
                    share, first_told, last_told = self._of(
                        delivery,
                        f"avg(({day} between {first_day} and {last_day})::int), min({first_day}), max({last_day})",
                    )
                    if share >= 0.5:
                        first, last = first_told, last_told
            departments = None
            if department:
                found = self._of(delivery, f"list(distinct coalesce({department}, ''))")[0]
                departments = tuple(sorted(found or ()))
            self._coverages[key] = _Coverage(first, last, departments)
        return self._coverages[key]

    def _forget_what_proves_nothing(self, earlier: _Delivery) -> None:
        """Outside a re-delivery, lines without a number are only ever equal, and a line was put elsewhere only where
        either its day or its classification is the same."""
        self._connection.execute(
            f"""delete from matched
            where earlier = {earlier.number} and not ({self._is_evidence} or kind in ('equal', 'rounded'))"""
        )

    # What becomes of the lines --------------------------------------------------------------------------------

    def _apply(self, earlier: _Delivery, later: _Delivery, whose: _Later) -> None:
        """Decides the lines that match: of equal ones the one that says more counts, of others the later one."""
        exact_is_later = later.unit_factor < earlier.unit_factor
        second_counts = "true" if whose is _Later.SECOND else "false"
        self._connection.execute(
            f"""insert into decided
            select case when later_counts then earlier_id else later_id end,
                case when later_counts then {earlier.number} else {later.number} end,
                case when kind in ('equal', 'rounded') then 'duplicate' else 'superseded' end,
                case kind when 'equal' then '{REPEATED}' when 'rounded' then '{ROUNDED}'
                    when 'other' then '{RESTATED}' else '{RECLASSIFIED}' end,
                case when later_counts then later_id else earlier_id end,
                case when later_counts then {later.number} else {earlier.number} end
            from (
                select *, case kind when 'equal' then later_filled > earlier_filled
                    when 'rounded' then {str(exact_is_later).lower()} else {second_counts} end as later_counts
                from matched where earlier = {earlier.number}
            ) as pair"""
        )
        one, other = (earlier, later) if whose is _Later.SECOND else (later, earlier)
        sides = ("earlier", "later") if whose is _Later.SECOND else ("later", "earlier")
        rows = self._ask(
            f"""select kind, count(*), {", ".join(f"sum({side}_money)" for side in sides)} from matched
            where earlier = {earlier.number} and kind in ('other', 'moved') group by kind order by kind"""
        )
        if not self._dataset.amount_columns:
            return
        for kind, lines, before, after in rows:
            self._tell(
                RESTATED if kind == "other" else RECLASSIFIED,
                other,
                f"{other.name} ({self._label})",
                f"{one.name}: {lines:,} {_LINES}, {_yuan(before)} → {_yuan(after)} ({after - before:+,})",
                value=after,
                target=before,
                key=f"{one.name} → {other.name}",
            )

    def _withdraw(self, one: _Delivery, other: _Delivery, common: frozenset[str], cover: _Coverage, side: str) -> None:
        """Leaves out the lines of ``one`` that the ``other`` covers and did not bring again."""
        holds = cover.holds(self._dataset.dated_by or "null::date", self._department(common))
        condition = f"{holds} and {self._id('part')} not in (select {side}_id from matched)"
        lines, money = self._counting(one, condition)
        if not lines:
            return
        self._connection.execute(
            f"""insert into decided
            select {self._id("part")}, {one.number}, 'superseded', '{WITHDRAWN}', null, {other.number}
            from {self._rows_of(one)}
            where {condition} and {self._id("part")} not in (select id from decided)""",
            self._place_of(one),
        )
        self._withdrawn += lines
        if self._dataset.amount_columns:
            self._tell(
                WITHDRAWN,
                other,
                f"{lines:,} {_LINES}, {_yuan(money)} ({self._label}, {one.name})",
                other.name,
                value=money,
                key=f"{one.name} → {other.name}",
            )

    def _disagree(  # noqa: PLR0917 - two deliveries and what each covers of the other
        self,
        rule_id: str,
        earlier: _Delivery,
        later: _Delivery,
        common: frozenset[str],
        forward: _Relation | None,
        backward: _Relation | None,
    ) -> None:
        """Holds back two deliveries of which each may be the right one; released, the first one is.

        ``forward``, ``backward``: what each covers of the other, where lines that only one of them has are in question.
        """
        first_left = self._left_money(earlier, common, forward.coverage, "earlier") if forward else Decimal(0)
        second_left = self._left_money(later, common, backward.coverage, "later") if backward else Decimal(0)
        together, copies, as_earlier, as_later = self._pair_money(earlier, later)
        self._hold(
            rule_id,
            later,
            f"{earlier.name} / {later.name} ({self._label})",
            readings=(together - copies - as_later - second_left, together - copies - as_earlier - first_left),
            key=f"{earlier.name} → {later.name}",
        )
        said = len(self._findings)
        self._apply(earlier, later, _Later.FIRST)
        if backward:
            self._withdraw(later, earlier, common, backward.coverage, "later")
        del self._findings[said:]

    def _hold_between(self, earlier: _Delivery, later: _Delivery, common: frozenset[str], forward: _Relation) -> None:
        left = self._left_money(earlier, common, forward.coverage, "earlier")
        together, copies, as_earlier, _ = self._pair_money(earlier, later)
        reading = together - copies - as_earlier
        self._hold(
            "delivery-neither-repeats-nor-continues",
            later,
            f"{earlier.name} / {later.name} ({self._label}): {forward.again:,} / {forward.covered:,} {_LINES}",
            readings=(reading, reading - left),
            key=f"{earlier.name} → {later.name}",
        )

    def _left_money(self, one: _Delivery, common: frozenset[str], cover: _Coverage, side: str) -> Decimal:
        holds = cover.holds(self._dataset.dated_by or "null::date", self._department(common))
        return self._counting(one, f"{holds} and {self._id('part')} not in (select {side}_id from matched)")[1]

    def _pair_money(self, earlier: _Delivery, later: _Delivery) -> tuple[Decimal, Decimal, Decimal, Decimal]:
        """Yuan of both deliveries, of the later one's copies, and of what differs: as the earlier and the later say."""
        sums = self._ask(
            f"""select coalesce(sum(later_money) filter (where kind in ('equal', 'rounded')), 0),
                coalesce(sum(earlier_money) filter (where kind not in ('equal', 'rounded')), 0),
                coalesce(sum(later_money) filter (where kind not in ('equal', 'rounded')), 0)
            from matched where earlier = {earlier.number}"""
        )[0]
        return self._counting(earlier, "true")[1] + self._counting(later, "true")[1], *sums

    def _excluded(self) -> pa.Table:
        """Everything that was decided, with its place and money."""
        if not self._ask("select count(*) from decided")[0][0]:
            return EXCLUDED_SCHEMA.empty_table()
        rule = CELL_RULES[CONTRADICTED]
        files = [{"delivery": entry.number, "kept_file": entry.file_id} for entry in self._deliveries]
        self._connection.register("kept_delivery", pa.Table.from_pylist(files))
        table = self._connection.sql(
            f"""with row_of as (
                select {self._id("part")} as id, source_file_id, source_sheet, source_table, source_line,
                    file_row_number,
                    cast({self._money} as decimal(38, 2)) as money
                from read_parquet($paths::varchar[], file_row_number = true) as part
                where {self._id("part")} in (select id from decided union all select kept_id from decided)
            )
            select '{self._dataset.name}' as dataset, gone.source_file_id, gone.source_sheet, gone.source_table,
                gone.source_line, gone.file_row_number, decided.outcome, decided.rule_id,
                case when decided.rule_id = '{CONTRADICTED}' then $message end as message,
                case when decided.rule_id = '{CONTRADICTED}' then $message_zh end as message_zh,
                kept_delivery.kept_file as kept_source_file_id, kept.source_sheet as kept_source_sheet,
                kept.source_line as kept_source_line, gone.money, kept.money as kept_money
            from decided
            inner join row_of as gone on decided.id = gone.id
            left join row_of as kept on decided.kept_id = kept.id
            left join kept_delivery on decided.kept_delivery = kept_delivery.delivery
            order by decided.delivery, decided.id""",
            params={"paths": self._paths, "message": rule.message, "message_zh": rule.message_zh},
        ).to_arrow_table()
        self._connection.unregister("kept_delivery")
        return table.cast(EXCLUDED_SCHEMA)

    def _refuse_too_much(self) -> None:
        """What is withdrawn at once beyond a share of the dataset's money is held back."""
        if not self._withdrawn or not self._dataset.amount_columns:
            return
        known = self._withdrawn_before
        names = ("source_file_id", "file_row_number")
        self._connection.register("known_before", known if known is not None else EXCLUDED_SCHEMA.empty_table())
        counted, now, total = self._connection.execute(
            f"""select coalesce(sum(abs(row_of.money)), 0), coalesce(sum(abs(row_of.money)) filter (where is_new), 0),
                coalesce(sum(row_of.money), 0)
            from (
                select cast({self._money} as decimal(38, 2)) as money, decided.id is not null as is_gone,
                    decided.id is not null and not exists (
                        from known_before where known_before.rule_id = '{WITHDRAWN}'
                            and {" and ".join(f"known_before.{name} = part.{name}" for name in names)}
                    ) as is_new
                from read_parquet(?::varchar[], file_row_number = true) as part
                left join decided on decided.id = {self._id("part")} and decided.rule_id = '{WITHDRAWN}'
                where {self._id("part")} not in (select id from decided where rule_id <> '{WITHDRAWN}')
            ) as row_of""",
            [self._paths],
        ).fetchall()[0]
        self._connection.unregister("known_before")
        if now > self._settings.withdrawn_share_at_most * counted:
            self._hold(
                "too-much-withdrawn",
                self._deliveries[-1],
                f"{_yuan(now)} / {_yuan(counted)} ({self._label})",
                readings=(total - now, total),
                key=self._dataset.name,
            )

    # Asking and telling ---------------------------------------------------------------------------------------

    def _ask(self, query: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(query).fetchall()

    def _rows_of(self, delivery: _Delivery) -> str:
        """SQL of a delivery's rows; the parameters of ``_place_of`` go with it."""
        index = self._paths.index(delivery.tables[0].path)
        return f"""(
            select *, {index} as file_index from read_parquet(?, file_row_number = true)
            where source_table in (select unnest(?::int[]))
        ) as part"""

    @staticmethod
    def _place_of(delivery: _Delivery) -> list[object]:
        return [delivery.tables[0].path, [table.number for table in delivery.tables]]

    def _of(self, delivery: _Delivery, what: str) -> tuple[Any, ...]:
        """Aggregates over all lines of a delivery."""
        query = f"select {what} from {self._rows_of(delivery)}"
        found: tuple[Any, ...] = self._connection.execute(query, self._place_of(delivery)).fetchall()[0]
        return found

    def _rows(self, delivery: _Delivery) -> int:
        return int(self._of(delivery, "count(*)")[0])

    def _sums(self, delivery: _Delivery) -> tuple[int, Decimal]:
        lines, money = self._of(delivery, f"count(*), coalesce(sum({self._money}), 0)::decimal(38, 2)")
        return int(lines), money

    def _counting(self, delivery: _Delivery, condition: str) -> tuple[int, Decimal]:
        """How many lines of a delivery that still count satisfy a condition, and their yuan."""
        lines, money = self._connection.execute(
            f"""select count(*), coalesce(sum({self._money}), 0)::decimal(38, 2) from {self._rows_of(delivery)}
            where {condition} and {self._id("part")} not in (select id from decided)""",
            self._place_of(delivery),
        ).fetchall()[0]
        return int(lines), money

    @property
    def _label(self) -> str:
        return in_both(self._dataset.label_zh, self._dataset.name)

    def _tell(
        self,
        rule_id: str,
        delivery: _Delivery,
        found: str,
        expected: str = "",
        *,
        value: Decimal | None = None,
        target: Decimal | None = None,
        key: str = "",
    ) -> None:
        finding = cell_rule_finding(
            rule_id,
            found=found,
            expected=expected,
            finding_key=key or f"{delivery.name} / {self._dataset.name}",
            source_file_id=delivery.file_id,
            source_sheet=delivery.tables[0].sheet,
            source_value=value,
            target_value=target,
            difference=value - target if value is not None and target is not None else None,
            district_code=self._district_code,
            fiscal_year=self._fiscal_year,
        )
        self._findings.append(finding)

    def _hold(
        self, rule_id: str, delivery: _Delivery, found: str, *, readings: tuple[Decimal, Decimal], key: str = ""
    ) -> None:
        """A finding that holds the district-year back with both readings, unless a person has settled it."""
        first, second = readings
        self._tell(
            rule_id,
            delivery,
            found,
            f"(1) {_yuan(first)}, (2) {_yuan(second)}",
            value=first,
            target=second,
            key=key,
        )
        finding = self._findings[-1]
        if (rule_id, finding.finding_key) in self._settled:
            self._findings[-1] = replace(finding, severity=Severity.WARNING)


def _text_of(parts: Sequence[str]) -> str:
    """SQL of one text for several values; empty and missing are the same."""
    if not parts:
        return "''"
    return "concat_ws(chr(31), " + ", ".join(f"coalesce(cast({part} as varchar), '')" for part in parts) + ")"


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))


def _yuan(money: Decimal) -> str:
    return f"{money:,} {in_both('元', 'yuan')}"
