"""Tables as offices deliver them: headers, heads, datasets, totals, wide tables, and what is refused and why."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from ingest_files import Office, Read

from pipelines.ingest.model import FileRefused
from pipelines.settings import Limits


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def refusal(office: Office, path: Path, **settings: Any) -> FileRefused:
    with pytest.raises(FileRefused) as caught:
        office.read(path, **settings)
    assert caught.value.message
    assert caught.value.message_zh
    return caught.value


def money(read: Read, column: str) -> list[str | None]:
    return [None if value is None else str(value) for value in read.table.column(column)]


STATEMENT = [
    ["荔湾区部门预算执行情况表（2022年度）"],
    ["编制单位：荔湾区测试局", None, None, None, "单位：万元"],
    [None, "预算情况", None, None, "执行情况"],
    ["项目名称", "年初预算数", "预算调整数", "全年预算数", "执行数", "执行率"],
    ["甲", 100, -41.36, 58.64, 46.91, "80.00%"],
    ["乙", None, -80, None, None, None],
    ["合　计", 100, None, None, 46.91, None],
]


def test_a_statement_with_merged_title_unit_line_and_two_header_rows(office: Office) -> None:
    table = office.read(office.xlsx("执行情况.xlsx", {"项目": STATEMENT})).table
    assert table.head.dataset == "execution_statement"
    assert (table.head.header_line, table.head.unit_factor) == (4, 10_000)
    assert table.head.columns[1] == ("预算情况/年初预算数", "initial_budget_amount")
    assert table.column("department_name") == ["荔湾区测试局"] * 2
    assert table.column("source_line") == [5, 6]
    assert table.column("adjustment_amount") == [Decimal("-413600.00"), Decimal("-800000.00")]
    assert table.column("initial_budget_amount") == [Decimal("1000000.00"), None]
    assert table.column("published_execution_rate") == [Decimal("0.800000"), None]
    assert [(total["source_line"], total["scope"]) for total in table.totals] == [(7, "all")]
    assert table.faults == []


def test_district_and_year_stand_in_every_row(office: Office) -> None:
    table = office.read(office.csv("a.csv", [["部门编码", "部门名称"], ["101", "甲"], ["102", "乙"]])).table
    assert table.head.dataset == "department"
    assert table.column("district_code") == ["440103"] * 2
    assert table.column("fiscal_year") == [2022] * 2


def test_rows_of_another_district_or_year_are_set_aside(office: Office) -> None:
    rows = [["区划编码", "预算年度", "部门编码", "部门名称"]]
    rows += [["440103000", "2022", "101", "甲"], ["440104", "2022", "102", "乙"], ["440103", "2021", "103", "丙"]]
    table = office.read(office.csv("a.csv", rows)).table
    assert table.rules == [(3, "district-differs-from-folder"), (4, "year-differs-from-folder")]


@pytest.mark.parametrize(
    ("head", "found"),
    [
        ([["2021年度预算执行情况表"], ["单位：元"]], "2021"),
        ([["执行情况表"], ["年度：2023"], ["单位：元"]], "2023"),
        ([["二〇二一年度预算执行情况表"], ["单位：元"]], "2021"),
        ([["21年1-6月预算执行情况表"], ["单位：元"]], "2021"),
        ([["执行情况表"], ["年度：二〇二三"], ["单位：元"]], "2023"),
        ([["执行情况表"], ["行政区划代码：440104", "单位：元"]], "440104"),
    ],
)
def test_a_sheet_of_another_year_or_district_is_refused(office: Office, head: list[list[str]], found: str) -> None:
    path = office.csv("a.csv", [*head, ["单位名称", "执行数"], ["甲", "1"]])
    error = refusal(office, path)
    assert error.rule.id == "sheet-district-conflict"
    assert error.found == found


@pytest.mark.parametrize(
    ("name", "yuan"),
    [
        ("执行（万元）.csv", "15000.00"),
        ("执行_单位万元.csv", "15000.00"),
        ("执行表-万元.csv", "15000.00"),
        ("执行情况万元版.csv", "15000.00"),
        ("执行[千元].csv", "1500.00"),
        ("执行（元）.csv", "1.50"),
        ("500万元以上项目执行.csv", "1.50"),
        ("单元楼改造执行.csv", "1.50"),
        ("百万元项目执行.csv", "1.50"),
        ("万元路街道执行.csv", "1.50"),
    ],
)
def test_the_name_of_a_file_tells_the_unit_where_nothing_in_it_does(office: Office, name: str, yuan: str) -> None:
    rows = [["单位名称", "执行数"], ["甲", "1.5"]]
    table = office.read(office.csv(name, rows)).table
    assert table.column("executed_amount") == [Decimal(yuan)]
    stated = office.read(office.csv(name, [["单位：千元"], *rows])).table
    assert stated.column("executed_amount") == [Decimal("1500.00")]


def test_the_name_of_a_sheet_tells_the_unit_before_that_of_the_file(office: Office) -> None:
    rows = [["单位名称", "执行数"], ["甲", 1.5]]
    tables = office.read(office.xlsx("执行（千元）.xlsx", {"预算(万元)": rows, "执行": rows})).tables
    assert [table.column("executed_amount") for table in tables] == [[Decimal("15000.00")], [Decimal("1500.00")]]


UNIT_HEAD, UNIT_ROWS = ["单位名称", "年初预算数", "执行数"], [["甲", "100", "50"], ["乙", "200", "80"]]


@pytest.mark.parametrize(
    "rows",
    [
        [[*UNIT_HEAD, "单位：万元"], *UNIT_ROWS],
        [["单位名称", "年初预算数/万元", "执行数/万元"], *UNIT_ROWS],
        [["单位名称", "年初预算数-万元", "执行数_万元"], *UNIT_ROWS],
        [UNIT_HEAD, ["", "万元", "万元"], *UNIT_ROWS],
        *(
            [[*UNIT_HEAD, header], *([*row, "万元"] for row in UNIT_ROWS)]
            for header in ("单位", "计量单位", "金额单位")
        ),
        [["说明：本表金额均以万元为单位"], UNIT_HEAD, *UNIT_ROWS],
        [["2022年执行情况表，金额单位为万元"], UNIT_HEAD, *UNIT_ROWS],
        [["单位：万元"], UNIT_HEAD, *UNIT_ROWS, ["注：金额单位为万元"]],
    ],
)
def test_a_unit_counts_wherever_it_is_named(office: Office, rows: list[list[str]]) -> None:
    table = office.read(office.csv("a.csv", rows)).table
    assert table.column("executed_amount") == [500_000, 800_000]
    assert table.column("department_name") == ["甲", "乙"]
    assert not table.rules


@pytest.mark.parametrize(
    "rows",
    [
        [UNIT_HEAD, *UNIT_ROWS, ["单位：万元"]],
        [UNIT_HEAD, *UNIT_ROWS, ["注：金额单位为万元"]],
        [UNIT_HEAD, *UNIT_ROWS, ["本表以万元为单位，由各单位填报并加盖公章后报送区财政局"]],
        [["单位：元"], UNIT_HEAD, *UNIT_ROWS, ["单位：万元"]],
        [[*UNIT_HEAD, "计量单位"], [*UNIT_ROWS[0], "万元"], [*UNIT_ROWS[1], "元"]],
        [["单位：元"], [*UNIT_HEAD, "单位：万元"], *UNIT_ROWS],
        [["单位：元"], [*UNIT_HEAD, "计量单位"], *([*row, "万元"] for row in UNIT_ROWS)],
    ],
)
def test_two_units_refuse_the_file_wherever_they_are_named(office: Office, rows: list[list[str]]) -> None:
    assert refusal(office, office.csv("a.csv", rows)).rule.id == "unit-conflict-in-sheet"


def test_a_unit_that_changes_far_below_refuses_the_file(office: Office) -> None:
    rows = [[f"局{n}", "100", "50", "万元" if n < 5_000 else "元"] for n in range(5_001)]
    refused = refusal(office, office.csv("a.csv", [[*UNIT_HEAD, "计量单位"], *rows]))
    assert (refused.rule.id, refused.line) == ("unit-conflict-in-sheet", 5_002)


@pytest.mark.parametrize(
    "remark", ["注：500万元以上项目须报批", "单位负责人：张某", "编制单位：万元路街道办事处", "单位：元"]
)
def test_a_remark_that_names_no_unit_says_nothing_of_it(office: Office, remark: str) -> None:
    table = office.read(office.csv("a.csv", [UNIT_HEAD, *UNIT_ROWS, [remark]])).table
    assert table.column("executed_amount") == [50, 80]
    assert not table.rules


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("2021年执行.csv", [["单位：元"]]),
        ("21年1-6月执行.csv", [["单位：元"]]),
        ("二〇二一年/执行.csv", [["单位：元"]]),
        ("执行2021.csv", [["单位：元"]]),
    ],
)
def test_a_file_named_after_another_year_is_refused(office: Office, name: str, head: list[list[str]]) -> None:
    path = office.csv(name, [*head, ["单位名称", "执行数"], ["甲", "1"]])
    assert refusal(office, path).found == "2021"


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("2022年执行（2021年口径）.csv", [["单位名称", "执行数"], ["甲", "1"]]),
        ("2021年执行.csv", [["2022年执行情况表"], ["单位名称", "执行数"], ["甲", "1"]]),
        ("2021年执行.csv", [["单位名称", "执行数", "年度"], ["甲", "1", "2022"]]),
        ("2021年执行.csv", [["单位名称", "执行数", "截止日期"], ["甲", "1", "2022-06-30"]]),
        ("2021-12-20_执行.csv", [["单位名称", "执行数"], ["甲", "1"]]),
        ("2021年单位.csv", [["部门编码", "部门名称"], ["101", "甲"]]),
    ],
)
def test_the_rows_tell_their_year_before_the_name_of_the_file(office: Office, name: str, rows: list[list[str]]) -> None:
    assert office.read(office.csv(name, [["单位：元"], *rows])).table.column("fiscal_year") == [2022]


@pytest.mark.parametrize(
    ("rows", "factor", "yuan"),
    [
        ([["单位名称", "执行数"], ["甲", "1.5"]], 1, "1.50"),
        ([["单位名称", "执行数（万元）"], ["甲", "1.5"]], 10_000, "15000.00"),
        ([["单位:万元"], ["单位名称", "执行数"], ["甲", "1.5"]], 10_000, "15000.00"),
        ([["执行表（单位：千元）"], ["单位名称", "执行数"], ["甲", "1.5"]], 1_000, "1500.00"),
        ([["金额单位：", "万元"], ["单位名称", "执行数"], ["甲", "1.5"]], 10_000, "15000.00"),
        ([["单位：万元"], ["单位名称", "执行数(万元)"], ["甲", "1.5"]], 10_000, "15000.00"),
        ([["单位名称", "执行数"], ["甲", "1.5万元"]], 1, "15000.00"),
        ([["一张表"], ["单位名称", "执行数"], ["甲", "1.5万元"]], None, "15000.00"),
    ],
)
def test_units(office: Office, rows: list[list[str]], factor: int | None, yuan: str) -> None:
    read = office.read(office.csv("a.csv", rows))
    assert read.table.head.unit_factor == factor
    assert money(read, "executed_amount") == [yuan]


def test_units_that_differ_by_column(office: Office) -> None:
    rows = [["单位名称", "年初预算数（万元）", "执行数（元）"], ["甲", "1.5", "1.5"]]
    read = office.read(office.csv("a.csv", rows))
    assert read.table.head.unit_factor is None
    assert money(read, "initial_budget_amount") + money(read, "executed_amount") == ["15000.00", "1.50"]


@pytest.mark.parametrize(
    ("rows", "rule"),
    [
        ([["单位：元"], ["单位名称", "执行数（万元）"], ["甲", "1"]], "unit-conflict-in-sheet"),
        ([["单位：元", "单位：万元"], ["单位名称", "执行数"], ["甲", "1"]], "unit-conflict-in-sheet"),
        ([["一张表"], ["单位名称", "执行数"], ["甲", "1"]], "unit-not-known"),
        ([["单位名称", "年初预算数", "执行数（万元）"], ["甲", "1", "1"]], "unit-not-known"),
    ],
)
def test_a_unit_that_is_missing_or_told_twice_refuses_the_file(
    office: Office, rows: list[list[str]], rule: str
) -> None:
    assert refusal(office, office.csv("a.csv", rows)).rule.id == rule


def test_a_unit_slip_in_a_cell_is_a_fault_of_its_row(office: Office) -> None:
    rows = [["单位：万元"], ["单位名称", "执行数"], ["甲", "0.3元"], ["乙", "2961.68"]]
    assert office.read(office.csv("a.csv", rows)).table.rules == [(3, "unit-conflict")]


def test_a_misspelt_header_is_named_with_its_likely_meaning(office: Office) -> None:
    error = refusal(office, office.csv("a.csv", [["单位名称", "全年预算数", "执行教"], ["甲", "1", "1"]]))
    assert error.rule.id == "header-missing"
    assert "执行数" in error.message_zh
    assert "执行教" in error.message_zh
    assert "全年预算数" in error.found


def test_a_misspelt_header_that_is_not_required_refuses_the_file_too(office: Office) -> None:
    rows = [["单位名称", "项目名称", "年初预算数", "执行教"], ["甲", "乙", "1", "1"]]
    error = refusal(office, office.csv("a.csv", rows))
    assert (error.rule.id, error.found) == ("header-not-mapped", "执行教 (= 执行数?)")


def test_a_table_under_a_misspelt_header_is_not_taken_for_the_head_of_the_next(office: Office) -> None:
    rows = [["单位：元"], ["单位名称", "执行教"], ["甲", "1.50"], [], ["单位名称", "执行数"], ["乙", "2.50"]]
    assert refusal(office, office.csv("a.csv", rows)).rule.id == "header-missing"


def test_headers_that_nobody_knows(office: Office) -> None:
    error = refusal(office, office.csv("a.csv", [["水果", "颜色"], ["苹果", "红"]]))
    assert error.rule.id == "no-table-found"
    assert "执行数" in error.expected


@pytest.mark.parametrize("header", ["追加金额", "某某编码", "发生日期", "amount_x"])
def test_an_unknown_header_that_looks_important_refuses_the_file(office: Office, header: str) -> None:
    error = refusal(office, office.csv("a.csv", [["单位名称", "执行数", header], ["甲", "1", "x"]]))
    assert error.rule.id == "header-not-mapped"
    assert error.found == header


def test_an_unknown_header_over_amounts_refuses_the_file(office: Office) -> None:
    rows = [["单位名称", "执行数", "其他"], ["甲", "1", "12.50"], ["乙", "1", "7,000.00"]]
    assert refusal(office, office.csv("a.csv", rows)).rule.id == "header-not-mapped"


def test_a_statement_may_tell_what_follows_from_its_own_figures(office: Office) -> None:
    head = [
        "单位名称",
        "全年预算数",
        "执行数/本月",
        "执行数/累计",
        "执行率",
        "结余",
        "上年同期执行数",
        "同比增减%",
        "排名",
    ]
    rows = [[part.split("/")[0] for part in head], [part.split("/")[-1] for part in head]]
    rows.append(["甲局", "100", "10", "80", "80%", "20", "70", "14.29", "1"])
    table = office.read(office.csv("a.csv", rows)).table
    assert table.column("executed_amount") == [80]
    assert table.faults == []


def test_another_unknown_header_is_passed_over_with_a_warning(office: Office) -> None:
    table = office.read(office.csv("a.csv", [["序号", "单位名称", "执行数", "颜色"], ["1", "甲", "1", "红"]])).table
    assert table.rules == [(1, "header-ignored")]
    assert table.texts == [{"序号": "•", "单位名称": "甲", "执行数": "1", "颜色": "•"}]


def test_two_headers_for_one_amount_refuse_the_file(office: Office) -> None:
    rows = [["单位名称", "年初预算数", "年初批复数", "执行数"], ["甲", "1", "2", "1"]]
    assert refusal(office, office.csv("a.csv", rows)).rule.id == "header-ambiguous"


def test_code_and_name_of_a_fund_type_side_by_side(office: Office) -> None:
    rows = [["单位名称", "资金性质编码", "资金性质名称", "执行数"], ["甲", "111", "一般公共预算资金", "1"]]
    rows += [["甲", "", "政府性基金预算", "2"]]
    assert office.read(office.csv("a.csv", rows)).table.column("fund_type_code") == ["111", "121"]


def test_repeated_leaves_are_told_apart_by_their_parents(office: Office) -> None:
    rows = [["单位：元"], ["单位名称", "项目", "", "年初预算数", "执行数"], ["", "编码", "名称", "金额", "金额"]]
    rows += [["甲", "P1", "校舍", "5", "3"]]
    table = office.read(office.csv("a.csv", rows)).table
    assert table.column("project_code") == ["P1"]
    assert table.column("project_name") == ["校舍"]
    assert table.column("initial_budget_amount") == [Decimal("5.00")]


def test_a_row_of_column_numbers_belongs_to_the_header(office: Office) -> None:
    rows = [["单位：元"], ["单位名称", "年初预算数", "执行数"], ["栏次", "1", "2"], ["甲", "1", "2"]]
    table = office.read(office.csv("a.csv", rows)).table
    assert table.head.header_line == 3
    assert table.column("source_line") == [4]


def test_code_with_name_in_one_cell_fills_both(office: Office) -> None:
    rows = [["预算单位", "项目", "执行数"], ["019100 甲校", "P01-校舍", "1"], ["019101-乙校", "P02-操场", "2"]]
    table = office.read(office.csv("a.csv", rows)).table
    assert table.column("department_code") == ["019100", "019101"]
    assert table.column("department_name") == ["甲校", "乙校"]


def test_a_name_that_begins_with_digits_stays_a_name(office: Office) -> None:
    rows = [["单位名称", "项目名称", "执行数"], ["甲", "2022 年度专项", "1"], ["甲", "校舍", "2"]]
    table = office.read(office.csv("a.csv", rows)).table
    assert table.column("project_name") == ["2022年度专项", "校舍"]
    assert table.column("project_name_as_delivered") == ["2022 年度专项", None]
    assert table.column("project_code") == [None, None]


@pytest.mark.parametrize(
    ("label", "scope"),
    [
        ("合计", "all"),
        ("合　计", "all"),
        ("总 计", "all"),
        ("共计：", "all"),
        ("Total", "all"),
        ("小计", "block"),
        ("基本支出合计", "block"),
        ("其中：财政拨款", "part"),
    ],
)
def test_total_rows_are_no_facts(office: Office, label: str, scope: str) -> None:
    rows = [["单位名称", "项目名称", "执行数"], ["甲", "校舍", "1"], [label, "", "1"]]
    table = office.read(office.csv("a.csv", rows)).table
    assert table.column("executed_amount") == [Decimal("1.00")]
    assert [(total["source_line"], total["scope"]) for total in table.totals] == [(3, scope)]


def test_a_total_word_with_a_code_of_its_own_is_a_fact(office: Office) -> None:
    rows = [["单位编码", "单位名称", "执行数"], ["101", "统计合计", "1"]]
    table = office.read(office.csv("a.csv", rows)).table
    assert (len(table.rows), table.totals) == (1, [])


def test_a_total_word_in_a_column_that_is_not_read(office: Office) -> None:
    rows = [["序号", "单位名称", "执行数"], ["1", "甲", "1"], ["合计", "", "1"]]
    assert len(office.read(office.csv("a.csv", rows)).table.totals) == 1


HIERARCHY = [
    ["单位名称", "项目名称", "功能分类科目编码", "资金性质", "年初预算数"],
    ["甲", "校舍", "205", "111", "30"],
    ["甲", "校舍", "20502", "111", "30"],
    ["甲", "校舍", "2050202", "111", "10"],
    ["甲", "校舍", "2050203", "111", "20"],
    ["乙", "操场", "205", "111", "7"],
]


def test_parents_beside_leaves_are_totals_of_their_own_context(office: Office) -> None:
    table = office.read(office.csv("a.csv", HIERARCHY)).table
    assert table.column("source_line") == [4, 5, 6]
    assert [(total["source_line"], total["scope"]) for total in table.totals] == [
        (2, "function_code=205"),
        (3, "function_code=20502"),
    ]


def test_what_is_neither_row_nor_total_is_passed_over_with_its_reason(office: Office) -> None:
    rows = [["单位名称", "年初预算数", "执行数"], ["甲", "1", "1"], ["", "", ""], ["单位名称", "年初预算数", "执行数"]]
    rows += [["…", "…", ""], ["乙", "2", "1"], ["注：数据截至年末，未经审计。", "", ""]]
    rows += [["填表人：张三", "", "审核人：李四"], ["2022年12月31日", "", ""]]
    table = office.read(office.csv("a.csv", rows)).table
    assert [(row["source_line"], row["reason"]) for row in table.passed_over] == [
        (3, "blank"),
        (4, "repeated-header"),
        (5, "placeholder"),
        (7, "note"),
        (8, "note"),
        (9, "note"),
    ]
    assert table.column("source_line") == [2, 6]
    assert table.faults == []


def test_what_is_no_data_is_found_among_rows_of_which_every_amount_is_wrong(office: Office) -> None:
    header = ["单位名称", "年初预算数", "执行数"]
    others = [
        ["", "", ""],
        header,
        ["…", "……", ""],
        ["2022年数据未经审计，仅供内部参考使用，不得外传。", " ", "\u3000"],
    ]
    others += [["填表人：张三", "", "审核人：李四"], ["", "十二", ""], ["单位名称", "", ""]]
    wrong = [[f"单位{number % 7}", f"{number}元整", "x"] for number in range(300)]
    rows = [header, *wrong[:150], *others, *wrong[150:]]
    table = office.read(office.csv("a.csv", rows)).table
    assert [(row["source_line"], row["reason"]) for row in table.passed_over] == [
        (152, "blank"),
        (153, "repeated-header"),
        (154, "placeholder"),
        (155, "note"),
        (156, "note"),
    ]
    assert len(table.rows) == len(wrong) + 2
    assert {fault["source_line"] for fault in table.faults} == {*range(2, 152), 157, *range(159, 309)}


def test_a_table_without_rows_is_a_table(office: Office) -> None:
    table = office.read(
        office.csv("a.csv", [["单位名称", "年初预算数", "执行数"], ["合计", "", ""], ["备注：本表为空", "", ""]])
    ).table
    assert table.rows == []
    assert [row["reason"] for row in table.passed_over] == ["note"]


def test_ragged_rows_are_faults_and_never_padded_silently(office: Office) -> None:
    path = office.put("a.csv", "单位名称,年初预算数,执行数\n甲,1\n乙,1,2,,\n丙,1,2,9\n丁,1,2\n")
    table = office.read(path).table
    assert table.rules == [(2, "row-has-too-few-cells"), (4, "row-has-too-many-cells")]
    assert len(table.rows) == 4


def test_values_shifted_against_their_names_are_faults(office: Office) -> None:
    rows = [["单位编码", "单位名称", "执行数"], ["101", "甲", "1"], ["乙", "2.5", "102"]]
    assert (3, "code-has-wrong-shape") in office.read(office.csv("a.csv", rows)).table.rules


@pytest.mark.parametrize(
    ("rates", "ratios"),
    [
        (["78.33%", "0.8", "120.83％"], ["0.783300", "0.800000", "1.208300"]),
        (["78.33", "0.8", "-41.36"], ["0.783300", "0.008000", "-0.413600"]),
        (["0.7833", "0.8", ""], ["0.783300", "0.800000", None]),
    ],
)
def test_rates_in_percent_or_as_ratio(office: Office, rates: list[str], ratios: list[str | None]) -> None:
    read = office.read(office.csv("a.csv", [["单位名称", "执行数", "执行率"], *(["甲", "1", rate] for rate in rates)]))
    assert money(read, "published_execution_rate") == ratios


PAYMENTS = [
    ["支付凭证号", "支付日期", "单位编码", "项目编码", "支付金额", "收款人", "收款人账号", "用途", "备注"],
    ["Z1", "20220305", "019100", "P1", "10.5", "张三", "6222020000001234567", "货款", "张三代领"],
    ["Z2", "2022-13-01", "019100", "P1", "李四光", "李四光", "6222020000001234568", "货款", ""],
    ["Z3", "2022-03-01", "019100", "P1", "1", "王五", "6222020000001234569", "货款", "", "多"],
]


def test_persons_are_never_handed_on(office: Office) -> None:
    table = office.read(office.csv("a.csv", PAYMENTS)).table
    shown = repr((table.rows, table.faults, table.texts, table.totals))
    for secret in ("张三", "李四光", "王五", "62220200000012345"):
        assert secret not in shown
    assert "payee_name" not in table.rows[0]
    assert len({row["payee_account"] for row in table.rows}) == 3
    assert (3, "amount-not-readable") in table.rules
    assert (3, "date-not-readable") in table.rules


@pytest.mark.parametrize(
    ("header", "label", "cells", "dataset", "column", "value"),
    [
        (
            "fiscal_year,mof_div_code,agency_code,dept_code,pro_code,exp_func_code,fund_type_code,reply_amt,adj_amt,dis_amt,cur_amt",
            "预算年度,财政区划代码,单位代码,部门代码,项目代码,支出功能分类科目代码,资金性质代码,年初批复数,调整金额,调剂金额,变动后预算数",
            "2022,440103000,019100,019,44010322R000000000001,2050202,111,100,10,-5,105",
            "annual_budget",
            "full_year_budget_amount",
            Decimal("105.00"),
        ),
        (
            "bgt_id,cor_bgt_doc_no,doc_date,agency_code,pro_code,exp_func_code,fund_type_code,amount,dis_amt,cur_amt,pay_app_amt",
            "指标主键,本级指标文号,发文时间,单位代码,项目代码,支出功能分类科目代码,资金性质代码,指标金额,调减（追减）金额,指标余额,已申请支付金额",
            "B1,1号,20220305,019100,P1,2050202,111,100,5,60,35",
            "budget_indicator",
            "balance_amount",
            Decimal("60.00"),
        ),
        (
            "adj_id,bat_num,adj_date,bgt_id,add_amount,ori_bgt_id,agency_code,pro_code",
            "调整明细编号,调整批次号,调整日期,指标主键,调整金额,源指标主键,单位代码,项目代码",
            "A1,1,20220509115547,B1,-5.00,B2,019100,P1",
            "budget_adjustment",
            "adjustment_amount",
            Decimal("-5.00"),
        ),
        (
            "pay_cert_no,xpay_amt,pay_amt,xpay_date,vou_date,agency_code,dept_code,pro_code,payee_acct_no,xpayee_acct_no,use_des",
            "支付凭证号,实际支付金额,支付金额,实际支付日期,凭证日期,单位代码,部门代码,项目代码,收款人账号,实际收款人账号,用途",
            "Z1,10,11,20220305,20220301,019100,019,P1,622202,622203,货款",
            "payment",
            "paid_amount",
            Decimal("10.00"),
        ),
        (
            "fiscal_year,approve_amt,carryovers_amt,agency_code,pro_code,exp_func_code,fund_type_code,carryovers_bgt_id",
            "预算年度,批复数,结转数,单位代码,项目代码,支出功能分类科目代码,资金性质代码,主键",
            "2022,10,8,019100,P1,2050202,111,C1",
            "carryover",
            "carried_over_amount",
            Decimal("8.00"),
        ),
    ],
)
def test_tables_of_the_integration_system_by_code_by_label_and_by_both(
    office: Office, *, header: str, label: str, cells: str, dataset: str, column: str, value: Decimal
) -> None:
    for names in ([header], [label], [header, label], [label, header], [header.upper()]):
        read = office.read(office.put("a.csv", "\n".join([*names, cells]) + "\n"))
        assert read.table.head.dataset == dataset
        assert read.table.column(column) == [value]
        assert read.table.column("department_code") == ["019100"]
        assert read.table.faults == []


MINISTRY_COLUMNS = Path(__file__).parent / "fixtures" / "ministry_columns.tsv"
"""Tables of the integration system with all their columns: table, column, type, Chinese label (a public DDL)."""

MINISTRY_CELLS = {
    "CURRENCY_CODE": "156",
    "CURRENCY_NAME": "人民币",
    "FISCAL_YEAR": "2022",
    "MOF_DIV_CODE": "440103000",
    "AGENCY_CODE": "019100",
    "DEPT_CODE": "019",
    "PRO_CODE": "44010322R000000000001",
    "EXP_FUNC_CODE": "2050202",
    "GOV_BGT_ECO_CODE": "50201",
    "DEP_BGT_ECO_CODE": "30201",
    "FUND_TYPE_CODE": "111",
    "FUND_TYPE_NAME": "一般公共预算资金",
    "PRO_KIND_CODE": "1",
    "PRO_KIND_NAME": "人员类",
    "PRO_CAT_CODE": "1",
    "AGENCY_NAME": "某小学",
    "AGENCY_GUID": "某小学",
    "XPAY_AMT": "10.00",
    "PAY_APP_AMT": "11.00",
    "PAY_AMT": "12.00",
    "REPLY_AMT": "13.00",
    "AMOUNT": "14.00",
    "CARRYOVERS_AMT": "15.00",
    "CUR_AMT": "16.00",
    "XPAY_DATE": "20220305",
    "CREATE_DATE": "20220301",
}


def _ministry_table(table: str) -> tuple[list[str], list[str], list[str]]:
    """Column names, Chinese labels (the name where there is none) and one row of cells of a ministry's table."""
    with MINISTRY_COLUMNS.open(encoding="utf-8", newline="") as stream:
        columns = [row for row in csv.DictReader(stream, delimiter="\t") if row["table"] == table]
    names = [row["column"] for row in columns]
    cells = []
    for row in columns:
        other = "2022-03-04" if row["type"] == "DATE" else "1.00" if row["type"].startswith("NUMBER") else "文字"
        not_deleted = "0" if table == "BGT_PM_ANNUAL_ZK" else "2"
        cells.append(not_deleted if row["column"] == "IS_DELETED" else MINISTRY_CELLS.get(row["column"], other))
    return names, [row["label"] or row["column"] for row in columns], cells


