"""From the first rows of a table to what it is: header rows, metadata above them, dataset, and a column per header.

A header is a path: the names above each other in one to four header rows, a merged parent counting for every column
below it. It is recognised by the aliases of the contracts (and of the district), compared after folding, first as
the whole path, then by its leaf, then by parent and leaf together.

**Unit of amounts.** A unit in the header (``金额（万元）``) or in the sheet's head (``单位：万元``) applies; two that
differ refuse the file. A plain table, whose header stands in the first row that holds anything, is in yuan: that is
what the integration system exports. A table with a head (title, 编制单位 …) but without a unit is refused.

Does not belong here: how a cell of the body is read (cells), where the rows come from.
"""

from __future__ import annotations

import calendar
import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

from pipelines.contracts.datasets import DATASETS
from pipelines.contracts.model import Column, Dataset, Kind
from pipelines.contracts.passed_over import passed_over_headers
from pipelines.ingest.cells import UNIT_FACTORS, fold, normalise, parse_amount, parse_text, unit_name
from pipelines.ingest.model import FileRefused

MAX_LEVELS = 4
_UNITS = "|".join(sorted(map(re.escape, UNIT_FACTORS), key=len, reverse=True))
_HEADER_UNIT = re.compile(rf"[(\[【](?:(?:金额)?单位:?|金额:)?({_UNITS}|%|百分比)[)\]】]|(?<=\w)[,:]?(万元)$")
_HEADER_NOISE = re.compile(r"[①-⑳]|\(\d{1,2}\)|[*＊]+|\((?:公式|=)[^)]*\)|(?<=.)=.*$")
_SHEET_UNIT = re.compile(
    rf"(?:^|金额|计量|货币|[^制报位算名])单位\s*:\s*({_UNITS})|\((?:单位\s*:\s*)?({_UNITS})\)", re.IGNORECASE
)
_DEPARTMENT = re.compile(
    r"(?:编制单位|编制部门|填报单位|填报部门|预算单位|预算部门|主管部门|部门名称|单位名称|部门(?:\(单位\))?|单位)(?:\(盖章\))?\s*:\s*(\S.*)"
)
_YEAR_LINE = re.compile(r"(?:预算|财政|会计)?年度\s*:\s*(20\d\d)|^(20\d\d)\s*年度$")
_TITLE_YEAR = re.compile(r"(?<!\d)(20\d\d)\s*年(?!\s*\d{1,2}\s*月\s*\d{1,2}\s*日)")
_AS_OF = re.compile(r"截[至止](?:日期|时间)?\s*:?\s*(20\d\d)[年\-/.](\d{1,2})(?:[月\-/.](\d{1,2})?|月)")
_DISTRICT = re.compile(r"(?:行政|财政)?区划(?:编码|代码)?\s*:\s*(\d{6,9})")
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


@dataclass(frozen=True, slots=True)
class Header:
    """One column of a table: its position, its path as found, and what it was recognised as.

    ``factor`` is the unit written into the header, ``percent`` whether the header says percent.
    """

    index: int
    path: tuple[str, ...]
    column: Column | None = None
    factor: int | None = None
    percent: bool = False

    @property
    def shown(self) -> str:
        """The path as people read it."""
        return "/".join(self.path)


@dataclass(frozen=True, slots=True)
class Recognised:
    """A recognised table: its dataset, its headers, and the positions (from 0) of its header rows among the sample."""

    dataset: Dataset
    headers: tuple[Header, ...]
    first_row: int
    last_row: int
    metadata: Metadata
    unit_factor: int | None

    def headers_of(self, column: str) -> tuple[Header, ...]:
        """The headers of a contract column, the one that counts first."""
        found = [header for header in self.headers if header.column and header.column.name == column]
        order = [fold(alias) for alias in self.dataset[column].headers]
        return tuple(sorted(found, key=lambda header: _rank(header, order)))


def _rank(header: Header, order: Sequence[str]) -> int:
    leaf = fold_header(header.path[-1])[0]
    return order.index(leaf) if leaf in order else len(order)


