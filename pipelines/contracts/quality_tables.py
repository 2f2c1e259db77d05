"""The tables of schema ``quality``: what was read, what was set aside and why, what the rules found, which build it is.

Column names, types and comments of these tables stand here and nowhere else.
Does not belong here: how the figures in them are obtained (quality, warehouse).
"""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.contracts.common import (
    DEPARTMENT_CODE,
    DEPARTMENT_NAME,
    DISTRICT_CODE,
    FISCAL_YEAR,
    FUND_TYPE_CODE,
    PROJECT_CODE,
    PROJECT_NAME,
    PROVENANCE,
)
from pipelines.contracts.model import Column, Kind


@dataclass(frozen=True, slots=True)
class PublishedTable:
    """A table whose rows the program writes: name within its schema, labels, meaning, columns."""

    name: str
    label_zh: str
    meaning: str
    meaning_zh: str
    columns: tuple[Column, ...]


SEVERITIES: tuple[tuple[str, str], ...] = (("fatal", "致命"), ("error", "错误"), ("warning", "警告"))
"""Severities of rules and findings as stored, with their Chinese names."""

FILE_OUTCOMES: tuple[tuple[str, str], ...] = (
    ("accepted", "接受"),
    ("held_back", "暂缓"),
    ("refused", "拒收"),
    ("skipped", "略过"),
    ("withdrawn", "已撤回"),
)
"""What became of a delivered table, as stored, with Chinese names."""

FILE_STATES: tuple[tuple[str, str], ...] = (
    ("read", "已读取"),
    ("waiting", "等待"),
    ("refused", "拒收"),
    ("withdrawn", "已撤回"),
    ("misplaced", "位置不对"),
)
"""What became of a delivered file as a whole, as stored, with Chinese names (``ledger.records.FileState``)."""

LINE_OUTCOMES: tuple[tuple[str, str], ...] = (
    ("accepted", "计入"),
    ("rejected", "剔除"),
    ("duplicate", "重复"),
    ("superseded", "被更正"),
    ("total", "合计行"),
    ("passed_over", "非数据行"),
)
"""What became of a delivered line, as stored, with Chinese names (``ledger.records.LineOutcome``)."""

_FILE, _SHEET, _LINE = PROVENANCE
_TABLE = Column(
    "source_table",
    Kind.INTEGER,
    "来源表序号",
    "Number of the table within its file, from 1 in reading order; empty where there is none.",
    "该表在文件内的序号，按读取顺序从 1 起；无数据表时为空。",
)
_DATASET = Column(
    "dataset", Kind.CODE, "数据集", "Dataset that the headers were recognised as.", "按表头识别的数据集。"
)


def _rows(name: str, label_zh: str, meaning: str) -> Column:
    return Column(f"rows_{name}", Kind.INTEGER, label_zh, meaning, f"{label_zh}。")


def _money(name: str, label_zh: str, meaning: str) -> Column:
    return Column(f"money_{name}", Kind.SUM, label_zh, meaning, f"{label_zh}（元）。")


def _numbers(name: str, label_zh: str, meaning: str) -> Column:
    return Column(f"numbers_{name}", Kind.INTEGER, label_zh, meaning, f"{label_zh}。")


_CONSERVED = (
    _rows("read", "读入行数", "Data and total rows found: accepted + rejected + duplicate + subtotal."),
    _rows("accepted", "接受行数", "Rows that count."),
    _rows("rejected", "剔除行数", "Rows set aside with a reason."),
    _rows("duplicate", "重复行数", "Rows delivered twice, or superseded or withdrawn by a later delivery."),
    _rows("superseded", "被更正行数", "Of the duplicate rows, those that a later delivery restated or withdrew."),
    _rows("subtotal", "合计行数", "Total rows and parents of a hierarchy: control totals, never facts."),
    _money(
        "read", "读入金额", "Sum of all readable amount cells of data rows, in yuan: accepted + rejected + duplicate."
    ),
    _money("accepted", "接受金额", "Sum of the amount cells of rows that count, in yuan."),
    _money("rejected", "剔除金额", "Sum of the readable amount cells of rejected rows, in yuan."),
    _money("duplicate", "重复金额", "Sum of the amount cells of duplicate and superseded rows, in yuan."),
)

