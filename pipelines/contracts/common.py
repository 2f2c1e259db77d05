"""Columns that several datasets share, each defined once, and the code lists of the integration system.

Header names come from the budget management integration system's tables (its column names and Chinese labels) and
from published statements. Does not belong here: a column that only one dataset has.
"""

from __future__ import annotations

from pipelines.contracts.model import Column, Kind, Personal

FUND_TYPES: tuple[tuple[str, str], ...] = (
    ("1", "财政拨款"),
    ("11", "一般公共预算资金"),
    ("111", "一般公共预算资金"),
    ("112", "一般债券"),
    ("12", "政府性基金预算资金"),
    ("121", "政府性基金预算资金"),
    ("122", "专项债券"),
    ("13", "国有资本经营预算资金"),
    ("14", "社会保险基金预算资金"),
    ("2", "财政专户管理资金"),
    ("3", "单位资金"),
    ("31", "事业收入资金"),
    ("32", "上级补助收入资金"),
    ("33", "附属单位上缴收入资金"),
    ("34", "事业单位经营收入资金"),
    ("39", "其他收入资金"),
)
"""Fund types (资金性质) of the integration system: code and name."""

FUND_TYPE_CODES: tuple[tuple[str, str], ...] = (
    *((code, code) for code, _ in FUND_TYPES),
    ("一般公共预算资金", "111"),
    ("一般公共预算", "111"),
    ("一般公共预算拨款", "111"),
    ("一般公共预算财政拨款", "111"),
    ("一般公共预算财政拨款支出", "111"),
    ("一般公共预算支出", "111"),
    ("一般公共预算基本支出", "111"),
    ("财政拨款", "1"),
    ("财政拨款收入", "1"),
    ("一般债券", "112"),
    ("政府性基金预算支出", "121"),
    ("国有资本经营预算支出", "13"),
    ("政府性基金预算资金", "121"),
    ("政府性基金预算", "121"),
    ("政府性基金", "121"),
    ("政府性基金预算拨款", "121"),
    ("政府性基金预算财政拨款", "121"),
    ("政府性基金预算财政拨款支出", "121"),
    ("专项债券", "122"),
    ("国有资本经营预算资金", "13"),
    ("国有资本经营预算", "13"),
    ("国有资本经营预算拨款", "13"),
    ("国有资本经营预算财政拨款", "13"),
    ("国有资本经营预算财政拨款支出", "13"),
    ("社会保险基金", "14"),
    ("社会保险基金预算资金", "14"),
    ("财政专户管理资金", "2"),
    ("财政专户管理的资金", "2"),
    ("单位资金", "3"),
    ("事业收入", "31"),
    ("事业收入资金", "31"),
    ("上级补助收入", "32"),
    ("上级补助收入资金", "32"),
    ("上级补助", "32"),
    ("附属单位上缴", "33"),
    ("附属单位上缴收入", "33"),
    ("附属单位上缴收入资金", "33"),
    ("经营收入", "34"),
    ("事业单位经营收入", "34"),
    ("事业单位经营收入资金", "34"),
    ("其他", "39"),
    ("其他收入", "39"),
    ("其他收入资金", "39"),
    ("其他资金", "39"),
    ("其他资金支出", "39"),
)
"""Delivered spelling of a fund type → its code."""

PROJECT_KINDS: tuple[tuple[str, str], ...] = (
    ("1", "人员类"),
    ("21", "公用经费"),
    ("22", "其他运转类"),
    ("2", "运转类"),
    ("3", "特定目标类"),
)
"""Project kinds (项目类别) as stored: code and name."""

PROJECT_KIND_CODES: tuple[tuple[str, str], ...] = (
    *((code, code) for code, _ in PROJECT_KINDS),
    *((name, code) for code, name in PROJECT_KINDS),
    ("人员类项目", "1"),
    ("人员经费", "1"),
    ("运转类项目", "2"),
    ("公用经费项目", "21"),
    ("其他运转类项目", "22"),
    ("特定目标类项目", "3"),
    ("01", "1"),
    ("02", "21"),
    ("03", "22"),
    ("04", "3"),
)
"""Delivered spelling of a project kind → stored code; ``01``-``04`` is the numbering of other systems."""

