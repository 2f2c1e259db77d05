"""The ``reports`` commands: what they print of published documents.

Does not belong here: how a document is read or written (``pipelines.documents``), how it is compared (``sql/rules``).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from pipelines.commands.tables import format_table
from pipelines.contracts.figures import value_labels
from pipelines.contracts.quality_tables import PUBLISHED_MEASURES, STATEMENT_STATUSES
from pipelines.documents.accepted import read_accepted
from pipelines.documents.check import DIFFERS, Check, Compared, check_document, check_published
from pipelines.documents.confirm import NotAcceptedError, questions, take_back
from pipelines.documents.model import DEPARTMENT, DocumentRefused, Figure, Reading, Status
from pipelines.documents.published import PublishedFile, read_apart, update_published
from pipelines.documents.read import read_document, read_figures
from pipelines.documents.write import bulletin, final_account, self_evaluation
from pipelines.documents.write.forms import Form, as_workbook, department_form, project_form
from pipelines.documents.write.publication import NothingToWriteError
from pipelines.documents.write.report import (
    Fact,
    Missing,
    NoConverterError,
    Report,
    as_pdf,
    read_back,
    shown,
)
from pipelines.documents.write.templates import TemplateError, built_in, chosen, filled, template_path
from pipelines.settings import Settings
from pipelines.warehouse.connect import NotPublishedError
from pipelines.warehouse.lock import WarehouseLockedError, warehouse_lock

MEASURES_ZH = dict(PUBLISHED_MEASURES)
STATUS_ZH = dict(STATEMENT_STATUSES)
RECONCILIATION_ZH = dict(value_labels("reconciliation_status")) | {"unread": STATUS_ZH["unread"]}
"""How a published figure compares with the computed one, in Chinese."""


def read_and_print(settings: Settings, document: Path | None, *, as_json: bool, strict: bool) -> int:
    """Prints the figures of one document, or reads what is new below the folder of reports; returns the exit code."""
    if document is None:
        return _read_new(settings)
    try:
        reading = read_figures(read_document(document.name, document.read_bytes()))
    except DocumentRefused as refusal:
        raise click.ClickException(
            f"{document}: found {refusal.found}; {refusal.remedy}. 无法读取：{refusal.remedy_zh}。"
        ) from None
    unread = sum(figure.status is Status.UNREAD for figure in reading.figures)
    if as_json:
        click.echo(json.dumps([as_record(figure) for figure in reading.figures], ensure_ascii=False))
    else:
        print_reading(reading)
    return 1 if strict and unread else 0


def _read_new(settings: Settings) -> int:
    try:
        with warehouse_lock(settings.warehouse, wait_seconds=settings.lock_wait_seconds):
            count = update_published(settings)
    except WarehouseLockedError as error:
        raise click.ClickException(str(error)) from None
    click.echo(
        f"{settings.published_reports}: {count} new or changed documents were read; the next night publishes them. "
        f"已读取 {count} 个新增或变化的文件，下次运行时发布。"
    )
    return 0


def as_record(figure: Figure) -> dict[str, Any]:
    """A figure for programs; a field that does not apply is null, a value is a text with the decimals printed."""
    place = figure.place
    return {
        "subject": figure.subject,
        "measure": figure.measure,
        "value": str(figure.value),
        "unit": figure.unit,
        "status": figure.status,
        "fiscal_year": figure.fiscal_year,
        "page": place.page,
        "paragraph": place.paragraph,
        "start": place.start,
        "end": place.end,
        "table": place.table,
        "row": place.row,
        "column": place.column,
        "section": figure.section,
        "sentence": figure.sentence,
        "reading": figure.reading,
    }


def print_reading(reading: Reading) -> None:
    """Figures, what was passed over, and the ledger of numbers."""
    rows = [
        (
            _place(figure),
            figure.subject,
            MEASURES_ZH.get(figure.measure or "", "–"),
            f"{figure.value}{figure.unit}",
            STATUS_ZH[figure.status],
        )
        for figure in reading.figures
    ]
    click.echo(format_table(("位置\nplace", "事项\nsubject", "指标\nmeasure", "数值\nvalue", "状态\nstatus"), rows))
    for passed in reading.passed_over:
        click.echo(f"  未计 passed over: {passed.text} ({passed.reason})")
    unread = sum(figure.status is Status.UNREAD for figure in reading.figures)
    click.echo(
        f"共 {reading.tokens} 个数字：采用 {len(reading.figures) - unread}，未计 {len(reading.passed_over)}，"
        f"未读 {unread}。 {reading.tokens} numbers: {len(reading.figures) - unread} figures, "
        f"{len(reading.passed_over)} passed over, {unread} unread."
    )


def _place(figure: Figure) -> str:
    place = figure.place
    if place.table:
        return f"{place.page}页 表{place.table} 行{place.row} 列{place.column}"
    return f"{place.page}页 段{place.paragraph}"


def check_and_print(
    settings: Settings, document: Path | None, district: str | None, year: int | None, *, as_json: bool
) -> int:
    """Compares one document, or all that the last publication compared; returns the exit code.

    0: everything agrees. 3: something differs or is unread. 1: a document, or every one, could not be compared.
    """
    try:
        if document is None:
            checks = check_published(settings.database, district, year)
        else:
            file = _as_published(settings, document, district, year)
            accepted = read_accepted(settings.published_reports / file.district_code)
            checks = [check_document(settings.database, file, read_apart(file), accepted)]
    except NotPublishedError as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        click.echo(json.dumps([_check_record(check) for check in checks], ensure_ascii=False, default=str))
    else:
        for check in checks:
            print_check(check)
        if not checks:
            click.echo(f"no published report is compared below {settings.published_reports} | 没有可核对的公开报告")
    if checks and all(check.document.get("refusal") for check in checks):
        return 1
    return 0 if all(check.is_right for check in checks) else 3


def _as_published(settings: Settings, document: Path, district: str | None, year: int | None) -> PublishedFile:
    """The document with its district and year: as given, or as its place below the root of published reports tells."""
    path, root = document.resolve(), settings.published_reports.resolve()
    name = document.name
    if path.is_relative_to(root) and len(parts := path.relative_to(root).parts) > 2 and parts[1].isdecimal():
        name = path.relative_to(root).as_posix()
        district, year = district or parts[0], year or int(parts[1])
    if district is None or year is None:
        raise click.UsageError(
            f"{document} does not lie below {root}/<district>/<year>: give --district and --year"
            " | 文件不在公开报告目录中，请给出 --district 和 --year"
        )
    return PublishedFile(district, year, name, document.read_bytes())


def _check_record(check: Check) -> dict[str, Any]:
    """A check for programs; money in yuan and rates as ratios, exact, as texts."""
    return {
        "document_path": check.document["document_path"],
        "department_name": check.department_name,
        "refusal": check.document.get("refusal"),
        "is_right": check.is_right,
        "counts": check.counts,
        "figures": [asdict(figure) for figure in check.figures],
        "unread": check.unread,
        "inconsistencies": check.inconsistencies,
    }


def print_check(check: Check) -> None:
    """What differs, what the document contradicts itself in and what is unread; figures that agree only as a count."""
    path, department = check.document["document_path"], check.department_name
    click.echo(f"《{path}》 {department or '未识别发布部门 publisher not recognised'}")
    if refusal := check.document.get("refusal"):
        click.echo(f"  无法读取：{check.document.get('refusal_zh')}。 not read: {refusal}")
        return
    wrong = [figure for figure in check.figures if figure.reconciliation_status in {*DIFFERS, "not_linked"}]
    if wrong:
        heads = ("页\npage", "事项\nsubject", "指标\nmeasure", "公布\nprinted", "库中\nwarehouse", "核对\ncheck")
        click.echo(format_table(heads, [_check_row(figure) for figure in wrong]))
    for row in check.inconsistencies:
        told = "truncated 截尾" if row["is_truncated"] else "does not close 自相矛盾"
        of = check.figures_by_number.get(row["statement_number"])
        printed = f"{_subject(of.printed_subject)} {of.printed_value}" if of else f"#{row['statement_number']}"
        click.echo(f"  {told}：{printed}，应为 expected {row['expected_value']}（{row['other_figures']}）")
    for row in check.unread:
        click.echo(f"  未读 unread：第 {row['page_number']} 页 {row['printed_value']}：{row['printed_sentence']}")
    click.echo(
        "  " + "，".join(f"{RECONCILIATION_ZH[name]} {name} {count}" for name, count in check.counts.items() if count)
    )


def _check_row(figure: Compared) -> tuple[Any, ...]:
    computed = figure.computed_amount if figure.computed_rate is None else figure.computed_rate * 100
    unit = " 元" if figure.computed_rate is None else "%"
    return (
        figure.page_number,
        _subject(figure.printed_subject),
        MEASURES_ZH[figure.published_measure],
        figure.printed_value,
        "–" if computed is None else f"{computed:,.2f}{unit}",
        RECONCILIATION_ZH[figure.reconciliation_status],
    )


def _subject(name: str | None) -> str:
    return "部门整体" if name == DEPARTMENT else name or "–"


def confirm_and_tell(settings: Settings, file: Path | None, district: str | None, output: Path | None) -> int:
    """Writes the workbook of open questions, or takes a filled one back; returns the exit code.

    0: nothing is open, or the answers were taken. 3: questions are open.
    """
    if file is not None:
        try:
            taken = take_back(file.read_bytes(), settings.published_reports, settings.local_date(datetime.now(UTC)))
        except NotAcceptedError as error:
            raise click.ClickException(str(error)) from None
        click.echo(
            f"taken: {taken.figures} figures, {taken.names} names; they count from the next night on"
            f" | 已收录：数字 {taken.figures} 个，名称 {taken.names} 个，下次运行后生效"
        )
        return 0
    try:
        content, count = questions(settings.database, district)
    except NotPublishedError as error:
        raise click.ClickException(str(error)) from None
    if not count:
        click.echo("nothing to confirm | 没有待确认事项")
        return 0
    path = output or Path("公开报告待确认.xlsx")
    _save(path, content)
    click.echo(f"{path}: {count} questions; fill in and give it back with: reports confirm {path} | 待确认 {count} 项")
    return 3


OUTLINES = {
    "self-evaluation": self_evaluation.OUTLINE,
    "final-account": final_account.OUTLINE,
    "bulletin": bulletin.OUTLINE,
}
"""The kinds that are Word files, with what their built-in templates are made of."""


def write_template(settings: Settings, kind: str, output: Path | None) -> int:
    """Writes the built-in template of a kind for a bureau to edit, and tells where its own is looked for."""
    path = output or Path(f"{kind}.docx")
    _save(path, built_in(kind, OUTLINES[kind]).content)
    own = template_path(settings.published_reports, "<district>", kind)
    click.echo(f"{path}: edit it in Word, then keep it as {own} | 在 Word 中修改后存为 {own}")
    return 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be written: a kind of report and what it is about."""

    kind: str
    district: str
    year: int
    department: str | None = None
    project: str | None = None
    month: int | None = None
    template: Path | None = None


