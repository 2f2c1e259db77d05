"""What was read of published reports, as a build loads it: three tables of schema ``quality`` for each district-year.

``pipelines.documents.published`` writes them, one folder per district-year with a fingerprint of its contents.
Does not belong here: reading documents, comparing them with computed figures (``sql``).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.contracts.quality_tables import PUBLISHED_DOCUMENT, PUBLISHED_INCONSISTENCY, PUBLISHED_STATEMENT

if TYPE_CHECKING:
    import duckdb

TABLES = (PUBLISHED_DOCUMENT, PUBLISHED_STATEMENT, PUBLISHED_INCONSISTENCY)
FINGERPRINT = "contents.txt"
"""The file that tells what the tables beside it hold; it is written last."""


def documents_fingerprint(directory: Path) -> str:
    """What the tables of every district-year hold: a publication made with others is not current."""
    return " ".join(f"{path.parent.parent.name}/{path.parent.name}={path.read_text()}" for path in _complete(directory))


def load_published_documents(connection: duckdb.DuckDBPyConnection, directory: Path) -> None:
    """Fills ``quality.published_document``, ``_statement`` and ``_inconsistency``, which must exist and be empty."""
    folders = [path.parent for path in _complete(directory)]
    for table in TABLES:
        paths = [str(folder / f"{table.name}.parquet") for folder in folders]
        if paths:
            connection.execute(f"insert into quality.{table.name} by name from read_parquet(?::varchar[])", [paths])


def _complete(directory: Path) -> list[Path]:
    return sorted(directory.glob(f"*/*/{FINGERPRINT}"))