EXPENDITURE_NATURES: tuple[tuple[str, str], ...] = (("basic", "基本支出"), ("project", "项目支出"))
"""Expenditure nature (支出性质): basic = 人员类 + 公用经费, project = the rest."""

EXPENDITURE_NATURE_CODES: tuple[tuple[str, str], ...] = (
    *((code, code) for code, _ in EXPENDITURE_NATURES),
    *((name, code) for code, name in EXPENDITURE_NATURES),
    ("基本", "basic"),
    ("基本经费", "basic"),
    ("项目", "project"),
    ("项目经费", "project"),
)

NATURE_OF_PROJECT_KIND: tuple[tuple[str, str], ...] = (
    ("1", "basic"),
    ("21", "basic"),
    ("22", "project"),
    ("3", "project"),
)
"""Project kind → expenditure nature. Kind ``2`` (not told whether 公用 or 其他) has no nature: unknown."""

FLAG_CODES: tuple[tuple[str, str], ...] = (
    ("1", "true"),
    ("是", "true"),
    ("y", "true"),
    ("yes", "true"),
    ("true", "true"),
    ("0", "false"),
    ("2", "false"),
    ("否", "false"),
    ("n", "false"),
    ("no", "false"),
    ("false", "false"),
)

ONE_DELETED_TWO_NOT: tuple[tuple[str, bool], ...] = (("1", True), ("2", False), ("是", True), ("否", False))
"""``is_deleted`` of the execution tables: 1 deleted, 2 not. A 0 is unknown there and sets the row aside."""

ONE_DELETED_ZERO_NOT: tuple[tuple[str, bool], ...] = (("1", True), ("0", False), ("是", True), ("否", False))
"""``is_deleted`` of the budgeting tables: 1 deleted, 0 not. A 2 is unknown there and sets the row aside."""

