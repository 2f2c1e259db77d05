"""The shards of a province: which districts there are, and where the warehouse and the exports of each lie.

Layout below the province's directory::

    shards/<district>/                         a warehouse like any other, written by the district's nightly run
    shards/<district>/exports/<build id>/      its published tables as Parquet, with export.json; never changed
    district_finance.duckdb                    the merged province, for ``query``, ``serve`` and every other reader

Does not belong here: running a shard (run), putting the parts together (merge).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from pipelines.settings import Settings
from pipelines.warehouse.store import write_atomically

ShardStatus = Literal["published", "unchanged", "held_back", "nothing", "failed"]

EXPORT_RECORD = "export.json"
_RESULT = "last_run.json"


class ProvinceError(Exception):
    """A province cannot be run or merged as it is: what was found, where, and what to do."""


@dataclass(frozen=True, slots=True)
class ShardResult:
    """How the run of one shard ended.

    ``status``: ``published``, ``unchanged``, ``held_back`` (published, but something was held back), ``nothing``
    (nothing could be published) or ``failed``; ``message`` says why where it is one of the last three. ``build_id`` is
    the publication that counts (None: there is none), ``exit_code`` that of the night.
    """

    district_code: str
    status: ShardStatus
    exit_code: int
    build_id: str | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Export:
    """What an export says of itself: its build, what made it, and rows and SHA-256 of each table's Parquet file.

    ``made_by`` stands for the program and its SQL, ``secret`` for the key of the hashes of accounts: parts that differ
    in either cannot be put together. ``tables`` maps a qualified table to its number of rows and its file's hash.
    """

    district_code: str
    build_id: str
    made_by: str
    secret: str
    tables: Mapping[str, tuple[int, str]]

    def path(self, settings: Settings, table: str) -> Path:
        """The Parquet file of a qualified table."""
        return export_directory(settings, self.district_code, self.build_id) / f"{table}.parquet"


def districts_delivered(settings: Settings) -> list[str]:
    """The codes of the districts that have a folder below ``raw``, those with the most bytes first.

    The largest goes first, so that no worker is left with it at the end.
    """
    if not settings.raw.is_dir():
        return []
    folders = [path for path in settings.raw.iterdir() if re.fullmatch(r"\d{6}", path.name) and path.is_dir()]
    sizes = {path.name: sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) for path in folders}
    return sorted(sizes, key=lambda code: (-sizes[code], code))


def shard_settings(settings: Settings, district_code: str) -> Settings:
    """The settings of one district's night: those of the province, for a warehouse of its own.

    Raises:
        ProvinceError: the key of the hashes of accounts is not in the settings, so each shard would make its own.
    """
    if not settings.hash_secret.get_secret_value():
        raise ProvinceError(
            "hash_secret is not set: every district would hash accounts with a key of its own, and none could be "
            "compared. Set DISTRICT_FINANCE_HASH_SECRET to one secret for the province. "
            "未设置 hash_secret：各区账号将以不同密钥散列而无法比对。请为全省设置同一 DISTRICT_FINANCE_HASH_SECRET。"
        )
    shard = settings.warehouse / "shards" / district_code
    return settings.model_copy(update={"warehouse": shard, "districts": (district_code,)})


def secret_fingerprint(settings: Settings) -> str:
    """What tells whether two shards have the same secret, and nothing else of it."""
    return hashlib.sha256(b"shard" + settings.hash_secret.get_secret_value().encode()).hexdigest()[:16]


def export_directory(settings: Settings, district_code: str, build_id: str) -> Path:
    """Where the export of one publication of a shard lies; ``settings`` are the province's."""
    return settings.warehouse / "shards" / district_code / "exports" / build_id


def read_export(settings: Settings, district_code: str, build_id: str) -> Export:
    """The record of an export.

    Raises:
        ProvinceError: it is missing or damaged.
    """
    path = export_directory(settings, district_code, build_id) / EXPORT_RECORD
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        record["tables"] = {table: (rows, digest) for table, (rows, digest) in record["tables"].items()}
        return Export(**record)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ProvinceError(
            f"{path}: cannot be read ({error}). Run 'district-finance province run' again: it is made anew. "
            "无法读取，请再次运行 province run 重新生成。"
        ) from error


def record_result(settings: Settings, result: ShardResult) -> None:
    """Keeps how the last run of a shard ended, for ``province status`` and the merge."""
    shard = settings.warehouse / "shards" / result.district_code
    shard.mkdir(parents=True, exist_ok=True)
    write_atomically(shard / _RESULT, json.dumps(asdict(result), ensure_ascii=False, indent=1))


def last_results(settings: Settings) -> list[ShardResult]:
    """How the last run of every shard ended, by district; a shard without a readable record has failed."""
    results = []
    for shard in sorted((settings.warehouse / "shards").glob("[0-9]*")):
        try:
            results.append(ShardResult(**json.loads((shard / _RESULT).read_text(encoding="utf-8"))))
        except (OSError, ValueError, TypeError) as error:
            results.append(ShardResult(shard.name, "failed", 1, message=str(error)))
    return results
