"""How a finding reads on the screen: what it is about, its place, and the message in both languages.

Does not belong here: which findings are shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def describe_finding(finding: Mapping[str, Any]) -> str:
    """A row of ``quality.finding`` as three lines: place and rule, Chinese message, English message."""
    where = [finding["finding_key"]]
    if sheet := finding["source_sheet"]:
        where.append(f"工作表 sheet {sheet}")
    if line := finding["source_line"]:
        where.append(f"行 line {line}")
    place = f"{finding['district_code']}/{finding['fiscal_year']} {', '.join(filter(None, where))}".rstrip()
    return f"{place} [{finding['rule_id']}]\n    {finding['message_zh']}\n    {finding['message']}"
