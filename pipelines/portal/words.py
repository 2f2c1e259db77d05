"""How values read on a page: amounts in yuan or 万元, rates, statuses, dates, in Chinese or English.

Every value has its exact text beside it. Does not belong here: what a column means (``pipelines.contracts``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pipelines.contracts.figures import Figure, definition, value_labels
from pipelines.contracts.model import Column, Kind
from pipelines.reports.content import english_label

Language = Literal["zh", "en"]
Unit = Literal["yuan", "wan"]

UNKNOWN = "–"
"""What stands for a value that is not known, and for a rate that there is none of."""

MONEY = (Kind.AMOUNT, Kind.SUM)
NUMBERS = (*MONEY, Kind.RATIO, Kind.PERCENT, Kind.INTEGER, Kind.FINDING_VALUE)

_TEN_THOUSAND = Decimal(10_000)
_CENT = Decimal("0.01")


_SEVERAL = {"warning_rules": "warning_rule"}
"""Columns that hold several values of another column."""


def _labels(name: str, value: Any) -> dict[str, str]:
    """The Chinese names of a column's values; a value of ``figure_name`` names a column itself."""
    if name == "figure_name":
        return {value: definition(value).label_zh}
    return dict(value_labels(_SEVERAL.get(name, name)))


@dataclass(frozen=True, slots=True)
class Shown:
    """A value for a page: its text, its exact text where that says more, and how it is set."""

    text: str
    exact: str = ""
    style: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """What a page is read in: its language, the unit of its amounts, the zone of its times."""

    language: Language
    unit: Unit
    zone: ZoneInfo

    def t(self, zh: str, en: str) -> str:
        """The text in the page's language."""
        return zh if self.language == "zh" else en

    def label(self, column: Column | Figure) -> str:
        """A column's name, with the unit of amounts."""
        name = column.label_zh if self.language == "zh" else english_label(column.name)
        if column.kind not in MONEY:
            return name
        unit = self.t("万元", "10,000 yuan") if self.unit == "wan" else self.t("元", "yuan")
        return f"{name}（{unit}）" if self.language == "zh" else f"{name} ({unit})"

    @staticmethod
    def is_number(column: Column | Figure) -> bool:
        """Whether the column's values are set to the right."""
        return column.kind in NUMBERS

    def meaning(self, column: Column | Figure) -> str:
        """What the column means, in a sentence."""
        return self.t(column.meaning_zh, column.meaning)

    def value(self, name: str, value: Any) -> Shown:
        """A value of the column ``name``."""
        return self.value_of(definition(name), value)

    def value_of(self, column: Column | Figure, value: Any) -> Shown:
        """A value of a column as it is shown."""
        if value is None or value == "":
            return Shown(UNKNOWN, style="unknown number" if column.kind in NUMBERS else "unknown")
        if labels := _labels(column.name, value):
            return self._coded(column.name, str(value), labels)
        if column.kind in MONEY:
            return self.money(value)
        if column.kind in NUMBERS:
            return Shown(self._number(column, value), style="number negative" if value < 0 else "number")
        if column.kind is Kind.FLAG:
            return Shown(self.t("是", "yes") if value else self.t("否", "no"))
        return Shown(self.moment(value), style="whole") if isinstance(value, date) else Shown(str(value))

    @staticmethod
    def _number(column: Column | Figure, value: Any) -> str:
        is_name = column.kind is Kind.INTEGER and column.name.endswith(("year", "month", "_line"))
        return str(value) if is_name else f"{value:,}" if column.kind is Kind.INTEGER else f"{value:,f}"

    def money(self, value: Decimal) -> Shown:
        """An amount in yuan as the page's unit has it, with the exact yuan beside it."""
        style = "number negative" if value < 0 else "number"
        if self.unit == "yuan":
            return Shown(f"{value:,.2f}", style=style)
        in_unit = (value / _TEN_THOUSAND).quantize(_CENT, ROUND_HALF_UP)
        return Shown(f"{in_unit:,}", f"{value:,.2f} {self.t('元', 'yuan')}", style)

    def moment(self, value: datetime | date) -> str:
        """A moment (UTC where it has no zone) in the office's zone."""
        if not isinstance(value, datetime):
            return value.isoformat()
        known = value if value.tzinfo else value.replace(tzinfo=ZoneInfo("UTC"))
        return f"{known.astimezone(self.zone):%Y-%m-%d %H:%M}"

    def _coded(self, name: str, value: str, labels: dict[str, str]) -> Shown:
        if self.language == "zh":
            text = "、".join(labels.get(part, part) for part in value.split("; "))
        else:
            text = value.replace("_", " ").replace("-", " ")
        style = f"level {value}" if name == "warning_level" else ""
        if name == "severity":
            style = f"level {({'fatal': 'red', 'error': 'orange'}).get(value, 'yellow')}"
        return Shown(text, value, style)
