"""The web application: addresses, who may ask them, and the answer to each as a page or a file.

Every address is GET (HEAD); only a statement that is too long for an address may come as a POST, and changes nothing.
Does not belong here: what pages show (``pages``, ``lists``, ``questions``), who may read (``access``).
"""

from __future__ import annotations

import logging
import secrets
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from hashlib import file_digest, sha256
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qs, quote, urlencode
from zoneinfo import ZoneInfo

import duckdb
import jinja2
from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from pipelines.contracts.figures import FIGURES, definition
from pipelines.ingest.deliveries import delivered_path
from pipelines.operations.last_night import last_night
from pipelines.portal import pages
from pipelines.portal.access import Access, AccessError, NotAllowedError, NotKnownError, Reader
from pipelines.portal.guard import POLICY, Guard, masked
from pipelines.portal.lists import (
    LISTS,
    PAGE_SIZES,
    SUBJECT,
    BadAddressError,
    departments,
    find_list,
    read_all,
    read_page,
)
from pipelines.portal.publications import Publication, Publications, Row, TooSlowError, rows_of
from pipelines.portal.questions import find_question, questions, run_question
from pipelines.portal.schema import published_tables
from pipelines.portal.statement_process import Answer, FileFormat
from pipelines.portal.statements import BusyError, Statements
from pipelines.portal.words import NUMBERS, Language, Unit, Words
from pipelines.reports.result_files import Result, TooManyRowsError, write_csv, write_xlsx
from pipelines.reports.write import department_folder, report_directory
from pipelines.settings import Settings
from pipelines.warehouse.connect import NotPublishedError
from pipelines.warehouse.explain import NotExplainedError, explain_row, published_row

logger = logging.getLogger(__name__)

