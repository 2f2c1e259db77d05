"""Persons named in payment exports reach nothing that a night writes: not the store, the database, logs or reports."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from bureau import ADJUSTMENTS, BUDGET, Bureau

NAME, ACCOUNT, BANK, IDENTITY = "王测试甲", "6222020200112233445", "测试银行荔湾支行", "440103199001017777"
PAYMENTS = f"""
    支付凭证号,支付日期,部门编码,项目编码,资金性质编码,实际支付金额,收款人全称,收款人账号,收款人开户银行,身份证号
    V1,2024-03-01,101,P1,111,600.00,{NAME},{ACCOUNT},{BANK},{IDENTITY}
    V2,没有日期,101,P2,111,100.00,{NAME},{ACCOUNT},{BANK},{IDENTITY}
    """


@pytest.fixture(scope="module")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Bureau:
    """A published night with one accepted and one rejected payment to a person."""
    bureau = Bureau(tmp_path_factory.mktemp("personal"))
    bureau.settings.set_aside.max_row_share = bureau.settings.set_aside.max_money_share = 1
    bureau.deliver("440199/2024/预算.csv", BUDGET)
    bureau.deliver("440199/2024/调整.csv", ADJUSTMENTS)
    bureau.deliver("440199/2024/支付.csv", PAYMENTS)
    assert bureau.night().publication.status == "published"
    assert len(bureau.rows("select * from core.payment")) == len(bureau.rows("select * from quality.rejected_row")) == 1
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


@pytest.mark.parametrize("secret", [NAME, ACCOUNT, BANK, IDENTITY])
def test_nothing_that_a_night_writes_names_a_person(bureau: Bureau, secret: str) -> None:
    artefacts = [path for path in bureau.settings.warehouse.rglob("*") if path.is_file()]
    assert {".parquet", ".duckdb", ".json", ".xlsx", ".html"} <= {path.suffix for path in artefacts}
    assert [path for path in artefacts if any(secret in text for text in texts(path))] == []


def test_payments_to_one_account_are_told_from_others_without_naming_it(bureau: Bureau) -> None:
    ((digest,),) = bureau.rows("select payee_account from core.payment")
    assert digest
    assert ACCOUNT not in digest