def fold_header(text: str) -> tuple[str, int | None, bool]:
    """A header for comparison: folded, without unit and ornament; the unit's yuan and whether it says percent."""
    folded = fold(text)
    factor: int | None = None
    percent = False
    if match := _HEADER_UNIT.search(folded):
        unit = match[1] or match[2]
        if unit in {"%", "百分比"}:
            percent = True
        else:
            factor = UNIT_FACTORS[unit]
        folded = folded[: match.start()] + folded[match.end() :]
    return _HEADER_NOISE.sub("", folded).strip(":、,.") or folded, factor, percent


class HeaderAliases:
    """The names under which each dataset's columns are delivered: the contracts' and a district's own."""

    def __init__(self, extra: Sequence[tuple[str, str, str]] = ()) -> None:
        """``extra``: dataset, column, header (a path may be written with ``/``)."""
        self._by_dataset: dict[str, dict[str, Column]] = {}
        for dataset in DATASETS.values():
            aliases = {_fold_path(alias): column for column in dataset.columns for alias in column.headers}
            for column in dataset.columns:
                aliases.setdefault(_fold_path(column.label_zh), column)
                aliases.setdefault(_fold_path(column.name), column)
            self._by_dataset[dataset.name] = aliases
        for dataset_name, column_name, header in extra:
            self._by_dataset[dataset_name][_fold_path(header)] = DATASETS[dataset_name][column_name]

    def datasets(self) -> Mapping[str, Mapping[str, Column]]:
        """Folded header path → column, by dataset."""
        return self._by_dataset

    def find(self, dataset: str, path: Sequence[str]) -> Column | None:
        """The column that a folded header path means in a dataset."""
        aliases = self._by_dataset[dataset]
        for start in range(len(path)):
            if column := aliases.get("/".join(path[start:])):
                return column
        leaf = path[-1]
        for parent in reversed(path[:-1]):
            if column := aliases.get(parent + leaf):
                return column
        for parent in reversed(path[:-1]):
            if (leaf in _GENERIC_LEAVES or re.fullmatch(r"[a-z0-9_]+", parent)) and (column := aliases.get(parent)):
                return column
        return None


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
    for row in rows:
        texts = [normalise(text) for text in row if text.strip()]
        is_titled = is_titled or bool(texts)
        joined = [
            f"{text} {texts[i + 1]}" if text.endswith(":") and i + 1 < len(texts) and ":" not in texts[i + 1] else text
            for i, text in enumerate(texts)
        ]
        for text in (part.strip() for cell in joined for part in re.split(r"\s{2,}|\n", cell)):
            unit = _SHEET_UNIT.search(text)
            if unit:
                units.append(UNIT_FACTORS[(unit[1] or unit[2]).casefold()])
            if (match := _DEPARTMENT.match(text)) and fold(match[1]) not in UNIT_FACTORS:
                department = department or str(parse_text(match[1]).value or "") or None
            if match := _DISTRICT.search(text):
                district = match[1]
            if match := _AS_OF.search(text):
                as_of = _as_of(int(match[1]), int(match[2]), match[3])
            elif match := _YEAR_LINE.search(text):
                years.append(int(match[1] or match[2]))
            elif ":" not in text:
                years += [int(year) for year in _TITLE_YEAR.findall(text)]
    return Metadata(department, tuple(dict.fromkeys(units)), tuple(dict.fromkeys(years)), district, as_of, is_titled)


def _as_of(year: int, month: int, day: str | None) -> date | None:
    try:
        return date(year, month, int(day) if day else calendar.monthrange(year, month)[1])
    except (ValueError, calendar.IllegalMonthError):
        return None


