"""Texts folded for matching, character by character: every place in the folded text is one in the printed text.

Does not belong here: what a word means.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache

from opencc import OpenCC

_PUNCTUATION = str.maketrans("【】〔〕［］「」『』“”″＂‘’﹪－−–〜∶﹣", '()()()""""""""\'\'%---~:-')
_DROPPED = frozenset("\u200b\u200c\u200d\u2060\ufeff\u00ad*")


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text without white space, and for each of its characters the offset in the printed text."""

    text: str
    offsets: tuple[int, ...]

    def place(self, start: int, end: int) -> tuple[int, int]:
        """The offsets in the printed text of the characters from ``start`` to before ``end``."""
        return self.offsets[start], self.offsets[end - 1] + 1


def fold(text: str) -> Folded:
    """Half width, simplified characters, plain brackets and quotation marks, no white space and no emphasis marks."""
    simplified = simplify(text)
    characters: list[str] = []
    offsets: list[int] = []
    for offset, character in enumerate(simplified):
        if character.isspace() or character in _DROPPED:
            continue
        characters.append(_fold_one(character))
        offsets.append(offset)
    return Folded("".join(characters), tuple(offsets))


def simplify(text: str) -> str:
    """Traditional characters as simplified ones, one for one: the text keeps its length."""
    if not text:
        return text
    return "".join(map(_simplify_one, text))


@cache
def _converter() -> OpenCC:
    return OpenCC("t2s")


@cache
def _simplify_one(character: str) -> str:
    if not "\u3400" <= character <= "\u9fff":
        return character
    converted: str = _converter().convert(character)
    return converted if len(converted) == 1 else character


@cache
def _fold_one(character: str) -> str:
    character = character.translate(_PUNCTUATION)
    folded = unicodedata.normalize("NFKC", character)
    return folded if len(folded) == 1 else character