@dataclass(frozen=True, slots=True)
class _Written:
    title: str
    suffix: str
    content: bytes
    facts: list[Fact]
    missing: list[Missing]


def write_and_tell(settings: Settings, wanted: Wanted, output: Path | None, *, with_pdf: bool = False) -> int:
    """Writes what is wanted and reads it back; returns the exit code.

    0: written, every figure known and read back. 3: written, but a figure is unknown or is not read back as written.
    """
    try:
        written = _write(settings, wanted)
    except (NotPublishedError, NothingToWriteError, TemplateError) as error:
        raise click.ClickException(str(error)) from None
    path = output or Path(f"{written.title.replace('/', '_')}{written.suffix}")
    _save(path, written.content)
    if with_pdf:
        try:
            _save(path.with_suffix(".pdf"), as_pdf(path.name, written.content))
        except NoConverterError as error:
            raise click.ClickException(f"{path} is written; {error}") from None
    trip = read_back(written.facts, f"report{written.suffix}", written.content, wanted.year)
    click.echo(f"{path}: {len(written.facts)} figures, {len(written.missing)} unknown | 数字 {len(written.facts)} 个")
    for missing in written.missing:
        click.echo(f"  缺 unknown：{shown(missing.subject)} {missing.label}")
    for told, figures in (("未读回 not read back", trip.lost), ("多读出 read but not written", trip.invented)):
        for subject, measure, value, unit in figures:
            click.echo(f"  {told}：{shown(subject)} {MEASURES_ZH.get(measure, measure)} {value}{unit}")
    return 3 if written.missing or trip.lost or trip.invented else 0


