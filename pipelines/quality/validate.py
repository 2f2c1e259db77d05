"""Splits a batch of typed rows into accepted and rejected ones, each rejected row with all its reasons.

Two phases: rows with a cell that could not be read are set aside first; pandera then judges each of the others, lazily,
against the schema compiled from the contract. The split itself is made here, on the positions that pandera names: its
own ``drop_invalid_rows`` is known to lose valid rows. Does not belong here: duplicates across files (warehouse.accept).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
import pandera.errors
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.contracts.arrow_types import ARROW_TYPES, decoded_table
from pipelines.contracts.cell_rules import CELL_RULES
from pipelines.contracts.datasets import DATASETS
from pipelines.contracts.model import Severity
from pipelines.contracts.pandera_schema import schema
from pipelines.contracts.row_rules import NO_CODE_AND_NO_NAME, row_rule_query, row_rules, rule_columns
from pipelines.databases import scratch
from pipelines.ingest.model import Batch

REASONS = pa.schema(
    [
        ("rule_ids", pa.list_(pa.string())),
        ("columns", pa.list_(pa.string())),
        ("messages", pa.list_(pa.string())),
        ("messages_zh", pa.list_(pa.string())),
        ("row_text", pa.string()),
    ]
)
"""What a rejected row carries beside its typed cells: parallel lists, one entry per reason, and its cells as text."""


_FAULT = ("rule_id", "column", "found", "expected")


class Reason(NamedTuple):
    """Why a row was set aside, in the order of ``REASONS``: rule, column (empty: the whole row) and both messages."""

    rule_id: str
    column: str
    message: str
    message_zh: str


@dataclass(frozen=True, slots=True)
class Validated:
    """The two halves of a batch, in the shape of ``Batch.rows``; ``rejected`` has the columns of ``REASONS`` too."""

    accepted: pa.Table
    rejected: pa.Table


class Validator:
    """Validates the batches of one dataset; keeps a DuckDB connection for the rules about whole rows.

    ``texts_at_most``: of so many rejected rows the cells are kept as text; the others have NULL there.
    """

    def __init__(self, dataset: str, *, texts_at_most: int | None = None) -> None:
        self.dataset = DATASETS[dataset]
        self._connection = scratch()
        self._messages = {rule.id: rule for rule in self.dataset.row_rules}
        self._texts_left = texts_at_most

    def close(self) -> None:
        """Gives the connection back."""
        self._connection.close()

    def validate(self, batch: Batch) -> Validated:
        """Splits ``batch``; every row is in exactly one half."""
        unreadable = self._cell_reasons(batch)
        readable = np.ones(batch.rows.num_rows, dtype=bool)
        readable[list(unreadable)] = False
        rows = batch.rows if not unreadable else batch.rows.filter(pa.array(readable))
        positions = np.flatnonzero(readable)
        reasons = unreadable | {int(positions[row]): found for row, found in self.row_reasons(rows).items()}
        if not reasons:
            return Validated(batch.rows, _none_rejected(batch.rows))
        rejected = sorted(reasons)
        accepted = np.ones(batch.rows.num_rows, dtype=bool)
        accepted[rejected] = False
        where = pa.array(rejected, pa.int64())
        told = self._with_reasons(decoded_table(batch.rows.take(where)), [reasons[position] for position in rejected])
        return Validated(
            batch.rows.filter(pa.array(accepted)), told.append_column("row_text", self._row_texts(batch, where))
        )

    def _cell_reasons(self, batch: Batch) -> dict[int, list[Reason]]:
        """Position → reasons of the rows with a cell that could not be read."""
        errors = [rule_id for rule_id, rule in CELL_RULES.items() if rule.severity is Severity.ERROR]
        faults = batch.faults.filter(pc.is_in(batch.faults["rule_id"], value_set=pa.array(errors)))
        reasons: defaultdict[int, list[Reason]] = defaultdict(list)
        if not faults.num_rows:
            return reasons
        # A row of a wide table is several rows here, all with its line; lines ascend.
        lines = batch.rows["source_line"].to_numpy()
        named = faults["source_line"].to_numpy()
        first, last = np.searchsorted(lines, named, "left"), np.searchsorted(lines, named, "right")
        known: dict[tuple[str, ...], Reason] = {}
        for start, end, *fault in zip(
            first.tolist(), last.tolist(), *(faults[name].to_pylist() for name in _FAULT), strict=True
        ):
            key = tuple(fault)
            reason = known.get(key)
            if reason is None:
                reason = known[key] = self._cell_reason(*key)
            for position in range(start, end):
                reasons[position].append(reason)
        return reasons

    @staticmethod
    def _cell_reason(rule_id: str, column: str, found: str, expected: str) -> Reason:
        rule = CELL_RULES[rule_id]
        facts = {"found": found, "expected": expected}
        return Reason(rule.id, column, rule.message.format(**facts), rule.message_zh.format(**facts))

    def row_reasons(self, rows: pa.Table) -> dict[int, list[Reason]]:
        """Position → reasons of the rows that break the contract, as pandera judges them.

        All cells of ``rows`` could be read. Raises ``TypeError`` for a column that is missing or has another type than
        the contract's: a mistake of ours, not of the data.
        """
        frame = decoded_table(self._with_outcomes(rows)).to_pandas(types_mapper=pd.ArrowDtype)
        try:
            schema(self.dataset.name).validate(frame, lazy=True)
        except pandera.errors.SchemaErrors as errors:
            return self._reasons_of(errors.failure_cases)
        return {}

    def _with_outcomes(self, rows: pa.Table) -> pa.Table:
        """The rows with one Boolean column per rule about whole rows, which pandera then judges like any other."""
        query = row_rule_query(self.dataset.name)
        if query is None:
            return rows
        self._connection.register("rows", rows.select(rule_columns(self.dataset)))
        outcomes = self._connection.sql(query).to_arrow_table()
        self._connection.unregister("rows")
        for name in outcomes.column_names:
            rows = rows.append_column(name, outcomes[name])
        return rows

    def _reasons_of(self, failures: pd.DataFrame) -> dict[int, list[Reason]]:
        """Position → reasons, from pandera's failure cases: one per row, column and check."""
        broken = failures[failures["index"].isna()]
        if len(broken):
            raise TypeError(f"ingest typed {self.dataset.name} against its contract: {broken.to_dict('records')}")
        reasons: defaultdict[int, list[Reason]] = defaultdict(list)
        # A column that is wrong in every row is as many failures, of few kinds.
        known: dict[tuple[str, str, str], Reason] = {}
        columns = (failures[name].tolist() for name in ("column", "check", "failure_case", "index"))
        for column, check, case, position in zip(*columns, strict=True):
            failure = str(column), str(check), str(case)
            reason = known.get(failure)
            if reason is None:
                reason = known[failure] = self._reason(*failure)
            reasons[int(position)].append(reason)
        return reasons

    def _reason(self, column: str, check: str, case: str) -> Reason:
        if column.startswith("rule: "):
            return self._row_rule_reason(check)
        if check == "not_nullable":
            rule = CELL_RULES["required-value-missing"]
            return Reason(rule.id, column, rule.message, rule.message_zh)
        rule = CELL_RULES[check]
        definition = self.dataset[column]
        expected = definition.pattern or " / ".join(sorted({code for _, code in definition.codes}))
        facts = {"found": case, "expected": expected}
        return Reason(rule.id, column, rule.message.format(**facts), rule.message_zh.format(**facts))

    def _row_rule_reason(self, check: str) -> Reason:
        if check.startswith(NO_CODE_AND_NO_NAME):
            group = check.removeprefix(NO_CODE_AND_NO_NAME).strip().split("/")
            rule = CELL_RULES[NO_CODE_AND_NO_NAME]
            expected = " / ".join(self.dataset[name].label_zh for name in group)
            return Reason(
                rule.id,
                ", ".join(group),
                rule.message.format(expected=", ".join(group)),
                rule.message_zh.format(expected=expected),
            )
        row_rule = self._messages[check]
        return Reason(row_rule.id, ", ".join(row_rule.columns), row_rule.message, row_rule.message_zh)

    @staticmethod
    def _with_reasons(rows: pa.Table, reasons: list[list[Reason]]) -> pa.Table:
        told = [reason for row in reasons for reason in row]
        ends = pa.array(np.cumsum([0, *map(len, reasons)]), pa.int32())
        for name, entry in zip(REASONS.names, zip(*told, strict=True), strict=False):
            rows = rows.append_column(name, pa.ListArray.from_arrays(ends, pa.array(entry, pa.string())))
        return rows

    def _row_texts(self, batch: Batch, rejected: pa.Array) -> pa.ChunkedArray:
        """The cells of rejected rows as text, null beyond those that are kept."""
        kept = rejected.slice(0, self._texts_left)
        if self._texts_left is not None:
            self._texts_left -= len(kept)
        shown = _as_json(batch.texts_at(kept)).chunks if len(kept) else []
        return pa.chunked_array([*shown, pa.nulls(len(rejected) - len(kept), pa.string())])


def warm_up() -> None:
    """Judges nothing at all once: what pandera loads and looks up for its first frame is there afterwards."""
    name = next(iter(DATASETS))
    rules = [(rule, pa.bool_()) for rule in row_rules(DATASETS[name])]
    columns = [(column.name, ARROW_TYPES[column.kind]) for column in DATASETS[name].stored_columns]
    frame = pa.schema([*columns, *rules]).empty_table().to_pandas(types_mapper=pd.ArrowDtype)
    schema(name).validate(frame, lazy=True)


def _none_rejected(rows: pa.Table) -> pa.Table:
    return pa.schema([*decoded_table(rows.slice(0, 0)).schema, *REASONS]).empty_table()


def _as_json(texts: pa.Table) -> pa.ChunkedArray:
    """Each row's cells as one JSON object, header → text as delivered."""
    if not texts.num_rows or not texts.num_columns:
        return pa.chunked_array([pa.array(["{}"] * texts.num_rows, pa.string())])
    with scratch() as connection:
        connection.register("texts", texts)
        return connection.sql("select to_json(texts)::varchar as row_text from texts").to_arrow_table()["row_text"]