DISTRICT_CODE = Column(
    "district_code",
    Kind.CODE,
    "区划编码",
    "Six-digit division code of the district; a nine-digit delivery that ends in 000 is cut to six.",
    "六位行政区划代码；以 000 结尾的九位代码取前六位。",
    headers=("区划编码", "区划代码", "财政区划代码", "财政区划编码", "行政区划代码", "mof_div_code", "district_code"),
    pattern=r"\d{6}",
    digits=(6, 9),
)
FISCAL_YEAR = Column(
    "fiscal_year",
    Kind.INTEGER,
    "预算年度",
    "Budget year to which the figures belong.",
    "数据所属的预算年度。",
    headers=("预算年度", "年度", "会计年度", "年份", "fiscal_year"),
)
DEPARTMENT_CODE = Column(
    "department_code",
    Kind.CODE,
    "部门编码",
    "Code of the budget department or unit as delivered; leading zeros are kept.",
    "预算部门（单位）编码，保留前导零。",
    headers=(
        "单位编码",
        "单位代码",
        "预算单位编码",
        "预算单位代码",
        "agency_code",
        "department_code",
        "部门编码",
        "部门代码",
        "预算部门编码",
        "dept_code",
    ),
    pattern=r"[0-9A-Za-z]{3,21}",
    name_column="department_name",
    alternatives=True,
)
DEPARTMENT_NAME = Column(
    "department_name",
    Kind.TEXT,
    "部门名称",
    "Name of the budget department or unit.",
    "预算部门（单位）名称。",
    headers=(
        "单位名称",
        "预算单位名称",
        "预算单位",
        "单位",
        "agency_name",
        "department_name",
        "部门（单位）名称",
        "部门名称",
        "预算部门",
        "部门",
        "主管部门",
        "dept_name",
    ),
    alternatives=True,
    personal=Personal.MASK,
    is_name=True,
)
PROJECT_CODE = Column(
    "project_code",
    Kind.CODE,
    "项目编码",
    "Project code; 21 characters in the integration system, shorter ones occur.",
    "项目编码，一体化系统为 21 位，亦有较短者。",
    headers=("项目编码", "项目代码", "pro_code", "project_code"),
    pattern=r"[0-9A-Za-z\-]{1,40}",
    name_column="project_name",
)
PROJECT_NAME = Column(
    "project_name",
    Kind.TEXT,
    "项目名称",
    "Name of the project.",
    "项目名称。",
    headers=("项目名称", "项目", "pro_name", "project_name"),
    personal=Personal.MASK,
    is_name=True,
)
PROJECT_KIND = Column(
    "project_kind",
    Kind.CODE,
    "项目类别",
    "Project kind: 1 personnel, 2 operation (21 public funds, 22 other operation), 3 specific target.",
    "项目类别：1 人员类，2 运转类（21 公用经费，22 其他运转类），3 特定目标类。",
    headers=(
        "项目类别",
        "项目类别代码",
        "项目类别编码",
        "项目类别名称",
        "pro_cat_code",
        "pro_kind_code",
        "pro_kind_name",
        "project_kind",
    ),
    codes=PROJECT_KIND_CODES,
)
EXPENDITURE_NATURE = Column(
    "expenditure_nature",
    Kind.CODE,
    "支出性质",
    "basic (personnel and public funds) or project (all else).",
    "basic 基本支出（人员类与公用经费），project 项目支出（其余）。",
    headers=("支出性质", "支出类型", "支出类别", "expenditure_nature"),
    codes=EXPENDITURE_NATURE_CODES,
)
FUNCTION_CODE = Column(
    "function_code",
    Kind.CODE,
    "功能分类科目编码",
    "Expenditure function code of 3, 5 or 7 digits (class, section, item).",
    "支出功能分类科目编码，3、5 或 7 位（类、款、项）。",
    headers=(
        "功能分类科目编码",
        "支出功能分类科目代码",
        "支出功能分类科目编码",
        "功能科目编码",
        "功能分类",
        "exp_func_code",
        "function_code",
    ),
    pattern=r"\d{3}|\d{5}|\d{7}",
    name_column="function_name",
)
FUNCTION_NAME = Column(
    "function_name",
    Kind.TEXT,
    "功能分类科目名称",
    "Name of the function code.",
    "功能分类科目名称。",
    headers=("功能分类科目名称", "支出功能分类科目名称", "功能科目名称", "exp_func_name", "function_name"),
    personal=Personal.MASK,
)
GOVERNMENT_ECONOMY_CODE = Column(
    "government_economy_code",
    Kind.CODE,
    "政府预算经济分类编码",
    "Government budget economy code of 3 or 5 digits.",
    "政府预算支出经济分类科目编码，3 或 5 位。",
    headers=(
        "政府预算经济分类编码",
        "政府经济分类科目编码",
        "政府支出经济分类代码",
        "政府支出经济分类科目代码",
        "政府经济分类",
        "政府经济分类编码",
        "政府经济分类代码",
        "政府经济科目编码",
        "gov_bgt_eco_code",
        "government_economy_code",
    ),
    pattern=r"\d{3}|\d{5}",
    name_column="government_economy_name",
)
GOVERNMENT_ECONOMY_NAME = Column(
    "government_economy_name",
    Kind.TEXT,
    "政府预算经济分类名称",
    "Name of the government budget economy code.",
    "政府预算支出经济分类科目名称。",
    headers=(
        "政府预算经济分类名称",
        "政府经济分类科目名称",
        "政府支出经济分类名称",
        "政府支出经济分类科目名称",
        "gov_bgt_eco_name",
    ),
    personal=Personal.MASK,
)
DEPARTMENT_ECONOMY_CODE = Column(
    "department_economy_code",
    Kind.CODE,
    "部门预算经济分类编码",
    "Department budget economy code of 3, 5 or 7 digits.",
    "部门预算支出经济分类科目编码，3、5 或 7 位。",
    headers=(
        "部门预算经济分类编码",
        "部门经济分类科目编码",
        "部门支出经济分类代码",
        "部门支出经济分类科目代码",
        "部门经济分类",
        "部门经济分类编码",
        "部门经济分类代码",
        "部门经济科目编码",
        "dep_bgt_eco_code",
        "department_economy_code",
    ),
    pattern=r"\d{3}|\d{5}|\d{7}",
    name_column="department_economy_name",
)
DEPARTMENT_ECONOMY_NAME = Column(
    "department_economy_name",
    Kind.TEXT,
    "部门预算经济分类名称",
    "Name of the department budget economy code.",
    "部门预算支出经济分类科目名称。",
    headers=(
        "部门预算经济分类名称",
        "部门经济分类科目名称",
        "部门支出经济分类名称",
        "部门支出经济分类科目名称",
        "dep_bgt_eco_name",
    ),
    personal=Personal.MASK,
)
FUND_TYPE_CODE = Column(
    "fund_type_code",
    Kind.CODE,
    "资金性质编码",
    "Fund type code of the integration system; a delivered name is brought to its code.",
    "资金性质编码；按名称交来的换成编码。",
    headers=(
        "资金性质编码",
        "资金性质代码",
        "资金性质",
        "资金性质名称",
        "资金来源",
        "fund_type_code",
        "fund_type_name",
    ),
    codes=FUND_TYPE_CODES,
    spreads=True,
)
INITIAL_BUDGET_AMOUNT = Column(
    "initial_budget_amount",
    Kind.AMOUNT,
    "年初预算数",
    "Budget approved at the start of the year, in yuan.",
    "年初批复的预算数（元）。",
    headers=(
        "年初预算数",
        "年初批复数",
        "年初预算",
        "年初预算金额",
        "原预算",
        "批复数",
        "reply_amt",
        "initial_budget_amount",
    ),
)
FULL_YEAR_BUDGET_AMOUNT = Column(
    "full_year_budget_amount",
    Kind.AMOUNT,
    "全年预算数",
    "Budget after all adjustments, in yuan: initial + adjustments.",
    "调整后的全年预算数（元）＝年初预算＋调整。",
    headers=(
        "全年预算数",
        "全年预算",
        "调整预算数",
        "调整后预算数",
        "变动后预算数",
        "全年预算金额",
        "cur_amt",
        "full_year_budget_amount",
    ),
)
ADJUSTMENT_AMOUNT = Column(
    "adjustment_amount",
    Kind.AMOUNT,
    "预算调整数",
    "Signed adjustment in yuan: additions positive, cuts negative.",
    "预算调整数（元），调增为正，调减为负。",
    headers=("预算调整数", "调整数", "调整金额", "年中调整", "调整额", "调整", "adj_amt", "adjustment_amount"),
)
EXECUTED_AMOUNT = Column(
    "executed_amount",
    Kind.AMOUNT,
    "执行数",
    "Amount actually spent, in yuan; refunds are negative.",
    "实际支出数（元），退款为负。",
    headers=(
        "执行数",
        "支出数",
        "全年执行数",
        "实际支付",
        "实际支出",
        "预算执行数",
        "累计支出数",
        "累计支出",
        "累计执行数",
        "累计执行",
        "执行数累计",
        "支出数累计",
        "支出累计",
        "累计支付数",
        "决算数",
        "xpay_amt",
        "executed_amount",
    ),
)
REMARK = Column(
    "remark",
    Kind.TEXT,
    "备注",
    "Remark of the delivering office.",
    "备注。",
    headers=("备注", "说明", "remark", "bz"),
    personal=Personal.DROP,
    alternatives=True,
    is_free_text=True,
)

