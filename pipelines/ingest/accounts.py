"""The keyed hash that stands for a payee's account or for a cell that is never stored: of one, and of whole columns.

Payees come again, month by month and file by file, so a process remembers the hashes of the accounts that it has met;
nothing of that is written down. Does not belong here: which columns hold accounts (the contracts).
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.databases import scratch
from pipelines.ingest import cells
from pipelines.ingest.cells import Fault, Reading

_HASH_BYTES = 8
_MOST_REMEMBERED = 1_000_000
"""Accounts whose hashes are remembered at most, in 16 bytes each."""
_LONGEST_NUMBER = 19
_SHORTER = np.array([int("1" * digits or "0") for digits in range(_LONGEST_NUMBER + 1)], dtype=np.uint64)
"""How many texts of digits are shorter than one of so many digits: what tells 007 from 7 when both are numbers."""
_MOST_TEXTS = 300_000
"""Texts whose hashes are remembered at most."""
_EMPTY = np.uint64(0)
_MIXING = np.uint64(0x9E3779B97F4A7C15)
"""An odd number, so that no hash is lost where several are mixed."""
_NO_ACCOUNT = np.uint64(2**64 - 1)

_Numbers = npt.NDArray[np.uint64]


def hash_account(text: str, *, secret: bytes) -> Reading:
    """The keyed hash (HMAC-SHA-256, its first 8 bytes, hexadecimal) of an account; its spellings give one hash.

    Of ten million accounts, two share a hash with a probability of three in a million.
    """
    if cells.is_scientific(text):
        return Reading(None, Fault("code-in-scientific-notation", text))
    account = text if text.isalnum() and text.isascii() else cells.fold(text).replace("-", "")
    if not account:
        return cells.EMPTY
    return Reading(hmac.digest(secret, account.lower().encode(), "sha256")[:_HASH_BYTES].hex())


def hash_digits(accounts: pa.Array, secret: bytes) -> pa.Array:
    """What ``hash_account`` gives for accounts of ASCII digits only, none of them null: strings of the same length."""
    is_number = pc.less_equal(pc.binary_length(accounts), _LONGEST_NUMBER)
    places = is_number.to_numpy(zero_copy_only=False)
    hashes = np.empty(len(accounts), dtype=np.uint64)
    hashes[places] = _remembered(secret).hashes(accounts.filter(is_number))
    hashes[~places] = _computed(accounts.filter(pc.invert(is_number)), secret)
    digits = 2 * _HASH_BYTES
    offsets = np.arange(0, digits * len(hashes) + 1, digits, dtype=np.int32)
    shown = hashes.astype(">u8").tobytes().hex().encode()
    return pa.Array.from_buffers(pa.string(), len(hashes), [None, pa.py_buffer(offsets), pa.py_buffer(shown)])


def hash_texts(texts: pa.DictionaryArray, secret: bytes) -> _Numbers:
    """The keyed hash of each text as a number, 0 for an empty cell; spellings that differ in width or case agree."""
    hashes = _known_texts(secret).hashes(texts.dictionary)
    found: _Numbers = np.append(hashes, _EMPTY)[pc.fill_null(texts.indices, len(hashes)).to_numpy()]
    return found


class _KnownTexts:
    """The hashes of texts under one key; the texts of one batch come again in the next."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._known: dict[str | None, int] = {}

    def hashes(self, texts: pa.Array) -> _Numbers:
        """The hash of each of these texts."""
        known = self._known if len(self._known) <= _MOST_TEXTS else {}
        found = [known.get(text) for text in texts.to_pylist()]
        new = [position for position, number in enumerate(found) if number is None]
        if new:
            asked = texts.take(pa.array(new))
            folded = pc.utf8_lower(pc.utf8_normalize(pc.fill_null(asked, ""), form="NFKC"))
            folded = pc.replace_substring_regex(folded, r"\s+", "")
            is_empty = pc.equal(folded, "").to_numpy(zero_copy_only=False)
            numbers = np.where(is_empty, _EMPTY, _computed(folded, self._secret)).tolist()
            known = known | dict(zip(asked.to_pylist(), numbers, strict=True))
            for position, number in zip(new, numbers, strict=True):
                found[position] = number
        self._known = known
        return np.array(found, dtype=np.uint64)