@pytest.mark.parametrize(
    ("table", "dataset", "expected"),
    [
        ("PAY_VOUCHER", "payment_application", {"application_amount": "11.00", "settled_amount": "10.00"}),
        ("PAY_VOUCHER_BILL", "payment", {"paid_amount": "10.00", "payment_date": "2022-03-05"}),
        ("BA_BGT_INFO", "budget_indicator", {"indicator_amount": "14.00", "balance_amount": "16.00"}),
        ("BGT_PM_ANNUAL_ZK", "annual_budget", {"initial_budget_amount": "13.00", "full_year_budget_amount": "16.00"}),
        ("BA_BGT_CARRYOVERS", "carryover", {"carried_over_amount": "15.00"}),
    ],
)
def test_all_columns_of_a_table_of_the_ministry(
    office: Office, table: str, dataset: str, expected: dict[str, str]
) -> None:
    names, labels, cells = _ministry_table(table)
    for header in ([names], [labels], [names, labels], [labels, names]):
        read = office.read(office.csv("a.csv", [*header, cells])).table
        assert read.head.dataset == dataset
        assert [str(read.rows[0][column]) for column in expected] == list(expected.values())
        assert (read.rows[0]["department_code"], read.rows[0]["project_code"]) == ("019100", "44010322R000000000001")
        assert read.faults == []


