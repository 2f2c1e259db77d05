"""Records of the ledger to and from JSON: the one place that knows how they are written.

What is read is checked against the record's own types: a missing or unknown key and a value of another type are damage.
Does not belong here: where a record lies, and bringing records of earlier versions up to date (warehouse.migrate).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

R = TypeVar("R")


class StoreError(Exception):
    """The accepted store cannot be used as it is: what was found, where, and what to do."""


class DamagedStoreError(StoreError):
    """Something in the store is missing or not as it was written; what can be read from raw/ again can be mended."""


_ADAPTERS: dict[Any, TypeAdapter[Any]] = {}


def _adapter(kind: Any) -> TypeAdapter[Any]:
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def as_json(record: object) -> str:
    """A record as the store writes it."""
    return _adapter(type(record)).dump_json(record, indent=1).decode()


def from_json(kind: type[R], text: str | bytes, source: Path) -> R:
    """The record of this kind that ``text`` is; ``source`` is the file that it was read from.

    Raises:
        DamagedStoreError: it is no such record.
    """
    try:
        record: R = _adapter(kind).validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise damaged(source, f"{first['msg']}{f' at {place}' if place else ''}") from error
    return record


def read_record(kind: type[R], path: Path) -> R:
    """The record in a file of the store.

    Raises:
        DamagedStoreError: it is missing or damaged.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise damaged(path, error.strerror or str(error)) from error
    return from_json(kind, text, path)


def damaged(path: Path, found: str) -> DamagedStoreError:
    """The error that tells of a damaged record, and what to do."""
    return DamagedStoreError(
        f"{path}: cannot be read ({found}). Run 'district-finance nightly' to have it made again from raw/; where "
        "the delivered file is no longer there, deliver it again or restore the warehouse from a backup. "
        "无法读取：请再次运行 nightly 由 raw/ 重新生成；原始文件已不在时，请重新报送或从备份恢复。"
    )
