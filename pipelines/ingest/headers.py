"""From the first rows of a table to what it is: header rows, metadata above them, dataset, and a column per header.

A header is a path: the names above each other in one to four header rows, a merged parent counting for every column
below it. It is recognised by the aliases of the contracts (and of the district), compared after folding, first as
the whole path, then by its leaf, then by parent and leaf together.

**Unit of amounts.** A unit in the header (``金额（万元）``) or in the sheet's head (``单位：万元``) applies; two that
differ refuse the file. Where neither does, the name of the sheet or of the file may (``支付明细（万元）.csv``). A plain
table, whose header stands in the first row that holds anything, is in yuan: that is
what the integration system exports. A table with a head (title, 编制单位 …) but without a unit is refused.

Does not belong here: how a cell of the body is read (cells), where the rows come from.
"""

from __future__ import annotations

import calendar
import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from itertools import chain, pairwise

from pipelines.contracts.datasets import DATASETS
from pipelines.contracts.model import Column, Dataset, Kind
from pipelines.contracts.passed_over import passed_over_headers
from pipelines.ingest.cells import UNIT_FACTORS, fold, normalise, parse_amount, parse_name, unit_name
from pipelines.ingest.layouts import Layout
from pipelines.ingest.model import FileRefused
from pipelines.ingest.periods import told_months, told_years, with_year_digits
from pipelines.ingest.personal import name_without_numbers, without_numbers
from pipelines.ingest.unit_words import HEADER_UNIT, unit_alone, unit_in_sentence, unit_of_name

MAX_LEVELS = 4
_LONGEST_HEADER = 300
"""Characters; what is longer is no header."""
_HEADER_NOISE = re.compile(r"[①-⑳]|\(\d{1,2}\)|[*＊]+|\((?:公式|=)[^)]*\)|(?<=.)=.*$")
_DELIMITER_LINE = re.compile(r"sep=.?", re.IGNORECASE)
"""What a spreadsheet writes above a text to tell the delimiter."""
_DEPARTMENT = re.compile(
    r"(?:编制单位|编制部门|填报单位|填报部门|预算单位|预算部门|主管部门|部门名称|单位名称|部门(?:\(单位\))?|单位)(?:\(盖章\))?\s*:\s*(\S.*)"
)
_YEAR_LINE = re.compile(r"(?:预算|财政|会计)?年度\s*:\s*(20\d\d)|^(20\d\d)\s*年度$")
_AS_OF = re.compile(r"截[至止](?:日期|时间)?\s*:?\s*(20\d\d)[年\-/.](\d{1,2})(?:[月\-/.](\d{1,2})?|月)")
_OF_THE_PAPER = re.compile(r"日期|时间|打印|填报|制表|报送|印发")
"""Words beside a date of the paper itself, not of what it tells."""
_DISTRICT = re.compile(r"(?:行政|财政)?区划(?:编码|代码)?\s*:\s*(\d{6,9})")
_CODE_PARTS = ("类", "款", "项")
_GENERIC_LEAVES = frozenset(map(fold, ("金额", "数额", "数", "合计", "小计", "总计", "总额")))
_IMPORTANT = re.compile(
    r"金额|数额|预算数|执行数|决算数|支出|收入|余额|结余|结转|经费|拨款|编码|代码|日期|时间$|"
    r"amount|amt$|_amt|sum$|total|money|code$|date$|budget|expen"
)
_COLUMN_NUMBER = re.compile(r"\(?(\d{1,2}|[a-z]|[甲乙丙丁])\)?(?:=.*)?")
MAX_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the rows above a header say about the table."""

    department_name: str | None = None
    unit_factors: tuple[int, ...] = ()
    years: tuple[int, ...] = ()
    district_code: str | None = None
    as_of_date: date | None = None
    is_titled: bool = False
    months: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a header path means in a dataset.

    ``constants`` are values of other columns that the header states (fund type 一般债券 above 调减金额).
    ``part`` numbers the pieces of a code that is spread over columns (类 0, 款 1, 项 2).
    """

    column: Column
    constants: tuple[tuple[str, str], ...] = ()
    part: int | None = None


@dataclass(frozen=True, slots=True)
class Header:
    """One column of a table: its position, its path as found, and what it was recognised as.

    ``factor`` is the unit written into the header, ``percent`` whether the header says percent.
    """

    index: int
    path: tuple[str, ...]
    meaning: Meaning | None = None
    factor: int | None = None
    percent: bool = False

    @property
    def column(self) -> Column | None:
        """The contract column, if the header was recognised."""
        return self.meaning.column if self.meaning else None

    @property
    def shown(self) -> str:
        """The path as people read it, without numbers that may identify a person."""
        return without_numbers("/".join(self.path))


