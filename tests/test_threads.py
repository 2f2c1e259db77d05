"""Threads for reading: the same items in the same order, an error where it happened, no thread left behind."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from pipelines.warehouse.threads import in_parallel, prefetched


def _threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith(("read-ahead", "file"))]


def test_items_come_in_their_order() -> None:
    assert list(prefetched(range(100))) == list(range(100))
    assert _threads() == []


def test_an_error_comes_behind_the_items_before_it() -> None:
    def failing() -> Iterator[int]:
        yield 1
        yield 2
        raise ValueError("line 3")

    items = prefetched(failing())
    assert [next(items), next(items)] == [1, 2]
    with pytest.raises(ValueError, match="line 3"):
        next(items)
    assert _threads() == []


def test_what_cannot_even_begin_is_told() -> None:
    class Broken:
        def __iter__(self) -> Iterator[int]:
            raise ValueError("no beginning")

    with pytest.raises(ValueError, match="no beginning"):
        next(prefetched(Broken()))
    assert _threads() == []


def test_giving_up_ends_the_reading() -> None:
    read = []

    def endless() -> Iterator[int]:
        number = 0
        while True:
            read.append(number)
            yield number
            number += 1

    with closing(prefetched(endless())) as items:
        assert next(items) == 0
    assert _threads() == []
    assert len(read) <= 3


def test_work_side_by_side_comes_back_in_order() -> None:
    together = threading.Barrier(3, timeout=30)

    def squared(number: int) -> int:
        together.wait()
        return number * number

    assert in_parallel(squared, range(12), at_a_time=3) == [number * number for number in range(12)]
    assert _threads() == []


def test_a_failure_ends_the_work_side_by_side() -> None:
    begun = []

    def failing(number: int) -> None:
        begun.append(number)
        time.sleep(0.01)
        raise ValueError(f"file {number}")

    with pytest.raises(ValueError, match="file 0"):
        in_parallel(failing, range(1_000), at_a_time=2)
    assert len(begun) < 1_000
    assert _threads() == []
