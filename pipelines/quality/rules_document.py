"""Writes ``docs/rules.md`` and ``docs/rules.zh-CN.md`` from the register of rules.

``python -m pipelines.quality.rules_document docs`` writes both. Does not belong here: anything that a rule's own file,
contract or cell rule could say about it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pipelines.quality.rules import CATEGORIES, EFFECTS, RegisteredRule, register
from pipelines.settings import RuleThresholds, Settings

_TEXTS: dict[bool, dict[str, Any]] = {
    False: {
        "title": "# Rules",
        "note": "Generated from the register by `python -m pipelines.quality.rules_document docs`; do not edit.",
        "other": "[中文](rules.zh-CN.md)",
        "intro": (
            "{count} rules stand between a delivery and a published figure. A rule that sets a row aside takes that row"
            " out of every sum and keeps it, with its reasons, in `quality.rejected_row`; a rule that holds back leaves"
            " the last accepted version or the last publication in force; a rule that reports changes no figure. What"
            " they found is in `quality.finding`, this register in `quality.rule`."
        ),
        "head": ("Rule", "Severity, effect", "Guards", "Asks", "Text of a finding", "Thresholds"),
        "thresholds": "## Thresholds",
        "thresholds_note": (
            "Set in `district-finance.toml` under `[thresholds]`, or for one district under"
            " `[thresholds_by_district.<code>]`. Amounts in yuan, rates as ratios. `findings_per_rule` (by default"
            " {listed}) limits how many findings of one rule are listed per district-year; all are counted."
        ),
        "threshold_head": ("Threshold", "Default", "Meaning"),
        "adding": "## Adding a rule",
        "adding_text": (
            "One file in `sql/rules`, named like the rule with underscores: an English and a Chinese sentence, the keys"
            " `rule`, `severity`, `category`, `scope`, `guards`, `tolerance`, `since`, `message`, `message_zh` (and"
            " `sets_aside` with the dataset, where an error sets single rows aside; `value` for rates and counts), then"
            " one query. It returns the failing cases with `district_code`, `fiscal_year`, `finding_key`,"
            " `source_value`, `target_value`, `difference`; a rule that sets rows aside also `source_file_id`,"
            " `source_sheet`, `source_line`. Further columns may be used in the messages as `{{name}}`; `source_lines`"
            " and `source_line_count` tell the contributing lines, `parts` with `total_label` lets the slip detector"
            " explain a sum. Thresholds come from `rule_threshold`, one row per district; tables that several rules"
            " read are in `sql/rules/shared`. Add a failing and a passing case to `tests/rule_cases/cases.py`."
        ),
    },
    True: {
        "title": "# 规则",
        "note": "由 `python -m pipelines.quality.rules_document docs` 自登记表生成，请勿手改。",
        "other": "[English](rules.md)",
        "intro": (
            "从报送到发布，数据须经 {count} 条规则。剔除：该行不计入任何汇总，连同原因保存在 `quality.rejected_row`；"
            "暂缓：上一有效版本或上次发布继续有效；报告：不改变任何数字。规则发现的问题见 `quality.finding`，"
            "本登记表见 `quality.rule`。"
        ),
        "head": ("规则", "级别与处理", "所护表", "所查内容", "问题说明", "阈值"),
        "thresholds": "## 阈值",
        "thresholds_note": (
            "在 `district-finance.toml` 的 `[thresholds]` 中设置，单个区在 `[thresholds_by_district.<区划>]` 中另设。"
            "金额以元计，比率以比值计。`findings_per_rule`（默认 {listed}）限定每个区年度每条规则列出的问题数，"
            "总数照常统计。"
        ),
        "threshold_head": ("阈值", "默认值", "含义"),
        "adding": "## 新增规则",
        "adding_text": (
            "在 `sql/rules` 中增加一个文件，文件名与规则同名（用下划线）：先写英文、中文各一句，再写键"
            " `rule`、`severity`、`category`、`scope`、`guards`、`tolerance`、`since`、`message`、`message_zh`"
            "（剔除单行的错误另写 `sets_aside` 及数据集；比率与个数另写 `value`），最后是一条查询，返回不符的情形："
            "`district_code`、`fiscal_year`、`finding_key`、`source_value`、`target_value`、`difference`；"
            "剔除单行的还须返回 `source_file_id`、`source_sheet`、`source_line`。其余列可在说明中以 `{{列名}}` 引用；"
            "`source_lines` 与 `source_line_count` 给出来源行，`parts` 与 `total_label` 供笔误推断使用。"
            "阈值取自 `rule_threshold`（每区一行），多条规则共用的表在 `sql/rules/shared`。"
            "请在 `tests/rule_cases/cases.py` 中各加一个不符与一个相符的例子。"
        ),
    },
}

_SEVERITIES = {"fatal": "致命", "error": "错误", "warning": "警告"}


def rules_document(*, chinese: bool) -> str:
    """The documentation of every rule as Markdown, in Chinese or English."""
    texts = _TEXTS[chinese]
    rules = register()
    listed = Settings.model_fields["findings_per_rule"].default
    lines = [texts["title"], "", texts["other"], "", texts["note"], "", texts["intro"].format(count=len(rules))]
    for category, names in CATEGORIES.items():
        members = [rule for rule in rules if rule.rule_category == category]
        if members:
            lines += ["", f"## {names[chinese]}", "", *_table(texts["head"], (_row(rule, chinese) for rule in members))]
    lines += ["", texts["thresholds"], "", texts["thresholds_note"].format(listed=listed), ""]
    lines += _table(texts["threshold_head"], _thresholds())
    lines += ["", texts["adding"], "", texts["adding_text"].format()]
    return "\n".join(lines) + "\n"


def _row(rule: RegisteredRule, chinese: bool) -> tuple[str, ...]:
    effect = EFFECTS[rule.rule_effect][chinese]
    severity = _SEVERITIES[rule.severity] if chinese else rule.severity
    return (
        f"`{rule.rule_id}`",
        f"{severity}，{effect}" if chinese else f"{severity}: {effect}",
        f"`{rule.guarded_table}`",
        rule.meaning_zh if chinese else rule.meaning,
        rule.message_zh if chinese else rule.message,
        ", ".join(f"`{part.partition(' = ')[0]}`" for part in rule.tolerance.split(", ") if part),
    )


def _thresholds() -> Iterable[tuple[str, ...]]:
    for name, field in RuleThresholds.model_fields.items():
        yield f"`{name}`", str(field.default), field.description or ""


def _table(head: Iterable[str], rows: Iterable[tuple[str, ...]]) -> list[str]:
    names = tuple(head)
    return [_line(names), _line(("---",) * len(names)), *(_line(row) for row in rows)]


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def write_rules_documents(directory: Path) -> None:
    """Writes both documents into ``directory``."""
    (directory / "rules.md").write_text(rules_document(chinese=False), encoding="utf-8")
    (directory / "rules.zh-CN.md").write_text(rules_document(chinese=True), encoding="utf-8")


if __name__ == "__main__":
    write_rules_documents(Path(sys.argv[1]))