@dataclass(frozen=True, slots=True)
class Group:
    """The headers of which one line is made; a plain table has one group, a wide one a group per value in its headers.

    ``columns``: column name → headers, the one that counts first; ``constants``: what the headers themselves state.
    """

    constants: tuple[tuple[str, str], ...]
    columns: Mapping[str, tuple[Header, ...]]


@dataclass(frozen=True, slots=True)
class Unit:
    """The yuan in one unit of a table's amounts (None: told by column or by cell), and whether the table states it.

    ``is_assumed``: nothing says so, but a plain table of amounts is in yuan.
    """

    factor: int | None
    is_stated: bool
    is_assumed: bool = False


@dataclass(frozen=True, slots=True)
class Recognised:
    """A recognised table: its dataset, its headers, and the positions (from 0) of its header rows among the sample.

    ``row_totals``: headers of amounts that sum other amounts of their row, with the headers of those. ``title``: the
    folded texts above the header. ``unit_columns``: the positions of columns that name the unit in every row.
    """

    dataset: Dataset
    headers: tuple[Header, ...]
    groups: tuple[Group, ...]
    row_totals: tuple[tuple[Header, tuple[Header, ...]], ...]
    first_row: int
    last_row: int
    metadata: Metadata
    unit: Unit
    title: frozenset[str] = frozenset()
    unit_columns: tuple[int, ...] = ()


def fold_header(text: str) -> tuple[str, int | None, bool]:
    """A header for comparison: folded, without unit and ornament; the unit's yuan and whether it says percent.

    What is longer than any header stays as it is: folding a cell of a whole page costs seconds.
    """
    return _fold_header(text) if len(text) <= _LONGEST_HEADER else (text, None, False)


@lru_cache(maxsize=20_000)
def _fold_header(text: str) -> tuple[str, int | None, bool]:
    folded = fold(text)
    factor: int | None = None
    percent = False
    if match := HEADER_UNIT.search(folded):
        unit = match[match.lastindex or 0]
        if unit in {"%", "百分比"}:
            percent = True
        else:
            factor = UNIT_FACTORS[unit]
        folded = folded[: match.start()] + folded[match.end() :]
    return _HEADER_NOISE.sub("", folded).strip(":、,.") or folded, factor, percent


@lru_cache(maxsize=64)
def header_aliases(layout: Layout) -> HeaderAliases:
    """The header names of a layout, put together once."""
    return HeaderAliases(layout)


