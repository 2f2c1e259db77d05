"""Persons in deliveries reach nothing that a night writes: not the store, the database, logs, reports or Dagster."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import duckdb
import pytest
import xlsxwriter
from bureau import BUDGET, Bureau

from pipelines.definitions import build_definitions
from pipelines.ingest.deliveries import delivered_path
from pipelines.ingest.personal import name_without_numbers, path_without_numbers, without_numbers
from pipelines.reports.corrections import corrections, write_corrections

NAME, ACCOUNT, BANK, IDENTITY = "王测试甲", "6222020200112233445", "测试银行荔湾支行", "440103199001017777"
IN_PURPOSE, IN_REASON, IN_REMARK, IN_AMOUNT = "44010319850505123X", "6222 0202 0011 2233", "13912345678", "020-81234567"
IN_REJECTED, WITHOUT_HEADER, UNDER_UNKNOWN_HEADER = "13800138000", "13700137000", "王测试乙"
IN_PROJECT, IN_DEPARTMENT, IN_DOCUMENT, IN_HEADER, IN_SHEET = (
    *("440103198505051232", "13712345671", "6222020200112239", "13712345673", "13712345674"),
)
IN_FILE, IN_FOLDER, IN_REFUSED, IN_MISPLACED, IN_WAITING = (
    *("13612345671", "440103198505051275", "6222020200112275", "13612345673", "13612345674"),
)
SECRETS = (
    *(IN_FILE, IN_FOLDER, IN_REFUSED, IN_MISPLACED, IN_WAITING),
    *(IN_PROJECT, IN_DEPARTMENT, IN_DOCUMENT, IN_HEADER, IN_SHEET),
    *(NAME, ACCOUNT, BANK, IDENTITY, IN_PURPOSE, IN_REASON, IN_REMARK, IN_AMOUNT, IN_REJECTED, WITHOUT_HEADER),
    UNDER_UNKNOWN_HEADER,
)
PROJECT_CODE, DOCUMENT = "51000021R000000019951", "粤财预〔2022〕15号"
ADJUSTMENTS = f"""
    调整日期,调整类型,部门编码,项目编码,资金性质编码,调整金额,文号,调整原因,备注
    2024-05-10,追加,101,P1,111,200.00,{DOCUMENT},依据{DOCUMENT}补发至{IN_REASON}，涉及{PROJECT_CODE},收款人电话{IN_REMARK}
    2024-06-10,追减,101,P2,111,付{IN_AMOUNT},{DOCUMENT},退回{IN_REJECTED},{IN_REMARK}
    2024-06-11,追减,101,P2,111,-100.00,{DOCUMENT},压减,
    """
PAYMENTS = f"""
    支付凭证号,支付日期,部门编码,项目编码,资金性质编码,实际支付金额,用途,收款人全称,收款人账号,收款人开户银行,身份证号,经办,备注
    V1,2024-03-01,101,P1,111,600.00,医疗补助（{IN_PURPOSE}）,{NAME},{ACCOUNT},{BANK},{IDENTITY},{UNDER_UNKNOWN_HEADER},{NAME}{IN_REMARK}
    V2,没有日期,101,P2,111,100.00,补助{IN_REJECTED},{NAME},{ACCOUNT},{BANK},{IDENTITY},{UNDER_UNKNOWN_HEADER},{IN_REMARK}
    V3,{IN_REJECTED},101,P2,111,100.00,补助,{NAME},{ACCOUNT},{BANK},{IDENTITY},{UNDER_UNKNOWN_HEADER},{NAME}
    """
NAMES = f"""
    支付凭证号,支付日期,部门名称,项目名称,资金性质编码,实际支付金额,经手{IN_HEADER}
    V1,2024-03-01,经办所{IN_DEPARTMENT},补助{IN_PROJECT},111,600.00,甲
    V2,没有日期,经办所{IN_DEPARTMENT},补助{IN_PROJECT},111,600.00,甲
    """
DOCUMENTS = f"""
    调整日期,调整类型,部门编码,项目编码,资金性质编码,调整金额,文号
    2024-05-10,追加,101,P1,111,200.00,{IN_DOCUMENT}
    2024-05-10,追加,101,P1,111,没有,20240100001
    """
NO_HEADER = f"V1,2024-03-01,101,P1,111,600.00,{NAME},{WITHOUT_HEADER}\nV2,2024-03-02,101,P1,111,1.00,{NAME},{ACCOUNT}\n"


@pytest.fixture(scope="module")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Bureau:
    """A night that Dagster ran over rows accepted and rejected and a file that was refused; what it logged is a file.

    The workbooks for the offices are written too.
    """
    bureau = Bureau(tmp_path_factory.mktemp("personal"))
    settings = bureau.settings
    settings.set_aside.max_row_share = settings.set_aside.max_money_share = 1
    bureau.deliver("440199/2024/预算.csv", BUDGET)
    bureau.deliver("440199/2024/调整.csv", ADJUSTMENTS)
    bureau.deliver("440199/2024/支付.csv", PAYMENTS)
    bureau.deliver(f"440198/2024/支付{IN_REFUSED}.csv", NO_HEADER)
    bureau.deliver(f"440198/{IN_MISPLACED}.csv", NO_HEADER)
    bureau.deliver(f"440197/2024/经办{IN_FOLDER}/支付{IN_FILE}.csv", NAMES)
    (settings.raw / "440195" / "2024").mkdir(parents=True)
    (settings.raw / "440195" / "2024" / f"支付{IN_WAITING}.csv").symlink_to("不存在.csv")
    bureau.deliver("440197/2024/调整.csv", DOCUMENTS)
    sheets = bureau.settings.raw / "440196" / "2024" / "支付.xlsx"
    sheets.parent.mkdir(parents=True)
    with xlsxwriter.Workbook(str(sheets)) as workbook:
        workbook.add_worksheet(f"转{IN_SHEET}").write_row(0, 0, ["部门", f"电话{IN_HEADER}", 1234.5])
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("district_fiscal_year", [f"{code}-2024" for code in range(440195, 440200)])
        job = build_definitions(settings).resolve_job_def("nightly")
        run = job.execute_in_process(
            instance=instance,
            tags={
                "dagster/asset_partition_range_start": "440195-2024",
                "dagster/asset_partition_range_end": "440199-2024",
            },
            raise_on_error=False,
        )
        events = [str(entry) for entry in instance.all_logs(run.run_id)]
    assert len(events) > 50
    (settings.warehouse / "dagster.log").write_text("\n".join(events), encoding="utf-8")
    write_corrections(corrections(settings), settings.warehouse / "corrections")
    assert len(bureau.rows("select * from core.payment")) == 2
    assert len(bureau.rows("select * from quality.rejected_row")) >= 3
    return bureau


def texts(path: Path) -> Iterator[str]:
    """Everything readable in an artefact, unpacked."""
    if path.suffix == ".parquet":
        with duckdb.connect() as connection:
            yield str(connection.execute("from read_parquet(?)", [str(path)]).fetchall())
    elif path.suffix == ".duckdb":
        with duckdb.connect(path, read_only=True) as connection:
            for schema, table in connection.execute(
                "select schema_name, table_name from duckdb_tables() where not internal"
            ).fetchall():
                yield str(connection.execute(f'from "{schema}"."{table}"').fetchall())
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as package:
            yield from (package.read(member).decode("utf-8", "replace") for member in package.namelist())
    else:
        yield path.read_bytes().decode("utf-8", "replace")


@pytest.fixture(scope="module")
def artefacts(bureau: Bureau) -> dict[Path, list[str]]:
    """Everything that the night wrote, by file."""
    return {path: list(texts(path)) for path in bureau.settings.warehouse.rglob("*") if path.is_file()}


@pytest.mark.parametrize("secret", SECRETS)
def test_nothing_that_a_night_writes_names_a_person(artefacts: dict[Path, list[str]], secret: str) -> None:
    assert {".parquet", ".duckdb", ".json", ".xlsx", ".html", ".log"} <= {path.suffix for path in artefacts}
    assert [path for path, told in artefacts.items() if any(secret in text for text in told)] == []


def test_an_operator_finds_the_file_whose_name_is_masked(bureau: Bureau) -> None:
    shown = {path for (path,) in bureau.rows("select distinct source_path from quality.source_file")}
    (masked,) = [path for path in shown if path.startswith("440197/2024/经办")]
    assert re.fullmatch("440197/2024/经办•[0-9a-f]{4}/支付•[0-9a-f]{4}.csv", masked)
    found = delivered_path(bureau.settings.raw, masked)
    assert found == bureau.settings.raw / f"440197/2024/经办{IN_FOLDER}/支付{IN_FILE}.csv"
    assert delivered_path(bureau.settings.raw, "440197/2024/没有.csv") is None


@pytest.mark.parametrize("name", ["支付20240131120000.csv", "20240131115959123.xlsx", "支付202401-202412.csv"])
def test_time_stamps_of_file_names_are_nobodys(name: str) -> None:
    assert path_without_numbers(name) == name


def test_two_files_that_only_differ_in_such_a_number_are_two() -> None:
    first, second = (path_without_numbers(f"440199/2024/支付{number}.csv") for number in (IN_FILE, IN_MISPLACED))
    assert first != second
    assert "•" in first


def test_free_text_keeps_what_is_nobodys(bureau: Bureau) -> None:
    said = bureau.rows(
        "select document_number, adjustment_reason from core.budget_adjustment"
        " where district_code = '440199' order by adjustment_date"
    )
    assert said[0] == (DOCUMENT, f"依据{DOCUMENT}补发至•，涉及{PROJECT_CODE}")
    assert bureau.one("select payment_purpose from core.payment where district_code = '440199'") == ("医疗补助（•）",)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("身份证 44010319850505123x 已核", "身份证 • 已核"),
        ("４４０１０３１９８５０５０５１２３Ｘ", "•"),
        ("440103 19850505 123X", "•"),
        ("卡6222-0202-0011-2233-445。", "卡•。"),
        ("手机139 1234 5678转", "手机•转"),
        ("(020)81234567", "(•"),
        ("tel13912345678", "tel•"),
        (f"项目{PROJECT_CODE}、{PROJECT_CODE}的尾款", f"项目{PROJECT_CODE}、{PROJECT_CODE}的尾款"),
        (
            f"{DOCUMENT} 2022-2023-2024年 2024-03-01至2024-04-30 1,234,567.89元 20240301",
            f"{DOCUMENT} 2022-2023-2024年 2024-03-01至2024-04-30 1,234,567.89元 20240301",
        ),
    ],
)
def test_which_numbers_of_a_text_are_personal(text: str, shown: str) -> None:
    assert without_numbers(text) == shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("补助440103198505051232", "补助•"),
        ("510000210000000019951-道路", "510000210000000019951-道路"),
        ("440103198505051232 王某", "• 王某"),
        ("13912345678-王某", "•-王某"),
        ("019100 甲校 13912345678", "019100 甲校 •"),
        ("20240100001", "•"),
        ("202401000012", "202401000012"),
    ],
)
def test_codes_before_names_are_nobodys(name: str, shown: str) -> None:
    assert name_without_numbers(name) == shown


def test_payments_to_one_account_are_told_from_others_without_naming_it(bureau: Bureau) -> None:
    ((digest,),) = bureau.rows("select payee_account from core.payment where district_code = '440199'")
    assert digest
    assert ACCOUNT not in digest
