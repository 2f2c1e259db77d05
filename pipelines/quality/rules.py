"""The rulebook: reads ``sql/rules``, asks the rules of a database, and registers every rule that there is.

A rule is a query that returns its failing cases. ``set_rows_aside`` asks the rules that set single rows aside, which
read delivered rows only; ``run_rules`` asks all others, after the figures were derived from what is left. A rule that
cannot be run is a mistake of ours and raises; it is never a finding.
Does not belong here: any rule's own logic (``sql/rules``), deciding what a finding leads to (warehouse).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from functools import cache
from typing import Any, Literal

import duckdb
import pyarrow as pa

from pipelines.contracts.cell_rules import CELL_RULES
from pipelines.contracts.datasets import DATASETS
from pipelines.contracts.model import Severity
from pipelines.quality.findings import Finding
from pipelines.quality.slips import explain, sentences
from pipelines.settings import RuleThresholds, Settings
from pipelines.sql_files import SqlFile, SqlFileError, read_sql_group

CATEGORIES: dict[str, tuple[str, str]] = {
    "delivery": ("Deliveries", "报送"),
    "file": ("Files", "文件"),
    "cell": ("Cells", "单元格"),
    "row": ("Rows", "数据行"),
    "existence": ("What must exist", "应有数据"),
    "arithmetic": ("Sums", "加总勾稽"),
    "reconciliation": ("Statement against detail", "执行情况表与明细核对"),
    "execution": ("Budget and payments", "预算与支付"),
    "coding": ("Codes", "编码"),
    "publication": ("Published figures", "公布数字"),
    "carryover": ("Carry-over between years", "跨年结转"),
    "plausibility": ("Plausibility", "合理性"),
    "conservation": ("Conservation", "守恒"),
}
"""Kinds of rules, in the order of the documentation, in English and Chinese."""

EFFECTS: dict[str, tuple[str, str]] = {
    "row_set_aside": ("the row is set aside", "剔除该行"),
    "file_refused": ("the file is refused", "拒收文件"),
    "district_year_held_back": ("the district-year is held back", "暂缓该区年度"),
    "publication_held_back": ("the publication is held back", "暂缓发布"),
    "reported": ("reported", "仅报告"),
}
"""What a rule's failure leads to, in English and Chinese."""

_REQUIRED_KEYS = ("rule", "severity", "category", "scope", "guards", "tolerance", "since", "message", "message_zh")
_OPTIONAL_KEYS = ("sets_aside", "value")
_REQUIRED_COLUMNS = ("district_code", "fiscal_year", "finding_key", "source_value", "target_value", "difference")
_PLACE = ("source_file_id", "source_sheet", "source_line")
_ITEM = ("department_code", "department_name", "project_code", "project_name")
_SHARED_NAME = re.compile(r"\brule_[a-z_]+\b")
_FIRST_VERSION = "0.1.0"
_LINE_BITS = 64
LISTED_LINES = 20
"""Source lines that a finding lists; all are counted."""

SET_ASIDE_SCHEMA = pa.schema(
    [
        ("dataset", pa.string()),
        ("source_file_id", pa.string()),
        ("source_sheet", pa.string()),
        ("source_line", pa.int64()),
        ("rule_id", pa.string()),
        ("message", pa.string()),
        ("message_zh", pa.string()),
    ]
)
"""A row that a rule sets aside; where several do, their ids and messages are joined by ``; `` and ``；``."""


class RuleCrashedError(Exception):
    """A rule could not be run or returned something else than failing cases: which file, and what was wrong."""


class Scope(StrEnum):
    """What a rule looks at: one district-year's rows, or the whole build."""

    DISTRICT_YEAR = "district_year"
    BUILD = "build"