class HeaderAliases:
    """The names under which each dataset's columns are delivered: the contracts' and a district's own."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._columns: dict[str, dict[str, Column]] = {}
        self._values: dict[str, dict[str, list[tuple[str, str]]]] = {}
        self._parents: dict[str, frozenset[str]] = {}
        self._passed_over: dict[str, frozenset[str]] = {}
        for dataset in layout.datasets.values():
            aliases = {_fold_path(alias): column for column in dataset.columns for alias in column.headers}
            for column in dataset.columns:
                aliases.setdefault(_fold_path(column.label_zh), column)
                aliases.setdefault(_fold_path(column.name), column)
            # What a district calls a column counts before what the contract calls another one.
            aliases |= {
                _fold_path(alias): column
                for column in dataset.columns
                for alias in column.headers[len(DATASETS[dataset.name][column.name].headers) :]
            }
            passed_over = (*passed_over_headers(dataset), *layout.passed_over.get(dataset.name, ()))
            self._columns[dataset.name] = aliases
            self._values[dataset.name] = _header_values(dataset)
            self._parents[dataset.name] = frozenset(map(_fold_path, dataset.spread_parents)) | _GENERIC_LEAVES
            self._passed_over[dataset.name] = frozenset(map(_fold_path, passed_over))
        self._known = frozenset(chain.from_iterable(self._columns.values()))

    def knows(self, text: str) -> bool:
        """Whether a text is a header of any dataset."""
        return fold_header(text)[0] in self._known

    def one_letter_off(self, name: str) -> str | None:
        """A known header of an amount, code or date that differs from ``name`` in one letter, if there is one."""
        aliases = chain.from_iterable(aliases.items() for aliases in self._columns.values())
        same_length = (
            alias for alias, column in aliases if column.kind is not Kind.TEXT and len(alias) == len(name) >= 3
        )
        return next((alias for alias in same_length if sum(map(str.__ne__, alias, name)) == 1), None)

    def is_passed_over(self, dataset: Dataset, path: Sequence[str]) -> bool:
        """Whether a header is one that is knowingly not read: its path, its leaf, or a column's code above a label."""
        known = self._passed_over[dataset.name]
        names = [fold_header(name)[0] for name in path]
        if any("/".join(names[start:]) in known for start in range(len(names))):
            return True
        return any(name in known and re.fullmatch(r"[a-z0-9_]+", name) for name in names[:-1])

    def is_waived(self, dataset: Dataset, path: Sequence[str]) -> bool:
        """Whether the district itself says that a header is to be passed over, whatever stands below it."""
        own = {_fold_path(name) for name in self.layout.passed_over.get(dataset.name, ())}
        names = [fold_header(name)[0] for name in path]
        return any("/".join(names[start:]) in own for start in range(len(names)))

    def find(self, dataset: Dataset, path: Sequence[str], *, names_twice: bool = True) -> Meaning | None:
        """What a header path means in a dataset.

        ``names_twice``: the lowest row names headers itself, so a column name above a label that nobody knows counts.
        """
        names = [fold_header(name)[0] for name in path]
        aliases = self._columns[dataset.name]
        for start in range(len(names) - 1):
            if column := aliases.get("/".join(names[start:])):
                return Meaning(column)
        if (
            len(names) > 1
            and names[-1] in _CODE_PARTS
            and (whole := self._plain(dataset, names[:-1], names_twice=names_twice))
        ):
            return Meaning(whole, part=_CODE_PARTS.index(names[-1])) if whole.kind is Kind.CODE else None
        values = self._values[dataset.name]
        constants = dict(chain.from_iterable(values[name] for name in names if name in values and name not in aliases))
        rest = [name for name in names if name not in values or name in aliases]
        column = self._plain(dataset, rest, names_twice=names_twice) if rest else None
        is_bare = self._parents[dataset.name].issuperset(rest) and (constants or rest[-1] in _GENERIC_LEAVES)
        if column is None and dataset.spread_amount and is_bare:
            column = dataset[dataset.spread_amount]
        return Meaning(column, tuple(sorted(constants.items()))) if column else None

    def _plain(self, dataset: Dataset, names: Sequence[str], *, names_twice: bool) -> Column | None:
        """The column that a folded path means without any value in it: by leaf, parent and leaf, or parent."""
        aliases = self._columns[dataset.name]
        leaf = names[-1]
        if column := aliases.get(leaf):
            return column
        for parent in reversed(names[:-1]):
            if column := aliases.get(parent + leaf):
                return column
        for parent in reversed(names[:-1]):
            is_code = names_twice and re.fullmatch(r"[a-z0-9_]+", parent)
            if (leaf in _GENERIC_LEAVES or is_code) and (column := aliases.get(parent)):
                return column
        return None


def _header_values(dataset: Dataset) -> dict[str, list[tuple[str, str]]]:
    """Folded header name → columns and values for the values that may stand as headers."""
    values: dict[str, list[tuple[str, str]]] = {}
    for column in dataset.columns:
        for spelling, value in column.codes if column.spreads else ():
            for suffix in ("", "金额", "数", "预算") if not spelling.isascii() else ():
                values.setdefault(fold(spelling + suffix), []).append((column.name, value))
    return values


def _fold_path(alias: str) -> str:
    return "/".join(fold_header(part)[0] for part in alias.split("/"))


def read_metadata(rows: Sequence[Sequence[str]]) -> Metadata:
    """What the rows above a header tell: department, unit, year, district, as-of date."""
    department: str | None = None
    units: list[int] = []
    years: list[int] = []
    district: str | None = None
    as_of: date | None = None
    is_titled = False
    months: tuple[int, int] | None = None
    for row in rows:
        texts = [with_year_digits(normalise(text)) for text in row if text.strip()]
        if len(texts) == 1 and _DELIMITER_LINE.fullmatch(texts[0]):
            continue
        is_titled = is_titled or bool(texts)
        joined = [
            f"{text} {texts[i + 1]}" if text.endswith(":") and i + 1 < len(texts) and ":" not in texts[i + 1] else text
            for i, text in enumerate(texts)
        ]
        for text in (part.strip() for cell in joined for part in re.split(r"\s{2,}|\n", cell)):
            months = months or (None if _OF_THE_PAPER.search(text) else told_months(text))
            unit = unit_in_sentence(text)
            if unit:
                units.append(unit[0])
            match = _DEPARTMENT.match(text)
            if match and fold(match[1]) not in UNIT_FACTORS and not (unit and unit[1][0] < match.start(1) < unit[1][1]):
                department = department or str(parse_name(name_without_numbers(match[1])).value or "") or None
            if match := _DISTRICT.search(text):
                district = match[1]
            if match := _AS_OF.search(text):
                as_of = _as_of(int(match[1]), int(match[2]), match[3])
            elif match := _YEAR_LINE.search(text):
                years.append(int(match[1] or match[2]))
            elif ":" not in text:
                years += told_years(text)
    return Metadata(
        department, tuple(dict.fromkeys(units)), tuple(dict.fromkeys(years)), district, as_of, is_titled, months
    )


