"""Keeps the bytes of every accepted delivery under their SHA-256, so that a line of last month can still be looked at.

``<district>/<year>/delivered/<sha256>.zst`` is the delivered file, compressed (``zstd -d`` unpacks it); one content is
kept once, however often and under whatever name it is delivered. They hold personal data as delivered and are closed
to all but the program's user. Does not belong here: how long they stay (``operations.prune``).
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

from pipelines.ingest.model import Delivery
from pipelines.ledger.records import FileState, Manifest
from pipelines.settings import Settings
from pipelines.warehouse.store import DistrictYearStore, sync_directory

logger = logging.getLogger(__name__)

_BLOCK = 4 * 1024**2


def keep_delivered(
    settings: Settings, store: DistrictYearStore, manifest: Manifest, deliveries: Iterable[Delivery]
) -> None:
    """Keeps what is not kept yet of the files that count.

    One that changed since it was read, or for which there is no room (``settings.min_free_bytes`` stay free), is left
    out with a warning: a night never fails for it.
    """
    if settings.retention.delivered_days == 0:
        return
    paths = {delivery.relative_path: delivery.path for delivery in deliveries}
    for file in manifest.files:
        if file.state is not FileState.READ or file.sha256 is None or file.relative_path not in paths:
            continue
        target = kept_delivery(store, file.sha256)
        if target.exists():
            continue
        try:
            if shutil.disk_usage(store.directory).free - (file.bytes or 0) < settings.min_free_bytes:
                logger.warning("no room to keep the delivered file", extra={"file": file.relative_path})
                continue
            _keep(paths[file.relative_path], file.sha256, target)
        except (OSError, pa.ArrowException) as error:
            logger.warning("the delivered file is not kept: %s", error, extra={"file": file.relative_path})


def kept_delivery(store: DistrictYearStore, sha256: str) -> Path:
    """Where the delivered file with this content is kept, if it is."""
    return store.delivered / f"{sha256}.zst"


def _keep(source: Path, sha256: str, target: Path) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.new")
    digest = hashlib.sha256()
    try:
        handle = os.open(unfinished, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            with source.open("rb") as stream, pa.CompressedOutputStream(file, "zstd") as packed:
                while block := stream.read(_BLOCK):
                    digest.update(block)
                    packed.write(block)
                packed.flush()
            if digest.hexdigest() != sha256:
                logger.warning("changed since it was read, and is not kept", extra={"file": str(source)})
                return
        with unfinished.open("rb") as written:
            os.fsync(written.fileno())
        unfinished.replace(target)
        sync_directory(target.parent)
    finally:
        unfinished.unlink(missing_ok=True)
