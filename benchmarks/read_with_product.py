"""Reads one delivered file as a night does and tells what that took.

    python -m benchmarks.read_with_product RAW FILE RESULT [--first FILE]

Typed and validated rows with source lines and faults; nothing is stored. RESULT as ``benchmarks.reading`` says.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.reading import report_reading
from pipelines.ingest.model import Delivery
from pipelines.ingest.read import read_file
from pipelines.quality.validate import Validator
from pipelines.settings import Settings


def read(raw: Path, file: Path) -> int:
    """Rows accepted and rejected of a delivery."""
    place = file.relative_to(raw)
    delivery = Delivery(file, place.as_posix(), place.parts[0], int(place.parts[1]))
    rows = 0
    for table in read_file(delivery, settings=Settings(raw=raw), hash_secret=b"benchmark").tables:
        validator = Validator(table.head.dataset)
        for batch in table.batches:
            validated = validator.validate(batch)
            rows += validated.accepted.num_rows + validated.rejected.num_rows
        validator.close()
    return rows


if __name__ == "__main__":
    report_reading(read)
