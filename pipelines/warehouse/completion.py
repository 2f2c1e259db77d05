"""What rows leave out and another file of their district-year proves: an indicator's project, a code's lost zeros.

Rows stay in the store as delivered; they are completed when they are loaded. Does not belong here: guessing. What is
not proved stays as it is, and the rules tell it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb

from pipelines.contracts.datasets import DATASETS
from pipelines.contracts.model import Dataset

LOST_ZEROS = r"""
    select
        listed.district_code,
        listed.fiscal_year,
        ltrim(listed.department_code, '0') as lost_code,
        min(listed.department_code) as department_code
    from core.department as listed
    where regexp_full_match(listed.department_code, '0[0-9]+')
        and not exists (
            from core.department as same
            where same.district_code = listed.district_code and same.fiscal_year = listed.fiscal_year
                and same.department_code = ltrim(listed.department_code, '0')
        )
    group by listed.district_code, listed.fiscal_year, ltrim(listed.department_code, '0')
    having count(distinct listed.department_code) = 1
"""
"""Department codes as a spreadsheet leaves them that took them for numbers, and the one listed code each stands for.

The lengths of codes prove nothing (3 digits and more, whatever a bureau chose); the department list does: it has the
code with zeros, no other that differs in zeros only, and not the one without.
"""


def has_lost_zeros(connection: duckdb.DuckDBPyConnection, dataset: Dataset, paths: Sequence[str]) -> bool:
    """Whether department codes of a dataset's Parquet files lost zeros that ``core.department`` (filled) proves.

    To look costs little; to join what is to be restored would cost every reading of the rows, and seldom is anything.
    """
    if not restores_zeros(dataset):
        return False
    lost = [code for (code,) in connection.execute(f"select lost_code from ({LOST_ZEROS})").fetchall()]
    query = "select 1 from read_parquet(?::varchar[]) where list_contains(?, department_code) limit 1"
    return bool(lost and connection.execute(query, [paths, lost]).fetchall())


def completed(dataset: Dataset, values: Mapping[str, str], *, zeros: bool) -> tuple[dict[str, str], str]:
    """SQL of the columns of ``part``, a row as stored, and the joins that complete it.

    ``values`` are the columns as stored. ``zeros``: department codes have lost some (``has_lost_zeros``). A line that
    names an indicator instead of a department and a project gets those of the indicator, where all of the indicator's
    lines agree. The core tables that are joined must be filled.
    """
    whole = dict(values)
    joins = ""
    if transfer := dataset.transfer:
        owner = DATASETS[transfer.described_by]
        key = owner.numbered_by
        described = ", ".join(
            f"case when min({name}) = max({name}) then min({name}) end as {name}" for name in transfer.of_receiver
        )
        whole |= {
            name: f"coalesce({values[name]}, case when {_is_unnamed(name, values)} then described.{name} end)"
            for name in transfer.of_receiver
        }
        joins += f"""
        left join (
            select district_code, fiscal_year, {key}, {described} from core.{owner.name}
            group by district_code, fiscal_year, {key}
        ) as described
            on part.district_code = described.district_code and part.fiscal_year = described.fiscal_year
            and part.{transfer.receiver} = described.{key}"""
    if zeros:
        whole["department_code"] = f"coalesce(restored.department_code, {whole['department_code']})"
        joins += f"""
        left join ({LOST_ZEROS}) as restored
            on part.district_code = restored.district_code and part.fiscal_year = restored.fiscal_year
            and part.department_code = restored.lost_code"""
    return whole, joins


def restores_zeros(dataset: Dataset) -> bool:
    """Whether lost zeros of a dataset's department codes are restored: of all but the list that proves them."""
    return dataset.name != "department" and any(column.name == "department_code" for column in dataset.columns)


def _is_unnamed(name: str, values: Mapping[str, str]) -> str:
    """SQL that tells whether a line says nothing of what a column describes: neither its code nor its name."""
    stem = name.rsplit("_", 1)[0]
    pair = [values[other] for other in (f"{stem}_code", f"{stem}_name") if other in values]
    return " and ".join(f"{value} is null" for value in pair)
