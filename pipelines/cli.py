"""The ``district-finance`` command: options, help and exit codes.

Every import beyond click waits until a command runs, so that ``--help`` answers at once.
Does not belong here: what a command does (``pipelines.commands``) and how anything is computed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

if TYPE_CHECKING:
    from datetime import datetime

    from pipelines.settings import Settings

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 120}

_raw = click.option(
    "--raw", type=click.Path(path_type=Path), metavar="DIR", help="Deliveries, <district>/<year>/<file> | 报送文件目录"
)
_warehouse = click.option(
    "--warehouse", type=click.Path(path_type=Path), metavar="DIR", help="Where the database lies | 数据库所在目录"
)
_districts = click.option(
    "--district", "districts", multiple=True, metavar="CODE", help="Only this district; may be repeated | 只处理该区"
)
_published = click.option(
    "--published",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Published reports, <district>/<year>/<file> | 公开报告目录",
)


def run() -> NoReturn:
    """The installed command: ``main``, and then the end of the process at once; a traceback goes to the log."""
    try:
        main()
    except SystemExit as end:
        if not isinstance(end.code, int):
            raise
        end_at_once(end.code)
    except Exception as error:
        from pipelines.commands.unexpected import report_unexpected

        report_unexpected(error, _loaded[-1] if _loaded else None)
        end_at_once(1)
    raise AssertionError("click always ends with an exit code")


def end_at_once(code: int) -> NoReturn:
    """Ends the process with its exit code.

    Whatever was written is on disk by now. Python would yet take everything that was imported apart, object by object:
    0.4 s of a night, a fifth of a short question.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


@click.group(context_settings=_CONTEXT)
@click.version_option(package_name="district-finance", message="%(prog)s %(version)s")
def main() -> None:
    """A district's budget, adjustment and execution rates, from exports to SQL.

    区级预算、调整与执行率：从各单位导出文件到可查询的数据库。
    """


@main.command()
@_raw
@_warehouse
@_districts
@click.option("--rebuild", is_flag=True, help="Compare with a build from nothing too | 同时与全部重新生成的结果比对")
@click.pass_context
def nightly(
    context: click.Context, raw: Path | None, warehouse: Path | None, districts: tuple[str, ...], rebuild: bool
) -> None:
    """Read new deliveries, validate, publish | 读取新文件、校验并发布

    Exit code 0: everything is published. 3: published, but something was held back. 1: nothing could be published.

    退出码 0：全部发布；3：已发布，但有部分暂缓；1：未能发布。
    """
    from pipelines.commands.night import run_and_report

    context.exit(run_and_report(_of_districts(_settings(raw, warehouse), districts), rebuild=rebuild))


@main.command()
@click.argument("sql", required=False)
@click.option("--list", "list_only", is_flag=True, help="Questions that can be asked by name | 列出可按名运行的问题")
@_warehouse
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["table", "csv", "json", "xlsx", "parquet"]),
    help="By default from --output's ending, else table | 默认按文件后缀，否则为表格",
)
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Instead of the screen | 输出文件"
)
def query(
    sql: str | None, list_only: bool, warehouse: Path | None, output_format: str | None, output: Path | None
) -> None:
    """Ask the published database | 查询已发布的数据库

    SQL is a statement, or the name of one of the questions that --list shows.

    SQL 为查询语句，或 --list 列出的问题名。

    Amounts and rates keep their exact decimals in every format. In csv, a text that a spreadsheet would run as a
    formula gets an apostrophe in front.

    各种格式均保留精确小数；csv 中会被表格软件当作公式的文本前加撇号。

    \b
    district-finance query "from summary.department_execution" --output departments.xlsx
    """
    from pipelines.commands.examples import list_examples, statement_of

    if list_only:
        list_examples()
        return
    if sql is None:
        raise click.UsageError("give a statement, or --list | 请给出查询语句，或用 --list")
    from pipelines.commands.query import run_query

    run_query(_settings(None, warehouse).database, statement_of(sql), output_format, output)


@main.command()
@_warehouse
@click.pass_context
def shell(context: click.Context, warehouse: Path | None) -> None:
    """DuckDB's terminal client on the published database | 交互式查询"""
    from pipelines.commands.shell import run_shell

    context.exit(run_shell(_settings(None, warehouse).database))