def recognise(
    rows: Sequence[Sequence[str]], aliases: HeaderAliases, *, sheet: str, first_line: int = 1
) -> Recognised | None:
    """Find the header among the first rows of a table and tell the dataset.

    ``rows`` are texts, the first being line ``first_line`` of the sheet. None: nothing here looks like a table.
    Raises ``FileRefused``: required headers missing or misspelt, two headers for one column, an unknown header that
    looks like an amount, a code or a date, no unit or two.
    """
    best: tuple[tuple[int, int], int, int, Dataset] | None = None
    near: tuple[int, int, int, Dataset] | None = None
    rivals: set[str] = set()
    for last in range(len(rows)):
        if not _may_be_header(rows[last]):
            continue
        for levels in range(1, min(MAX_LEVELS, last + 1) + 1):
            first = last - levels + 1
            if levels > 1 and not _may_be_parent(rows[first]):
                break
            paths = _paths(rows[first : last + 1])
            has_department = read_metadata(rows[:first]).department_name is not None
            for dataset in DATASETS.values():
                mapped = {column.name for column in _map(dataset, paths, aliases).values()}
                if not mapped:
                    continue
                missing = _missing(dataset, mapped, has_department=has_department)
                if missing:
                    if near is None or (len(mapped), -len(missing)) > (
                        near[0],
                        -len(_missing(near[3], set(), has_department=False)),
                    ):
                        near = (len(mapped), first, last, dataset)
                    continue
                score = (len(mapped), len(mapped & set(dataset.distinguishing)))
                if best is None or score > best[0] or (score == best[0] and last == best[2] + 1 and levels == 1):
                    best, rivals = (score, first, last, dataset), set()
                elif score == best[0] and (first, last) == best[1:3] and dataset is not best[3]:
                    rivals.add(dataset.name)
    if best is None:
        if near is None or near[0] < 2:
            return None
        raise _missing_headers(rows, near[1], near[2], near[3], aliases, sheet=sheet, line=first_line + near[2])
    _, first, last, dataset = best
    line = first_line + last
    if rivals:
        raise FileRefused(
            "dataset-not-recognised",
            found=_shown(_paths(rows[first : last + 1]).values()),
            expected="/".join(sorted({dataset.name, *rivals})),
            sheet=sheet,
            line=line,
        )
    return _finish(rows, first, last, dataset, aliases, sheet=sheet, line=line)


def _may_be_header(row: Sequence[str]) -> bool:
    texts = [text for text in row if text.strip()]
    return len(texts) >= 2 and not any(_is_number(text) for text in texts)


def _may_be_parent(row: Sequence[str]) -> bool:
    texts = [text for text in row if text.strip()]
    return bool(texts) and not any(_is_number(text) for text in texts)


def _is_number(text: str) -> bool:
    return any(character.isdigit() for character in text) and parse_amount(text).value is not None


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


def _map(dataset: Dataset, paths: Mapping[int, tuple[str, ...]], aliases: HeaderAliases) -> dict[int, Column]:
    found: dict[int, Column] = {}
    for index, path in paths.items():
        if column := aliases.find(dataset.name, [fold_header(name)[0] for name in path]):
            found[index] = column
    return found


def _missing(dataset: Dataset, mapped: set[str], *, has_department: bool) -> list[str]:
    """The Chinese labels of headers that the dataset needs and the table lacks."""
    missing = [column.label_zh for column in dataset.columns if column.required and column.name not in mapped]
    for group in dataset.one_of:
        told_above = has_department and "department_name" in group
        if not told_above and not mapped & set(group):
            missing.append(" / ".join(dataset[name].label_zh for name in group))
    return missing


def _missing_headers(
    rows: Sequence[Sequence[str]],
    first: int,
    last: int,
    dataset: Dataset,
    aliases: HeaderAliases,
    *,
    sheet: str,
    line: int,
) -> FileRefused:
    paths = _paths(rows[first : last + 1])
    mapped = _map(dataset, paths, aliases)
    missing = _missing(dataset, {column.name for column in mapped.values()}, has_department=False)
    unknown = {fold_header(path[-1])[0]: path[-1] for index, path in paths.items() if index not in mapped}
    hints = []
    for column in dataset.columns:
        if column.label_zh in missing or any(column.label_zh in entry.split(" / ") for entry in missing):
            near = [
                (alias, close)
                for alias in (column.label_zh, *column.headers)
                for close in difflib.get_close_matches(fold(alias), unknown, 1, 0.6)
            ]
            if near:
                hints.append((unknown[near[0][1]], near[0][0]))
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


def _shown(paths: Sequence[tuple[str, ...]] | object) -> str:
    names = ["/".join(path).replace("\n", "") for path in paths]  # type: ignore[attr-defined]
    return "、".join(names[:MAX_SHOWN]) + (" …" if len(names) > MAX_SHOWN else "")