def _as_of(year: int, month: int, day: str | None) -> date | None:
    try:
        return date(year, month, int(day) if day else calendar.monthrange(year, month)[1])
    except (ValueError, calendar.IllegalMonthError):
        return None


def recognise(
    rows: Sequence[Sequence[str]],
    aliases: HeaderAliases,
    *,
    sheet: str,
    first_line: int = 1,
    above: Metadata | None = None,
    file_name: str = "",
) -> Recognised | None:
    """Find the header among the first rows of a table and tell the dataset.

    ``rows`` are texts, the first being line ``first_line`` of the sheet; ``above`` is what the sheet's table before
    this one said, and holds for this one where it says nothing itself. None: nothing here looks like a table.
    Raises ``FileRefused``: required headers missing or misspelt, two headers for one column, an unknown header that
    looks like an amount, a code or a date, no unit or two.
    """
    above = above or Metadata()
    candidates = list(_candidates(rows, aliases, has_department=above.department_name is not None))
    complete = [candidate for candidate in candidates if not candidate.missing]
    near = max(candidates, key=lambda candidate: (candidate.recognised, -len(candidate.missing)), default=None)
    if not complete:
        if near is None or near.recognised < 2:
            return None
        raise _missing_headers(rows, near, aliases, sheet=sheet, line=first_line + near.last)
    block = _header_block(rows, min(candidate.last for candidate in complete), aliases)
    best = max((found for found in complete if found.last in block), key=lambda candidate: candidate.score)
    line = first_line + best.last
    lost = next((row for row in range(best.first) if _holds_money(rows[row], aliases.layout)), None)
    if lost is not None:
        missed = [candidate for candidate in candidates if candidate.last < lost] or [best]
        near = max(missed, key=lambda candidate: (candidate.recognised, candidate.score))
        raise _missing_headers(rows, near, aliases, sheet=sheet, line=first_line + near.last)
    rivals = {rival.dataset.name for rival in complete if rival.score == best.score and rival.last == best.last}
    if len(rivals) > 1:
        found = _shown(_paths(rows[best.first : best.last + 1]).values())
        expected = " / ".join(sorted(rivals))
        raise FileRefused("dataset-not-recognised", found=found, expected=expected, sheet=sheet, line=line)
    return _finish(rows, best, aliases, above, sheet=sheet, line=line, file_name=file_name)


def _header_block(rows: Sequence[Sequence[str]], first: int, aliases: HeaderAliases) -> range:
    """The rows that may be one header together: from the first that is one, as long as no data come between."""
    last = first
    while last + 1 < min(len(rows), first + MAX_LEVELS) and _may_be_header(rows[last + 1], aliases):
        last += 1
    return range(first, last + 1)


def _holds_money(row: Sequence[str], layout: Layout) -> bool:
    return any(re.search(r"\d[.,]\d", text) and is_number(text, layout) for text in row)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """Some rows that may be the header of a dataset.

    ``recognised``: how many columns are read. ``score``: the same or, where none is missing, how many headers are
    read or knowingly passed over, how many distinguishing ones, how many rows name headers by themselves (column names
    above labels), how many values of other columns they state, how many rows of parents there are. Of equal candidates
    the first counts.
    """

    recognised: int
    score: tuple[int, int, int, int, int]
    first: int
    last: int
    dataset: Dataset
    missing: tuple[str, ...]


