"""How long and in how much memory the largest deliveries are read: a workbook, and delimited text in GB18030.

    python -m benchmarks.large_files

Makes both in a temporary directory: a workbook of 200,000 payments, and texts of 0.5, 1 and 2 million payments. Each is
read in a process of its own through the entry that a night uses, up to typed and checked batches; nothing is stored.
The workbook is also read by fastexcel alone, in turns with ours, as texts and without asking what they mean: the floor.
Prints rows, wall seconds, seconds of CPU and the peak of memory (MB) of each process. Does not belong here: a whole
night (the other benchmarks).
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import xlsxwriter

ROOT = Path(__file__).parent.parent
SMALL = "small.xlsx"
DISTRICT, YEAR = "440103", 2022
HEADER = ("支付凭证号", "支付日期", "单位编码", "项目编码", "功能分类科目编码", "部门预算经济分类编码", "资金性质")
FURTHER = ("实际支付金额", "收款人账号", "用途")


def payments(count: int) -> Iterator[tuple[str, date, str, str, int, str, str, int, str, str]]:
    """Payments with their amounts in cents; the same every time."""
    rng = random.Random(1)
    for number in range(count):
        yield (
            f"Z{number:08d}",
            date(YEAR, 1, 1) + timedelta(days=number % 365),
            f"0191{number % 80:02d}",
            f"44010322R00000000{number % 3000:04d}",
            2050202,
            "30201",
            "111",
            rng.randrange(1, 10**8),
            f"6222020{rng.randrange(10**5):010d}",
            f"购置办公用品（第{number % 500}批）",
        )


def write_workbook(path: Path, count: int) -> None:
    """One sheet: codes and accounts as text, dates as dates, amounts as numbers."""
    with xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_numbers": False}) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet = book.add_worksheet("支付")
        sheet.write_row(0, 0, (*HEADER, *FURTHER))
        for row, (number, paid_on, *codes, cents, account, purpose) in enumerate(payments(count), 1):
            sheet.write_string(row, 0, number)
            sheet.write_datetime(row, 1, paid_on, day)
            for column, code in enumerate(codes, 2):
                sheet.write(row, column, code)
            sheet.write_number(row, 7, cents / 100)
            sheet.write_string(row, 8, account)
            sheet.write_string(row, 9, purpose)


def write_text(path: Path, count: int) -> None:
    """Delimited text as a Chinese Windows saves it."""
    with path.open("w", encoding="gb18030", newline="\r\n") as stream:
        stream.write(",".join((*HEADER, *FURTHER)) + "\n")
        for *plain, cents, account, purpose in payments(count):
            stream.write(f"{','.join(map(str, plain))},{cents // 100}.{cents % 100:02d},{account},{purpose}\n")


def measured(reader: str, path: Path, raw: Path) -> dict[str, float]:
    """What a process of its own that reads a file takes; it reads ten rows first, which loads the program."""
    result = raw / "result.json"
    small = path.with_name(SMALL)
    command = [sys.executable, "-m", f"benchmarks.read_with_{reader}", raw, path, result, "--first", small]
    subprocess.run([str(part) for part in command], cwd=ROOT, check=True)
    found: dict[str, float] = json.loads(result.read_text())
    return found


def line(name: str, found: dict[str, float]) -> str:
    """A row of the printed table."""
    return f"{name:36} {found['rows']:>10,.0f} {found['wall']:>8.2f} {found['cpu']:>8.2f} {found['peak']:>8.0f}"


def main() -> int:
    """Makes the files, reads them in turns, prints the table; status 1 where rows are missing."""
    parser = argparse.ArgumentParser(description="Read a large workbook and large texts; print time and memory.")
    parser.add_argument("--workbook-rows", type=int, default=200_000)
    parser.add_argument("--text-rows", type=int, default=2_000_000, help="the largest; half and a quarter too")
    parser.add_argument("--turns", type=int, default=3, help="how often the workbook is read by each reader")
    given = parser.parse_args()
    whole = True
    with tempfile.TemporaryDirectory() as directory:
        raw = Path(directory)
        folder = raw / DISTRICT / str(YEAR)
        folder.mkdir(parents=True)
        write_workbook(folder / SMALL, 10)
        print(f"{'':36} {'rows':>10} {'wall s':>8} {'cpu s':>8} {'peak MB':>8}")
        workbook = folder / "workbook.xlsx"
        write_workbook(workbook, given.workbook_rows)
        turns: dict[str, list[dict[str, float]]] = {"fastexcel": [], "product": []}
        for _ in range(given.turns):
            for reader, found in turns.items():
                found.append(measured(reader, workbook, raw))
        best = {reader: min(found, key=lambda one: one["cpu"]) for reader, found in turns.items()}
        for reader, found in best.items():
            print(line(f"workbook, {reader}, best of {given.turns}", found))
            whole = whole and found["rows"] == given.workbook_rows
        for unit in ("wall", "cpu"):
            ratio = min(one[unit] for one in turns["product"]) / min(one[unit] for one in turns["fastexcel"])
            print(f"workbook, product / fastexcel, {unit}: {ratio:.2f}")
        for share in (4, 2, 1):
            count = given.text_rows // share
            text = folder / "text.csv"
            write_text(text, count)
            found = measured("product", text, raw)
            print(line(f"GB18030 text, {text.stat().st_size / 1e6:,.0f} MB", found))
            whole = whole and found["rows"] == count
    return 0 if whole else 1


if __name__ == "__main__":
    sys.exit(main())