def test_a_table_that_has_application_and_payment_is_one_of_payments(office: Office) -> None:
    names, _, cells = _ministry_table("PAY_VOUCHER")
    read = office.read(office.csv("a.csv", [[*names, "PAY_CERT_NO", "XPAY_DATE"], [*cells, "Z1", "20220305"]]))
    assert read.table.head.dataset == "payment"
    assert read.table.column("paid_amount") == [Decimal("10.00")]


def test_is_deleted_is_decoded_by_its_source(office: Office) -> None:
    budget = "agency_code,pro_code,reply_amt,is_deleted\n019,P1,1,0\n019,P2,2,1\n019,P3,3,2\n"
    table = office.read(office.put("a.csv", budget)).table
    assert [(row["source_line"], row["reason"]) for row in table.passed_over] == [(3, "deleted-in-source")]
    assert table.rules == [(4, "value-not-in-list")]
    carryover = "agency_code,carryovers_amt,is_deleted\n019,1,2\n019,2,1\n019,3,0\n"
    table = office.read(office.put("b.csv", carryover)).table
    assert [(row["source_line"], row["reason"]) for row in table.passed_over] == [(3, "deleted-in-source")]
    assert table.rules == [(4, "value-not-in-list")]


LEDGER = [
    ["指标台账（2022年）"],
    ["单位：元"],
    ["指标文号", "发文日期", "单位编码", "项目编码", "项目名称", "指标金额", "调增", "调减", "追减", "指标余额"],
    ["1号", "2022-03-05", "019100", "P1", "校舍", 100, 20, 3, 5, 112],
    ["2号", "2022-04-05", "019100", "P2", "操场", 100, None, 0, None, 100],
    ["合计", None, None, None, None, 200, 20, 3, 5, 212],
]


