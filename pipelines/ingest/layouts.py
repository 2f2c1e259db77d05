"""A district's own layout: header aliases, spellings of codes, and how its files are written, from one CSV file.

``raw/<district>/header_aliases.csv`` has the columns ``dataset,column,header`` and, where needed, ``value`` and
``fiscal_year``. A row adds a header to a column of a dataset (``*``: of every dataset that has the column); with a
``value`` it adds a spelling of that code instead. The column ``-`` passes a header over. Rows of the dataset ``layout``
are options: see ``OPTIONS``. Does not belong here: what the contracts already know.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from pipelines.contracts.datasets import DATASETS
from pipelines.contracts.model import Column, Dataset
from pipelines.ingest.cells import UNIT_FACTORS, DateOrder, fold
from pipelines.ingest.delimited import decoded_text
from pipelines.ingest.links import leads_out_of
from pipelines.ingest.model import FileRefused
from pipelines.ingest.opening import small_file

ALIAS_FILE = "header_aliases.csv"
_MAX_BYTES = 2 * 1024**2
OPTIONS: Mapping[str, str] = {
    "decimal_sign": "'.' (default) or ','",
    "date_order": "ymd (default), dmy or mdy",
    "unit": "the unit of amounts where a file names none: 元, 千元, 万元 …",
    "skip_sheet": "the name of a sheet that holds nothing to read; may be repeated",
    "total_word": "a word that marks total rows beside 合计, 小计, Total …; may be repeated",
}
"""The options of a layout and what they may be."""


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """How a district delivers: the contracts with its headers and spellings, and its options.

    ``passed_over``: dataset → headers that are knowingly not read.
    """

    datasets: Mapping[str, Dataset] = field(default_factory=lambda: DATASETS)
    passed_over: Mapping[str, frozenset[str]] = field(default_factory=dict)
    decimal_comma: bool = False
    date_order: DateOrder = DateOrder.YMD
    unit_factor: int | None = None
    skipped_sheets: frozenset[str] = frozenset()
    total_words: frozenset[str] = frozenset()


_PLAIN = Layout()
_LONGEST_ENTRY = 1_000
"""Characters of a header, a value or an option, far beyond any that was seen."""


@dataclass(frozen=True, slots=True)
class _Entry:
    line: int
    dataset: str
    column: str
    header: str
    value: str


def alias_file(raw: Path, district_code: str) -> bytes | None:
    """The bytes of a district's alias file, None where it has none; raises ``FileRefused`` as ``read_layout`` does."""
    path = raw / district_code / ALIAS_FILE
    name = f"{district_code}/{ALIAS_FILE}"
    try:
        if leads_out_of(path, raw, district_code):
            raise FileRefused("file-outside-raw", found=name)
        return small_file(path, at_most=_MAX_BYTES)
    except OSError as error:
        # A link that leads to nothing is no file, and must not be taken for none.
        if isinstance(error, FileNotFoundError) and not path.is_symlink():
            return None
        raise FileRefused(
            "file-not-readable",
            found=f"{name}: {error.strerror or error}",
            remedy="Let the run read it.",
            remedy_zh="请授予读取权限。",
        ) from error


def read_layout(raw: Path, district_code: str, fiscal_year: int) -> Layout:
    """The layout of a district in a year; the plain one where it has no alias file.

    Raises ``FileRefused`` where the alias file names a dataset, column, code or option that does not exist, cannot be
    read, or is a link that leads out of ``raw``.
    """
    content = alias_file(raw, district_code)
    if content is None:
        return _PLAIN
    name = f"{district_code}/{ALIAS_FILE}"
    try:
        text = decoded_text(content)
    except UnicodeDecodeError:
        raise FileRefused("encoding-not-known", found=name, remedy="Save it as CSV again.") from None
    return _parse(text, fiscal_year, name)


@lru_cache(maxsize=64)
def _parse(text: str, fiscal_year: int, name: str) -> Layout:
    entries = list(_entries(text, fiscal_year, name))
    further: dict[tuple[str, str], list[_Entry]] = {}
    passed_over: dict[str, set[str]] = {}
    for entry in entries:
        for dataset in _datasets(entry, name):
            if entry.column == "-":
                passed_over.setdefault(dataset.name, set()).add(entry.header)
            else:
                further.setdefault((dataset.name, entry.column), []).append(entry)
    _refuse_two_meanings(further, name)
    columns = {key: _extended(DATASETS[key[0]][key[1]], added, name) for key, added in further.items()}
    datasets = {
        dataset.name: replace(
            dataset, columns=tuple(columns.get((dataset.name, column.name), column) for column in dataset.columns)
        )
        for dataset in DATASETS.values()
    }
    options = [entry for entry in entries if entry.dataset == "layout"]
    return replace(
        _with_options(Layout(datasets), options, name),
        passed_over={dataset: frozenset(headers) for dataset, headers in passed_over.items()},
    )


