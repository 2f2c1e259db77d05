"""What arithmetic says about rows that are sums of others: planted totals are found, chance is no total."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.ingest.levels import Amounts, Entry, Levels, block_sums, chance, whole_sums

AMOUNT = st.integers(1, 10**9)
ROWS = st.lists(st.tuples(AMOUNT, AMOUNT), min_size=2, max_size=8)


def entries(rows: list[Amounts], codes: list[str] | None = None, names: list[str] | None = None) -> list[Entry]:
    codes = codes or [""] * len(rows)
    names = names or [f"单位{number}" for number in range(len(rows))]
    return [Entry(place, row, ("department",), codes[place], names[place]) for place, row in enumerate(rows)]


def added(rows: list[Amounts]) -> Amounts:
    return tuple(map(sum, zip(*rows, strict=True)))


@given(ROWS, st.booleans())
def test_a_sum_of_all_others_is_found_at_both_ends(rows: list[Amounts], is_first: bool) -> None:
    whole = [added(rows), *rows] if is_first else [*rows, added(rows)]
    assert (0 if is_first else len(rows)) in {found.row for found in whole_sums(whole)}


@given(ROWS, ROWS, ROWS)
def test_a_sum_of_its_neighbours_is_found_among_others(
    before: list[Amounts], part: list[Amounts], after: list[Amounts]
) -> None:
    rows = [*before, added(part), *part, *after]
    found = {block.row: block for block in block_sums(rows)}
    evidence = chance(added(part), part)
    assert evidence > Fraction(1, 8) or len(before) in found


@pytest.mark.parametrize(
    ("rows", "by_chance"),
    [
        # 100 + 200 = 300, all half spent: the second column repeats the first.
        ([(100, 50), (200, 100)], Fraction(1, 3)),
        ([(1000, 600), (500, 100)], Fraction(1, 3 * 7)),
        ([(123_456, 7), (654_321, 8)], Fraction(1, 777_777 // 3 * 15)),
        ([(5, 0), (5, 0)], Fraction(1, 2)),
    ],
)
def test_chance_counts_the_steps_of_independent_columns(rows: list[Amounts], by_chance: Fraction) -> None:
    assert chance(added(rows), rows) == by_chance


def test_tables_of_random_amounts_have_no_totals_and_planted_ones_are_doubted() -> None:
    drawn = random.Random(20_240_901)  # noqa: S311 - of amounts, not of secrets
    for _ in range(300):
        rows = [(drawn.randrange(1, 10**8), drawn.randrange(1, 10**8)) for _ in range(drawn.randrange(3, 60))]
        levels = Levels(entries(rows), set())
        assert (levels.totals(), levels.doubtful) == ([], [])
        planted = Levels(entries([*rows, added(rows)]), set())
        planted.totals()
        assert len(rows) in {total.row for total in planted.doubtful}
        place = drawn.randrange(len(rows) - 1)
        block = rows[place : place + 2 + drawn.randrange(4)]
        planted = Levels(entries([*rows[:place], added(block), *rows[place:]]), set())
        planted.totals()
        assert len(block) < 2 or place in {total.row for total in planted.doubtful}


@pytest.mark.parametrize(
    "rows",
    [
        [(100, 50), (200, 100), (300, 150)],
        [(80_000, 40_000)] * 60,
        [(160_000, 80_000), *[(80_000, 40_000)] * 30],
        [(1_000_000, 500_000), (500_000, 250_000), (500_000, 250_000), (777_700, 1_100)],
        [(5_000, 0), (2_500, 0), (2_500, 0)],
        [(100, 100), (100, 100), (0, 0)],
    ],
)
def test_round_amounts_that_happen_to_add_up_are_facts(rows: list[Amounts]) -> None:
    levels = Levels(entries(rows), set())
    assert (levels.totals(), levels.doubtful) == ([], [])


def test_the_tables_own_total_decides() -> None:
    units = [(100_000, 40_000), (50_000, 10_000)]
    rows = [added(units), *units, (10_000, 5_000)]
    without = Levels(entries(rows), {added([*units, rows[-1]])})
    assert [(total.row, total.parts) for total in without.totals()] == [(0, (1, 2))]
    assert without.doubtful == []
    with_it = Levels(entries(rows), {added(rows)})
    assert (with_it.totals(), with_it.doubtful) == ([], [])


def test_codes_and_names_tell_a_department_above_its_units() -> None:
    units = [(100_000, 40_000), (50_000, 10_000)]
    rows = [added(units), *units, (10_000, 5_000)]
    by_code = Levels(entries(rows, ["101", "101001", "101002", "909"]), set())
    assert [(total.row, total.parts, total.code) for total in by_code.totals()] == [(0, (1, 2), "101")]
    by_name = Levels(entries(rows, names=["甲局", "甲局本级", "下属站", "乙局"]), set())
    assert [(total.row, total.parts) for total in by_name.totals()] == [(0, (1, 2))]
    own_money = Levels(entries([(150_001, 50_000), *rows[1:]], ["101", "101001", "101002", "909"]), set())
    assert own_money.totals() == []


def test_levels_above_levels_are_found() -> None:
    stations = [(123_457, 12_345), (765_433, 98_761)]
    office = [added(stations), *stations]
    school = (333_331, 77_773)
    rows = [added([*stations, school]), *office, school]
    assert {block.row for block in block_sums(rows)} == {0, 1}


@pytest.mark.parametrize(
    ("name", "is_doubted"), [("荔湾区", True), ("广州市本级", True), ("财政局", False), ("", False)]
)
@pytest.mark.parametrize("is_first", [True, False])
def test_a_row_called_after_a_place_needs_little_evidence(name: str, *, is_doubted: bool, is_first: bool) -> None:
    parts = [(30_000, 10_000), (20_000, 6_000)]
    rows, names = [*parts, added(parts)], ["甲局", "乙局", name]
    if is_first:
        rows, names = rows[::-1], names[::-1]
    levels = Levels(entries(rows, names=names), ())
    assert levels.totals() == []
    assert {total.row for total in levels.doubtful} == ({0 if is_first else 2} if is_doubted else set())
