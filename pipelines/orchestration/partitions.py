"""District and fiscal year as Dagster partitions, found from what lies in the raw directory.

Does not belong here: which runs are started for them (automation).
"""

from __future__ import annotations

import dagster as dg

from pipelines.ingest.deliveries import DistrictYear

DISTRICT_FISCAL_YEAR = dg.DynamicPartitionsDefinition(name="district_fiscal_year")
"""Partition keys such as ``440103-2022``."""


def partition_key(district_year: DistrictYear) -> str:
    """The partition of a district-year."""
    return f"{district_year.district_code}-{district_year.fiscal_year}"


def district_year(key: str) -> DistrictYear:
    """The district-year of a partition key; the inverse of ``partition_key``.

    Raises:
        ValueError: the key was not made by ``partition_key`` (someone added it by hand in the Dagster page).
    """
    district_code, _, fiscal_year = key.partition("-")
    if not (district_code.isdigit() and fiscal_year.isdigit()):
        raise ValueError(
            f"partition {key!r} is not <district>-<fiscal year>, such as 440103-2022; delete it under Partitions."
        )
    return DistrictYear(district_code, int(fiscal_year))


def add_partitions(instance: dg.DagsterInstance, keys: list[str]) -> list[str]:
    """Makes the keys known to Dagster; returns all known keys in Dagster's own order, in which ranges are counted."""
    known = instance.get_dynamic_partitions(str(DISTRICT_FISCAL_YEAR.name))
    new = [key for key in keys if key not in known]
    if new:
        instance.add_dynamic_partitions(str(DISTRICT_FISCAL_YEAR.name), new)
    return [*known, *new]


def range_tags(known: list[str], wanted: list[str]) -> dict[str, str]:
    """Run tags that make one run of the smallest range of ``known`` partitions that holds all ``wanted`` ones.

    A range may hold further partitions; nothing is read again for them, because their files have not changed.
    """
    positions = [known.index(key) for key in wanted]
    return {
        "dagster/asset_partition_range_start": known[min(positions)],
        "dagster/asset_partition_range_end": known[max(positions)],
    }
