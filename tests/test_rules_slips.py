"""The slip detector: a planted slip is always among its explanations, and correct sums need none."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipelines.quality.slips import MOST_TOLD, Slip, explain, explain_swapped_columns, sentences

AMOUNT = st.integers(1, 10**11).map(lambda cents: Decimal(cents) / 100)
PARTS = st.lists(AMOUNT, min_size=1, max_size=8)
THRIFTY = settings(max_examples=60)


def typed(amount: Decimal) -> str:
    return f"{amount:.2f}"


def planted(kind: str, amount: Decimal, draw: st.DataObject) -> Decimal:
    """The amount as a hand that slips would write it."""
    text = typed(amount)
    digits = [place for place, character in enumerate(text) if character.isdigit()]
    place = draw.draw(st.sampled_from(digits))
    if kind == "sign":
        return -amount
    if kind == "factor_10":
        return amount * 10
    if kind == "factor_10000":
        return amount * 10_000
    if kind == "digit_lost":
        return Decimal(text[:place] + text[place + 1 :]).quantize(Decimal("0.01"))
    if kind == "digit_extra":
        whole = text.index(".")
        place = draw.draw(st.integers(0, whole))
        return Decimal(text[:place] + draw.draw(st.sampled_from("0123456789")) + text[place:])
    other = draw.draw(st.sampled_from(digits))
    characters = list(text)
    characters[place], characters[other] = characters[other], characters[place]
    return Decimal("".join(characters))


@THRIFTY
@given(PARTS, st.data(), st.sampled_from(["sign", "factor_10", "factor_10000", "digit_lost", "digit_extra", "swapped"]))
def test_a_planted_slip_is_among_the_explanations(parts: list[Decimal], draw: st.DataObject, kind: str) -> None:
    position = draw.draw(st.integers(0, len(parts) - 1))
    total = sum(parts, Decimal(0))
    right = parts[position]
    wrong = planted(kind, right, draw)
    assume(wrong not in (right, 0))
    slips = explain(total, [*parts[:position], wrong, *parts[position + 1 :]])
    assert [(slip.found, slip.probable) for slip in slips if slip.position == position] == [(wrong, right)]


@THRIFTY
@given(PARTS, st.data(), st.sampled_from(["factor_10", "digit_lost", "digit_extra", "swapped"]))
def test_a_slip_of_the_total_is_among_the_explanations(parts: list[Decimal], draw: st.DataObject, kind: str) -> None:
    right = sum(parts, Decimal(0))
    wrong = planted(kind, right, draw)
    assume(wrong not in (right, 0))
    assert (wrong, right) in [(slip.found, slip.probable) for slip in explain(wrong, parts) if slip.position is None]
    assert all(slip.position is not None for slip in explain(wrong, parts, total_may_be_wrong=False))


@THRIFTY
@given(PARTS)
def test_a_correct_sum_needs_no_explanation(parts: list[Decimal]) -> None:
    assert explain(sum(parts, Decimal(0)), parts) == []


@THRIFTY
@given(PARTS, st.integers(-5, 5))
def test_rounding_needs_no_explanation(parts: list[Decimal], cents: int) -> None:
    total = sum(parts, Decimal(0)) + Decimal(cents) / 100
    assert explain(total, parts, tolerance=Decimal("0.05")) == []


@THRIFTY
@given(st.lists(st.tuples(AMOUNT, AMOUNT), min_size=1, max_size=8), st.data())
def test_two_cells_exchanged_are_found(rows: list[tuple[Decimal, Decimal]], draw: st.DataObject) -> None:
    totals = (sum((row[0] for row in rows), Decimal(0)), sum((row[1] for row in rows), Decimal(0)))
    assert explain_swapped_columns(totals, rows) == []
    position = draw.draw(st.integers(0, len(rows) - 1))
    first, second = rows[position]
    assume(first != second)
    rows[position] = (second, first)
    assert Slip("columns_swapped", position, second, first) in explain_swapped_columns(totals, rows)


@pytest.mark.parametrize(
    ("total", "parts", "expected"),
    [
        ("13583.48", ["1066.51", "2921.97"], ("digit_lost", 0, "10661.51")),
        ("12029.15", ["1066.51", "1367.64"], ("digit_lost", 0, "10661.51")),
        ("8269.3", ["5000", "43269.3", "0"], ("digit_extra", 1, "3269.3")),
        ("2961.68", ["0.3", "2361.68", "597"], ("factor_10", 0, "3.0")),
    ],
)
def test_slips_of_published_documents(total: str, parts: list[str], expected: tuple[str, int, str]) -> None:
    (slip,) = [slip for slip in explain(Decimal(total), [Decimal(part) for part in parts]) if slip.position is not None]
    assert (slip.kind, slip.position, slip.probable) == (expected[0], expected[1], Decimal(expected[2]))


def test_a_slip_hidden_by_rounding_of_the_other_figures_is_found() -> None:
    slips = explain(Decimal("13583.50"), [Decimal("1066.51"), Decimal("2921.97")], tolerance=Decimal("0.05"))
    assert [(slip.kind, slip.probable) for slip in slips] == [("digit_lost", Decimal("10661.51"))]


def test_what_is_said_of_a_slip_names_both_figures_in_both_languages() -> None:
    slips = explain(Decimal("13583.48"), [Decimal("1066.51"), Decimal("2921.97")])
    assert sentences(slips, ["基本支出", "项目支出"], "合计", unit=" 万元", unit_zh="万元") == (
        "基本支出 1,066.51 万元 is probably 10,661.51 万元 (a digit was lost).",
        "基本支出 1,066.51万元 可能应为 10,661.51万元（漏了一位数字）。",
    )


def test_nothing_is_said_where_nothing_or_too_much_fits() -> None:
    assert sentences([], [], "合计") == ("", "")
    parts = [Decimal(1)] * (MOST_TOLD + 1)
    slips = explain(Decimal(MOST_TOLD - 1), parts)
    assert {slip.kind for slip in slips if slip.position is not None} == {"sign"}
    assert sentences(slips, ["x"] * len(parts), "合计") == ("", "")