SOURCE_FILE = PublishedTable(
    "source_file",
    "来源文件",
    "Every table of every file read, with rows and money by outcome; one row per file, sheet and table.",
    "读取的每个文件的每张表，及其行数、金额的去向。",
    (
        DISTRICT_CODE,
        FISCAL_YEAR,
        _FILE,
        Column("source_path", Kind.TEXT, "文件路径", "Path below the raw directory.", "raw 目录下的路径。"),
        Column("source_sha256", Kind.CODE, "文件哈希", "SHA-256 of the content.", "内容的 SHA-256。"),
        Column("source_bytes", Kind.INTEGER, "文件大小", "Size in bytes.", "字节数。"),
        Column(
            "file_state",
            Kind.CODE,
            "文件状态",
            "What became of the file as a whole: read, waiting (not ready yet), refused, withdrawn (no longer "
            "delivered) or misplaced.",
            "整个文件的状态：read 已读取，waiting 等待，refused 拒收，withdrawn 已撤回，misplaced 位置不对。",
        ),
        _SHEET,
        _TABLE,
        _DATASET,
        Column(
            "file_outcome",
            Kind.CODE,
            "文件结果",
            "accepted, held_back (its district-year is held back), refused, skipped (a sheet without a table), or "
            "withdrawn (no longer delivered).",
            "accepted 接受，held_back 所在区年度暂缓，refused 拒收，skipped 无数据表，withdrawn 不再报送。",
        ),
        Column(
            "outcome_reason", Kind.TEXT, "原因（英文）", "Why it was refused or skipped.", "拒收或略过的原因（英文）。"
        ),
        Column(
            "outcome_reason_zh", Kind.TEXT, "原因", "Why it was refused or skipped, in Chinese.", "拒收或略过的原因。"
        ),
        Column("encoding", Kind.CODE, "编码", "Encoding of a text file.", "文本文件的字符编码。"),
        Column("header_line", Kind.INTEGER, "表头行号", "Last line of the header.", "表头最后一行的行号。"),
        Column(
            "unit_factor",
            Kind.INTEGER,
            "金额单位",
            "Yuan in one unit of the table's amounts: 1 or 10,000.",
            "金额单位合多少元。",
        ),
        Column(
            "recognised_headers",
            Kind.TEXT,
            "表头识别",
            "Each header as delivered and the column that it was recognised as (null: passed over), as a JSON object.",
            "每个原始表头及其识别为的列（空为略过），JSON 对象。",
        ),
        *_CONSERVED,
    ),
)

SOURCE_FILE_MONEY = PublishedTable(
    "source_file_money",
    "来源文件金额",
    "Conservation of money per file, sheet and amount column, in yuan.",
    "每个文件、工作表、金额列的金额守恒。",
    (
        DISTRICT_CODE,
        FISCAL_YEAR,
        _FILE,
        _SHEET,
        _TABLE,
        _DATASET,
        Column("amount_column", Kind.CODE, "金额列", "Name of the amount column.", "金额列名。"),
        *_CONSERVED[6:],
    ),
)

