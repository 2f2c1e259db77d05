"""A city of districts over several years: what a night costs where one office, or every office, delivered something.

The districts are synthetic and clean, each with five years. A phase is a night: the first load, one district's new
month, every district's, a restated month, a removed file, nothing. After each, every project's executed amount is
audited against sums of the delivered files that are taken without the program. Does not belong here: what one district
of any size costs (``runs``).
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from benchmarks.corpus import RESTATED, Corpus, make_plain, plain_name
from benchmarks.runs import Row, database_of, night, passed
from pipelines.demo import Dirt, write_demo

DISTRICTS = tuple(f"9900{number:02d}" for number in range(1, 13))
YEARS = 5
LAST_YEAR = 2024
SCALE = 0.2
"""Of a district-year: 40,000 payments."""

_FIRST, _RESTATING = DISTRICTS[:2]
_NEW_MONTH = f"{_FIRST}/{LAST_YEAR}/国库集中支付明细_{LAST_YEAR}11"
_EVERY_MONTH = f"{LAST_YEAR}/国库集中支付明细_{LAST_YEAR}12"
_RESTATED_MONTH = f"{_RESTATING}/{LAST_YEAR}/国库集中支付明细_{LAST_YEAR}05{RESTATED}"
_REMOVED = f"{DISTRICTS[2]}/{LAST_YEAR - 1}/国库集中支付明细_{LAST_YEAR - 1}02"
_STATEMENT = "预算执行情况表"

_SUMS = """
    select split_part(parse_path(filename)[-1], '_', 2) as district_code, project_code,
        cast(split_part(parse_path(filename)[-1], '_', 3) as integer) as fiscal_year,
        sum(cast(paid_amount as decimal(18, 2))) as amount
    from read_csv(?, header = true, all_varchar = true, filename = true, delim = ',', quote = '"', escape = '"')
    group by all
"""


@dataclass(frozen=True, slots=True)
class City(Corpus):
    """The deliveries of all districts and years, and the same rows plain. Its ``scale`` is that of all together."""

    def delivered(self, place: str) -> list[Path]:
        """The files whose path below ``raw`` holds ``place``."""
        files = (path for path in self.raw.rglob("*.*") if path.parent != self.raw and path.name != "README.md")
        return sorted(path for path in files if place in str(path.relative_to(self.raw)))


def city_corpus(work: Path, fraction: float) -> City:
    """Generates the city unless it is there already; of a fraction every district-year is smaller."""
    scale = SCALE * fraction
    city = City(work / f"city-{scale:g}", scale * YEARS * len(DISTRICTS))
    complete = city.directory / "complete"
    if complete.exists():
        return city
    shutil.rmtree(city.directory, ignore_errors=True)
    city.plain.mkdir(parents=True)
    restated = Dirt(bad_cells=0, duplicates=0, orphans=0)
    for seed, district in enumerate(DISTRICTS):
        write_demo(
            city.raw,
            district_code=district,
            fiscal_year=LAST_YEAR,
            years=YEARS,
            scale=scale,
            seed=seed,
            dirt=restated if district == _RESTATING else None,
        )
    for path in city.delivered(""):
        make_plain(path, _plain(city, path), city.encoding)
    complete.touch()
    return city


def _plain(city: City, path: Path) -> Path:
    """Where the plain copy of a file lies: its name tells the district and the year."""
    district, year, _ = path.relative_to(city.raw).parts
    dataset, name = plain_name(path)
    return city.plain / f"{dataset}_{district}_{year}_{name.removeprefix(dataset).strip('_')}.csv"


def phases(city: City, directory: Path) -> list[Row]:
    """Six nights, audited one by one; statements of whole years that have not ended are never delivered."""
    raw = directory / "raw"
    held_back = {*city.delivered(_NEW_MONTH), *city.delivered(_EVERY_MONTH), *city.delivered(_RESTATED_MONTH)}
    held_back |= set(city.delivered(f"{LAST_YEAR}/{_STATEMENT}"))
    first = [path for path in city.delivered("") if path not in held_back]
    (removed,) = city.delivered(_REMOVED)
    arrived: set[Path] = set()
    rows: list[Row] = []
    for what, files in (
        ("first load", first),
        ("one district's new month", city.delivered(_NEW_MONTH)),
        ("every district's new month", city.delivered(_EVERY_MONTH)),
        ("one district's restated month", city.delivered(_RESTATED_MONTH)),
        ("one removed file", []),
        ("nothing", []),
    ):
        for path in files:
            target = raw / path.relative_to(city.raw)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.hardlink_to(path)
        arrived |= set(files)
        if what == "one removed file":
            (raw / removed.relative_to(city.raw)).unlink()
            arrived.remove(removed)
        rows.append({"what": what, **night(directory, accept=(0, 3))})
        passed(f"{city.directory.name}, {what}", _audit(city, arrived, database_of(directory)))
    return rows


def _audit(city: City, arrived: set[Path], database: Path) -> Sequence[str]:
    """Projects whose executed amount is not the sum of the files that count, as sentences; empty: none."""
    restated = {path.with_name(path.name.replace(RESTATED, "")) for path in arrived if RESTATED in path.name}
    paid = [path for path in arrived - restated if plain_name(path)[0] == "payment"]
    with duckdb.connect(database, read_only=True) as connection:
        connection.execute("create temp table paid as " + _SUMS, [[str(_plain(city, path)) for path in paid]])
        different = connection.execute(
            "select coalesce(published.district_code, paid.district_code), fiscal_year, project_code,"
            " paid.amount, published.executed_amount"
            " from summary.project_execution as published"
            " full join paid using (district_code, fiscal_year, project_code)"
            " where coalesce(published.executed_amount, 0) <> coalesce(paid.amount, 0) order by all limit 5"
        ).fetchall()
    return [
        f"{district}/{year} {code}: paid {true}, published {found}" for district, year, code, true, found in different
    ]