@main.command()
@click.argument("address", metavar="DISTRICT/YEAR/ITEM")
@click.option(
    "--figure", default="execution_rate", show_default=True, metavar="NAME", help="Column, or its Chinese name | 指标"
)
@click.option("--rows", type=click.IntRange(min=1), default=20, show_default=True, help="Rows of each list | 每表行数")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["table", "json"]),
    default="table",
    help="json for programs | 输出格式",
)
@_warehouse
def explain(address: str, figure: str, rows: int, output_format: str, warehouse: Path | None) -> None:
    """Follow a figure to its source lines | 追溯某个数的来源

    The item is a department or a project, by code or name; department/project where a project's name is not enough.

    部门或项目，编码、名称均可；项目重名时写“部门/项目”。

    \b
    district-finance explain "440103/2022/招商引资经费" --figure execution_rate
    """
    from pipelines.commands.explain import explain_and_print

    explain_and_print(_settings(None, warehouse).database, address, figure, rows, output_format)


@main.command()
@click.argument("before", required=False, metavar="[BUILD")
@click.argument("after", required=False, metavar="[BUILD]]")
@click.option("--rows", type=click.IntRange(min=1), default=50, show_default=True, help="Rows of each list | 每表行数")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["table", "json"]),
    default="table",
    help="json for programs | 输出格式",
)
@_warehouse
def diff(before: str | None, after: str | None, rows: int, output_format: str, warehouse: Path | None) -> None:
    """What changed between publications | 比较两次发布

    Without arguments the last two; with one, that and the last. A publication is its id, the beginning of it, or its
    number in history.publication. Figures come first, then the delivered rows that changed them.

    不带参数比较最近两次；带一个则与最近一次比较。可用构建编号、编号开头或发布序号。
    """
    from pipelines.commands.diff import compare_and_print

    compare_and_print(_settings(None, warehouse), before, after, rows, output_format)


@main.command()
@_warehouse
def status(warehouse: Path | None) -> None:
    """What is published, what was held back | 发布情况与暂缓情况"""
    from pipelines.commands.status import print_status

    print_status(_settings(None, warehouse))


@main.command()
@click.option("--district", metavar="CODE", help="District code; all without | 区划代码，省略为全部")
@click.option("--year", type=int, metavar="YEAR", help="Fiscal year | 预算年度")
@click.option(
    "--workbooks",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write workbooks to send back to the offices | 生成退回单位更正的工作簿",
)
@_warehouse
def findings(district: str | None, year: int | None, workbooks: Path | None, warehouse: Path | None) -> None:
    """What offices must correct, file by file | 各单位需更正的内容"""
    from pipelines.commands.findings import print_findings

    print_findings(_settings(None, warehouse), district, year, workbooks)


@main.command()
@click.option("--district", metavar="CODE", help="District code; all without | 区划代码，省略为全部")
@click.option("--year", type=int, metavar="YEAR", help="Fiscal year | 预算年度")
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="As it stood on that day, in a folder of its own | 截至该日的情况，另存目录",
)
@click.option("--departments", is_flag=True, help="Those of every department too | 同时生成各部门的通报")
@_warehouse
def report(
    *, district: str | None, year: int | None, as_of: datetime | None, departments: bool, warehouse: Path | None
) -> None:
    """Write the bulletin workbook and the page | 生成通报工作簿与网页

    \b
    district-finance report --district 440103 --year 2022
    district-finance report --district 999999 --year 2024 --as-of 2024-05-31
    district-finance report --district 999999 --year 2024 --departments
    """
    from pipelines.commands.report import write_and_tell

    day = as_of.date() if as_of else None
    write_and_tell(_settings(None, warehouse), district, year, day, departments=departments)


@main.group()
def reports() -> None:
    """Published reports: read, compared, written | 公开报告的读取、核对与生成"""


@reports.command("read")
@click.option(
    "--document",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="One file, wherever it lies | 单个文件",
)
@click.option("--json", "as_json", is_flag=True, help="One list for programs | 输出 JSON")
@click.option("--strict", is_flag=True, help="Exit code 1 if a number is unread | 有未读数字时退出码为 1")
@_published
@_warehouse
@click.pass_context
def reports_read(
    context: click.Context,
    *,
    document: Path | None,
    as_json: bool,
    strict: bool,
    published: Path | None,
    warehouse: Path | None,
) -> None:
    """The figures of published reports, with their place | 读取公开报告中的数字

    Without --document: everything below the folder of published reports that is new or changed.

    不带 --document 时读取公开报告目录中新增或变化的文件。

    \b
    district-finance reports read --document 2022年自评报告.docx
    """
    from pipelines.commands.reports import read_and_print

    context.exit(read_and_print(_settings(None, warehouse, published), document, as_json=as_json, strict=strict))


