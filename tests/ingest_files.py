"""Writes deliveries and reads them whole: what the tests of ingest share."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import xlsxwriter

from pipelines.ingest.model import Delivery, TableHead
from pipelines.ingest.read import read_file
from pipelines.ledger.records import SkippedSheet
from pipelines.settings import Settings

DISTRICT, YEAR = "440103", 2022
Cells = Sequence[Sequence[Any]]


@dataclass
class Table:
    """One table as read, with its batches put together."""

    head: TableHead
    rows: list[dict[str, Any]] = field(default_factory=list)
    totals: list[dict[str, Any]] = field(default_factory=list)
    faults: list[dict[str, Any]] = field(default_factory=list)
    texts: list[dict[str, Any]] = field(default_factory=list)
    passed_over: list[dict[str, Any]] = field(default_factory=list)

    def column(self, name: str) -> list[Any]:
        """The values of a column of the rows."""
        return [row[name] for row in self.rows]

    @property
    def rules(self) -> list[tuple[int, str]]:
        """Line and rule of every fault."""
        return [(fault["source_line"], fault["rule_id"]) for fault in self.faults]


@dataclass
class Read:
    """A file as read."""

    tables: list[Table]
    skipped: list[SkippedSheet]

    @property
    def table(self) -> Table:
        """The only table."""
        (table,) = self.tables
        return table


class Office:
    """A raw directory into which a test delivers."""

    def __init__(self, path: Path, year: int = YEAR) -> None:
        self.raw = path / "raw"
        self.year = year
        self.folder = self.raw / DISTRICT / str(year)
        self.folder.mkdir(parents=True)

    def put(self, name: str, content: bytes | str) -> Path:
        """Delivers a file with this content."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def csv(self, name: str, rows: Cells, delimiter: str = ",", encoding: str = "utf-8") -> Path:
        """Delivers a delimited text."""
        text = io.StringIO()
        csv.writer(text, delimiter=delimiter).writerows(rows)
        return self.put(name, text.getvalue().encode(encoding))

    def xlsx(self, name: str, sheets: dict[str, Cells]) -> Path:
        """Delivers a workbook; ``None`` is an empty cell."""
        path = self.folder / name
        with xlsxwriter.Workbook(str(path), {"strings_to_numbers": False}) as workbook:
            for title, rows in sheets.items():
                sheet = workbook.add_worksheet(title)
                for number, row in enumerate(rows):
                    sheet.write_row(number, 0, row)
        return path

    def aliases(self, text: str) -> None:
        """Writes the district's alias file."""
        (self.raw / DISTRICT / "header_aliases.csv").write_text(text, encoding="utf-8")

    def read(self, path: Path, **settings: Any) -> Read:
        """Reads a delivery whole; refusals go to the test."""
        delivery = Delivery(path, path.relative_to(self.raw).as_posix(), DISTRICT, self.year)
        given = Settings(raw=self.raw, **settings)
        source = read_file(delivery, settings=given, hash_secret=b"secret")
        tables = []
        for found in source.tables:
            table = Table(found.head)
            for batch in found.batches:
                table.rows += batch.rows.to_pylist()
                table.totals += batch.totals.to_pylist()
                table.faults += batch.faults.to_pylist()
                table.texts += batch.texts_at(pa.array(range(batch.rows.num_rows), pa.int64())).to_pylist()
                table.passed_over += batch.passed_over.to_pylist()
            tables.append(table)
        return Read(tables, source.skipped)
