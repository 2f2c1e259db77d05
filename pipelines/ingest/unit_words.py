"""The unit of amounts that a text names: in a header, above or below a table, in a cell of its own, in a file's name.

All texts are normalised or folded before (cells). Does not belong here: which of several units counts (headers), a
unit behind an amount (cells).
"""

from __future__ import annotations

import re

from pipelines.ingest.cells import UNIT_FACTORS, fold, normalise

_UNITS = "|".join(sorted(map(re.escape, UNIT_FACTORS), key=len, reverse=True))
_BEFORE_COLON = r"(?:^|金额|计量|货币|[^制报位算名])单位"
HEADER_UNIT = re.compile(
    rf"[(\[【](?:(?:金额)?单位:?|金额:)?({_UNITS}|%|百分比)[)\]】]|(?<=\w)[,:]?(万元)$|(?<=\w)[/_—-]({_UNITS})$"
    rf"|^({_UNITS})$"
)
"""A unit, or percent, in a folded header; one of several header rows may name nothing else."""
_SENTENCE = re.compile(
    rf"{_BEFORE_COLON}\s*:\s*({_UNITS})(?![^\W_]|[县区市镇乡村])|\((?:单位\s*:\s*)?({_UNITS})\)"
    rf"|{_BEFORE_COLON}\s*:\s*({_UNITS})(?=币种|截[至止]|日期|填报|编制)"
    rf"|单位(?:均|都|一律|统一)?(?:为|是)\s*\"?({_UNITS})|[以按]\"?({_UNITS})\"?(?:为|作)?(?:计量|金额|货币)?(?:单位|计|列示|填列)",
    re.IGNORECASE,
)
"""What follows the colon is a unit if it ends there: 单位：万溪县财政局 is an office."""
_NAME = re.compile(
    rf"[(\[【](?:(?:金额)?单位:?)?({_UNITS})[)\]】]|单位:?({_UNITS})(?![^\W_])"
    r"|(?<![\d百千几十亿万])([百千万亿]万?元)(?=$|[^\w]|_|版|表|口径|为单位)",
    re.IGNORECASE,
)
"""The unit that a name tells; 500万元以上项目 tells none, nor does a bare 元."""


def unit_in_sentence(text: str) -> tuple[int, tuple[int, int]] | None:
    """The yuan in the unit that a normalised text names, and the places where its words begin and end."""
    match = _SENTENCE.search(text)
    return (_factor(match), match.span()) if match else None


def unit_of_name(name: str) -> int | None:
    """The yuan in the unit that the name of a file or sheet tells."""
    match = _NAME.search(normalise(name))
    return _factor(match) if match and match[match.lastindex or 0].casefold() in UNIT_FACTORS else None


def unit_alone(text: str) -> int | None:
    """The yuan in one unit, where a cell names a unit and nothing else (万元, 单位：万元)."""
    factor = UNIT_FACTORS.get(fold(text))
    told = unit_in_sentence(normalise(text)) if factor is None else None
    return told[0] if told and told[1] == (0, len(normalise(text))) else factor


def _factor(match: re.Match[str]) -> int:
    return UNIT_FACTORS[match[match.lastindex or 0].casefold()]