@reports.command("check")
@click.option(
    "--document",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="One file, before or after it is published | 单个文件，公开前后均可",
)
@click.option("--district", metavar="CODE", help="District code | 区划代码")
@click.option("--year", type=int, metavar="YEAR", help="Fiscal year | 预算年度")
@click.option("--json", "as_json", is_flag=True, help="One list for programs | 输出 JSON")
@_published
@_warehouse
@click.pass_context
def reports_check(
    context: click.Context,
    *,
    document: Path | None,
    district: str | None,
    year: int | None,
    as_json: bool,
    published: Path | None,
    warehouse: Path | None,
) -> None:
    """Compare published reports with the publication | 公开报告与库中数字核对

    Without --document: every document that the last night compared. Exit code 0: every figure agrees. 3: something
    differs, contradicts itself or is unread. 1: it could not be compared.

    不带 --document 时列出最近一次发布所核对的全部文件。退出码 0：一致；3：有不一致、自相矛盾或未读；1：无法核对。

    \b
    district-finance reports check --document 2022年自评报告.docx --district 440103 --year 2022
    """
    from pipelines.commands.reports import check_and_print

    context.exit(check_and_print(_settings(None, warehouse, published), document, district, year, as_json=as_json))


@reports.command("confirm")
@click.argument("file", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--district", metavar="CODE", help="Questions of one district only | 只列一个区")
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="By default 公开报告待确认.xlsx"
)
@_published
@_warehouse
@click.pass_context
def reports_confirm(
    context: click.Context,
    *,
    file: Path | None,
    district: str | None,
    output: Path | None,
    published: Path | None,
    warehouse: Path | None,
) -> None:
    """Confirm figures and names of published reports | 人工确认公开报告的数字与名称

    Without FILE: writes a workbook of what the program does not decide: unread and contradicted figures, names that are
    no item of the accounts. With the filled FILE: keeps the answers beside the district's published reports. Only rows
    that a person signed count.

    不带文件时生成待确认表（未读、自相矛盾的数字，库中无同名的事项）；填好后带文件再运行，答案存入该区公开报告目录。
    只收录填写了确认人的行。

    \b
    district-finance reports confirm
    district-finance reports confirm 公开报告待确认.xlsx
    """
    from pipelines.commands.reports import confirm_and_tell

    context.exit(confirm_and_tell(_settings(None, warehouse, published), file, district, output))


@reports.command("write")
@click.option("--district", metavar="CODE", required=True, help="District code | 区划代码")
@click.option("--year", type=int, metavar="YEAR", required=True, help="Fiscal year | 预算年度")
@click.option("--department", metavar="NAME", help="Code or name; of all kinds but the bulletin | 部门编码或名称")
@click.option("--project", metavar="NAME", help="Code or name, for project-form | 项目编码或名称")
@click.option(
    "--month", type=click.IntRange(1, 12), metavar="MONTH", help="For bulletin, by default the last | 通报月份"
)
@click.option(
    "--kind",
    type=click.Choice(["self-evaluation", "final-account", "bulletin", "department-form", "project-form"]),
    default="self-evaluation",
    show_default=True,
    help="What to write | 种类：自评报告、决算说明、通报、部门自评表、项目自评表",
)
@click.option(
    "--template",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="By default the district's own, else the built-in one | 模板，默认用本区模板",
)
@click.option("--pdf", is_flag=True, help="A PDF beside it, where LibreOffice is installed | 同时生成 PDF")
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="By default its title | 输出文件"
)
@_published
@_warehouse
@click.pass_context
def reports_write(
    context: click.Context,
    *,
    district: str,
    year: int,
    department: str | None,
    project: str | None,
    month: int | None,
    kind: str,
    template: Path | None,
    pdf: bool,
    output: Path | None,
    published: Path | None,
    warehouse: Path | None,
) -> None:
    """Write a report or a form from the publication | 由已发布数字生成公开报告或自评表

    Figures that are unknown are marked and listed at the end; every figure has a comment that tells how to find its
    lines. Exit code 0: complete, and read back as written. 3: written, but a figure is unknown or not read back.

    缺少的数字在文中标明并列于文末；每个数字附有追溯来源的批注。退出码 0：完整并已读回验证；3：有缺少或未读回的数字。

    \b
    district-finance reports write --district 440103 --year 2022 --department 广州市荔湾区商务和投资促进局
    district-finance reports write --kind bulletin --district 999999 --year 2024 --month 9
    district-finance reports write --kind department-form --district 999999 --year 2024 --department 001001
    """
    from pipelines.commands.reports import Wanted, write_and_tell

    wanted = Wanted(kind, district, year, department, project, month, template)
    context.exit(write_and_tell(_settings(None, warehouse, published), wanted, output, with_pdf=pdf))


