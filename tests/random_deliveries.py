"""Random sequences of deliveries of a small city: new, changed, removed and restated files, held years, code lists.

Does not belong here: what the figures ought to be (the oracles); these sequences are for comparing two builds.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

DISTRICTS = ("990001", "990002", "990003")
YEARS = (2023, 2024)
_PAYMENT_HEADER = "支付凭证号,支付日期,部门编码,项目编码,资金性质编码,实际支付金额"


class RandomDeliveries:
    """A ``raw`` directory that changes step by step, by a seed.

    ``dirt`` is the share of files with an unreadable row.
    """

    def __init__(self, raw: Path, seed: int, *, dirt: float = 0.1) -> None:
        self._raw = raw
        self._dirt = dirt
        self._random = random.Random(seed)  # noqa: S311 - the same seed gives the same deliveries
        for district in DISTRICTS:
            self._budget(district, YEARS[0])
            self._month(district, YEARS[0])

    def steps(self, count: int) -> Iterator[str]:
        """Makes ``count`` steps, the first of which is the state at the beginning; tells what each did."""
        yield "first"
        for number in range(1, count):
            # One to three things happen between two nights.
            done = [self._step() for _ in range(self._random.choice((1, 1, 2, 3)))]
            yield f"step {number}: {'; '.join(done)}"

    def _step(self) -> str:
        district, year = self._random.choice(DISTRICTS), self._random.choice(YEARS)
        actions = (
            self._month,
            self._month,
            self._month,
            self._restate,
            self._remove,
            self._budget,
            self._adjustments,
            self._statement,
            self._break,
            self._mend,
            self._departments,
            self._carry_over,
        )
        action = self._random.choice(actions)
        action(district, year)
        return f"{action.__name__[1:]} {district}/{year}"

    def _write(self, district: str, year: int, name: str, header: str, rows: list[str]) -> None:
        path = self._raw / district / str(year) / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")

    def _amount(self, most: int) -> str:
        return f"{self._random.randrange(1, most)}.{self._random.randrange(100):02d}"

    def _month(self, district: str, year: int) -> None:
        month = self._random.randrange(1, 13)
        rows = [
            f"V{year}{month:02d}{number:03d},{year}-{month:02d}-{self._random.randrange(1, 29):02d},"
            f"10{project % 2 + 1},P{project},111,{self._amount(90)}"
            for number, project in enumerate(self._random.choices(range(6), k=self._random.randrange(3, 12)))
        ]
        if self._random.random() < self._dirt:
            rows.append(f"V{year}{month:02d}999,{year}-{month:02d}-11,101,P1,111,不详")
        self._write(district, year, f"支付{month:02d}月", _PAYMENT_HEADER, rows)

    def _restate(self, district: str, year: int) -> None:
        files = sorted((self._raw / district / str(year)).glob("支付*.csv"))
        if files:
            path = self._random.choice(files)
            text = path.read_text(encoding="utf-8").splitlines()
            text[1] = text[1].rsplit(",", 1)[0] + f",{self._amount(90)}"
            path.with_name(f"{path.stem}更正.csv").write_text("\n".join(text) + "\n", encoding="utf-8")

    def _remove(self, district: str, year: int) -> None:
        files = sorted((self._raw / district / str(year)).glob("*.csv"))
        if len(files) > 1:
            self._random.choice(files).unlink()

    def _budget(self, district: str, year: int) -> None:
        rows = [
            f"10{project % 2 + 1},部门{project % 2 + 1},P{project},项目{project},111,{self._amount(900)}"
            for project in range(self._random.randrange(4, 7))
        ]
        self._write(district, year, "预算", "部门编码,部门名称,项目编码,项目名称,资金性质编码,年初预算数", rows)

    def _adjustments(self, district: str, year: int) -> None:
        rows = [
            f"{year}-{self._random.randrange(1, 13):02d}-10,追加,10{project % 2 + 1},P{project},111,{self._amount(300)}"
            for project in self._random.sample(range(4), 2)
        ]
        self._write(district, year, "调整", "调整日期,调整类型,部门编码,项目编码,资金性质编码,调整金额", rows)

    def _statement(self, district: str, year: int) -> None:
        rows = [f"{year}-12-31,部门{number},{self._amount(900)},{self._amount(900)}" for number in (1, 2)]
        self._write(district, year, "执行情况", "统计截止日期,部门名称,全年预算数,执行数", rows)

    def _carry_over(self, district: str, year: int) -> None:
        self._write(district, year, "结转", "部门编码,项目编码,结转金额", [f"101,P0,{self._amount(90)}"])

    def _departments(self, district: str, year: int) -> None:
        rows = [f"10{number},部门{number}{self._random.choice('甲乙')}" for number in (1, 2)]
        self._write(district, year, "部门", "部门编码,部门名称", rows)

    def _break(self, district: str, year: int) -> None:
        """A file that holds its district-year back."""
        self._write(district, year, "无法识别", "甲,乙,丙", ["1.00,2.00,3.00", "4.00,5.00,6.00"])

    def _mend(self, district: str, year: int) -> None:
        (self._raw / district / str(year) / "无法识别.csv").unlink(missing_ok=True)
