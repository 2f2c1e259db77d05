"""Which rows of a table are not facts: totals, parents of a hierarchy, notes, placeholders.

A row is a total if a label says so (合计, 小计, 总　计, 其中 …; ``contracts.words``), a breakdown of the row above it
if a nature or a fund type stands where a department or a project should. It is a parent if its code is the beginning of
the codes of rows that are equal to it in everything else that identifies a row, or if its numbering (一、 over 1.) is
above theirs. What arithmetic tells stands in ``levels``. What a row claims to sum is its scope (``model.Batch``).
Does not belong here: comparing sums (quality).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.contracts.model import Dataset
from pipelines.contracts.words import (
    BLOCK_TOTAL,
    BREAKDOWN_WORDS,
    COMPARISON,
    NAMED_TOTAL,
    PART,
    TRADITIONAL,
    WHOLE_TOTAL,
)
from pipelines.ingest.cells import fold, parse_date
from pipelines.ingest.columns import ReadColumn
from pipelines.ingest.unit_words import unit_alone

HIERARCHIES = ("function_code", "government_economy_code", "department_economy_code", "economy_code")

OUTLINED = "budget_item_name"
"""The column whose items are numbered (一、 above 1.) and so told to be parents."""

_PARENT_LENGTHS = (3, 5)
"""The lengths that the code of a parent has: 类 and 款."""

_NOTE = re.compile(
    r"(?:注|备注|说明|填表|制表|审核|复核|负责人|单位负责人|财务负责人|联系|编制|填报|报送|打印|公开|附|第\d+页|共\d+页)"
)
_SIGNER = re.compile(
    r"(?:(?:单位|部门|财务|分管)?负责人|经办人?|制表人?|填[表报]人?|审核人?|复核人?|联系(?:人|电话)|编制人|(?:分管|主要)领导)"
    r"(?:\((?:签[字章]|盖章)\))?:?"
)
"""The label of a signature that stands in a cell beside the name."""
_LONGEST_LABEL = 20
_BRACKETS = {
    "(": ")",
    "[": "]",
    "【": "】",
    "〔": "〕",
    "「": "」",
    "『": "』",
    "《": "》",
    "〈": "〉",
    "<": ">",
    "{": "}",
}
_UNIT_BEHIND = re.compile(r"[(\[【](?:单位:?)?(?:人民币)?[百千万亿]*元?[)\]】]:?$")
_PLACEHOLDERS = frozenset(map(fold, ("…", "……", "...", "......", "⋯")))
_OUTLINE = (
    re.compile(r"[一二三四五六七八九十]+\s*[、.．]"),
    re.compile(r"[(（][一二三四五六七八九十]+[)）]"),
    re.compile(r"\d+\s*[、.．](?!\d)"),
    re.compile(r"[(（]\d+[)）]"),
)


def total_scope(text: str, further: Collection[str] = ()) -> str | None:
    """The scope that a label claims, None if it is no total word; ``further`` are folded words of the district."""
    word = fold(text)
    if word in further:
        return "all"
    word = bare_word(word)
    if PART.fullmatch(word):
        return "part"
    if WHOLE_TOTAL.fullmatch(word):
        return "all"
    return "block" if BLOCK_TOTAL.fullmatch(word) or NAMED_TOTAL.fullmatch(word) else None


def is_total_word(text: str, further: Collection[str] = ()) -> bool:
    """Whether a label is a total word and nothing else: such a row is no fact, whatever code it carries."""
    word = fold(text)
    bare = bare_word(word)
    return word in further or any(words.fullmatch(bare) for words in (WHOLE_TOTAL, BLOCK_TOTAL, PART))


def is_comparison(text: str) -> bool:
    """Whether a label in a column of departments or projects says that its row compares with another year."""
    return COMPARISON.fullmatch(bare_word(fold(text))) is not None


def is_breakdown(text: str) -> bool:
    """Whether a label names a nature, a kind or a fund type, which divide the row above them."""
    return bare_word(fold(text)) in BREAKDOWN_WORDS


def bare_word(folded: str) -> str:
    """A folded label without brackets around it, a unit or a colon behind it, in simplified characters."""
    word = _UNIT_BEHIND.sub("", folded.translate(TRADITIONAL)).strip(":;,.、。-—_*#·")
    while len(word) > 2 and word[0] in _BRACKETS and _BRACKETS[word[0]] == word[-1]:
        word = word[1:-1].strip(":")
    return word


def is_placeholder(texts: Sequence[str]) -> bool:
    """Whether a row holds nothing but dots."""
    return bool(texts) and all(fold(text) in _PLACEHOLDERS for text in texts)


def is_note(texts: Sequence[str]) -> bool:
    """Whether the cells of a row are remarks about the table: one text, or several signatures (填表人：… 审核人：…).

    The names of who signed may stand in cells of their own.
    """
    if len(texts) == 1:
        (text,) = texts
        is_date = not text.isdecimal() and parse_date(text).value is not None
        return len(text) > _LONGEST_LABEL or bool(_NOTE.match(fold(text))) or is_date or unit_alone(text) is not None
    return all(map(is_signature, texts)) or _SIGNER.fullmatch(fold(texts[0])) is not None


def is_signature(text: str) -> bool:
    """Whether a cell names who filled in or checked a table (填表人：…)."""
    folded = fold(text)
    return (":" in folded and bool(_NOTE.match(folded))) or _SIGNER.fullmatch(folded) is not None


def context_columns(dataset: Dataset, name: str) -> tuple[str, ...]:
    """The columns in which a parent of a hierarchy in column ``name`` is equal to its children: codes and names."""
    others = [dataset[column] for column in dataset.identity if column != name]
    names = [column.name_column for column in others if column.name_column]
    return (*(column.name for column in others), *names)


def hierarchies(dataset: Dataset) -> tuple[str, ...]:
    """The columns of a dataset in whose codes parents may stand beside their children.

    Rows that are documents, each with a number of its own, have none: a voucher is no sum of others.
    """
    if dataset.numbered_by or not dataset.amount_columns:
        return ()
    return tuple(name for name in HIERARCHIES if name in dataset.identity)


class Parents:
    """Which rows of a table are parents of others, by hierarchy and by what else identifies a row.

    All rows are noted, and then added if there may be parents: of a long table only distinct codes are remembered
    until one of them begins another.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._codes: defaultdict[str, set[str]] = defaultdict(set)
        self._below: defaultdict[tuple[object, ...], set[str]] = defaultdict(set)

    def note(self, read: Mapping[str, ReadColumn], rows: pa.Array) -> None:
        """Remembers the codes at the positions ``rows``."""
        for name in hierarchies(self._dataset):
            if name in read:
                self._codes[name].update(pc.drop_null(pc.unique(read[name].values.take(rows))).to_pylist())

    def __bool__(self) -> bool:
        """Whether any code begins another one."""
        return any(self._parent_codes(name) for name in self._codes)

    def add(self, read: Mapping[str, ReadColumn], rows: pa.Array) -> None:
        """Notes what the rows at the positions ``rows`` are children of."""
        for name, codes in self._codes.items():
            parents = self._parent_codes(name)
            children = {code: beginnings for code in codes if (beginnings := _beginnings(code) & parents)}
            for *key, code in self._keys(name, read, _among(read, name, rows, children)):
                self._below[tuple(key)].update(children[code])

    def among(self, read: Mapping[str, ReadColumn], rows: pa.Array) -> dict[int, str]:
        """Position → scope of the rows at ``rows`` whose code is the beginning of another's."""
        found: dict[int, str] = {}
        for name in self._codes:
            may_be = _among(read, name, rows, self._parent_codes(name))
            for position, (*key, code) in zip(may_be.to_pylist(), self._keys(name, read, may_be), strict=True):
                if code in self._below.get(tuple(key), ()):
                    found[position] = f"{name}={code}"
        return found

    def _parent_codes(self, name: str) -> set[str]:
        codes = self._codes[name]
        return codes & {beginning for code in codes for beginning in _beginnings(code)}

    def _keys(self, name: str, read: Mapping[str, ReadColumn], rows: pa.Array) -> Iterator[tuple[Any, ...]]:
        """Hierarchy, what else identifies the row, and code of each row."""
        others = [column for column in context_columns(self._dataset, name) if column in read]
        columns = [read[column].values.take(rows).to_pylist() for column in (*others, name) if len(rows)]
        for key in zip(*columns, strict=True):
            yield (name, *key)