def _candidates(rows: Sequence[Sequence[str]], aliases: HeaderAliases, *, has_department: bool) -> Iterator[_Candidate]:
    names_headers = [_names_headers(row, aliases) for row in rows]
    for last in range(len(rows)):
        if not _may_be_parent(rows[last], aliases):
            continue
        for first in range(last, max(last - MAX_LEVELS, -1), -1):
            if not _may_be_parent(rows[first], aliases):
                break
            if first == last and not _may_be_header(rows[last], aliases):
                continue
            paths = _paths(rows[first : last + 1])
            is_told = has_department or read_metadata(rows[:first]).department_name is not None
            for dataset in aliases.layout.datasets.values():
                found = _map(dataset, paths, aliases, names_twice=names_headers[last])
                meanings = list(found.values())
                mapped = {(meaning.column.name, meaning.constants, meaning.part) for meaning in meanings}
                if mapped:
                    distinguishing = len({name for name, *_ in mapped} & set(dataset.distinguishing))
                    stated = sum(len(constants) for _, constants, _ in mapped)
                    parents = sum(map(_is_parent_row, rows[first:last]))
                    missing = _missing(dataset, meanings, has_department=is_told)
                    known = len(mapped)
                    if not missing:
                        rest = (path for index, path in paths.items() if index not in found)
                        known = len(found) + sum(aliases.is_passed_over(dataset, path) for path in rest)
                    score = (known, distinguishing, sum(names_headers[first : last + 1]), stated, parents)
                    yield _Candidate(len(mapped), score, first, last, dataset, tuple(missing))


def _names_headers(row: Sequence[str], aliases: HeaderAliases) -> bool:
    return sum(map(aliases.knows, filter(str.strip, row))) >= 2


def _may_be_header(row: Sequence[str], aliases: HeaderAliases) -> bool:
    return sum(bool(text.strip()) for text in row) >= 2 and _may_be_parent(row, aliases)


def _may_be_parent(row: Sequence[str], aliases: HeaderAliases) -> bool:
    texts = [text for text in row if text.strip()]
    return bool(texts) and not any(is_number(text, aliases.layout) for text in texts)


def _is_parent_row(row: Sequence[str]) -> bool:
    texts = {text for text in row if text.strip()}
    return len(texts) >= 2 and not any(":" in normalise(text) for text in texts)


def is_number(text: str, layout: Layout) -> bool:
    """Whether a text is an amount, with or without a unit, as the district writes it."""
    if not any(map(str.isdigit, text)):
        return False
    return parse_amount(text, is_stated=False, decimal_comma=layout.decimal_comma).value is not None


def _paths(rows: Sequence[Sequence[str]]) -> dict[int, tuple[str, ...]]:
    """Column position → names from the top header row to the lowest, a parent carried over the blanks to its right."""
    width = max(len(row) for row in rows)
    grid = [[*(text.strip() for text in row), *[""] * (width - len(row))] for row in rows]
    for level in range(len(grid) - 1):
        carried = ""
        for index in range(width):
            below = any(grid[lower][index] for lower in range(level + 1, len(grid)))
            if grid[level][index]:
                carried = grid[level][index]
            elif carried and below and not _starts_own_parent(grid, level, index):
                grid[level][index] = carried
    paths: dict[int, tuple[str, ...]] = {}
    for index in range(width):
        names = [grid[level][index] for level in range(len(grid)) if grid[level][index]]
        if names:
            paths[index] = tuple(name for i, name in enumerate(names) if i == 0 or name != names[i - 1])
    return paths


def _starts_own_parent(grid: Sequence[Sequence[str]], level: int, index: int) -> bool:
    """A blank parent under another grandparent than its left neighbour belongs to nobody."""
    return any(grid[upper][index] != grid[upper][index - 1] for upper in range(level))


def _map(
    dataset: Dataset, paths: Mapping[int, tuple[str, ...]], aliases: HeaderAliases, *, names_twice: bool
) -> dict[int, Meaning]:
    found = {index: aliases.find(dataset, path, names_twice=names_twice) for index, path in paths.items()}
    return {index: meaning for index, meaning in found.items() if meaning}


def _missing(dataset: Dataset, meanings: Iterable[Meaning], *, has_department: bool) -> list[str]:
    """The Chinese labels of headers that the dataset needs and the table lacks."""
    mapped = {meaning.column.name for meaning in meanings}
    mapped |= {name for meaning in meanings for name, _ in meaning.constants}
    missing = [column.label_zh for column in dataset.columns if column.required and column.name not in mapped]
    for group in dataset.one_of:
        told_above = has_department and "department_name" in group
        if not told_above and not mapped & set(group):
            missing.append(" / ".join(dataset[name].label_zh for name in group))
    return missing


