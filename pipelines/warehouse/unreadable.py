"""Money that could not be read: told with its place, and bounded, or its district-year is held back.

What a row with an unreadable amount is worth is unknown, not nothing. The file's own total bounds it; else its
neighbours do: no such row is taken to be worth more than the largest amount that was read of its dataset. Where even
that may be more than the share that may be set aside, nobody can publish around it.
Does not belong here: what could be read and was set aside all the same (warehouse.accept).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq

from pipelines.contracts.datasets import DATASETS
from pipelines.databases import scratch
from pipelines.ledger.records import FACTS, FileRecord, LineOutcome, TableRecord
from pipelines.quality.findings import Finding, cell_rule_finding
from pipelines.settings import Settings
from pipelines.warehouse.store import DistrictYearStore

_SHOWN = 3


def unreadable_money(
    settings: Settings, store: DistrictYearStore, decided: Sequence[tuple[Path, FileRecord]]
) -> Iterator[Finding]:
    """An error for every table with amounts that could not be read, and a hold where they may be worth too much."""
    place = {"district_code": store.district_code, "fiscal_year": store.fiscal_year}
    unknown: defaultdict[str, Decimal] = defaultdict(Decimal)
    money: defaultdict[str, Decimal] = defaultdict(Decimal)
    rows: defaultdict[str, int] = defaultdict(int)
    tables = [(directory, file, table) for directory, file in decided for table in file.tables]
    largest: dict[str, Decimal] = {}
    for _, _, table in tables:
        for entry in table.lines:
            if entry.outcome in FACTS:
                money[table.dataset] += sum(map(abs, entry.money.values()), Decimal(0))
    for directory, file, table in tables:
        count = table.unreadable(LineOutcome.REJECTED)
        if not count or not DATASETS[table.dataset].amount_columns:
            continue
        rows[table.dataset] += count
        stated = _by_total(table)
        if table.dataset not in largest:
            paths = [path for each, _ in decided if (path := each / f"{table.dataset}.parquet").exists()]
            largest[table.dataset] = _largest(table.dataset, paths)
        bound = largest[table.dataset] * count if stated is None else stated
        unknown[table.dataset] += bound
        lines, texts = _first(directory, table)
        known = f"合计行表明差额 by the total row {bound:,} 元 yuan" if stated is not None else "无合计可核对 no total"
        yield cell_rule_finding(
            "money-not-readable",
            found=f"{count:,} 行 rows ({texts})",
            expected=known,
            finding_key=file.relative_path,
            source_file_id=file.source_file_id,
            source_sheet=table.sheet,
            source_line=lines,
            source_value=stated,
            **place,  # type: ignore[arg-type]  # a district and a year
        )
    for name, bound in unknown.items():
        share = Decimal(str(settings.set_aside_by_dataset.get(name, settings.set_aside).max_money_share))
        if bound > (money[name] + bound) * share:
            yield cell_rule_finding(
                "unknown-money-may-matter",
                found=f"{rows[name]:,} 行 rows ({DATASETS[name].label_zh} {name}, 至多约 up to {bound:,} 元 yuan)",
                expected=f"{share:.2%}",
                finding_key=name,
                source_value=bound,
                target_value=money[name],
                **place,  # type: ignore[arg-type]  # a district and a year
            )


def _by_total(table: TableRecord) -> Decimal | None:
    """What the table's own totals say about its unreadable amounts in yuan; None where no total speaks of them."""
    if not table.gaps:
        return None
    widest: dict[str, Decimal] = {}
    for gap in table.gaps:
        widest[gap.column] = max(widest.get(gap.column, Decimal(0)), abs(gap.stated - gap.added))
    return sum(widest.values(), Decimal(0))


def _largest(dataset: str, paths: Sequence[Path]) -> Decimal:
    """The largest amount (sign left out) that was read of a dataset, in yuan."""
    if not paths:
        return Decimal(0)
    amounts = ", ".join(f"coalesce(max(abs({name})), 0)" for name in DATASETS[dataset].amount_columns)
    with scratch() as connection:
        ((value,),) = connection.execute(
            f"select greatest({amounts}, 0) from read_parquet(?::varchar[], union_by_name = true)",
            [[str(path) for path in paths]],
        ).fetchall()
    return Decimal(value)


def _first(directory: Path, table: TableRecord) -> tuple[int | None, str]:
    """The line of the first row with an unreadable amount, and what was found in the first of them."""
    path = directory / f"{table.dataset}.rejected.parquet"
    rejected = pq.read_table(path, columns=["source_table", "source_line", "columns", "messages_zh"]).to_pylist()
    amounts = {*DATASETS[table.dataset].amount_columns, ""}
    found = [
        (row["source_line"], message)
        for row in rejected
        if row["source_table"] == table.number
        for column, message in zip(row["columns"], row["messages_zh"], strict=True)
        if column in amounts
    ]
    texts = "；".join(f"第 {line} 行：{message.rstrip('。')}" for line, message in found[:_SHOWN])
    return (found[0][0] if found else None), texts