@dataclass(frozen=True, slots=True)
class Rule:
    """One file of ``sql/rules``.

    ``thresholds`` are the fields of ``RuleThresholds`` that it reads. ``sets_aside`` is the dataset whose rows an
    error of this rule sets aside. ``value`` tells what its values are: amounts in yuan, rates as ratios, or counts.
    """

    id: str
    severity: Severity
    category: str
    scope: Scope
    guards: str
    thresholds: tuple[str, ...]
    since: str
    message: str
    message_zh: str
    sets_aside: str | None
    value: Literal["amount", "rate", "count"]
    file: SqlFile

    @property
    def effect(self) -> str:
        """What a failure leads to: a key of ``EFFECTS``."""
        if self.sets_aside:
            return "row_set_aside"
        if self.severity is Severity.FATAL:
            return "district_year_held_back" if self.scope is Scope.DISTRICT_YEAR else "publication_held_back"
        return "reported"


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """What the rules found, and the rows that they set aside (in ``SET_ASIDE_SCHEMA``)."""

    findings: list[Finding]
    rows_to_set_aside: pa.Table


@cache
def read_rules() -> tuple[Rule, ...]:
    """Every rule of ``sql/rules``, by id; raises ``SqlFileError`` for a file whose head is not a rule's."""
    return tuple(as_rule(file) for file in read_sql_group("rules"))


@cache
def _shared() -> dict[str, SqlFile]:
    """The files of ``sql/rules/shared`` by name: temporary tables that several rules read."""
    return {file.name: file for file in read_sql_group("rules/shared")}


def as_rule(file: SqlFile) -> Rule:
    """The rule that a file is; raises ``SqlFileError`` naming the file where its head is not a rule's."""
    keys = file.keys
    missing = [key for key in _REQUIRED_KEYS if key not in keys]
    unknown = sorted(keys.keys() - {*_REQUIRED_KEYS, *_OPTIONAL_KEYS})
    if missing or unknown:
        raise SqlFileError(f"{file.path}: the head lacks the keys {missing} and has the unknown keys {unknown}.")
    allowed: dict[str, Iterable[str]] = {
        "rule": [file.name.replace("_", "-")],
        "severity": list(Severity),
        "category": CATEGORIES,
        "scope": list(Scope),
        "value": ("amount", "rate", "count"),
        "sets_aside": DATASETS,
    }
    for key, values in allowed.items():
        if key in keys and keys[key] not in values:
            raise SqlFileError(f"{file.path}: {key} is {keys[key]!r}, expected one of {', '.join(values)}.")
    thresholds = tuple(part.strip() for part in keys["tolerance"].split(",") if part.strip() != "none")
    if strange := [name for name in thresholds if name not in RuleThresholds.model_fields]:
        raise SqlFileError(f"{file.path}: tolerance names {strange}, which settings.RuleThresholds does not define.")
    queries = " ".join([file.query, *(part.query for part in _shared_files(file))])
    if unread := [name for name in thresholds if name not in queries]:
        raise SqlFileError(f"{file.path}: tolerance names {unread}, which the query does not read.")
    return Rule(
        id=keys["rule"],
        severity=Severity(keys["severity"]),
        category=keys["category"],
        scope=Scope(keys["scope"]),
        guards=keys["guards"],
        thresholds=thresholds,
        since=keys["since"],
        message=keys["message"],
        message_zh=keys["message_zh"],
        sets_aside=keys.get("sets_aside"),
        value=keys.get("value", "amount"),  # type: ignore[arg-type]  # checked above
        file=file,
    )