@reports.command("template")
@click.option(
    "--kind",
    type=click.Choice(["self-evaluation", "final-account", "bulletin"]),
    default="self-evaluation",
    show_default=True,
    help="Of which report | 种类：自评报告、决算说明、通报",
)
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="By default KIND.docx | 输出文件"
)
@_published
@click.pass_context
def reports_template(context: click.Context, *, kind: str, output: Path | None, published: Path | None) -> None:
    """The built-in Word template of a report, to be edited | 取出内置 Word 模板，供修改

    Kept as <published>/<district>/templates/KIND.docx, it is what reports write fills from then on.

    修改后存为公开报告目录下 <区划>/templates/<种类>.docx，此后 reports write 即使用该模板。

    \b
    district-finance reports template --kind bulletin
    """
    from pipelines.commands.reports import write_template

    context.exit(write_template(_settings(None, None, published), kind, output))


@main.group()
def province() -> None:
    """Many districts, each a warehouse, merged into one | 多区分别运行并合并为一库"""


@province.command("run")
@_raw
@_warehouse
@_districts
@click.option(
    "--runner",
    type=click.Choice(["local", "spark", "print"]),
    default="local",
    show_default=True,
    help="Processes here, a Spark cluster, or the commands for another scheduler | 运行方式",
)
@click.option(
    "--master", default="local[*]", show_default=True, metavar="URL", help="Of the Spark cluster | Spark 主节点"
)
@click.option("--processes", type=click.IntRange(min=1), metavar="N", help="By default half the cores | 并行进程数")
@click.pass_context
def province_run(
    context: click.Context,
    *,
    raw: Path | None,
    warehouse: Path | None,
    districts: tuple[str, ...],
    runner: str,
    master: str,
    processes: int | None,
) -> None:
    """Run every district's night, the largest first | 逐区运行夜间处理

    Exit codes are those of nightly. 退出码同 nightly。
    """
    from pipelines.commands.province import run_and_report as run_province

    settings = _of_districts(_settings(raw, warehouse), districts)
    context.exit(run_province(settings, runner=runner, master=master, processes=processes))


@province.command("merge")
@_warehouse
@click.pass_context
def province_merge(context: click.Context, warehouse: Path | None) -> None:
    """Merge what the districts published | 合并各区发布结果

    Exit code 0: all districts are as of now. 3: merged, but a district keeps its last build. 1: nothing was merged.

    退出码 0：各区均为最新；3：已合并，但有区沿用上次结果；1：未能合并。
    """
    from pipelines.commands.province import merge_and_report

    context.exit(merge_and_report(_settings(None, warehouse)))


@province.command("verify")
@_warehouse
@click.option("--engine", type=click.Choice(["spark"]), required=True, help="What to compare with | 比对引擎")
@click.option(
    "--master", default="local[*]", show_default=True, metavar="URL", help="Of the Spark cluster | Spark 主节点"
)
@click.pass_context
def province_verify(context: click.Context, warehouse: Path | None, engine: str, master: str) -> None:  # noqa: ARG001
    """Run the SQL on another engine and compare, row by row | 用另一引擎重算并逐行比对

    Of one district's warehouse or of a merged province. Exit code 0: every table and rule is equal. 1: one differs, or
    nothing could be compared.

    可用于单区数据库或合并后的全省数据库。退出码 0：全部一致；1：有不一致，或无法比对。
    """
    from pipelines.commands.province import verify_and_report

    context.exit(verify_and_report(_settings(None, warehouse), master=master))


@province.command("status")
@_warehouse
def province_status(warehouse: Path | None) -> None:
    """How each district's last run ended | 各区最近一次运行结果"""
    from pipelines.commands.province import print_status as print_province

    print_province(_settings(None, warehouse))


@main.command()
@click.argument("district_year", metavar="DISTRICT/YEAR")
@click.option("--reason", required=True, help="Why it may count; stays on record | 理由，记录在案")
@click.option("--by", "released_by", metavar="NAME", help="By default the login name | 放行人，默认为登录名")
@_warehouse
def release(district_year: str, reason: str, released_by: str | None, warehouse: Path | None) -> None:
    """Let one held-back delivery through | 放行一次被暂缓的报送

    It counts from the next nightly on. Refused files stay out; another delivery needs another release.

    自下次 nightly 起计入；被拒收的文件仍不计入；报送有变则须重新放行。

    \b
    district-finance release 440103/2022 --reason "核对无误，合计行系笔误"
    """
    import getpass

    from pipelines.commands.release import release_and_report

    release_and_report(_settings(None, warehouse), district_year, reason, released_by or getpass.getuser())