_HERE = Path(__file__).parent
_ASSETS = _HERE / "assets"
_TYPES = {
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".csv": "text/csv; charset=utf-8",
    ".parquet": "application/vnd.apache.parquet",
    ".html": "text/html; charset=utf-8",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
_FILE_ENDINGS = (".xlsx", ".csv")
_REPORT_POLICY = (
    "sandbox allow-scripts allow-downloads allow-popups; default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"
)
"""A report is a page with a script of its own: it runs, in an origin of its own, and reaches nothing."""

_SHOWN_ROWS = 50
"""Source lines of one amount that an explanation shows by itself; the list of all is one step further."""

_FIRST_ROWS = 12
"""Rows of the watch and of the warnings that a district's page shows; the list of all is one step further."""

_LANGUAGE_PAIRS = {
    "watch_reasons_zh": "watch_reasons",
    "evidence_zh": "evidence",
    "message_zh": "message",
    "messages_zh": "messages",
    "outcome_reason_zh": "outcome_reason",
}
_BUILD_TIME = "finished_at"


@dataclass(frozen=True)
class Visit:
    """One request of a reader: what was asked, and the one publication that answers it."""

    portal: Portal
    path: str
    asked: Mapping[str, str]
    reader: Reader
    publication: Publication
    pinned_gone: str = ""

    @cached_property
    def words(self) -> Words:
        """The language and the unit that the address asks for."""
        language: Language = "en" if self.asked.get("lang") == "en" else "zh"
        unit: Unit = "yuan" if self.asked.get("unit") == "yuan" else "wan"
        return Words(language, unit, self.portal.zone)

    @property
    def is_newest(self) -> bool:
        """Whether there is no newer publication."""
        return self.publication.build_id == self.portal.publications.newest().build_id

    def to(self, path: str, *, pinned: bool = False, **asked: Any) -> str:
        """An address in the page's language and unit; ``pinned`` to the page's publication."""
        kept = {name: self.asked[name] for name in ("lang", "unit") if name in self.asked}
        if pinned or self.asked.get("publication") == self.publication.build_id:
            kept["publication"] = self.publication.build_id
        return _address(path, kept | asked)

    def here(self, path: str = "", **changes: Any) -> str:
        """This page with some of its address changed, and pinned to its publication; None takes a part away."""
        asked = {**self.asked, "publication": self.publication.build_id} | changes
        return _address(path or self.path, asked)

    def item(self, row: Mapping[str, Any], level: str, page: str = "", **asked: Any) -> str:
        """The address of a row's department or project, or of a ``page`` about it; of this publication."""
        key: dict[str, str] = {}
        for item in ("department", "project") if level == "project" else ("department",):
            # A code tells its department or project alone: it is given its one name before anything is summed.
            name = f"{item}_code" if row.get(f"{item}_code") else f"{item}_name"
            key[name] = row.get(name) or ""
        if page.startswith("contribution"):
            key["figure_level"] = level  # a line contributes to its project and to its department
        path = f"/d/{row['district_code']}/{row['fiscal_year']}/{page or level}"
        return self.to(path, pinned=True, **key, **asked)

    def is_explained(self, name: str, level: str) -> bool:
        """Whether a figure of a department or project can be followed to its source."""
        column = definition(name)
        return column.kind in NUMBERS and self.publication.has(f"summary.{level}_execution", name)

    def connection(self) -> Any:
        """A connection to the publication that sees what the reader may see."""
        return self.publication.connection(self.reader.scope, self.portal.settings.portal.page_seconds)


def _address(path: str, asked: Mapping[str, Any]) -> str:
    given = urlencode({name: "" if value == "" else value for name, value in asked.items() if value is not None})
    return f"{quote(path)}?{given}" if given else quote(path)


class Portal:
    """Everything that answers requests: the open publications, the readers' statements, the templates."""

    def __init__(self, settings: Settings) -> None:
        """Raises ``AccessError`` where the settings would let anybody in."""
        self.settings = settings
        self.zone = ZoneInfo(settings.schedule.time_zone)
        self.access = Access(settings.portal)
        self.publications = Publications(settings.database, settings.portal)
        self.statements = Statements(settings.database, settings.portal)
        self.page_limiter = CapacityLimiter(settings.portal.pages_at_once)
        # Some more than can run or wait, to be told at once that they cannot.
        self.statement_limiter = CapacityLimiter(settings.portal.sql_at_once + settings.portal.sql_waiting_at_most + 8)
        self.assets = {path.name: sha256(path.read_bytes()).hexdigest()[:12] for path in _ASSETS.iterdir()}
        self.templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def application(self) -> Guard:
        """The application with everything that stands before it."""
        routes = [
            Route("/", self._page(self._front)),
            Route("/d/{district}/{year:int}", self._page(self._district)),
            Route("/d/{district}/{year:int}/department", self._page(partial(self._item, "department"))),
            Route("/d/{district}/{year:int}/project", self._page(partial(self._item, "project"))),
            Route("/d/{district}/{year:int}/explain", self._page(self._explain)),
            Route("/d/{district}/{year:int}/{name}", self._page(self._list)),
            Route("/questions", self._page(self._questions)),
            Route("/questions/{name}", self._page(self._question)),
            Route("/sql", self._sql, methods=["GET", "POST"]),
            Route("/sql/result.{ending}", self._sql_file, methods=["GET", "POST"]),
            Route("/sql/tables.json", self._page(self._tables)),
            Route("/reports/{district}/{year:int}/{rest:path}", self._page(self._report)),
            Route("/files/{source_file_id}", self._page(self._delivered_file)),
            Route("/publication", self._page(self._newest)),
            Route("/health", self._health),
            Route("/static/{name}", self._static),
        ]
        compressed = Middleware(GZipMiddleware, minimum_size=2_000, compresslevel=2)
        application = Starlette(routes=routes, middleware=[compressed], lifespan=self._lifespan)
        return Guard(application, self.settings.portal, knows_users=self.access.knows_users)

    @asynccontextmanager
    async def _lifespan(self, application: Starlette) -> AsyncIterator[None]:
        del application
        self.statements.prepare()
        yield
        await run_sync(self.statements.close)

    # A request, from the reader to the answer -------------------------------------------------------------------

    def _page(self, make: Callable[[Visit, Request], Response]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            return await run_sync(self._answered, request, make, limiter=self.page_limiter)

        return answer

    def _answered(self, request: Request, make: Callable[[Visit, Request], Response]) -> Response:
        return self._or_error(request, lambda: make(self._visit(request), request))

    def _visit(self, request: Request) -> Visit:
        reader = self._reader(request)
        asked = dict(request.query_params)
        publication, gone = self.publications.newest(), ""
        if (build_id := asked.get("publication")) and build_id != publication.build_id:
            kept = self.publications.by_build(build_id)
            publication, gone = (kept, "") if kept else (publication, build_id)
        request.scope["state"]["publication"] = publication.build_id
        return Visit(self, request.url.path, asked, reader, publication, gone)

    def _reader(self, request: Request) -> Reader:
        address = request.client.host if request.client else None
        reader = self.access.reader(address, request.headers)
        request.scope["state"]["user"] = reader.name
        return reader

    def _or_error(self, request: Request, make: Callable[[], Response]) -> Response:
        """The answer, or a page that says why there is none."""
        headers: dict[str, str] = {}
        try:
            return make()
        except NotKnownError as error:
            status, message = (401, str(error)) if error.asks_for_token else (403, str(error))
            if error.asks_for_token:
                headers = {"WWW-Authenticate": 'Basic realm="district-finance", charset="UTF-8"'}
        except NotAllowedError as error:
            status, message = 403, str(error)
        except (NotExplainedError, FileNotFoundError) as error:
            status, message = 404, str(error)
        except (BadAddressError, TooManyRowsError, duckdb.ConversionException) as error:
            status, message = 400, str(error)
        except (NotPublishedError, TooSlowError, BusyError) as error:
            status, message, headers = 503, str(error), {"Retry-After": "30"}
        except AccessError:
            logger.exception("who may read cannot be told")
            status, message = 503, "用户名单无法读取，请联系管理员。Users cannot be told; ask the operator."
        except duckdb.OutOfMemoryException:
            status, message = 503, "所需内存过多，请缩小范围。Too much memory is needed; ask for less."
        except Exception:  # the reader gets a page, the operator the traceback
            logger.exception("a page could not be made")
            status, message = 500, "程序出错，已记入日志。The program failed; the log tells why."
        return self._error(request, status, message, headers)

    def _error(self, request: Request, status: int, message: str, headers: Mapping[str, str]) -> Response:
        words = Words("en" if request.query_params.get("lang") == "en" else "zh", "wan", self.zone)
        page = self.templates.get_template("error.html").render(
            w=words, status=status, message=message, assets=self.assets
        )
        return HTMLResponse(page, status, headers=dict(headers))

    def _html(self, visit: Visit, template: str, *, nonce: str = "", **shown: Any) -> Response:
        page = self.templates.get_template(template).render(
            v=visit,
            w=visit.words,
            assets=self.assets,
            lists=LISTS,
            figures=FIGURES,
            definition=definition,
            nonce=nonce,
            district_names=self.settings.district_names,
            built_at=visit.words.moment(visit.publication.build[_BUILD_TIME]),
            in_language=_in_language,
            columns_of=_columns_of,
            words_exact=Words(visit.words.language, "yuan", self.zone),
            reports_of=partial(self._report_files, visit),
            **shown,
        )
        headers = {"Content-Security-Policy": _with_nonce(nonce)} if nonce else {}
        return HTMLResponse(page, headers=headers)

    # Pages --------------------------------------------------------------------------------------------------------

    def _front(self, visit: Visit, request: Request) -> Response:
        del request
        compared = visit.asked.get("figure", pages.COMPARED[0])
        if compared not in pages.COMPARED:
            raise BadAddressError(f"figure: {compared}；可选 {', '.join(pages.COMPARED)}。expected one of these.")
        with visit.connection() as connection:
            found = pages.front(connection, visit.publication)
        return self._html(
            visit,
            "front.html",
            found=found,
            years=sorted({one.fiscal_year for one in found}, reverse=True),
            districts=sorted({one.district_code for one in found}),
            by_key={(one.district_code, one.fiscal_year): one for one in found},
            compared=compared,
            choices=pages.COMPARED,
            last_night=last_night(self.settings),
        )

    def _district(self, visit: Visit, request: Request) -> Response:
        district, year = _district_year(request)
        with visit.connection() as connection:
            found = [
                one
                for one in pages.front(connection, visit.publication)
                if (one.district_code, one.fiscal_year) == (district, year)
            ]
            if not found:
                raise NotExplainedError(f"{district}/{year} 尚未发布，或您无权查看。is not published, or not yours.")
            months = pages.district_months(connection, district, year)
            counts = self._list_counts(connection, visit.publication, district, year)
            top = rows_of(
                connection,
                f"select * from {LISTS['departments'].source} as item where district_code = $district"
                f" and fiscal_year = $year order by {LISTS['departments'].order} limit 200",
                {"district": district, "year": year},
            )
            first = {
                name: rows_of(
                    connection,
                    f"select * from {LISTS[name].source} as item where district_code = $district"
                    f" and fiscal_year = $year order by {LISTS[name].order} limit {_FIRST_ROWS}",
                    {"district": district, "year": year},
                )
                for name in ("watch", "warning")
                if visit.publication.has(LISTS[name].table)
            }
            fatal = rows_of(
                connection,
                "from quality.finding where district_code = $district and fiscal_year = $year and severity = 'fatal'"
                " order by rule_id, finding_key limit 50",
                {"district": district, "year": year},
            )
        return self._html(
            visit,
            "district.html",
            one=found[0],
            months=months,
            chart=pages.chart(months),
            counts=counts,
            departments=top,
            first=first,
            fatal=fatal,
            reports=self._report_files(visit, district, year),
        )

    def _list_counts(
        self, connection: duckdb.DuckDBPyConnection, publication: Publication, district: str, year: int
    ) -> dict[str, int]:
        tables = {
            one.name: f"{one.table} where district_code = $district and fiscal_year = $year"
            + (f" and {one.where}" if one.where else "")
            for one in LISTS.values()
            if publication.has(one.table) and one.name not in ("contribution", "set_aside")
        }
        return pages.counts_of(connection, tables, {"district": district, "year": year})

    def _item(self, level: str, visit: Visit, request: Request) -> Response:
        district, year = _district_year(request)
        with visit.connection() as connection:
            row = published_row(connection, level, _key_of(visit.asked, district, year))
            key = {name: row[name] for name in row if name in ("district_code", "fiscal_year", *SUBJECT)}
            months = pages.item_months(connection, level, key)
            narrowed = {name: "" if value is None else str(value) for name, value in key.items()}
            if level == "department":
                narrowed |= {name: value for name, value in visit.asked.items() if name in ("page", "sort", "size")}
            shown = {}
            for name in (
                "watch",
                "warning",
                "finding",
                "adjustment",
                f"{level}_history",
                "year_over_year",
                "fund_type",
            ):
                if visit.publication.has(LISTS[name].table) and not (level == "project" and name == "fund_type"):
                    limits = {"size": "50"} | {part: narrowed[part] for part in narrowed if part in _NARROWING}
                    if name in ("warning", "year_over_year"):
                        limits["figure_level"] = level
                    shown[name] = read_page(connection, visit.publication, LISTS[name], limits)
            projects = None
            if level == "department":
                projects = read_page(connection, visit.publication, LISTS["projects"], narrowed)
        curve = [pages.Month(one["month"], one["execution_rate_pct"], one["time_progress_pct"]) for one in months]
        return self._html(
            visit,
            "item.html",
            level=level,
            district=district,
            year=year,
            row=row,
            key=key,
            months=months,
            chart=pages.chart(curve),
            shown_lists=shown,
            month_columns=[definition(name) for name in (months[0] if months else ())],
            projects=projects,
            reports=self._report_files(visit, district, year, row["department_key"]) if level == "department" else [],
        )

    def _explain(self, visit: Visit, request: Request) -> Response:
        district, year = _district_year(request)
        asked = visit.asked
        level = "project" if "project_code" in asked or "project_name" in asked else "department"
        with visit.connection() as connection:
            row = published_row(connection, level, _key_of(asked, district, year))
            explanation = explain_row(
                connection, level, row, asked.get("figure", "execution_rate_pct"), rows=_SHOWN_ROWS
            )
            ids = dict(
                connection.execute(
                    "select distinct source_path, source_file_id from quality.source_file"
                    " where district_code = $district and fiscal_year = $year",
                    {"district": district, "year": year},
                ).fetchall()
            )
        key = {name: row[name] for name in explanation.subject}
        return self._html(
            visit, "explain.html", e=explanation, level=level, district=district, year=year, key=key, file_ids=ids
        )

    def _list(self, visit: Visit, request: Request) -> Response:
        district, year = _district_year(request)
        name, dot, ending = request.path_params["name"].partition(".")
        listed = find_list(name, visit.publication)
        asked = {**visit.asked, "district_code": district, "fiscal_year": str(year)}
        if dot:
            return self._list_file(visit, listed.name, asked, f".{ending}")
        with visit.connection() as connection:
            page = read_page(connection, visit.publication, listed, asked)
            known = departments(connection, district, year)
        return self._html(
            visit,
            "list.html",
            page=page,
            columns=_in_language(page.columns, visit.words),
            district=district,
            year=year,
            sizes=PAGE_SIZES,
            departments=known,
            subject={name: visit.asked[name] for name in SUBJECT if name in visit.asked},
        )

    def _list_file(self, visit: Visit, name: str, asked: Mapping[str, str], ending: str) -> Response:
        if ending not in _FILE_ENDINGS:
            raise BadAddressError(f"{ending}；可选 {', '.join(_FILE_ENDINGS)}。expected one of these.")
        listed = LISTS[name]
        directory = tempfile.TemporaryDirectory(prefix="district-finance-")
        path = Path(directory.name) / f"list{ending}"
        rows_at_most = self.settings.portal.file_rows_at_most
        try:
            with visit.connection() as connection:
                columns, rows = read_all(connection, visit.publication, listed, asked, rows_at_most)
                in_yuan = Words(visit.words.language, "yuan", self.zone)
                result = Result(tuple(in_yuan.label(column) for column in columns), rows)
                if ending == ".xlsx":
                    write_xlsx(result, path, sheet_name=listed.label_zh[:31], notes=self._notes(visit, listed.label_zh))
                else:
                    with path.open("w", encoding="utf-8-sig", newline="") as sink:
                        write_csv(result, sink)
        except BaseException:
            directory.cleanup()
            raise
        file_name = f"{asked['district_code']}_{asked['fiscal_year']}_{listed.label_zh}{ending}"
        return FileResponse(
            path, media_type=_TYPES[ending], filename=file_name, background=BackgroundTask(directory.cleanup)
        )

    def _notes(self, visit: Visit, title: str) -> list[tuple[str, str]]:
        """What belongs to a file that leaves the page: from which publication it is, and how it was narrowed."""
        narrowed = "；".join(
            f"{name}={value}" for name, value in visit.asked.items() if name not in _NOT_NARROWING and value
        )
        return [
            ("内容", title),
            ("发布", f"{visit.publication.build_id}（{visit.words.moment(visit.publication.build[_BUILD_TIME])}）"),
            ("条件", narrowed or "全部"),
            ("单位", "金额为元，比率为百分数；空白为未知，不是零"),
        ]

    def _questions(self, visit: Visit, request: Request) -> Response:
        del request
        return self._html(visit, "questions.html", questions=questions())

    def _question(self, visit: Visit, request: Request) -> Response:
        name, dot, ending = request.path_params["name"].partition(".")
        question = find_question(name)
        with visit.connection() as connection:
            if dot:
                return self._question_file(visit, connection, question, f".{ending}")
            answer = run_question(connection, question, visit.asked, page=visit.asked.get("page", "1"))
        return self._html(visit, "question.html", question=question, answer=answer)

    def _question_file(
        self, visit: Visit, connection: duckdb.DuckDBPyConnection, question: Any, ending: str
    ) -> Response:
        if ending not in _FILE_ENDINGS:
            raise BadAddressError(f"{ending}；可选 {', '.join(_FILE_ENDINGS)}。expected one of these.")
        directory = tempfile.TemporaryDirectory(prefix="district-finance-")
        path = Path(directory.name) / f"question{ending}"
        try:
            answer = run_question(
                connection, question, visit.asked, rows_at_most=self.settings.portal.file_rows_at_most
            )
            in_yuan = Words(visit.words.language, "yuan", self.zone)
            result = Result(tuple(in_yuan.label(column) for column in answer.columns), iter(answer.rows))
            if ending == ".xlsx":
                write_xlsx(
                    result, path, sheet_name=question.label_zh[:31], notes=self._notes(visit, question.meaning_zh)
                )
            else:
                with path.open("w", encoding="utf-8-sig", newline="") as sink:
                    write_csv(result, sink)
        except BaseException:
            directory.cleanup()
            raise
        return FileResponse(
            path,
            media_type=_TYPES[ending],
            filename=f"{question.label_zh}{ending}",
            background=BackgroundTask(directory.cleanup),
        )

    # SQL ----------------------------------------------------------------------------------------------------------

    async def _sql(self, request: Request) -> Response:
        asked = await self._asked_with_form(request)
        make = partial(self._sql_page, request, asked)
        return await run_sync(self._or_error, request, make, limiter=self.statement_limiter)

    def _sql_page(self, request: Request, asked: dict[str, str]) -> Response:
        visit = self._sql_visit(request, asked)
        statement, outcome, number = asked.get("q", "").strip(), None, 1
        if statement:
            number = int(asked["page"]) if asked.get("page", "").isdigit() else 1
            request.scope["state"]["statement"] = masked(statement)
            outcome = self.statements.page(visit.reader.name, self._short_enough(statement), max(1, number))
        return self._html(
            visit,
            "sql.html",
            nonce=secrets.token_urlsafe(16),
            statement=statement,
            outcome=outcome,
            is_answer=isinstance(outcome, Answer),
            number=number,
            size=self.settings.portal.sql_rows_per_page,
            limits=self.settings.portal,
            is_post=request.method == "POST",
            examples=questions(),
        )

    async def _sql_file(self, request: Request) -> Response:
        asked = await self._asked_with_form(request)
        make = partial(self._sql_result, request, asked)
        return await run_sync(self._or_error, request, make, limiter=self.statement_limiter)

    def _sql_result(self, request: Request, asked: dict[str, str]) -> Response:
        visit = self._sql_visit(request, asked)
        ending = request.path_params["ending"]
        formats: dict[str, FileFormat] = {"csv": "csv", "xlsx": "xlsx", "parquet": "parquet"}
        if ending not in formats:
            raise BadAddressError(f".{ending}；可选 {', '.join(formats)}。expected one of these.")
        statement = self._short_enough(asked.get("q", "").strip())
        request.scope["state"]["statement"] = masked(statement)
        directory = tempfile.TemporaryDirectory(prefix="district-finance-")
        path = Path(directory.name) / f"result.{ending}"
        outcome = self.statements.file(visit.reader.name, statement, formats[ending], path)
        if not isinstance(outcome, Answer):
            directory.cleanup()
            return self._error(request, 400, outcome.message, {})
        headers = {"X-Publication": outcome.build_id, "X-Rows-Limited": str(outcome.is_limited).lower()}
        return FileResponse(
            path,
            media_type=_TYPES[f".{ending}"],
            filename=f"查询结果.{ending}",
            headers=headers,
            background=BackgroundTask(directory.cleanup),
        )

    async def _asked_with_form(self, request: Request) -> dict[str, str]:
        """What was asked by the address and, for a statement too long for one, by a form of a bounded size."""
        asked = dict(request.query_params)
        if request.method == "POST":
            body = b""
            async for chunk in request.stream():
                body += chunk
                if len(body) > 12 * self.settings.portal.sql_characters_at_most:
                    return asked | {"q": " " + "x" * (self.settings.portal.sql_characters_at_most + 1)}
            form = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
            asked |= {name: values[0] for name, values in form.items()}
        return asked

    def _sql_visit(self, request: Request, asked: dict[str, str]) -> Visit:
        reader = self._reader(request)
        if not reader.may_ask_sql:
            raise NotAllowedError(
                "您的权限不含自由 SQL；可用“常用问题”。Free SQL is not among your rights; use the questions."
            )
        publication = self.publications.newest()
        request.scope["state"]["publication"] = publication.build_id
        # What came as a form is too long for the links of the page.
        in_address = {name: text for name, text in asked.items() if request.method != "POST" or name != "q"}
        return Visit(self, request.url.path, in_address, reader, publication)

    def _short_enough(self, statement: str) -> str:
        limit = self.settings.portal.sql_characters_at_most
        if len(statement) > limit:
            raise BadAddressError(f"语句超过 {limit} 个字符。The statement is longer than {limit} characters.")
        return statement

    def _tables(self, visit: Visit, request: Request) -> Response:
        del request
        if not visit.reader.may_ask_sql:
            raise NotAllowedError("您的权限不含自由 SQL。Free SQL is not among your rights.")
        with visit.connection() as connection:
            return JSONResponse(published_tables(connection))

    # Files --------------------------------------------------------------------------------------------------------

    def _report_files(
        self, visit: Visit, district: str, year: int, department_key: str | None = None
    ) -> list[tuple[str, str]]:
        """Name and address of every report of a district-year, or of a department of it, that the reader may have."""
        directory = report_directory(self.settings, district, year)
        if department_key is not None:
            directory /= department_folder(department_key)
        elif visit.reader.scope.departments is not None:
            folders = self._department_folders(visit, district, year)
            if len(folders) != 1:
                return []
            directory /= folders.pop()
        if not directory.is_dir():
            return []
        found = [path for path in sorted(directory.iterdir()) if path.is_file() and _is_report(path)]
        return [(path.name, f"/{path.relative_to(self.settings.warehouse).as_posix()}") for path in found]

    def _department_folders(self, visit: Visit, district: str, year: int) -> set[str]:
        """The folders of the departments that the reader sees."""
        with visit.connection() as connection:
            keys = connection.execute(
                "select department_key from summary.department_execution"
                " where district_code = $district and fiscal_year = $year",
                {"district": district, "year": year},
            ).fetchall()
        return {department_folder(key) for (key,) in keys}

    def _report(self, visit: Visit, request: Request) -> Response:
        district, year = _district_year(request)
        with visit.connection() as connection:
            seen = connection.execute(
                "select 1 from quality.district_year where district_code = $district and fiscal_year = $year",
                {"district": district, "year": year},
            ).fetchall()
        root = report_directory(self.settings, district, year).resolve()
        path = (root / request.path_params["rest"]).resolve()
        own = {root / folder for folder in self._department_folders(visit, district, year)}
        if not seen or (visit.reader.scope.departments is not None and path.parent not in own):
            raise NotAllowedError("您无权查看该报告。This report is not yours to see.")
        if not path.is_relative_to(root) or not path.is_file() or not _is_report(path):
            raise FileNotFoundError("没有该报告。There is no such report.")
        if path.suffix == ".html":
            headers = {"Content-Security-Policy": _REPORT_POLICY}
            return FileResponse(path, media_type=_TYPES[".html"], headers=headers)
        return FileResponse(path, media_type=_TYPES[path.suffix], filename=path.name)

    def _delivered_file(self, visit: Visit, request: Request) -> Response:
        if not visit.reader.may_have_files:
            raise NotAllowedError("您的权限不含原始文件。Delivered files are not among your rights.")
        with visit.connection() as connection:
            found = connection.execute(
                "select distinct source_path, source_sha256 from quality.source_file where source_file_id = $id",
                {"id": request.path_params["source_file_id"]},
            ).fetchall()
        if not found:
            raise FileNotFoundError("没有该文件。There is no such file.")
        source_path, expected = found[0]
        root = self.settings.raw.resolve()
        delivered = delivered_path(root, source_path)
        path = delivered.resolve() if delivered else None
        if path is None or not path.is_relative_to(root):
            raise FileNotFoundError(
                f"{source_path} 已不在 raw 目录中。is no longer in the raw directory, or lies inside an archive."
            )
        with path.open("rb") as file:
            digest = file_digest(file, "sha256").hexdigest()
        if digest != expected:
            raise FileNotFoundError(
                f"{source_path} 在发布后已被替换，不是本数字所依据的文件。was replaced since, it is not the file "
                "behind this figure."
            )
        return FileResponse(path, media_type="application/octet-stream", filename=PurePosixPath(source_path).name)

    # The rest -----------------------------------------------------------------------------------------------------

    def _newest(self, visit: Visit, request: Request) -> Response:
        del request
        return JSONResponse({"build_id": self.publications.newest().build_id, "shown": visit.publication.build_id})

    async def _health(self, request: Request) -> Response:
        del request
        try:
            await run_sync(self.publications.newest, limiter=self.page_limiter)
        except (NotPublishedError, duckdb.Error) as error:
            logger.warning("nothing can be shown: %s", error)
            return PlainTextResponse("nothing is published\n", 503)
        return PlainTextResponse("ok\n")

    async def _static(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in self.assets or Path(name).suffix not in _TYPES:
            return PlainTextResponse("not found\n", 404)
        headers = {"Cache-Control": "public, max-age=31536000, immutable"}
        return FileResponse(_ASSETS / name, media_type=_TYPES[Path(name).suffix], headers=headers)


_NARROWING = ("district_code", "fiscal_year", *SUBJECT)
_NOT_NARROWING = ("publication", "lang", "unit", "page", "size", "sort", "district_code", "fiscal_year")


def _in_language(columns: Any, words: Words) -> list[Any]:
    """The columns without the sentences of the other language."""
    names = {column.name for column in columns}
    hidden = _LANGUAGE_PAIRS.values() if words.language == "zh" else _LANGUAGE_PAIRS.keys()
    pairs = {**_LANGUAGE_PAIRS, **{en: zh for zh, en in _LANGUAGE_PAIRS.items()}}
    return [column for column in columns if not (column.name in hidden and pairs[column.name] in names)]


def _columns_of(name: str, words: Words) -> list[Any]:
    """The columns of a list of which a page shows the first rows."""
    return _in_language([definition(column) for column in LISTS[name].columns], words)


def _district_year(request: Request) -> tuple[str, int]:
    return request.path_params["district"], request.path_params["year"]


def _key_of(asked: Mapping[str, str], district: str, year: int) -> Row:
    given = {name: asked[name] or None for name in SUBJECT if name in asked}
    if not given:
        raise BadAddressError("地址中没有部门或项目。The address names no department or project.")
    return {"district_code": district, "fiscal_year": year} | given


def _is_report(path: Path) -> bool:
    return not path.name.startswith(".") and path.suffix in (".html", ".xlsx", ".docx")


def _with_nonce(nonce: str) -> str:
    return POLICY.replace("style-src 'self'", f"style-src 'self' 'nonce-{nonce}'")