ORIGIN = (DISTRICT_CODE, FISCAL_YEAR)
"""Columns of every dataset; empty ones are filled from the delivery's folder, differing ones set the row aside."""

PROVENANCE = (
    Column(
        "source_file_id",
        Kind.CODE,
        "来源文件",
        "The file that the row came from: key of quality.source_file.",
        "数据行来自的文件，见 quality.source_file。",
    ),
    Column(
        "source_sheet",
        Kind.TEXT,
        "来源工作表",
        "Sheet of a workbook; empty for a text file.",
        "工作表名；文本文件为空。",
    ),
    Column(
        "source_line",
        Kind.INTEGER,
        "来源行号",
        "Line of the file or sheet, the first being 1.",
        "文件或工作表中的行号，从 1 起。",
    ),
)
"""Columns that every accepted row carries behind the contract's own."""

DEPARTMENT_KEY = Column(
    "department_key",
    Kind.CODE,
    "部门键",
    "Key for joins: the department's code, its name where there is none; never empty.",
    "关联用键：部门编码，无编码时取名称；不为空值。",
)
PROJECT_KEY = Column(
    "project_key",
    Kind.CODE,
    "项目键",
    "Key for joins: the project's code, its name where there is none, an empty text where no project is named.",
    "关联用键：项目编码，无编码时取名称；未指明项目时为空文本，不为空值。",
)