def test_three_positive_movement_columns_become_signed_lines(office: Office) -> None:
    table = office.read(office.xlsx("a.xlsx", {"指标": LEDGER})).table
    assert table.head.dataset == "budget_adjustment"
    lines = [(row["source_line"], row["adjustment_kind"], row["adjustment_amount"]) for row in table.rows]
    assert lines == [(4, "addition", Decimal("20.00")), (4, "cut", Decimal("-8.00"))]
    assert [row["reason"] for row in table.passed_over] == ["no-amount"]
    assert {total["scope"]: total["adjustment_amount"] for total in table.totals} == {
        "all;adjustment_kind=addition": Decimal("20.00"),
        "all;adjustment_kind=cut": Decimal("-8.00"),
    }
    assert table.texts[0] == table.texts[1]


def test_amounts_spread_over_fund_types(office: Office) -> None:
    rows = [
        ["单位：万元"],
        ["单位名称", "项目名称", "年初预算数"],
        ["", "", "合计", "一般公共预算资金", "政府性基金预算资金"],
    ]
    rows += [["甲", "校舍", 3, 1, 2], ["甲", "操场", 5, 5, None], ["乙", "广场", 9, 1, 2]]
    table = office.read(office.xlsx("a.xlsx", {"预算": rows})).table
    assert [(row["source_line"], row["fund_type_code"], int(row["initial_budget_amount"])) for row in table.rows] == [
        (4, "111", 10_000),
        (4, "121", 20_000),
        (5, "111", 50_000),
        (6, "111", 10_000),
        (6, "121", 20_000),
    ]
    assert table.rules == [(6, "row-total-disagrees")]


