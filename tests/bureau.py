"""A bureau of its own for a test: a raw directory, a warehouse, and what offices and nights do to them."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

from pipelines.nightly import Night, run_night
from pipelines.settings import Settings
from pipelines.warehouse.connect import open_published


class Bureau:
    """A raw directory and a warehouse of their own, with what a test does to them."""

    def __init__(self, directory: Path, warehouse: Path | None = None) -> None:
        self.settings = Settings(raw=directory / "raw", warehouse=warehouse or directory / "warehouse")
        self.settings.raw.mkdir(parents=True, exist_ok=True)

    def deliver(self, path: str, text: str, encoding: str = "utf-8") -> Path:
        """Writes a delivery below raw/; leading blanks of the lines are not part of it."""
        target = self.settings.raw / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(textwrap.dedent(text).lstrip("\n").encode(encoding))
        return target

    def night(self) -> Night:
        """Runs the night."""
        return run_night(self.settings)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the published database answers."""
        with open_published(self.settings.database) as connection:
            return connection.execute(query).fetchall()

    def one(self, query: str) -> tuple[Any, ...]:
        """The only row of the answer."""
        (row,) = self.rows(query)
        return row


BUDGET = """
    部门编码,部门名称,项目编码,项目名称,资金性质编码,年初预算数
    101,测试一局,P1,甲项目,111,1000.00
    101,测试一局,P2,乙项目,111,500.00
    """
ADJUSTMENTS = """
    调整日期,调整类型,部门编码,项目编码,资金性质编码,调整金额
    2024-05-10,追加,101,P1,111,200.00
    2024-06-10,追减,101,P2,111,-100.00
    """
PAYMENTS = """
    支付凭证号,支付日期,部门编码,项目编码,资金性质编码,实际支付金额
    V1,2024-03-01,101,P1,111,600.00
    V2,2024-04-01,101,P2,111,100.00
    """


def deliver_detail(bureau: Bureau, *, payments: str = PAYMENTS) -> None:
    """Delivers the budget, adjustments and payments above for district 440199 and 2024."""
    bureau.deliver("440199/2024/预算.csv", BUDGET)
    bureau.deliver("440199/2024/调整.csv", ADJUSTMENTS)
    bureau.deliver("440199/2024/支付.csv", payments)
