"""Figures of running text: each number with a unit is given a measure by the cue before it and a subject by its clause.

What no cue covers is not guessed: it is unread, or passed over with a reason.
Does not belong here: cues (``cues.csv``), names (``subjects``), tables (``tables``), proof (``proof``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal

from pipelines.documents.characters import Folded, fold
from pipelines.documents.figures.cues import Cue, PassedOverCue, cues, passed_over_cues, section_cues
from pipelines.documents.figures.subjects import (
    ENDS_AS_MONEY,
    PATH,
    Heading,
    called,
    cleaned,
    heading_of,
    is_department,
    named_in,
    title_name,
)
from pipelines.documents.figures.tokens import Token, find_tokens
from pipelines.documents.model import DEPARTMENT, Figure, Measure, Paragraph, PassedOver, Place, Quantity, Status

WEAK = 24
"""Cues up to this strength give way to the list or the plan that the figure belongs to."""

_PLANNED = (Measure.INITIAL_BUDGET, Measure.FULL_YEAR_BUDGET, Measure.ADJUSTMENT)

_HANDED_ON = (Measure.EXECUTED, Measure.RECEIVED, *_PLANNED)

STRONG = 25
"""Cues from this strength on count in sections that carry no figures of the accounts otherwise."""

_ITEM_LEVEL = 3
_ITEM_CHARACTERS = 150
"""What follows a paragraph that ends in a colon is its list: numbered items of this level, or paragraphs no longer."""

_SENTENCE_END = re.compile(r"[。!?！？]")
_DELIMITERS = ",;:。!?"
_ITEM = re.compile(r"(?:\(\d{1,2}\)|[①-⑳]|[一二三四五六七八九十]是|;)")
_AVERAGE = re.compile(
    r"(?P<whole>全[省市县国区州])(?:平均|序时|进度|水平)?[^,;。()]*\($|(?:[低高快慢]于|落后|达到)(?P<named>[^,;。()]{2,20}进度)\($"
)
_BRACKETS = re.compile(r"\((?![类款项]\)|国|境)[^()]*\)")
_ARRIVED = re.compile(r"(?:项目|实际|资金|已)*到位(?:资金|金额|数)?")
_GENERIC_BUDGET = re.compile(r"(?:预算总额|总预算|预算总数)(?:为|是|共|:)?$")
_PURPOSE = re.compile(r"^(?:用于|用作|作为|支付给)")
_OF_ACCOUNTS = re.compile(r"预算|决算|收支|资金|支出|收入|经费")
_LEVELS = (Measure.INITIAL_BUDGET, Measure.FULL_YEAR_BUDGET, Measure.EXECUTED, Measure.RECEIVED, Measure.AMOUNT)
_BASE = re.compile(
    r"(?:比|较|与|同)(?:上年度?|去年|(?P<year>20\d\d)年度?)(?:同期|同月)?(?:的)?(?:累计|实际|决算|预算|执行|完成|支出|收入|数|总额)*(?:为|的)?$"
)
"""The end of words that name the year with which something is compared, and nothing else."""
_BALANCE_TOTAL = re.compile(r"总(?:收入|支出)$|^(?:收入|支出)(?:合计|总计)$")
_BARE_NAME = re.compile(r"(?P<name>[^,;:。\"]{2,30})。(?=[该本此](?:项目|专项|资金|工程|经费))")
_PERIODS = re.compile(r"(?:\d{1,2}月|[一二三四]季度|20\d\d年)(?:[、和与及](?:\d{1,2}月|[一二三四]季度|20\d\d年))+")
_SENTENCE_YEAR = re.compile(
    r"[^,;:。\d比较与]{0,16}(?P<year>20\d\d)(?:年度|年(?=[,、\"]|[全我本区]|\d{1,2}[月-]|[上下]半年|末|底|预算|决算|部门|一般|财政|收|支|安排))"
)
_AGAINST_BUDGET = re.compile(
    r"[比较与](?:20\d\d年度?)?(?:年初|调整|全年)?预算数?(?:相比)?,?(?:增加|减少|增长|下降|多|少|节约)(?:了)?$"
)
"""What a final figure is more or less than its budget."""
_CHANGE = re.compile(r",?(?:增长|下降|增加|减少|上升|降低)(?:了)?")
_PLACES = re.compile(r"(?:[区县市镇乡局委办院校]|街道|中心|本级|公司|园|集团)$")
_COMPARED = re.compile(r"[比较与同](?:上年|去年|20\d\d年)")
_RANKED = re.compile(r"按[^,;:。]{2,12}(?:排序|排名|排列)(?:为|是)?[,:]")
_TAX_OFFICES = re.compile(r"税务|国税|地税|海关|财政(?:部门|系统|局)|征收")
_MOVED_FROM = re.compile(r"[由从](?:年初|原来?)?(?:的)?(?:预算)?(?:数)?(?:的)?$")
_MOVED_TO = re.compile(r"(?:调整|调增|调减|追加|增加|减少|压减|核减|提高|下调|上调|变更)(?:为|至|到)")
_RATE_FOLLOWS = re.compile(r"的[\d.]+%")
_TOTAL_WORDS = re.compile(r"收入(?:合计|总额)?\"?$")


@dataclass(slots=True)
class _Lists:
    """What the items of a list measure, by quantity: told by the words before the colon or by the list's parent."""

    money: Measure | None = None
    percent: Measure | None = None
    is_open: bool = False
    parent: int | None = None