def _missing_headers(
    rows: Sequence[Sequence[str]], near: _Candidate, aliases: HeaderAliases, *, sheet: str, line: int
) -> FileRefused:
    dataset = near.dataset
    paths = _paths(rows[near.first : near.last + 1])
    mapped = _map(dataset, paths, aliases, names_twice=_names_headers(rows[near.last], aliases))
    missing = near.missing
    unknown = {fold_header(path[-1])[0]: path[-1] for index, path in paths.items() if index not in mapped}
    hints = []
    for column in dataset.columns:
        if column.label_zh in missing or any(column.label_zh in entry.split(" / ") for entry in missing):
            close_pairs = [
                (alias, close)
                for alias in (column.label_zh, *column.headers)
                for close in difflib.get_close_matches(fold(alias), unknown, 1, 0.6)
            ]
            if close_pairs:
                hints.append((unknown[close_pairs[0][1]], close_pairs[0][0]))
    return FileRefused(
        "header-missing",
        found=_shown(paths.values()),
        expected=f"{'、'.join(missing)} ({dataset.name} {dataset.label_zh})",
        sheet=sheet,
        line=line,
        remedy=" ".join(f"Is {found} meant to be {alias}?" for found, alias in hints)
        or "Rename the header, or add it to header_aliases.csv of the district.",
        remedy_zh="".join(f"“{found}”是否应为“{alias}”？" for found, alias in hints)
        or "请更正表头，或在本区 header_aliases.csv 中登记。",
    )


def _shown(paths: Iterable[tuple[str, ...]]) -> str:
    names = [without_numbers("/".join(path).replace("\n", "")) for path in paths]
    return "、".join(names[:MAX_SHOWN]) + (" …" if len(names) > MAX_SHOWN else "")


def _finish(
    rows: Sequence[Sequence[str]],
    chosen: _Candidate,
    aliases: HeaderAliases,
    above: Metadata,
    *,
    sheet: str,
    line: int,
    file_name: str,
) -> Recognised:
    first, last, dataset = chosen.first, chosen.last, chosen.dataset
    paths = _paths(rows[first : last + 1])
    mapped = _map(dataset, paths, aliases, names_twice=_names_headers(rows[last], aliases))
    body_start = last + 1
    if body_start < len(rows) and _is_column_numbers(rows[body_start]):
        body_start += 1
    in_header = [factor for name in rows[last] if (factor := _unit_in_header_cell(name))]
    unit_columns = tuple(index for index in paths if _names_units(rows[body_start:], index))
    headers = []
    for index, path in paths.items():
        if index in unit_columns or _unit_in_header_cell(path[-1]):
            continue
        factors = {factor for name in path if (factor := fold_header(name)[1]) is not None}
        if len(factors) > 1:
            raise FileRefused("unit-conflict-in-sheet", found="/".join(path), sheet=sheet, line=line)
        headers.append(
            Header(
                index,
                tuple(" ".join(name.split()) for name in path),
                mapped.get(index),
                factors.pop() if factors else None,
                any(fold_header(name)[2] for name in path),
            )
        )
    _refuse_two_for_one(headers, rows[body_start:], sheet=sheet, line=line)
    _refuse_side_by_side(headers, rows[body_start:], sheet=sheet, line=line)
    _refuse_important_unknown(dataset, headers, rows[body_start:], aliases, sheet=sheet, line=line)
    row_totals = _row_totals(headers)
    groups = _groups(dataset, headers, {total.index for total, _ in row_totals}, sheet=sheet, line=line)
    metadata = _inherited(read_metadata(rows[:first]), above)
    in_rows = [unit_alone(row[index]) for index in unit_columns for row in rows[body_start:] if row[index : index + 1]]
    told = dict.fromkeys((*metadata.unit_factors, *in_header, *filter(None, in_rows)))
    metadata = replace(metadata, unit_factors=tuple(told))
    unit = _unit(headers, metadata, aliases.layout, rows[body_start:], sheet=sheet, line=line, file_name=file_name)
    title = frozenset(fold(text) for row in rows[:first] for text in row if text.strip())
    return Recognised(
        dataset, tuple(headers), groups, row_totals, first, body_start - 1, metadata, unit, title, unit_columns
    )


def _unit_in_header_cell(text: str) -> int | None:
    """The unit that a cell among the headers names like a line above them (单位：万元), not as one of several rows."""
    return unit_alone(text) if ":" in normalise(text) else None


def _names_units(body: Sequence[Sequence[str]], index: int) -> bool:
    """Whether a column holds the unit of its row and nothing else."""
    texts = [row[index] for row in body if index < len(row) and row[index].strip()]
    return bool(texts) and all(unit_alone(text) for text in texts)


def _row_totals(headers: Sequence[Header]) -> tuple[tuple[Header, tuple[Header, ...]], ...]:
    """Amounts that state fewer constants than others of their column: sums of those below the same parent."""
    amounts = [header for header in headers if header.column and header.column.kind is Kind.AMOUNT]
    found = []
    for total in amounts:
        parts = [part for part in amounts if _is_part(part, total)]
        if parts:
            siblings = [part for part in parts if part.path[: len(total.path) - 1] == total.path[:-1]]
            leaves = [part for part in siblings or parts if not any(_is_part(other, part) for other in parts)]
            found.append((total, tuple(leaves)))
    return tuple(found)


