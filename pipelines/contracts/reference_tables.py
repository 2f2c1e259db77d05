"""Reference data: code lists of the contracts as tables, and versioned yardsticks, thresholds and rubrics.

A versioned table is a CSV file of its name under ``pipelines/reference/``; a district replaces the whole table for
itself with ``raw/<district>/reference/<name>.csv``. Does not belong here: reading the files (warehouse.reference).
"""

from __future__ import annotations

from pipelines.contracts.common import (
    DEPARTMENT_KEY,
    DISTRICT_CODE,
    EXPENDITURE_NATURE,
    FISCAL_YEAR,
    FUND_TYPE_CODE,
    PROJECT_KEY,
    PROJECT_KIND,
)
from pipelines.contracts.datasets import DATASETS
from pipelines.contracts.model import Column, Dataset, Kind
from pipelines.contracts.quality_tables import DELIVERY_FREQUENCY

_DISTRICT = DISTRICT_CODE.but(
    meaning="District that the row is for; empty: every district without a table of its own.",
    meaning_zh="该行所属区划；空表示未自定的各区通用。",
    required=False,
    nullable=True,
)
_VERSION = Column(
    "version", Kind.TEXT, "版本", "Version of the reference table.", "参考表版本。", required=True, nullable=False
)
_FIRST_FISCAL_YEAR = Column(
    "first_fiscal_year",
    Kind.INTEGER,
    "起用年度",
    "First fiscal year for which the version counts, until a later one.",
    "该版本自哪一年度起适用，至后一版本为止。",
    required=True,
    nullable=False,
)
_LAST_FISCAL_YEAR = Column(
    "last_fiscal_year",
    Kind.INTEGER,
    "止用年度",
    "Last fiscal year for which the version counts; empty: until a later version.",
    "该版本适用至哪一年度；空表示至后一版本为止。",
)
_KEY = (_DISTRICT, _VERSION, _FIRST_FISCAL_YEAR, _LAST_FISCAL_YEAR)
_MONTH = Column(
    "month",
    Kind.INTEGER,
    "月份",
    "Month 1 to 12; 0 is the approved budget before the year begins.",
    "月份 1 至 12；0 为年初批复。",
)
_NOTE = Column("source_note", Kind.TEXT, "出处", "Where the row is from.", "该行出处。")

EXEMPT_ADJUSTMENT_REASONS = Dataset(
    name="exempt_adjustment_reasons",
    label_zh="豁免调整原因",
    meaning="Adjustment reasons that the gross adjustment rate leaves out, compared as whole texts.",
    meaning_zh="计算预算调整率（总额）时剔除的调整原因，按全文比较。",
    columns=(
        *_KEY,
        Column(
            "adjustment_reason",
            Kind.TEXT,
            "调整原因",
            "Reason as the adjustment line gives it.",
            "调整明细所写的原因。",
            required=True,
            nullable=False,
        ),
        _NOTE,
    ),
    identity=("district_code", "version", "adjustment_reason"),
)

TIME_PROGRESS_YARDSTICK = Dataset(
    name="time_progress_yardstick",
    label_zh="序时进度标准",
    meaning="Published time progress by month; where there is none for a month, days elapsed count.",
    meaning_zh="公布的各月序时进度；未公布的月份按已过天数计算。",
    columns=(
        *_KEY,
        _MONTH.as_required(),
        EXPENDITURE_NATURE.but(
            meaning="Nature of the projects that the row is for; empty: departments and all other projects.",
            meaning_zh="适用项目的支出性质；空表示部门及其他项目。",
        ),
        Column(
            "time_progress",
            Kind.RATIO,
            "序时进度",
            "Share of the year's budget that should be spent by the date, as a ratio.",
            "至该日应完成的支出占全年预算的比值。",
            required=True,
            nullable=False,
        ),
        _NOTE,
    ),
    identity=("district_code", "version", "month", "expenditure_nature"),
)

WARNING_RULES: tuple[tuple[str, str], ...] = (
    ("no-spending", "至今无支出"),
    ("behind-time-progress", "落后序时进度"),
    ("year-end-rush", "年末集中支付"),
    ("prepaid-in-december", "12月预付预存"),
    ("spend-without-budget", "无预算支出"),
    ("over-executed", "超预算支出"),
    ("low-execution-in-year", "全年执行率过低"),
    ("low-execution-three-years", "连续三年执行率过低"),
    ("may-not-proceed", "项目可能无法实施"),
    ("adjustment-rate", "调整幅度大"),
    ("adjustment-count", "调整次数多"),
)
"""Rules of ``summary.execution_warning`` with their Chinese names."""