@main.command()
@click.option("--district", default="999999", show_default=True, metavar="CODE", help="District code | 区划代码")
@click.option(
    "--scale",
    type=click.FloatRange(min=0, min_open=True),
    default=0.01,
    show_default=True,
    help="1 = 200,000 payments | 规模",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same files | 随机种子")
@_raw
def demo(district: str, scale: float, seed: int, raw: Path | None) -> None:
    """Write a synthetic district's exports | 生成虚构区的报送文件"""
    from pipelines.commands.demo import write_and_report

    write_and_report(_settings(raw, None), district, scale, seed)


@main.command()
@_raw
@_warehouse
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json"]),
    default="text",
    help="json for monitoring | 输出格式",
)
@click.pass_context
def doctor(context: click.Context, raw: Path | None, warehouse: Path | None, output_format: str) -> None:
    """Check this installation, say what to do | 检查安装并给出处理办法

    Exit code 1 if something will stop a night, else 0. 退出码 1：有故障会影响运行；否则为 0。
    """
    from pipelines.commands.doctor import report_and_judge

    context.exit(report_and_judge(_settings(raw, warehouse), output_format))


@main.command()
@_warehouse
@click.option("--with-raw", is_flag=True, help="The deliveries too | 连同报送文件")
def backup(warehouse: Path | None, with_raw: bool) -> None:
    """Back up the warehouse, also while a night runs | 备份（运行时亦可）"""
    from pipelines.commands.backup import back_up_and_report

    back_up_and_report(_settings(None, warehouse), with_raw=with_raw)


@main.command()
@click.argument("archive", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@_raw
@_warehouse
def restore(archive: Path, raw: Path | None, warehouse: Path | None) -> None:
    """Restore a backup into an empty warehouse | 将备份恢复到空目录"""
    from pipelines.commands.backup import restore_and_report

    restore_and_report(_settings(raw, warehouse), archive)


@main.command()
@_warehouse
@click.option("--dry-run", is_flag=True, help="Only say what would go | 仅列出")
def prune(warehouse: Path | None, dry_run: bool) -> None:
    """Remove what retention no longer keeps | 按保留期限清理"""
    from pipelines.commands.prune import prune_and_report

    prune_and_report(_settings(None, warehouse), only_look=dry_run)


@main.command()
@click.argument("text", default="")
@click.option("--failure", metavar="NAME", help="Tell that this run or unit failed | 通知某任务失败")
@_warehouse
def notify(text: str, failure: str | None, warehouse: Path | None) -> None:
    """Send a test message to every receiver | 向所有通知对象发送测试消息"""
    from pipelines.commands.notify import notify_and_report

    notify_and_report(_settings(None, warehouse), text, failure=failure)


@main.command()
@_raw
@_warehouse
@click.option("--host", metavar="ADDRESS", help="By default the setting portal.host: 127.0.0.1 | 监听地址")
@click.option("--port", type=click.IntRange(0, 65535), metavar="PORT", help="By default 8765 | 端口")
@click.option("--new-token", metavar="USER", help="Only make a token for this user | 仅为该用户生成访问令牌")
def serve(raw: Path | None, warehouse: Path | None, host: str | None, port: int | None, new_token: str | None) -> None:
    """Pages and SQL in a browser, read-only | 网页查询（只读）

    Without users it listens on this machine only and shows everything; docs/portal.md tells how readers are told apart.

    未配置用户时只供本机访问且全部可见；用户与权限见 docs/portal.zh-CN.md。
    """
    from pipelines.commands.serve import print_token, serve_until_told

    if new_token:
        print_token(new_token)
        return
    settings = _settings(raw, warehouse)
    given = {name: value for name, value in {"host": host, "port": port}.items() if value is not None}
    serve_until_told(settings.model_copy(update={"portal": settings.portal.model_copy(update=given)}))


def _of_districts(settings: Settings, districts: tuple[str, ...]) -> Settings:
    """The settings, kept to some districts where the command line names any."""
    return settings.model_copy(update={"districts": districts}) if districts else settings


def _settings(raw: Path | None, warehouse: Path | None, published: Path | None = None) -> Settings:
    """Settings with the command line's directories on top."""
    from pipelines.commands.configuration import load_settings

    _loaded.append(load_settings(raw=raw, warehouse=warehouse, published=published))
    return _loaded[-1]


_loaded: list[Settings] = []
"""The settings of the command that runs, for ``run``."""