def _is_part(part: Header, total: Header) -> bool:
    if not part.meaning or not total.meaning or part.column is not total.column:
        return False
    return set(total.meaning.constants) < set(part.meaning.constants)


def _groups(
    dataset: Dataset, headers: Sequence[Header], totals: set[int], *, sheet: str, line: int
) -> tuple[Group, ...]:
    meant = [header for header in headers if header.meaning and header.index not in totals]
    amounts = [header for header in meant if header.column and header.column.kind is Kind.AMOUNT]
    keys = list(dict.fromkeys(header.meaning.constants for header in amounts if header.meaning)) or [()]
    if len(keys) > 1 and () in keys:
        raise FileRefused(
            "header-ambiguous",
            found="、".join(header.shown for header in amounts),
            sheet=sheet,
            line=line,
            remedy="Some amounts are split by fund type or kind, others are not: deliver them as separate tables.",
            remedy_zh="部分金额按资金性质或类型分列，部分未分列，请分表报送。",
        )
    groups = []
    for constants in keys:
        columns: dict[str, list[Header]] = {}
        for header in meant:
            if header.meaning and header.column and set(header.meaning.constants) <= set(constants):
                columns.setdefault(header.column.name, []).append(header)
        ordered = {name: _in_order(dataset[name], found) for name, found in columns.items()}
        groups.append(Group(constants, ordered))
    return tuple(groups)


def _in_order(column: Column, headers: Sequence[Header]) -> tuple[Header, ...]:
    order = [fold(alias) for alias in column.headers]

    def rank(header: Header) -> tuple[int, int]:
        names = [fold_header(name)[0] for name in reversed(header.path)]
        known = [order.index(name) for name in names if name in order]
        part = header.meaning.part if header.meaning and header.meaning.part is not None else 0
        return (known[0] if known else len(order), part)

    return tuple(sorted(headers, key=rank))


def _inherited(own: Metadata, above: Metadata) -> Metadata:
    return Metadata(
        own.department_name or above.department_name,
        own.unit_factors or above.unit_factors,
        own.years or above.years,
        own.district_code or above.district_code,
        own.as_of_date or above.as_of_date,
        own.is_titled or above.is_titled,
        own.months or above.months,
    )


def _is_column_numbers(row: Sequence[str]) -> bool:
    """Whether the row only numbers the columns (栏次 1 2 3, or (1) (2) (3)=(1)+(2))."""
    texts = [fold(text) for text in row if text.strip()]
    numbers = [int(match[1]) for text in texts if (match := _COLUMN_NUMBER.fullmatch(text)) and match[1].isdigit()]
    if texts and texts[0] in {"栏次", "行次"}:
        return True
    return (
        len(numbers) >= 3
        and numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        and all(_COLUMN_NUMBER.fullmatch(text) for text in texts)
        and numbers[0] <= 1
    )


def _refuse_two_for_one(headers: Sequence[Header], body: Sequence[Sequence[str]], *, sheet: str, line: int) -> None:
    by_meaning: dict[tuple[object, ...], list[Header]] = {}
    for header in headers:
        if header.meaning and header.column:
            generic = header.column.kind is Kind.AMOUNT and fold_header(header.path[-1])[0] in _GENERIC_LEAVES
            key = (header.column.name, header.meaning.constants, header.meaning.part, header.path if generic else None)
            by_meaning.setdefault(key, []).append(header)
    for found in by_meaning.values():
        column = found[0].column
        paths: dict[tuple[str, ...], list[Header]] = {}
        for header in found:
            paths.setdefault(tuple(fold_header(name)[0] for name in header.path), []).append(header)
        may_share = column and (
            column.alternatives or column.codes or (found[0].meaning and found[0].meaning.constants)
        )
        if len(found) > 1 and not (may_share and all(_say_the_same(named, body) for named in paths.values())):
            raise FileRefused(
                "header-ambiguous", found="、".join(header.shown for header in found), sheet=sheet, line=line
            )