@dataclass(slots=True)
class _State:
    """What carries from token to token of a paragraph, and from paragraph to paragraph (headings, lists)."""

    is_plan: bool = False
    headings: dict[int, tuple[Heading, str | None, str | None]] = field(default_factory=dict)
    subjects: dict[int, str | None] = field(default_factory=dict)
    main: str | None = None
    year: int | None = None
    last_money: Measure | None = None
    last_money_index: int | None = None
    lists: _Lists = field(default_factory=_Lists)
    pending: list[str] = field(default_factory=list)
    pending_cue: Cue | None = None
    repeated: str | None = None
    has_balance_items: bool = False
    is_difference: bool = False
    last_percent: Measure | None = None
    is_listing: bool = False
    ends_open: bool = False
    generic_budget: int | None = None
    sentence_subjects: list[str] = field(default_factory=list)
    sentence_money: set[Measure] = field(default_factory=set)
    previous_money: set[Measure] = field(default_factory=set)

    @property
    def item(self) -> str | None:
        """The name of the deepest heading that names something."""
        return next((name for _, (_, name, _) in sorted(self.headings.items(), reverse=True) if name), None)

    @property
    def project(self) -> str | None:
        """What 该项目 is: the name of the deepest heading, though it is a chapter's."""
        found = (called(heading) for _, (heading, _, _) in sorted(self.headings.items(), reverse=True))
        return self.item or next((name for name in found if name), None)

    @property
    def section_reason(self) -> str | None:
        """Why the section carries no figures of the accounts, if so."""
        for _, (heading, _, reason) in sorted(self.headings.items(), reverse=True):
            if reason or _OF_ACCOUNTS.search(heading.title):
                return reason
        return None

    @property
    def tells_plans(self) -> bool:
        """Whether what is told is planned: in a budget, or in a section about one."""
        titles = [heading.title for heading, _, _ in self.headings.values()]
        return self.is_plan or any(
            re.search(r"预算(?:草案|安排|编制)", title) and "执行" not in title for title in titles
        )

    @property
    def path(self) -> str:
        """The titles of the headings above, from the highest down."""
        return " / ".join(heading.title for _, (heading, _, _) in sorted(self.headings.items()) if heading.title)

    def enter(self, heading: Heading) -> None:
        """A heading ends those of its level and below."""
        self.headings = {level: told for level, told in self.headings.items() if level < heading.level}
        reason = next((cue.reason for cue in section_cues() if cue.pattern.search(heading.title)), None)
        self.headings[heading.level] = (heading, title_name(heading), reason)


@dataclass(frozen=True, slots=True)
class _Around:
    """What stands around a token: the words before and behind it, its sentence, in how many brackets it is.

    ``gap``: what joins its cue to it; ``own``: its clause from the last delimiter on, earlier numbers included.
    """

    lead: str
    trail: str
    sentence: str
    depth: int
    is_first: bool
    own: str = ""
    gap: str = ""

    @property
    def clause(self) -> str:
        """The words before the token since the last delimiter."""
        return _last_clause(self.lead)


@dataclass(frozen=True, slots=True)
class TextReading:
    """What the paragraphs of a document gave."""

    figures: list[Figure]
    passed_over: list[PassedOver]
    tokens: int


def read_paragraphs(
    paragraphs: Iterable[Paragraph], fiscal_year: int | None = None, *, is_plan: bool = False
) -> TextReading:
    """The figures of running text in reading order; those with status ``unread`` have no measure.

    ``is_plan``: the document is a budget; what it lists is planned, unless it says that it was carried out.
    """
    state = _State(is_plan=is_plan)
    reading = TextReading([], [], 0)
    count = 0
    for paragraph in paragraphs:
        folded = fold(paragraph.text)
        if folded.text:
            count += _Reader(paragraph, folded, state, reading, fiscal_year).read()
    return replace(reading, tokens=count)


