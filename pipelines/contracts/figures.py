"""The glossary: every published column that no contract and no quality table defines, each defined once.

A column's type, comment, dictionary entry and Chinese view name come from here. Tables that SQL makes carry their own
sentences in their files. Does not belong here: columns of exports (the contracts), columns of schema ``quality``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from pipelines.contracts.common import EXPENDITURE_NATURES, PROJECT_KINDS
from pipelines.contracts.datasets import DATASETS
from pipelines.contracts.model import Column, Dataset, Kind
from pipelines.contracts.quality_tables import QUALITY_TABLES, PublishedTable
from pipelines.contracts.reference_tables import FUND_TYPE_REFERENCE, PROJECT_KIND_REFERENCE, REFERENCE_TABLES

_UNITS = {
    Kind.AMOUNT: "yuan",
    Kind.SUM: "yuan",
    Kind.RATIO: "ratio",
    Kind.PERCENT: "percent",
    Kind.INTEGER: "count",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One published column: what it means, how it is computed, in what unit.

    ``values`` are the stored values of a status or code with their Chinese names. ``unit`` may be left empty where
    the kind tells it.
    """

    name: str
    kind: Kind
    label_zh: str
    meaning: str
    meaning_zh: str
    formula: str = ""
    unit: str = ""
    values: tuple[tuple[str, str], ...] = ()

    @property
    def unit_name(self) -> str:
        """The unit in words, empty for texts, codes, dates and flags."""
        return self.unit or _UNITS.get(self.kind, "")


EXECUTION_STATUSES: tuple[tuple[str, str], ...] = (
    ("ok", "正常"),
    ("zero_budget", "零预算"),
    ("spend_without_budget", "无预算支出"),
    ("over_executed", "超预算支出"),
    ("unknown", "未知"),
)
"""Execution statuses as stored, with their Chinese names."""

ADJUSTMENT_STATUSES: tuple[tuple[str, str], ...] = (
    ("ok", "正常"),
    ("new_in_year", "年中新增"),
    ("fully_cut", "全额调减"),
    ("zero_budget", "零预算"),
    ("unknown", "未知"),
)
"""Adjustment statuses as stored, with their Chinese names."""

SOURCE_GRAINS: tuple[tuple[str, str], ...] = (("detail", "明细"), ("statement", "执行情况表"))
"""What a summary row was computed from, with Chinese names."""

