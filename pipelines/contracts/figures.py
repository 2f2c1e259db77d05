"""The glossary: every published column that no contract and no quality table defines, each defined once.

A column's type, comment, dictionary entry and Chinese view name come from here. Tables that SQL makes carry their own
sentences in their files. Does not belong here: columns of exports (the contracts), columns of schema ``quality``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from pipelines.contracts.budget_adjustment import ADJUSTMENT_KINDS
from pipelines.contracts.common import EXPENDITURE_NATURES, PROJECT_KINDS
from pipelines.contracts.datasets import DATASETS
from pipelines.contracts.history_tables import MONTH_CLOSE, PUBLICATION, WATCH_LISTING
from pipelines.contracts.model import Column, Dataset, Kind
from pipelines.contracts.published_figure import PUBLISHED_FIGURE_KINDS
from pipelines.contracts.quality_tables import (
    FILE_OUTCOMES,
    FILE_STATES,
    INCONSISTENCY_KINDS,
    LINE_OUTCOMES,
    PUBLISHED_MEASURES,
    QUALITY_TABLES,
    SEVERITIES,
    STATEMENT_STATUSES,
    PublishedTable,
)
from pipelines.contracts.reference_tables import (
    CLASS_NAME_SOURCES,
    CODE_LISTS,
    HANDLING_STATES,
    REFERENCE_TABLES,
    WARNING_COMPARISONS,
    WARNING_LEVELS,
    WARNING_RULES,
    WARNING_STATEMENTS,
)

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
    ("ok", "预算内"),
    ("zero_budget", "预算为零"),
    ("spend_without_budget", "无预算支出"),
    ("over_executed", "超预算支出"),
    ("negative_budget", "预算为负"),
    ("unknown", "未知"),
)
"""Execution statuses as stored, with their Chinese names."""

ADJUSTMENT_STATUSES: tuple[tuple[str, str], ...] = (
    ("ok", "正常"),
    ("new_in_year", "年中新增"),
    ("fully_cut", "全额调减"),
    ("zero_budget", "预算为零"),
    ("negative_initial_budget", "年初预算为负"),
    ("unknown", "未知"),
)
"""Adjustment statuses as stored, with their Chinese names."""

SOURCE_GRAINS: tuple[tuple[str, str], ...] = (("detail", "明细"), ("statement", "执行情况表"))
"""What a summary row was computed from, with Chinese names."""

GRADES: tuple[tuple[str, str], ...] = (("excellent", "优"), ("good", "良"), ("fair", "中"), ("poor", "差"))
"""Self-evaluation grades as stored, the best first, with their Chinese names."""

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
        "ok; zero_budget: 0 of 0; spend_without_budget: x of 0; over_executed: above 100 %; "
        "negative_budget: below 0; unknown: input missing.",
        "ok 预算内；zero_budget 预算支出均为零；spend_without_budget 无预算支出；over_executed 超预算；"
        "negative_budget 预算为负；unknown 未知。",
        values=EXECUTION_STATUSES,
    ),
    Figure(
        "adjustment_status",
        Kind.CODE,
        "调整状态",
        "ok; new_in_year: initial 0, money added; fully_cut: −100 %; zero_budget: initial 0, nothing added; "
        "negative_initial_budget: initial below 0; unknown: an input is missing.",
        "ok 正常；new_in_year 年中新增；fully_cut 全额调减；zero_budget 年初为零且未追加；"
        "negative_initial_budget 年初为负；unknown 缺数据。",
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
        "Date up to which the row counts: latest payment of the district-year (latest adjustment where none is there), "
        "or the statement's date.",
        "数据截止日期：明细取本区本年度最后一笔支付的日期（无支付时取最后一笔调整），执行情况表取其截止日期。",
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
        "Date up to which the detail counts: of the latest payment, or of the latest adjustment where none is there.",
        "明细数据截止的日期：最后一笔支付的日期，无支付时取最后一笔调整的日期。",
    ),
    Figure("latest_payment_date", Kind.DATE, "最近支付日期", "Date of the latest payment.", "最后一笔支付的日期。"),
    Figure(
        "latest_adjustment_date", Kind.DATE, "最近调整日期", "Date of the latest adjustment.", "最后一笔调整的日期。"
    ),
    Figure(
        "is_over",
        Kind.FLAG,
        "年度已过",
        "Whether the year is over: execution of a later year has begun, or what counts came after its end.",
        "该年度是否已过：以后年度已开始执行，或有效数据在年度终了后报送。",
    ),
    Figure(
        "is_detail_finished",
        Kind.FLAG,
        "明细报至年末",
        "Whether payments reach the end of the year: to its last day, or into December of a year that is over.",
        "支付明细是否报到年末：至 12 月 31 日，或年度已过且报到 12 月。",
    ),
    # Keys of plain joins, and of comparisons between years
    Figure(
        "department_match", Kind.TEXT, "部门跨年键", "What a department goes by in other years.", "部门的跨年对应键。"
    ),
    Figure("project_match", Kind.TEXT, "项目跨年键", "What a project goes by in other years.", "项目的跨年对应键。"),
    # Classes
    Figure(
        "function_level",
        Kind.INTEGER,
        "功能分类级次",
        "1 class, 2 section, 3 item; each level adds up to the department.",
        "1 类、2 款、3 项；每一级合计等于部门。",
        unit="level",
    ),
    Figure(
        "function_class_code",
        Kind.CODE,
        "功能分类编码",
        "Function code at the level; a shorter one where lines name no deeper; empty: none named.",
        "该级的功能分类科目编码；数据行未细分时为上级编码，未注明时为空。",
    ),
    Figure("function_class_name", Kind.TEXT, "功能分类名称", "Name of the function class.", "功能分类科目名称。"),
    Figure("parent_function_class_code", Kind.CODE, "上级功能分类", "Code of the level above.", "上一级科目编码。"),
    Figure(
        "economy_level",
        Kind.INTEGER,
        "经济分类级次",
        "1 class, 2 item; each level of a classification adds up to the department.",
        "1 类、2 款；同一分类的每一级合计等于部门。",
        unit="level",
    ),
    Figure(
        "economy_class_code",
        Kind.CODE,
        "经济分类编码",
        "Economy code at the level; empty: none named.",
        "该级的经济分类科目编码，未注明时为空。",
    ),
    Figure("economy_class_name", Kind.TEXT, "经济分类名称", "Name of the economy class.", "经济分类科目名称。"),
    Figure("parent_economy_class_code", Kind.CODE, "上级经济分类", "Code of the level above.", "上一级科目编码。"),
    Figure(
        "class_name_source",
        Kind.CODE,
        "名称来源",
        "delivered: by the district for the year; reference: the list of the year; earlier_reference: a list of an "
        "earlier year, for want of a newer name.",
        "delivered 本区当年报送；reference 当年科目表；earlier_reference 较早年度科目表（无更新名称）。",
        values=CLASS_NAME_SOURCES,
    ),
    Figure("adjusted_amount", Kind.AMOUNT, "调整净额", "Signed adjustments, in yuan.", "调整净额（元）。"),
    Figure("day", Kind.DATE, "日期", "A day of the fiscal year.", "预算年度的一天。"),
    Figure(
        "covered_until",
        Kind.DATE,
        "涵盖至",
        "The first date of an execution statement that covers the day.",
        "首个涵盖该日的执行情况表截止日期。",
    ),
    Figure(
        "refunded_amount",
        Kind.AMOUNT,
        "退款金额",
        "Sum of the negative payments, in yuan.",
        "负数支付之和（元）。",
    ),
    # Detail by month
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
    *(
        figure
        for month in range(1, 13)
        for figure in (
            Figure(
                f"adjusted_in_{month:02}",
                Kind.AMOUNT,
                f"{month}月净调整",
                f"Signed adjustments dated in month {month}, in yuan.",
                f"{month} 月调整净额（元）。",
            ),
            Figure(
                f"paid_in_{month:02}",
                Kind.AMOUNT,
                f"{month}月支付",
                f"Paid in month {month}, in yuan.",
                f"{month} 月支付（元）。",
            ),
        )
    ),
    Figure("payment_count", Kind.INTEGER, "支付笔数", "Number of payment lines.", "支付明细行数。"),
    # Through the year
    Figure(
        "month_net_adjustment_amount",
        Kind.AMOUNT,
        "当月净调整",
        "Signed adjustments dated in the month, in yuan; from statements the change since the month before.",
        "当月调整净额（元）；执行情况表取与上月之差。",
    ),
    Figure(
        "cumulative_net_adjustment_amount",
        Kind.AMOUNT,
        "累计净调整",
        "Signed adjustments from January to the end of the month, in yuan.",
        "一月至本月末调整净额（元）。",
    ),
    Figure(
        "month_executed_amount",
        Kind.AMOUNT,
        "当月执行数",
        "Paid in the month, in yuan; from statements the change since the month before.",
        "当月支付（元）；执行情况表取与上月之差。",
    ),
    Figure(
        "cumulative_executed_amount",
        Kind.AMOUNT,
        "累计执行数",
        "Paid from January to the end of the month, in yuan.",
        "一月至本月末累计支付（元）。",
    ),
    Figure(
        "time_progress_pct",
        Kind.PERCENT,
        "序时进度（%）",
        "Time progress in percent, rounded half up once.",
        "序时进度（百分数），一次四舍五入。",
    ),
    Figure(
        "time_progress_source",
        Kind.CODE,
        "序时进度来源",
        "yardstick: a published one; days: days elapsed by the as-of date / days of the year.",
        "yardstick 公布的标准；days 截止日期已过天数÷全年天数。",
        values=(("yardstick", "公布标准"), ("days", "按天数")),
    ),
    Figure(
        "gap_to_progress_points",
        Kind.PERCENT,
        "与序时进度差距（百分点）",
        "Execution rate − time progress, both in percent with two places, in percentage points; negative is behind.",
        "两位小数的执行率减序时进度（百分点），负数为落后。",
        formula="execution_rate_pct − time_progress_pct",
        unit="percentage points",
    ),
    Figure(
        "gap_to_progress_amount",
        Kind.AMOUNT,
        "与序时进度差额",
        "Executed − full-year budget × time progress, in yuan; negative is behind.",
        "执行数减全年预算数乘序时进度（元），负数为落后。",
        formula="cumulative_executed_amount − full_year_budget_amount × time_progress",
    ),
    # Ranking
    Figure(
        "execution_rank",
        Kind.INTEGER,
        "执行率名次",
        "Rank by execution rate, the highest first; equal rates share a rank; no rate, no rank.",
        "按执行率由高到低的名次，并列同名次；无执行率则无名次。",
        unit="rank",
    ),
    Figure("ranked_count", Kind.INTEGER, "参与排名数", "How many have a rank.", "参与排名的个数。"),
    Figure(
        "left_out_count",
        Kind.INTEGER,
        "未参与比较数",
        "How many are left out of ranks and average: no rate is known, there is no budget, or it is not complete.",
        "未参与排名与平均的个数：执行率未知、预算为零，或数字不完整。",
    ),
    Figure(
        "sharing_rank_count",
        Kind.INTEGER,
        "同名次数",
        "How many share the rank, itself included.",
        "同名次的个数（含自身）。",
    ),
    Figure(
        "group_execution_rate",
        Kind.RATIO,
        "平均执行率",
        "Executed / full-year budget of all that are compared: sums first, then divided.",
        "参与比较者的执行数合计÷全年预算数合计。",
        formula="Σ executed_amount / Σ full_year_budget_amount",
    ),
    Figure(
        "group_execution_rate_pct",
        Kind.PERCENT,
        "平均执行率（%）",
        "Executed / full-year budget of all that are compared, in percent.",
        "参与比较者的执行数合计÷全年预算数合计（百分数）。",
        formula="100 × Σ executed_amount / Σ full_year_budget_amount",
    ),
    Figure(
        "gap_to_average_points",
        Kind.PERCENT,
        "与平均差距（百分点）",
        "Execution rate − group execution rate, both in percent with two places, in percentage points.",
        "两位小数的执行率减平均执行率（百分点）。",
        formula="execution_rate_pct − group_execution_rate_pct",
        unit="percentage points",
    ),
    Figure("is_below_average", Kind.FLAG, "低于平均", "Whether the rate is below the group's.", "是否低于平均执行率。"),
    Figure(
        "is_below_time_progress",
        Kind.FLAG,
        "低于序时进度",
        "Whether the rate is below the time progress.",
        "是否低于序时进度。",
    ),
    Figure(
        "share_of_budget_pct",
        Kind.PERCENT,
        "占预算比重（%）",
        "Share of the group's full-year budget, in percent.",
        "占参与比较者全年预算数合计的百分数。",
    ),
    Figure(
        "share_of_unspent_pct",
        Kind.PERCENT,
        "占未执行比重（%）",
        "Share of the group's unspent budget, in percent.",
        "占参与比较者未执行金额合计的百分数。",
    ),
    # Warnings
    Figure(
        "measured_value",
        Kind.FINDING_VALUE,
        "实测值",
        "What the rule measures: a ratio, a count, or yuan.",
        "预警规则的实测值：比值、次数或元。",
        unit="as the rule",
    ),
    Figure(
        "warning_amount", Kind.AMOUNT, "涉及金额", "Money that the warning is about, in yuan.", "预警涉及的金额（元）。"
    ),
    Figure("evidence", Kind.TEXT, "依据（英文）", "The figures that led to the warning.", "触发预警的数字（英文）。"),
    Figure("evidence_zh", Kind.TEXT, "依据", "The figures that led to the warning, in Chinese.", "触发预警的数字。"),
    Figure(
        "warning_statement_count",
        Kind.INTEGER,
        "预警事项数",
        "Statements of the row: rules that say the same are one.",
        "该行的预警事项数，同义规则合并为一项。",
    ),
    Figure(
        "warning_rules",
        Kind.TEXT,
        "触发的规则",
        "Every rule of the department or project whose threshold is passed, as tags.",
        "该部门或项目触发的全部规则。",
    ),
    # The watch
    Figure(
        "watch_reasons",
        Kind.TEXT,
        "跟踪原因（代码）",
        "Why the project is watched, as tags: cut-to-zero, no-contract, approval-missing, no-payment, far-behind.",
        "列入跟踪的原因代码：cut-to-zero、no-contract、approval-missing、no-payment、far-behind。",
    ),
    Figure(
        "watch_reasons_zh",
        Kind.TEXT,
        "跟踪原因说明",
        "Why the project is watched, in Chinese.",
        "列入跟踪的原因。",
    ),
    Figure(
        "months_without_payment",
        Kind.INTEGER,
        "连续无支付月数",
        "Months since the latest payment, or since there was a budget and the project was to begin.",
        "距最近一次支付的月数；从未支付的，自有预算且应开始之月起算。",
        unit="months",
    ),
    Figure(
        "uncontracted_amount",
        Kind.AMOUNT,
        "尚未签约金额",
        "What is left of the budget of a project without a contract, in yuan; empty where contracts are not told.",
        "未签合同项目的剩余预算（元）；未报送合同情况或已签合同时为空。",
    ),
    Figure(
        "projected_executed_amount",
        Kind.AMOUNT,
        "年末预计执行数",
        "Probably executed by the year's end, in yuan: executed + what is left × the share of it that comparable "
        "projects of the year before still spent after the same day.",
        "年末预计执行数（元）：执行数加剩余预算乘以上年同类项目在同一天之后所支用剩余的比例。",
        formula="executed_amount + unspent_amount × share that comparable projects still spent",
    ),
    Figure(
        "projected_lowest_amount",
        Kind.AMOUNT,
        "预计执行下限",
        "Lower bound of the projection, in yuan: nine in ten comparable projects spent a larger share.",
        "预计执行数下限（元）：十分之九的同类项目支用比例不低于此。",
    ),
    Figure(
        "projected_highest_amount",
        Kind.AMOUNT,
        "预计执行上限",
        "Upper bound of the projection, in yuan: nine in ten comparable projects spent no larger share.",
        "预计执行数上限（元）：十分之九的同类项目支用比例不高于此。",
    ),
    Figure(
        "projection_basis",
        Kind.CODE,
        "预计依据",
        "own_kind: projects of the kind in the year before; all_kinds: all projects; yardstick: time progress; "
        "spent: nothing is left; too_little: nothing to go by, hence unknown.",
        "own_kind 上年同类别项目；all_kinds 上年全部项目；yardstick 序时进度；spent 无剩余预算；"
        "too_little 依据不足，不作预计。",
        values=(
            ("own_kind", "上年同类别项目"),
            ("all_kinds", "上年全部项目"),
            ("yardstick", "序时进度"),
            ("spent", "无剩余预算"),
            ("too_little", "依据不足"),
        ),
    ),
    Figure(
        "comparable_project_count",
        Kind.INTEGER,
        "同类项目数",
        "Projects on which the projection rests.",
        "预计所依据的项目数。",
    ),
    Figure(
        "proposed_adjustment_amount",
        Kind.AMOUNT,
        "建议申请调整金额",
        "Full-year budget − projected executed amount, not below 0, in yuan.",
        "全年预算数减年末预计执行数，不低于零（元）。",
        formula="full_year_budget_amount − projected_executed_amount",
    ),
    Figure(
        "proposed_adjustment_change_amount",
        Kind.AMOUNT,
        "较上次增减",
        "Change of the proposed adjustment since the publication before, in yuan.",
        "建议申请调整金额较上次发布的增减（元）。",
    ),
    Figure(
        "unseen_columns",
        Kind.TEXT,
        "未报送的列",
        "Columns of the project list that nobody filled: what they would show, the watch cannot see.",
        "项目库未填报的列；相应情况无法跟踪。",
    ),
    Figure(
        "listed_since",
        Kind.DATE,
        "列入日期",
        "Day of the publication since which the project has been on the list.",
        "自哪一日发布起列入清单。",
    ),
    Figure(
        "watch_change",
        Kind.CODE,
        "较上次变化",
        "new: not on the list before; reasons: other reasons; amounts: other amounts; unchanged.",
        "new 新列入；reasons 原因有变；amounts 金额有变；unchanged 无变化。",
        values=(("new", "新列入"), ("reasons", "原因有变"), ("amounts", "金额有变"), ("unchanged", "无变化")),
    ),
    *(
        Figure(name, Kind.INTEGER, label_zh, meaning, meaning_zh)
        for name, label_zh, meaning, meaning_zh in (
            ("project_count", "项目数", "Number of projects.", "项目数。"),
            ("watched_project_count", "跟踪项目数", "Projects on the watch.", "列入跟踪的项目数。"),
            (
                "unprojected_project_count",
                "未作预计项目数",
                "Watched projects without a projection.",
                "未作预计的项目数。",
            ),
            ("listed_project_count", "项目库项目数", "Projects of the project list.", "项目库中的项目数。"),
            ("contract_date_count", "填报合同日期数", "Projects with a contract date.", "填报合同签订日期的项目数。"),
            (
                "planned_start_date_count",
                "填报开工日期数",
                "Projects with a planned start.",
                "填报计划开工日期的项目数。",
            ),
            ("approval_count", "填报批复情况数", "Projects that tell of approval.", "填报是否批复立项的项目数。"),
            (
                "tested_project_count",
                "检验项目数",
                "Projects by which the projection was tested.",
                "检验预测的项目数。",
            ),
        )
    ),
    Figure(
        "watched_budget_amount",
        Kind.AMOUNT,
        "跟踪项目全年预算数",
        "Full-year budget of the watched projects, in yuan.",
        "跟踪项目的全年预算数（元）。",
    ),
    Figure(
        "tested_fiscal_year",
        Kind.INTEGER,
        "检验年度",
        "Finished year in which the projection was tested.",
        "用于检验预测的已结束年度。",
        unit="year",
    ),
    Figure(
        "projection_error_pct",
        Kind.PERCENT,
        "预测误差（%）",
        "Mean absolute error of the projection in percent of the tested projects' budget.",
        "预测绝对误差合计占受检项目全年预算的百分数。",
        formula="100 × Σ |projected_executed_amount − executed_amount| / Σ full_year_budget_amount",
    ),
    Figure(
        "projection_bias_pct",
        Kind.PERCENT,
        "预测偏差（%）",
        "Projected − executed in percent of the tested projects' budget.",
        "预计数减实际数占受检项目全年预算的百分数。",
    ),
    Figure(
        "bounds_coverage_pct",
        Kind.PERCENT,
        "上下限涵盖率（%）",
        "Tested projects whose executed amount lay within the bounds, in percent.",
        "实际执行数落在上下限之内的受检项目百分数。",
    ),
    Figure(
        "at_month",
        Kind.INTEGER,
        "时点",
        "Month at whose end a project stood; 0 is today.",
        "月末时点，0 为当前。",
        unit="month",
    ),
    Figure("course_year", Kind.INTEGER, "轨迹年度", "Year of the course.", "轨迹所属年度。", unit="year"),
    Figure(
        "standing_budget_amount",
        Kind.AMOUNT,
        "当时预算数",
        "Full-year budget at that day, in yuan.",
        "当时全年预算数（元）。",
    ),
    Figure(
        "final_executed_amount", Kind.AMOUNT, "年末执行数", "Executed by the year's end, in yuan.", "年末执行数（元）。"
    ),
    Figure(
        "standing_role", Kind.CODE, "用途", "course, tested or watched.", "course 轨迹、tested 检验、watched 跟踪。"
    ),
    Figure("execution_band", Kind.INTEGER, "执行档", "Band of the execution rate.", "执行率所在档。", unit="band"),
    Figure(
        "rest_spent_rate", Kind.RATIO, "剩余支用比例", "Share of what was left that was spent.", "剩余预算的支用比例。"
    ),
    # Adjustment review
    Figure(
        "is_exempt",
        Kind.FLAG,
        "是否豁免",
        "Whether the reason is left out of the gross adjustment rate.",
        "调整原因是否在总额口径中剔除。",
    ),
    Figure(
        "is_reason_missing",
        Kind.FLAG,
        "缺调整原因",
        "Whether an adjustment line gives no reason.",
        "调整明细是否未写原因。",
    ),
    Figure(
        "project_adjustment_count",
        Kind.INTEGER,
        "项目调整次数",
        "Adjustment lines of the project.",
        "该项目调整明细行数。",
    ),
    Figure(
        "project_increase_amount",
        Kind.AMOUNT,
        "项目调增金额",
        "Additions to the project, in yuan.",
        "该项目调增合计（元）。",
    ),
    Figure(
        "project_decrease_amount",
        Kind.AMOUNT,
        "项目调减金额",
        "Cuts of the project as a positive amount, in yuan.",
        "该项目调减合计（元），记为正数。",
    ),
    Figure(
        "project_net_adjustment_amount",
        Kind.AMOUNT,
        "项目净调整金额",
        "Net adjustment of the project, in yuan.",
        "该项目净调整金额（元）。",
    ),
    Figure(
        "project_gross_adjustment_amount",
        Kind.AMOUNT,
        "项目调整总额",
        "Sum of the project's absolute non-exempt adjustment lines, in yuan.",
        "该项目剔除豁免后调整绝对额合计（元）。",
    ),
    # Carry-over
    Figure(
        "carryover_rate",
        Kind.RATIO,
        "结转结余率",
        "Unspent / full-year budget, as a ratio.",
        "未执行金额÷全年预算数（比值）。",
        formula="(full_year_budget_amount − executed_amount) / full_year_budget_amount",
    ),
    Figure(
        "carryover_rate_pct",
        Kind.PERCENT,
        "结转结余率（%）",
        "Unspent / full-year budget in percent.",
        "未执行金额÷全年预算数（百分数）。",
        formula="100 × (full_year_budget_amount − executed_amount) / full_year_budget_amount",
    ),
    Figure(
        "carryover_increase_amount",
        Kind.AMOUNT,
        "结转增加额",
        "Unspent at the end − carried into the year, in yuan.",
        "年末未执行减上年结转（元）。",
        formula="unspent_amount − carried_over_amount",
    ),
    Figure(
        "next_year_carried_over_amount",
        Kind.AMOUNT,
        "下年实际结转",
        "What the next year's delivery says was carried over from this one, in yuan.",
        "下年报送的自本年结转数（元）。",
    ),
    Figure(
        "carryover_chain_difference",
        Kind.AMOUNT,
        "结转衔接差额",
        "Carried into the next year − unspent of this one, in yuan.",
        "下年实际结转减本年未执行（元）。",
        formula="next_year_carried_over_amount − unspent_amount",
    ),
    Figure(
        "last_quarter_amount",
        Kind.AMOUNT,
        "四季度支付",
        "Paid in October to December, in yuan.",
        "10至12月支付（元）。",
    ),
    Figure(
        "last_quarter_share",
        Kind.RATIO,
        "四季度支付比重",
        "Paid in October to December / paid in the year, as a ratio.",
        "10至12月支付÷全年支付（比值）。",
    ),
    Figure(
        "last_quarter_share_pct",
        Kind.PERCENT,
        "四季度支付比重（%）",
        "Paid in October to December / paid in the year, in percent.",
        "10至12月支付÷全年支付（百分数）。",
    ),
    Figure(
        "november_december_amount",
        Kind.AMOUNT,
        "11至12月支付",
        "Paid in November and December, in yuan.",
        "11至12月支付（元）。",
    ),
    Figure(
        "november_december_share",
        Kind.RATIO,
        "11至12月支付比重",
        "Paid in November and December / paid in the year, as a ratio.",
        "11至12月支付÷全年支付（比值）。",
    ),
    Figure(
        "november_december_share_pct",
        Kind.PERCENT,
        "11至12月支付比重（%）",
        "Paid in November and December / paid in the year, in percent.",
        "11至12月支付÷全年支付（百分数）。",
    ),
    # Year over year
    Figure(
        "comparison_status",
        Kind.CODE,
        "同比状态",
        "continued: in both years; new: not in the year before; ended: only in the year before; another_project: its "
        "code was another project's; unknown: the year before was not delivered.",
        "continued 两年均有；new 本年新增；ended 仅上年有；another_project 编码上年属于其他项目；unknown 上年未报送。",
        values=(
            ("continued", "延续"),
            ("new", "新增"),
            ("ended", "上年止"),
            ("another_project", "编码改用于其他项目"),
            ("unknown", "未知"),
        ),
    ),
    Figure(
        "last_year_project_name",
        Kind.TEXT,
        "上年项目名称",
        "Name of the project in the year before.",
        "上年的项目名称。",
    ),
    Figure(
        "is_year_finished",
        Kind.FLAG,
        "本年已结束",
        "Whether the figures are those of the whole year: dated at its end, or the year is over and they reach it.",
        "是否为全年数：截止日期为年末，或年度已过且数据报到年末。",
    ),
    Figure(
        "same_period_date",
        Kind.DATE,
        "上年同期日",
        "Day of the year before up to which the figures of the same period count: the same day, a month's end for a "
        "month's end, 31 December for a finished year.",
        "上年同期数的截止日：上年同一天，月末对月末，本年已结束的为 12 月 31 日。",
    ),
    *(
        figure
        for name, label, words in (
            ("full_year_budget", "全年预算数", "full-year budget"),
            ("executed", "执行数", "executed amount"),
            ("cumulative_executed", "累计执行数", "executed amount since January"),
            ("month_executed", "当月执行数", "executed amount of the month"),
        )
        for figure in (
            Figure(
                f"same_period_{name}_amount",
                Kind.AMOUNT,
                f"上年同期{label}",
                f"The {words} of the year before up to the same day, in yuan.",
                f"上年同期{label}（元）。",
            ),
            Figure(
                f"{name}_change_amount",
                Kind.AMOUNT,
                f"{label}同比增减额",
                f"Change of the {words} against the same period of the year before, in yuan.",
                f"{label}比上年同期增减（元）。",
                formula=f"{name}_amount − same_period_{name}_amount",
            ),
            Figure(
                f"{name}_change_pct",
                Kind.PERCENT,
                f"{label}同比增减（%）",
                f"Change of the {words} in percent of the same period of the year before; empty where that was 0.",
                f"{label}比上年同期增减百分数；上年同期为零时为空。",
                formula=f"100 × {name}_change_amount / same_period_{name}_amount",
            ),
        )
    ),
    *(
        Figure(
            f"last_year_{name}_amount",
            Kind.AMOUNT,
            f"上年{label}",
            f"The {words} of the year before, in yuan.",
            f"上年{label}（元）。",
        )
        for name, label, words in (
            ("initial_budget", "年初预算", "initial budget"),
            ("full_year_budget", "全年预算", "full-year budget at the year's end"),
            ("executed", "全年执行数", "executed amount of the whole year"),
        )
    ),
    Figure(
        "initial_budget_change_amount",
        Kind.AMOUNT,
        "年初预算增减额",
        "Change of the initial budget against the year before, in yuan.",
        "年初预算比上年增减（元）。",
        formula="initial_budget_amount − last_year_initial_budget_amount",
    ),
    Figure(
        "initial_budget_change_pct",
        Kind.PERCENT,
        "年初预算增减（%）",
        "Change of the initial budget in percent of the year before; empty where that was 0.",
        "年初预算比上年增减百分数；上年为零时为空。",
        formula="100 × initial_budget_change_amount / last_year_initial_budget_amount",
    ),
    Figure(
        "same_period_execution_rate_pct",
        Kind.PERCENT,
        "上年同期执行率（%）",
        "Execution rate of the year before at the same day, in percent.",
        "上年同期预算执行率（百分数）。",
        formula="100 × same_period_executed_amount / same_period_full_year_budget_amount",
    ),
    Figure(
        "last_year_execution_rate_pct",
        Kind.PERCENT,
        "上年全年执行率（%）",
        "Execution rate of the whole year before, in percent.",
        "上年全年预算执行率（百分数）。",
        formula="100 × last_year_executed_amount / last_year_full_year_budget_amount",
    ),
    Figure(
        "execution_rate_change_points",
        Kind.PERCENT,
        "执行率同比变化（百分点）",
        "Difference of the execution rate and that of the same period, in percentage points.",
        "执行率与上年同期执行率之差（百分点）。",
        formula="execution_rate_pct − same_period_execution_rate_pct",
        unit="percentage points",
    ),
    Figure(
        "last_year_net_adjustment_rate_pct",
        Kind.PERCENT,
        "上年预算调整率（%）",
        "Net adjustment rate of the year before, in percent.",
        "上年预算调整率（百分数）。",
    ),
    Figure("last_year_as_of_date", Kind.DATE, "上年截止日期", "As-of date of the year before.", "上年数据截止日期。"),
    Figure("is_month_begun", Kind.FLAG, "当月未结束", "Whether the month is not over.", "当月是否尚未结束。"),
    # Control number
    Figure(
        "proposal_year",
        Kind.INTEGER,
        "测算年度",
        "Year for which the control number is proposed.",
        "测算控制数的年度。",
        unit="year",
    ),
    Figure(
        "one_off_executed_amount",
        Kind.AMOUNT,
        "一次性项目执行数",
        "Executed by projects that end with the year, in yuan.",
        "一次性项目的执行数（元）。",
    ),
    Figure(
        "undetermined_project_count",
        Kind.INTEGER,
        "未注明是否一次性项目数",
        "Projects with spending of which it is not told whether they end with the year.",
        "有支出但未注明是否一次性的项目数。",
    ),
    Figure(
        "undetermined_executed_amount",
        Kind.AMOUNT,
        "未注明是否一次性的执行数",
        "Part of the executed amount of which it is not known whether it ends with the year, in yuan.",
        "执行数中未知是否一次性的部分（元）。",
    ),
    Figure(
        "spent_carryover_amount",
        Kind.AMOUNT,
        "结转资金执行数",
        "Carried-over money spent by recurrent projects, in yuan: carried over − taken back, at most what was spent.",
        "延续项目使用的结转资金（元）：结转数减收回数，以执行数为限。",
    ),
    Figure(
        "proposed_amount",
        Kind.AMOUNT,
        "建议控制数",
        "Executed − one-off projects − spent carry-over, not below 0, in yuan.",
        "执行数减一次性项目减结转资金，不低于零（元）。",
        formula="executed_amount − one_off_executed_amount − spent_carryover_amount",
    ),
    Figure(
        "last_control_amount",
        Kind.AMOUNT,
        "上年控制数",
        "The year's initial budget: its control number, in yuan.",
        "本年年初预算，即本年控制数（元）。",
    ),
    Figure(
        "proposed_change_amount",
        Kind.AMOUNT,
        "建议增减额",
        "Proposal − last control number, in yuan.",
        "建议控制数减上年控制数（元）。",
    ),
    Figure(
        "proposed_change_pct",
        Kind.PERCENT,
        "建议增减（%）",
        "Proposal − last control number in percent of it.",
        "建议控制数比上年控制数增减百分数。",
    ),
    Figure(
        "alternative_proposed_amount",
        Kind.AMOUNT,
        "备选控制数",
        "Last control number − share × increase in carry-over, not below 0, in yuan.",
        "上年控制数减结转增加额乘压减比例，不低于零（元）。",
        formula="last_control_amount − carryover_increase_cut_share × max(carryover_increase_amount, 0)",
    ),
    Figure(
        "alternative_change_amount",
        Kind.AMOUNT,
        "备选增减额",
        "Alternative proposal − last control number, in yuan.",
        "备选控制数减上年控制数（元）。",
    ),
    Figure(
        "proposal_status",
        Kind.CODE,
        "建议状态",
        "ok; partly_known: from a statement, less what is known of one-off projects and carry-over, hence at most; "
        "year_not_finished, one_off_unknown, carryover_unknown: hence no proposal; unknown: nothing known to be spent.",
        "ok 可测算；partly_known 依执行情况表，仅剔除已知的一次性与结转，为上限；year_not_finished 年度未结束、"
        "one_off_unknown 未注明一次性、carryover_unknown 结转不明，均不测算；unknown 执行数未知。",
        values=(
            ("ok", "可测算"),
            ("partly_known", "部分可测算（上限）"),
            ("year_not_finished", "年度未结束"),
            ("one_off_unknown", "一次性项目不明"),
            ("carryover_unknown", "结转不明"),
            ("unknown", "未知"),
        ),
    ),
    # Self-evaluation
    Figure(
        "maximum_points",
        Kind.PERCENT,
        "执行分值",
        "Points that the rubric gives for full execution.",
        "评分标准中预算执行的满分。",
        unit="points",
    ),
    Figure(
        "execution_points",
        Kind.PERCENT,
        "执行得分",
        "Execution rate × points, at most the points, rounded half up once; empty without a rate.",
        "执行率乘分值，以分值为限，一次四舍五入；无执行率时为空。",
        formula="min(execution_rate, 1) × maximum_points",
        unit="points",
    ),
    Figure(
        "execution_grade",
        Kind.CODE,
        "执行等级",
        "Grade that the execution rate alone would earn by the rubric: excellent, good, fair, poor.",
        "仅按执行率对应的等级：优、良、中、差。",
        values=GRADES,
    ),
    Figure(
        "published_grade",
        Kind.CODE,
        "公布等级",
        "Grade of the published self-evaluation score by the rubric in force; the score itself is never recomputed.",
        "公布的自评得分按适用标准对应的等级；得分本身不重算。",
        values=GRADES,
    ),
    *(
        Figure(
            f"{grade}_project_count",
            Kind.INTEGER,
            f"{label}等项目数" if label != "未评级" else "未评级项目数",
            f"Projects of the department graded {grade}.",
            f"本部门“{label}”的项目数。",
        )
        for grade, label in (
            ("excellent", "优"),
            ("good", "良"),
            ("fair", "中"),
            ("poor", "差"),
            ("ungraded", "未评级"),
        )
    ),
    # Reference tables
    Figure("reference_table", Kind.CODE, "参考表", "Name of the reference table.", "参考表名称。"),
    Figure(
        "reference_district_code",
        Kind.CODE,
        "参考表所属区划",
        "District whose own version is in force; empty: the default version.",
        "适用的自定版本所属区划；空为默认版本。",
    ),
    # What is missing from a figure
    Figure(
        "is_complete",
        Kind.FLAG,
        "是否完整",
        "False: rows that were delivered and do not count belong to this figure. Empty: it cannot be told whose such "
        "rows are, so they may belong to it. In the monthly tables: rows of the whole year.",
        "否：有已报送而未计入的行属于该数；空：未计入的行不能确定归属，可能属于该数。按月的表按全年的行判断。",
    ),
    Figure(
        "set_aside_row_count",
        Kind.INTEGER,
        "未计入行数",
        "Rows that were delivered, do not count and belong or may belong to this figure: set aside, held back or "
        "withdrawn; empty where a file could not be read, so that they cannot be counted. A row whose owner cannot be "
        "told is counted beside every figure that it may belong to.",
        "已报送而未计入、属于或可能属于该数的行数（剔除、暂缓、撤回）；有文件未能读取时为空。不能确定归属的行在可能所属的各数均计。",
    ),
    Figure(
        "set_aside_amount",
        Kind.AMOUNT,
        "未计入金额",
        "Money of those rows, in yuan; empty where the amount of one of them could not be read.",
        "上述各行的金额（元）；其中有金额无法读取的为空。",
    ),
    # What a figure is made of
    Figure(
        "figure_name",
        Kind.CODE,
        "所计入的数",
        "Amount of the department or project table to which the row contributes.",
        "该行所计入的部门表、项目表金额。",
    ),
    Figure(
        "contributed_amount",
        Kind.AMOUNT,
        "计入金额",
        "What the row contributes to the amount, in yuan; the contributions add up to it.",
        "该行计入的金额（元），各行之和即为该数。",
    ),
    Figure(
        "event_date",
        Kind.DATE,
        "发生日期",
        "Date of the adjustment or payment, or up to which the statement counts; empty for an approved budget.",
        "调整、支付日期或执行情况表截止日期；年初预算为空。",
    ),
    Figure(
        "row_outcome",
        Kind.CODE,
        "不计入方式",
        "rejected, duplicate (delivered twice), superseded (restated by a later delivery), reclassified or withdrawn.",
        "rejected 剔除，duplicate 重复报送，superseded 被后续报送更正，reclassified 被改列，withdrawn 被撤回。",
        values=(
            ("rejected", "剔除"),
            ("duplicate", "重复"),
            ("superseded", "被更正"),
            ("reclassified", "被改列"),
            ("withdrawn", "被撤回"),
        ),
    ),
    Figure(
        "kept_source_path",
        Kind.TEXT,
        "保留行文件路径",
        "File of the row that counts instead, below the raw directory.",
        "有效行所在文件在 raw 目录下的路径。",
    ),
    # Published figures beside computed ones
    Figure(
        "computed_amount",
        Kind.AMOUNT,
        "库中金额",
        "What the warehouse computes for the published figure, in yuan.",
        "库中相应金额（元）。",
    ),
    Figure(
        "computed_rate", Kind.RATIO, "库中比率", "What the warehouse computes, as a ratio.", "库中相应比率（比值）。"
    ),
    Figure(
        "publication_difference",
        Kind.FINDING_VALUE,
        "公布与库中之差",
        "Published less computed, in yuan or as a ratio.",
        "公布数减库中数（元或比值）。",
        unit="yuan or ratio",
    ),
    Figure(
        "linked_by",
        Kind.CODE,
        "对应方式",
        "How the printed subject was linked to an item of the warehouse.",
        "公布事项与库中事项的对应方式。",
        values=(
            ("department", "公布部门"),
            ("exact", "名称相同"),
            ("alias", "经人确认"),
            ("fund_type", "资金性质"),
            ("nature", "支出性质"),
            ("none", "未对应"),
        ),
    ),
    Figure(
        "reconciliation_status",
        Kind.CODE,
        "核对结果",
        "What the comparison of a published figure with the warehouse came to.",
        "公布数与库中数的核对结果。",
        values=(
            ("agrees", "一致"),
            ("truncated", "截尾"),
            ("differs", "不一致"),
            ("unit_slip", "疑似单位有误"),
            ("not_in_warehouse", "库中无此数"),
            ("not_linked", "事项未对应"),
            ("not_compared", "不比对"),
        ),
    ),
)

FIGURES: dict[str, Figure] = {figure.name: figure for figure in _FIGURES}
"""The glossary by column name."""

CONTRACT_VALUES: dict[str, tuple[tuple[str, str], ...]] = {
    "dataset": tuple((dataset.name, dataset.label_zh) for dataset in DATASETS.values()),
    "severity": SEVERITIES,
    "file_outcome": FILE_OUTCOMES,
    "file_state": FILE_STATES,
    "line_outcome": LINE_OUTCOMES,
    "project_kind": PROJECT_KINDS,
    "expenditure_nature": EXPENDITURE_NATURES,
    "adjustment_kind": ADJUSTMENT_KINDS,
    "published_measure": PUBLISHED_MEASURES,
    "statement_status": STATEMENT_STATUSES,
    "inconsistency_kind": INCONSISTENCY_KINDS,
    "published_figure_kind": PUBLISHED_FIGURE_KINDS,
    "warning_rule": WARNING_RULES,
    "warning_level": WARNING_LEVELS,
    "warning_comparison": WARNING_COMPARISONS,
    "warning_statement": WARNING_STATEMENTS,
    "handling_state": HANDLING_STATES,
}
"""Stored values of contract columns with their Chinese names."""


@cache
def _contract_columns() -> dict[str, Column]:
    columns: dict[str, Column] = {}
    tables: tuple[Dataset | PublishedTable, ...] = (
        *DATASETS.values(),
        *QUALITY_TABLES,
        *REFERENCE_TABLES.values(),
        *CODE_LISTS,
        PUBLICATION,
        MONTH_CLOSE,
        WATCH_LISTING,
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