def set_rows_aside(connection: duckdb.DuckDBPyConnection, settings: Settings) -> RuleOutcome:
    """Asks the rules that set single rows aside, and hides those rows behind views of their tables' names.

    ``core.<dataset>`` (tables or views) and ``quality.delivered_dataset`` must be filled, and the connection has the
    macros; nothing derived is read.

    Raises:
        RuleCrashedError: a rule could not be run.
    """
    tell_thresholds(connection, settings)
    connection.execute(
        "create or replace temp table rule_set_aside (dataset varchar, source_file_id varchar, source_sheet varchar,"
        " source_line bigint, rule_number bigint, rule_id varchar, message varchar, message_zh varchar)"
    )
    findings: list[Finding] = []
    rules = [rule for rule in read_rules() if rule.sets_aside]
    shared = {part.name: part for rule in rules for part in _shared_files(rule.file)}
    _make_shared(connection, shared.values())
    for number, rule in enumerate(rules):
        with _crashing(rule.file):
            findings.extend(_set_aside(connection, rule, number, settings))
    rows = connection.sql(
        "select dataset, source_file_id, source_sheet, source_line,"
        " string_agg(rule_id, '; ' order by rule_number) as rule_id,"
        " string_agg(message, '; ' order by rule_number) as message,"
        " string_agg(message_zh, '；' order by rule_number) as message_zh"
        " from rule_set_aside group by all order by all"
    ).to_arrow_table()
    for dataset in sorted({rule.sets_aside for rule in rules if rule.sets_aside}):
        _hide(connection, dataset)
    for name in shared:
        connection.execute(f"drop table temp.{name}")
    return RuleOutcome(findings, rows.cast(SET_ASIDE_SCHEMA))


def run_rules(
    connection: duckdb.DuckDBPyConnection, scope: Scope, settings: Settings, rules: Iterable[Rule] | None = None
) -> RuleOutcome:
    """Asks every rule of ``scope`` that reports or holds back, of a database whose derived tables and macros are made.

    ``rules`` may limit them (by default the whole rulebook).

    Raises:
        RuleCrashedError: a rule could not be run.
    """
    tell_thresholds(connection, settings)
    asked = [rule for rule in rules or read_rules() if rule.scope is scope and not rule.sets_aside]
    parts = [_shared_files(rule.file) for rule in asked]
    last_reader = {part.name: at for at, needed in enumerate(parts) for part in needed}
    last_reader |= {part.name: len(asked) for part in _shared_files(_shared()["rule_detail_line"])}
    made: set[str] = set()
    cases: list[_Case] = []
    for at, rule in enumerate(asked):
        _make_shared(connection, [part for part in parts[at] if part.name not in made])
        made |= {part.name for part in parts[at]}
        with _crashing(rule.file):
            cases += _cases(connection, rule, rule.file.query, settings)
        # They are wide: kept to the end, those of a city would not fit the memory that a run may use.
        for name in [name for name in made if last_reader[name] <= at]:
            connection.execute(f"drop table temp.{name}")
            made.remove(name)
    findings = [finding for finding, _ in _findings(connection, cases, settings)]
    return RuleOutcome(findings, SET_ASIDE_SCHEMA.empty_table())


def tables_read(scope: Scope) -> frozenset[str]:
    """The qualified tables that the rules of ``scope`` read, those that set rows aside left out."""
    rules = [rule.file for rule in read_rules() if rule.scope is scope and not rule.sets_aside]
    parts = [_shared()["rule_detail_line"], *(part for file in rules for part in _shared_files(file))]
    return frozenset().union(*(file.reads for file in (*rules, *parts)))


class _crashing:  # noqa: N801 - used as a with block
    """Turns what goes wrong inside into a ``RuleCrashedError`` that names the file."""

    def __init__(self, file: SqlFile) -> None:
        self._file = file

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, duckdb.Error | KeyError | ValueError):
            raise RuleCrashedError(f"{self._file.path}: the rule could not be run: {error}") from error