def test_several_tables_below_each_other(office: Office) -> None:
    rows = [["2022年执行情况"], ["编制单位：测试局", "单位：万元"], ["项目名称", "执行数"], ["甲", 1], ["合计", 1], []]
    rows += [["二、按资金来源"], ["资金来源", "年初预算数", "执行数"], ["一般公共预算", 2, 1]]
    read = office.read(office.xlsx("a.xlsx", {"表": rows}))
    assert [table.head.header_line for table in read.tables] == [3, 8]
    assert [len(table.rows) for table in read.tables] == [1, 1]
    second = read.tables[1].rows[0]
    assert (second["department_name"], second["executed_amount"]) == ("测试局", Decimal("10000.00"))


def test_covers_and_notes_are_passed_over_but_never_money(office: Office) -> None:
    cover = [["封面"], ["2022年部门预算"]]
    path = office.xlsx("a.xlsx", {"封面": cover, "空": [], "项目": STATEMENT})
    assert [entry.sheet for entry in office.read(path).skipped] == ["封面", "空"]
    unknown = [["水果", "价钱"], ["苹果", 12.5], ["梨", 7.25]]
    error = refusal(office, office.xlsx("b.xlsx", {"项目": STATEMENT, "水果": unknown}))
    assert (error.rule.id, error.sheet) == ("dataset-not-recognised", "水果")