DELIVERED_LINE = PublishedTable(
    "delivered_line",
    "报送行去向",
    "Every line of every table that was delivered, by what became of it and why, with its money; the lines of a table "
    "add up to what stands below its header.",
    "报送的每张表的全部行，按去向和原因计数并列金额；一张表各项之和即其表头以下的全部行。",
    (
        DISTRICT_CODE,
        FISCAL_YEAR,
        _FILE,
        _SHEET,
        _TABLE,
        _DATASET,
        Column(
            "line_outcome",
            Kind.CODE,
            "行去向",
            "accepted (it counts), rejected (set aside), duplicate, superseded (restated by a later delivery), total "
            "(compared, never counted) or passed_over (no data).",
            "accepted 计入，rejected 剔除，duplicate 重复，superseded 被更正，total 合计（只核对不计入），"
            "passed_over 非数据行。",
        ),
        Column(
            "line_outcome_reason",
            Kind.TEXT,
            "去向原因",
            "Ids of the rules, separated by '; '; for lines passed over: blank, note, repeated-header, placeholder, "
            "no-amount, deleted-in-source or void-in-source.",
            "规则编号，以分号分隔；非数据行为 blank 空行，note 说明，repeated-header 重复表头，placeholder 占位，"
            "no-amount 无金额，deleted-in-source 源系统已标记删除，void-in-source 源系统已标记作废。",
        ),
        Column(
            "line_count",
            Kind.INTEGER,
            "行数",
            "Number of lines; a line of a wide table counts once for each row that it gives.",
            "行数；横向展开的表按其给出的数据行计。",
        ),
        Column(
            "unreadable_line_count",
            Kind.INTEGER,
            "金额不可读行数",
            "Of these lines, those with an amount that could not be read: their money is not known.",
            "其中金额无法读取、数额未知的行数。",
        ),
        Column(
            "money", Kind.SUM, "金额", "Sum of the lines' readable amount cells, in yuan.", "这些行可读金额之和（元）。"
        ),
    ),
)

REJECTED_ROW = PublishedTable(
    "rejected_row",
    "剔除行",
    "Rows set aside, each with all its reasons and its text without personal data.",
    "被剔除的行及其全部原因，不含个人信息。",
    (
        DISTRICT_CODE,
        FISCAL_YEAR,
        _DATASET,
        *PROVENANCE,
        DEPARTMENT_CODE,
        DEPARTMENT_NAME,
        PROJECT_CODE,
        PROJECT_NAME,
        FUND_TYPE_CODE,
        Column(
            "money", Kind.SUM, "金额", "Sum of the row's readable amount cells, in yuan.", "该行可读金额之和（元）。"
        ),
        Column(
            "has_unreadable_amount",
            Kind.FLAG,
            "金额是否有不可读",
            "Whether an amount of the row could not be read: what the row is worth is unknown then.",
            "该行是否有无法读取的金额；有则该行金额未知。",
        ),
        Column(
            "rule_ids",
            Kind.TEXT,
            "规则",
            "Ids of the rules that it breaks, separated by '; '.",
            "违反的规则编号，以分号分隔。",
        ),
        Column("columns", Kind.TEXT, "列", "Columns at fault, in the order of the rules.", "出错的列，与规则同序。"),
        Column("messages", Kind.TEXT, "原因（英文）", "What was found and expected.", "发现与应有（英文）。"),
        Column("messages_zh", Kind.TEXT, "原因", "What was found and expected, in Chinese.", "发现与应有。"),
        Column(
            "row_text", Kind.TEXT, "原文", "The cells as delivered, header → text, as JSON.", "原始单元格（JSON）。"
        ),
    ),
)