WARNING_LEVELS: tuple[tuple[str, str], ...] = (("yellow", "黄"), ("orange", "橙"), ("red", "红"))
"""Warning levels, the mildest first, with their Chinese names."""

WARNING_COMPARISONS: tuple[tuple[str, str], ...] = (("above", "大于"), ("at_least", "不小于"), ("below", "小于"))
"""How a measured value is compared with its threshold."""

WARNING_THRESHOLDS = Dataset(
    name="warning_thresholds",
    label_zh="预警阈值",
    meaning="When a warning of which level is due: the measured value, compared with the threshold, from a month on.",
    meaning_zh="各预警规则在何月起、达到何阈值时为何等级。",
    columns=(
        *_KEY,
        Column(
            "warning_rule",
            Kind.CODE,
            "预警规则",
            "Rule of the warning.",
            "预警规则。",
            codes=tuple((rule, rule) for rule, _ in WARNING_RULES),
            required=True,
            nullable=False,
        ),
        Column(
            "warning_level",
            Kind.CODE,
            "预警等级",
            "yellow, orange or red.",
            "yellow 黄，orange 橙，red 红。",
            codes=tuple((level, level) for level, _ in WARNING_LEVELS),
            required=True,
            nullable=False,
        ),
        Column(
            "warning_comparison",
            Kind.CODE,
            "比较方式",
            "above, at_least or below the threshold.",
            "above 大于、at_least 不小于、below 小于阈值。",
            codes=tuple((comparison, comparison) for comparison, _ in WARNING_COMPARISONS),
            required=True,
            nullable=False,
        ),
        Column(
            "warning_threshold",
            Kind.RATIO,
            "阈值",
            "Threshold in the rule's measure: a ratio, a count, or yuan.",
            "阈值，单位随规则：比值、次数或元。",
            required=True,
            nullable=False,
        ),
        Column(
            "from_month",
            Kind.INTEGER,
            "起始月份",
            "Month from whose figures on the row counts; empty: always.",
            "自该月数据起适用；空表示全年适用。",
        ),
        Column("keyword", Kind.TEXT, "关键词", "Word that a payment's purpose contains.", "支付用途所含的词。"),
        _NOTE,
    ),
    identity=("district_code", "version", "warning_rule", "warning_level", "from_month", "keyword"),
)

RUBRIC_ITEMS = ("execution-points", "excellent-from", "good-from", "fair-from")
"""Items of a self-evaluation rubric: points for execution, and the lowest score of each grade."""

SELF_EVALUATION_RUBRIC = Dataset(
    name="self_evaluation_rubric",
    label_zh="自评评分标准",
    meaning="Points for budget execution and the lowest score, out of 100, of each grade.",
    meaning_zh="预算执行的分值与各等级的最低分（百分制）。",
    columns=(
        *_KEY,
        Column(
            "rubric_item",
            Kind.CODE,
            "标准项",
            "execution-points, excellent-from, good-from or fair-from.",
            "execution-points 执行分值，excellent-from 优、good-from 良、fair-from 中的最低分。",
            codes=tuple((item, item) for item in RUBRIC_ITEMS),
            required=True,
            nullable=False,
        ),
        Column(
            "rubric_value",
            Kind.PERCENT,
            "标准值",
            "Points, or the lowest score of the grade.",
            "分值或最低分。",
            required=True,
            nullable=False,
        ),
        _NOTE,
    ),
    identity=("district_code", "version", "rubric_item"),
)

CONTROL_NUMBER_PARAMETERS = Dataset(
    name="control_number_parameters",
    label_zh="控制数测算参数",
    meaning="What the alternative rule for next year's control number takes off.",
    meaning_zh="下年预算控制数备选办法的参数。",
    columns=(
        *_KEY,
        Column(
            "carryover_increase_cut_share",
            Kind.RATIO,
            "结转增加压减比例",
            "Share of the increase in carry-over by which the control number is cut.",
            "按结转增加额压减控制数的比例。",
            required=True,
            nullable=False,
        ),
        _NOTE,
    ),
    identity=("district_code", "version"),
)

WARNING_STATEMENTS: tuple[tuple[str, str], ...] = (
    ("spending", "支出进度"),
    ("overspending", "超预算或无预算支出"),
    ("year_end", "年末支付"),
    ("adjustment", "预算调整"),
)
"""What warning rules say, each statement once: rules of one statement are one warning in the overview."""