def _finish(
    rows: Sequence[Sequence[str]],
    first: int,
    last: int,
    dataset: Dataset,
    aliases: HeaderAliases,
    *,
    sheet: str,
    line: int,
) -> Recognised:
    paths = _paths(rows[first : last + 1])
    mapped = _map(dataset, paths, aliases)
    body_start = last + 1
    if body_start < len(rows) and _is_column_numbers(rows[body_start]):
        body_start += 1
    headers = []
    for index, path in paths.items():
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
    _refuse_two_for_one(headers, sheet=sheet, line=line)
    _refuse_important_unknown(dataset, headers, rows[body_start:], sheet=sheet, line=line)
    metadata = read_metadata(rows[:first])
    unit = _unit(headers, metadata, sheet=sheet, line=line)
    return Recognised(dataset, tuple(headers), first, body_start - 1, metadata, unit)


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


def _refuse_two_for_one(headers: Sequence[Header], *, sheet: str, line: int) -> None:
    by_column: dict[str, list[Header]] = {}
    for header in headers:
        if header.column:
            by_column.setdefault(header.column.name, []).append(header)
    for found in by_column.values():
        column = found[0].column
        assert column is not None  # noqa: S101 - told to the type checker
        leaves = {fold_header(header.path[-1])[0] for header in found}
        if len(found) > 1 and (len(leaves) < len(found) or not (column.alternatives or column.codes)):
            raise FileRefused(
                "header-ambiguous", found="、".join(header.shown for header in found), sheet=sheet, line=line
            )


def is_passed_over(dataset: Dataset, header: Header) -> bool:
    """Whether the header is one that is knowingly not read."""
    known = _passed_over(dataset)
    return any(fold_header(name)[0] in known for name in header.path)


@cache
def _passed_over(dataset: Dataset) -> frozenset[str]:
    return frozenset(fold_header(name)[0] for name in passed_over_headers(dataset))


def _refuse_important_unknown(
    dataset: Dataset, headers: Sequence[Header], body: Sequence[Sequence[str]], *, sheet: str, line: int
) -> None:
    totals_of = {
        header.path[:-1] for header in headers if header.column and fold(header.path[-1]) in _GENERIC_LEAVES
    } - {()}
    unknown = []
    for header in headers:
        if header.column or is_passed_over(dataset, header) or header.path[:-1] in totals_of:
            continue
        content = [row[header.index] for row in body if header.index < len(row) and row[header.index].strip()]
        if _IMPORTANT.search(fold_header(header.path[-1])[0]) or _looks_like_amounts(content):
            unknown.append(header.shown)
    if unknown:
        raise FileRefused(
            "header-not-mapped",
            found="、".join(unknown),
            sheet=sheet,
            line=line,
            remedy="Map them in header_aliases.csv of the district (column '-' passes a header over).",
            remedy_zh="请在本区 header_aliases.csv 中登记（column 填“-”表示略过该表头）。",
        )


def _looks_like_amounts(content: Sequence[str]) -> bool:
    amounts = [text for text in content if re.search(r"\.\d|,\d{3}|\d{4}", text) and _is_number(text)]
    return len(amounts) >= max(2, len(content) / 2)


def _unit(headers: Sequence[Header], metadata: Metadata, *, sheet: str, line: int) -> int | None:
    """The yuan in one unit of the table; None where its columns differ."""
    amounts = [header for header in headers if header.column and header.column.kind is Kind.AMOUNT]
    in_headers = {header.factor for header in amounts}
    stated = {*metadata.unit_factors, *(in_headers - {None})}
    if len(metadata.unit_factors) > 1 or (metadata.unit_factors and len(stated) > 1):
        names = "、".join(unit_name(factor) for factor in sorted(f for f in stated if f))
        raise FileRefused("unit-conflict-in-sheet", found=names, sheet=sheet, line=line)
    if metadata.unit_factors:
        return metadata.unit_factors[0]
    if None not in in_headers and in_headers:
        return in_headers.pop() if len(in_headers) == 1 else None
    if not amounts:
        return 1
    if metadata.is_titled:
        raise FileRefused(
            "unit-not-known",
            sheet=sheet,
            line=line,
            remedy="Write 单位：元 or 单位：万元 above the header, or the unit into each amount's header.",
            remedy_zh="请在表头上方注明“单位：元”或“单位：万元”。",
        )
    return 1 if in_headers == {None} else None
