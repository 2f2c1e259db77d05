"""Numbers with a unit: every one of them is a figure, passed over with a reason, or unread.

Does not belong here: what a number measures.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from pipelines.documents.model import Quantity

_NUMBER = (
    r"(?P<sign>(?<![\dA-Za-z\u4e00-\u9fff%)])[-+]|(?<=[为是:率数额达比长幅度入出费县区市镇乡])[-+]|负)?"
    r"(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
)
_UNIT = (
    r"(?P<more>多|余|来)?"
    r"(?P<unit>亿元|百万元|万元|千元|元|%|个百分点|分(?!之|别|配|成|项|为|类|钟|公司|局|管|工|户|部))"
)
_TOKEN = re.compile(_NUMBER + _UNIT)
_BARE_ZERO = re.compile(r"(?<=[为数是])(?P<digits>0(?:\.0+)?)(?=[,;。、)]|$)")
_GRADE = re.compile(
    r"(?:(?:绩效|自评|评价|考核|评定)*(?:等级|等次|级别)(?:评定|结果)?(?:为|是|:)?|自评(?:结果|结论)?(?:为|是|:)?|评定为|评价结果为|结果为|评为)"
    r"[\"']?(?P<grade>优秀|优|良好|良|中|合格|差|不合格)[\"']?(?=[,;。)、]|$|等次|等级|级)"
)
_GRADES = {"优秀": "优", "良好": "良"}
_QUANTITIES = {"%": Quantity.PERCENT, "个百分点": Quantity.POINTS, "分": Quantity.SCORE}


@dataclass(frozen=True, slots=True)
class Token:
    """A number as printed: its signed value with the decimals printed, its unit, and where in the folded text."""

    value: Decimal | str
    unit: str
    quantity: Quantity
    start: int
    end: int
    is_signed: bool = False
    has_unit: bool = True


def find_tokens(text: str, money_unit: str = "万元") -> list[Token]:
    """The tokens of a folded text in order. A bare 0 behind 为 counts as money in ``money_unit``."""
    tokens = []
    for match in _TOKEN.finditer(text):
        if match["unit"] == "分" and "," in match["digits"]:
            continue
        sign = match["sign"] or ""
        value = Decimal(match["digits"].replace(",", ""))
        tokens.append(
            Token(
                -value if sign in ("-", "负") else value,
                {"个百分点": "pp"}.get(match["unit"], match["unit"]),
                _QUANTITIES.get(match["unit"], Quantity.MONEY),
                match.start(),
                match.end(),
                is_signed=bool(sign),
            )
        )
    for match in _BARE_ZERO.finditer(text):
        tokens.append(
            Token(Decimal(match["digits"]), money_unit, Quantity.MONEY, match.start(), match.end(), has_unit=False)
        )
    for match in _GRADE.finditer(text):
        grade = _GRADES.get(match["grade"], match["grade"])
        tokens.append(Token(grade, "", Quantity.GRADE, match.start(), match.end(), has_unit=False))
    return sorted(tokens, key=lambda token: token.start)
