"""The root of published reports: which files lie there, what was read of each, and the tables that a build loads.

A file is read once for its content and the program's reading; a night in which nothing changed reads nothing. What
cannot be read is told with its document and keeps nothing back.
Does not belong here: how a document is read (``read``), the comparison with computed figures (``sql``).
"""

from __future__ import annotations

import hashlib
import json
import logging
import pickle
import re
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.contracts.model import Kind
from pipelines.documents.accepted import ALIASES, CONFIRMATIONS, Accepted, read_accepted
from pipelines.documents.model import UNIT_FACTORS, DocumentRefused, Figure, Inconsistency, Reading
from pipelines.ingest.deliveries import DistrictYear
from pipelines.ingest.links import leads_out_of
from pipelines.settings import Settings
from pipelines.warehouse.published_documents import FINGERPRINT, TABLES

if TYPE_CHECKING:
    import pyarrow as pa

    from pipelines.contracts.quality_tables import PublishedTable

logger = logging.getLogger(__name__)

READ_SECONDS = 120.0
READ_BYTES = 2 * 1024**3
_MAX_BYTES = 256 * 1024**2
_INDEX = "index.json"
_TITLE_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """A file below ``published/<district>/<year>/``, or a member of an archive there; ``name`` is below the root."""

    district_code: str
    fiscal_year: int
    name: str
    content: bytes

    @property
    def document_id(self) -> str:
        """The hash of the content."""
        return hashlib.sha256(self.content).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What reading a file gave: rows of the three tables without district, year and path; or a refusal."""

    document: dict[str, Any]
    statements: tuple[dict[str, Any], ...] = ()
    inconsistencies: tuple[dict[str, Any], ...] = ()


def update_published(settings: Settings) -> int:
    """Reads what is new below ``settings.published_reports`` and makes the tables of changed district-years again.

    Returns how many files were read. The caller holds the warehouse's lock.
    """
    root, store = settings.published_reports, settings.documents
    found = {folder: _signature(folder) for folder in _folders(root)}
    read = 0
    for folder, signature in found.items():
        kept = store / folder.parent.name / folder.name
        if signature is None or _index(kept).get("signature") == signature:
            continue
        read += _update(root, folder, kept, signature)
    for gone in sorted(store.glob(f"*/*/{FINGERPRINT}")):
        if root / gone.parent.parent.name / gone.parent.name not in found:
            gone.unlink()
            (gone.parent / _INDEX).unlink(missing_ok=True)
    return read


def document_signatures(root: Path) -> dict[DistrictYear, str]:
    """What tells for every district-year with a folder below ``root`` whether its documents changed; cheap to ask."""
    signatures = ((folder, _signature(folder)) for folder in _folders(root))
    return {DistrictYear(folder.parent.name, int(folder.name)): told for folder, told in signatures if told}


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """What became of a published document: its path, why it was not read, and its numbers by what became of them."""

    document_path: str
    refusal: str | None
    refusal_zh: str | None
    numbers_found: int
    numbers_used: int
    numbers_passed_over: int
    numbers_unread: int


def read_documents(settings: Settings, place: DistrictYear) -> list[ReadDocument]:
    """The documents of a district-year as they were read last, in the order of their paths."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - slow to import where nothing is to be read

    path = settings.documents / place.district_code / str(place.fiscal_year) / "published_document.parquet"
    if not path.exists():
        return []
    names = [field.name for field in fields(ReadDocument)]
    return [ReadDocument(**row) for row in pq.read_table(path, columns=names).sort_by("document_path").to_pylist()]


def _folders(root: Path) -> list[Path]:
    if not root.is_dir():
        return []
    return sorted(
        path
        for path in root.glob("*/*")
        if path.is_dir() and re.fullmatch(r"\d{6}", path.parent.name) and re.fullmatch(r"20\d\d", path.name)
    )


def _signature(folder: Path) -> str | None:
    """Names, sizes and times of a folder's files, what the district accepted, and the program's reading.

    None: nobody lets the program look there; what was read before stays. A change of rights is one of its times.
    """
    digest = hashlib.sha256(reading_fingerprint().encode())
    try:
        for path in [*_files(folder), folder.parent / ALIASES, folder.parent / CONFIRMATIONS]:
            if path.is_file():
                told = path.stat()
                digest.update(f"{path.name}\0{told.st_size}\0{told.st_mtime_ns}\0{told.st_ctime_ns}\0".encode())
    except OSError as error:
        logger.warning("published reports could not be looked at: %s", error, extra={"document": str(folder)})
        return None
    return digest.hexdigest()


@cache
def reading_fingerprint() -> str:
    """A hash of the code and the cues that decide what a document says."""
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted([*here.glob("*.py"), *here.glob("figures/*.py"), *here.glob("figures/*.csv")]):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _files(folder: Path) -> list[Path]:
    """The documents of a district-year's folder; a link that leads out of the district's own is none."""
    district, root = folder.parent.name, folder.parent.parent
    found = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith((".", "~$")))
    return sorted(path for path in found if not leads_out_of(path, root, district))


