"""Every rule about cells and rows fails once and passes once; which rules there are, the program itself says.

The rules about whole files, and those that need several deliveries, are named in the tests of their topic.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from ingest_files import DISTRICT, YEAR, Office

import pipelines
from pipelines.contracts.cell_rules import CELL_RULES
from pipelines.contracts.datasets import DATASETS
from pipelines.contracts.model import Severity
from pipelines.ingest.model import Delivery
from pipelines.ingest.read import read_file
from pipelines.quality.validate import Validator
from pipelines.settings import Settings

ROOT = Path(pipelines.__file__).parent
VOUCHER = "支付凭证号,支付日期,单位编码,项目编码,资金性质编码,实际支付金额"
PAID = "V1,2022-03-01,019100,P1,111,{}"
PLAIN = f"{VOUCHER}\n{PAID.format('1.00')}"
ADJUSTED = "调整日期,调整类型,单位编码,项目编码,资金性质编码,调整金额,文号\n{},019100,P1,111,{},1号"
SPREAD = ",单位：万元,,,\n单位名称,项目名称,年初预算数,,\n,,合计,一般公共预算资金,政府性基金预算资金\n甲,校舍,{},1,2"
FIGURE = "单位编码,单位名称,指标,来源,公布数,评分\n019100,甲,{},报告,{},{}"

CASES: dict[str, tuple[str, str]] = {
    "amount-in-scientific-notation": (f"{VOUCHER}\n{PAID.format('3.00E+07')}", PLAIN),
    "amount-not-readable": (f"{VOUCHER}\n{PAID.format('十万')}", PLAIN),
    "amount-not-whole-cents": (f"{VOUCHER}\n{PAID.format('1.005')}", PLAIN),
    "amount-too-large": (f"{VOUCHER}\n{PAID.format('99999999999999999')}", PLAIN),
    "amount-split-by-its-comma": (f"{VOUCHER},备注\n{PAID.format('1,345')}", f"{VOUCHER},备注\n{PAID.format('1345,')}"),
    "breakdown-of-nothing": ("单位名称,执行数\n基本支出,1\n甲,2", "单位名称,执行数\n甲,2\n基本支出,1"),
    "cell-is-error-or-formula": (PLAIN.replace("019100", "#REF!"), PLAIN),
    "code-has-wrong-shape": (PLAIN.replace("019100", "甲局"), PLAIN),
    "code-in-scientific-notation": (PLAIN.replace("P1", "5.1E+20"), PLAIN),
    "date-not-readable": (PLAIN.replace("2022-03-01", "三月"), PLAIN),
    "district-differs-from-folder": (
        f"{VOUCHER},区划编码\n{PAID.format('1,440104')}",
        f"{VOUCHER},区划编码\n{PAID.format(f'1,{DISTRICT}')}",
    ),
    "header-ignored": (f"{VOUCHER},经办人意见\n{PAID.format('1,同意')}", PLAIN),
    "integer-not-readable": (
        f"{VOUCHER},年度\n{PAID.format('1,今年')}",
        f"{VOUCHER},年度\n{PAID.format(f'1,{YEAR}')}",
    ),
    "no-code-and-no-name": (PLAIN.replace("019100", ""), PLAIN),
    "ratio-not-readable": ("单位名称,执行数,执行率\n甲,1,很高", "单位名称,执行数,执行率\n甲,1,80%"),
    "required-value-missing": (PLAIN.replace("2022-03-01", ""), PLAIN),
    "row-has-too-few-cells": (f"{PLAIN}\nV2,2022-03-01,019100", PLAIN),
    "row-has-too-many-cells": (f"{PLAIN}\n{PAID.format('1,2')}", PLAIN),
    "row-total-disagrees": (SPREAD.format(9), SPREAD.format(3)),
    "text-undoes-row": (f"{VOUCHER},备注\n{PAID.format('1,作废')}", f"{VOUCHER},备注\n{PAID.format('1,办公用品')}"),
    "unit-conflict": (
        f"{VOUCHER}（元）\n{PAID.format('0.3万元')}",
        f"{VOUCHER}（元）\n{PAID.format('0.3元')}",
    ),
    "value-not-in-list": (PLAIN.replace(",111,", ",水果,"), PLAIN),
    "year-differs-from-folder": (
        f"{VOUCHER},年度\n{PAID.format('1,2021')}",
        f"{VOUCHER},年度\n{PAID.format(f'1,{YEAR}')}",
    ),
    "adjustment-date-is-in-its-fiscal-year": (
        ADJUSTED.format("2021-05-10,追加", "2"),
        ADJUSTED.format("2022-05-10,追加", "2"),
    ),
    "adjustment-sign-fits-its-kind": (
        ADJUSTED.format("2022-05-10,追加", "-2"),
        ADJUSTED.format("2022-05-10,追减", "-2"),
    ),
    "payment-date-is-in-its-fiscal-year": (PLAIN.replace("2022-03-01", "2021-03-01"), PLAIN),
    "initial-budget-is-not-negative": (
        "单位编码,项目编码,资金性质编码,年初预算数\n019100,P1,111,-1",
        "单位编码,项目编码,资金性质编码,年初预算数\n019100,P1,111,1",
    ),
}
IN_OTHER_TESTS = {
    "leading-zero-restored": "test_ingest_completion.py",  # needs the list of departments
    "published-figure-has-its-value": "test_validation.py",  # its dataset comes from documents
}


def rules_of_the_program() -> set[str]:
    """The rules that reading or judging a cell or a row may name, without those that refuse a file."""
    named = {rule.id for dataset in DATASETS.values() for rule in dataset.row_rules}
    places = [*(ROOT / "ingest").glob("*.py"), *(ROOT / "contracts").glob("*.py"), ROOT / "quality" / "validate.py"]
    for path in places:
        if path.name != "cell_rules.py":
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                rule = CELL_RULES.get(node.value) if isinstance(node, ast.Constant) else None
                if rule and rule.severity is not Severity.FATAL:
                    named.add(rule.id)
    return named


def rules_that_fail(office: Office, text: str) -> set[str]:
    """The rules that reading and judging a text breaks."""
    path = office.put("a.csv", text + "\n")
    delivery = Delivery(path, path.relative_to(office.raw).as_posix(), DISTRICT, YEAR)
    found: set[str] = set()
    for table in read_file(delivery, settings=Settings(raw=office.raw), hash_secret=b"secret").tables:
        validator = Validator(table.head.dataset)
        for batch in table.batches:
            found |= set(batch.faults["rule_id"].to_pylist())
            found |= {rule for ids in validator.validate(batch).rejected["rule_ids"].to_pylist() for rule in ids}
    return found


def test_every_rule_of_the_program_has_a_case() -> None:
    assert set(CASES) | set(IN_OTHER_TESTS) == rules_of_the_program()
    for rule, name in IN_OTHER_TESTS.items():
        assert f'"{rule}"' in (Path(__file__).parent / name).read_text(encoding="utf-8")


def test_every_rule_that_refuses_a_file_is_expected_somewhere() -> None:
    texts = [path.read_text(encoding="utf-8") for path in Path(__file__).parent.rglob("*.py")]
    fatal = [rule.id for rule in CELL_RULES.values() if rule.severity is Severity.FATAL]
    assert [rule for rule in fatal if not any(rule in text for text in texts)] == []


@pytest.mark.parametrize("rule", CASES)
def test_the_rule_fails_once_and_passes_once(tmp_path: Path, rule: str) -> None:
    wrong, right = CASES[rule]
    office = Office(tmp_path)
    assert rule in rules_that_fail(office, wrong)
    assert rule not in rules_that_fail(office, right)
