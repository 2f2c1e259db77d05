"""The ``nightly`` command: runs the night and tells at its end what came in, what was set aside, and the rates.

The figures are read back from the published database; nothing is computed here.
Does not belong here: the night itself (``pipelines.nightly``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import click
import duckdb

from pipelines.commands.findings import describe_finding
from pipelines.commands.progress import progress
from pipelines.commands.tables import Number, format_table
from pipelines.contracts.figures import definition, value_labels
from pipelines.contracts.model import Severity
from pipelines.isolation import start_early
from pipelines.ledger.codec import StoreError
from pipelines.nightly import Night, run_night
from pipelines.settings import Settings
from pipelines.warehouse.accept import Acceptance
from pipelines.warehouse.connect import NotPublishedError, open_published
from pipelines.warehouse.loading import held_attempt
from pipelines.warehouse.lock import WarehouseLockedError
from pipelines.warehouse.publish import BuildError
from pipelines.warehouse.staging import LOAD_READING
from pipelines.warehouse.store import DistrictYearStore

DEPARTMENT_ROWS = 30
PROJECT_ROWS = 12
REASON_ROWS = 20

_OUTCOMES = {"accepted": "已接受 accepted", "unchanged": "未变化 unchanged", "held_back": "暂缓 held back"}


def run_and_report(settings: Settings, *, rebuild: bool = False) -> int:
    """Runs the night and prints its report on standard output; returns the exit code (0, 3 or 1).

    ``rebuild``: the publication is also compared with a build from nothing.

    Raises ``click.ClickException`` where the night could not be completed for a reason that its user can mend.
    """
    start_early(LOAD_READING)
    try:
        with progress("nightly 夜间处理"):
            night = run_night(settings, rebuild=rebuild)
    except (WarehouseLockedError, StoreError, BuildError) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(
            f"the night could not be completed: {error}. The last publication stays as it was. Make room on the disk "
            "or correct the cause, then run again.\n"
            "本次运行未能完成，上次发布保持不变；请释放磁盘空间或排除故障后重新运行。"
        ) from None
    for section in _sections(settings, night):
        click.echo(section + "\n")
    return night.exit_code


def _sections(settings: Settings, night: Night) -> Iterator[str]:
    if night.acceptances:
        yield _deliveries(night.acceptances)
    if night.problems:
        yield _listing("报送目录的问题 Problems in the raw directory", night.problems)
    if night.unwritten_reports:
        yield _listing("报表未写出 Reports that could not be written", [night.unwritten_reports])
    if night.publication.problems:
        yield _listing("须查看的问题 What has to be looked at", night.publication.problems)
    held = [acceptance for acceptance in night.acceptances if acceptance.status == "held_back"]
    if held:
        yield _listing("暂缓原因 Why something was held back", _held_reasons(settings, held))
    if settings.database.exists():
        try:
            with open_published(settings.database) as published:
                yield from _published_sections(published)
        except NotPublishedError as error:
            yield str(error)
    yield _closing(settings, night)


def _deliveries(acceptances: Sequence[Acceptance]) -> str:
    return _titled(
        "报送 Deliveries",
        ("区划\nDistrict", "年度\nYear", "结果\nOutcome", "有效版本\nVersion", "文件\nFiles", "新读取\nRead now"),
        [
            (
                acceptance.district_code,
                str(acceptance.fiscal_year),
                _OUTCOMES[acceptance.status],
                _or_dash(acceptance.version),
                len(acceptance.record.files),
                acceptance.files_read,
            )
            for acceptance in acceptances
        ],
    )


def _held_reasons(settings: Settings, held: Sequence[Acceptance]) -> list[str]:
    reasons = []
    for acceptance in held:
        place = f"{acceptance.district_code}/{acceptance.fiscal_year}"
        store = DistrictYearStore(settings.accepted, acceptance.district_code, acceptance.fiscal_year)
        if attempt := held_attempt(store):
            findings = attempt.findings().to_pylist()
            reasons += [describe_finding(finding) for finding in findings if finding["severity"] == Severity.FATAL]
        if acceptance.version is not None:
            reasons.append(f"{place}: 仍使用版本 {acceptance.version}。Version {acceptance.version} still counts.")
    return reasons


def _published_sections(published: duckdb.DuckDBPyConnection) -> Iterator[str]:
    rejected = published.execute(
        """
        select f.source_path, r.source_sheet, count(*) as rows, sum(r.money), min(r.source_line),
            min(r.messages_zh), min(r.messages)
        from quality.rejected_row as r
        join (select distinct source_file_id, source_path from quality.source_file) as f using (source_file_id)
        group by f.source_path, r.source_sheet, r.rule_ids
        order by rows desc, f.source_path, r.source_sheet, r.rule_ids
        """
    ).fetchall()
    if rejected:
        yield _titled(
            "剔除的行 Rows set aside",
            (
                "文件\nFile",
                "工作表\nSheet",
                "行数\nRows",
                "金额（元）\nMoney (yuan)",
                "首行\nFirst line",
                "原因\nReason",
            ),
            [
                (path, sheet or "", rows, _money(money), line, f"{reason_zh} {reason}")
                for path, sheet, rows, money, line, reason_zh, reason in rejected[:REASON_ROWS]
            ],
            _more(len(rejected) - REASON_ROWS, "from quality.rejected_row"),
        )
    else:
        yield "没有被剔除的行。No row was set aside."
    if findings := _findings_section(published):
        yield findings
    yield _department_section(published)
    yield _project_section(published)


def _findings_section(published: duckdb.DuckDBPyConnection) -> str | None:
    """What the rules found in what was published; what held something back is told elsewhere."""
    found = published.execute(
        """
        select severity, district_code, fiscal_year, rule_id, finding_key, source_sheet, source_line, message_zh,
            message
        from quality.finding where severity <> 'fatal'
        order by severity, abs(difference) desc nulls last, district_code, fiscal_year, rule_id, finding_key
        """
    )
    names = [column[0] for column in found.description or ()]
    findings = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    if not findings:
        return None
    labels = {"error": "错误 error", "warning": "警告 warning"}
    told = [f"{labels[finding['severity']]} {describe_finding(finding)}" for finding in findings]
    return _listing("检查发现 Findings", told)


def _department_section(published: duckdb.DuckDBPyConnection) -> str:
    rows = published.execute(
        """
        select district_code, fiscal_year, coalesce(department_name, department_code), initial_budget_amount,
            full_year_budget_amount, executed_amount, execution_rate_pct, net_adjustment_rate_pct, execution_status,
            adjustment_status, is_complete, set_aside_row_count
        from summary.department_execution
        order by district_code, fiscal_year desc, execution_rate desc nulls last, department_code, department_name
        """
    ).fetchall()
    return _titled(
        "部门 Departments",
        ("区划\nDistrict", "年度\nYear", "部门\nDepartment", *_FIGURE_HEADS),
        [(district, str(year), name, *_figures(rest)) for district, year, name, *rest in rows[:DEPARTMENT_ROWS]],
        _more(len(rows) - DEPARTMENT_ROWS, "from summary.department_execution"),
    )


def _project_section(published: duckdb.DuckDBPyConnection) -> str:
    rows = published.execute(
        """
        select district_code, fiscal_year, coalesce(project_name, project_code), initial_budget_amount,
            full_year_budget_amount, executed_amount, execution_rate_pct, net_adjustment_rate_pct, execution_status,
            adjustment_status, is_complete, set_aside_row_count, row_number() over (
                partition by district_code, fiscal_year
                order by full_year_budget_amount desc nulls last, project_code, project_name
            ) as place,
            count(*) over () as all_projects
        from summary.project_execution
        qualify place <= ?
        order by district_code, fiscal_year desc, place
        """,
        [PROJECT_ROWS],
    ).fetchall()
    hidden = rows[0][-1] - len(rows) if rows else 0
    return _titled(
        f"各区年度最大的 {PROJECT_ROWS} 个项目 The {PROJECT_ROWS} largest projects of each district and year",
        ("区划\nDistrict", "年度\nYear", "项目\nProject", *_FIGURE_HEADS),
        [(district, str(year), name, *_figures(rest[:9])) for district, year, name, *rest in rows],
        _more(hidden, "from summary.project_execution"),
    )


_FIGURE_HEADS = (
    f"{definition('initial_budget_amount').label_zh}（元）\nInitial (yuan)",
    f"{definition('full_year_budget_amount').label_zh}（元）\nFull-year (yuan)",
    f"{definition('executed_amount').label_zh}（元）\nExecuted (yuan)",
    f"{definition('execution_rate').label_zh}\nExecution rate",
    f"{definition('net_adjustment_rate').label_zh}\nAdjustment rate",
    f"{definition('execution_status').label_zh}\nExecution is",
    f"{definition('adjustment_status').label_zh}\nAdjustment is",
    f"{definition('is_complete').label_zh}\nComplete",
)


def _figures(values: Sequence[Any]) -> tuple[Any, ...]:
    initial, full_year, executed, execution, adjustment, execution_status, adjustment_status, *complete = values
    return (
        _money(initial),
        _money(full_year),
        _money(executed),
        _percent(execution),
        _percent(adjustment),
        _status("execution_status", execution_status),
        _status("adjustment_status", adjustment_status),
        _completeness(*complete),
    )


def _completeness(is_complete: bool | None, rows: int | None) -> str:
    """Whether rows are missing from a figure; ``rows``: how many, None where they could not be counted."""
    if is_complete:
        return "是 yes"
    missing = "" if rows is None else f"（{rows:,} 行未计入 rows set aside）"
    return f"不能确定 cannot be told{missing}" if is_complete is None else f"否 no{missing}"


def _status(figure: str, value: str) -> str:
    return f"{dict(value_labels(figure)).get(value, '')} {value}".strip()


def _closing(settings: Settings, night: Night) -> str:
    publication = night.publication
    lines = {
        "published": f"已发布 Published: build {publication.build_id}",
        "unchanged": f"无变化，未重新发布。Nothing has changed; build {publication.build_id} still stands.",
        "held_back": "未发布：检查未通过，仍使用上次发布。Not published: the gate refused; the last publication stays.",
        "nothing": "未发布：没有可发布的数据。Nothing could be published: no district-year has been accepted yet.",
    }
    told = [lines[publication.status], *(_reason(reason) for reason in publication.reasons)]
    if settings.database.exists():
        told += [
            f"数据库 Database: {settings.database}",
            f"通报 Reports: {settings.warehouse / 'reports'}/<district>/<year>/",
            '查询 Query: district-finance query "from summary.department_execution"',
        ]
    return "\n".join(told)


def _reason(reason: dict[str, Any]) -> str:
    return "  " + ", ".join(f"{name} {value}" for name, value in reason.items())


def _titled(title: str, heads: Sequence[str], rows: Sequence[Sequence[Any]], more: str = "") -> str:
    return "\n".join(filter(None, (title, format_table(heads, rows), more)))


def _listing(title: str, items: Sequence[str]) -> str:
    shown = [f"  {item}" for item in items[:REASON_ROWS]]
    if len(items) > REASON_ROWS:
        shown.append(f"  … 另有 {len(items) - REASON_ROWS} 条 more")
    return "\n".join([title, *shown])


def _more(count: int, query: str) -> str:
    return f'… 另有 {count} 行 more rows: district-finance query "{query}"' if count > 0 else ""


def _money(value: Decimal | None) -> Number:
    return Number("–" if value is None else f"{value:,.2f}")


def _percent(value: Decimal | None) -> Number:
    return Number("–" if value is None else f"{value:,.2f} %")


def _or_dash(value: object) -> str:
    return "–" if value is None else str(value)