DUPLICATE_ROW = PublishedTable(
    "duplicate_row",
    "重复行",
    "Rows that were delivered twice or restated by a later delivery, and the row that counts instead.",
    "重复报送或被后续报送更正的行，及取而代之的行。",
    (
        DISTRICT_CODE,
        FISCAL_YEAR,
        _DATASET,
        *PROVENANCE,
        Column(
            "duplicate_kind",
            Kind.CODE,
            "重复类型",
            "duplicate, superseded (restated), reclassified (put under another project, code or date) or withdrawn (a "
            "re-delivery did not bring it again; only the file stands beside it).",
            "duplicate 重复，superseded 被更正，reclassified 被改列，withdrawn 被撤回（重报中未再列出，仅注明文件）。",
        ),
        Column("kept_source_file_id", Kind.CODE, "保留行文件", "File of the row that counts.", "有效行所在文件。"),
        Column("kept_source_sheet", Kind.TEXT, "保留行工作表", "Sheet of the row that counts.", "有效行所在工作表。"),
        Column("kept_source_line", Kind.INTEGER, "保留行行号", "Line of the row that counts.", "有效行行号。"),
        Column("money", Kind.SUM, "金额", "Sum of the row's amounts, in yuan.", "该行金额之和（元）。"),
        Column(
            "kept_money",
            Kind.SUM,
            "保留行金额",
            "Sum of the amounts of the row that counts, in yuan.",
            "有效行金额之和（元）。",
        ),
        Column("money_difference", Kind.SUM, "更正差额", "kept_money − money, in yuan.", "有效行减本行（元）。"),
    ),
)

DELIVERED_DATASET = PublishedTable(
    "delivered_dataset",
    "已报送数据集",
    "Which datasets a district-year delivered; what was never delivered is unknown, not zero.",
    "各区年度已报送的数据集；未报送的为未知而非零。",
    (DISTRICT_CODE, FISCAL_YEAR, _DATASET),
)

DISTRICT_YEAR = PublishedTable(
    "district_year",
    "区年度",
    "The accepted version of every district and year, and whether a later attempt is held back.",
    "每个区年度的有效版本，以及是否有后续报送被暂缓。",
    (
        DISTRICT_CODE,
        FISCAL_YEAR,
        Column(
            "accepted_version",
            Kind.INTEGER,
            "有效版本",
            "Version that counts; empty: none yet.",
            "有效版本号；空表示尚无。",
        ),
        Column("accepted_at", Kind.TIMESTAMP, "接受时间", "When it was accepted (UTC).", "接受时间（UTC）。"),
        Column(
            "is_held_back", Kind.FLAG, "是否暂缓", "Whether what lies in raw/ now is held back.", "当前报送是否被暂缓。"
        ),
        Column(
            "held_back_at", Kind.TIMESTAMP, "暂缓时间", "When the attempt was held back (UTC).", "暂缓时间（UTC）。"
        ),
    ),
)

FINDING = PublishedTable(
    "finding",
    "问题",
    "What the rules found: the failing case, its figures, and the lines that it rests on.",
    "规则发现的问题：情形、数字与来源行。",
    (
        Column("rule_id", Kind.CODE, "规则", "Id of the rule.", "规则编号。"),
        Column("severity", Kind.CODE, "级别", "fatal, error or warning.", "fatal 致命，error 错误，warning 警告。"),
        DISTRICT_CODE,
        FISCAL_YEAR,
        *PROVENANCE,
        Column("finding_key", Kind.TEXT, "对象", "What the finding is about.", "问题所涉对象。"),
        DEPARTMENT_CODE,
        DEPARTMENT_NAME,
        PROJECT_CODE,
        PROJECT_NAME,
        Column("source_value", Kind.FINDING_VALUE, "发现值", "Value found.", "发现的值。"),
        Column("target_value", Kind.FINDING_VALUE, "应有值", "Value expected.", "应有的值。"),
        Column("difference", Kind.FINDING_VALUE, "差额", "Found − expected.", "发现值减应有值。"),
        Column("message", Kind.TEXT, "说明（英文）", "What is wrong and what to do.", "问题与处理（英文）。"),
        Column("message_zh", Kind.TEXT, "说明", "What is wrong and what to do, in Chinese.", "问题与处理。"),
        Column(
            "source_lines",
            Kind.TEXT,
            "来源行",
            "The first contributing source lines as a JSON list of file, sheet and line.",
            "相关来源行（JSON 列表，仅列前若干行）。",
        ),
        Column(
            "source_line_count",
            Kind.INTEGER,
            "来源行数",
            "Number of contributing source lines, listed or not.",
            "相关来源行的总数（含未列出的）。",
        ),
    ),
)