@dataclass(slots=True)
class _Reader:
    """Reads one paragraph."""

    paragraph: Paragraph
    folded: Folded
    state: _State
    reading: TextReading
    fiscal_year: int | None
    body: int = 0

    def read(self) -> int:
        """Adds the paragraph's figures to the reading; returns how many tokens it has."""
        text, state = self.folded.text, self.state
        tokens = find_tokens(text)
        bare = _bare_name(text)
        heading = heading_of(text) or bare or _line_heading(text, tokens)
        if heading:
            state.enter(heading)
            self.body = heading.body if not (tokens and tokens[0].start < heading.body) else 0
            if not heading.title and re.match(r"[、.)\d(]", text[: heading.body][-1:]):
                self.body = heading.body
        elif not re.match(r"[-—·●•]", text) and 5 in state.headings and len(text) > 120 and not tokens:
            del state.headings[5]
        state.subjects, state.main, state.pending, state.has_balance_items = {}, None, [], False
        state.sentence_subjects, state.sentence_money, state.previous_money = [], set(), set()
        is_item = heading.level >= _ITEM_LEVEL if heading else len(text) <= _ITEM_CHARACTERS
        state.is_listing = state.ends_open or (state.is_listing and is_item)
        state.ends_open = text.endswith(":")
        if not re.match(r"[-—·●•]", text) and not (state.is_listing and is_item):
            state.lists, state.last_money = _Lists(), None
        sentence_start = self.body
        state.year = None
        self._note_year(sentence_start)
        previous: Token | None = None
        for position, token in enumerate(tokens):
            begin = self._sentence_start(sentence_start, token.start)
            if begin != sentence_start:
                sentence_start = begin
                self._begin_sentence(begin)
            following = tokens[position + 1].start if position + 1 < len(tokens) else len(text)
            self._take(token, previous, sentence_start, following)
            previous = token
        if bare and heading is bare:
            del state.headings[bare.level]
        return len(tokens)

    def _sentence_start(self, known: int, before: int) -> int:
        ends = [match.end() for match in _SENTENCE_END.finditer(self.folded.text, known, before)]
        outside = [end for end in ends if _depth(self.folded.text, end) == 0]
        return outside[-1] if outside else known

    def _note_year(self, begin: int) -> None:
        """A sentence that begins with a year is about that year, and those behind it in the paragraph too."""
        if told := _SENTENCE_YEAR.match(self.folded.text, begin):
            self.state.year = int(told["year"])

    def _begin_sentence(self, begin: int) -> None:
        state = self.state
        self._note_year(begin)
        if re.match(r"[一二三四五六七八九十]是", self.folded.text[begin : begin + 2]):
            state.main = None
        state.has_balance_items, state.sentence_subjects = False, []
        state.last_percent = None
        state.subjects, state.sentence_money, state.previous_money = {}, set(), state.sentence_money
        state.pending = []
        if not (state.lists.is_open and state.lists.percent is None and state.lists.money is None):
            state.lists = _Lists()

    def _take(self, token: Token, previous: Token | None, sentence_start: int, following: int) -> None:
        text, state = self.folded.text, self.state
        begin = max(previous.end if previous else 0, sentence_start)
        lead = text[begin : token.start]
        trail = re.split(r"[,;。:!?]", text[token.end : following], maxsplit=1)[0]
        sentence = text[sentence_start : self._sentence_end(token.end)]
        depth = _depth(text, token.start)
        for deeper in [level for level in state.subjects if level > depth]:
            del state.subjects[deeper]
        is_first = begin == sentence_start
        self._open_lists(lead, text[sentence_start : token.start])
        own = _last_clause(text[sentence_start : token.start])
        is_denominator = token.quantity is Quantity.MONEY and bool(_RATE_FOLLOWS.match(text, token.end))
        found = self._figure(token, previous, _Around(lead, trail, sentence, depth, is_first, own))
        start, end = self.folded.place(token.start, token.end)
        place = Place(self.paragraph.page, self.paragraph.number, start, end)
        printed = self._printed(sentence_start, self._sentence_end(token.end), token)
        if isinstance(found, str):
            self.reading.passed_over.append(PassedOver(self.paragraph.text[start:end], found, place, printed))
            return
        subject, measure, value, status = found
        parent = state.lists.parent if state.lists.is_open and measure else None
        year = self._year_of(own, measure)
        self.reading.figures.append(
            Figure(subject, measure, value, token.unit, place, printed, year, state.path, status, parent)
        )
        if measure is None:
            return
        state.has_balance_items |= measure is Measure.AMOUNT
        index = len(self.reading.figures) - 1
        self._make_room(index, lead)
        if subject != DEPARTMENT and not _ARRIVED.fullmatch(subject):
            state.subjects[depth] = subject
            if subject not in state.sentence_subjects:
                state.sentence_subjects.append(subject)
            if depth == 0 and (not state.lists.is_open or (state.is_listing and state.main is None)):
                state.main = subject
        if token.quantity is Quantity.PERCENT:
            state.last_percent = measure if measure in _LIST_HEADS else None
        if token.quantity is not Quantity.MONEY or state.lists.is_open or is_denominator:
            return
        state.sentence_money.add(measure)
        if measure is not Measure.YOY_AMOUNT and not _BASE.search(own):
            state.last_money, state.last_money_index = measure, index

    def _year_of(self, own: str, measure: Measure | None) -> int | None:
        """The year of a figure: that with which its sentence begins, or that of a basis of comparison (比上年支出)."""
        base = _BASE.search(own) if measure in _LEVELS else None
        if base is None or self.fiscal_year is None:
            return self.state.year or self.fiscal_year
        return int(base["year"]) if base["year"] else self.fiscal_year - 1

    def _make_room(self, index: int, lead: str) -> None:
        """A budget without a name is the full-year one where the sentence goes on with another, initial one."""
        figures, generic = self.reading.figures, self.state.generic_budget
        figure = figures[index]
        if figure.measure is Measure.FULL_YEAR_BUDGET:
            self._make_change(index)
        if figure.measure is not Measure.INITIAL_BUDGET:
            return
        if _GENERIC_BUDGET.search(lead):
            self.state.generic_budget = index
        elif generic is not None:
            first = figures[generic]
            is_same = (first.subject, first.place.paragraph) == (figure.subject, figure.place.paragraph)
            if is_same and first.fiscal_year == figure.fiscal_year and first.amount != figure.amount:
                figures[generic] = replace(first, measure=Measure.FULL_YEAR_BUDGET)

    def _make_change(self, index: int) -> None:
        """调整预算 between an initial and a full-year budget is what was adjusted, where the three add up."""
        figures = self.reading.figures
        if index < 2:
            return
        initial, change, full = figures[index - 2 : index + 1]
        if (initial.measure, change.measure) != (Measure.INITIAL_BUDGET, Measure.FULL_YEAR_BUDGET):
            return
        before, between, after = initial.amount, change.amount, full.amount
        is_one = initial.subject == change.subject == full.subject
        if before is None or between is None or after is None or not is_one:
            return
        if between and before + between == after:
            figures[index - 1] = replace(change, measure=Measure.ADJUSTMENT)

    def _sentence_end(self, position: int) -> int:
        match = _SENTENCE_END.search(self.folded.text, position)
        return match.end() if match else len(self.folded.text)

    def _printed(self, start: int, end: int, token: Token) -> str:
        """The sentence as printed, at most 200 characters around the token."""
        if end - start > 160:
            start, end = max(start, token.start - 100), min(end, token.end + 60)
        first, last = self.folded.place(start, end)
        return " ".join(self.paragraph.text[first:last].split())[:200]

    def _open_lists(self, lead: str, before: str) -> None:
        state = self.state
        if re.search(
            r"其中|包括[:：]?|(?:分别|情况|如下|即|是|为|有|来看|上看|(?:部门|系统|构成|级次|科目|性质|来源)分|安排|用于)(?:是|为)?:",
            lead,
        ) or (before.endswith(":") and not lead.strip(":")):
            state.lists.is_open = True
            state.lists.money = state.last_money
            state.lists.parent = state.last_money_index
        if ranked := _RANKED.search(lead):
            found = next((measure for measure, words in _LIST_HEADS.items() if words.search(ranked[0])), None)
            state.lists = _Lists(self._of_section(before), found, is_open=True)
        if ":" in lead:
            head = before[: before.rfind(":")]
            found = next((measure for measure, words in _LIST_HEADS.items() if words.search(head)), None)
            if found and re.search(r"(?:有|如下|分别|是|为|地区|单位|部门)(?:\d+个)?$", _last_clause(head)):
                state.lists.percent = found
                state.lists.is_open = True

    @staticmethod
    def _of_section(words: str) -> Measure | None:
        """What the places of a ranking have received or spent, by the words before it."""
        if "收入" in words:
            return Measure.RECEIVED
        return Measure.EXECUTED if "支出" in words else None

    def _figure(
        self, token: Token, previous: Token | None, around: _Around
    ) -> tuple[str, Measure | None, Decimal | str, Status] | str:
        """Subject, measure, signed value and status; or the reason for which the token is passed over."""
        if token.quantity is Quantity.GRADE:
            return self._carried(around.depth), Measure.GRADE, token.value, Status.SINGLE
        if told := self._told_before(token, previous, around):
            return told
        best, match = _best_cue(token, around.lead)
        if best is None and (bare := _BRACKETS.sub("", around.lead)) != around.lead:
            best, match = _best_cue(token, bare)
            around = replace(around, lead=bare) if best else around
        if best is None and around.lead.startswith(")") and (bare := _BRACKETS.sub("", around.own)):
            best, match = _best_cue(token, bare)
            around = replace(around, lead=bare) if best else around
        if match:
            around = replace(around, gap=match["gap"])
        if reason := self._of_two_figures(token, around):
            return reason
        if reason := self._reason(token, around, best.strength if best else 0):
            return reason
        if best is None or match is None:
            return self._without_cue(token, around)
        subject = self._subject(best, match, around)
        return subject, self._settled(best, subject, around), _signed(token, best), Status.SINGLE

    def _of_two_figures(self, token: Token, around: _Around) -> str | None:
        """Why a change against the budget, and its rate behind it, are no figures: both ends are printed."""
        state = self.state
        is_rate = token.quantity is Quantity.PERCENT and state.is_difference and _CHANGE.fullmatch(around.lead)
        is_amount = token.quantity is Quantity.MONEY and _AGAINST_BUDGET.search(around.own)
        state.is_difference = bool(is_amount) and state.last_money not in _PLANNED
        return "a difference of two printed figures" if state.is_difference or is_rate else None

    def _told_before(
        self, token: Token, previous: Token | None, around: _Around
    ) -> tuple[str, Measure, Decimal | str, Status] | None:
        """A figure whose measure was told with an earlier one."""
        if average := self._average(token, previous, around):
            return average, Measure.EXECUTION_RATE, token.value, Status.SINGLE
        if _MOVED_FROM.search(around.lead) and _MOVED_TO.match(around.trail) and token.quantity is Quantity.MONEY:
            name = cleaned(_last_clause(_MOVED_FROM.sub("", around.lead)))
            return name or self._carried(around.depth), Measure.INITIAL_BUDGET, token.value, Status.SINGLE
        return self._of_the_amount_before(token, previous, around.lead) or self._distributed_before(token, around.lead)

    def _distributed_before(self, token: Token, lead: str) -> tuple[str, Measure, Decimal | str, Status] | None:
        """The next of several names that 分别 gives a value each."""
        state, cue = self.state, self.state.pending_cue
        if not state.pending and state.repeated and cue and lead == "、" and cue.quantity is token.quantity:
            return state.repeated, cue.measure, _signed(token, cue), Status.SINGLE
        if state.pending and cue and re.fullmatch(r"[、,和与及]*(?:以及)?", lead) and cue.quantity is token.quantity:
            return state.pending.pop(0), cue.measure, _signed(token, cue), Status.SINGLE
        state.pending, state.repeated = [], None
        return None

    def _of_the_amount_before(
        self, token: Token, previous: Token | None, lead: str
    ) -> tuple[str, Measure, Decimal | str, Status] | None:
        """A rate whose denominator is printed before it with its amount: 为调整预算数15,980万元的95.87%."""
        figures = self.reading.figures
        if token.quantity is not Quantity.PERCENT or lead != "的" or not figures:
            return None
        if previous is None or previous.quantity is not Quantity.MONEY:
            return None
        measure = _RATE_OF.get(figures[-1].measure or Measure.GRADE, Measure.SHARE)
        if measure is Measure.COMPLETION_OF_INITIAL and not re.search(
            "年初", _last_clause(self.folded.text[: previous.start])
        ):
            measure = Measure.EXECUTION_RATE
        return figures[-1].subject, measure, token.value, Status.SINGLE

    def _average(self, token: Token, previous: Token | None, around: _Around) -> str | None:
        """Whose a rate in brackets behind an average is: 低于全省(67.3%)平均, 高出全省平均7.2个百分点(88.4%)."""
        if token.quantity is not Quantity.PERCENT or not around.lead.endswith("("):
            return None
        before = self.folded.text[: token.start]
        if previous and previous.quantity is Quantity.POINTS and around.lead == "(":
            before = before[: previous.start] + "("
        match = _AVERAGE.search(before)
        if match is None or not re.search(r"率|进度", around.sentence):
            return None
        return match["named"] or f"{match['whole']}平均"

    def _reason(self, token: Token, around: _Around, strength: int) -> str | None:
        """Why a token is no figure of the accounts, if so."""
        if reason := next((cue.reason for cue in passed_over_cues() if _is_met(cue, token, around, strength)), None):
            return reason
        if token.quantity is Quantity.SCORE:
            return None if strength else "points of a rubric"
        return self.state.section_reason if strength < STRONG else None

    def _without_cue(self, token: Token, around: _Around) -> tuple[str, Measure | None, Decimal | str, Status] | str:
        """A token before which no cue stands: an item of a list, an amount behind its name, or unread."""
        lists, clause = self.state.lists, around.clause
        if token.quantity is Quantity.PERCENT and lists.percent and around.lead.endswith("("):
            clause = _last_clause(around.lead[:-1])
        name = cleaned(clause)
        measure: Measure | None = None
        if token.quantity is Quantity.PERCENT and name:
            measure = lists.percent or (self._of_places() if _PLACES.search(name) else None)
        elif token.quantity is Quantity.MONEY:
            if (base := _BASE.search(around.own)) and around.own.endswith(base[0]):
                return self._carried(around.depth), self._level(), token.value, self._status(self._level())
            if re.search(r"(?:完成|实现|组织)$", clause) and (done := self._done(name or self._carried(around.depth))):
                return name or self._carried(around.depth), done, token.value, Status.SINGLE
            if _PURPOSE.match(around.trail) and not name:
                return "a purpose within a figure"
            if (name and PATH.search(clause)) or (
                name and re.search(r"(?:费用?|工资|奖金|津贴)$", name) and self.state.last_money is Measure.EXECUTED
            ):
                measure = Measure.EXECUTED
            elif name and (_is_noun(name) or lists.is_open or around.depth > 0 or around.lead.startswith("、")):
                measure = lists.money if lists.is_open and lists.money in _HANDED_ON else Measure.AMOUNT
            elif not clause.strip("\"'、") and (path := self._path_subject()):
                name, measure = path, Measure.EXECUTED
        status = Status.SINGLE if measure else Status.UNREAD
        return name or self._carried(around.depth), measure, token.value, status

    def _of_places(self) -> Measure | None:
        """What the percentages behind names of places measure: as the one before, or as their heading says."""
        if self.state.last_percent:
            return self.state.last_percent
        title = self.state.path.rpartition(" / ")[2]
        return next((measure for measure, words in _LIST_HEADS.items() if words.search(title)), None)

    def _done(self, subject: str) -> Measure | None:
        """What 完成 tells of a subject: received or executed by its name, or as the amount before."""
        if re.search(r"(?:收入|税)$", subject) or _TAX_OFFICES.search(subject):
            return Measure.RECEIVED
        if subject.endswith("支出"):
            return Measure.EXECUTED
        level = self._level()
        return level if level in (Measure.RECEIVED, Measure.EXECUTED) else None

    def _level(self) -> Measure | None:
        """What the last amount measured, where that is a level, no change."""
        measure = self.state.lists.money if self.state.lists.is_open else self.state.last_money
        return measure if measure in _LEVELS else None

    @staticmethod
    def _status(measure: Measure | None) -> Status:
        return Status.SINGLE if measure else Status.UNREAD

    def _path_subject(self) -> str | None:
        item = self.state.item
        return item if item and PATH.search(item) else None

    def _carried(self, depth: int) -> str:
        """The subject that carries on: of the sentence, of the paragraph, of the heading, else the department."""
        state = self.state
        for level in range(depth, -1, -1):
            if subject := state.subjects.get(level):
                return subject
        return self._path_subject() or state.main or state.item or DEPARTMENT

    def _subject(self, cue: Cue, match: re.Match[str], around: _Around) -> str:
        """Whose the figure is: named by its cue, by its clause, by an earlier clause, or carried on."""
        if cue.subject not in ("before", "with", "after"):
            return cue.subject
        if counted := re.search(r"\d+(?:个|项)项目", match["gap"]):
            return counted[0]
        before = around.lead[: match.start("core")]
        own = _last_clause(before)
        carried = self._carried(around.depth)
        if cue.subject == "after":
            named = cleaned(match["np"])
        elif self.state.project and re.search(r"(?:该|此|本|上述)(?:项目|专项|资金|经费|工程)+$", own):
            named = self.state.project
        elif cue.subject == "with":
            named = self._subject_with_cue(cue, match, around, carried)
        elif (periods := _PERIODS.match(own)) and "分别" in around.lead:
            named, self.state.pending_cue = carried, cue
            self.state.pending = [carried] * (len(re.split(r"[、和与及]", periods[0])) - 1)
        elif is_department(own):
            named = DEPARTMENT
        elif name := cleaned(own):
            named = self._distributed(name, around.lead, cue)
        elif "分别" in around.lead and len(self.state.sentence_subjects) > 1:
            named, *self.state.pending = self.state.sentence_subjects
            self.state.pending_cue = cue
        else:
            named = self._from_earlier(before, is_first=around.is_first)
            if cue.measure is Measure.INITIAL_BUDGET and (total := re.search(r"(?:^|[年度])(收入|支出)$", own)):
                named = f"{total[1]}预算"
            is_own = carried == DEPARTMENT and cue.measure is Measure.ADJUSTMENT
            if named is None and is_own and re.search(r"(?:资金|经费)$", match["core"]):
                named = match["core"]
        return named or carried

    def _subject_with_cue(self, cue: Cue, match: re.Match[str], around: _Around, carried: str) -> str:
        """A name of which the cue is the end: 公共安全支出; a bare 支出 belongs to what was named before."""
        name = cleaned(_last_clause(around.lead[: match.end("core")]))
        if name in ("结余", "剩余", "结余资金", "剩余资金") and re.search(r"(?:项目|经费|工程|专项|费)$", carried):
            return carried
        if name and (carried == DEPARTMENT or not re.fullmatch(r"(?:总)?(?:支出|收入|收支)", name)):
            return self._distributed(name, around.lead, cue)
        if total := re.search(r"(?:收入|支出|收支)(?:总计|总量|合计)$", match["core"]):
            return total[0]
        if carried == DEPARTMENT and (total := re.search(r"总(?:收入|支出)$", around.lead[: match.end("core")])):
            return total[0]
        if match["core"].startswith("支出") and carried.endswith("收入"):
            return carried.removesuffix("收入") + "支出"
        return carried

    def _distributed(self, name: str, lead: str, cue: Cue) -> str:
        """The first of several names that 分别 gives a value each; the others wait for the next numbers."""
        if "分别" not in lead:
            return name
        names = [part for part in re.split(r"、|和|与|及|以及", name) if part]
        self.state.pending, self.state.pending_cue = names[1:], cue
        if len(names) > 1:
            return names[0]
        self.state.repeated = name
        return name

    def _from_earlier(self, before: str, *, is_first: bool) -> str | None:
        """A name in an earlier clause of the same item: before a colon, at the sentence's beginning, or with a verb."""
        clauses = [clause for clause in re.split(r"[,;。]", before) if clause]
        if before.endswith(":"):
            head = cleaned(_last_clause(before[:-1]))
            return head if head and len(head) <= 30 and not re.search(r"原因|情况|如下", head) else None
        if clauses and (counted := re.fullmatch(r"(.*?)共?\d+(?:个|项)", clauses[-1])):
            return cleaned(counted[1])
        if is_first:
            for clause in reversed(clauses):
                name = cleaned(clause)
                if name and ENDS_AS_MONEY.search(name) and len(name) <= 40 and not re.search(r"原因|[与较]", clause):
                    return name
        if items := list(_ITEM.finditer(before)):
            for clause in re.split(r"[,;]", before[items[-1].end() :]):
                if clause and (name := named_in(clause)):
                    return name
        return None

    def _settled(self, cue: Cue, subject: str, around: _Around) -> Measure:
        """The measure, where subject or list decide: what is received is not executed, parts follow their whole."""
        if cue.quantity is not Quantity.MONEY:
            return cue.measure
        measure = self._renamed(cue, subject, around)
        if measure is not cue.measure and measure in (Measure.YOY_AMOUNT, Measure.ADJUSTMENT):
            return measure
        is_done = bool(re.search(r"完成|实现|实际|执行|决算", around.clause))
        if cue.strength > WEAK or (is_done and not re.search(r"决算|执行", around.clause)):
            return self._balanced_total(measure, subject, is_done=is_done)
        return self._of_its_list(measure, subject, around) or self._balanced_total(measure, subject)

    def _of_its_list(self, measure: Measure, subject: str, around: _Around) -> Measure | None:
        """What the list or the sentence that a weak cue stands in makes of its measure."""
        state = self.state
        if measure is Measure.YOY_AMOUNT:
            return None
        if around.depth > 0 and state.last_money is Measure.AMOUNT:
            return Measure.AMOUNT
        told = state.sentence_money | state.previous_money
        if measure is Measure.EXECUTED and measure in told and subject.endswith("支出"):
            return None
        is_fund = measure is Measure.INITIAL_BUDGET and re.search(r"(?:公共|基金|经营)$", subject)
        if state.lists.is_open and (state.lists.money in _PLANNED or (is_fund and state.lists.money)):
            return state.lists.money
        is_behind = around.is_first and state.main and subject != state.main
        return Measure.INITIAL_BUDGET if is_behind and state.last_money is Measure.INITIAL_BUDGET else None

    def _renamed(self, cue: Cue, subject: str, around: _Around) -> Measure:
        """The cue's measure, or what its clause makes of it."""
        measure = cue.measure
        if measure is Measure.INITIAL_BUDGET and cue.strength <= WEAK and re.search(r"完成|执行|支出|实现", around.gap):
            measure = Measure.EXECUTED
        if measure is Measure.EXECUTED and _TOTAL_WORDS.search(subject) and not subject.endswith("支出"):
            return Measure.RECEIVED
        if measure is Measure.ADJUSTMENT and _COMPARED.search(around.own):
            return Measure.YOY_AMOUNT
        if measure is Measure.YOY_AMOUNT and self.state.last_money in _PLANNED and _is_bare_change(around.own):
            return Measure.ADJUSTMENT
        return measure

    def _balanced_total(self, measure: Measure, subject: str, *, is_done: bool = False) -> Measure:
        """What was received or executed, unless the document is a plan; a total behind balance items is a balance."""
        if self.state.tells_plans and not is_done and measure in (Measure.RECEIVED, Measure.EXECUTED):
            return Measure.INITIAL_BUDGET
        return self._balance(measure, subject)

    def _balance(self, measure: Measure, subject: str) -> Measure:
        """A total behind items such as transfers and carry-over is the balance of an account, not what was received."""
        is_total = bool(_BALANCE_TOTAL.search(subject)) and measure in (Measure.RECEIVED, Measure.EXECUTED)
        return Measure.AMOUNT if is_total and self.state.has_balance_items else measure


