"""Damaged documents: each is read or refused, never a traceback, and every number found is accounted for."""

from __future__ import annotations

import io
import random
from pathlib import Path

import docx
import pytest

from pipelines.documents.model import DocumentRefused
from pipelines.documents.read import read_document, read_figures

REPORT = next((Path(__file__).parent.parent / "published/440103/2022").glob("*.txt"))


def as_docx(text: str) -> bytes:
    document = docx.Document()
    for line in text.splitlines():
        document.add_paragraph(line)
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def mutated(text: str, chance: random.Random) -> str:
    characters = list(text)
    for _ in range(chance.randint(1, 12)):
        at = chance.randrange(len(characters))
        characters[at : at + chance.randint(0, 3)] = chance.choice(
            ["", "%", "万元", "9", "，", "（", "\n", ".", "其中：", "-"]
        )
    return "".join(characters)


@pytest.mark.parametrize("count", [150, pytest.param(1_500, marks=pytest.mark.long)], ids=["some", "many"])
def test_a_mutated_document_is_read_with_every_number_accounted_for_or_refused(count: int) -> None:
    chance = random.Random(18)  # noqa: S311 - repeatable, not secret
    text, whole = REPORT.read_text(encoding="utf-8"), as_docx(REPORT.read_text(encoding="utf-8"))
    for number in range(count):
        name, content = "a.txt", mutated(text, chance).encode()
        if number % 3 == 1:
            name, content = "a.docx", as_docx(mutated(text, chance))
        elif number % 3 == 2:
            flipped = bytearray(whole)
            flipped[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
            name, content = "a.docx", bytes(flipped)
        try:
            document = read_document(name, content)
        except DocumentRefused:
            continue
        reading = read_figures(document, 2022)
        assert reading.tokens == len(reading.figures) + len(reading.passed_over), number