RULE = PublishedTable(
    "rule",
    "规则",
    "The register of every rule: what it asks, what a failure leads to, what it tolerates.",
    "全部规则的登记表：查什么、不符时如何处理、容差多少。",
    (
        Column("rule_id", Kind.CODE, "规则", "Id of the rule.", "规则编号。"),
        Column("severity", Kind.CODE, "级别", "fatal, error or warning.", "fatal 致命，error 错误，warning 警告。"),
        Column(
            "rule_category",
            Kind.CODE,
            "规则类别",
            "What kind of question the rule asks.",
            "规则所查问题的种类。",
        ),
        Column(
            "rule_effect",
            Kind.CODE,
            "处理方式",
            "row_set_aside, file_refused, district_year_held_back, publication_held_back or reported.",
            "row_set_aside 剔除该行，file_refused 拒收文件，district_year_held_back 暂缓该区年度，"
            "publication_held_back 暂缓发布，reported 仅报告。",
        ),
        Column(
            "rule_scope",
            Kind.CODE,
            "检查范围",
            "file, district_year or build (across district-years).",
            "file 单个文件，district_year 单个区年度，build 跨区年度。",
        ),
        Column("guarded_table", Kind.CODE, "所护表", "Table that the rule guards.", "规则所保护的表。"),
        Column(
            "tolerance",
            Kind.TEXT,
            "容差",
            "Thresholds that it reads, with their values; empty: none.",
            "所用阈值及其数值；空表示无。",
        ),
        Column("since_version", Kind.CODE, "起始版本", "Program version that brought the rule.", "引入该规则的版本。"),
        Column("meaning", Kind.TEXT, "含义（英文）", "What the rule asks.", "规则所查内容（英文）。"),
        Column("meaning_zh", Kind.TEXT, "含义", "What the rule asks, in Chinese.", "规则所查内容。"),
        Column("message", Kind.TEXT, "说明（英文）", "Text of its findings.", "问题说明的文字（英文）。"),
        Column("message_zh", Kind.TEXT, "说明", "Text of its findings, in Chinese.", "问题说明的文字。"),
        Column(
            "rule_origin",
            Kind.CODE,
            "规则出处",
            "Where the rule is defined: a file below sql/rules, a contract, or the cell rules.",
            "规则的定义所在：sql/rules 下的文件、数据契约或单元格规则。",
        ),
    ),
)

DELIVERY_FREQUENCY = Column(
    "delivery_frequency",
    Kind.CODE,
    "报送频率",
    "daily, monthly, quarterly, yearly, or once (for the year, counted from 1 January).",
    "daily 每日，monthly 每月，quarterly 每季，yearly 每年，once 一次（自 1 月 1 日起算）。",
    pattern="daily|monthly|quarterly|yearly|once",
)

EXPECTED_DELIVERY = PublishedTable(
    "expected_delivery",
    "应报送情况",
    "Every expected delivery as it stood when the database was built: in time, late, missing, or not due yet.",
    "数据库构建时各项应报送数据的情况：按时、迟报、缺报或未到期。",
    (
        DISTRICT_CODE,
        FISCAL_YEAR,
        _DATASET,
        DELIVERY_FREQUENCY,
        Column("period_end", Kind.DATE, "期末", "End of the period that it is about.", "所涉期间的期末。"),
        Column("due_date", Kind.DATE, "报送期限", "Last day on which it is in time.", "按时报送的最后一日。"),
        Column("delivered_on", Kind.DATE, "报送日期", "Day of the delivery; empty: none.", "报送日期；空表示未报。"),
        Column(
            "delivery_status",
            Kind.CODE,
            "报送状态",
            "in_time, late, missing or not_due.",
            "in_time 按时，late 迟报，missing 缺报，not_due 未到期。",
        ),
    ),
)

