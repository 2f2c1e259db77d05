"""Random draws that depend on nothing but their name and index, and exact apportionment, all in integers.

NumPy's own generators promise no stable stream between versions, and floating point differs between machines; the
demo's bytes must not. A draw is a hash of (seed, stream name, index), so any part of the district can be drawn
without what comes before it. Does not belong here: anything about districts.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


class Draws:
    """Named streams of uniform draws under one seed; ``parts`` tell the streams of one year from another's."""

    def __init__(self, seed: int, *parts: object) -> None:
        self._prefix = "/".join(map(str, (seed, *parts)))

    def below(self, stream: str, index: Integers, bound: int) -> Integers:
        """One integer in 0 … ``bound`` - 1 for each element of ``index``; ``bound`` is at most 2**32.

        Source: SplitMix64 (Steele, Lea, Flood 2014) as the hash, multiply-shift for the range.
        """
        digest = hashlib.sha256(f"{self._prefix}/{stream}".encode()).digest()
        key = np.uint64(int.from_bytes(digest[:8], "little"))
        mixed = (index.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15) + key
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
        return (((mixed >> np.uint64(32)) * np.uint64(bound)) >> np.uint64(32)).astype(np.int64)


def group_starts(group: Integers) -> Integers:
    """The position of the first item of each item's group; ``group`` is sorted."""
    return np.searchsorted(group, group, side="left").astype(np.int64)


def apportion(total: Integers, weight: Integers, group: Integers) -> Integers:
    """Split ``total[group]`` over the items of each group in proportion to ``weight``, to the last unit.

    ``group`` is sorted; ``total`` is indexed by group number. Items of one group add up to its total exactly; the
    shares of a total of one sign all have that sign or are zero.
    """
    if not len(group):
        return np.zeros(0, dtype=np.int64)
    cumulative = np.cumsum(weight)
    starts = group_starts(group)
    before = (cumulative - weight)[starts]
    ends = np.searchsorted(group, group, side="right") - 1
    whole = cumulative[ends] - before
    upto = total[group] * (cumulative - before) // whole
    earlier = total[group] * (cumulative - weight - before) // whole
    return upto - earlier


def sum_by(group: Integers, values: Integers, groups: int) -> Integers:
    """The sum of ``values`` for each of ``groups`` group numbers, in integers."""
    sums = np.zeros(groups, dtype=np.int64)
    np.add.at(sums, group, values)
    return sums
