"""Whose a figure is: names cut out of a clause, and headings that carry on.

Does not belong here: which department or project of the warehouse a name is (``pipelines.documents.links``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

PATH = re.compile(r"[^,;:。\"(]{1,40}\(类\)(?:[^,;:。\"]{1,60}?\(款\))?(?:[^,;:。\"]{1,60}?\(项\))?")
"""A function class as printed: 类, and below it 款 and 项."""

ENDS_AS_MONEY = re.compile(
    r"(?:收入|支出|税收|经费|资金|费|费用|补助|补贴|项目|工程|专项|款|基金|债券|债务|结余|结转|上解|利润|税|余额|工资|奖金|保险|公积金|预算|人员|公用)\"?$"
)
"""How names of money end."""

_MARKS = (
    (0, re.compile(r"第[一二三四五六七八九十]+(?:部分|章|篇)[、.:]?")),
    (1, re.compile(r"[一二三四五六七八九十]{1,3}[、.,]")),
    (2, re.compile(r"\([一二三四五六七八九十]{1,3}\)[、.]?")),
    (3, re.compile(r"\d{1,2}[、.](?!\d(?!\d{3}年))")),
    (4, re.compile(r"(?:\(\d{1,2}\)|\d{1,2}\)|[①-⑳])[、.]?")),
)
_TITLE_END = re.compile(r"^.{2,36}?(?:情况说明|情况分析|总体情况|结构情况|具体情况|情况|说明)(?=[^如,;。:的说分]|$)")
_NO_NAME = re.compile(
    r"(?:情况|说明|分析|目标|问题|措施|成效|结论|综述|评价|概况|任务|建议|经验|做法|依据|收支|总体|原因|意见|报告|工作|管理|效果|通报|完成|落实|结果|编制|采购|公开|(?:预算|资金|支出)(?:执行|使用|安排|控制))$"
)
_SPENT = re.compile(r"^(.{2,30}(?:费|经费|项目|工程|专项)(?:支出)?)(?:使用|执行|完成|决算|预算执行)?情况(?:说明)?$")
"""A title that tells of the spending of something."""
_NO_TITLE = re.compile(r"^(?:根据|按照|因|由于|落实|为|对|其中|通过|主要(?=[由是为用]))")

_LEADING = re.compile(
    r"^(?:[、.,;:·\-—~●■◆※]+|\"(?=[^\"]*$)|\(\d{1,2}\)|\d{1,2}[、.](?!\d(?!\d{3}年))|[一二三四五六七八九十]{1,3}(?:是|、)|[①-⑳]|\([一二三四五六七八九十]+\)"
    r"|其中|另外|此外|同时|另有|另|例如|比如|如(?=[^意期])|主要(?:是|为|由于|用于|包括|有)|分别(?:是|为)|包括|包含|含有?|(?<!^.)由|将"
    r"|加上(?![级解缴年])|加(?=[^强大快工])|按资金来源[看分]?|按支出性质[看分]?|从.{1,8}看|截[至止](?:到|止)?.{0,16}?(?:[底日末]|月份?(?!\d))止?"
    r"|\d{4}年(?:度)?(?:末|底|初)?|\d{1,2}[-~至到]\d{1,2}月份?|\d{1,2}月(?:份|底|末)?|[上下]半年|前?[一二三四]季度"
    r"|(?:全年|本年度?(?![收支])|当年|今年|去年|年度(?![预收支目])|年中|年末|目前|因此|因而|所以|故|相应|实际|累计|预计|拟|已|共计|共(?!同)|全部|[比较]年初)"
    r"|我[局委办院校中](?:心)?|我(?=[市区县镇乡街])|本(?=[部单局街镇委])|\d+(?:个|项)(?=[^目]))"
)
_TRAILING = re.compile(
    r"(?:(?<=[入出费])决算(?:数|总额)?|与.{1,8}相比|(?:[与比较同]|相比)(?:上年度?|去年|20\d\d年度?)(?:同期|同月)?(?:的)?(?:累计|实际|决算|预算|完成|执行)*(?:支出|收入)?(?:数)?|(?:同|相)?[比较](?:上年度?|去年)(?:同期|(?:决算|完成|预算|执行|实际)数?)?|比去年(?:同期)?|较去年(?:同期)?|[比较]\d{4}年度?(?:同期|决算数?)?"
    r"|(?:预算)?(?:执行|支出|支付)(?:进度|率)|同比|环比|同口径|的|为|是|共|各|分别|达到|(?<!下)达|(?:财政|上级|区财政|市财政)?(?:下达|批复)|实现|完成|累计|实际|全年|已|预计|安排|总额|总量|规模|金额|由|从|因|年中|当年|本年|全部|[,;:、—-]"
    r"|\d{4}年度?)$"
)
_GENERIC = re.compile(
    r"^\d+年?$|^(?:占|完成|达到?|超)+$|^(?:该|此|本|上述|其|这|这个|这项)(?:项|个|类|款)?(?:项目|专项|资金|经费|预算|支出|工程|工作|部分)*$"
    r"|^(?:项目|资金|部门|单位)?(?:实际|累计|总|全部|共|全年|已|形成)+(?:支出|执行|预算)?$"
    r"|^(?:类|款|项)?(?:项目|专项|资金|经费|预算|数|工作|部分|全部)*$"
    r"|^(?:实际|累计|形成|已|预算|当年|年初|预算资金|总|合计|总计|共|决算|执行|支付|支出|使用|进度|率|平均|超过|同期|与|决算数|支出决算数?|批复|"
    r"年初预算|预算数|相比|平均|综合|绩效|自评|评价|绩效自评|经|打分|经自评打分|通过自评|项目自评|自评打分|最终)+$"
)
_CIRCUMSTANCE = re.compile(
    r"^(?:根据|按照?|因(?!公)|由于|落实|依据|经(?![济费营常贸信])|通过|受(?![灾益])|为(?!民)|对(?!外|口|个人|企业|附属)|鉴于|随着|考虑)"
)
_DEPARTMENT = re.compile(
    r"(?:部门整体支出|部门整体|部门预算|部门|整体|单位整体|我[局委办中心镇街道]+|本单位|本部门|本[局委办])(?:支出|预算|绩效|自评)*$"
)
_QUOTED = re.compile(r"\"20\d\d年[^\"]+\"")
"""A name that begins with a year is quoted, so that the year is its own."""
_DATED = re.compile(r"^(?P<before>[^,;:]{0,30}?)(?<!\d)20\d\d年(?:度)?(?P<after>[^\d底末初].*)$")
_ASIDE = re.compile(r"\((?:不?包?含|不?包括|其中|以下|下同|剔除|含)[^()]*\)|\([^()]*下同\)")
"""What a name has in brackets that is no part of it."""
_NAME_IN_CLAUSE = re.compile(r"^.*(?:收入|支出|经费|资金|项目|工程|补助|结余|专款|款|费)")


@dataclass(frozen=True, slots=True)
class Heading:
    """A numbered heading: level (0 the highest), title, where the text behind it begins, whether it names something."""

    level: int
    title: str
    body: int
    names: bool


def heading_of(text: str, *, alone: bool = True) -> Heading | None:
    """The numbered heading with which a folded paragraph begins, if it does."""
    for level, mark in _MARKS:
        if match := mark.match(text):
            return _titled(level, text, match.end())
    if alone and text.startswith('"') and (path := PATH.match(text, 1)):
        return Heading(3, path[0], 1, names=True)
    return None


def _titled(level: int, text: str, begin: int) -> Heading:
    rest = text[begin:]
    if _NO_TITLE.match(rest):
        return Heading(level, "", begin, names=False)
    quoted = rest.startswith('"')
    if path := PATH.match(rest, 1 if quoted else 0):
        return Heading(level, path[0], begin, names=True)
    end = min((position for position in (rest.find(mark) for mark in "。:") if position >= 0), default=len(rest))
    title = rest[:end]
    if (told := _TITLE_END.match(rest)) and told.end() <= end:
        return Heading(level, told[0], begin + told.end(), names=False)
    if len(title) > 40 or re.search(r"\d(?:\.\d+)?(?:元|万元|亿元|%)|[,;]", title):
        return Heading(level, "", begin, names=False)
    has_stop = end < len(rest)
    if level in (3, 4) and (spent := _SPENT.match(title)):
        return Heading(level, spent[1], begin + end + (1 if has_stop else 0), names=True)
    return Heading(level, title, begin + end + (1 if has_stop else 0), names=_names(level, title))


def _names(level: int, title: str) -> bool:
    """Whether a title names something: of chapters only one that ends as names of money do."""
    return bool(ENDS_AS_MONEY.search(title)) if level <= 2 else not _NO_NAME.search(title)


def is_department(clause: str) -> bool:
    """Whether a clause names the publishing department as a whole and nothing else."""
    return bool(_DEPARTMENT.fullmatch(re.sub(r"^[,;:、.]*(?:\d{4}年(?:度)?)?", "", clause)))


def called(heading: Heading) -> str | None:
    """What 该项目 below a heading is called: its title, unless that tells of a state of affairs."""
    return cleaned(heading.title) if heading.title and not _NO_NAME.search(heading.title) else None


def title_name(heading: Heading) -> str | None:
    """The name that a heading hands on, or None."""
    if heading.names and re.match(r"20\d\d年.*(?:项目|工程|经费)$", heading.title):
        return heading.title
    return cleaned(heading.title) if heading.names and heading.title else None


def cleaned(clause: str) -> str | None:
    """The name in a clause without what leads to it and what follows; None where nothing is named."""
    text = clause
    if path := list(PATH.finditer(text)):
        return path[-1][0].lstrip("\"'、")
    text = _ASIDE.sub("", _open_part(text))
    before = None
    while before != text:
        before = text
        text = _LEADING.sub("", text)
        text = _TRAILING.sub("", text)
    if _QUOTED.fullmatch(text):
        return text[1:-1]
    if dated := _DATED.match(text):
        is_bare = _GENERIC.match(dated["after"]) and len(dated["before"]) > 2
        text = dated["before"] if is_bare else dated["after"]
    text = re.sub(r"^(.{0,6}?)共?(?:完成|实现|组织)(?=.{2,}(?:收入|支出|资金)$)", r"\1", _balanced(text).strip("'、·"))
    text = text[1:] if text.startswith('"') and text.count('"') == 1 else text
    if text.endswith('"') and text.count('"') == 1:
        text = text[:-1]
    if not text or _GENERIC.match(text) or _CIRCUMSTANCE.match(text):
        return None
    if _DEPARTMENT.fullmatch(text):
        return None
    return text


def named_in(clause: str) -> str | None:
    """The name at the beginning of a clause that goes on with a verb (``罚没收入高于预期``)."""
    if re.match(r"[^\u4e00-\u9fff\"]*(?:根据|因|由于|落实|按照|按|为|经|通过|用于|主要用于)", clause):
        return None
    match = _NAME_IN_CLAUSE.match(cleaned(clause) or "")
    return cleaned(match[0]) if match and len(match[0]) > 2 else None


def _open_part(text: str) -> str:
    """What follows the last bracket that is not closed."""
    depth = 0
    for position in range(len(text) - 1, -1, -1):
        if text[position] == ")":
            depth += 1
        elif text[position] == "(":
            if depth == 0:
                return text[position + 1 :]
            depth -= 1
    return text


def _balanced(text: str) -> str:
    """The text without what stands before a bracket that was opened earlier."""
    depth = 0
    cut = 0
    for position, character in enumerate(text):
        if character == "(":
            depth += 1
        elif character == ")":
            if depth == 0:
                cut = position + 1
            else:
                depth -= 1
    return text[cut:]