def _beginnings(code: str) -> set[str]:
    return {code[:length] for length in _PARENT_LENGTHS if length < len(code)}


def _among(read: Mapping[str, ReadColumn], name: str, rows: pa.Array, codes: Collection[str]) -> pa.Array:
    """Those of the positions ``rows`` whose code is one of ``codes``."""
    if not codes or name not in read:
        return rows.slice(0, 0)
    texts = read[name].values.take(rows)
    return rows.filter(pc.is_in(texts, value_set=pa.array(list(codes), texts.type)))


def outline_parents(labels: Sequence[str | None], lines: Sequence[int]) -> dict[int, str]:
    """Line → scope of items whose numbering is above that of the item that follows.

    ``labels`` are those of the ``lines``, in order; the scope is a range of lines.
    """
    levels = [_outline_level(label) for label in labels]
    found: dict[int, str] = {}
    for index, level in enumerate(levels):
        if level is None or index + 1 == len(levels):
            continue
        end = index
        while end + 1 < len(levels) and (below := levels[end + 1]) is not None and below > level:
            end += 1
        if end > index:
            found[lines[index]] = f"lines={lines[index + 1]}-{lines[end]}"
    return found


def _outline_level(label: str | None) -> int | None:
    text = (label or "").strip()
    return next((level for level, pattern in enumerate(_OUTLINE) if pattern.match(text)), None)
