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
from pipelines.documents.figures.subjects import ENDS_AS_MONEY, PATH, Heading, cleaned, heading_of, named_in, title_name
from pipelines.documents.figures.tokens import Token, find_tokens
from pipelines.documents.model import DEPARTMENT, Figure, Measure, Paragraph, PassedOver, Place, Quantity, Status

WEAK = 24
"""Cues up to this strength give way to the list or the plan that the figure belongs to."""

_PLANNED = (Measure.INITIAL_BUDGET, Measure.FULL_YEAR_BUDGET, Measure.ADJUSTMENT)

_HANDED_ON = (Measure.EXECUTED, Measure.RECEIVED, *_PLANNED)

STRONG = 25
"""Cues from this strength on count in sections that carry no figures of the accounts otherwise."""

_SENTENCE_END = re.compile(r"[。!?！？]")
_DELIMITERS = ",;:。!?"
_ITEM = re.compile(r"(?:\(\d{1,2}\)|[①-⑳]|[一二三四五六七八九十]是|;)")
_AVERAGE = re.compile(r"(?P<whole>全[省市县国区州])(?:平均|序时|进度|水平)?[^,;。()]*\($")
_BRACKETS = re.compile(r"\((?![类款项]\)|国|境)[^()]*\)")
_ARRIVED = re.compile(r"(?:实际|资金|已)*到位(?:资金|金额|数)?")
_GENERIC_BUDGET = re.compile(r"(?:预算总额|总预算|预算总数)(?:为|是|共|:)?$")
_PURPOSE = re.compile(r"^(?:用于|用作|作为|支付给)")
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
    last_money: Measure | None = None
    last_money_index: int | None = None
    lists: _Lists = field(default_factory=_Lists)
    pending: list[str] = field(default_factory=list)
    pending_cue: Cue | None = None
    has_balance_items: bool = False
    generic_budget: int | None = None
    sentence_subjects: list[str] = field(default_factory=list)

    @property
    def item(self) -> str | None:
        """The name of the deepest heading that names something."""
        return next((name for _, (_, name, _) in sorted(self.headings.items(), reverse=True) if name), None)

    @property
    def section_reason(self) -> str | None:
        """Why the section carries no figures of the accounts, if so."""
        return next((reason for _, _, reason in self.headings.values() if reason), None)

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
    """What stands around a token: the words before and behind it, its sentence, in how many brackets it is."""

    lead: str
    trail: str
    sentence: str
    depth: int
    is_first: bool

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
        heading = heading_of(text) or _line_heading(text, tokens)
        if heading:
            state.enter(heading)
            self.body = heading.body if not (tokens and tokens[0].start < heading.body) else 0
            if not heading.title and re.match(r"[、.)\d(]", text[: heading.body][-1:]):
                self.body = heading.body
        elif not re.match(r"[-—·●•]", text) and 5 in state.headings and len(text) > 120 and not tokens:
            del state.headings[5]
        state.subjects, state.main, state.pending, state.has_balance_items = {}, None, [], False
        state.sentence_subjects = []
        if not re.match(r"[-—·●•]", text):
            state.lists, state.last_money = _Lists(), None
        sentence_start = self.body
        previous: Token | None = None
        for position, token in enumerate(tokens):
            begin = self._sentence_start(sentence_start, token.start)
            if begin != sentence_start:
                sentence_start = begin
                self._begin_sentence()
            following = tokens[position + 1].start if position + 1 < len(tokens) else len(text)
            self._take(token, previous, sentence_start, following)
            previous = token
        return len(tokens)

    def _sentence_start(self, known: int, before: int) -> int:
        ends = [match.end() for match in _SENTENCE_END.finditer(self.folded.text, known, before)]
        outside = [end for end in ends if _depth(self.folded.text, end) == 0]
        return outside[-1] if outside else known

    def _begin_sentence(self) -> None:
        state = self.state
        state.has_balance_items, state.sentence_subjects = False, []
        state.subjects = {}
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
        found = self._figure(token, previous, _Around(lead, trail, sentence, depth, is_first))
        start, end = self.folded.place(token.start, token.end)
        place = Place(self.paragraph.page, self.paragraph.number, start, end)
        printed = self._printed(sentence_start, self._sentence_end(token.end), token)
        if isinstance(found, str):
            self.reading.passed_over.append(PassedOver(self.paragraph.text[start:end], found, place, printed))
            return
        subject, measure, value, status = found
        parent = state.lists.parent if state.lists.is_open and measure else None
        self.reading.figures.append(
            Figure(subject, measure, value, token.unit, place, printed, self.fiscal_year, state.path, status, parent)
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
            if not state.lists.is_open and depth == 0:
                state.main = subject
        if token.quantity is Quantity.MONEY and not state.lists.is_open:
            state.last_money, state.last_money_index = measure, index

    def _make_room(self, index: int, lead: str) -> None:
        """A budget without a name is the full-year one where the sentence goes on with another, initial one."""
        figures, generic = self.reading.figures, self.state.generic_budget
        figure = figures[index]
        if figure.measure is not Measure.INITIAL_BUDGET:
            return
        if _GENERIC_BUDGET.search(lead):
            self.state.generic_budget = index
        elif generic is not None:
            first = figures[generic]
            is_same = (first.subject, first.place.paragraph) == (figure.subject, figure.place.paragraph)
            if is_same and first.amount != figure.amount:
                figures[generic] = replace(first, measure=Measure.FULL_YEAR_BUDGET)

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
        if re.search(r"其中|包括[:：]?|(?:分别|情况|如下|即|是|为|有)(?:是|为)?:", lead) or (
            before.endswith(":") and not lead.strip(":")
        ):
            state.lists.is_open = True
            state.lists.money = state.last_money
            state.lists.parent = state.last_money_index
        if ":" in lead:
            head = before[: before.rfind(":")]
            found = next((measure for measure, words in _LIST_HEADS.items() if words.search(head)), None)
            if found and re.search(r"(?:有|如下|分别|是|为|地区|单位|部门)(?:\d+个)?$", _last_clause(head)):
                state.lists.percent = found
                state.lists.is_open = True

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
        if reason := self._reason(token, around, best.strength if best else 0):
            return reason
        if best is None or match is None:
            return self._without_cue(token, around)
        subject = self._subject(best, match, around)
        return subject, self._settled(best, subject, around), _signed(token, best), Status.SINGLE

    def _told_before(
        self, token: Token, previous: Token | None, around: _Around
    ) -> tuple[str, Measure, Decimal | str, Status] | None:
        """A figure whose measure was told with an earlier one."""
        if average := self._average(token, previous, around):
            return average, Measure.EXECUTION_RATE, token.value, Status.SINGLE
        return self._of_the_amount_before(token, previous, around.lead) or self._distributed_before(token, around.lead)

    def _distributed_before(self, token: Token, lead: str) -> tuple[str, Measure, Decimal | str, Status] | None:
        """The next of several names that 分别 gives a value each."""
        state, cue = self.state, self.state.pending_cue
        if state.pending and cue and re.fullmatch(r"[、,和与及]*(?:以及)?", lead) and cue.quantity is token.quantity:
            return state.pending.pop(0), cue.measure, _signed(token, cue), Status.SINGLE
        state.pending = []
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
        return figures[-1].subject, measure, token.value, Status.SINGLE

    def _average(self, token: Token, previous: Token | None, around: _Around) -> str | None:
        """Whose a rate in brackets behind an average is: 低于全省(67.3%)平均, 高出全省平均7.2个百分点(88.4%)."""
        if token.quantity is not Quantity.PERCENT or not around.lead.endswith("("):
            return None
        before = self.folded.text[: token.start]
        if previous and previous.quantity is Quantity.POINTS and around.lead == "(":
            before = before[: previous.start] + "("
        match = _AVERAGE.search(before)
        return f"{match['whole']}平均" if match and re.search(r"率|进度", around.sentence) else None

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
            measure = lists.percent
        elif token.quantity is Quantity.MONEY:
            if _PURPOSE.match(around.trail) and not name:
                return "a purpose within a figure"
            if (name and PATH.search(clause)) or (
                name and name.endswith("费") and self.state.last_money is Measure.EXECUTED
            ):
                measure = Measure.EXECUTED
            elif name and (_is_noun(name) or lists.is_open or around.depth > 0 or around.lead.startswith("、")):
                measure = lists.money if lists.is_open and lists.money in _HANDED_ON else Measure.AMOUNT
            elif not clause.strip("\"'、") and (path := self._path_subject()):
                name, measure = path, Measure.EXECUTED
        status = Status.SINGLE if measure else Status.UNREAD
        return name or self._carried(around.depth), measure, token.value, status

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
        elif self.state.item and re.search(r"(?:该|此|本|上述)(?:项目|专项|资金|经费|工程)*$", own):
            named = self.state.item
        elif cue.subject == "with":
            named = self._subject_with_cue(cue, match, around, carried)
        elif name := cleaned(own):
            named = self._distributed(name, around.lead, cue)
        elif "分别" in around.lead and len(self.state.sentence_subjects) > 1:
            named, *self.state.pending = self.state.sentence_subjects
            self.state.pending_cue = cue
        else:
            named = self._from_earlier(before, is_first=around.is_first)
            is_own = carried == DEPARTMENT and cue.measure is Measure.ADJUSTMENT
            if named is None and is_own and re.search(r"(?:资金|经费)$", match["core"]):
                named = match["core"]
        return named or carried

    def _subject_with_cue(self, cue: Cue, match: re.Match[str], around: _Around, carried: str) -> str:
        """A name of which the cue is the end: 公共安全支出; a bare 支出 belongs to what was named before."""
        name = cleaned(_last_clause(around.lead[: match.end("core")]))
        if name and not re.fullmatch(r"(?:总)?(?:支出|收入|收支)", name):
            return self._distributed(name, around.lead, cue)
        if total := re.search(r"(?:收入|支出|收支)(?:总计|总量|合计)$", match["core"]):
            return total[0]
        if match["core"].startswith("支出") and carried.endswith("收入"):
            return carried.removesuffix("收入") + "支出"
        return carried

    def _distributed(self, name: str, lead: str, cue: Cue) -> str:
        """The first of several names that 分别 gives a value each; the others wait for the next numbers."""
        if "分别" not in lead:
            return name
        names = [part for part in re.split(r"、|和|与|及|以及", name) if part]
        if len(names) > 1:
            self.state.pending, self.state.pending_cue = names[1:], cue
            return names[0]
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
        state, measure = self.state, cue.measure
        if measure is Measure.EXECUTED and _TOTAL_WORDS.search(subject) and not subject.endswith("支出"):
            measure = Measure.RECEIVED
        if measure is Measure.YOY_AMOUNT and state.last_money in _PLANNED and _is_bare_change(around.clause):
            return Measure.ADJUSTMENT
        is_done = bool(re.search(r"完成|实现|实际|执行|决算", around.clause))
        if cue.strength > WEAK or (is_done and not re.search(r"决算|执行", around.clause)):
            return self._balanced_total(measure, subject, is_done=is_done)
        if around.depth > 0 and state.last_money is Measure.AMOUNT:
            return Measure.AMOUNT
        if state.lists.is_open and state.lists.money in _PLANNED:
            return state.lists.money
        if around.is_first and state.main and subject != state.main and state.last_money is Measure.INITIAL_BUDGET:
            return Measure.INITIAL_BUDGET
        return self._balanced_total(measure, subject)

    def _balanced_total(self, measure: Measure, subject: str, *, is_done: bool = False) -> Measure:
        """What was received or executed, unless the document is a plan; a total behind balance items is a balance."""
        if self.state.is_plan and not is_done and measure in (Measure.RECEIVED, Measure.EXECUTED):
            return Measure.INITIAL_BUDGET
        return self._balance(measure, subject)

    def _balance(self, measure: Measure, subject: str) -> Measure:
        """A total behind items such as transfers and carry-over is the balance of an account, not what was received."""
        is_total = bool(re.search(r"总(?:收入|支出)$", subject)) and measure in (Measure.RECEIVED, Measure.EXECUTED)
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
    Measure.EXECUTION_RATE: re.compile(r"(?:执行|支出|支付)(?:率|进度)"),
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
