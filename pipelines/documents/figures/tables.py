"""Figures of tables: final accounts by function class, forms of self-evaluation, lists of projects.

A column measures what its header says; a row is about the name in it. A number under a header that names no measure
is passed over.
Does not belong here: sums of tables (``proof``), running text (``grammar``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal

from pipelines.documents.characters import fold
from pipelines.documents.model import DEPARTMENT, Figure, Measure, PassedOver, Place, Status, Table

_NUMBER = re.compile(r"(?P<sign>[-+])?(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?P<percent>%)?")
_UNIT = re.compile(r"\((亿元|万元|千元|元)\)|(?:单位:)(亿元|万元|千元|元)")
_HEADERS: tuple[tuple[str, Measure | None], ...] = (
    (r"[比较与](?:序时|时间)进度|与进度之差", Measure.LAG),
    (r"执行率|执行进度|支出进度|支付进度|预算完成率|(?:资金)?(?:使用|支付|支出|拨付)率", Measure.EXECUTION_RATE),
    (r"完成年初预算|占年初预算", Measure.COMPLETION_OF_INITIAL),
    (r"调整率", Measure.NET_ADJUSTMENT_RATE),
    (r"同比增长|增长率|增减%|比上年增长|增幅", Measure.YOY_RATE),
    (r"增减额|比上年增减|增减(?:数|变动)?$", Measure.YOY_AMOUNT),
    (r"分值|权重|序号|排名|备注|原因|编码|代码|个数|数量", None),
    (r"得分|自评分", Measure.SCORE),
    (r"年初(?:批复)?预算|年初(?:批复|安排)?数|原预算", Measure.INITIAL_BUDGET),
    (r"预算调整(?:数|额)?$|调整数|调增|追加", Measure.ADJUSTMENT),
    (r"全年预算|调整(?:后)?(?:的)?预算|变动后预算|预算调整后", Measure.FULL_YEAR_BUDGET),
    (r"执行数|决算数|支出数|实际支出|全年执行|累计支出|支出决算", Measure.EXECUTED),
    (r"本年收入合计|财政拨款收入|上级补助收入|事业收入|经营收入|附属单位(?:上缴|缴款)收入|其他收入", Measure.RECEIVED),
    (r"本年支出合计|基本支出|项目支出|上缴上级支出|经营支出|对附属单位补助支出|人员经费|公用经费", Measure.EXECUTED),
    (
        r"^合计$|^小计$|一般公共预算(?:财政拨款)?$|政府性基金预算(?:财政拨款)?$|国有资本经营预算(?:财政拨款)?$",
        Measure.EXECUTED,
    ),
    (r"^预算数$|^预算$|预算金额", Measure.INITIAL_BUDGET),
)
_RATES = (Measure.EXECUTION_RATE, Measure.COMPLETION_OF_INITIAL, Measure.NET_ADJUSTMENT_RATE, Measure.YOY_RATE)
_NAMES = re.compile(r"项目|科目名称|名称|单位|部门|科目|功能分类|内容|资金|指标(?!值)")
_TOTAL = re.compile(
    r"^(?:合计|总计|本年收入合计|本年支出合计|小计|总额|总分|年度资金总额|资金总额|(?:部门|年度)?(?:整体支出|预算)(?:资金)?总额|部门整体支出)$"
)
_WHOLE_COLUMN = re.compile(r"^(?:(?:累计|实际|全年)支出数?|合计|本年收入合计|本年支出合计|决算数|小计|执行数|支出数)$")
_CODE = re.compile(r"\d{2,9}")
_KEY = re.compile(r"^(?:项目名称|部门名称|单位名称|预算单位|部门\(单位\)名称)[:]?$")


@dataclass(frozen=True, slots=True)
class _Column:
    measure: Measure | None
    header: str
    name_column: int
    unit: str | None


@dataclass(slots=True)
class _TableReader:
    """Reads tables one after the other; one over a page break goes on under the headers of the page before."""

    fiscal_year: int | None
    is_plan: bool = False
    figures: list[Figure] = field(default_factory=list)
    passed_over: list[PassedOver] = field(default_factory=list)
    columns: dict[int, _Column] = field(default_factory=dict)
    width: int = 0

    def read(self, table: Table) -> None:
        """Adds a table's figures."""
        rows = [[fold(cell).text for cell in row] for row in table.rows]
        width = len(rows[0]) if rows else 0
        if width != self.width or any(_is_header(row) for row in rows[:6]):
            self.columns = {}
        self.width = width
        subject = _key_value(rows)
        above: list[list[str]] = []
        for number, row in enumerate(rows, 1):
            numbers = {position: match for position, cell in enumerate(row) if (match := _NUMBER.fullmatch(cell))}
            if _is_header(row) or (above and not numbers and any(row) and _continues(row)):
                above.append(row)
                self.columns = _columns(above, table, rows[0])
                continue
            if numbers:
                above = []
                self._row(table, number, row, numbers, subject)

    def _row(
        self, table: Table, number: int, row: list[str], numbers: dict[int, re.Match[str]], subject: str | None
    ) -> None:
        printed = " | ".join(cell for cell in row if cell)[:200]
        for position, match in numbers.items():
            place = Place(table.page, table=table.number, row=number, column=position + 1)
            column = self.columns.get(position)
            name = _name(row, column.name_column, numbers) if column else None
            if column is None or column.measure is None:
                if not _is_plain_code(match):
                    reason = "a column whose header names no measure"
                    self.passed_over.append(PassedOver(row[position], reason, place, printed))
            elif name is None:
                self.passed_over.append(PassedOver(row[position], "a row without a name", place, printed))
            else:
                figure = _figure(match, column, name, subject, table.unit)
                is_planned = self.is_plan and figure.measure in (Measure.EXECUTED, Measure.RECEIVED)
                self.figures.append(
                    replace(
                        figure,
                        measure=Measure.INITIAL_BUDGET if is_planned else figure.measure,
                        place=place,
                        sentence=printed,
                        fiscal_year=self.fiscal_year,
                        section=table.title,
                        function_path=_codes(row, self.columns, position),
                    )
                )