def test_the_as_of_date_of_the_head(office: Office) -> None:
    rows = [["执行情况"], ["截至2022年5月31日", "单位：元"], ["单位名称", "执行数"], ["甲", "1"]]
    assert office.read(office.csv("a.csv", rows)).table.column("as_of_date") == [date(2022, 5, 31)]


FUNCTIONS: list[list[Any]] = [
    ["2022年部门支出预算总表"],
    [],
    ["编制部门：测试局", None, None, None, None, None, "单位：元"],
    [],
    ["项目", None, None, None, "支出预算"],
    ["功能分类科目编码", None, None, "功能分类科目名称", "合计", "基本支出", "项目支出"],
    ["类", "款", "项"],
    [205, None, None, "教育支出", 500, 300, 200],
    [205, "02", None, "普通教育", 500, 300, 200],
    [205, "02", "05", "高等教育", 500, 300, 200],
    ["…", None, None, "…"],
    [207, None, None, "文化支出", 10, 10],
    [207, "99", None, "其他文化支出", 10, 10],
    ["合计", None, None, None, 510, 310, 200],
]
SIDES: list[list[Any]] = [
    ["2022年部门财务收支预算总表"],
    ["编制部门：测试局", None, None, "单位：元"],
    ["本年收入", None, "本年支出"],
    ["项目", "预算数", "项目", "预算数"],
    ["一、财政拨款收入", 900, "一、一般公共服务支出", 600.5],
    ["1. 一般公共预算", 700, "二、教育支出", 400],
    ["2. 政府性基金预算", 200],
    ["二、事业收入", 100.5],
    ["收入总计", 1000.5, "支出总计", 1000.5],
]
THREE_PUBLIC: list[list[Any]] = [
    ["2022年部门“三公”经费和机关运行经费预算表"],
    ["编制部门：测试局", None, None, None, None, None, "单位:万元"],
    ["“三公”经费预算数", None, None, None, None, None, "机关运行经费预算数"],
    ["合计", "因公出国(境)费", "公务接待费", "公务用车购置及运行费"],
    [None, None, None, "小计", "购置费", "运行费"],
    [0.6, 0.1, 0.2, 0.3, 0.1, 0.2, 5.5],
]