def _entries(text: str, fiscal_year: int, name: str) -> Iterator[_Entry]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        yield from _entries_of(reader, fiscal_year, name)
    except csv.Error as error:
        # A cell of a length that no header has, or a quotation mark that is never closed.
        raise _wrong(name, reader.line_num, f"it is no CSV there ({error}); is a quote not closed?") from None


def _entries_of(reader: csv.DictReader[str], fiscal_year: int, name: str) -> Iterator[_Entry]:
    if missing := {"dataset", "column", "header"} - set(reader.fieldnames or ()):
        raise _wrong(name, 1, f"it lacks the columns {', '.join(sorted(missing))}")
    for row in reader:
        year = (row.get("fiscal_year") or "").strip()
        cells = [(row.get(key) or "").strip() for key in ("dataset", "column", "header", "value")]
        if any(cells) and (not year or year == str(fiscal_year)):
            if (longest := max(map(len, cells))) > _LONGEST_ENTRY:
                raise _wrong(name, reader.line_num, f"{longest:,} characters in one cell, at most {_LONGEST_ENTRY:,}")
            yield _Entry(reader.line_num, *cells)


def _datasets(entry: _Entry, name: str) -> list[Dataset]:
    if entry.dataset == "layout":
        return []
    chosen = list(DATASETS.values()) if entry.dataset == "*" else [DATASETS.get(entry.dataset)]
    known = [dataset for dataset in chosen if dataset and (entry.column == "-" or _has(dataset, entry.column))]
    if not known:
        names = ", ".join(DATASETS)
        raise _wrong(
            name, entry.line, f"no dataset {entry.dataset!r} with a column {entry.column!r}; datasets: {names}"
        )
    if not entry.header:
        raise _wrong(name, entry.line, "it has no header")
    return known


def _refuse_two_meanings(further: Mapping[tuple[str, str], Sequence[_Entry]], name: str) -> None:
    """Refuses a header that is called two columns of one dataset: which of them it is nobody could tell."""
    meant: dict[tuple[str, str], tuple[str, int]] = {}
    for (dataset, column), entries in further.items():
        for entry in entries:
            if not entry.value:
                other, line = meant.setdefault((dataset, fold(entry.header)), (column, entry.line))
                if other != column:
                    told = f"{entry.header!r} is {column} here and {other} in line {line}"
                    raise _wrong(name, entry.line, f"{told} (dataset {dataset})")


def _has(dataset: Dataset, column: str) -> bool:
    return any(definition.name == column for definition in dataset.columns)


def _extended(column: Column, entries: list[_Entry], name: str) -> Column:
    """A column with the headers and spellings of a district behind the contract's own."""
    headers = [entry.header for entry in entries if not entry.value]
    stored = {fold(spelling): value for spelling, value in column.codes}
    codes = []
    for entry in entries:
        if not entry.value:
            continue
        if fold(entry.value) not in stored:
            raise _wrong(name, entry.line, f"{entry.value!r} is no value of {column.name}: {', '.join(sorted(stored))}")
        codes.append((entry.header, stored[fold(entry.value)]))
    return column.but(headers=(*column.headers, *headers), codes=(*column.codes, *codes))


def _with_options(layout: Layout, options: list[_Entry], name: str) -> Layout:
    for entry in options:
        try:
            match entry.column:
                case "decimal_sign":
                    layout = replace(layout, decimal_comma={".": False, ",": True}[entry.header])
                case "date_order":
                    layout = replace(layout, date_order=DateOrder(entry.header.lower()))
                case "unit":
                    layout = replace(layout, unit_factor=UNIT_FACTORS[fold(entry.header)])
                case "skip_sheet":
                    layout = replace(layout, skipped_sheets=layout.skipped_sheets | {entry.header})
                case "total_word":
                    layout = replace(layout, total_words=layout.total_words | {fold(entry.header)})
                case _:
                    raise KeyError(entry.column)
        except (KeyError, ValueError):
            allowed = "; ".join(f"{option}: {meaning}" for option, meaning in OPTIONS.items())
            raise _wrong(name, entry.line, f"option {entry.column!r} cannot be {entry.header!r} ({allowed})") from None
    return layout


def _wrong(name: str, line: int, reason: str) -> FileRefused:
    return FileRefused(
        "alias-file-wrong",
        found=f"{name}, line {line}: {reason}",
        line=line,
        remedy="Correct the alias file; nothing of the district is read until then.",
        remedy_zh="请更正别名文件，更正前不读取该区文件。",
    )