def _index(kept: Path) -> dict[str, Any]:
    try:
        index: dict[str, Any] = json.loads((kept / _INDEX).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return index


def _update(root: Path, folder: Path, kept: Path, signature: str) -> int:
    readings = kept / "readings"
    readings.mkdir(parents=True, exist_ok=True)
    accepted = read_accepted(folder.parent)
    rows: dict[str, list[dict[str, Any]]] = {table.name: [] for table in TABLES}
    wanted: set[str] = set()
    read = 0
    for file in published_files(root, folder):
        cached = readings / f"{file.document_id}-{reading_fingerprint()}.pickle"
        wanted.add(cached.name)
        outcome = _cached(cached)
        if outcome is None:
            outcome = read_apart(file)
            read += 1
            _write(cached, pickle.dumps(outcome))
        for name, found in table_rows(file, outcome, accepted).items():
            rows[name] += found
    for old in readings.iterdir():
        if old.name not in wanted:
            old.unlink()
    _write_tables(kept, rows)
    _write(kept / _INDEX, json.dumps({"signature": signature}).encode())
    return read


def table_rows(file: PublishedFile, outcome: Outcome, accepted: Accepted) -> dict[str, list[dict[str, Any]]]:
    """The rows of each of ``TABLES`` that a file that was read gives."""
    identity = {
        "district_code": file.district_code,
        "fiscal_year": file.fiscal_year,
        "document_id": file.document_id,
        "document_path": file.name,
    }
    document, statements = accepted.apply(file.document_id, outcome.document, outcome.statements)
    rows_of = ([document], statements, outcome.inconsistencies)
    return {table.name: [identity | row for row in rows] for table, rows in zip(TABLES, rows_of, strict=True)}


def published_files(root: Path, folder: Path) -> Iterator[PublishedFile]:
    """The files of a district-year; an archive's members stand for themselves, one level deep."""
    district, year = folder.parent.name, int(folder.name)
    for path in _files(folder):
        name = path.relative_to(root).as_posix()
        if path.suffix.lower() == ".zip":
            yield from _members(path, name, district, year)
        else:
            yield PublishedFile(district, year, name, _content(path))


def _content(path: Path) -> bytes:
    """The bytes of a file; none where it is too large or nobody lets the program read it."""
    try:
        return b"" if path.stat().st_size > _MAX_BYTES else path.read_bytes()
    except OSError as error:
        logger.warning("a published report could not be opened: %s", error, extra={"document": path.name})
        return b""


def _members(path: Path, name: str, district: str, year: int) -> Iterator[PublishedFile]:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise zipfile.BadZipFile("too large")
        with zipfile.ZipFile(path) as package:
            if sum(member.file_size for member in package.infolist()) > _MAX_BYTES:
                raise zipfile.BadZipFile("too large")
            for member in package.infolist():
                if not member.is_dir() and not member.flag_bits & 1:
                    inner = member.filename if member.flag_bits & 0x800 else _chinese(member.filename)
                    yield PublishedFile(district, year, f"{name}/{inner}", package.read(member))
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError):
        yield PublishedFile(district, year, name, b"")


def _chinese(name: str) -> str:
    """A name that Chinese Windows packed in its own code page."""
    try:
        return name.encode("cp437").decode("gb18030")
    except UnicodeError:
        return name


def read_apart(file: PublishedFile) -> Outcome:
    """Reads a file in a process with bounds of memory and time; what dies there is a document that is not read."""
    from pipelines.isolation import Bounds, Workers, WorkFailedError  # noqa: PLC0415 - only where something is new

    try:
        with Workers(Bounds(READ_BYTES, READ_SECONDS), load="pipelines.documents.published:load_readers") as workers:
            return workers.run(read_file, file)
    except (WorkFailedError, OSError) as error:
        logger.warning("a published report could not be read: %s", error, extra={"document": file.name})
        return refused(
            f"it took more than {READ_BYTES // 1024**2} MB or {READ_SECONDS:.0f} s to read, or ended the reader",
            "读取时超出内存或时间限制，或中断了读取程序",
        )


def load_readers() -> None:
    """What every reading process needs."""
    import pipelines.documents.read  # noqa: F401, PLC0415 - loading it is what the process is for