BUILD = PublishedTable(
    "build",
    "构建",
    "The build that this database is: id, times, inputs, outcome.",
    "本数据库的构建：编号、时间、输入、结果。",
    (
        Column(
            "build_id", Kind.CODE, "构建编号", "Id: UTC time and a hash of the inputs.", "编号：UTC 时间与输入哈希。"
        ),
        Column("started_at", Kind.TIMESTAMP, "开始时间", "When the build began (UTC).", "开始时间（UTC）。"),
        Column("finished_at", Kind.TIMESTAMP, "完成时间", "When the build was complete (UTC).", "完成时间（UTC）。"),
        Column(
            "inputs_hash",
            Kind.CODE,
            "输入哈希",
            "Hash of accepted versions, SQL, contracts and settings.",
            "输入的哈希。",
        ),
        Column(
            "inputs", Kind.TEXT, "输入", "Accepted versions by district-year, as JSON.", "各区年度的有效版本（JSON）。"
        ),
        Column(
            "outcome",
            Kind.CODE,
            "结果",
            "published, or published_with_holds.",
            "published 已发布，published_with_holds 部分暂缓。",
        ),
        Column("program_version", Kind.CODE, "程序版本", "Version of the program.", "程序版本。"),
        Column("schema_version", Kind.INTEGER, "结构版本", "Version of the tables and columns.", "表与列的结构版本。"),
    ),
)

TABLE_CHECKSUM = PublishedTable(
    "table_checksum",
    "表校验和",
    "Rows and checksum of every other table of this database.",
    "本数据库其余各表的行数与校验和。",
    (
        Column("published_table", Kind.CODE, "数据表", "Schema and name of the table.", "架构与表名。"),
        Column("row_count", Kind.INTEGER, "行数", "Number of rows.", "行数。"),
        Column(
            "checksum",
            Kind.CODE,
            "校验和",
            "Sum of the rows' hashes by the version of DuckDB that wrote the file.",
            "各行哈希之和，以写入本文件的 DuckDB 版本计算。",
        ),
    ),
)

RELEASE = PublishedTable(
    "release",
    "放行",
    "Accepted versions that count although rules held them back: who let them through, when and why.",
    "规则暂缓后由人工放行的有效版本：何人、何时、因何放行。",
    (
        DISTRICT_CODE,
        FISCAL_YEAR,
        Column("accepted_version", Kind.INTEGER, "有效版本", "Version that counts.", "有效版本号。"),
        Column("released_at", Kind.TIMESTAMP, "放行时间", "When it was released (UTC).", "放行时间（UTC）。"),
        Column("released_by", Kind.TEXT, "放行人", "Who released it.", "放行人。"),
        Column("release_reason", Kind.TEXT, "放行理由", "Why, in the releasing person's words.", "放行人所写的理由。"),
        Column(
            "released_rule_ids",
            Kind.TEXT,
            "放行所涉规则",
            "Rules that held the attempt back, separated by '; '.",
            "原暂缓所依据的规则编号，以分号分隔。",
        ),
        Column(
            "left_out_files",
            Kind.TEXT,
            "未计入文件",
            "Refused files whose rows do not count, separated by '; '; empty: none.",
            "被拒收而未计入的文件，以分号分隔；空表示无。",
        ),
    ),
)

_DOCUMENT = (
    Column("document_id", Kind.CODE, "公开文件编号", "Hash of a published document.", "公开文件的内容哈希。"),
    Column(
        "document_path",
        Kind.TEXT,
        "公开文件路径",
        "Path of a published document below the directory of published reports.",
        "公开文件在公开报告目录下的路径。",
    ),
)
_STATEMENT_NUMBER = Column(
    "statement_number", Kind.INTEGER, "数字序号", "Number of the figure within its document.", "该数字在文件中的序号。"
)

