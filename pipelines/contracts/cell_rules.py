"""The rules about single cells and whole files, each with its id in plain words and its messages.

Rows that break an ``error`` rule here are set aside before any row rule is asked. Files that break a ``fatal`` rule
are refused whole. Rules about rows stand in the dataset's contract, rules about tables in ``sql/rules``.
Messages may use ``{found}`` and ``{expected}``.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.contracts.model import Severity


@dataclass(frozen=True, slots=True)
class CellRule:
    """A rule that ingest or validation applies by itself: id, severity, messages in both languages."""

    id: str
    severity: Severity
    message: str
    message_zh: str


_ERRORS = (
    (
        "money-not-readable",
        "The money of {found} is not known and missing from the figures; {expected}.",
        "{found} 的金额未知，未计入各项数字；{expected}。",
    ),
    (
        "delivery-withdrawn",
        "The file is no longer delivered: {found} left the figures.",
        "该文件不再报送：{found} 已从各项数字中去除。",
    ),
    (
        "rows-removed",
        "The file came again with fewer rows: {found} left the figures. Deliver it whole if they were cut off.",
        "该文件以更少的行重新报送：{found} 已从各项数字中去除；如系截断，请重新完整报送。",
    ),
    (
        "month-not-delivered",
        "{found} was not delivered, while the months {expected} were: what was paid in it is missing from the figures.",
        "{found} 尚未报送，而 {expected} 月已报送：该月支出未计入各项数字。",
    ),
    ("required-value-missing", "The cell is empty, a value is required.", "单元格为空，此列必填。"),
    ("no-code-and-no-name", "Neither code nor name is given: {expected}.", "编码与名称均为空：{expected}。"),
    ("amount-not-readable", "{found} is not an amount.", "{found} 不是金额。"),
    (
        "amount-in-scientific-notation",
        "{found} lost digits in a spreadsheet: save the column wider, or deliver the amount with all digits.",
        "{found} 为科学计数，位数已丢失：请加宽该列后另存，或以完整数字报送。",
    ),
    ("amount-not-whole-cents", "{found} does not land on a whole cent in yuan.", "{found} 换算成元后不是整分。"),
    ("amount-too-large", "{found} exceeds sixteen digits before the point.", "{found} 超过十六位整数。"),
    ("unit-conflict", "The cell's unit {found} differs from {expected}.", "单元格单位 {found} 与 {expected} 不一致。"),
    ("date-not-readable", "{found} is not a date.", "{found} 不是日期。"),
    ("ratio-not-readable", "{found} is not a percentage.", "{found} 不是百分比。"),
    ("integer-not-readable", "{found} is not a whole number.", "{found} 不是整数。"),
    (
        "code-in-scientific-notation",
        "{found} lost digits in a spreadsheet; deliver the code as text.",
        "{found} 已被表格软件改成科学计数，请以文本交来。",
    ),
    (
        "cell-is-error-or-formula",
        "{found} is an error or a formula without a result, not a name or a code: correct the cell.",
        "{found} 为错误值或未计算的公式，不是名称或编码，请更正该单元格。",
    ),
    ("code-has-wrong-shape", "{found} does not look like {expected}.", "{found} 不符合 {expected}。"),
    ("value-not-in-list", "{found} is not one of {expected}.", "{found} 不在允许值 {expected} 之内。"),
    (
        "district-differs-from-folder",
        "District {found} was delivered into the folder of {expected}.",
        "区划 {found} 的数据放在了 {expected} 的文件夹。",
    ),
    (
        "year-differs-from-folder",
        "Year {found} was delivered into the folder of {expected}.",
        "{found} 年度的数据放在了 {expected} 年度的文件夹。",
    ),
    (
        "row-has-too-many-cells",
        "The row has {found} cells, the header {expected}.",
        "本行有 {found} 个单元格，表头有 {expected} 个。",
    ),
    (
        "row-has-too-few-cells",
        "The row has {found} cells, the header {expected}.",
        "本行有 {found} 个单元格，表头有 {expected} 个。",
    ),
    (
        "amount-split-by-its-comma",
        "{found} may be one amount whose comma was not quoted: deliver it without commas, or quoted.",
        "{found} 可能是一个未加引号的千分位金额：请去掉千分位逗号，或加引号。",
    ),
    (
        "row-total-disagrees",
        "The row's own total {found} is not the sum of its parts {expected}.",
        "本行合计 {found} 不等于各分项之和 {expected}。",
    ),
    (
        "text-undoes-row",
        (
            "The text says only {found}, the amount is positive: leave a voided payment out, deliver money that came "
            "back negative, or say more."
        ),
        "该行文字仅为“{found}”，而金额为正：作废的请剔除，退回的请以负数报送，否则请写明。",
    ),
    (
        "breakdown-of-nothing",
        "{found} divides a department's row, but no such row stands above it: name the department.",
        "“{found}”是对部门行的细分，但其上没有部门行：请写明部门。",
    ),
    (
        "same-identity-twice-in-file",
        "The same row identity occurs in this file with other values.",
        "同一文件中同一标识的行数值不同。",
    ),
)
_WARNINGS = (
    (
        "leading-zero-restored",
        "The code {found} was restored to {expected}.",
        "编码 {found} 已补回前导零为 {expected}。",
    ),
    (
        "closed-month-changed",
        "{found} now, {expected} when the month was closed: its figures were restated since.",
        "现为 {found}，月结时为 {expected}：月结后数字有变动。",
    ),
    (
        "delivery-missing",
        "{found} was due on {expected} and has not come: ask the office for it.",
        "{found} 应于 {expected} 前报送，尚未收到，请催报。",
    ),
    (
        "delivery-late",
        "{found}; it was due on {expected}.",
        "{found}，期限为 {expected}。",
    ),
    (
        "equal-lines-in-file",
        "{found} repeat other lines of {expected} in everything delivered; they count.",
        "{expected} 中 {found} 与其他行完全相同，均已计入。",
    ),
    (
        "restated-by-later-delivery",
        "{found} restates lines of {expected}; the later amounts count.",
        "{found} 更正了 {expected}，以后报金额为准。",
    ),
    (
        "reclassified-by-later-delivery",
        "{found} puts lines under another project, code or date: {expected}; they count once, as there.",
        "{found} 将部分行改列其他项目、科目或日期：{expected}，以后报为准，只计一次。",
    ),
    (
        "withdrawn-by-later-delivery",
        "{found} are withdrawn: {expected} delivers the period again without them.",
        "{found} 已撤回：{expected} 重报该期间时未再列出。",
    ),
    ("header-ignored", "The header {found} is not known and was passed over.", "未识别的表头 {found} 已略过。"),
)
_FATALS = (
    ("reference-file-wrong", "A reference file of the district is wrong: {found}", "本区参考表有误：{found}"),
    ("alias-file-wrong", "The header alias file is wrong: {found}.", "表头别名文件有误：{found}。"),
    ("file-not-readable", "The file cannot be read: {found}.", "文件无法读取：{found}。"),
    (
        "file-type-not-supported",
        "Files of type {found} are not read; expected {expected}.",
        "不支持 {found} 类型，应为 {expected}。",
    ),
    (
        "file-too-large",
        "The file exceeds a limit: {found}, at most {expected}.",
        "文件超限：{found}，上限 {expected}。",
    ),
    (
        "file-outside-raw",
        "{found} is a link that leads out of its district's folder; put the file itself there.",
        "{found} 为链接，指向本区文件夹之外，请放入文件本身。",
    ),
    (
        "file-name-not-utf8",
        "The name of the file is not UTF-8: {found}.",
        "文件名不是 UTF-8 编码：{found}。",
    ),
    (
        "reading-takes-too-much-memory",
        "Reading the file took more memory than {expected}: {found}.",
        "读取该文件所用内存超过 {expected}：{found}。",
    ),
    (
        "reading-takes-too-long",
        "Reading the file took longer than {expected}: {found}.",
        "读取该文件的时间超过 {expected}：{found}。",
    ),
    (
        "reading-ended-abnormally",
        "The process that read the file came to no result: {found}.",
        "读取该文件的进程未得出结果：{found}。",
    ),
    (
        "encoding-not-known",
        "The text is not UTF-8, UTF-16 or GB18030: {found}.",
        "文本编码不是 UTF-8、UTF-16 或 GB18030：{found}。",
    ),
    (
        "no-table-found",
        "No header row was found. Found: {found}. Expected: {expected}.",
        "未找到表头。已有：{found}；应有：{expected}。",
    ),
    (
        "dataset-not-recognised",
        "The headers fit no dataset. Found: {found}. Expected: {expected}.",
        "表头不符合任何数据集。已有：{found}；应有：{expected}。",
    ),
    (
        "header-missing",
        "Required headers are missing. Found: {found}. Missing: {expected}.",
        "缺少必需的表头。已有：{found}；缺少：{expected}。",
    ),
    (
        "tables-side-by-side",
        "Two tables stand side by side: rows are named under {found} and, behind amounts, under {expected} again.",
        "左右并排两张表：“{found}”之后又有“{expected}”，所列各不相同。",
    ),
    ("header-ambiguous", "Two headers mean the same column: {found}.", "两个表头对应同一列：{found}。"),
    (
        "header-not-mapped",
        "Headers that look like an amount, a code or a date are not known: {found}.",
        "疑似金额、编码或日期的表头未能识别：{found}。",
    ),
    (
        "unit-not-known",
        "Amounts are delivered without a unit; expected 单位：元 or 单位：万元.",
        "金额未注明单位，应有“单位：元”或“单位：万元”。",
    ),
    (
        "unit-on-other-sheet-only",
        "The sheet names no unit, other sheets of the workbook do: {found}, or {expected}?",
        "该工作表未注明单位，而同一工作簿的其他表已注明：{found}，还是 {expected}？",
    ),
    (
        "number-format-contradicts-unit",
        "The number format shows another unit than the sheet names: {found}, or {expected}?",
        "数字格式所示单位与工作表注明的单位不一致：{found}，还是 {expected}？",
    ),
    ("unit-conflict-in-sheet", "The sheet names two units: {found}.", "工作表单位前后不一致：{found}。"),
    (
        "sheet-district-conflict",
        "The sheet, or the name of sheet or file, tells {found}, the folder {expected}.",
        "工作表（或表名、文件名）写明 {found}，文件夹为 {expected}。",
    ),
    (
        "total-row-disagrees",
        "The file's own total is {found}, its rows add up to {expected}.",
        "文件合计为 {found}，各行相加为 {expected}。",
    ),
    (
        "row-is-sum-of-others",
        "The row {found} is the sum of the lines {expected}: their total, or a row of its own?",
        "{found} 恰为第 {expected} 行之和：是合计行，还是独立数据？",
    ),
    (
        "header-changes-rows",
        "The header {found} says of rows that their money came back or does not count, but not clearly: {expected}.",
        "表头 {found} 表明部分行为退款或作废，但取值未能识别：{expected}。",
    ),
    (
        "year-is-closed",
        "{found} closed after {expected}; this file came, changed or went since: put it back, or release the change.",
        "{found} 年度已于 {expected} 后关账，此文件其后有变动：请恢复原文件，或说明理由放行。",
    ),
    (
        "too-much-set-aside",
        "{found} was set aside, at most {expected} may be.",
        "被剔除 {found}，超过上限 {expected}。",
    ),
    (
        "file-stands-twice-in-itself",
        "{found} stand more than once: pasted twice, or all real? In yuan, all real or counted once: {expected}.",
        "{found} 不止出现一次：粘贴了两遍，还是全部属实？金额依次为全部属实、只计一次：{expected}。",
    ),
    (
        "delivery-neither-repeats-nor-continues",
        (
            "{found} of the earlier file come again in the later one, too many for a supplement and too few for a "
            "re-delivery. In yuan, both count or the later one replaces: {expected}."
        ),
        "{found} 在后报文件中再次出现，作为补充过多，作为重报过少。金额依次为两者均计、以后报取代：{expected}。",
    ),
    (
        "two-sources-disagree",
        (
            "{found}: two sources of the same days and departments disagree. In yuan, by the first or the second: "
            "{expected}. Correct one, or name whose word counts in believed_sources."
        ),
        (
            "{found}：同一期间与部门的两个来源不一致。金额依次为以前者为准、以后者为准：{expected}。请更正其一，或在 "
            "believed_sources 中指明以谁为准。"
        ),
    ),
    (
        "order-of-deliveries-unknown",
        (
            "{found} differ and came in one night, written at one time: which is later? In yuan, by the first or the "
            "second: {expected}."
        ),
        "{found} 不一致，且同夜收到、写成时间相同，无法判断先后。金额依次为以前者为准、以后者为准：{expected}。",
    ),
    (
        "too-much-withdrawn",
        "Re-deliveries withdraw {found} at once. In yuan, withdrawn or still counted: {expected}.",
        "重报一次撤回 {found}，超过上限。金额依次为撤回、仍计入：{expected}。",
    ),
    (
        "file-not-ready",
        "The file is not ready: {found}. Its district-year waits with its last version.",
        "文件尚未就绪：{found}。该区年度沿用上一版本等待。",
    ),
    (
        "file-waits-too-long",
        "The file is still not ready: {found}; it may wait for {expected}. Its district-year keeps its last version.",
        "文件至今未就绪：{found}，最多等待 {expected}。该区年度沿用上一版本。",
    ),
    (
        "unknown-money-may-matter",
        "{found} could not be read and may be worth more than {expected} of the dataset.",
        "{found} 金额无法读取，可能超过该数据集的 {expected}。",
    ),
    (
        "too-much-removed",
        "{found} is no longer delivered, at most {expected} may go by itself: deliver it again, or release it.",
        "{found} 不再报送，超过可自动撤回的上限 {expected}：请重新报送，或予以放行。",
    ),
    (
        "rows-or-money-not-conserved",
        "Rows or money read do not equal accepted + rejected + duplicate: {found}.",
        "读入的行数或金额与接受、剔除、重复之和不符：{found}。",
    ),
)

CELL_RULES: dict[str, CellRule] = {
    rule_id: CellRule(rule_id, severity, message, message_zh)
    for severity, rules in ((Severity.ERROR, _ERRORS), (Severity.WARNING, _WARNINGS), (Severity.FATAL, _FATALS))
    for rule_id, message, message_zh in rules
}
"""Every cell and file rule by id."""