WARNING_MATERIALITY = Dataset(
    name="warning_materiality",
    label_zh="预警重要性标准",
    meaning="From which money at stake on a statement may have a level: the larger of an amount and a share.",
    meaning_zh="某类预警达到各等级所须的涉及金额：取金额与占比两者中较大者。",
    columns=(
        *_KEY,
        Column(
            "warning_statement",
            Kind.CODE,
            "预警类别",
            "What the rules say: spending, overspending, year_end or adjustment.",
            "预警类别：spending 支出进度，overspending 超预算或无预算支出，year_end 年末支付，adjustment 预算调整。",
            codes=tuple((statement, statement) for statement, _ in WARNING_STATEMENTS),
            required=True,
            nullable=False,
        ),
        Column(
            "warning_subject",
            Kind.CODE,
            "预警对象",
            "department or project.",
            "department 部门，project 项目。",
            codes=(("department", "department"), ("project", "project")),
            required=True,
            nullable=False,
        ),
        Column(
            "warning_level",
            Kind.CODE,
            "预警等级",
            "yellow, orange or red.",
            "yellow 黄，orange 橙，red 红。",
            codes=tuple((level, level) for level, _ in WARNING_LEVELS),
            required=True,
            nullable=False,
        ),
        Column(
            "minimum_amount",
            Kind.AMOUNT,
            "最低金额",
            "Money at stake from which on the level is possible, in yuan.",
            "达到该等级的最低涉及金额（元）。",
            required=True,
            nullable=False,
        ),
        Column(
            "minimum_district_share",
            Kind.RATIO,
            "最低占比",
            "Share of the district's full-year budget that the money at stake must reach, as a ratio.",
            "涉及金额占全区全年预算数的最低比值。",
            required=True,
            nullable=False,
        ),
        _NOTE,
    ),
    identity=("district_code", "version", "warning_statement", "warning_subject", "warning_level"),
)

WATCH_REASONS: tuple[tuple[str, str], ...] = (
    ("cut-to-zero", "预算已全部调减"),
    ("no-contract", "已过计划开工日期，尚未签订合同"),
    ("approval-missing", "尚未批复立项"),
    ("no-payment", "连续数月无支付"),
    ("far-behind", "支出远低于同类项目同期进度"),
)
"""Why a project is watched, with Chinese names."""

PROJECT_WATCH_THRESHOLDS = Dataset(
    name="project_watch_thresholds",
    label_zh="项目跟踪标准",
    meaning="From which value on a reason puts a project on the watch.",
    meaning_zh="各项跟踪原因的起点。",
    columns=(
        *_KEY,
        Column(
            "watch_reason",
            Kind.CODE,
            "跟踪原因",
            "Reason of the watch.",
            "跟踪原因。",
            codes=tuple((reason, reason) for reason, _ in WATCH_REASONS),
            required=True,
            nullable=False,
        ),
        Column(
            "watch_threshold",
            Kind.RATIO,
            "起点",
            "no-contract, approval-missing: execution rate below it; no-payment: months; far-behind: the highest "
            "projected amount below this share of the budget; cut-to-zero: initial budget in yuan from which on.",
            "no-contract、approval-missing 为执行率低于该值；no-payment 为月数；"
            "far-behind 为预计执行上限占预算低于该值；cut-to-zero 为年初预算数（元）不低于该值。",
            required=True,
            nullable=False,
        ),
        _NOTE,
    ),
    identity=("district_code", "version", "watch_reason"),
)

HANDLING_STATES: tuple[tuple[str, str], ...] = (
    ("seen", "已阅"),
    ("explained", "已说明"),
    ("adjustment_requested", "已申请调整"),
)
"""What a bureau did about a watched project, with Chinese names."""

PROJECT_WATCH_HANDLING = Dataset(
    name="project_watch_handling",
    label_zh="项目跟踪办理情况",
    meaning="What the bureau did about watched projects: a file that people edit and no night changes.",
    meaning_zh="跟踪项目的办理情况：由人填写，程序从不改动。",
    columns=(
        _DISTRICT,
        FISCAL_YEAR.as_required(),
        DEPARTMENT_KEY.as_required(),
        PROJECT_KEY.as_required(),
        Column(
            "handling_state",
            Kind.CODE,
            "办理状态",
            "seen, explained or adjustment_requested.",
            "seen 已阅，explained 已说明，adjustment_requested 已申请调整。",
            codes=tuple(pair for state, label in HANDLING_STATES for pair in ((state, state), (label, state))),
            required=True,
            nullable=False,
        ),
        Column("handled_on", Kind.DATE, "办理日期", "Day of the entry.", "办理日期。"),
        Column("handling_note", Kind.TEXT, "办理说明", "What there is to say.", "办理说明。"),
    ),
    identity=("fiscal_year", "department_key", "project_key"),
)