PUBLISHED_DOCUMENT = PublishedTable(
    "published_document",
    "公开文件",
    "Every published document, whether it was read, and its numbers: found = used + passed over + unread.",
    "每份公开文件是否读取，及其数字的去向：找到＝采用＋未计＋未读。",
    (
        DISTRICT_CODE,
        FISCAL_YEAR,
        *_DOCUMENT,
        Column("document_kind", Kind.CODE, "公开文件种类", "What the document is, by its title.", "按标题判断的种类。"),
        Column("document_title", Kind.TEXT, "公开文件标题", "First words of the document.", "文件开头的文字。"),
        Column("page_count", Kind.INTEGER, "页数", "Pages of the document.", "文件页数。"),
        Column(
            "pages_without_text",
            Kind.INTEGER,
            "无文字页数",
            "Pages that are pictures; their figures are not read.",
            "无文字层的页数，其数字未读取。",
        ),
        Column("document_reader", Kind.CODE, "读取方式", "What read the document.", "读取所用程序。"),
        Column(
            "refusal",
            Kind.TEXT,
            "未读原因（英文）",
            "Why the document could not be read; empty: it was.",
            "无法读取的原因。",
        ),
        Column("refusal_zh", Kind.TEXT, "未读原因", "The same in Chinese.", "无法读取的原因。"),
        _numbers("found", "找到数字个数", "Numbers with a unit or in a table of figures."),
        _numbers("used", "采用数字个数", "Numbers that are figures."),
        _numbers("passed_over", "未计数字个数", "Numbers that are no figures of the accounts."),
        _numbers("unread", "未读数字个数", "Numbers of which nothing tells what they measure."),
    ),
)

PUBLISHED_MEASURES: tuple[tuple[str, str], ...] = (
    ("initial_budget", "年初预算"),
    ("adjustment", "预算调整"),
    ("full_year_budget", "全年预算"),
    ("executed", "执行数"),
    ("received", "收入数"),
    ("amount", "金额"),
    ("execution_rate", "执行率"),
    ("completion_of_initial", "完成年初预算"),
    ("net_adjustment_rate", "预算调整率"),
    ("allocation_rate", "分配率"),
    ("yoy_amount", "同比增减额"),
    ("yoy_rate", "同比增幅"),
    ("share", "占比"),
    ("lag_pp", "与进度之差"),
    ("score", "得分"),
    ("grade", "等级"),
)
"""What a published figure measures, as stored, with Chinese names."""

STATEMENT_STATUSES: tuple[tuple[str, str], ...] = (
    ("proven", "已印证"),
    ("single", "单独"),
    ("contradicted", "自相矛盾"),
    ("unread", "未读"),
)
"""How far a published figure is proven by its own document, as stored, with Chinese names."""

