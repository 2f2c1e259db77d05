"""Rates are rounded half up once, from the exact quotient of cents, whatever the size of the amounts."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

import duckdb
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipelines.warehouse.database import create_macros

LARGEST = Decimal("9999999999999999.99")
PRECISE = Context(prec=80)
amounts = st.one_of(
    st.decimals(-LARGEST, LARGEST, places=2),
    st.decimals(Decimal("-99999.99"), Decimal("99999.99"), places=2),
    st.sampled_from([Decimal(text) for text in ("0.00", "0.01", "-0.01", "39999999999.99", "40000000000.00")]),
)


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    """A connection with the macros."""
    connection = duckdb.connect()
    create_macros(connection)
    return connection


def rates(connection: duckdb.DuckDBPyConnection, pairs: list[tuple[Decimal, Decimal]]) -> list[tuple[object, object]]:
    """The ratio and the percentage that the macros give for each pair of amounts."""
    kind = pa.decimal128(18, 2)
    numbered = {
        "line": range(len(pairs)),
        "n": pa.array([n for n, _ in pairs], kind),
        "d": pa.array([d for _, d in pairs], kind),
    }
    connection.register("pairs", pa.table(numbered))
    return connection.execute("select exact_rate(n, d), exact_rate_pct(n, d) from pairs order by line").fetchall()


def oracle(numerator: Decimal, denominator: Decimal, places: int, times: int) -> Decimal | None:
    """Long division in 80 digits, then one rounding: exact, as no quotient of cents lies that near to a half."""
    if denominator == 0:
        return None
    quotient = PRECISE.divide(numerator * times, denominator)
    rounded = quotient.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, PRECISE)
    return rounded if abs(rounded) < 10**12 else None


@settings(max_examples=60)
@given(pairs=st.lists(st.tuples(amounts, amounts), min_size=1, max_size=30))
@example([(LARGEST, Decimal("0.01")), (LARGEST, LARGEST), (-LARGEST, Decimal("0.03")), (LARGEST, Decimal("0.00"))])
def test_a_rate_is_the_exact_quotient_rounded_once(
    connection: duckdb.DuckDBPyConnection, pairs: list[tuple[Decimal, Decimal]]
) -> None:
    assert rates(connection, pairs) == [(oracle(n, d, 6, 1), oracle(n, d, 2, 100)) for n, d in pairs]


@pytest.mark.parametrize(
    ("numerator", "denominator", "ratio", "percent"),
    [
        ("1.00", "8.00", "0.125000", "12.50"),
        ("0.01", "8.00", "0.001250", "0.13"),  # 0.125 % rounds up
        ("-0.01", "8.00", "-0.001250", "-0.13"),  # and away from zero below it
        ("0.03", "8.00", "0.003750", "0.38"),
        ("15999.00", "20000.00", "0.799950", "80.00"),  # 79.995 %
        ("-15999.00", "20000.00", "-0.799950", "-80.00"),
        ("1.00", "2000000.00", "0.000001", "0.00"),  # 0.0000005
        ("-1.00", "2000000.00", "-0.000001", "0.00"),
        ("9999.95", "10000.00", "0.999995", "100.00"),  # the sixth and the second decimal both round
        ("999999.50", "1000000.00", "1.000000", "100.00"),
        ("46.91", "58.64", "0.799966", "80.00"),  # the published 80.00 %
        ("1919.36", "1588.40", "1.208361", "120.84"),  # published as 120.83 %, truncated
        ("8778.17", "11206.52", "0.783309", "78.33"),
        ("-2000.00", "2000.00", "-1.000000", "-100.00"),
        ("5.00", "-2.00", "-2.500000", "-250.00"),
    ],
)
def test_halves_round_away_from_zero(
    connection: duckdb.DuckDBPyConnection, numerator: str, denominator: str, ratio: str, percent: str
) -> None:
    assert rates(connection, [(Decimal(numerator), Decimal(denominator))]) == [(Decimal(ratio), Decimal(percent))]


@pytest.mark.parametrize(("numerator", "denominator"), [("NULL", "1"), ("1", "NULL"), ("NULL", "NULL"), ("1", "0")])
def test_an_unknown_or_zero_part_gives_no_rate(
    connection: duckdb.DuckDBPyConnection, numerator: str, denominator: str
) -> None:
    query = f"select exact_rate({numerator}, {denominator}), exact_rate_pct({numerator}, {denominator})"
    assert connection.execute(query).fetchall() == [(None, None)]


@settings(max_examples=60)
@given(
    executed=st.decimals(Decimal(0), Decimal("1e9"), places=2),
    budget=st.decimals(Decimal("0.01"), Decimal("1e9"), places=2),
    maximum=st.sampled_from([Decimal("10.00"), Decimal("8.50"), Decimal("100.00")]),
)
def test_points_are_the_rate_times_the_maximum_rounded_once(
    connection: duckdb.DuckDBPyConnection, executed: Decimal, budget: Decimal, maximum: Decimal
) -> None:
    (row,) = connection.execute(
        "select exact_points(cast($e as decimal(18, 2)), cast($b as decimal(18, 2)), cast($m as decimal(14, 2)))",
        {"e": str(executed), "b": str(budget), "m": str(maximum)},
    ).fetchall()
    exact = Fraction(executed) / Fraction(budget) * Fraction(maximum)
    cents = (2 * exact.numerator * 100 + exact.denominator) // (2 * exact.denominator)
    expected = Decimal(cents).scaleb(-2)
    assert row == (expected if expected < 10**12 else None,)


@settings(max_examples=60)
@example([Decimal("-0.05"), Decimal("999.99"), Decimal("1000.00"), LARGEST, -LARGEST])
@given(st.lists(amounts, min_size=1, max_size=50))
def test_an_amount_in_a_sentence_keeps_every_digit(
    connection: duckdb.DuckDBPyConnection, values: list[Decimal]
) -> None:
    numbered = pa.table({"line": range(len(values)), "amount": pa.array(values, pa.decimal128(18, 2))})
    connection.register("amounts", numbered)
    shown = connection.execute("select readable_amount(amount) from amounts order by line").fetchall()
    assert [text for (text,) in shown] == [f"{value:,.2f}" for value in values]
