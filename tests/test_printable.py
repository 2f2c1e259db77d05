"""Names and cells with controls in them take one line of a log, a table and a terminal, and change nothing there."""

from __future__ import annotations

import io
import json
import logging
import os
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.commands.progress import progress
from pipelines.commands.tables import format_table
from pipelines.operations.logs import JsonLines
from pipelines.printable import in_json, is_utf8, printable

TEXTS = st.text(st.characters(codec=None)) | st.binary().map(os.fsdecode)


@given(TEXTS)
def test_any_text_is_one_line_that_can_be_encoded(text: str) -> None:
    shown = printable(text)
    assert len(shown.encode().decode().splitlines()) <= 1
    assert not any(ord(character) < 32 for character in shown)
    if text.isprintable() and is_utf8(text):
        assert shown == text


@given(TEXTS)
def test_a_log_line_says_the_same_in_one_line(text: str) -> None:
    record = logging.makeLogRecord({"name": "pipelines", "msg": "read", "file": text})
    line = JsonLines(ZoneInfo("UTC"), []).format(record)
    assert len(line.encode().splitlines()) == len(line.splitlines()) == 1
    assert json.loads(line)["file"] == text
    assert in_json(line) == line


def test_the_console_shows_one_line_a_record(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("nightly"):
        logging.getLogger("pipelines.test").warning("odd\nname", extra={"file": "换\n行\x1b[31m.csv\udcd6"})
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(r"WARNING odd\nname file=换\n行\x1b[31m.csv\xd6")


def test_a_table_shows_one_line_a_row() -> None:
    table = format_table(["名称\nName"], [["一\r\n二\x1b[2J\u2028三"]])
    assert table.splitlines()[3:] == [r"一 二\x1b[2J 三"]


def test_bytes_of_a_name_that_are_no_utf8_are_shown_as_they_are() -> None:
    assert printable(os.fsdecode("付.csv".encode("gbk"))) == r"\xb8\xb6.csv"
    assert io.BytesIO(printable("\ud800").encode()).read() == rb"\ud800"