_FIGURES: tuple[Figure, ...] = (
    # Amounts of an execution figure
    Figure(
        "increase_amount",
        Kind.AMOUNT,
        "调增金额",
        "Sum of the positive adjustment lines, in yuan; unknown where only a net figure is delivered.",
        "调增各行之和（元）；只有净额时为未知。",
        formula="Σ adjustment_amount > 0",
    ),
    Figure(
        "decrease_amount",
        Kind.AMOUNT,
        "调减金额",
        "Sum of the negative adjustment lines as a positive amount, in yuan; unknown where only a net is delivered.",
        "调减各行之和（元），记为正数；只有净额时为未知。",
        formula="−Σ adjustment_amount < 0",
    ),
    Figure(
        "net_adjustment_amount",
        Kind.AMOUNT,
        "净调整金额",
        "Signed net adjustment, in yuan: additions minus cuts.",
        "净调整金额（元）：调增减调减。",
        formula="increase_amount − decrease_amount; from a statement its adjustment, or full-year − initial",
    ),
    Figure(
        "adjustment_count",
        Kind.INTEGER,
        "调整次数",
        "Number of adjustment lines; unknown where none were delivered.",
        "调整明细行数；未报送明细时为未知。",
    ),
    Figure(
        "gross_adjustment_amount",
        Kind.AMOUNT,
        "调整总额",
        "Sum of the absolute adjustment lines without those for an exempt reason, in yuan.",
        "剔除豁免原因后各调整行绝对值之和（元）。",
        formula="Σ |adjustment_amount| of non-exempt lines",
    ),
    Figure(
        "unspent_amount",
        Kind.AMOUNT,
        "未执行金额",
        "Budget that is not spent, in yuan; negative where more was spent.",
        "尚未执行的预算（元），超支为负。",
        formula="full_year_budget_amount − executed_amount",
    ),
    # Rates
    Figure(
        "execution_rate",
        Kind.RATIO,
        "预算执行率",
        "Executed / full-year budget, as a ratio; empty where the budget is 0 or unknown.",
        "执行数÷全年预算数（比值）；预算为零或未知时为空。",
        formula="executed_amount / full_year_budget_amount",
    ),
    Figure(
        "execution_rate_pct",
        Kind.PERCENT,
        "预算执行率（%）",
        "Executed / full-year budget in percent, rounded half up once.",
        "执行数÷全年预算数（百分数），一次四舍五入。",
        formula="100 × executed_amount / full_year_budget_amount",
    ),
    Figure(
        "completion_rate_of_initial",
        Kind.RATIO,
        "完成年初预算比率",
        "Executed / initial budget, as a ratio; above 1 is normal where budgets were added to.",
        "执行数÷年初预算数（比值）；有追加时可大于一。",
        formula="executed_amount / initial_budget_amount",
    ),
    Figure(
        "completion_rate_of_initial_pct",
        Kind.PERCENT,
        "完成年初预算比率（%）",
        "Executed / initial budget in percent, rounded half up once.",
        "执行数÷年初预算数（百分数），一次四舍五入。",
        formula="100 × executed_amount / initial_budget_amount",
    ),
    Figure(
        "net_adjustment_rate",
        Kind.RATIO,
        "预算调整率",
        "Signed net adjustment / initial budget, as a ratio; empty where the initial budget is 0 or unknown.",
        "净调整金额÷年初预算数（比值，带正负号）；年初预算为零或未知时为空。",
        formula="net_adjustment_amount / initial_budget_amount",
    ),
    Figure(
        "net_adjustment_rate_pct",
        Kind.PERCENT,
        "预算调整率（%）",
        "Signed net adjustment / initial budget in percent, rounded half up once.",
        "净调整金额÷年初预算数（百分数，带正负号），一次四舍五入。",
        formula="100 × net_adjustment_amount / initial_budget_amount",
    ),
    Figure(
        "gross_adjustment_rate",
        Kind.RATIO,
        "预算调整率（总额）",
        "Absolute non-exempt adjustments / initial budget, as a ratio (财预〔2013〕53号); needs adjustment lines.",
        "剔除豁免后调整绝对额÷年初预算数（比值，财预〔2013〕53号口径）；须有调整明细。",
        formula="gross_adjustment_amount / initial_budget_amount",
    ),
    Figure(
        "gross_adjustment_rate_pct",
        Kind.PERCENT,
        "预算调整率（总额，%）",
        "Absolute non-exempt adjustments / initial budget in percent, rounded half up once.",
        "剔除豁免后调整绝对额÷年初预算数（百分数），一次四舍五入。",
        formula="100 × gross_adjustment_amount / initial_budget_amount",
    ),
    # Statuses
    Figure(
        "execution_status",
        Kind.CODE,
        "执行状态",
        "ok; zero_budget: 0 of 0; spend_without_budget: x of 0; over_executed: above 100 %; unknown: input missing.",
        "ok 正常；zero_budget 零预算零支出；spend_without_budget 无预算支出；over_executed 超预算；unknown 缺数据。",
        values=EXECUTION_STATUSES,
    ),
    Figure(
        "adjustment_status",
        Kind.CODE,
        "调整状态",
        "ok; new_in_year: initial 0, money added; fully_cut: −100 %; zero_budget: initial 0, nothing added; "
        "unknown: an input is missing.",
        "ok 正常；new_in_year 年中新增；fully_cut 全额调减；zero_budget 年初为零且未追加；unknown 缺数据。",
        values=ADJUSTMENT_STATUSES,
    ),
    Figure(
        "source_grain",
        Kind.CODE,
        "数据来源",
        "detail: budget lines, adjustments and payments; statement: the execution statement.",
        "detail 由预算、调整、支付明细汇总；statement 取自执行情况表。",
        values=SOURCE_GRAINS,
    ),
    Figure(
        "as_of_date",
        Kind.DATE,
        "截止日期",
        "Date up to which the row counts: latest adjustment or payment of the district-year, or the statement's date.",
        "数据截止日期：明细取本区本年度最后一笔调整或支付的日期，执行情况表取其截止日期。",
    ),
    Figure(
        "figure_level",
        Kind.CODE,
        "层级",
        "What the row is about: department, project, fund_type or nature.",
        "该行的层级：部门、项目、资金性质或支出性质。",
        values=(("department", "部门"), ("project", "项目"), ("fund_type", "资金性质"), ("nature", "支出性质")),
    ),
    # Names as given and what they stand for
    Figure(
        "given_department_code",
        Kind.CODE,
        "原部门编码",
        "Department code as the rows give it.",
        "数据行所写的部门编码。",
    ),
    Figure(
        "given_department_name",
        Kind.TEXT,
        "原部门名称",
        "Department name as the rows give it.",
        "数据行所写的部门名称。",
    ),
    Figure(
        "given_project_code", Kind.CODE, "原项目编码", "Project code as the rows give it.", "数据行所写的项目编码。"
    ),
    Figure(
        "given_project_name", Kind.TEXT, "原项目名称", "Project name as the rows give it.", "数据行所写的项目名称。"
    ),
    Figure(
        "unit_code",
        Kind.CODE,
        "单位编码",
        "Code of the unit that the row names, before its department takes it over.",
        "数据行所属单位的编码，尚未归并到主管部门。",
    ),
    Figure("unit_name", Kind.TEXT, "单位名称", "Name of that unit.", "该单位的名称。"),
    Figure(
        "project_nature",
        Kind.CODE,
        "项目支出性质",
        "Nature of the line's project, where it names one.",
        "该行项目的支出性质。",
        values=EXPENDITURE_NATURES,
    ),
    # What a district-year delivered
    Figure(
        "has_annual_budget", Kind.FLAG, "有年初预算", "Whether the annual budget was delivered.", "是否报送年初预算。"
    ),
    Figure(
        "has_budget_adjustment", Kind.FLAG, "有预算调整", "Whether adjustments were delivered.", "是否报送预算调整。"
    ),
    Figure("has_payment", Kind.FLAG, "有国库支付", "Whether payments were delivered.", "是否报送国库支付。"),
    Figure("has_carryover", Kind.FLAG, "有结转结余", "Whether carry-over was delivered.", "是否报送结转结余。"),
    Figure(
        "has_execution_statement",
        Kind.FLAG,
        "有执行情况表",
        "Whether a statement was delivered.",
        "是否报送执行情况表。",
    ),
    Figure(
        "has_full_year_on_every_budget_line",
        Kind.FLAG,
        "全年预算数齐全",
        "Whether every annual-budget line carries its full-year budget.",
        "年初预算各行是否都带全年预算数。",
    ),
    Figure(
        "latest_event_date",
        Kind.DATE,
        "最近发生日期",
        "Date of the latest adjustment or payment.",
        "最后一笔调整或支付的日期。",
    ),
    # Detail by month
    Figure(
        "month",
        Kind.INTEGER,
        "月份",
        "Month 1 to 12; 0 is the approved budget before the year begins.",
        "月份 1 至 12；0 为年初批复。",
        unit="month",
    ),
    Figure("budget_line_count", Kind.INTEGER, "预算行数", "Number of annual-budget lines.", "年初预算行数。"),
    Figure(
        "budget_line_with_full_year_count",
        Kind.INTEGER,
        "带全年预算的行数",
        "Number of annual-budget lines that carry a full-year budget.",
        "带全年预算数的年初预算行数。",
    ),
    Figure(
        "stated_full_year_amount",
        Kind.AMOUNT,
        "所载全年预算数",
        "Sum of the full-year budget as the annual-budget lines state it, in yuan; a check, not the figure.",
        "年初预算各行所载全年预算数之和（元），仅供核对。",
    ),
    Figure("payment_count", Kind.INTEGER, "支付笔数", "Number of payment lines.", "支付明细行数。"),
    # Reference tables
    Figure("reference_table", Kind.CODE, "参考表", "Name of the reference table.", "参考表名称。"),
    Figure(
        "reference_district_code",
        Kind.CODE,
        "参考表所属区划",
        "District whose own version is in force; empty: the default version.",
        "适用的自定版本所属区划；空为默认版本。",
    ),
)

