"""What replaces what: pairs of deliveries over two nights, and what counts after them (docs/replacement.md).

Each pair is a district of its own, so that two nights hold all of them. The expected figures are added up from the
lines that a careful clerk would count, never taken from the program.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest
from bureau import Bureau

from pipelines.contracts.datasets import DATASETS

BUDGET = """单位：元
单位编码,单位名称,项目编码,项目名称,资金性质,年初预算数
101,甲局,P1,道路养护,111,900000
101,甲局,P2,路灯,111,900000
102,乙局,P3,河道,111,900000
"""
PROJECTS = {"P1": ("101", "甲局", "道路养护"), "P2": ("101", "甲局", "路灯"), "P3": ("102", "乙局", "河道")}
HOUR = 3600


class Payment(NamedTuple):
    """A line of a payment export; ``yuan`` as text."""

    number: str
    day: str
    project: str
    yuan: str
    payee: str = "恒通公司"
    account: str = ""
    remark: str = ""


def month(number: int, lines: int, project: str = "P1", days: tuple[int, int] = (1, 28)) -> list[Payment]:
    """Lines with the numbers 1, 2, … of one month, evenly over its days, of 1,000.01, 1,000.02, … yuan."""
    first, last = days
    return [
        Payment(
            str(n),
            f"2024-{number:02d}-{first + (n - 1) * (last - first) // max(lines - 1, 1):02d}",
            project,
            f"{1000 + Decimal(n) / 100}",
            f"收款{n}",
        )
        for n in range(1, lines + 1)
    ]


def export(
    lines: Iterable[Payment],
    *,
    unit: str = "元",
    title: str = "",
    payees: bool = True,
    other_layout: bool = False,
    further: Sequence[str] = (),
) -> str:
    """A payment export; ``other_layout``: as another system writes it."""
    head = ["支付凭证号", "支付日期", "单位编码", "单位名称", "项目编码", "项目名称", "资金性质", "实际支付金额"]
    if other_layout:
        head = ["凭证编号", "实际支付日期", "预算单位代码", "预算单位", "项目代码", "项目名称", "资金来源", "实付金额"]
    rows = [",".join([*head, *(["收款人名称", "收款人账号"] if payees else []), "备注"])]
    for line in lines:
        department, name, project = PROJECTS[line.project]
        cells = [line.number, line.day, department, name, line.project, project, "111", line.yuan]
        rows.append(",".join([*cells, *([line.payee, line.account] if payees else []), line.remark]))
    return "\n".join([*([title] if title else []), f"单位：{unit}", *rows, *further, ""])


def total(*lines: Payment) -> str:
    """A row 合计 over payments."""
    return f"合计,,,,,,,{paid(*lines)},,,"


class Adjustment(NamedTuple):
    """A line of the ledger of adjustments; ``yuan`` with its sign."""

    number: str
    document: str
    day: str
    yuan: str
    project: str = "P1"
    reason: str = "工作需要"


def ledger(lines: Iterable[Adjustment]) -> str:
    """An export of adjustments."""
    rows = [
        "单位：元",
        "调整编号,文号,调整日期,调整类型,单位编码,单位名称,项目编码,项目名称,资金性质,调整金额,调整原因",
    ]
    for line in lines:
        kind = "追减" if line.yuan.startswith("-") else "追加"
        department, name, project = PROJECTS[line.project]
        cells = [line.number, line.document, line.day, kind, department, name, line.project, project]
        rows.append(",".join([*cells, "111", line.yuan, line.reason]))
    return "\n".join([*rows, ""])


def document(number: int, *yuan: str) -> list[Adjustment]:
    """The lines 1, 2, … of one document."""
    return [
        Adjustment(str(line), f"甲财预{number}号", f"2024-{number:02d}-01", amount)
        for line, amount in enumerate(yuan, start=1)
    ]


def paid(*lines: Payment) -> Decimal:
    """What lines add up to, in yuan."""
    return sum((Decimal(line.yuan) for line in lines), Decimal("0.00"))


def with_amount(lines: list[Payment], yuan: Mapping[int, str]) -> list[Payment]:
    """The lines, some (counted from 0) with other amounts."""
    return [replace_yuan(line, yuan[n]) if n in yuan else line for n, line in enumerate(lines)]


def replace_yuan(line: Payment, yuan: str) -> Payment:
    """The line with another amount."""
    return line._replace(yuan=yuan)


def in_ten_thousand(lines: Iterable[Payment], places: int = 2) -> list[Payment]:
    """The lines as a table in 万元 prints them."""
    return [line._replace(yuan=f"{(Decimal(line.yuan) / 10000):.{places}f}") for line in lines]


@dataclass(frozen=True)
class Pair:
    """Two nights of one district-year and what is true after them.

    ``first`` and ``second``: file name → text. ``executed``: yuan that count in the end; of a held-back pair those of
    the first night. ``full_year``: the full-year budget, where it is asked. ``outcomes``: how many lines stand in
    ``quality.duplicate_row``, by kind. ``found``: the findings, and ``said`` what one of them names. ``hours``: when
    the files of the second night were written, after those of the first. ``believed``: the file whose word counts.
    """

    name: str
    first: Mapping[str, str]
    second: Mapping[str, str] = field(default_factory=dict)
    executed: Decimal = Decimal("0.00")
    outcomes: Mapping[str, int] = field(default_factory=dict)
    found: frozenset[str] = frozenset()
    held: bool = False
    full_year: Decimal | None = None
    one_night: bool = False
    hours: int = 1
    believed: str = ""
    said: str = ""


JUNE = month(6, 40)
HUNDRED = month(6, 100)
TO_MAY = [line for number in range(1, 6) for line in month(number, 8)]
BUREAU = [*month(6, 30), *month(6, 30, "P3")]
DEPARTMENT = month(6, 30, "P3")
V7 = Payment("V7", "2024-06-05", "P1", "400")
SALARIES = [Payment("V1", "2024-06-05", "P1", "500")] * 3
TWENTY_DAYS = [Payment(f"A{n}", f"2024-06-{n:02d}", "P1", f"{100 + n}") for n in range(1, 21)]
LATE_JUNE = [Payment(f"A{n}", f"2024-06-{n:02d}", "P1", f"{100 + n}") for n in range(21, 31)]
OVERLAP = [
    *TWENTY_DAYS[14:],
    *(line._replace(number=f"B{n}", payee="第二家") for n, line in enumerate(TWENTY_DAYS[14:18])),
]
EXACT = with_amount(JUNE, {n: f"{12_345 + 100 * n}.{n:02d}" for n in range(40)})
NAMES = [Payment("V1", "2024-05-05", "P1", "500", payee) for payee in ("张三", "李四", "王五")]

DUPLICATE, SUPERSEDED, WITHDRAWN, RECLASSIFIED = "duplicate", "superseded", "withdrawn", "reclassified"
RESTATED_TOLD, WITHDRAWN_TOLD = "restated-by-later-delivery", "withdrawn-by-later-delivery"
RECLASSIFIED_TOLD, EQUAL_TOLD = "reclassified-by-later-delivery", "equal-lines-in-file"
BETWEEN, SOURCES, ORDER = (
    "delivery-neither-repeats-nor-continues",
    "two-sources-disagree",
    "order-of-deliveries-unknown",
)
TWICE, TOO_MUCH = "file-stands-twice-in-itself", "too-much-withdrawn"

PAIRS = [
    Pair(
        "1 a file a month, then the next",
        {f"支付{n:02d}.csv": export(month(n, 12)) for n in range(1, 7)},
        {"支付07.csv": export(month(7, 12))},
        executed=paid(*month(1, 12)) * 7,
    ),
    Pair(
        "2 the month under another name",
        {"六月.csv": export(JUNE)},
        {"a.csv": export(JUNE)},
        executed=paid(*JUNE),
        outcomes={DUPLICATE: 40},
    ),
    Pair(
        "3 some amounts changed",
        {"六月.csv": export(JUNE)},
        {"a.csv": export(with_amount(JUNE, {3: "1100.04"}))},
        executed=paid(*JUNE) + Decimal("100.00"),
        outcomes={DUPLICATE: 39, SUPERSEDED: 1},
        found=frozenset({RESTATED_TOLD}),
        said="100.00",
    ),
    Pair(
        "4 five of a hundred are gone",
        {"六月.csv": export(HUNDRED)},
        {"a.csv": export([*HUNDRED[:50], *HUNDRED[55:]])},
        executed=paid(*HUNDRED[:50], *HUNDRED[55:]),
        outcomes={DUPLICATE: 95, WITHDRAWN: 5},
        found=frozenset({WITHDRAWN_TOLD}),
        said=f"{paid(*HUNDRED[50:55]):,}",
    ),
    Pair(
        "4 of all four lines one is gone; the title tells the month",
        {"a.csv": export(with_amount(month(6, 4), {3: "10.00"}))},
        {"b.csv": export(month(6, 3, days=(1, 19)), title="2024年6月支付明细")},
        executed=paid(*month(6, 3)),
        outcomes={DUPLICATE: 3, WITHDRAWN: 1},
        found=frozenset({WITHDRAWN_TOLD}),
    ),
    Pair(
        "4 the same, the name of the file tells the month",
        {"a.csv": export(with_amount(month(6, 4), {3: "10.00"}))},
        {"支付明细_202406.csv": export(month(6, 3, days=(1, 19)))},
        executed=paid(*month(6, 3)),
        outcomes={DUPLICATE: 3, WITHDRAWN: 1},
        found=frozenset({WITHDRAWN_TOLD}),
    ),
    Pair(
        "5 ten late lines",
        {"六月.csv": export(JUNE)},
        {"a.csv": export([*JUNE, *(line._replace(number=f"L{line.number}") for line in JUNE[:10])])},
        executed=paid(*JUNE, *JUNE[:10]),
        outcomes={DUPLICATE: 40},
    ),
    Pair(
        "6 a cumulative export",
        {"支付1-5月.csv": export(TO_MAY)},
        {"支付1-6月.csv": export([*with_amount(TO_MAY[1:], {0: "1000.03"}), *month(6, 8)])},
        executed=paid(*TO_MAY[1:], *month(6, 8)) + Decimal("0.01"),
        outcomes={DUPLICATE: 38, SUPERSEDED: 1, WITHDRAWN: 1},
        found=frozenset({RESTATED_TOLD, WITHDRAWN_TOLD}),
    ),
    Pair(
        "7 numbers begin again every month",
        {"a.csv": export(month(1, 30))},
        {"b.csv": export(month(2, 28))},
        executed=paid(*month(1, 30), *month(2, 28)),
    ),
    Pair(
        "8 the rent of two months",
        {"a.csv": export([V7._replace(number="1", day="2024-01-05", yuan="5000")])},
        {"b.csv": export([V7._replace(number="1", day="2024-02-05", yuan="5000")])},
        executed=Decimal("10000.00"),
    ),
    Pair(
        "9 a refund on the same day",
        {"a.csv": export([V7])},
        {"b.csv": export([V7._replace(yuan="-100")])},
        executed=Decimal("300.00"),
    ),
    Pair(
        "9 a refund later in the month",
        {"a.csv": export([V7, *month(6, 3)])},
        {"b.csv": export([V7._replace(yuan="-400", day="2024-06-20")])},
        executed=paid(*month(6, 3)),
    ),
    Pair(
        "9 a red entry takes the line back and a blue one books it again",
        {"a.csv": export([V7, *month(6, 3)])},
        {"更正.csv": export([V7._replace(yuan="-400"), V7._replace(yuan="410")])},
        executed=paid(*month(6, 3)) + 410,
    ),
    Pair(
        "9 a red entry of a later day, booked again under another project",
        {"a.csv": export([V7, *month(6, 3)])},
        {"更正.csv": export([V7._replace(yuan="-400", day="2024-06-20"), V7._replace(day="2024-06-20", project="P2")])},
        executed=paid(*month(6, 3)) + 400,
    ),
    Pair(
        "9 a red entry, a cut, takes an addition back and another amount is booked",
        {"a.csv": ledger(document(3, "500", "20", "34"))},
        {"更正.csv": ledger([*document(3, "-500"), *document(3, "300")])},
        full_year=Decimal("2700354.00"),
    ),
    Pair(
        "9 a cut is taken back and another one booked",
        {"a.csv": ledger(document(3, "-500", "20", "34"))},
        {"更正.csv": ledger([*document(3, "500"), *document(3, "-300")])},
        full_year=Decimal("2699754.00"),
    ),
    Pair(
        "9 of two equal lines one is taken back, the other one corrected",
        {"a.csv": export([V7, V7, *month(6, 3)])},
        {"更正.csv": export([V7._replace(yuan="-400"), V7._replace(yuan="410"), V7._replace(yuan="390")])},
        executed=paid(*month(6, 3)) + 800,
        outcomes={SUPERSEDED: 1},
        found=frozenset({EQUAL_TOLD, RESTATED_TOLD}),
    ),
    Pair(
        "10 one line with another amount",
        {"a.csv": export([V7, *month(6, 12)])},
        {"b.csv": export([V7._replace(yuan="410")])},
        executed=paid(*month(6, 12)) + 410,
        outcomes={SUPERSEDED: 1},
        found=frozenset({RESTATED_TOLD}),
        said="10.00",
    ),
    Pair(
        "11 one department delivers its own lines",
        {"财政局.csv": export(BUREAU)},
        {"乙局.csv": export(DEPARTMENT)},
        executed=paid(*BUREAU),
        outcomes={DUPLICATE: 30},
    ),
    Pair(
        "11 in a layout of its own",
        {"财政局.csv": export(BUREAU)},
        {"乙局.csv": export(DEPARTMENT, other_layout=True)},
        executed=paid(*BUREAU),
        outcomes={DUPLICATE: 30},
    ),
    Pair(
        "11 one department delivers its own lines without one of them",
        {"财政局.csv": export(BUREAU)},
        {"乙局.csv": export([*DEPARTMENT[:9], *DEPARTMENT[10:]])},
        executed=paid(*BUREAU) - Decimal(DEPARTMENT[9].yuan),
        outcomes={DUPLICATE: 29, WITHDRAWN: 1},
        found=frozenset({WITHDRAWN_TOLD}),
    ),
    Pair(
        "12 two sources with other amounts",
        {"财政局.csv": export(BUREAU)},
        {"乙局.csv": export(with_amount(DEPARTMENT, {4: "1200.00"}), other_layout=True)},
        executed=paid(*BUREAU),
        held=True,
        found=frozenset({SOURCES}),
        said=f"{paid(*BUREAU) - Decimal('1000.05') + 1200:,}",
    ),
    Pair(
        "12 the second source has a line fewer",
        {"财政局.csv": export(BUREAU)},
        {"乙局.csv": export([*DEPARTMENT[:9], *DEPARTMENT[10:]], other_layout=True)},
        executed=paid(*BUREAU),
        held=True,
        found=frozenset({SOURCES}),
    ),
    Pair(
        "12 the second source has a line more",
        {"财政局.csv": export(BUREAU)},
        {"乙局.csv": export([*DEPARTMENT, DEPARTMENT[3]._replace(number="77")], other_layout=True)},
        executed=paid(*BUREAU),
        held=True,
        found=frozenset({SOURCES}),
    ),
    Pair(
        "12 a setting says whose word counts: the first",
        {"财政局.csv": export(BUREAU)},
        {"乙局.csv": export(with_amount(DEPARTMENT, {4: "1200.00"}), other_layout=True)},
        executed=paid(*BUREAU),
        outcomes={DUPLICATE: 29, SUPERSEDED: 1},
        found=frozenset({RESTATED_TOLD}),
        believed="财政局.csv",
    ),
    Pair(
        "13 two departments",
        {"a.csv": export(month(6, 20))},
        {"b.csv": export(month(6, 20, "P3"))},
        executed=paid(*month(6, 20)) * 2,
    ),
    Pair(
        "14 three equal lines in one file",
        {"a.csv": export([*SALARIES, *month(6, 4)])},
        executed=paid(*SALARIES, *month(6, 4)),
        found=frozenset({EQUAL_TOLD}),
        said="1,000.00",
    ),
    Pair(
        "14 the total of the file counts equal lines once",
        {"a.csv": export([*SALARIES, *month(6, 4)], further=[total(SALARIES[0], *month(6, 4))])},
        executed=paid(SALARIES[0], *month(6, 4)),
        outcomes={DUPLICATE: 2},
    ),
    Pair(
        "14 the total of the file counts every equal line",
        {"a.csv": export([*SALARIES, *month(6, 4)], further=[total(*SALARIES, *month(6, 4))])},
        executed=paid(*SALARIES, *month(6, 4)),
        found=frozenset({EQUAL_TOLD}),
    ),
    Pair(
        "14 counted once by its total, and delivered again",
        {"a.csv": export([*SALARIES, *month(6, 4)], further=[total(SALARIES[0], *month(6, 4))])},
        {"b.csv": export([SALARIES[0], *month(6, 4)])},
        executed=paid(SALARIES[0], *month(6, 4)),
        outcomes={DUPLICATE: 7},
    ),
    Pair(
        "14 three people whose names are never stored",
        {"a.csv": export(NAMES)},
        executed=paid(*NAMES),
    ),
    Pair(
        "14 lines that differ in their remark only",
        {"a.csv": export([V7._replace(remark="上半月"), V7._replace(remark="下半月")])},
        executed=Decimal("800.00"),
    ),
    Pair(
        "14 lines that differ in a column that nobody knows",
        {
            "a.csv": "单位：元\n支付凭证号,支付日期,单位编码,项目编码,资金性质,实际支付金额,品名\n"
            "V1,2024-05-05,101,P1,111,300,沥青\nV1,2024-05-05,101,P1,111,300,砂石\n"
        },
        executed=Decimal("600.00"),
        found=frozenset({"header-ignored"}),
    ),
    Pair(
        "15 three equal lines again",
        {"a.csv": export([*SALARIES, *month(6, 4)])},
        {"b.csv": export([*SALARIES, *month(6, 4)])},
        executed=paid(*SALARIES, *month(6, 4)),
        outcomes={DUPLICATE: 7},
        found=frozenset({EQUAL_TOLD}),
    ),
    Pair(
        "15 three names again",
        {"a.csv": export(NAMES)},
        {"b.csv": export(NAMES[::-1])},
        executed=paid(*NAMES),
        outcomes={DUPLICATE: 3},
    ),
    Pair(
        "16 two of the three come again",
        {"a.csv": export([*SALARIES, *month(6, 37)])},
        {"b.csv": export([*SALARIES[:2], *month(6, 37)])},
        executed=paid(*SALARIES[:2], *month(6, 37)),
        outcomes={DUPLICATE: 39, WITHDRAWN: 1},
        found=frozenset({EQUAL_TOLD, WITHDRAWN_TOLD}),
        said="500.00",
    ),
    Pair(
        "32 one table of a file holds what another one of it holds",
        {"a.csv": export(month(5, 1))},
        {"b.csv": export(month(6, 2)) + "本页合计\n" + export(month(6, 2), title="2024年6月支付明细")},
        executed=paid(*month(5, 1)),
        held=True,
        found=frozenset({TWICE}),
        said=f"{paid(*month(6, 2)):,}",
    ),
    Pair(
        "20 two adjustments without a number",
        {"a.csv": ledger([Adjustment("", "", "2024-03-02", "50")] * 2)},
        full_year=Decimal("2700100.00"),
        found=frozenset({EQUAL_TOLD}),
    ),
    Pair(
        "20 the file again",
        {"a.csv": ledger([Adjustment("", "", "2024-03-02", "50")] * 2)},
        {"b.csv": ledger([Adjustment("", "", "2024-03-02", "50")] * 2)},
        full_year=Decimal("2700100.00"),
        outcomes={DUPLICATE: 2},
        found=frozenset({EQUAL_TOLD}),
    ),
    Pair(
        "20 another amount without a number is another adjustment",
        {"a.csv": ledger([Adjustment("", "", "2024-03-02", "50")])},
        {"b.csv": ledger([Adjustment("", "", "2024-03-02", "70")])},
        full_year=Decimal("2700120.00"),
    ),
    Pair(
        "21 numbers begin again in every document",
        {"a.csv": ledger(document(3, "11", "20", "32", "45", "57"))},
        {"b.csv": ledger(document(4, "11", "21", "32", "45", "57"))},
        full_year=Decimal("2700331.00"),
    ),
    Pair(
        "3 an adjustment with another amount",
        {"a.csv": ledger(document(3, "11", "20", "34"))},
        {"b.csv": ledger(document(3, "11", "25", "34"))},
        full_year=Decimal("2700070.00"),
        outcomes={DUPLICATE: 2, SUPERSEDED: 1},
        found=frozenset({RESTATED_TOLD}),
    ),
    Pair(
        "4 an adjustment is gone",
        {"a.csv": ledger(document(3, "10", "200", "300", "400"))},
        {"b.csv": ledger(document(3, "10", "200", "300", "400")[1:])},
        full_year=Decimal("2700900.00"),
        outcomes={DUPLICATE: 3, WITHDRAWN: 1},
        found=frozenset({WITHDRAWN_TOLD}),
    ),
    Pair(
        "25 the two halves of a month",
        {"6月上.csv": export(month(6, 15, days=(1, 15)))},
        {"6月下.csv": export([line._replace(number=f"B{line.number}") for line in month(6, 15, days=(16, 30))])},
        executed=paid(*month(6, 15)) * 2,
    ),
    Pair(
        "26 all of the overlap again",
        {"a.csv": export(TWENTY_DAYS)},
        {"b.csv": export([*TWENTY_DAYS[14:], *LATE_JUNE])},
        executed=paid(*TWENTY_DAYS, *LATE_JUNE),
        outcomes={DUPLICATE: 6},
    ),
    Pair(
        "26 all of the overlap again, under names that tell the month",
        {"6月1-20日.csv": export(TWENTY_DAYS, title="2024年6月")},
        {"6月15-30日.csv": export([*TWENTY_DAYS[14:], *LATE_JUNE], title="2024年6月")},
        executed=paid(*TWENTY_DAYS, *LATE_JUNE),
        outcomes={DUPLICATE: 6},
    ),
    Pair(
        "26 nine of ten of the overlap",
        {"a.csv": export([*TWENTY_DAYS, *OVERLAP[6:]])},
        {"b.csv": export([*OVERLAP[:4], *OVERLAP[5:], *LATE_JUNE])},
        executed=paid(*TWENTY_DAYS, *OVERLAP[6:], *LATE_JUNE) - Decimal(OVERLAP[4].yuan),
        outcomes={DUPLICATE: 9, WITHDRAWN: 1},
        found=frozenset({WITHDRAWN_TOLD}),
    ),
    Pair(
        "27 half of the overlap",
        {"a.csv": export([*TWENTY_DAYS, *OVERLAP[6:]])},
        {"b.csv": export([*OVERLAP[:5], *LATE_JUNE, LATE_JUNE[0]._replace(number="X", day="2024-06-15")])},
        executed=paid(*TWENTY_DAYS, *OVERLAP[6:]),
        held=True,
        found=frozenset({BETWEEN}),
        said=f"{paid(*TWENTY_DAYS, *OVERLAP[6:], *LATE_JUNE, LATE_JUNE[0]):,}",
    ),
    Pair(
        "28 the month again in 万元",
        {"a.csv": export(EXACT)},
        {"b.csv": export(in_ten_thousand(EXACT), unit="万元")},
        executed=paid(*EXACT),
        outcomes={DUPLICATE: 40},
    ),
    Pair(
        "28 万元 first",
        {"a.csv": export(in_ten_thousand(EXACT), unit="万元")},
        {"b.csv": export(EXACT)},
        executed=paid(*EXACT),
        outcomes={DUPLICATE: 40},
    ),
    Pair(
        "28 in 万元 with another amount",
        {"a.csv": export(EXACT)},
        {"b.csv": export(with_amount(in_ten_thousand(EXACT), {2: "1.36"}), unit="万元")},
        executed=paid(*EXACT) - Decimal(EXACT[2].yuan) + 13600,
        outcomes={DUPLICATE: 39, SUPERSEDED: 1},
        found=frozenset({RESTATED_TOLD}),
    ),
    Pair(
        "29 the month again without payees",
        {"a.csv": export([*NAMES, *JUNE])},
        {"b.csv": export([*NAMES, *JUNE], payees=False)},
        executed=paid(*NAMES, *JUNE),
        outcomes={DUPLICATE: 43},
        found=frozenset({EQUAL_TOLD}),
    ),
    Pair(
        "29 without payees first",
        {"a.csv": export(JUNE, payees=False)},
        {"b.csv": export([line._replace(account="62000000001") for line in JUNE])},
        executed=paid(*JUNE),
        outcomes={DUPLICATE: 40},
    ),
    Pair(
        "30 one number of two departments",
        {"a.csv": export([V7])},
        {"b.csv": export([V7._replace(project="P3")])},
        executed=Decimal("800.00"),
    ),
    Pair(
        "31 the month again, one voucher under another project",
        {"a.csv": export(JUNE)},
        {"b.csv": export([JUNE[0]._replace(project="P2"), *JUNE[1:]])},
        executed=paid(*JUNE),
        outcomes={DUPLICATE: 39, RECLASSIFIED: 1},
        found=frozenset({RECLASSIFIED_TOLD}),
    ),
    Pair(
        "31 a file with that one line",
        {"a.csv": export(JUNE)},
        {"b.csv": export([JUNE[0]._replace(project="P2")])},
        executed=paid(*JUNE),
        outcomes={RECLASSIFIED: 1},
        found=frozenset({RECLASSIFIED_TOLD}),
    ),
    Pair(
        "31 another day of the month",
        {"a.csv": export(JUNE)},
        {"b.csv": export([JUNE[0]._replace(day="2024-06-12")])},
        executed=paid(*JUNE),
        outcomes={RECLASSIFIED: 1},
        found=frozenset({RECLASSIFIED_TOLD}),
    ),
    Pair(
        "32 every line stands twice",
        {"a.csv": export([V7])},
        {"b.csv": export([*JUNE, *JUNE])},
        executed=Decimal("400.00"),
        held=True,
        found=frozenset({TWICE}),
        said=f"{paid(*JUNE) * 2:,}",
    ),
    Pair(
        "of one night the file that was written later counts, whatever the names",
        {"b.csv": export(JUNE)},
        {"a.csv": export(with_amount(JUNE, {3: "1100.04"}))},
        one_night=True,
        executed=paid(*JUNE) + Decimal("100.00"),
        outcomes={DUPLICATE: 39, SUPERSEDED: 1},
        found=frozenset({RESTATED_TOLD}),
    ),
    Pair(
        "of one night the file that was written later counts, whatever the names (2)",
        {"a.csv": export(with_amount(JUNE, {3: "1100.04"}))},
        {"b.csv": export(JUNE)},
        one_night=True,
        hours=-1,
        executed=paid(*JUNE) + Decimal("100.00"),
        outcomes={DUPLICATE: 39, SUPERSEDED: 1},
        found=frozenset({RESTATED_TOLD}),
    ),
    Pair(
        "written in one moment: nothing is guessed",
        {"a.csv": export(JUNE)},
        {"b.csv": export(with_amount(JUNE, {3: "1100.04"}))},
        one_night=True,
        hours=0,
        held=True,
        found=frozenset({ORDER}),
        said=f"{paid(*JUNE) + 100:,}",
    ),
    Pair(
        "written in one moment, and equal",
        {"a.csv": export(JUNE)},
        {"b.csv": export(JUNE[::-1])},
        one_night=True,
        hours=0,
        executed=paid(*JUNE),
        outcomes={DUPLICATE: 40},
    ),
    Pair(
        "a re-delivery that takes away more than a fifth",
        {"a.csv": export([*JUNE[:38], JUNE[38]._replace(yuan="20000"), JUNE[39]])},
        {"b.csv": export([*JUNE[:38], JUNE[39]])},
        executed=paid(*JUNE) - Decimal(JUNE[38].yuan) + 20000,
        held=True,
        found=frozenset({TOO_MUCH, WITHDRAWN_TOLD}),
    ),
    Pair(
        "three deliveries of one month",
        {"a.csv": export(JUNE), "b.csv": export(JUNE)},
        {"c.csv": export(with_amount(JUNE, {0: "7.00"}))},
        executed=paid(*JUNE[1:]) + 7,
        outcomes={DUPLICATE: 79, SUPERSEDED: 1},
        found=frozenset({RESTATED_TOLD}),
    ),
    Pair(
        "a line of July's file was in June's already",
        {"6月.csv": export(JUNE)},
        {"7月.csv": export([JUNE[20], *month(7, 12)])},
        executed=paid(*JUNE, *month(7, 12)),
        outcomes={DUPLICATE: 1},
    ),
]


OF_EACH_OUTCOME = [
    pair
    for pair in PAIRS
    if pair.name
    in {
        "4 five of a hundred are gone",
        "9 a refund on the same day",
        "10 one line with another amount",
        "12 two sources with other amounts",
        "14 the total of the file counts equal lines once",
        "14 three people whose names are never stored",
        "16 two of the three come again",
        "27 half of the overlap",
        "31 a file with that one line",
        "32 every line stands twice",
        "written in one moment: nothing is guessed",
        "a re-delivery that takes away more than a fifth",
    }
]
"""A pair for every outcome and for every reason to hold back: cheap enough to be asked each time."""


@pytest.fixture(scope="module")
def of_each_outcome(tmp_path_factory: pytest.TempPathFactory) -> Bureau:
    """The pairs of each outcome after their two nights."""
    return _after_two_nights(Bureau(tmp_path_factory.mktemp("few")), OF_EACH_OUTCOME)


@pytest.fixture(scope="module")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Bureau:
    """All pairs after their two nights."""
    return _after_two_nights(Bureau(tmp_path_factory.mktemp("pairs")), PAIRS)


def _after_two_nights(bureau: Bureau, pairs: Sequence[Pair]) -> Bureau:
    bureau.settings.replacement.believed_sources = [
        f"{code(pair)}/*/{pair.believed}" for pair in pairs if pair.believed
    ]
    for pair in pairs:
        _deliver(bureau, pair, {"预算.csv": BUDGET, **pair.first})
        if pair.one_night:
            _deliver(bureau, pair, pair.second, hours=pair.hours)
    bureau.night()
    for pair in pairs:
        if not pair.one_night:
            _deliver(bureau, pair, pair.second, hours=pair.hours)
    bureau.night()
    return bureau


def code(pair: Pair) -> str:
    """The district of a pair."""
    return f"44{PAIRS.index(pair) + 1000}"


def _deliver(bureau: Bureau, pair: Pair, files: Mapping[str, str], hours: int = 0) -> None:
    for name, text in files.items():
        written = 1_735_700_000 + hours * HOUR
        os.utime(bureau.deliver(f"{code(pair)}/2024/{name}", text), (written, written))


@pytest.mark.long
@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_what_counts_after_two_deliveries(bureau: Bureau, pair: Pair) -> None:
    _counts_as_expected(bureau, pair)


@pytest.mark.parametrize("pair", OF_EACH_OUTCOME, ids=lambda pair: pair.name)
def test_each_outcome_of_two_deliveries(of_each_outcome: Bureau, pair: Pair) -> None:
    _counts_as_expected(of_each_outcome, pair)


def _counts_as_expected(bureau: Bureau, pair: Pair) -> None:
    here = f"district_code = '{code(pair)}'"
    told = bureau.rows(
        "select rule_id, message, message_zh from quality.finding"
        f" where {here} and rule_id <> 'expected-dataset-missing'"
    )
    assert {rule for rule, *_ in told} == pair.found
    assert bureau.one(f"select is_held_back from quality.district_year where {here}") == (pair.held,)
    (executed, full_year) = bureau.one(
        f"select sum(executed_amount), sum(full_year_budget_amount) from summary.department_execution where {here}"
    )
    assert (executed or 0) == pair.executed
    assert pair.full_year in (None, full_year)
    kinds = Counter(kind for (kind,) in bureau.rows(f"select duplicate_kind from quality.duplicate_row where {here}"))
    assert kinds == Counter(pair.outcomes)
    assert any(pair.said in message and pair.said in message_zh for _, message, message_zh in told) or not pair.said


def test_every_line_that_does_not_count_names_the_delivery_that_it_was_compared_with(of_each_outcome: Bureau) -> None:
    assert (
        of_each_outcome.rows(
            """select * from quality.duplicate_row as gone
        where not exists (from quality.source_file as file where file.source_file_id = gone.kept_source_file_id)
            or (gone.duplicate_kind <> 'withdrawn') <> (gone.kept_source_line is not null)"""
        )
        == []
    )


def test_nothing_of_what_tells_payees_apart_is_published(of_each_outcome: Bureau) -> None:
    bureau = of_each_outcome
    content = bureau.settings.database.read_bytes()
    stored = b"".join(path.read_bytes() for path in bureau.settings.accepted.rglob("*.parquet"))
    for name in ("张三", "恒通公司"):
        assert name.encode() not in content
        assert name.encode() not in stored
    assert not bureau.rows("select 1 from information_schema.columns where column_name like '%digest%'")


# The other datasets ----------------------------------------------------------------------------------------------

SAMPLES: dict[str, tuple[str, str, str]] = {
    "department": ("部门编码,部门名称", "101,甲局\n102,乙局\n103,丙局", "103,丁局"),
    "project": ("项目编码,项目名称,部门编码", "P1,道路养护,101\nP2,路灯,101\nP3,河道,102", "P3,河道整治,102"),
    "annual_budget": (
        "单位编码,项目编码,功能科目编码,资金性质,年初预算数",
        "101,P1,2120101,111,100\n101,P2,2120101,111,200\n102,P3,2120101,111,350",
        "102,P3,2120101,111,360",
    ),
    "budget_adjustment": (
        "调整编号,文号,调整日期,调整类型,单位编码,项目编码,资金性质,调整金额",
        "1,甲1号,2024-03-01,追加,101,P1,111,1\n2,甲1号,2024-03-01,追加,101,P2,111,2\n3,甲1号,2024-03-01,追加,102,P3,111,5",
        "3,甲1号,2024-03-01,追加,102,P3,111,6",
    ),
    "budget_indicator": (
        "指标编号,单位编码,项目编码,资金性质,指标金额,指标余额",
        "Z1,101,P1,111,10,10\nZ2,101,P2,111,20,20\nZ3,102,P3,111,35,35",
        "Z3,102,P3,111,36,36",
    ),
    "payment": (
        "支付凭证号,支付日期,单位编码,项目编码,资金性质,实际支付金额",
        "V1,2024-03-01,101,P1,111,1\nV2,2024-03-01,101,P2,111,2\nV3,2024-03-01,102,P3,111,5",
        "V3,2024-03-01,102,P3,111,6",
    ),
    "payment_application": (
        "支付申请编号,申请日期,单位编码,项目编码,资金性质,支付申请金额",
        "S1,2024-03-01,101,P1,111,1\nS2,2024-03-01,101,P2,111,2\nS3,2024-03-01,102,P3,111,5",
        "S3,2024-03-01,102,P3,111,6",
    ),
    "carryover": (
        "单位编码,项目编码,资金性质,结转数",
        "101,P1,111,5\n101,P2,111,6\n102,P3,111,7",
        "102,P3,111,8",
    ),
    "execution_statement": (
        "单位编码,单位名称,全年预算数,执行数,截止日期",
        "101,甲局,1000,10,2024-06-30\n102,乙局,1000,20,2024-06-30\n103,丙局,1100,35,2024-06-30",
        "103,丙局,1100,36,2024-06-30",
    ),
    "department_budget": (
        "单位编码,功能科目编码,收支方向,预算数",
        "101,2120101,支出,100\n102,2120101,支出,200\n103,2120101,支出,350",
        "103,2120101,支出,360",
    ),
    "published_figure": (
        "部门名称,公布指标,公布比率,公布文件",
        "甲局,执行率,91.5%,自评报告\n乙局,执行率,92.5%,自评报告\n丙局,执行率,93.5%,自评报告",
        "丙局,执行率,94.5%,自评报告",
    ),
    "fund_type": ("资金性质编码,资金性质名称", "111,一般公共预算\n121,政府性基金\n13,国有资本", "13,国资预算"),
    "function_code": ("科目编码,科目名称", "201,一般公共服务\n205,教育\n208,社会保障", "208,社会保障和就业"),
    "economy_code": (
        "经济分类科目编码,经济分类科目名称,经济分类体系",
        "301,工资福利,部门预算\n302,商品和服务,部门预算\n303,补助,部门预算",
        "303,个人补助,部门预算",
    ),
}
"""Dataset → headers, three lines, and the third line as it is restated."""


@pytest.fixture(scope="module")
def of_every_dataset(tmp_path_factory: pytest.TempPathFactory) -> Bureau:
    """Every dataset delivered twice on the first night (990001), and once more with a changed line (990002)."""
    bureau = Bureau(tmp_path_factory.mktemp("datasets"))
    bureau.settings.district_names = {}
    for dataset, (head, lines, _) in SAMPLES.items():
        for place in ("990001/2024/{}.csv", "990001/2024/{}再报.csv", "990002/2024/{}.csv"):
            bureau.deliver(place.format(dataset), f"单位：元\n{head}\n{lines}\n")
    bureau.night()
    for dataset, (head, lines, changed) in SAMPLES.items():
        again = "\n".join([*lines.split("\n")[:2], changed])
        bureau.deliver(f"990002/2024/{dataset}更正.csv", f"单位：元\n{head}\n{again}\n")
    bureau.night()
    return bureau


def test_every_dataset_has_a_sample() -> None:
    assert SAMPLES.keys() == DATASETS.keys()


@pytest.mark.long
@pytest.mark.parametrize("dataset", SAMPLES)
def test_lines_of_every_dataset_that_come_twice_count_once(of_every_dataset: Bureau, dataset: str) -> None:
    bureau = of_every_dataset
    assert bureau.one(f"select count(*) from core.{dataset} where district_code = '990001'") == (3,)
    assert bureau.rows(
        "select duplicate_kind, count(*) from quality.duplicate_row"
        f" where district_code = '990001' and dataset = '{dataset}' group by 1"
    ) == [("duplicate", 3)]


@pytest.mark.long
@pytest.mark.parametrize("dataset", SAMPLES)
def test_lines_of_every_dataset_are_restated_by_a_later_night(of_every_dataset: Bureau, dataset: str) -> None:
    bureau = of_every_dataset
    assert bureau.one(f"select count(*) from core.{dataset} where district_code = '990002'") == (3,)
    assert Counter(
        dict(
            bureau.rows(
                "select duplicate_kind, count(*) from quality.duplicate_row"
                f" where district_code = '990002' and dataset = '{dataset}' group by 1"
            )
        )
    ) == {"duplicate": 2, "superseded": 1}
    files = bureau.rows(
        f"""select distinct parse_filename(source_path) from core.{dataset} inner join quality.source_file
        using (source_file_id) where {dataset}.district_code = '990002'"""
    )
    assert (f"{dataset}更正.csv",) in files


def test_statements_of_departments_and_of_projects_are_no_two_sources(tmp_path: Path) -> None:
    """Each says what the other does not, whether they come together or a night apart; each is restated alone."""
    departments = "单位：元\n单位编码,单位名称,年初预算数,执行数\n101,甲局,300.03,120.02\n102,乙局,200.01,60.07\n"
    projects = (
        "单位：元\n单位编码,单位名称,项目编码,项目名称,年初预算数,执行数\n"
        "101,甲局,P1,道路养护,100.01,50.01\n101,甲局,P2,路灯,200.02,70.01\n102,乙局,P3,河道,200.01,60.07\n"
    )
    bureau = Bureau(tmp_path)
    bureau.deliver("440101/2024/执行_部门.csv", departments)
    bureau.deliver("440101/2024/执行_项目.csv", projects)
    bureau.deliver("440102/2024/执行_部门.csv", departments)
    assert bureau.night().exit_code == 0
    bureau.deliver("440101/2024/更正/执行_项目.csv", projects.replace("70.01", "71.01"))
    bureau.deliver("440102/2024/执行_项目.csv", projects)
    assert bureau.night().exit_code == 0
    figures = "select district_code, sum(executed_amount) from summary.{} group by all order by all"
    sound, corrected = Decimal("180.09"), Decimal("181.09")
    assert bureau.rows(figures.format("department_execution")) == [("440101", sound), ("440102", sound)]
    assert bureau.rows(figures.format("project_execution")) == [("440101", corrected), ("440102", sound)]
    assert bureau.rows("select rule_id from quality.finding where severity = 'fatal'") == []
