"""Findings: what the rules have to say about a file, a district-year or a build.

Does not belong here: rows that were set aside (they carry their reasons themselves).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from decimal import Decimal

import pyarrow as pa

from pipelines.contracts.cell_rules import CELL_RULES

FINDING_SCHEMA = pa.schema(
    [
        ("rule_id", pa.string()),
        ("severity", pa.string()),
        ("district_code", pa.string()),
        ("fiscal_year", pa.int64()),
        ("source_file_id", pa.string()),
        ("source_sheet", pa.string()),
        ("source_line", pa.int64()),
        ("finding_key", pa.string()),
        ("department_code", pa.string()),
        ("department_name", pa.string()),
        ("project_code", pa.string()),
        ("project_name", pa.string()),
        ("source_value", pa.decimal128(38, 6)),
        ("target_value", pa.decimal128(38, 6)),
        ("difference", pa.decimal128(38, 6)),
        ("message", pa.string()),
        ("message_zh", pa.string()),
        ("source_lines", pa.string()),
        ("source_line_count", pa.int64()),
    ]
)
"""The shape of ``quality.finding``; amounts in yuan, rates as ratios; ``source_lines`` is JSON or empty."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One failing case of one rule; the fields are those of ``FINDING_SCHEMA``."""

    rule_id: str
    severity: str
    district_code: str
    fiscal_year: int
    message: str
    message_zh: str
    finding_key: str = ""
    source_file_id: str | None = None
    source_sheet: str | None = None
    source_line: int | None = None
    source_value: Decimal | None = None
    target_value: Decimal | None = None
    difference: Decimal | None = None
    source_lines: str | None = None
    source_line_count: int | None = None
    department_code: str | None = None
    department_name: str | None = None
    project_code: str | None = None
    project_name: str | None = None


_IN_BOTH = re.compile("\ue000([^\ue001]*)\ue001([^\ue002]*)\ue002")
"""What ``in_both`` makes, of code points that no text has."""


def in_both(chinese: str, english: str) -> str:
    """A part of what was found or expected, of which each message keeps its own language."""
    return f"\ue000{chinese}\ue001{english}\ue002"


def cell_rule_finding(
    rule_id: str,
    *,
    district_code: str,
    fiscal_year: int,
    found: str = "",
    expected: str = "",
    remedy: str = "",
    remedy_zh: str = "",
    **place: object,
) -> Finding:
    """A finding of a cell or file rule, with its messages filled in; ``place`` are further fields of ``Finding``."""
    rule = CELL_RULES[rule_id]
    facts, facts_zh = (
        {"found": _IN_BOTH.sub(kept, found), "expected": _IN_BOTH.sub(kept, expected)} for kept in (r"\2", r"\1")
    )
    return Finding(
        rule_id=rule_id,
        severity=rule.severity,
        district_code=district_code,
        fiscal_year=fiscal_year,
        message=" ".join(filter(None, (rule.message.format(**facts), remedy))),
        message_zh=rule.message_zh.format(**facts_zh) + remedy_zh,
        **place,  # type: ignore[arg-type]  # names and types are Finding's own
    )


def findings_table(findings: Iterable[Finding]) -> pa.Table:
    """The findings as an Arrow table in ``FINDING_SCHEMA``."""
    return pa.Table.from_pylist([asdict(finding) for finding in findings], schema=FINDING_SCHEMA)
