"""The floor: DuckDB alone reads the plain files with declared types, stores them in a file, makes the two summaries.

No row is validated: with ``--skip-errors`` what cannot be read is skipped, without it there is nothing to skip. Files
in GB18030 are first transcoded to UTF-8 by a process per core, in pieces that end at a line's end.

    python -m benchmarks.floor PLAIN DATABASE [--encoding gb18030] [--skip-errors]
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import duckdb

from benchmarks.corpus import PLAIN_COLUMNS
from benchmarks.peers.summaries import make_summaries

_PIECE_BYTES = 32 << 20


def column_types(dataset: str) -> dict[str, str]:
    """The declared type of each column of a plain file."""
    types = {"date": "date", "amount": "decimal(18, 2)"}
    return {name: types.get(name.rsplit("_", 1)[-1], "varchar") for name in PLAIN_COLUMNS[dataset]}


def load(plain: Path, database: Path, *, skip_errors: bool) -> None:
    """Reads, stores and sums."""
    with duckdb.connect(database) as connection:
        connection.execute("set preserve_insertion_order = false")
        for dataset in PLAIN_COLUMNS:
            day = "%Y%m%d" if dataset == "budget_adjustment" else "%Y-%m-%d"
            connection.execute(
                f"create table {dataset} as from read_csv('{plain}/{dataset}*.csv', header = true, auto_detect = false,"
                f" columns = {column_types(dataset)}, dateformat = '{day}', delim = ',', quote = '\"', escape = '\"',"
                f" ignore_errors = {skip_errors})"
            )
        make_summaries(connection)


def transcode(source: Path, target: Path, encoding: str) -> None:
    """Writes every CSV file of ``source`` to ``target`` in UTF-8."""
    pieces = [piece for path in source.glob("*.csv") for piece in _pieces(path)]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(_transcode_piece, *zip(*[(*piece, target, encoding) for piece in pieces], strict=True)))


def _pieces(path: Path) -> Iterator[tuple[Path, int, int]]:
    """Beginning and end of pieces of whole lines: no character of GB18030 has a line feed as its second byte."""
    end, size = 0, path.stat().st_size
    with path.open("rb") as file:
        while end < size:
            begin = end
            file.seek(min(begin + _PIECE_BYTES, size))
            file.readline()
            end = file.tell()
            yield path, begin, end


def _transcode_piece(path: Path, begin: int, end: int, target: Path, encoding: str) -> None:
    with path.open("rb") as file:
        header = file.readline() if begin else b""
        file.seek(begin)
        text = (header + file.read(end - begin)).decode(encoding)
    (target / f"{path.stem}-{begin:012d}.csv").write_text(text, encoding="utf-8", newline="")


def main() -> None:
    """Reads the command line and runs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("plain", type=Path)
    parser.add_argument("database", type=Path)
    parser.add_argument("--encoding", default="utf-8")
    parser.add_argument("--skip-errors", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.database.parent) as transcoded:
        plain = arguments.plain
        if arguments.encoding != "utf-8":
            transcode(plain, Path(transcoded), arguments.encoding)
            plain = Path(transcoded)
        load(plain, arguments.database, skip_errors=arguments.skip_errors)


if __name__ == "__main__":
    main()
