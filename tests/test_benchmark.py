"""The benchmark's corpora and tables; its runs are too slow for a test and are audited whenever they run."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.audit import audit_peer
from benchmarks.corpus import HISTORICAL, NEW_MONTH, PHASES, RESTATEMENT, clean_corpus, dirty_corpus
from benchmarks.floor import load, transcode
from benchmarks.report import merged, tables


def test_phases_deliver_every_file_once_and_their_truth_grows(tmp_path: Path) -> None:
    corpus = dirty_corpus(tmp_path, 0.02)
    delivered = [path for phase in PHASES for path in corpus.files_of(phase)]
    assert sorted(delivered) == sorted((corpus.raw / "999999" / "2024").iterdir())
    executed = {
        phase: pc.sum(pq.read_table(corpus.truth(phase))["executed_amount"]).as_py()
        for phase in (HISTORICAL, NEW_MONTH, RESTATEMENT)
    }
    # A month more pays more, and the restated month was delivered with too much first.
    assert executed[HISTORICAL] < executed[RESTATEMENT] < executed[NEW_MONTH]


def test_the_floor_reads_the_true_amounts_of_clean_files_in_either_encoding(tmp_path: Path) -> None:
    corpus = clean_corpus(tmp_path, 0.002, "gb18030")
    plain = tmp_path / "plain"
    plain.mkdir()
    transcode(corpus.plain, plain, corpus.encoding)
    database = tmp_path / "floor.duckdb"
    load(plain, database, skip_errors=False)
    assert audit_peer(corpus, database) == []
    table = pq.read_table(corpus.truth(RESTATEMENT))
    rows = table.to_pylist()
    rows[0]["executed_amount"] += Decimal("0.01")
    pq.write_table(pa.Table.from_pylist(rows, table.schema), corpus.truth(RESTATEMENT))
    assert len(audit_peer(corpus, database)) == 1


def test_a_ratio_compares_with_the_floor_of_its_own_round(tmp_path: Path) -> None:
    def row(what: str, number: int, wall: float) -> dict[str, object]:
        cost = {"wall": wall, "cpu": wall, "peak_mb": 1.0, "written_mb": 1.0}
        return {"part": "utf-8", "round": number, "payments": 5, "what": what, **cost}

    rows = [row("floor (DuckDB alone)", 0, 10), row("nightly", 0, 20), row("floor (DuckDB alone)", 1, 20)]
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"rows": [*rows, row("nightly", 1, 60)]}))
    _, measured = merged([path])
    (line,) = [line for line in tables(measured) if line.startswith("| nightly")]
    assert line.split(" | ")[1:3] == ["40.0 (20.0–60.0)", "2.50 (2.00–3.00)"]