def _refuse_side_by_side(headers: Sequence[Header], body: Sequence[Sequence[str]], *, sheet: str, line: int) -> None:
    """Refuses two tables side by side: both name departments (or projects) before amounts of their own."""
    amounts = [header.index for header in headers if header.column and header.column.kind is Kind.AMOUNT]
    owners: dict[str, list[Header]] = {}
    for header in headers:
        if header.column and (header.column.is_name or header.column.name_column):
            owners.setdefault(header.column.name_column or header.column.name, []).append(header)
    for named in owners.values():
        for left, right in pairwise(named):
            between = any(left.index < index < right.index for index in amounts)
            if between and any(index > right.index for index in amounts) and not _say_the_same((left, right), body):
                raise FileRefused(
                    "tables-side-by-side",
                    found=left.shown,
                    expected=right.shown,
                    sheet=sheet,
                    line=line,
                    remedy="Deliver the two tables below each other or on sheets of their own.",
                    remedy_zh="请将左右两表上下排列，或分放于不同工作表。",
                )


def _say_the_same(headers: Sequence[Header], body: Sequence[Sequence[str]]) -> bool:
    """Whether no row has different cells below these headers of one name, as far as the first rows tell."""
    if len(headers) == 1:
        return True
    cells = ([row[header.index].strip() for header in headers if header.index < len(row)] for row in body)
    return bool(body) and all(len({cell for cell in row if cell}) <= 1 for row in cells)


def _refuse_important_unknown(
    dataset: Dataset,
    headers: Sequence[Header],
    body: Sequence[Sequence[str]],
    aliases: HeaderAliases,
    *,
    sheet: str,
    line: int,
) -> None:
    unknown = []
    for header in headers:
        if header.meaning or aliases.is_passed_over(dataset, header.path):
            continue
        content = [row[header.index] for row in body if header.index < len(row) and row[header.index].strip()]
        name = fold_header(header.path[-1])[0]
        is_numeric = bool(content) and all(is_number(text, aliases.layout) for text in content)
        close = aliases.one_letter_off(name) if is_numeric else None
        if close or _IMPORTANT.search(name) or _looks_like_amounts(content, aliases.layout):
            unknown.append(header.shown + (f" (= {close}?)" if close else ""))
    if unknown:
        raise FileRefused(
            "header-not-mapped",
            found="、".join(unknown),
            sheet=sheet,
            line=line,
            remedy="Map them in header_aliases.csv of the district (column '-' passes a header over).",
            remedy_zh="请在本区 header_aliases.csv 中登记（column 填“-”表示略过该表头）。",
        )


def _looks_like_amounts(content: Sequence[str], layout: Layout) -> bool:
    amounts = [text for text in content if re.search(r"[.,]\d|\d{4}", text) and is_number(text, layout)]
    return len(amounts) >= max(2, len(content) / 2)


def _unit(
    headers: Sequence[Header],
    metadata: Metadata,
    layout: Layout,
    body: Sequence[Sequence[str]],
    *,
    sheet: str,
    line: int,
    file_name: str,
) -> Unit:
    """The unit of a table: from its head, headers, names, the district's layout, its cells, or yuan if it is plain."""
    amounts = [header for header in headers if header.column and header.column.kind is Kind.AMOUNT]
    in_headers = {header.factor for header in amounts}
    stated = {*metadata.unit_factors, *(factor for factor in in_headers if factor)}
    if len(metadata.unit_factors) > 1 or (metadata.unit_factors and len(stated) > 1):
        names = "、".join(unit_name(factor) for factor in sorted(stated))
        raise FileRefused("unit-conflict-in-sheet", found=names, sheet=sheet, line=line)
    if metadata.unit_factors:
        return Unit(metadata.unit_factors[0], is_stated=True)
    if not amounts:
        return Unit(1, is_stated=False)
    if stated and None not in in_headers:
        return Unit(stated.pop() if len(stated) == 1 else None, is_stated=True)
    named = next(filter(None, map(unit_of_name, (*reversed(sheet.split("!")), file_name))), None)
    if not stated and (named or layout.unit_factor):
        return Unit(named or layout.unit_factor, is_stated=named is not None)
    if not stated and not metadata.is_titled:
        return Unit(1, is_stated=False, is_assumed=True)
    if not stated and _all_have_units(amounts, body):
        return Unit(None, is_stated=False)
    raise FileRefused(
        "unit-not-known",
        sheet=sheet,
        line=line,
        remedy="Write 单位：元 or 单位：万元 above the header, or the unit into each amount's header.",
        remedy_zh="请在表头上方注明“单位：元”或“单位：万元”。",
    )


def _all_have_units(amounts: Sequence[Header], body: Sequence[Sequence[str]]) -> bool:
    cells = [row[header.index] for header in amounts for row in body if header.index < len(row)]
    readings = [parse_amount(text, None) for text in cells if parse_amount(text, is_stated=False).value]
    return bool(readings) and all(reading.value is not None for reading in readings)