def read_tables(
    tables: Iterable[Table], fiscal_year: int | None = None, *, is_plan: bool = False
) -> tuple[list[Figure], list[PassedOver], int]:
    """The figures of tables, the numbers that are none, and how many numbers there are.

    ``is_plan``: the document is a budget; what it lists is planned, not received or executed.
    """
    reader = _TableReader(fiscal_year, is_plan)
    for table in tables:
        reader.read(table)
    return reader.figures, reader.passed_over, len(reader.figures) + len(reader.passed_over)


def _figure(match: re.Match[str], column: _Column, name: str, subject: str | None, table_unit: str | None) -> Figure:
    """A cell's figure, yet without its place."""
    measure = column.measure
    value = Decimal(match["digits"].replace(",", ""))
    value = -value if match["sign"] == "-" else value
    unit = column.unit or table_unit or ""
    if measure in _RATES or match["percent"]:
        unit = "%"
    elif measure is Measure.SCORE:
        unit = "分"
    elif measure is Measure.LAG:
        unit = "pp"
    is_total = bool(_TOTAL.match(name))
    whose = (subject or DEPARTMENT) if is_total else name
    is_part = not _WHOLE_COLUMN.match(column.header) and (
        measure is Measure.RECEIVED
        or (measure is Measure.EXECUTED and re.search(r"支出$|经费$|拨款$", column.header) is not None)
    )
    if is_part:
        whose = column.header if is_total else f"{name}/{column.header}"
    is_income = r"收入(?:合计)?$" if "执行" in column.header else r"收入(?:合计)?$|拨款$"
    if measure is Measure.EXECUTED and re.search(is_income, name) and "支出" not in name:
        measure = Measure.RECEIVED
    return Figure(
        whose,
        measure if unit else None,
        value,
        unit,
        Place(0),
        "",
        status=Status.SINGLE if unit else Status.UNREAD,
        reading="table",
        column=column.header,
    )


