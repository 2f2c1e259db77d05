"""Facts that every log line carries while something goes on: the run, the district-year, the file.

Does not belong here: where log lines go and how they look (``pipelines.operations.logs``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

_fields: ContextVar[Mapping[str, object]] = ContextVar("log_fields", default=MappingProxyType({}))


@contextmanager
def log_fields(**fields: object) -> Iterator[None]:
    """Adds ``fields`` to every line logged in this context, usable as a decorator too; inner values win."""
    token = _fields.set({**_fields.get(), **fields})
    try:
        yield
    finally:
        _fields.reset(token)


def current_log_fields() -> Mapping[str, object]:
    """The facts that count now."""
    return _fields.get()