def tell_thresholds(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Makes the temporary table ``rule_threshold``: one row per district, one column per threshold."""
    columns = ", ".join(f"{name} decimal(18, 6)" for name in RuleThresholds.model_fields)
    connection.execute(f"create or replace temp table rule_threshold (district_code varchar, {columns})")
    districts = connection.execute("select distinct district_code from quality.delivered_dataset").fetchall()
    places = ", ".join("?" for _ in ("district_code", *RuleThresholds.model_fields))
    for (district_code,) in districts:
        values = settings.thresholds_of(district_code).model_dump().values()
        connection.execute(f"insert into rule_threshold values ({places})", [district_code, *values])


def rule_parts() -> list[SqlFile]:
    """The files of ``sql/rules/shared``, each behind those that it reads."""
    parts: dict[str, SqlFile] = {}
    for file in _shared().values():
        parts |= {part.name: part for part in (*_shared_files(file), file)}
    return list(parts.values())


def _shared_files(file: SqlFile) -> list[SqlFile]:
    """The files of ``sql/rules/shared`` that a query reads, each behind those that it reads itself."""
    found: dict[str, SqlFile] = {}
    for name in sorted(set(_SHARED_NAME.findall(file.query)) & _shared().keys() - {file.name}):
        found |= {part.name: part for part in _shared_files(_shared()[name])}
        found[name] = _shared()[name]
    return list(found.values())


def _make_shared(connection: duckdb.DuckDBPyConnection, parts: Iterable[SqlFile]) -> None:
    """Makes temporary tables of ``sql/rules/shared``, each behind those that it reads."""
    for part in parts:
        with _crashing(part):
            connection.execute(f"create or replace temp table {part.name} as {part.query}")


def _check_columns(columns: Iterable[str], required: Iterable[str]) -> None:
    found = set(columns)
    if missing := [name for name in required if name not in found]:
        raise ValueError(f"the query lacks the columns {', '.join(missing)}")


def _set_aside(connection: duckdb.DuckDBPyConnection, rule: Rule, number: int, settings: Settings) -> Iterator[Finding]:
    connection.execute(f"create or replace temp table rule_case as {rule.file.query}")
    columns = [name for name, *_ in connection.execute("describe rule_case").fetchall()]
    _check_columns(columns, (*_REQUIRED_COLUMNS, *_PLACE))
    keys = connection.execute("select distinct finding_key from rule_case").fetchall()
    if not keys:
        return
    messages = pa.table(
        {
            "finding_key": [key for (key,) in keys],
            "message": [rule.message.format(finding_key=key) for (key,) in keys],
            "message_zh": [rule.message_zh.format(finding_key=key) for (key,) in keys],
        }
    )
    connection.register("rule_message", messages)
    connection.execute(
        "insert into rule_set_aside select ?, source_file_id, source_sheet, source_line, ?, ?, message, message_zh"
        " from rule_case inner join rule_message using (finding_key)",
        [rule.sets_aside, number, rule.id],
    )
    connection.unregister("rule_message")
    items = "".join(f", min({name}) as {name}" for name in _ITEM if name in columns)
    grouped = (
        "select district_code, fiscal_year, finding_key, sum(source_value) as source_value,"
        " sum(target_value) as target_value, sum(difference) as difference,"
        " first_places(source_file_id, source_sheet, source_line) as source_lines, count(*) as source_line_count"
        f"{items} from rule_case group by district_code, fiscal_year, finding_key"
    )
    for finding, case in _findings(connection, _cases(connection, rule, grouped, settings), settings):
        if not finding.source_line_count:
            yield finding
            continue
        rows, money = finding.source_line_count, _shown(case["source_value"], "amount")
        yield replace(
            finding,
            message=f"{finding.message} {rows:,} rows with {money} yuan are set aside.",
            message_zh=f"{finding.message_zh}共剔除 {rows:,} 行，{money} 元。",
        )


def _hide(connection: duckdb.DuckDBPyConnection, dataset: str) -> None:
    """Puts a view in the place of ``core.<dataset>`` that shows what was not set aside."""
    if not connection.execute("select 1 from rule_set_aside where dataset = ? limit 1", [dataset]).fetchall():
        return
    kind = (
        "view"
        if connection.execute(
            "select 1 from duckdb_views() where schema_name = 'core' and view_name = ?", [dataset]
        ).fetchall()
        else "table"
    )
    connection.execute(f"alter {kind} core.{dataset} rename to {dataset}_as_delivered")
    connection.execute(
        f"create view core.{dataset} as select * from core.{dataset}_as_delivered as delivered"
        f" where not exists (from rule_set_aside as gone where gone.dataset = '{dataset}'"
        " and gone.source_file_id = delivered.source_file_id"
        " and gone.source_sheet is not distinct from delivered.source_sheet"
        " and gone.source_line = delivered.source_line)"
    )


_Case = tuple[Rule, dict[str, Any]]
"""What one rule found once: the row that its query returned, by column."""


def _cases(connection: duckdb.DuckDBPyConnection, rule: Rule, query: str, settings: Settings) -> list[_Case]:
    """The cases that ``query`` returns, the largest differences first, and one that tells how many more there are."""
    cursor = connection.execute(
        f"with failing as ({query}) select *, count(*) over district_year as case_count, row_number() over ("
        " partition by district_code, fiscal_year order by abs(difference) desc nulls last, finding_key) as case_number"
        " from failing window district_year as (partition by district_code, fiscal_year)"
        " qualify case_number <= ? + 1 order by district_code, fiscal_year, case_number",
        [settings.findings_per_rule],
    )
    names = [column[0] for column in cursor.description or ()]
    _check_columns(names, _REQUIRED_COLUMNS)
    return [(rule, dict(zip(names, values, strict=True))) for values in cursor.fetchall()]


def _findings(
    connection: duckdb.DuckDBPyConnection, cases: Sequence[_Case], settings: Settings
) -> Iterator[tuple[Finding, dict[str, Any]]]:
    """The cases as findings. Source lines are looked up for all of them at once: each look reads every payment."""
    with _crashing(_shared()["rule_detail_line"]):
        _tell_source_lines(connection, [case for _, case in cases])
    for rule, case in cases:
        with _crashing(rule.file):
            yield _told(rule, case, settings), case


def _told(rule: Rule, case: Mapping[str, Any], settings: Settings) -> Finding:
    if case["case_number"] <= settings.findings_per_rule:
        return _finding(rule, case)
    more = case["case_count"] - settings.findings_per_rule
    return Finding(
        rule.id,
        rule.severity,
        district_code=case["district_code"],
        fiscal_year=case["fiscal_year"],
        message=f"{more:,} further cases of this rule are not listed; {case['case_count']:,} in all.",
        message_zh=f"另有 {more:,} 例未列出，共 {case['case_count']:,} 例。",
    )


def _tell_source_lines(connection: duckdb.DuckDBPyConnection, cases: Sequence[dict[str, Any]]) -> None:
    """Puts files, sheets and lines in the place of the numbers in ``source_lines``.

    A number with a file's hash in its upper half is a place (``sql/macros/source_place.sql``). A smaller one is a row
    of ``rule_detail``, whose lines are looked up only now: to carry them through every rule would cost more than all
    rules do.
    """
    told = {number for case in cases for number in case.get("source_lines") or ()}
    places = {number: [number] for number in told if number >> _LINE_BITS}
    if wanted := sorted(told - places.keys()):
        connection.register("rule_wanted_detail", pa.table({"detail_number": wanted}))
        for number, lines in connection.execute(_shared()["rule_detail_line"].query).fetchall():
            places.setdefault(number, []).extend(lines)
        connection.unregister("rule_wanted_detail")
    sheets = _sheets(connection) if told else {}
    for case in cases:
        first = [place for number in case.get("source_lines") or () for place in sorted(places[number])]
        case["source_lines"] = [_source_line(place, sheets) for place in first[:LISTED_LINES]]


def _sheets(connection: duckdb.DuckDBPyConnection) -> dict[int, tuple[str, str | None]]:
    """File and sheet of the first half of a place (``sql/macros/source_place.sql``)."""
    rows = connection.execute(
        "select distinct source_place(source_file_id, source_sheet, 0), source_file_id, source_sheet"
        " from quality.source_file"
    ).fetchall()
    sheets = {place >> _LINE_BITS: (file_id, sheet) for place, file_id, sheet in rows}
    if len(sheets) < len(rows):
        raise ValueError("two sheets have one hash; add a character to the name of one of the files")
    return sheets


def _source_line(place: int, sheets: Mapping[int, tuple[str, str | None]]) -> dict[str, Any]:
    file_id, sheet = sheets[place >> _LINE_BITS]
    return {"source_file_id": file_id, "source_sheet": sheet, "source_line": place & (2**_LINE_BITS - 1)}


def _finding(rule: Rule, case: Mapping[str, Any]) -> Finding:
    english, chinese = _texts(rule, case)
    lines = case["source_lines"]
    first = case if case.get("source_file_id") else (lines[0] if lines else {})
    return Finding(
        rule_id=rule.id,
        severity=rule.severity,
        district_code=case["district_code"],
        fiscal_year=case["fiscal_year"],
        message=english,
        message_zh=chinese,
        finding_key=case["finding_key"],
        source_file_id=first.get("source_file_id"),
        source_sheet=first.get("source_sheet"),
        source_line=first.get("source_line"),
        source_value=_places(case["source_value"]),
        target_value=_places(case["target_value"]),
        difference=_places(case["difference"]),
        source_lines=json.dumps(lines, ensure_ascii=False) if lines else None,
        source_line_count=case.get("source_line_count") or (1 if first else None),
        **{name: case.get(name) for name in _ITEM},
    )


def _texts(rule: Rule, case: Mapping[str, Any]) -> tuple[str, str]:
    facts = {name: _shown(value, rule.value) for name, value in case.items()}
    english, chinese = rule.message.format_map(facts), rule.message_zh.format_map(facts)
    if case.get("parts"):
        slip, slip_zh = _slip_sentences(case)
        if slip:
            english, chinese = f"{english} {slip}", f"{chinese}{slip_zh}"
    return english, chinese


def _slip_sentences(case: Mapping[str, Any]) -> tuple[str, str]:
    """What single correction explains the case.

    ``parts`` should add up to ``source_value`` where ``total_label`` names that figure, which may be wrong itself;
    without a label they should add up to ``target_value``, which the program computed.
    """
    factor = case.get("unit_factor") or 1
    parts = [part for part in case["parts"] if part["amount"] is not None]
    amounts = [part["amount"] / factor for part in parts]
    label = case.get("total_label")
    if label:
        total = case["source_value"] / factor
    else:
        places = max((-int(amount.normalize().as_tuple().exponent) for amount in amounts), default=2)
        total = (case["target_value"] / factor).quantize(Decimal(1).scaleb(-max(places, 2)), ROUND_HALF_UP)
    slips = explain(
        total,
        amounts,
        tolerance=(case.get("allowed_difference") or Decimal(0)) / factor,
        total_may_be_wrong=bool(label),
    )
    unit, unit_zh = (" yuan", "元") if factor == 1 else (" 万元", "万元")
    return sentences(slips, [part["label"] for part in parts], label or "", unit=unit, unit_zh=unit_zh)


def _shown(value: object, kind: str) -> str:
    """A value as it stands in a message."""
    if value is None:
        return "—"
    if isinstance(value, Decimal):
        if kind == "rate":
            return f"{(value * 100).quantize(Decimal('0.0001'), ROUND_HALF_UP):,f}".removesuffix("00")
        return f"{value:,.2f}" if kind == "amount" else f"{value.normalize():,f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _places(value: object) -> Decimal | None:
    """A value as a finding stores it: six places."""
    return None if value is None else Decimal(str(value)).quantize(Decimal("0.000001"), ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class RegisteredRule:
    """One line of the register; the fields are the columns of ``quality.rule``."""

    rule_id: str
    severity: str
    rule_category: str
    rule_effect: str
    rule_scope: str
    guarded_table: str
    tolerance: str
    since_version: str
    meaning: str
    meaning_zh: str
    message: str
    message_zh: str
    rule_origin: str


def register(settings: Settings | None = None) -> list[RegisteredRule]:
    """Every rule that there is: of ``sql/rules``, of the contracts, and of cells and files; by category and id.

    ``settings`` give the thresholds that are told as tolerance; by default those that ship with the program.
    """
    thresholds = settings.thresholds if settings else RuleThresholds()
    entries = [*_registered_sql_rules(thresholds), *_registered_row_rules(), *_registered_cell_rules()]
    order = list(CATEGORIES)
    return sorted(entries, key=lambda entry: (order.index(entry.rule_category), entry.rule_id))


def register_table(settings: Settings) -> pa.Table:
    """The register as rows of ``quality.rule``."""
    return pa.Table.from_pylist([asdict(entry) for entry in register(settings)])


def _registered_sql_rules(thresholds: RuleThresholds) -> Iterator[RegisteredRule]:
    for rule in read_rules():
        yield RegisteredRule(
            rule_id=rule.id,
            severity=rule.severity,
            rule_category=rule.category,
            rule_effect=rule.effect,
            rule_scope=rule.scope,
            guarded_table=rule.guards,
            tolerance=", ".join(f"{name} = {getattr(thresholds, name)}" for name in rule.thresholds),
            since_version=rule.since,
            meaning=rule.file.meaning,
            meaning_zh=rule.file.meaning_zh,
            message=rule.message,
            message_zh=rule.message_zh,
            rule_origin=f"sql/rules/{rule.file.path.name}",
        )


def _registered_row_rules() -> Iterator[RegisteredRule]:
    for dataset in DATASETS.values():
        for rule in dataset.row_rules:
            yield RegisteredRule(
                rule_id=rule.id,
                severity=rule.severity,
                rule_category="row",
                rule_effect="row_set_aside",
                rule_scope="file",
                guarded_table=f"core.{dataset.name}",
                tolerance="",
                since_version=_FIRST_VERSION,
                meaning=rule.message,
                meaning_zh=rule.message_zh,
                message=rule.message,
                message_zh=rule.message_zh,
                rule_origin=f"contract {dataset.name}",
            )


_CONSERVATION_RULES = frozenset(
    {"too-much-set-aside", "rows-or-money-not-conserved", "money-not-readable", "unknown-money-may-matter"}
)
_DELIVERY_RULES = frozenset(
    {
        "year-is-closed",
        "closed-month-changed",
        "delivery-missing",
        "delivery-late",
        "delivery-withdrawn",
        "rows-removed",
        "month-not-delivered",
        "too-much-removed",
        "file-not-ready",
        "file-waits-too-long",
    }
)
"""Rules of cells and files that are about a whole district-year: what it leads to follows from their severity."""


def _registered_cell_rules() -> Iterator[RegisteredRule]:
    effects = {
        Severity.ERROR: ("cell", "row_set_aside"),
        Severity.WARNING: ("cell", "reported"),
        Severity.FATAL: ("file", "file_refused"),
    }
    for rule in CELL_RULES.values():
        category, effect = effects[rule.severity]
        if rule.id in _CONSERVATION_RULES | _DELIVERY_RULES:
            category = "conservation" if rule.id in _CONSERVATION_RULES else "delivery"
            effect = "district_year_held_back" if rule.severity is Severity.FATAL else "reported"
        yield RegisteredRule(
            rule_id=rule.id,
            severity=rule.severity,
            rule_category=category,
            rule_effect=effect,
            rule_scope="file" if effect != "district_year_held_back" else "district_year",
            guarded_table="quality.source_file" if effect != "row_set_aside" else "quality.rejected_row",
            tolerance="",
            since_version=_FIRST_VERSION,
            meaning=rule.message,
            meaning_zh=rule.message_zh,
            message=rule.message,
            message_zh=rule.message_zh,
            rule_origin="cell rules",
        )