PUBLISHED_STATEMENT = PublishedTable(
    "published_statement",
    "公开数字",
    "Every figure that a published document prints, with its place, subject and status; a fact about what was printed.",
    "公开文件所列的每个数字及其位置、事项与状态；只记录公布内容。",
    (
        DISTRICT_CODE,
        FISCAL_YEAR,
        *_DOCUMENT,
        _STATEMENT_NUMBER,
        Column("page_number", Kind.INTEGER, "页码", "Page, from 1.", "页码，从 1 起。"),
        Column("paragraph_number", Kind.INTEGER, "段落序号", "Paragraph, from 1.", "段落序号，从 1 起。"),
        Column("table_number", Kind.INTEGER, "表序号", "Table, from 1.", "表序号，从 1 起。"),
        Column("table_row", Kind.INTEGER, "表内行号", "Row in the table, from 1.", "表内行号，从 1 起。"),
        Column("table_column", Kind.INTEGER, "表内列号", "Column in the table, from 1.", "表内列号，从 1 起。"),
        Column("document_section", Kind.TEXT, "章节", "Headings above the figure.", "该数字所在章节。"),
        Column("printed_sentence", Kind.TEXT, "原文", "What is printed around the figure.", "该数字所在原文。"),
        Column(
            "printed_subject",
            Kind.TEXT,
            "公布事项",
            "Whose the figure is, as printed; DEPT: the publishing department.",
            "公布的事项名称；DEPT 为公布部门整体。",
        ),
        Column(
            "accepted_subject",
            Kind.TEXT,
            "认可名称",
            "Name in the accounts that a person accepted for the printed one, or the printed one.",
            "经人确认的对应名称；未确认时同公布事项。",
        ),
        Column("published_measure", Kind.CODE, "公布内容", "What the figure measures.", "该数字的含义。"),
        Column(
            "stated_year",
            Kind.INTEGER,
            "数字年度",
            "The year that the figure is of; another one than the document's where it is printed for comparison.",
            "该数字所属年度；为对比而列的往年数字与文件年度不同。",
        ),
        Column("printed_value", Kind.TEXT, "公布数", "The figure as printed.", "公布的数字及单位。"),
        Column("printed_amount", Kind.AMOUNT, "公布金额", "Money printed, in yuan.", "公布的金额（元）。"),
        Column("printed_rate", Kind.RATIO, "公布率", "Rate printed, as a ratio.", "公布的比率（比值）。"),
        Column(
            "printed_half_unit",
            Kind.FINDING_VALUE,
            "公布精度",
            "Half a unit of the last printed digit, in yuan or as a ratio.",
            "末位数字的一半（元或比值）。",
        ),
        Column("statement_status", Kind.CODE, "印证状态", "How far its document proves it.", "文件自身印证情况。"),
        Column("confirmed_on", Kind.DATE, "确认日期", "When a person confirmed it; empty: nobody.", "经人确认的日期。"),
    ),
)

INCONSISTENCY_KINDS: tuple[tuple[str, str], ...] = (
    ("adds_up", "加总"),
    ("rate", "比率"),
    ("growth", "同比"),
    ("share", "占比"),
    ("parts", "分项合计"),
    ("same_figure", "同一数字"),
    ("hierarchy", "类款项合计"),
)
"""Identities that the figures of a document must fulfil, as stored, with Chinese names."""

PUBLISHED_INCONSISTENCY = PublishedTable(
    "published_inconsistency",
    "公开数字矛盾",
    "Every place where the figures of one published document do not agree with each other.",
    "同一公开文件内数字相互矛盾之处。",
    (
        DISTRICT_CODE,
        FISCAL_YEAR,
        *_DOCUMENT,
        _STATEMENT_NUMBER,
        Column("inconsistency_kind", Kind.CODE, "矛盾种类", "The identity that does not close.", "不成立的勾稽关系。"),
        Column(
            "expected_value", Kind.TEXT, "应为", "What the other figures make it, in its unit.", "按其他数字计算应为。"
        ),
        Column(
            "printed_number",
            Kind.FINDING_VALUE,
            "公布数值",
            "The figure, in yuan or as a ratio.",
            "公布的数值（元或比值）。",
        ),
        Column(
            "expected_number",
            Kind.FINDING_VALUE,
            "应为数值",
            "What the others make it, in yuan or as a ratio.",
            "按其他数字计算的数值（元或比值）。",
        ),
        Column("is_truncated", Kind.FLAG, "是否截尾", "Cut off instead of rounded.", "是否截尾而非四舍五入。"),
        Column("other_figures", Kind.TEXT, "相关数字", "The figures that it does not agree with.", "与之不符的数字。"),
    ),
)

QUALITY_TABLES: tuple[PublishedTable, ...] = (
    SOURCE_FILE,
    SOURCE_FILE_MONEY,
    DELIVERED_LINE,
    REJECTED_ROW,
    DUPLICATE_ROW,
    DELIVERED_DATASET,
    DISTRICT_YEAR,
    EXPECTED_DELIVERY,
    FINDING,
    RULE,
    RELEASE,
    PUBLISHED_DOCUMENT,
    PUBLISHED_STATEMENT,
    PUBLISHED_INCONSISTENCY,
    TABLE_CHECKSUM,
    BUILD,
)
"""Every table of schema ``quality``; the program itself fills them."""