def read_file(file: PublishedFile) -> Outcome:
    """Reads one file here."""
    from pipelines.documents.read import kind_of, read_document, read_figures  # noqa: PLC0415 - a night may read nothing

    if not file.content:
        return refused("an empty, unreadable, damaged or oversized file", "文件为空、无权读取、已损坏或过大")
    try:
        document = read_document(file.name, file.content)
    except DocumentRefused as refusal:
        return refused(f"{refusal.found}; {refusal.remedy}", refusal.remedy_zh)
    reading = read_figures(document, file.fiscal_year)
    begin = "".join(paragraph.text for paragraph in document.paragraphs[:6]) or " ".join(
        cell for table in document.tables[:1] for row in table.rows[:6] for cell in row if cell
    )
    unread = sum(figure.measure is None for figure in reading.figures)
    row = {
        "document_kind": kind_of(document),
        "document_title": begin[:_TITLE_CHARACTERS],
        "page_count": document.pages,
        "pages_without_text": len(document.pages_without_text),
        "document_reader": document.reader,
        "numbers_found": reading.tokens,
        "numbers_used": len(reading.figures) - unread,
        "numbers_passed_over": len(reading.passed_over),
        "numbers_unread": unread,
    }
    statements = tuple(_statement(number, figure) for number, figure in enumerate(reading.figures, 1))
    return Outcome(row, statements, tuple(_inconsistency(reading, one) for one in reading.inconsistencies))


def refused(reason: str, reason_zh: str) -> Outcome:
    """A document that is not read."""
    nothing = dict.fromkeys(("numbers_found", "numbers_used", "numbers_passed_over", "numbers_unread"), 0)
    return Outcome({"document_title": "", "refusal": reason, "refusal_zh": reason_zh} | nothing)


def _statement(number: int, figure: Figure) -> dict[str, Any]:
    place = figure.place
    is_rate = figure.unit == "%"
    return {
        "statement_number": number,
        "page_number": place.page,
        "paragraph_number": place.paragraph,
        "table_number": place.table,
        "table_row": place.row,
        "table_column": place.column,
        "document_section": figure.section,
        "printed_sentence": figure.sentence,
        "printed_subject": figure.subject,
        "published_measure": figure.measure,
        "stated_year": figure.fiscal_year,
        "printed_value": f"{figure.value}{figure.unit}",
        "printed_amount": _within(figure.amount, 16),
        "printed_rate": _within(figure.number / 100, 12) if is_rate else None,
        "printed_half_unit": figure.half_unit / 100 if is_rate else figure.half_unit,
        "statement_status": figure.status,
    }


def _inconsistency(reading: Reading, one: Inconsistency) -> dict[str, Any]:
    first = reading.figures[one.figures[0]]
    factor = UNIT_FACTORS.get(first.unit, Decimal("0.01") if first.unit == "%" else Decimal(1))
    others = [reading.figures[other] for other in one.figures[1:6]]
    return {
        "statement_number": one.figures[0] + 1,
        "inconsistency_kind": one.identity,
        "expected_value": f"{one.expected}{first.unit}",
        "printed_number": one.printed * factor,
        "expected_number": one.expected * factor,
        "is_truncated": one.is_truncated,
        "other_figures": "、".join(f"{other.subject} {other.value}{other.unit}" for other in others),
    }


def _within(value: Decimal | None, digits: int) -> Decimal | None:
    """The value, or None where it is beyond what is stored."""
    return value if value is not None and abs(value) < Decimal(10) ** digits else None


def _cached(path: Path) -> Outcome | None:
    try:
        outcome = pickle.loads(path.read_bytes())  # noqa: S301 - written by this program, in its own store
    except Exception:
        return None
    return outcome if isinstance(outcome, Outcome) else None


def _write_tables(kept: Path, rows: dict[str, list[dict[str, Any]]]) -> None:
    import pyarrow.parquet as pq  # noqa: PLC0415 - slow to import, for nights in which something changed

    digest = hashlib.sha256()
    (kept / FINGERPRINT).unlink(missing_ok=True)
    for table in TABLES:
        settled = settled_table(table, rows[table.name])
        digest.update(repr(settled.to_pylist()).encode())
        pq.write_table(settled, kept / f"{table.name}.parquet")
    _write(kept / FINGERPRINT, digest.hexdigest().encode())


def settled_table(table: PublishedTable, rows: Iterable[dict[str, Any]]) -> pa.Table:
    """Rows of one of ``TABLES`` with its columns, amounts and rates at the decimals that are stored."""
    import pyarrow as pa  # noqa: PLC0415 - slow to import, for nights in which something changed

    from pipelines.contracts.arrow_types import ARROW_TYPES  # noqa: PLC0415 - imports pyarrow

    schema = pa.schema([(column.name, ARROW_TYPES[column.kind]) for column in table.columns])
    places = {column.name: _PLACES[column.kind] for column in table.columns if column.kind in _PLACES}
    return pa.Table.from_pylist([_settled(row, schema.names, places) for row in rows], schema=schema)


_PLACES = {Kind.AMOUNT: 2, Kind.RATIO: 6, Kind.FINDING_VALUE: 6}


def _settled(row: dict[str, Any], names: Iterable[str], places: dict[str, int]) -> dict[str, Any]:
    settled = {}
    for name in names:
        value = row.get(name)
        if isinstance(value, Decimal):
            value = round(value, places.get(name, 6))
        settled[name] = str(value) if isinstance(value, str) else value
    return settled


def _write(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all."""
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(content)
    Path(file.name).replace(path)
