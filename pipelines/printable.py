"""Texts from outside (file names, cells, errors) as a terminal, a log or a UTF-8 file can take them.

Does not belong here: formulas in spreadsheets (reports), numbers that may identify a person (ingest.personal).
"""

from __future__ import annotations

import re

_NOT_PRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Controls, line and paragraph separators, what turns the direction of writing, and bytes that are no UTF-8."""


def is_utf8(name: str) -> bool:
    """Whether the name of a file is UTF-8; Python holds the bytes of another encoding as half characters."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


def printable(text: str) -> str:
    r"""The text as one line that can be shown and encoded: anything else is written out, as ``\n``, ``\x1b``, ``\xd6``.

    A byte of a file name that is no UTF-8 is written as that byte.
    """
    return _NOT_PRINTABLE.sub(_written_out, text)


def in_json(text: str) -> str:
    """A JSON text with the same content in which everything can be shown and encoded."""
    return _NOT_PRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _written_out(found: re.Match[str]) -> str:
    number = ord(found[0])
    if 0xDC80 <= number <= 0xDCFF:  # how Python holds such a byte
        return f"\\x{number - 0xDC00:02x}"
    return found[0].encode("unicode_escape").decode()