def _is_met(cue: PassedOverCue, token: Token, around: _Around, strength: int) -> bool:
    match cue.scope:
        case "sentence":
            return bool(cue.pattern.search(around.sentence))
        case "clause":
            return strength < STRONG and bool(cue.pattern.search(around.clause + around.trail))
        case "after":
            return bool(cue.pattern.match(around.trail))
        case "before":
            return bool(re.search(f"(?:{cue.pattern.pattern})$", around.lead))
        case "whole":
            return bool(cue.pattern.search(f"{around.clause}{token.value}{token.unit}{around.trail}"))
        case _:
            return token.unit == "pp" and strength == 0


def _is_bare_change(clause: str) -> bool:
    """Whether 增加 or 减少 stands without what it is compared with; behind a budget it changes that."""
    return not re.search(r"比(?!年初)|较(?!年初)|同期", clause)


def _is_noun(name: str) -> bool:
    """Whether a name ends as names of money do."""
    return bool(ENDS_AS_MONEY.search(re.sub(r"(?:合计|总计|总额|总数)$", "", name)))


def _bare_name(text: str) -> Heading | None:
    """A name before 。该项目 is what its paragraph is about, and no other."""
    match = _BARE_NAME.match(text)
    return Heading(5, match["name"], match.end(), names=True) if match else None


