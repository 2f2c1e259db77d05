"""What may identify a person, wherever texts are stored or shown: the one place that recognises and replaces it.

In free text the numbers go: identity numbers, accounts, cards and telephones. A name in free text cannot be told from
other words and stays; columns that name a person are dropped or hashed by their contract. Project codes of the
integration system (51000021R000000019951), document numbers, dates, years and amounts stay readable.
Does not belong here: which column is which (the contracts), the keyed hash of an account (accounts).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

MASK = "•"
"""Stands for what may identify a person."""

_DIGIT = "[0-9０-９]"
_GAP = r"[ \u3000\-－–—]"
_CHECK = f"(?:{_DIGIT}|[Xx\uff38\uff58])"
_NUMBER = re.compile(
    "|".join(
        (
            "(?P<project>(?<![0-9A-Za-z])[0-9]{8}[A-Za-z][0-9]{12}(?![0-9A-Za-z]))",
            f"{_DIGIT}{{10,}}{_CHECK}",  # identity numbers, accounts, mobile telephones
            f"{_DIGIT}{{6}}{_GAP}{_DIGIT}{{8}}{_GAP}{_DIGIT}{{3}}{_CHECK}",  # an identity number in parts
            f"{_DIGIT}{{4}}(?:{_GAP}{_DIGIT}{{4}}){{3,}}(?:{_GAP}{_DIGIT}{{1,4}})?",  # a card in groups of four
            f"[1１]{_DIGIT}{{2}}{_GAP}{_DIGIT}{{4}}{_GAP}{_DIGIT}{{4}}",  # a mobile telephone in groups
            f"[0０]{_DIGIT}{{2,3}}[)）]?{_GAP}?{_DIGIT}{{7,8}}",  # a telephone with its area code
        )
    )
)
_TIME_STAMP = re.compile(
    r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d(?:\d{3})?)?"
)
"""A date and a time to the minute, the second or the millisecond, without signs."""
_CODE_BEFORE_NAME = re.compile(r"\s*([0-9]{3,21})(?:\s+|\s*[-_:|/—–]\s*)(?=[^\s\d])")
_LENGTHS_OF_PERSONS = frozenset({11, *range(15, 20)})
"""Digits of a mobile telephone, of both identity numbers, of cards."""
_SUSPECT = r"[0-9\x{FF10}-\x{FF19}](?:[ )\x{3000}\x{FF09}\-\x{FF0D}\x{2013}\x{2014}]{0,2}[0-9\x{FF10}-\x{FF19}]){9,}"
"""What every number above looks like to Arrow's quicker matcher, which cannot look around."""
_DATA = re.compile(r"[0-9０-９](?:[.,:/\-][0-9０-９]|[0-9０-９]{5})")
"""An amount, a date or a long number: a row with one is no header."""


def without_numbers(text: str) -> str:
    """A text with every number that may identify a person replaced by ``MASK``."""
    return _NUMBER.sub(lambda found: found[0] if found["project"] else MASK, text)


def name_without_numbers(text: str) -> str:
    """The same for a name or a document's number: a code stays, alone or before a name, unless it may be a person's."""
    if text.strip().isdecimal() and len(text.strip()) not in _LENGTHS_OF_PERSONS:
        return text
    code = _CODE_BEFORE_NAME.match(text)
    if code is None or len(code[1]) in _LENGTHS_OF_PERSONS:
        return without_numbers(text)
    return code[0] + without_numbers(text[code.end() :])


def path_without_numbers(path: str) -> str:
    """A path below raw/ with such numbers in its names replaced by ``MASK`` and four digits of their hash.

    The hash tells two such files apart and is far too short to tell a number. Folders and all other characters stay, so
    that whoever may look into the folder finds the file; so do the time stamps that programs write into names.
    """
    return _NUMBER.sub(_masked_in_path, path)


def _masked_in_path(found: re.Match[str]) -> str:
    if found["project"] or _TIME_STAMP.fullmatch(found[0]):
        return found[0]
    return MASK + hashlib.sha256(found[0].encode()).hexdigest()[:4]


def column_without_numbers(texts: pa.Array, replaced: Callable[[str], str] = without_numbers) -> pa.Array:
    """The same for many texts; the very array where nothing is to be replaced."""
    suspects = pc.indices_nonzero(pc.match_substring_regex(texts, _SUSPECT))
    if not len(suspects):
        return texts
    shown = pa.array([replaced(text) for text in texts.take(suspects).to_pylist()], texts.type)
    if shown.equals(texts.take(suspects)):
        return texts
    is_suspect = pc.is_in(pa.array(range(len(texts)), suspects.type), suspects)
    return pc.replace_with_mask(texts, is_suspect, shown)


def shown_where_headers_should_be(rows: Iterable[Sequence[str]]) -> str:
    """The texts of rows in which no header was recognised; of data, which may name persons, only the width is told."""
    shown = []
    for number, row in enumerate(rows, start=1):
        filled = [text for text in row if text.strip()]
        if any(_DATA.search(text) for text in filled):
            shown.append(f"{number}: {len(filled)} cells of data")
        else:
            shown += filled
    return "、".join(shown)[:200]
