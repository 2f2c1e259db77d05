"""Splits a batch of typed rows into accepted and rejected ones, each rejected row with all its reasons.

Two phases: rows with a cell that could not be read are set aside first; pandera then validates the others, lazily,
against the schema compiled from the contract. The split itself is made here, on positions: pandera's own
``drop_invalid_rows`` is known to lose valid rows. Does not belong here: duplicates across files (warehouse.accept).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import pandas as pd
import pandera.errors
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.contracts.cell_rules import CELL_RULES
from pipelines.contracts.datasets import DATASETS
from pipelines.contracts.model import Severity
from pipelines.contracts.pandera_schema import NO_CODE_AND_NO_NAME, row_rule_query, schema
from pipelines.ingest.model import Batch
from pipelines.quality.scratch import scratch

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


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a row was set aside: rule, column (empty: the whole row) and both messages."""

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
    """Validates the batches of one dataset; keeps a DuckDB connection for the rules about whole rows."""

    def __init__(self, dataset: str) -> None:
        self.dataset = DATASETS[dataset]
        self._connection = scratch()
        self._messages = {rule.id: rule for rule in self.dataset.row_rules}

    def close(self) -> None:
        """Gives the connection back."""
        self._connection.close()

    def validate(self, batch: Batch) -> Validated:
        """Splits ``batch``; every row is in exactly one half."""
        reasons: defaultdict[int, list[Reason]] = defaultdict(list)
        self._cell_reasons(batch, reasons)
        readable = batch.rows
        positions = None
        if reasons:
            keep = [position for position in range(batch.rows.num_rows) if position not in reasons]
            positions = pa.array(keep, pa.int64())
            readable = batch.rows.take(positions)
        for position, reason in self._row_reasons(readable):
            reasons[position if positions is None else positions[position].as_py()].append(reason)
        if not reasons:
            return Validated(batch.rows, _with_reasons(batch.rows.slice(0, 0), batch.texts.slice(0, 0), []))
        rejected = pa.array(sorted(reasons), pa.int64())
        mask = pc.is_in(pa.array(range(batch.rows.num_rows), pa.int64()), value_set=rejected)
        return Validated(
            batch.rows.filter(pc.invert(mask)),
            _with_reasons(
                batch.rows.take(rejected), batch.texts.take(rejected), [reasons[i] for i in rejected.to_pylist()]
            ),
        )

    def _cell_reasons(self, batch: Batch, reasons: defaultdict[int, list[Reason]]) -> None:
        errors = [rule_id for rule_id, rule in CELL_RULES.items() if rule.severity is Severity.ERROR]
        faults = batch.faults.filter(pc.is_in(batch.faults["rule_id"], value_set=pa.array(errors)))
        if not faults.num_rows:
            return
        positions: defaultdict[int, list[int]] = defaultdict(list)
        is_named = pc.is_in(batch.rows["source_line"], value_set=faults["source_line"].combine_chunks())
        for position in pc.indices_nonzero(is_named).to_pylist():
            positions[batch.rows["source_line"][position].as_py()].append(position)
        for fault in faults.to_pylist():
            rule = CELL_RULES[fault["rule_id"]]
            facts = {"found": fault["found"] or "", "expected": fault["expected"] or ""}
            reason = Reason(
                rule.id, fault["column"] or "", rule.message.format(**facts), rule.message_zh.format(**facts)
            )
            for position in positions[fault["source_line"]]:
                reasons[position].append(reason)

    def _row_reasons(self, rows: pa.Table) -> list[tuple[int, Reason]]:
        frame = rows
        if query := row_rule_query(self.dataset.name):
            self._connection.register("rows", rows)
            outcomes = self._connection.sql(query).to_arrow_table()
            self._connection.unregister("rows")
            for name in outcomes.column_names:
                frame = frame.append_column(name, outcomes[name])
        try:
            schema(self.dataset.name).validate(frame.to_pandas(types_mapper=pd.ArrowDtype), lazy=True)
        except pandera.errors.SchemaErrors as errors:
            failures = errors.failure_cases
        else:
            return []
        broken = failures[failures["index"].isna()]
        if len(broken):
            raise TypeError(f"ingest typed {self.dataset.name} against its contract: {broken.to_dict('records')}")
        return [
            (int(index), self._reason(str(column), str(check), case))
            for column, check, case, index in failures[["column", "check", "failure_case", "index"]].itertuples(
                index=False, name=None
            )
        ]

    def _reason(self, column: str, check: str, case: object) -> Reason:
        if column.startswith("rule: "):
            return self._row_rule_reason(check)
        if check == "not_nullable":
            rule = CELL_RULES["required-value-missing"]
            return Reason(rule.id, column, rule.message, rule.message_zh)
        rule = CELL_RULES[check]
        definition = self.dataset[column]
        expected = definition.pattern or " / ".join(sorted({code for _, code in definition.codes}))
        facts = {"found": str(case), "expected": expected}
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


def _with_reasons(rows: pa.Table, texts: pa.Table, reasons: list[list[Reason]]) -> pa.Table:
    columns = {
        "rule_ids": [[reason.rule_id for reason in row] for row in reasons],
        "columns": [[reason.column for reason in row] for row in reasons],
        "messages": [[reason.message for reason in row] for row in reasons],
        "messages_zh": [[reason.message_zh for reason in row] for row in reasons],
    }
    for name, values in columns.items():
        rows = rows.append_column(name, pa.array(values, REASONS.field(name).type))
    return rows.append_column("row_text", _as_json(texts))


def _as_json(texts: pa.Table) -> pa.Array | pa.ChunkedArray:
    """Each row's cells as one JSON object, header → text as delivered."""
    if not texts.num_rows or not texts.num_columns:
        return pa.array(["{}"] * texts.num_rows, pa.string())
    with scratch() as connection:
        connection.register("texts", texts)
        return connection.sql("select to_json(texts)::varchar as row_text from texts").to_arrow_table()["row_text"]