def test_a_departments_published_budget_sheet_by_sheet(office: Office) -> None:
    empty = [*FUNCTIONS[:4], ["项目", None, None, None, "政府性基金预算支出"], *FUNCTIONS[5:7], ["合计"]]
    sheets = {"封面": [["部门预算"]], "支出": FUNCTIONS, "收支": SIDES, "基金": empty, "三公": THREE_PUBLIC}
    read = office.read(office.xlsx("部门预算.xlsx", sheets))
    functions, sides, fund, public = read.tables
    assert {table.head.dataset for table in read.tables} == {"department_budget"}
    assert [(row["function_code"], row["expenditure_nature"], row["budget_amount"]) for row in functions.rows] == [
        ("2050205", "basic", Decimal("300.00")),
        ("2050205", "project", Decimal("200.00")),
        ("20799", "basic", Decimal("10.00")),
    ]
    assert {row["budget_side"] for row in functions.rows} == {"expenditure"}
    scopes = [
        (total["source_line"], total["scope"]) for total in functions.totals if total["expenditure_nature"] == "basic"
    ]
    ending = ";budget_side=expenditure;expenditure_nature=basic"
    assert scopes == [
        (8, f"function_code=205{ending}"),
        (9, f"function_code=20502{ending}"),
        (12, f"function_code=207{ending}"),
        (14, f"all{ending}"),
    ]
    revenue = [row["budget_item_name"] for row in sides.rows if row["budget_side"] == "revenue"]
    assert revenue == ["1. 一般公共预算", "2. 政府性基金预算", "二、事业收入"]
    assert (5, "lines=6-7;budget_side=revenue") in [(total["source_line"], total["scope"]) for total in sides.totals]
    assert (fund.rows, public.head.unit_factor) == ([], 10_000)
    assert {row["public_expense_item"]: int(row["budget_amount"]) for row in public.rows} == {
        "travel_abroad": 1000,
        "official_reception": 2000,
        "vehicle_purchase": 1000,
        "vehicle_operation": 2000,
        "agency_operation": 55000,
    }
    assert not any(table.faults for table in read.tables)


BATCHED = [
    ["单位编码", "项目编码", "资金性质编码", "功能分类科目编码", "年初预算数"],
    ["019100", "P1", "111", "205", "6"],
    ["019100", "P2", "111", "20502", "9"],
    ["019100", "P1", "111", "20502", "6"],
    ["019100", "P1", "111", "2050201", "1"],
    ["019100", "P1", "111", "2050202", "5"],
    ["019101", "P1", "111", "20502", "4"],
    ["019101", "P3", "111", "208", "7"],
    ["019101", "P3", "111", "2080101", "7"],
]


