"""The page of one district and year: one self-contained file that asks nobody for anything.

The data lie in it as JSON that no name can end or run (``assets/page.js`` shows it as text only), and the content
policy allows exactly the scripts and the style that this module puts in, by their hashes. Does not belong here: what
is shown (content), how it is drawn (assets).
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from itertools import repeat
from pathlib import Path
from string import Template
from typing import Any

from pipelines.contracts.figures import Figure, definition, value_labels
from pipelines.contracts.model import Column, Kind
from pipelines.reports.content import Content, Table, english_label

_ASSETS = Path(__file__).parent / "assets"
_IN_PLACE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_TEXTS = (Kind.TEXT, Kind.CODE)
_OWN_SECTIONS = (
    "department",
    "project",
    "fund_type",
    "nature",
    "district_month",
    "watch",
    "watch_basis",
    "warning",
    "finding",
    "rejected_row",
)
"""Sections that the page draws in a way of their own; the others are tables under one another."""

_BUILD = ("build_id", "finished_at", "program_version")
"""What the page tells of its build."""

_HEADINGS = ("execution_rate", "net_adjustment_rate", "contract_date", "planned_start_date", "is_approved")
"""Figures that the page names without a column of theirs."""


def render_page(content: Content, figures: str, workbook: str) -> str:
    """The page as HTML: ``figures`` are those of ``content``, ``workbook`` is the name of the workbook beside it."""
    style = (_ASSETS / "page.css").read_text(encoding="utf-8")
    library = "".join(
        line
        for line in (_ASSETS / "chart.umd.min.js").read_text(encoding="utf-8").splitlines(keepends=True)
        if not line.startswith("//# sourceMappingURL")
    )
    script = (_ASSETS / "page.js").read_text(encoding="utf-8")
    title = f"{content.whose} {content.fiscal_year}年度预算执行情况"
    return Template((_ASSETS / "page.html").read_text(encoding="utf-8")).substitute(
        title=html.escape(title),
        workbook=html.escape(workbook),
        style=style,
        style_hash=_hash(style),
        library=library,
        script=script,
        script_hashes=" ".join(f"'{_hash(text)}'" for text in (library, script)),
        data=f'{{"build":{_json(_picked(content.build, _BUILD))},"figures":{figures}}}',
    )


def figures_json(content: Content) -> str:
    """Everything that the page shows except which build it comes from, as JSON."""
    return _json(_figures(content))


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _json(value: Any) -> str:
    """JSON for a script element: nothing in it can end the element or start another."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)
    for character, escaped in _IN_PLACE.items():
        text = text.replace(character, escaped)
    return text


def _plain(value: object) -> str:
    """A decimal with all its digits, a date as ISO text."""
    match value:
        case Decimal():
            return f"{value:f}"
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M")
        case date():
            return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place on the page")


def _picked(values: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: values[name] for name in names}


def _figures(content: Content) -> dict[str, Any]:
    tables = {**content.sections, content.source_files.name: content.source_files}
    shown = (*tables.values(), *content.lines.values())
    words: dict[str, int] = {}
    columns = [*map(definition, _HEADINGS), *(column for table in shown for column in table.columns)]
    return {
        "meta": {
            "district_code": content.district_code,
            "whose": content.whose,
            "fiscal_year": content.fiscal_year,
            "as_of": content.as_of_date,
            "is_year_finished": content.is_year_finished,
            **_picked(content.district_year, ("is_held_back", "accepted_version")),
        },
        "columns": _columns(columns),
        "totals": content.totals,
        "warning_counts": content.warning_counts,
        "warning_rule_count": content.warning_rule_count,
        "tables": {name: _table(table, words) for name, table in tables.items()},
        "more": [name for name in content.sections if name not in _OWN_SECTIONS],
        "lines": {name: _table(table, words) for name, table in content.lines.items() if table.rows},
        "words": list(words),
    }


def _table(table: Table, words: dict[str, int]) -> dict[str, Any]:
    """A table for the page; its texts are numbers of ``words``, because names and files repeat on every row."""
    columns = zip(*table.rows, strict=True) if table.rows else repeat(())
    shown = [_values(column, values, words) for column, values in zip(table.columns, columns, strict=False)]
    return {
        "zh": table.label_zh,
        "en": table.label,
        "meaning": table.meaning,
        "meaning_zh": table.meaning_zh,
        "columns": [column.name for column in table.columns],
        "texts": [at for at, column in enumerate(table.columns) if column.kind in _TEXTS],
        "rows": list(zip(*shown, strict=True)),
        "total": table.row_count,
    }


def _values(column: Column | Figure, values: Iterable[Any], words: dict[str, int]) -> Iterable[Any]:
    """A column's values as JSON knows them: texts are numbers of ``words``."""
    if column.kind in _TEXTS:
        return [None if text is None else words.setdefault(text, len(words)) for text in values]
    return values


def _columns(columns: Iterable[Column | Figure]) -> dict[str, dict[str, Any]]:
    described: dict[str, dict[str, Any]] = {}
    for column in columns:
        described[column.name] = {
            "zh": column.label_zh,
            "en": english_label(column.name),
            "kind": column.kind,
            "meaning": column.meaning,
            "meaning_zh": column.meaning_zh,
        }
        if isinstance(column, Figure):
            described[column.name] |= {"unit": column.unit_name, "formula": column.formula}
        if values := value_labels(column.name):
            described[column.name]["values"] = dict(values)
    return described
