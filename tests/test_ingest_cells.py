"""How a cell is read: every shape that offices deliver, and that whole columns and single cells agree."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.contracts.common import (
    DEPARTMENT_CODE,
    DEPARTMENT_NAME,
    DISTRICT_CODE,
    FISCAL_YEAR,
    FUNCTION_CODE,
    FUND_TYPE_CODE,
    INITIAL_BUDGET_AMOUNT,
    PROJECT_CODE,
)
from pipelines.contracts.datasets import DATASETS
from pipelines.contracts.model import Blank, Column, Kind
from pipelines.ingest import accounts, cells
from pipelines.ingest.accounts import hash_account
from pipelines.ingest.cells import DateOrder, Reading
from pipelines.ingest.columns import ReadingOptions, Texts, is_universal, read_column

IS_ONE_OFF = DATASETS["project"]["is_one_off"]
EXECUTION_RATE = DATASETS["execution_statement"]["published_execution_rate"]
TEN_THOUSAND = 10_000


@pytest.mark.parametrize(
    ("text", "factor", "yuan"),
    [
        ("58.64", TEN_THOUSAND, "586400.00"),
        ("11206.52", TEN_THOUSAND, "112065200.00"),
        ("-41.36", TEN_THOUSAND, "-413600.00"),
        ("0.000001", TEN_THOUSAND, "0.01"),
        ("3，518.85", 1, "3518.85"),
        ("１２３．４５", 1, "123.45"),
        ("1,234,567.8", 1, "1234567.80"),
        ("(1,234.50)", 1, "-1234.50"),
        ("（1，234.50）", 1, "-1234.50"),
        ("1234.50-", 1, "-1234.50"),
        ("−5", 1, "-5.00"),
        ("△5", 1, "-5.00"),
        ("▲5", 1, "-5.00"),
        ("－5", 1, "-5.00"),
        ("‐5", 1, "-5.00"),
        ("–5", 1, "-5.00"),
        ("﹣5", 1, "-5.00"),
        ("5－", 1, "-5.00"),
        ("负5", 1, "-5.00"),
        ("（５．００）", 1, "-5.00"),
        ("¥-5", 1, "-5.00"),
        ("-¥5", 1, "-5.00"),
        ("- 5", 1, "-5.00"),
        ("¥ 5", 1, "5.00"),
        ("5 元", 1, "5.00"),
        ("\u200b5\ufeff", 1, "5.00"),
        ("3.0E7", 1, "30000000.00"),
        ("-1.2345678E7", 1, "-12345678.00"),
        ("1.23456789012E9", 1, "1234567890.12"),
        ("1.2345678E7", TEN_THOUSAND, "123456780000.00"),
        ("-2.9103830456733704E-11", 1, "0.00"),
        ("1.1368683772161603e-13", TEN_THOUSAND, "0.00"),
        ("-0.0000000000291", 1, "0.00"),
        ("0.0000000000000000000000000000000000001", 1, "0.00"),
        ("1234.5600000000002", 1, "1234.56"),
        ("0.30000000000000004", 1, "0.30"),
        ("0.00999999999999999999999999999999999999", 1, "0.01"),
        ("+5", 1, "5.00"),
        ("-0", 1, "0.00"),
        ("¥12.5", 1, "12.50"),
        ("￥12.5", 1, "12.50"),
        ("0.3万元", TEN_THOUSAND, "3000.00"),
        ("12元", 1, "12.00"),
        (".5", 1, "0.50"),
        ("5.", 1, "5.00"),
        ("1.000", 1, "1.00"),
        ("007", 1, "7.00"),
        ("9999999999999999.99", 1, "9999999999999999.99"),
    ],
)
def test_amounts_are_exact(text: str, factor: int, yuan: str) -> None:
    assert cells.parse_amount(text, factor) == Reading(Decimal(yuan))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("1.005", "amount-not-whole-cents"),
        ("0.000001", "amount-not-whole-cents"),
        ("0.0099999999999", "amount-not-whole-cents"),
        ("1234567890.1234567", "amount-not-whole-cents"),
        ("10000000000000000", "amount-too-large"),
        ("1e3", "amount-in-scientific-notation"),
        ("1.2E+08", "amount-in-scientific-notation"),
        ("3.00E+07", "amount-in-scientific-notation"),
        ("3.0E+7", "amount-in-scientific-notation"),
        ("3.00E7", "amount-in-scientific-notation"),
        ("3E7", "amount-in-scientific-notation"),
        ("1.5E-02", "amount-in-scientific-notation"),
        ("100\n200", "amount-not-readable"),
        ("12 34", "amount-not-readable"),
        ("1 234 567.80", "amount-not-readable"),
        ("100　200", "amount-not-readable"),
        ("3, 518.85", "amount-not-readable"),
        ("100,\n200", "amount-not-readable"),
        ("12\xa0345", "amount-not-readable"),
        ("120/35", "amount-not-readable"),
        ("310、42", "amount-not-readable"),
        ("12,34", "amount-not-readable"),
        ("1,2345.00", "amount-not-readable"),
        ("1.2.3", "amount-not-readable"),
        ("--1", "amount-not-readable"),
        ("(-1)", "amount-not-readable"),
        ("1-2", "amount-not-readable"),
        ("约100", "amount-not-readable"),
        ("12%", "amount-not-readable"),
        (".", "amount-not-readable"),
        ("9" * 60, "amount-not-readable"),
        ("0.3万元", "unit-conflict"),
    ],
)
def test_what_is_no_amount_is_refused_with_its_reason(text: str, rule: str) -> None:
    reading = cells.parse_amount(text)
    assert reading.value is None
    assert reading.fault is not None
    assert (reading.fault.rule_id, reading.fault.found) == (rule, text)


@pytest.mark.parametrize("text", ["", " ", "　", "-", "—", "——", "－", "/", "无", "N/A", "null"])
def test_an_empty_cell_means_what_the_contract_says(text: str) -> None:
    assert cells.parse_amount(text) == Reading(None)
    assert cells.parse_amount(text, blank=Blank.ZERO) == Reading(Decimal("0.00"))
    assert cells.parse_text(text) == Reading(None)
    assert cells.parse_date(text) == Reading(None)
    assert cells.parse_code(text, PROJECT_CODE) == Reading(None)


def test_a_cell_brings_its_own_unit_only_where_the_table_has_none() -> None:
    assert cells.parse_amount("0.3万元", is_stated=False).value == Decimal("3000.00")
    assert cells.parse_amount("5", None).fault is not None
    assert cells.parse_amount("5万元", None).value == Decimal("50000.00")


def test_decimal_comma_is_read_where_the_district_writes_it() -> None:
    assert cells.parse_amount("1.234.567,80", decimal_comma=True).value == Decimal("1234567.80")
    assert cells.parse_amount("1'234,5", decimal_comma=True).value == Decimal("1234.50")
    assert cells.parse_amount("1\u202f234\u202f567,80", decimal_comma=True).value == Decimal("1234567.80")
    assert cells.parse_amount("12 34", decimal_comma=True).fault is not None
    assert cells.parse_amount("1.234.567,80").fault is not None
    assert cells.parse_ratio("78,33%", decimal_comma=True).value == Decimal("0.783300")


@pytest.mark.parametrize(
    ("text", "factor", "yuan"),
    [
        ("1234567890123.449951172", 1, "1234567890123.45"),
        ("58.640000001", TEN_THOUSAND, "586400.00"),
        ("12.3400001", 1, "12.34"),
    ],
)
def test_noise_of_a_double_is_removed_at_the_door(text: str, factor: int, yuan: str) -> None:
    assert cells.parse_amount(text, factor, from_double=True).value == Decimal(yuan)


@pytest.mark.parametrize("text", ["58.640000001", "12.3400001", "0.30000001"])
def test_a_text_that_has_not_all_digits_of_a_double_has_no_noise(text: str) -> None:
    assert cells.parse_amount(text).fault is not None


@pytest.mark.parametrize("text", ["33.333333333", "0.005", "0.014", "586400.0049"])
def test_what_is_not_noise_stays_a_fault(text: str) -> None:
    fault = cells.parse_amount(text, from_double=True).fault
    assert fault is not None
    assert fault.rule_id == "amount-not-whole-cents"


@given(st.integers(-(10**14), 10**14), st.sampled_from([1, TEN_THOUSAND]))
def test_every_cent_of_a_double_comes_back(cents: int, factor: int) -> None:
    amount = Decimal(cents) / 100
    in_unit = float(amount / factor)
    if math.ulp(in_unit) * factor < 0.0002:
        assert cells.parse_amount(repr(in_unit), factor, from_double=True).value in {amount, None}
    assert cells.parse_amount(f"{amount / factor:f}", factor).value == amount


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2022-03-05", date(2022, 3, 5)),
        ("2022/3/5", date(2022, 3, 5)),
        ("2022.03.05", date(2022, 3, 5)),
        ("20220305", date(2022, 3, 5)),
        ("20220509115547", date(2022, 5, 9)),
        ("2022年3月5日", date(2022, 3, 5)),
        ("２０２２年３月５日", date(2022, 3, 5)),
        ("2022-03-05 11:55:47", date(2022, 3, 5)),
        ("2022-03-05T00:00:00.000", date(2022, 3, 5)),
        ("44625", date(2022, 3, 5)),
        ("44625.5", date(2022, 3, 5)),
        ("2022/3/5 0:00", date(2022, 3, 5)),
        ("2022/3/5 11:55:47 PM", date(2022, 3, 5)),
        ("2022年3月5日 11:55", date(2022, 3, 5)),
        # A library that counts the seconds of Shanghai's offset of 1900 writes a date 43 seconds too early.
        ("2022-02-28 23:59:17", date(2022, 3, 1)),
        ("2022-02-28T23:59:17.000", date(2022, 3, 1)),
        ("44620.999502314814", date(2022, 3, 1)),
        ("44620.99999999999", date(2022, 3, 1)),
        ("20220228235917", date(2022, 3, 1)),
        # Instants: the date is that of China.
        ("2022-02-28T16:00:00.000Z", date(2022, 3, 1)),
        ("2022-02-28T15:59:17.000Z", date(2022, 3, 1)),
        ("2022-02-28T16:00:00+00:00", date(2022, 3, 1)),
        ("2022-03-01T00:00:00+08:00", date(2022, 3, 1)),
        ("2022-03-01T00:00:00Z", date(2022, 3, 1)),
        ("2022-02-28T11:00:00-0500", date(2022, 3, 1)),
        # A local date stays where the text says, and the end of a day is its end.
        ("2022-02-28 16:00:00", date(2022, 2, 28)),
        ("2022-02-28T23:30:00", date(2022, 2, 28)),
        ("2022-02-28 23:59:59", date(2022, 2, 28)),
        ("2022-12-31T23:59:59.999+08:00", date(2022, 12, 31)),
    ],
)
def test_dates(text: str, expected: date) -> None:
    assert cells.parse_date(text) == Reading(expected)


def test_dates_of_the_other_epoch_and_orders() -> None:
    assert cells.parse_date("43163", epoch_1904=True).value == date(2022, 3, 5)
    assert cells.parse_date("05.03.2022", order=DateOrder.DMY).value == date(2022, 3, 5)
    assert cells.parse_date("03/05/2022", order=DateOrder.MDY).value == date(2022, 3, 5)
    assert cells.parse_date("03/05/2022").fault is not None


@pytest.mark.parametrize(
    "text", ["2022-02-30", "2022", "202203", "5.3.22", "20221301", "20220509990000", "昨天", "1e5"]
)
def test_what_is_no_date(text: str) -> None:
    fault = cells.parse_date(text).fault
    assert fault is not None
    assert fault.rule_id == "date-not-readable"


def test_percentages_in_all_spellings() -> None:
    assert cells.parse_ratio("37.8%").value == Decimal("0.378000")
    assert cells.parse_ratio("37.8％").value == Decimal("0.378000")
    assert cells.parse_ratio("0.378").value == Decimal("0.378000")
    assert cells.parse_ratio("37.8", percent=True).value == Decimal("0.378000")
    assert cells.parse_ratio("-41.36%").value == Decimal("-0.413600")
    assert cells.parse_ratio("1,200%").value == Decimal("12.000000")
    assert cells.parse_ratio("-0.0000005").value == Decimal("-0.000001")
    assert cells.parse_ratio("一半").fault is not None


@pytest.mark.parametrize(
    ("text", "column", "code", "name"),
    [
        ("019100", DEPARTMENT_CODE, "019100", None),
        ("019100 沭阳县扎下初级中学", DEPARTMENT_CODE, "019100", "沭阳县扎下初级中学"),
        ("219001-池州市贵池区棠溪镇人民政府", DEPARTMENT_CODE, "219001", "池州市贵池区棠溪镇人民政府"),
        ("０１９１００", DEPARTMENT_CODE, "019100", None),
        ("51000021R000000019951-工资性支出", PROJECT_CODE, "51000021R000000019951", "工资性支出"),
        ("2010601行政运行", FUNCTION_CODE, "2010601", "行政运行"),
        ("2010601.0", FUNCTION_CODE, "2010601", None),
        ("111 一般公共预算资金", FUND_TYPE_CODE, "111", None),
        ("一般公共预算", FUND_TYPE_CODE, "111", None),
        ("政府性基金预算 拨款", FUND_TYPE_CODE, "121", None),
    ],
)
def test_codes_alone_and_with_a_name(text: str, column: Column, code: str, name: str | None) -> None:
    assert cells.parse_code(text, column) == Reading(code, None, name)


@pytest.mark.parametrize(
    ("text", "column", "rule"),
    [
        ("4.40103E+11", DEPARTMENT_CODE, "code-in-scientific-notation"),
        ("5.1E+20", PROJECT_CODE, "code-in-scientific-notation"),
        ("某局", DEPARTMENT_CODE, "code-has-wrong-shape"),
        ("20106", DISTRICT_CODE, "code-has-wrong-shape"),
        ("2010", FUNCTION_CODE, "code-has-wrong-shape"),
        ("基金", FUND_TYPE_CODE, "value-not-in-list"),
    ],
)
def test_what_is_no_code(text: str, column: Column, rule: str) -> None:
    fault = (cells.parse_district(text) if column is DISTRICT_CODE else cells.parse_code(text, column)).fault
    assert fault is not None
    assert fault.rule_id == rule


def test_a_lost_zero_is_restored_only_where_one_length_fits() -> None:
    six = Column("code", Kind.CODE, "编码", "", "", pattern=r"\d{6}", digits=(6,))
    reading = cells.parse_code("19100", six)
    assert reading.value == "019100"
    assert reading.fault is not None
    assert reading.fault.rule_id == "leading-zero-restored"
    two = six.but(pattern=r"\d{6}|\d{9}", digits=(6, 9))
    assert cells.parse_code("19100", two).value is None


def test_nine_digits_of_a_district_are_its_six() -> None:
    assert cells.parse_district("440103000").value == "440103"
    assert cells.parse_district("440103").value == "440103"
    assert cells.parse_district("440103001").fault is not None


def test_one_name_in_two_widths_is_one_name() -> None:
    assert cells.parse_text("荔湾区商务局(本级)") == cells.parse_text(" 荔湾区商务局（本级）\n")
    assert cells.parse_text("ＡＢＣ　１２３").value == "ABC 123"
    assert cells.parse_text("⾏政⻔").value == "行政门"
    assert cells.parse_text("Parks (North)").value == "Parks (North)"


@pytest.mark.parametrize(
    ("name", "spellings"),
    [
        ("财务处", ["财 务 处", "财　务　处", " 财务处　", "财\u200b务处", "财\n务处", "财\ufe00务处"]),
        ("行政处", ["⾏政处", "⾏政 处"]),
        ("门户长龙", ["⻔⼾⻓⻰"]),
        ("更新中心", ["\uf901新中心"]),
        ("甲中心（东-1）", ["甲中心(东-1)", "甲中心（东－1）", "甲中心 （东‑１）", "甲中心( 东–1 )"]),
        ("AB中心", ["ＡＢ中心", "AB 中心"]),
        ("甲·乙", ["甲・乙", "甲‧乙"]),
        ("Parks (North)", ["Parks  (North)", "Ｐａｒｋｓ (North)"]),
    ],
)
def test_names_that_only_look_different_are_one_name(name: str, spellings: list[str]) -> None:
    texts = [*spellings, name]
    read = read_column(DEPARTMENT_NAME, Texts(pa.array(texts)), ReadingOptions())
    assert read.values.to_pylist() == [name] * len(texts)
    assert read.delivered is not None
    assert read.delivered.to_pylist() == [None if text.strip() == name else text for text in texts]
    assert {cells.fold(text) for text in texts} == {cells.fold(name)}


@pytest.mark.parametrize(("one", "other"), [("甲—乙", "甲乙"), ("甲①", "甲1"), ("甲局", "甲处"), ("A B", "AB")])
def test_names_that_people_tell_apart_are_two(one: str, other: str) -> None:
    assert cells.parse_name(one) != cells.parse_name(other)


@given(st.text(st.sampled_from("甲乙⾏行⻔门 　()（）-－‐·•AａB1１\u200b"), max_size=8))
def test_the_spelling_that_counts_is_its_own(text: str) -> None:
    name = cells.parse_name(text).value
    assert name is None or cells.parse_name(str(name)).value == name


def test_a_column_of_dates_in_utc_is_told_by_all_of_its_times() -> None:
    in_utc = Texts(pa.array(["2022-02-28 16:00:00", "2022-04-30 16:00:00", None, "2022-05-02"]))
    assert is_universal(in_utc, epoch_1904=False)
    assert cells.parse_date("2022-02-28 16:00:00", is_universal=True).value == date(2022, 3, 1)
    assert cells.parse_date("44620.666667", is_universal=True).value == date(2022, 3, 1)
    assert not is_universal(Texts(pa.array(["2022-02-28 16:00:00", "2022-04-30 09:12:00"])), epoch_1904=False)
    assert not is_universal(Texts(pa.array(["2022-02-28", "2022-04-30T16:00:00Z"])), epoch_1904=False)


def test_spellings_of_an_account_give_one_hash() -> None:
    spellings = ["6222 0200 0000 1234", "6222020000001234", "６２２２０２００００００１２３４", "6222-0200-0000-1234"]
    hashes = {hash_account(text, secret=b"key").value for text in spellings}
    assert len(hashes) == 1
    assert hash_account(spellings[0], secret=b"other").value not in hashes
    assert hash_account("6.22202E+18", secret=b"key").fault is not None


ACCOUNTS = [str(6_222_020_000_000_000_000 + number) for number in range(2_500)]


@pytest.mark.parametrize("secret", [b"key", b"longer than a block of the hash" * 3])
@pytest.mark.parametrize(
    "others",
    [
        [None, None],
        ["7", "07", "007", "0", "00", "9" * 19, "0" * 19, "1" + "0" * 18],
        ["1" * 20, "1" * 21, "9" * 40],
        ["NRA1234567890", "nra1234567890", "6222 0200 0000", "6222-0200-0000", "６２２２０２０００００"],
        ["6.22202E+18", "6222020000000000000"],
    ],
    ids=["blanks", "zeros", "long", "spelled", "cut by a spreadsheet"],
)
def test_a_column_of_accounts_gives_the_hashes_of_its_cells(secret: bytes, others: list[str | None]) -> None:
    column = DATASETS["payment"]["payee_account"]
    texts = [*ACCOUNTS, *others, *ACCOUNTS[:10]]
    single = [hash_account(text, secret=secret) if text else cells.EMPTY for text in texts]
    for _ in range(2):  # accounts that were met before are told from memory
        read = read_column(column, Texts(pa.array(texts)), ReadingOptions(hash_secret=secret))
        assert read.values.to_pylist() == [reading.value for reading in single]
        faults = dict(zip(read.faulty, read.faults, strict=True))
        assert faults == {position: reading.fault for position, reading in enumerate(single) if reading.fault}


def test_accounts_beyond_those_that_are_remembered_have_their_hashes_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "_MOST_REMEMBERED", 1_000)
    secret = b"a key of this test"
    for start in (0, 600, 1_200, 0):
        part = ACCOUNTS[start : start + 600]
        assert accounts.hash_digits(pa.array(part), secret).to_pylist() == [
            hash_account(text, secret=secret).value for text in part
        ]


def test_files_side_by_side_may_ask_for_the_same_accounts() -> None:
    secret = b"another key of this test"
    expected = [hash_account(text, secret=secret).value for text in ACCOUNTS]
    with ThreadPoolExecutor(8) as threads:
        parts = list(threads.map(lambda _: accounts.hash_digits(pa.array(ACCOUNTS), secret).to_pylist(), range(16)))
    assert parts == [expected] * 16


COLUMNS = (
    INITIAL_BUDGET_AMOUNT,
    INITIAL_BUDGET_AMOUNT.but(blank=Blank.ZERO),
    DEPARTMENT_CODE,
    DEPARTMENT_NAME,
    PROJECT_CODE,
    FUNCTION_CODE,
    FUND_TYPE_CODE,
    FISCAL_YEAR,
    DISTRICT_CODE,
    IS_ONE_OFF,
    EXECUTION_RATE,
    DATASETS["payment"]["payment_date"],
    DATASETS["payment"]["payment_purpose"],
    DATASETS["payment"]["voucher_number"],
    DATASETS["payment"]["function_name"],
)
SNIPPETS = st.sampled_from(
    [
        *"0123456789.,-+()（），．％%元万 　:/年月日eE",
        "0.3万元",
        "019100",
        "2010601",
        "一般公共预算",
        "null",
        "—",
        "是",
        "1.005",
        "E+07",
        "1.5E+11",
        "#REF!",
        "=A1",
        "Err:502",
        "2022-02-28T16:00:00Z",
        "⾏",
        "－",
        "• ",
    ]
)
TEXTS = st.one_of(st.lists(SNIPPETS, max_size=8).map("".join), st.text(max_size=12), st.decimals().map(str))


def _read_text(column: Column, text: str) -> Reading:
    if column.is_name:
        return cells.parse_name(text)
    return cells.parse_text(text) if column.is_free_text else cells.parse_label(text, column)


def _one_by_one(column: Column, text: str | None, options: ReadingOptions) -> Reading:
    given = text or ""
    if column.name == "district_code":
        return cells.parse_district(given)
    readers = {
        Kind.AMOUNT: lambda: cells.parse_amount(
            given, options.factor, is_stated=options.is_stated, blank=column.blank, from_double=options.from_double
        ),
        Kind.CODE: lambda: cells.parse_code(given, column),
        Kind.DATE: lambda: cells.parse_date(given),
        Kind.RATIO: lambda: cells.parse_ratio(given, percent=options.percent),
        Kind.INTEGER: lambda: cells.parse_integer(given),
        Kind.FLAG: lambda: cells.parse_flag(given, column),
        Kind.TEXT: lambda: _read_text(column, given),
    }
    return readers[column.kind]()


@settings(max_examples=250)
@given(
    st.sampled_from(COLUMNS),
    st.lists(st.one_of(st.none(), TEXTS), max_size=12),
    st.builds(
        ReadingOptions,
        factor=st.sampled_from([1, 1_000, TEN_THOUSAND]),
        from_double=st.booleans(),
        percent=st.booleans(),
    ),
    st.sampled_from([1, 3]),
    st.booleans(),
)
def test_whole_columns_and_single_cells_agree(
    column: Column, texts: list[str | None], options: ReadingOptions, times: int, is_encoded: bool
) -> None:
    texts = [text or None for text in texts] * times
    given_cells = pa.array(texts, pa.string())
    read = read_column(column, Texts(given_cells.dictionary_encode() if is_encoded else given_cells), options)
    single = [_one_by_one(column, text, options) for text in texts]
    assert read.values.to_pylist() == read.stored.to_pylist() == [reading.value for reading in single]
    faults = dict(zip(read.faulty, read.faults, strict=True))
    assert faults == {position: reading.fault for position, reading in enumerate(single) if reading.fault}
    names = read.names.to_pylist() if read.names is not None else [None] * len(texts)
    assert names == [reading.name for reading in single]
    if pa.types.is_dictionary(read.stored.type):
        distinct = read.stored.dictionary.to_pylist()
        assert None not in distinct
        assert len(distinct) == len(set(distinct))


@pytest.mark.parametrize("words", [[], ["null"], ["—"], ["合计"], ["12 34"]])
def test_varied_columns_agree_too(words: list[str]) -> None:
    texts = [f"ZF{number:09d}" for number in range(3_000)] + words
    voucher = DATASETS["payment"]["voucher_number"]
    read = read_column(voucher, Texts(pa.array(texts)), ReadingOptions())
    assert read.values.to_pylist() == [cells.parse_text(text).value for text in texts]


@pytest.mark.parametrize(
    "text",
    ["#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!", "#GETTING_DATA", "#n/a",
     " ＃REF！ ", "Err:502", "=VLOOKUP(A2,B:C,2,0)", "="],
)  # fmt: skip
def test_an_error_or_a_formula_is_neither_a_name_nor_a_code(text: str) -> None:
    payment = DATASETS["payment"]
    for name in ("department_name", "project_name", "project_code", "fund_type_code", "voucher_number"):
        column = payment[name]
        reading = _one_by_one(column, text, ReadingOptions())
        assert (reading.value, reading.fault and reading.fault.rule_id) == (None, "cell-is-error-or-formula")
        assert _one_by_one(payment["payment_purpose"], text, ReadingOptions()).fault is None


@pytest.mark.parametrize("text", ["错误#REF!说明", "＃1 机组", "#1机组改造", "E区改造", "Error公司", "等式=项目"])
def test_a_name_with_such_signs_stays_a_name(text: str) -> None:
    assert cells.parse_name(text).fault is None


@pytest.mark.parametrize(("text", "is_lost"), [("4.40103E+11", True), ("ZF1E+3", False), ("1E5", False)])
def test_a_number_of_a_voucher_keeps_all_its_digits(text: str, is_lost: bool) -> None:
    reading = cells.parse_label(text, DATASETS["payment"]["voucher_number"])
    assert (reading.value is None) == is_lost
    assert cells.parse_label(text, DATASETS["payment"]["function_name"]).value == text


@given(st.text(max_size=40))
def test_no_cell_raises(text: str) -> None:
    for column in COLUMNS:
        _one_by_one(column, text, ReadingOptions())