@pytest.mark.parametrize("batch_rows", [1, 2, 3, 250_000])
@pytest.mark.parametrize("kind", ["text", "workbook"])
def test_a_parent_is_known_wherever_its_children_stand(office: Office, kind: str, batch_rows: int) -> None:
    path = office.csv("a.csv", BATCHED) if kind == "text" else office.xlsx("a.xlsx", {"预算": BATCHED})
    table = office.read(path, limits=Limits(batch_rows=batch_rows)).table
    assert [(total["source_line"], total["scope"]) for total in table.totals] == [
        (2, "function_code=205"),
        (4, "function_code=20502"),
        (8, "function_code=208"),
    ]
    assert [row["source_line"] for row in table.rows] == [3, 5, 6, 7, 9]


@pytest.mark.parametrize("batch_rows", [1, 2, 250_000])
def test_a_code_over_three_columns_is_carried_from_batch_to_batch(office: Office, batch_rows: int) -> None:
    rows = [
        ["功能分类科目编码", None, None, "项目名称", "部门名称", "年初预算数"],
        ["类", "款", "项"],
        [205, "02", "05", "甲", "教育局", 1],
        [None, None, "06", "乙", "教育局", 2],
        [208, "01", "01", "丙", "教育局", 4],
    ]
    table = office.read(office.xlsx("a.xlsx", {"预算": rows}), limits=Limits(batch_rows=batch_rows)).table
    assert table.column("function_code") == ["2050205", "2050206", "2080101"]


@pytest.mark.parametrize("batch_rows", [1, 250_000])
def test_rates_are_in_percent_wherever_one_shows_it(office: Office, batch_rows: int) -> None:
    text = "单位编码,年初预算数,全年预算数,执行数,执行率\n0101,1,100,1,1\n0102,1,100,78.33,78.33\n"
    table = office.read(office.put("a.csv", text), limits=Limits(batch_rows=batch_rows)).table
    (rate,) = [column for header, column in table.head.columns if column and header == "执行率"]
    assert [str(value) for value in table.column(rate)] == ["0.010000", "0.783300"]


@pytest.mark.parametrize("table", ["PAY_VOUCHER", "PAY_VOUCHER_BILL", "BA_BGT_INFO", "BGT_PM_ANNUAL_ZK"])
@pytest.mark.parametrize(
    ("header", "cell"), [("XX_AMT", ""), ("核定数", "3,518.85"), ("另一日期", ""), ("XX_CODE", "1")]
)
def test_an_unknown_column_of_a_table_of_the_ministry_is_never_ignored(
    office: Office, table: str, header: str, cell: str
) -> None:
    names, _, cells = _ministry_table(table)
    rows = [[*names, header], [*cells, cell], [*cells, cell]]
    assert refusal(office, office.csv("a.csv", rows)).rule.id == "header-not-mapped"


@pytest.mark.parametrize("parent", ["指标金额", "指标余额", "序号", ""])
def test_an_unknown_amount_of_a_ledger_is_never_ignored(office: Office, parent: str) -> None:
    rows = [
        [parent if name == "核增" else None if parent else name for name in [*LEDGER[2], "核增"]],
        [*LEDGER[2], "核增"],
        *([*row, 1.5] for row in LEDGER[3:5]),
    ]
    error = refusal(office, office.xlsx("a.xlsx", {"指标": rows if parent else rows[1:]}))
    assert (error.rule.id, "核增" in error.found) == ("header-not-mapped", True)


NAMELESS = "单位编码,项目编码,资金性质编码,年初预算数,\n019100,P1,111,5,{}\n019100,P2,111,6,{}\n"


def test_money_in_a_column_without_a_header_is_never_lost(office: Office) -> None:
    error = refusal(office, office.put("a.csv", NAMELESS.format("1234.56", "99.5")))
    assert (error.rule.id, "1234.56、99.5" in error.found) == ("header-not-mapped", True)
    sheet = [NAMELESS.split(",")[:4], ["019100", "P1", "111", 5, 1.5], ["019100", "P2", "111", 6, 2.5]]
    assert refusal(office, office.xlsx("a.xlsx", {"预算": sheet})).rule.id == "header-not-mapped"
    assert len(office.read(office.put("a.csv", NAMELESS.format("核", ""))).table.rows) == 2


def test_what_spreadsheets_add_to_a_text_is_understood(office: Office) -> None:
    rows = '单位编码,项目编码,资金性质编码,年初预算数\n"=""019100""",P1,111,5\n="019101",P2,111,"=""6.50"""\n'
    for text in (rows, f"sep=,\n{rows}"):
        table = office.read(office.put("a.csv", text)).table
        assert table.column("department_code") == ["019100", "019101"]
        assert [str(amount) for amount in table.column("initial_budget_amount")] == ["5.00", "6.50"]
        assert table.faults == []


@pytest.mark.parametrize("batch_rows", [7, 250_000])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_batch_is_read_by_its_own_rows_in_any_encoding(office: Office, encoding: str, batch_rows: int) -> None:
    """A name without a code and a long purpose, both in rows of a later batch, say nothing of the first ones."""
    rows = [["支付凭证号", "支付日期", "预算单位名称", "项目编码", "资金性质编码", "实际支付金额", "用途"]]
    rows += [[f"V{n}", "2022-03-01", "001001 演示局", "P1", "111", "1.00", ""] for n in range(20)]
    rows += [["V20", "2022-03-01", "演示局", "P1", "111", "1.00", "用" * 12_000]]
    table = office.read(office.csv("a.csv", rows, encoding=encoding), limits=Limits(batch_rows=batch_rows)).table
    told = {(row["department_code"], row["department_name"]) for row in table.rows[:7]}
    assert told == ({("001001", "演示局")} if batch_rows == 7 else {(None, "001001 演示局")})
    assert [len(row["payment_purpose"] or "") for row in table.rows[-2:]] == [0, 12_000]
