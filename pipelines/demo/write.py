"""Write a synthetic district's deliveries in the shapes in which offices deliver, and tell what is true of it.

Entry: ``write_demo``. The files' headers are names from the contracts' aliases in varied spellings. Does not belong
here: how figures are drawn (``district``), how payments are streamed (``payments``).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.demo.district import ADDITION, KINDS, REALLOCATION, Behaviour, DemoYear, Size
from pipelines.demo.draws import Integers, sum_by
from pipelines.demo.files import (
    WAN_PLACES,
    SheetColumn,
    TextFile,
    Workbook,
    decimal_texts,
    decimals,
    percent,
    texts,
)
from pipelines.demo.names import DEPARTMENT_FIELDS, ECONOMY_CODES, FUND_TYPES, REASONS, THEMES
from pipelines.demo.payments import Dirt, PaymentExport, PlantedRow, ProjectKeys

_MOST_WORKBOOK_ROWS = 100_000
_ROWS_AT_A_TIME = 200_000
_MARKER = "README.md"
_DEMO_FILE = re.compile(
    r"\d{4}/(?:部门单位名录|资金性质|项目库|部门预算项目年度预算|指标调整明细|结转指标|预算执行情况表(?:_部门|_项目)?"
    r"|国库集中支付明细_\d{6}(?:_更正)?)\.(?:csv|xlsx)(?:\.part)?"
)
_KIND_NAMES = {"1": "人员类", "21": "公用经费", "22": "其他运转类", "3": "特定目标类"}
_BASIC_PROJECT_NAMES = {"1": "人员经费", "21": "日常公用经费"}
_KIND_LETTERS = {"1": "R", "21": "Y", "22": "Y", "3": "T"}


@dataclass(frozen=True, slots=True)
class DemoFile:
    """One written file. ``rows`` counts its data rows, dirty ones too; ``month`` is that of payments."""

    path: Path
    dataset: str
    fiscal_year: int
    rows: int
    month: int | None = None
    restatement: bool = False


@dataclass(frozen=True, slots=True)
class DemoDistrict:
    """What ``write_demo`` wrote.

    ``directory`` is the district's folder below the raw directory. ``planted`` lists every dirty row. ``departments``
    and ``projects`` are Arrow tables of what is true (yuan as decimal128(20, 2)): per fiscal year and department,
    units summed in theirs, and per project, with ``initial_budget_amount, increase_amount, decrease_amount,
    adjustment_count, full_year_budget_amount, executed_amount``.
    """

    directory: Path
    district_code: str
    fiscal_years: tuple[int, ...]
    scale: float
    seed: int
    files: tuple[DemoFile, ...]
    planted: tuple[PlantedRow, ...]
    departments: pa.Table
    projects: pa.Table

    def expected_findings(self) -> list[tuple[int, str, str]]:
        """Fiscal year, rule and project of every error that is part of the district, dirt or not."""
        names = ("fiscal_year", "project_code", "full_year_budget_amount", "executed_amount")
        rows = self.projects.select(names).to_pylist()
        return [
            (
                row["fiscal_year"],
                "payments-exceed-project-budget" if row["full_year_budget_amount"] else "payment-without-budget",
                row["project_code"],
            )
            for row in rows
            if row["executed_amount"] > row["full_year_budget_amount"]
        ]

    def manifest(self) -> dict[str, Any]:
        """Files, planted rows, expected findings, true figures of departments: ready for JSON, amounts as text."""
        counts = Counter((row.what, row.rule_id) for row in self.planted)
        return {
            "synthetic": True,
            "district_code": self.district_code,
            "fiscal_years": list(self.fiscal_years),
            "scale": self.scale,
            "seed": self.seed,
            "files": [
                {
                    "path": file.path.relative_to(self.directory.parent).as_posix(),
                    "dataset": file.dataset,
                    "fiscal_year": file.fiscal_year,
                    "month": file.month,
                    "rows": file.rows,
                    "restatement": file.restatement,
                }
                for file in self.files
            ],
            "planted_counts": [
                {"what": what, "rule_id": rule_id, "rows": rows} for (what, rule_id), rows in sorted(counts.items())
            ],
            "planted": [
                {
                    "path": row.relative_path,
                    "line": row.line,
                    "what": row.what,
                    "rule_id": row.rule_id,
                    "amount": None if row.amount is None else str(row.amount),
                }
                for row in self.planted
            ],
            "expected_findings": [
                {"fiscal_year": fiscal_year, "rule_id": rule_id, "project_code": project_code}
                for fiscal_year, rule_id, project_code in self.expected_findings()
            ],
            "departments": [
                {name: str(value) if isinstance(value, Decimal) else value for name, value in row.items()}
                for row in self.departments.to_pylist()
            ],
        }

    def write_manifest(self, path: Path) -> None:
        """Write ``manifest`` as JSON; ``path`` should lie outside the raw directory."""
        path.write_text(json.dumps(self.manifest(), ensure_ascii=False, indent=1), encoding="utf-8")


def write_demo(
    directory: Path,
    *,
    district_code: str = "999999",
    fiscal_year: int = 2024,
    years: int = 1,
    scale: float = 1.0,
    seed: int = 1,
    dirt: Dirt | None = None,
) -> DemoDistrict:
    """Write a synthetic district below the raw ``directory``; the same arguments give the same bytes.

    ``years`` fiscal years end with ``fiscal_year``, each of ``scale`` (see ``Size.of_scale``). ``dirt`` plants known
    dirt in the payments. Files of an earlier demo of the district are removed first.

    Raises ``ValueError`` for arguments out of range and ``FileExistsError`` where the district's folder holds files
    that no demo wrote: synthetic figures must not be mixed with delivered ones.
    """
    if not re.fullmatch(r"\d{6}", district_code):
        raise ValueError(f"district code must have six digits, found {district_code!r} 区划编码应为六位数字")
    if not 0 < scale <= 200 or years < 1:
        raise ValueError(
            f"scale must be above 0 and at most 200, years at least 1, found {scale} and {years} 规模或年数超出范围"
        )
    folder = directory / district_code
    _clear_earlier_demo(folder)
    _write_marker(folder, scale=scale, seed=seed)
    fiscal_years = tuple(range(fiscal_year - years + 1, fiscal_year + 1))
    files: list[DemoFile] = []
    planted: list[PlantedRow] = []
    truths: list[tuple[pa.Table, pa.Table]] = []
    before: DemoYear | None = None
    for current in fiscal_years:
        year = DemoYear(
            district_code=district_code,
            fiscal_year=current,
            first_year=fiscal_years[0],
            size=Size.of_scale(scale),
            seed=seed,
        )
        exports = _YearExports(year, before, folder / str(current), dirt)
        exports.write()
        files.extend(exports.files)
        planted.extend(exports.planted)
        truths.append(exports.truth())
        before = year
    return DemoDistrict(
        directory=folder,
        district_code=district_code,
        fiscal_years=fiscal_years,
        scale=scale,
        seed=seed,
        files=tuple(files),
        planted=tuple(planted),
        departments=pa.concat_tables(departments for departments, _ in truths),
        projects=pa.concat_tables(projects for _, projects in truths),
    )


def _clear_earlier_demo(folder: Path) -> None:
    """Remove the files of an earlier demo, finished or not, which its marker vouches for; refuse any other file."""
    marker = folder / _MARKER
    found = [path for path in folder.rglob("*") if path.is_file() and path != marker]
    ours = [path for path in found if marker.exists() and _DEMO_FILE.fullmatch(path.relative_to(folder).as_posix())]
    if others := sorted(set(found) - set(ours)):
        raise FileExistsError(
            f"{folder} holds files that no demo wrote, the first is {others[0].relative_to(folder)}; choose another "
            f"district code or directory. {folder} 中有非演示文件，请换用其他区划编码或目录。"
        )
    for path in ours:
        path.unlink()


def _write_marker(folder: Path, *, scale: float, seed: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _MARKER).write_text(
        "# Synthetic data 演示数据\n\n"
        "Everything here was invented by `district-finance demo`; no figure, name or account is real. The next demo of "
        "this district replaces these files.\n"
        "本目录全部由 `district-finance demo` 虚构生成，数字、名称、账号均非真实；再次生成时原文件会被替换。\n\n"
        f"Scale 规模 {scale:g}, seed 种子 {seed}.\n",
        encoding="utf-8",
    )


@dataclass(slots=True)
class _Totals:
    """Cents of some groups (departments or projects), as arrays in the order of the groups."""

    initial: Integers
    adjusted: Integers
    full_year: Integers
    executed: Integers
    increase: Integers
    decrease: Integers
    adjustment_count: Integers

    def summed(self, group: Integers, groups: int) -> _Totals:
        """These totals summed into coarser groups."""
        return _Totals(*(sum_by(group, getattr(self, name), groups) for name in self.__dataclass_fields__))

    def columns(self) -> dict[str, Any]:
        """The totals as columns of a table of truth."""
        return {
            "initial_budget_amount": decimals(self.initial),
            "increase_amount": decimals(self.increase),
            "decrease_amount": decimals(self.decrease),
            "adjustment_count": pa.array(self.adjustment_count),
            "full_year_budget_amount": decimals(self.full_year),
            "executed_amount": decimals(self.executed),
        }


class _YearExports:
    """All deliveries of one year; ``before`` is the year before where that was written too."""

    def __init__(self, year: DemoYear, before: DemoYear | None, folder: Path, dirt: Dirt | None) -> None:
        self.files: list[DemoFile] = []
        self.planted: list[PlantedRow] = []
        self._year = year
        self._before = before
        self._folder = folder
        self._dirt = dirt
        self._projects = [self._project(number) for number in range(year.size.projects)]
        self._project_totals, self._department_totals = self._totals()

    def write(self) -> None:
        """Write every dataset of the year."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._write_departments()
        self._write_fund_types()
        self._write_projects()
        self._write_annual_budget()
        self._write_adjustments()
        self._write_carryover()
        self._write_statement()
        export = PaymentExport(self._year, self._projects, self._folder, self._dirt)
        export.write()
        self.files.extend(
            DemoFile(file.path, "payment", self._year.fiscal_year, file.rows, file.month, file.restatement)
            for file in export.files
        )
        self.planted.extend(export.planted)

    def truth(self) -> tuple[pa.Table, pa.Table]:
        """What is true of departments (units summed in theirs) and of projects."""
        year = self._year
        departments = self._department_totals
        count = year.size.departments
        fiscal_year = [year.fiscal_year]
        return (
            pa.table(
                {
                    "fiscal_year": pa.array(fiscal_year * count),
                    "department_code": texts(year.department_codes[:count]),
                    "department_name": texts(year.department_names[:count]),
                    **departments.columns(),
                }
            ),
            pa.table(
                {
                    "fiscal_year": pa.array(fiscal_year * year.size.projects),
                    "department_code": texts(
                        year.department_codes[year.supervisor(number)] for number in year.project_department.tolist()
                    ),
                    "project_code": texts(project.code for project in self._projects),
                    "project_name": texts(project.name for project in self._projects),
                    **self._project_totals.columns(),
                }
            ),
        )

    def _project(self, number: int) -> ProjectKeys:
        """Codes and name of a project: one that ends with its year is founded in it, the others in the first."""
        year = self._year
        serial = int(year.project_serial[number]) + 1
        kind = KINDS[year.project_kind[number]]
        department = int(year.project_department[number])
        one_off = bool(year.project_is_one_off[number])
        founded = year.fiscal_year if one_off else year.first_year
        if kind in _BASIC_PROJECT_NAMES:
            name = f"{year.department_names[department]}{_BASIC_PROJECT_NAMES[kind]}"
        else:
            theme = THEMES[year.project_theme[number]]
            name = f"{f'{founded}年' if one_off else ''}演示{serial:04d}号{theme}项目"
        return ProjectKeys(
            department_code=year.department_codes[department],
            code=f"{year.district_code}{founded % 100:02d}{_KIND_LETTERS[kind]}{serial:012d}",
            name=name,
            function_code=DEPARTMENT_FIELDS[year.supervisor(department) % len(DEPARTMENT_FIELDS)][1],
        )

    def _totals(self) -> tuple[_Totals, _Totals]:
        """True figures of projects, and of departments with their units."""
        year, adjustments = self._year, self._year.adjustments
        lines = _Totals(
            initial=year.line_initial,
            adjusted=year.line_adjusted + year.line_reallocated,
            full_year=year.line_full_year,
            executed=year.line_executed,
            increase=sum_by(adjustments.line, np.maximum(adjustments.amount, 0), year.size.lines),
            decrease=sum_by(adjustments.line, np.maximum(-adjustments.amount, 0), year.size.lines),
            adjustment_count=np.bincount(adjustments.line, minlength=year.size.lines),
        )
        projects = lines.summed(year.line_project, year.size.projects)
        supervisors = np.array([year.supervisor(number) for number in range(len(year.department_codes))])
        return projects, projects.summed(supervisors[year.project_department], year.size.departments)

    def _wrote(self, path: Path, dataset: str, rows: int) -> None:
        self.files.append(DemoFile(path, dataset, self._year.fiscal_year, rows))

    def _write_csv(self, name: str, dataset: str, header: Sequence[str], columns: Sequence[Any], **shape: str) -> None:
        with TextFile(self._folder / name, header, **shape) as file:
            file.write_columns(columns)
        self._wrote(file.path, dataset, file.rows)

    def _write_departments(self) -> None:
        year = self._year
        units = range(year.size.departments, len(year.department_codes))
        supervisors = [""] * year.size.departments + [year.department_codes[year.supervisor(unit)] for unit in units]
        self._write_csv(
            "部门单位名录.csv",
            "department",
            ("年度", "预算单位代码", "预算单位名称", "主管部门代码"),
            (str(year.fiscal_year), texts(year.department_codes), texts(year.department_names), texts(supervisors)),
            encoding="gb18030",
            newline="\r\n",
        )

    def _write_fund_types(self) -> None:
        self._write_csv(
            "资金性质.csv",
            "fund_type",
            ("资金性质编码", "资金性质名称"),
            (texts(code for code, _ in FUND_TYPES), texts(name for _, name in FUND_TYPES)),
            encoding="utf-8-sig",
            newline="\r\n",
        )

    def _write_projects(self) -> None:
        year = self._year
        kinds = [KINDS[number] for number in year.project_kind.tolist()]
        begin = year.draws.below("planned start", year.project_serial, 240)
        late = year.draws.below("contract", year.project_serial, 60)
        signed = (year.project_kind == 3) & np.isin(
            year.project_behaviour, (Behaviour.NORMAL, Behaviour.MORE_THAN_DOUBLED, Behaviour.OVER_EXECUTED)
        )
        planned = year.project_kind == 3
        self._write_csv(
            "项目库.csv",
            "project",
            (
                "预算年度",
                "项目代码",
                "项目名称",
                "部门代码",
                "部门名称",
                "项目类别",
                "支出性质",
                "是否一次性项目",
                "合同签订日期",
                "计划开始日期",
            ),
            (
                str(year.fiscal_year),
                texts(project.code for project in self._projects),
                texts(project.name for project in self._projects),
                texts(year.department_codes[number] for number in year.project_department.tolist()),
                texts(year.department_names[number] for number in year.project_department.tolist()),
                texts(_KIND_NAMES[kind] for kind in kinds),
                texts("基本支出" if kind in {"1", "21"} else "项目支出" for kind in kinds),
                texts("是" if one_off else "否" for one_off in year.project_is_one_off.tolist()),
                texts(self._dates(begin + late, signed)),
                texts(self._dates(begin, planned)),
            ),
        )

    def _dates(self, day: Integers, known: Any) -> list[str]:
        return [
            self._year.date_of(number).isoformat() if is_known else ""
            for number, is_known in zip(day.tolist(), known.tolist(), strict=True)
        ]

    def _write_annual_budget(self) -> None:
        """A workbook in yuan where it is small, otherwise CSV in yuan."""
        year = self._year
        amounts = (year.line_initial, year.line_adjusted, year.line_reallocated, year.line_full_year)
        if year.size.lines > _MOST_WORKBOOK_ROWS:
            self._write_annual_budget_as_text(amounts)
            return
        functions = {code: name for _, code, name in DEPARTMENT_FIELDS}
        columns = [
            SheetColumn("单位编码", "预算单位", 12),
            SheetColumn("单位名称", "预算单位", 30),
            SheetColumn("项目编码", "项目", 24),
            SheetColumn("项目名称", "项目", 40),
            SheetColumn("项目类别", "项目", 12),
            SheetColumn("功能分类科目编码", "科目", 30),
            SheetColumn("政府预算经济分类编码", "科目", 14),
            SheetColumn("部门预算经济分类编码", "科目", 26),
            SheetColumn("资金性质", width=20),
            SheetColumn("年初批复数", "预算数"),
            SheetColumn("调整金额", "预算数"),
            SheetColumn("调剂金额", "预算数"),
            SheetColumn("变动后预算数", "预算数"),
        ]

        def rows() -> Any:
            for project, economy, fund, *cents in zip(
                year.line_project.tolist(),
                year.line_economy.tolist(),
                year.line_fund.tolist(),
                *(amount.tolist() for amount in amounts),
                strict=True,
            ):
                department_code, code, name, function = self._projects[project]
                economy_code, economy_name, government = ECONOMY_CODES[economy]
                yield [
                    department_code,
                    year.department_names[year.project_department[project]],
                    code,
                    name,
                    KINDS[year.project_kind[project]],
                    f"{function} {functions[function]}",
                    government,
                    f"{economy_code} {economy_name}",
                    FUND_TYPES[fund][1],
                    *cents,
                ]

        path = self._folder / "部门预算项目年度预算.xlsx"
        with Workbook(path, wan=False) as workbook:
            workbook.add_sheet(
                "年度预算",
                f"{year.fiscal_year}年部门预算项目年度预算表（演示数据）",
                ("编制单位：演示区虚构财政局",),
                columns,
                rows=rows(),
                total=["合计", *[None] * 8, *(int(amount.sum()) for amount in amounts)],
            )
        self._wrote(path, "annual_budget", year.size.lines)

    def _write_annual_budget_as_text(self, amounts: Sequence[Integers]) -> None:
        year = self._year
        pieces = texts(",".join(project) for project in self._projects)
        economies = texts(f"{government},{code}" for code, _, government in ECONOMY_CODES)
        funds = texts(code for code, _ in FUND_TYPES)
        header = (
            "单位编码",
            "项目编码",
            "项目名称",
            "功能分类科目编码",
            "政府预算经济分类编码",
            "部门预算经济分类编码",
            "资金性质编码",
            "年初批复数",
            "调整金额",
            "调剂金额",
            "变动后预算数",
        )
        with TextFile(self._folder / "部门预算项目年度预算.csv", header) as file:
            for first in range(0, year.size.lines, _ROWS_AT_A_TIME):
                part = slice(first, first + _ROWS_AT_A_TIME)
                file.write_columns(
                    (
                        pieces.take(pa.array(year.line_project[part])),
                        economies.take(pa.array(year.line_economy[part])),
                        funds.take(pa.array(year.line_fund[part])),
                        *(decimal_texts(amount[part]) for amount in amounts),
                    )
                )
        self._wrote(file.path, "annual_budget", file.rows)

    def _write_adjustments(self) -> None:
        """Adjustment lines in GB18030, with dates of eight digits and fund types by name."""
        year, adjustments = self._year, self._year.adjustments
        pieces = texts(f"{department},{code},{function}" for department, code, _, function in self._projects)
        days = texts(year.date_of(day).strftime("%Y%m%d") for day in range(int(year.month_lengths.sum())))
        funds = texts(name for _, name in FUND_TYPES)
        kinds = texts(("追加", "追减", "调剂"))
        reasons = texts(REASONS)
        header = (
            "调整编号",
            "调整批次号",
            "文号",
            "调整日期",
            "调整类型",
            "单位代码",
            "项目代码",
            "功能科目编码",
            "资金性质名称",
            "调整金额",
            "调整事由",
        )
        batches = [
            f"{letter}{number:06d},演财预〔{year.fiscal_year}〕{number}号"
            for number, letter in enumerate(self._batch_letters())
        ]
        batch_texts = texts(batches)
        path = self._folder / "指标调整明细.csv"
        with TextFile(path, header, encoding="gb18030", newline="\r\n") as file:
            for first in range(0, len(adjustments.line), _ROWS_AT_A_TIME):
                part = slice(first, first + _ROWS_AT_A_TIME)
                line = adjustments.line[part]
                number = year.fiscal_year * 1_000_000_000 + first + np.arange(len(line), dtype=np.int64)
                file.write_columns(
                    (
                        pa.array(number).cast(pa.string()),
                        batch_texts.take(pa.array(adjustments.batch[part])),
                        days.take(pa.array(adjustments.day[part])),
                        kinds.take(pa.array(adjustments.kind[part])),
                        pieces.take(pa.array(year.line_project[line])),
                        funds.take(pa.array(year.line_fund[line])),
                        decimal_texts(adjustments.amount[part]),
                        reasons.take(pa.array(adjustments.reason[part])),
                    )
                )
        self._wrote(path, "budget_adjustment", file.rows)

    def _batch_letters(self) -> list[str]:
        """The letters before each batch's number: what its lines do."""
        adjustments = self._year.adjustments
        kind = np.zeros(int(adjustments.batch.max()) + 1, dtype=np.int64)
        kind[adjustments.batch] = adjustments.kind
        letters = {ADDITION: "ZJ", REALLOCATION: "TJ"}
        return [letters.get(number, "JF") for number in kind.tolist()]

    def _write_carryover(self) -> None:
        """Carried-over money under the ministry's column names, with a nine-digit district code."""
        year = self._year
        unspent = self._unspent_before()
        chosen = (year.project_kind >= 2) & ~year.project_is_one_off & (unspent > 0)
        chosen &= year.draws.below("carryover", year.project_serial, 100) < 35
        projects = np.flatnonzero(chosen)
        approved = unspent[projects]
        tenths = np.array([10, 10, 10, 7, 5], dtype=np.int64)[
            year.draws.below("kept", year.project_serial[projects], 5)
        ]
        carried = approved * tenths // 10
        rows = [(*self._projects[number], FUND_TYPES[year.project_fund[number]][0]) for number in projects.tolist()]
        self._write_csv(
            "结转指标.csv",
            "carryover",
            (
                "mof_div_code",
                "fiscal_year",
                "agency_code",
                "pro_code",
                "pro_name",
                "exp_func_code",
                "fund_type_code",
                "approve_amt",
                "carryovers_amt",
                "taken_back_amount",
            ),
            (
                f"{year.district_code}000",
                str(year.fiscal_year),
                texts(
                    ",".join((department, code, name, function, fund))
                    for department, code, name, function, fund in rows
                ),
                decimal_texts(approved),
                decimal_texts(carried),
                decimal_texts(approved - carried),
            ),
        )

    def _unspent_before(self) -> Integers:
        """What each project left unspent of its main fund type in the year before; invented for the first year."""
        year, last = self._year, self._before
        if last is None:
            return year.project_planned // (5 + year.draws.below("unspent", year.project_serial, 40))
        main = last.line_fund == last.project_fund[last.line_project]
        return sum_by(last.line_project[main], (last.line_full_year - last.line_executed)[main], last.size.projects)

    def _write_statement(self) -> None:
        """The execution statement in 万元, at the grain of departments and of projects."""
        year = self._year
        as_of = date(year.fiscal_year, 12, 31)
        departments = list(zip(year.department_codes, year.department_names, strict=True))
        sheets = (
            (
                "部门",
                [departments[number] for number in range(year.size.departments)],
                self._department_totals,
            ),
            (
                "项目",
                [
                    (*departments[department], project.code, project.name)
                    for department, project in zip(year.project_department.tolist(), self._projects, strict=True)
                ],
                self._project_totals,
            ),
        )
        if year.size.projects > _MOST_WORKBOOK_ROWS:
            for name, keys, totals in sheets:
                self._write_statement_as_text(name, keys, totals, as_of)
            return
        path = self._folder / "预算执行情况表.xlsx"
        amounts_header = [
            SheetColumn("年初预算数", "预算情况"),
            SheetColumn("预算调整数", "预算情况"),
            SheetColumn("调整预算数", "预算情况"),
            SheetColumn("全年执行数", "执行情况"),
            SheetColumn("支出进度", "执行情况"),
        ]
        with Workbook(path, wan=True) as workbook:
            for name, keys, totals in sheets:
                of_project = name == "项目"
                columns = [SheetColumn("预算单位编码", width=40)]
                if of_project:
                    columns += [SheetColumn("项目编码", width=24), SheetColumn("项目名称", width=40)]
                workbook.add_sheet(
                    name,
                    f"{year.fiscal_year}年{name}预算执行情况表（演示数据）",
                    ("编制单位：演示区虚构财政局", f"截止日期：{as_of.year}年{as_of.month}月{as_of.day}日"),
                    [*columns, *amounts_header],
                    rows=(
                        [f"{key[0]} {key[1]}", *key[2:], *cents, percent(cents[3], cents[2])]
                        for key, *cents in zip(keys, *self._statement_amounts(totals), strict=True)
                    ),
                    total=self._statement_total(totals, len(columns)),
                )
        self._wrote(path, "execution_statement", year.size.departments + year.size.projects)

    @staticmethod
    def _statement_amounts(totals: _Totals) -> list[list[int]]:
        return [amount.tolist() for amount in (totals.initial, totals.adjusted, totals.full_year, totals.executed)]

    def _statement_total(self, totals: _Totals, keys: int) -> list[object]:
        sums = [sum(amounts) for amounts in self._statement_amounts(totals)]
        return ["合　计", *[None] * (keys - 1), *sums, percent(sums[3], sums[2])]

    def _write_statement_as_text(self, name: str, keys: Sequence[Sequence[str]], totals: _Totals, as_of: date) -> None:
        key_header = ("部门编码", "部门名称", "项目编码", "项目名称")[: len(keys[0])]
        amounts = ("年初预算数（万元）", "预算调整数（万元）", "全年预算数（万元）", "执行数（万元）")
        rates = texts(
            percent(executed, full_year) or ""
            for full_year, executed in zip(totals.full_year.tolist(), totals.executed.tolist(), strict=True)
        )
        self._write_csv(
            f"预算执行情况表_{name}.csv",
            "execution_statement",
            (*key_header, *amounts, "支出进度", "截止日期"),
            (
                texts(",".join(key) for key in keys),
                *(
                    decimal_texts(cents, WAN_PLACES)
                    for cents in (totals.initial, totals.adjusted, totals.full_year, totals.executed)
                ),
                rates,
                as_of.isoformat(),
            ),
        )
