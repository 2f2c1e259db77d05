"""The years and months that a title, a sheet's name or a file's name tells: 2024年, 24年度, 二〇二四年; 6月, 1-6月,
一季度, 前三季度, 上半年, 202406.

Does not belong here: dates of single days (cells), and what follows from a period (quality.replacement).
"""

from __future__ import annotations

import re
import unicodedata

_NUMBERS = {text: number for number, text in enumerate(("十一", "十二"), start=11)}
_NUMBERS |= {text: number for number, text in enumerate("一二三四五六七八九十", start=1)}
_MONTH = r"(1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])"
_NOT_A_DAY = r"(?!\s*\d{1,2}\s*日)"
_RANGE = re.compile(rf"(?<!\d){_MONTH}\s*月?份?\s*[-—–~～至到]+\s*{_MONTH}\s*月{_NOT_A_DAY}")
_FIRST_QUARTERS = re.compile(r"前([一二三1-3两])个?季度")
_QUARTER = re.compile(r"第?([一二三四1-4])季度")
_SINGLE = re.compile(rf"(?<![\d十]){_MONTH}\s*月{_NOT_A_DAY}")
_YEAR_AND_MONTH = re.compile(r"(?<!\d)20\d\d[-_./年]?(0[1-9]|1[0-2])(?!\d)(?![-_./月]\s*\d)")
_YEAR = re.compile(r"(?<!\d)(20\d\d)\s*年(?!\s*\d{1,2}\s*月\s*\d{1,2}\s*日)")
_SHORT_YEAR = re.compile(
    r"(?<!\d)([23]\d)\s*年(?=度|全年|[上下]半年|第?[一二三四]季度|\s*\d{1,2}\s*[-至到月](?!\s*\d{1,2}\s*日)"
    r"|部门|项目|预算|决算|支[付出]|执行|调整|$)"
)
"""Of a year of two digits only what reads as one: 30年期, 20年以上 tell how long something lasts."""
_BARE_YEAR = re.compile(r"(?<!\d)(?<!\d[-_./])(20\d\d)(?!\s*[-_./年]?\s*\d|\s*年)")
_DIGITS = str.maketrans("〇○零一二三四五六七八九", "000123456789")
_SPELT_YEAR = re.compile(r"二[〇○零0][〇○零0一二三四五六七八九]{2}(?![一二三四五六七八九零〇])")


def with_year_digits(text: str) -> str:
    """The text with 二〇二四年 written as 2024年."""
    return _SPELT_YEAR.sub(lambda match: match[0].translate(_DIGITS), text)


def told_years(text: str) -> tuple[int, ...]:
    """The years that a text tells with the word 年 (``with_year_digits`` first); that of a single day is none."""
    return *map(int, _YEAR.findall(text)), *(2000 + int(year) for year in _SHORT_YEAR.findall(text))


def years_of_name(name: str) -> tuple[int, ...]:
    """The years that the name of a file or sheet tells, where 预算2023 is one as well; a date is none."""
    text = with_year_digits(unicodedata.normalize("NFKC", name))
    return *told_years(text), *map(int, _BARE_YEAR.findall(text))


def told_months(text: str) -> tuple[int, int] | None:
    """The first and the last month (1 to 12) that a text tells, None if it tells none; a single day tells none."""
    text = with_year_digits(unicodedata.normalize("NFKC", text))
    if match := _RANGE.search(text):
        first, last = _number(match[1]), _number(match[2])
        return (first, last) if first <= last else None
    if match := _FIRST_QUARTERS.search(text):
        return 1, 3 * (2 if match[1] == "两" else _number(match[1]))
    if match := _QUARTER.search(text):
        last = 3 * _number(match[1])
        return last - 2, last
    for word, months in (("上半年", (1, 6)), ("下半年", (7, 12))):
        if word in text:
            return months
    if match := _SINGLE.search(text) or _YEAR_AND_MONTH.search(text):
        month = _number(match[1])
        return (1, month) if re.search(r"截[至止]|累计", text) else (month, month)
    return None


def _number(text: str) -> int:
    return _NUMBERS.get(text) or int(text)
