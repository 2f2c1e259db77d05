"""The Chinese words of page, workbook and messages: the list of terms in ``docs/terms.zh-CN.md`` is the one source."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from pipelines.contracts.figures import EXECUTION_STATUSES, definition

CHECKOUT = Path(__file__).parent.parent
CHINESE = re.compile(r"[\u4e00-\u9fff]")
SHOWN_BY = ("reports/workbook.py", "reports/corrections.py", "operations/night_summary.py", "operations/notify.py")
NAMES = ("Chart", "js")
"""Latin words that stand in Chinese sentences because they are names."""


def terms() -> list[tuple[str, str, list[str]]]:
    """Every term with its column (may be empty) and the words that are not used for it."""
    lines = (CHECKOUT / "docs" / "terms.zh-CN.md").read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return [(row[0], row[2].strip("`"), row[3].split()) for row in rows if row[0] != "用语"]


def page_texts() -> list[str]:
    """The Chinese texts of the page's script."""
    script = (CHECKOUT / "pipelines" / "reports" / "assets" / "page.js").read_text(encoding="utf-8")
    head = script[script.index("const TEXT = {") : script.index("let language = 0")]
    return re.findall(r'\["((?:[^"\\]|\\.)*)",', head)


def program_texts(path: str) -> list[str]:
    """The Chinese strings of a module, docstrings left out; what is filled in stands as {}."""
    tree = ast.parse((CHECKOUT / "pipelines" / path).read_text(encoding="utf-8"))
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    texts = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            texts.append("".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            texts.append(node.value)
    return [text for text in texts if CHINESE.search(text)]


TEXTS = {"page.js": page_texts()} | {path: program_texts(path) for path in SHOWN_BY}


def test_there_are_texts_and_terms() -> None:
    assert all(len(texts) > 3 for texts in TEXTS.values())
    assert len(terms()) > 15


def test_no_page_of_the_portal_uses_a_word_that_the_list_rules_out() -> None:
    portal = CHECKOUT / "pipelines" / "portal"
    texts = program_texts("portal/lists.py")
    for template in sorted((portal / "templates").glob("*.html")):
        texts += re.findall(r'w\.t\(\s*"((?:[^"\\]|\\.)*)"', template.read_text(encoding="utf-8"))
    assert len(texts) > 100
    ruled_out = [word for _, _, words in terms() for word in words]
    assert [(word, text) for text in texts for word in ruled_out if word in text] == []


@pytest.mark.parametrize("source", TEXTS)
def test_no_text_uses_a_word_that_the_list_rules_out(source: str) -> None:
    ruled_out = [word for _, _, words in terms() for word in words]
    assert [(word, text) for text in TEXTS[source] for word in ruled_out if word in text] == []


def test_labels_of_columns_are_the_terms() -> None:
    labels = {column: (term, definition(column).label_zh) for term, column, _ in terms() if column}
    assert {column: pair for column, pair in labels.items() if pair[0] != pair[1]} == {}


def test_no_english_stands_inside_a_chinese_sentence_of_the_page() -> None:
    words = {text: re.findall(r"[A-Za-z]{2,}", re.sub(r"\{\w+\}", "", text)) for text in TEXTS["page.js"]}
    found = {
        text: [word for word in latin if word not in NAMES] for text, latin in words.items() if CHINESE.search(text)
    }
    assert {text: latin for text, latin in found.items() if latin} == {}


def test_no_status_says_that_all_is_well_beside_a_red_warning() -> None:
    assert "正常" not in dict(EXECUTION_STATUSES).values()