def _line_heading(text: str, tokens: list[Token]) -> Heading | None:
    """A short line of its own without a number and a stop is a heading below the numbered ones."""
    if tokens or len(text) > 30 or text[-1] in "。;,:!?" or re.search(r"\d{4}年\d|,", text):
        return None
    names = bool(ENDS_AS_MONEY.search(text))
    return Heading(5, text, len(text), names=names)


def _best_cue(token: Token, lead: str) -> tuple[Cue | None, re.Match[str] | None]:
    best: tuple[tuple[int, int, int], Cue, re.Match[str]] | None = None
    for cue in cues():
        if cue.quantity is not token.quantity:
            continue
        if match := cue.pattern.search(lead):
            rank = (cue.strength, match.end("core"), len(match["core"]))
            if best is None or rank > best[0]:
                best = rank, cue, match
    return (best[1], best[2]) if best else (None, None)


_RATE_OF = {
    Measure.INITIAL_BUDGET: Measure.COMPLETION_OF_INITIAL,
    Measure.FULL_YEAR_BUDGET: Measure.EXECUTION_RATE,
}
_LIST_HEADS = {
    Measure.EXECUTION_RATE: re.compile(r"(?:执行|支出|支付|完成)(?:率|进度)"),
    Measure.ALLOCATION_RATE: re.compile(r"分配率|下达率"),
    Measure.NET_ADJUSTMENT_RATE: re.compile(r"调整率"),
    Measure.YOY_RATE: re.compile(r"增速|增幅|增长率"),
}
"""What words before a list of percentages name."""


def _signed(token: Token, cue: Cue) -> Decimal | str:
    value = token.value
    if cue.sign is None or not isinstance(value, Decimal) or value == 0:
        return value
    return -abs(value) if cue.sign < 0 else value


def _depth(text: str, end: int) -> int:
    return max(0, text.count("(", 0, end) - text.count(")", 0, end))


def _last_clause(text: str) -> str:
    """What follows the last delimiter that stands outside brackets and quotation marks."""
    depth, quotes = 0, 0
    for position in range(len(text) - 1, -1, -1):
        character = text[position]
        if character == ")":
            depth += 1
        elif character == "(":
            if depth == 0:
                return text[position + 1 :]
            depth -= 1
        elif character == '"':
            quotes ^= 1
        elif character in _DELIMITERS and depth == 0 and not quotes:
            return text[position + 1 :]
    return text