@lru_cache(maxsize=1)
def _known_texts(secret: bytes) -> _KnownTexts:
    return _KnownTexts(secret)


def combined(columns: Iterable[_Numbers], length: int) -> pa.Array:
    """One number (int64) for the hashes of several cells of each of ``length`` rows; null where all are empty."""
    mixed = np.zeros(length, dtype=np.uint64)
    is_filled = np.zeros(length, dtype=bool)
    for column in columns:
        mixed = mixed * _MIXING + column
        is_filled |= column != _EMPTY
    return pa.array(mixed.view(np.int64), mask=~is_filled)


class _Remembered:
    """The hashes of accounts under one key; threads may ask at the same time."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._adding = threading.Lock()
        # Ascending numbers and the hash of each; both are replaced together, so that asking needs no lock.
        self._known: tuple[_Numbers, _Numbers] = (np.array([_NO_ACCOUNT]), np.zeros(1, dtype=np.uint64))

    def hashes(self, accounts: pa.Array) -> _Numbers:
        """The hash of each of these accounts of at most 19 digits."""
        if not len(accounts):
            return np.empty(0, dtype=np.uint64)
        distinct, first, places = np.unique(_as_numbers(accounts), return_index=True, return_inverse=True)
        numbers, hashes = self._known
        at = np.searchsorted(numbers, distinct)
        found: _Numbers = hashes[at]
        is_new = numbers[at] != distinct
        if is_new.any():
            found[is_new] = _computed(accounts.take(pa.array(first[is_new])), self._secret)
            self._remember(distinct[is_new], found[is_new])
        return found[places]

    def _remember(self, new: _Numbers, found: _Numbers) -> None:
        with self._adding:
            numbers, hashes = self._known
            at = np.searchsorted(numbers, new)
            is_new = numbers[at] != new
            if len(numbers) + len(new) <= _MOST_REMEMBERED:
                at = at[is_new]
                self._known = np.insert(numbers, at, new[is_new]), np.insert(hashes, at, found[is_new])


@lru_cache(maxsize=1)
def _remembered(secret: bytes) -> _Remembered:
    return _Remembered(secret)


def _as_numbers(accounts: pa.Array) -> _Numbers:
    """A number of its own for each text of at most 19 digits."""
    values = accounts.cast(pa.decimal128(_LONGEST_NUMBER, 0))
    # Both words of each value, the lower one first; the upper one is zero.
    words = np.frombuffer(values.buffers()[1], dtype="<u8", count=2 * len(values), offset=16 * values.offset)
    shorter: _Numbers = _SHORTER[pc.binary_length(accounts).to_numpy()]
    return words[::2] + shorter


def _computed(accounts: pa.Array, secret: bytes) -> _Numbers:
    """The hashes as numbers, by DuckDB, which is faster for the hundred thousands of a year than Python."""
    if not len(accounts):
        return np.empty(0, dtype=np.uint64)
    inner, outer = _padded(secret)
    with scratch() as connection:
        connection.register("account", pa.table({"account": accounts}))
        digests = connection.sql(
            "select left(sha256($outer::blob || unhex(sha256($inner::blob || encode(account)))), $digits) as digest"
            " from account",
            params={"inner": inner, "outer": outer, "digits": 2 * _HASH_BYTES},
        ).to_arrow_table()
    return np.frombuffer(bytes.fromhex("".join(digests["digest"].to_pylist())), dtype=">u8").astype(np.uint64)


def _padded(secret: bytes) -> tuple[bytes, bytes]:
    """The inner and the outer key of an HMAC (RFC 2104) over SHA-256."""
    block = 64
    key = (hashlib.sha256(secret).digest() if len(secret) > block else secret).ljust(block, b"\0")
    return bytes(byte ^ 0x36 for byte in key), bytes(byte ^ 0x5C for byte in key)