def _write(settings: Settings, wanted: Wanted) -> _Written:
    database, district, year = settings.database, wanted.district, wanted.year
    if wanted.kind == "bulletin":
        name = settings.district_names.get(district)
        return _as_word(settings, wanted, bulletin.bulletin(database, district, year, wanted.month, name))
    if wanted.department is None:
        raise click.UsageError(f"{wanted.kind} is about a department: give --department | 请给出 --department")
    if wanted.kind == "project-form":
        if wanted.project is None:
            raise click.UsageError("project-form is about a project: give --project | 请给出 --project")
        return _as_sheet(project_form(database, district, year, wanted.department, wanted.project))
    if wanted.kind == "department-form":
        return _as_sheet(department_form(database, district, year, wanted.department))
    if wanted.kind == "final-account":
        return _as_word(settings, wanted, final_account.final_account(database, district, year, wanted.department))
    return _as_word(settings, wanted, self_evaluation.self_evaluation(database, district, year, wanted.department))


def _as_word(settings: Settings, wanted: Wanted, report: Report) -> _Written:
    outline = OUTLINES[wanted.kind]
    template = chosen(wanted.template, settings.published_reports, wanted.district, wanted.kind, outline)
    word = filled(template, report)
    return _Written(report.title, ".docx", word.content, word.facts, word.missing)


def _as_sheet(form: Form) -> _Written:
    title = f"{form.subject}{form.year}年度{form.title}"
    return _Written(title, ".xlsx", as_workbook(form), form.facts, form.missing)


def _save(path: Path, content: bytes) -> None:
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError:
        raise click.ClickException(
            f"{path} exists and may have been edited: it is kept; name another with --output | 文件已存在，未覆盖"
        ) from None