FIGURES: dict[str, Figure] = {figure.name: figure for figure in _FIGURES}
"""The glossary by column name."""

CONTRACT_VALUES: dict[str, tuple[tuple[str, str], ...]] = {
    "project_kind": PROJECT_KINDS,
    "expenditure_nature": EXPENDITURE_NATURES,
}
"""Stored values of contract columns with their Chinese names."""


@cache
def _contract_columns() -> dict[str, Column]:
    columns: dict[str, Column] = {}
    tables: tuple[Dataset | PublishedTable, ...] = (
        *DATASETS.values(),
        *QUALITY_TABLES,
        *REFERENCE_TABLES.values(),
        FUND_TYPE_REFERENCE,
        PROJECT_KIND_REFERENCE,
    )
    for table in tables:
        for column in table.columns:
            columns.setdefault(column.name, column)
    return columns


def definition(name: str) -> Column | Figure:
    """The definition of a column of a table that SQL makes; raises ``KeyError`` naming the column if there is none."""
    found = FIGURES.get(name) or _contract_columns().get(name)
    if found is None:
        raise KeyError(f"the published column {name!r} has no definition; add it to pipelines/contracts/figures.py")
    return found


def value_labels(name: str) -> tuple[tuple[str, str], ...]:
    """Stored values of a status or code column with their Chinese names; empty where there is no such list."""
    figure = FIGURES.get(name)
    return figure.values if figure else CONTRACT_VALUES.get(name, ())