def _is_header(row: list[str]) -> bool:
    """Whether a row names at least one measure and holds no amount."""
    if any("." in cell and _NUMBER.fullmatch(cell) for cell in row):
        return False
    named = [cell for cell in row if _measure_of(cell)[0]]
    numbers = [cell for cell in row if _NUMBER.fullmatch(cell)]
    return len(named) > len(numbers) and (
        len(named) >= 2 or any(_NAMES.search(cell) for cell in row if cell not in named)
    )


def _continues(row: list[str]) -> bool:
    return all(not cell or len(cell) <= 12 for cell in row)


def _measure_of(header: str) -> tuple[bool, Measure | None]:
    """Whether a header is known, and what it measures."""
    bare = re.sub(r"\([^)]*\)|\d{4}年度?", "", header)
    for pattern, measure in _HEADERS:
        if re.search(pattern, bare):
            return True, Measure.YOY_RATE if measure is Measure.YOY_AMOUNT and "%" in header else measure
    return False, None


def _columns(above: list[list[str]], table: Table, first: list[str]) -> dict[int, _Column]:
    width = max(len(row) for row in above)
    columns: dict[int, _Column] = {}
    name_column = -1
    told = _UNIT.search(" ".join(cell for row in [first, *above] for cell in row))
    unit = (told[1] or told[2]) if told else table.unit
    for position in range(width):
        headers = [row[position] for row in above if position < len(row) and row[position]]
        known = [(header, *_measure_of(header)) for header in headers]
        leaf = next(((header, measure) for header, is_known, measure in reversed(known) if is_known), None)
        if leaf is None or (leaf[1] is None and not any(measure for _, _, measure in known)):
            if any(_NAMES.search(header) for header in headers):
                name_column = position
            if leaf:
                columns[position] = _Column(None, leaf[0], name_column, unit)
            continue
        own = _UNIT.search(leaf[0])
        columns[position] = _Column(leaf[1], re.sub(r"\([^)]*元\)", "", leaf[0]), name_column, own[1] if own else unit)
    return columns


def _name(row: list[str], preferred: int, numbers: dict[int, re.Match[str]]) -> str | None:
    """The row's name: the text nearest to the left of the values, in the column of names where that is filled."""
    first = min(numbers)
    candidates = [cell for cell in row[:first] if _is_name(cell)] or [cell for cell in row if _is_name(cell)]
    if 0 <= preferred < len(row) and row[preferred] and preferred not in numbers:
        return _bare(row[preferred])
    return _bare(candidates[-1]) if candidates else None


def _is_name(cell: str) -> bool:
    """Whether a cell can name a row: words, no number, dash or threshold."""
    return bool(re.search(r"[\u4e00-\u9fffA-Za-z]", cell)) and not re.match(
        r"\(缺:|[≥≤><=]|[\d.,]+[\u4e00-\u9fff%]", cell
    )


def _bare(name: str) -> str:
    return re.sub(r"^(?:[一二三四五六七八九十]{1,3}、|\(?[一二三四五六七八九十\d]{1,2}[)、.](?!\d)|其中:?)+", "", name)


def _codes(row: list[str], columns: dict[int, _Column], position: int) -> tuple[str, ...]:
    """The 类, 款, 项 of a cell's row: codes between the block of columns before and the cell."""
    begin = max((other + 1 for other in range(position) if _measures(columns, other)), default=0)
    while begin and not any(_CODE.fullmatch(cell) for cell in row[begin:position]):
        begin = max((other + 1 for other in range(begin - 1) if _measures(columns, other)), default=0)
    return tuple(cell for cell in row[begin:position] if _CODE.fullmatch(cell))


def _measures(columns: dict[int, _Column], position: int) -> bool:
    return position in columns and columns[position].measure is not None


def _is_plain_code(match: re.Match[str]) -> bool:
    return "." not in match["digits"] and not match["percent"]


def _key_value(rows: list[list[str]]) -> str | None:
    """The name that a form gives behind 项目名称 or 部门名称."""
    for row in rows[:8]:
        if sum(_measure_of(cell)[1] is not None for cell in row) > 1:
            continue
        for position, cell in enumerate(row):
            if _KEY.match(cell) and (value := next((text for text in row[position + 1 :] if text), None)):
                return re.sub(r"^\d[0-9A-Z]{5,}-", "", value)
    return None
