"""Reading published reports: each cue by its own example, numbers conserved, places, statuses, formats."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.documents.characters import fold
from pipelines.documents.figures.cues import Cue, PassedOverCue, cues, passed_over_cues, section_cues
from pipelines.documents.figures.tokens import find_tokens
from pipelines.documents.model import Document, Measure, Paragraph, Reading, Status
from pipelines.documents.read import read_document, read_figures

SAMPLE = Path(__file__).parent.parent / "published/440103/2022/2022年部门整体支出绩效自评报告.txt"


def read(*paragraphs: str) -> Reading:
    """The reading of paragraphs."""
    return read_figures(Document(tuple(Paragraph(text, 1, number) for number, text in enumerate(paragraphs, 1))))


def told(*paragraphs: str) -> list[tuple[str, str | None, str]]:
    """Subject, measure and value of each figure."""
    return [(figure.subject, figure.measure, str(figure.value)) for figure in read(*paragraphs).figures]


@pytest.mark.parametrize("cue", cues(), ids=lambda cue: f"{cue.measure}: {cue.example}")
def test_a_cue_reads_its_example_and_leaves_its_counter_example(cue: Cue) -> None:
    figures = read(cue.example).figures
    assert (cue.measure, cue.value) in [(figure.measure, str(figure.value)) for figure in figures]
    others = read(cue.counter_example).figures
    assert (cue.measure, cue.value) not in [(figure.measure, str(figure.value)) for figure in others]


@pytest.mark.parametrize("cue", passed_over_cues(), ids=lambda cue: f"{cue.reason}: {cue.example}")
def test_what_is_passed_over_has_its_reason(cue: PassedOverCue) -> None:
    assert [passed.reason for passed in read(cue.example).passed_over] == [cue.reason]
    assert cue.reason not in [passed.reason for passed in read(cue.counter_example).passed_over]


@pytest.mark.parametrize("cue", section_cues(), ids=lambda cue: f"{cue.reason}: {cue.example}")
def test_only_strong_cues_count_in_other_sections(cue: PassedOverCue) -> None:
    weak, strong = "全年补助经费2400万元。", "宣传费年初预算数100万元。"
    assert [passed.reason for passed in read(cue.example, weak).passed_over] == [cue.reason]
    assert read(cue.example, strong).figures[0].measure is Measure.INITIAL_BUDGET
    assert not read(cue.counter_example, weak).passed_over


def test_the_sample_report_has_its_figures_and_its_one_truncated_rate() -> None:
    reading = read_figures(read_document(SAMPLE.name, SAMPLE.read_bytes()))
    by_measure = [(figure.subject, figure.measure, figure.value) for figure in reading.figures]
    assert len(by_measure) == 33
    assert ("DEPT", Measure.FULL_YEAR_BUDGET, Decimal("11206.52")) in by_measure
    assert ("招商引资经费", Measure.ADJUSTMENT, Decimal("-41.36")) in by_measure
    assert ("区政府合作经费", Measure.NET_ADJUSTMENT_RATE, Decimal("-72.73")) in by_measure
    assert {(one.printed, one.expected, one.is_truncated) for one in reading.inconsistencies} == {
        (Decimal("120.83"), Decimal("120.84"), True)
    }
    assert not [figure for figure in reading.figures if figure.status is Status.CONTRADICTED]
    assert reading.tokens == len(reading.figures) + len(reading.passed_over)


def test_places_lead_back_to_the_printed_number() -> None:
    document = read_document(SAMPLE.name, SAMPLE.read_bytes())
    texts = {paragraph.number: paragraph.text for paragraph in document.paragraphs}
    for figure in read_figures(document).figures:
        if figure.unit:
            printed = texts[figure.place.paragraph or 0][figure.place.start : figure.place.end]
            assert str(abs(figure.number)) in printed
            assert printed.endswith(figure.unit)


def test_traditional_characters_and_full_width_digits_are_read_alike() -> None:
    assert told("調入資金由年初預算３９４９７．３７萬元調整為39,069.73萬元，調減427.64萬元。") == [
        ("调入资金", "initial_budget", "39497.37"),
        ("调入资金", "full_year_budget", "39069.73"),
        ("调入资金", "adjustment", "-427.64"),
    ]


def test_a_function_path_carries_through_its_paragraph() -> None:
    path = "1、教育支出（类）普通教育（款）小学教育（项）。主要用于：小学日常开支。"
    assert told(f"{path}年初预算为20.00万元，支出决算为19.50万元。完成年初预算的97.50%。") == [
        ("教育支出(类)普通教育(款)小学教育(项)", "initial_budget", "20.00"),
        ("教育支出(类)普通教育(款)小学教育(项)", "executed", "19.50"),
        ("教育支出(类)普通教育(款)小学教育(项)", "completion_of_initial", "97.50"),
    ]


def test_a_heading_on_its_own_line_carries_on() -> None:
    assert told("（一）老旧小区改造项目", "年初预算数30万元，全年执行数15万元。", "执行率50%。") == [
        ("老旧小区改造项目", "initial_budget", "30"),
        ("老旧小区改造项目", "executed", "15"),
        ("老旧小区改造项目", "execution_rate", "50"),
    ]


def test_values_given_respectively_go_to_their_names() -> None:
    assert told("甲项目、乙项目年初预算分别为10万元、20万元。") == [
        ("甲项目", "initial_budget", "10"),
        ("乙项目", "initial_budget", "20"),
    ]


def test_what_no_cue_covers_is_unread_not_guessed() -> None:
    figures = read("现场走访率为35%，另见12万元。").figures
    assert [(figure.measure, figure.status) for figure in figures] == [(None, Status.UNREAD)] * 2


IDENTITIES = (
    "甲项目年初预算数125.00万元，年中调增31.25万元，全年预算数156.25万元，预算调整率25.00%；全年执行数140.63万元。",
    "乙项目全年预算数156.25万元，全年执行数140.63万元，完成预算的90.00%。",
    "培训费支出决算452.80万元，比2023年度增加52.80万元，增长13.20%。",
    "本年支出合计2940.05万元，其中：基本支出2336.91万元，占79.49%；项目支出603.14万元，占20.51%。",
)


def test_nine_of_ten_wrong_digits_inside_an_identity_are_found() -> None:
    planted = found = 0
    for text in IDENTITIES:
        untouched = read(text)
        assert not untouched.inconsistencies
        for figure in untouched.figures:
            start, end = figure.place.start or 0, figure.place.end or 0
            for position in range(start, end if figure.status is Status.PROVEN else start):
                for digit in "0123456789".replace(text[position], "") if text[position].isdigit() else "":
                    planted += 1
                    wrong = read(text[:position] + digit + text[position + 1 :])
                    found += any(not one.is_truncated for one in wrong.inconsistencies)
    assert found >= 0.9 * planted, (found, planted)


def test_two_values_of_one_figure_contradict_each_other() -> None:
    statuses = [
        f.status for f in read("“教育支出（类）普通教育（款）小学教育（项）”20万元。支出决算为21万元。").figures
    ]
    assert statuses == [Status.CONTRADICTED] * 2


WORDS = [
    "年初预算",
    "支出",
    "收入",
    "其中：",
    "（",
    "）",
    "，",
    "。",
    "；",
    "100",
    "3,518.85",
    "万元",
    "%",
    "0",
    "亿元",
    "项目",
    "一、",
    "1.",
    "（一）",
    "增长",
    "调减",
    "个百分点",
    "分别为",
    "、",
    "该",
    "“",
    "”",
    "年",
    "2022",
    "类",
]
FRAGMENTS = st.lists(st.sampled_from([*WORDS, "\n"]), max_size=40).map("".join)


@settings(max_examples=200, deadline=None)
@given(FRAGMENTS)
def test_every_number_with_a_unit_is_accounted_for(text: str) -> None:
    reading = read_figures(read_document("a.txt", text.encode()))
    assert reading.tokens == len(reading.figures) + len(reading.passed_over)
    paragraphs = read_document("a.txt", text.encode()).paragraphs
    assert reading.tokens == sum(len(find_tokens(fold(paragraph.text).text)) for paragraph in paragraphs)