EXPECTED_DELIVERIES = Dataset(
    name="expected_deliveries",
    label_zh="应报送清单",
    meaning="Which datasets a district has to deliver, how often, and how many days after a period's end.",
    meaning_zh="各区应报送的数据集、频率，以及期末后几日内报送。",
    columns=(
        *_KEY,
        Column(
            "dataset",
            Kind.CODE,
            "数据集",
            "Dataset that is expected.",
            "应报送的数据集。",
            required=True,
            nullable=False,
            pattern="|".join(DATASETS),
        ),
        DELIVERY_FREQUENCY.as_required(),
        Column(
            "due_days",
            Kind.INTEGER,
            "报送期限（天）",
            "Days after the period's end (once: after 1 January) until which a delivery is in time.",
            "期末（once 为 1 月 1 日）后几日内为按时。",
            required=True,
            nullable=False,
        ),
        _NOTE,
    ),
    identity=("district_code", "version", "dataset"),
)

REFERENCE_TABLES: dict[str, Dataset] = {
    table.name: table
    for table in (
        EXEMPT_ADJUSTMENT_REASONS,
        TIME_PROGRESS_YARDSTICK,
        WARNING_THRESHOLDS,
        SELF_EVALUATION_RUBRIC,
        CONTROL_NUMBER_PARAMETERS,
        EXPECTED_DELIVERIES,
        WARNING_MATERIALITY,
        PROJECT_WATCH_THRESHOLDS,
        PROJECT_WATCH_HANDLING,
    )
}
"""Every versioned reference table by name."""

FUND_TYPE_REFERENCE = Dataset(
    name="fund_type_reference",
    label_zh="资金性质代码表",
    meaning="Fund types of the integration system, for districts that deliver no list of their own.",
    meaning_zh="一体化系统的资金性质，供未报送名录的区使用。",
    columns=(
        FUND_TYPE_CODE,
        Column("fund_type_name", Kind.TEXT, "资金性质名称", "Name of the fund type.", "资金性质名称。"),
    ),
    identity=("fund_type_code",),
)

PROJECT_KIND_REFERENCE = Dataset(
    name="project_kind_reference",
    label_zh="项目类别代码表",
    meaning="Project kinds with the expenditure nature that follows from them; kind 2 alone tells none.",
    meaning_zh="项目类别及其对应的支出性质；仅知“运转类”时无法判定。",
    columns=(
        PROJECT_KIND,
        Column("project_kind_name", Kind.TEXT, "项目类别名称", "Name of the project kind.", "项目类别名称。"),
        Column("expenditure_nature", Kind.CODE, "支出性质", "basic or project.", "basic 基本支出，project 项目支出。"),
    ),
    identity=("project_kind",),
)

CLASS_NAME_SOURCES: tuple[tuple[str, str], ...] = (
    ("delivered", "本区报送"),
    ("reference", "当年科目表"),
    ("earlier_reference", "较早科目表"),
)
"""Where the name of a function or economy class is from."""

CLASS_NAME_REFERENCE = Dataset(
    name="class_name_reference",
    label_zh="支出科目名称表",
    meaning="Names of function and department economy classes by year, where a district delivers no list of its own.",
    meaning_zh="各年度支出功能分类、部门预算经济分类科目名称，供未报送科目表的区使用。",
    columns=(
        _FIRST_FISCAL_YEAR.but(meaning="First fiscal year of the list of classes.", meaning_zh="该科目表的起始年度。"),
        _LAST_FISCAL_YEAR.but(
            meaning="Last fiscal year of the list of classes; later years take a name only for want of a newer one.",
            meaning_zh="该科目表的截止年度；此后年度仅在没有更新的名称时沿用。",
        ),
        Column(
            "class_kind",
            Kind.CODE,
            "分类",
            "function or economy (of the department budget).",
            "function 功能分类，economy 部门预算经济分类。",
            codes=(("function", "function"), ("economy", "economy")),
        ),
        Column("class_code", Kind.CODE, "科目编码", "Code of the class.", "科目编码。"),
        Column("class_name", Kind.TEXT, "科目名称", "Name of the class.", "科目名称。"),
        _NOTE,
    ),
    identity=("first_fiscal_year", "class_kind", "class_code"),
)

CODE_LISTS: tuple[Dataset, ...] = (FUND_TYPE_REFERENCE, PROJECT_KIND_REFERENCE, CLASS_NAME_REFERENCE)
"""Every code list that ships with the program and that no district replaces as a file of its own."""
