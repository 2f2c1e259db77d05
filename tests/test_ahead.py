"""Reading ahead: the same items in the same order, the reader's error where it happened, no thread left behind."""

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from pipelines.warehouse.ahead import ahead


def _threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "read-ahead"]


def test_items_come_in_their_order() -> None:
    assert list(ahead(range(100))) == list(range(100))
    assert _threads() == []


def test_an_error_comes_behind_the_items_before_it() -> None:
    def failing() -> Iterator[int]:
        yield 1
        yield 2
        raise ValueError("line 3")

    items = ahead(failing())
    assert [next(items), next(items)] == [1, 2]
    with pytest.raises(ValueError, match="line 3"):
        next(items)
    assert _threads() == []


def test_giving_up_ends_the_reading() -> None:
    read = []

    def endless() -> Iterator[int]:
        number = 0
        while True:
            read.append(number)
            yield number
            number += 1

    with closing(ahead(endless())) as items:
        assert next(items) == 0
    assert _threads() == []
    assert len(read) <= 3
