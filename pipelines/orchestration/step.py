"""What every step that writes to the warehouse does around its work.

Does not belong here: the work.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from pipelines.operations.logs import PROGRAM, all_facts, blotted, secrets_of, structured_log
from pipelines.operations.notify import failures_told
from pipelines.settings import Settings
from pipelines.warehouse.lock import warehouse_lock


@contextmanager
def writing_step(context: dg.AssetExecutionContext, settings: Settings) -> Iterator[None]:
    """Holds the warehouse's lock, logs under the run's id here and on the run's page, tells of a failure at once.

    Raises:
        WarehouseLockedError: another run writes to the same warehouse and did not end in time.
    """
    with (
        structured_log(settings, context.run.run_id),
        _on_run_page(context, secrets_of(settings)),
        failures_told(settings, context.op_def.name),
        warehouse_lock(settings.warehouse, wait_seconds=settings.lock_wait_seconds),
    ):
        yield


@contextmanager
def _on_run_page(context: dg.AssetExecutionContext, secrets: list[str]) -> Iterator[None]:
    """Shows on the run's page what the program logs, with the same facts as in the structured log."""
    program, handler = logging.getLogger(PROGRAM), _RunPage(context, secrets)
    program.addHandler(handler)
    try:
        yield
    finally:
        program.removeHandler(handler)


class _RunPage(logging.Handler):
    """Passes records on to Dagster as a sentence followed by its facts."""

    def __init__(self, context: dg.AssetExecutionContext, secrets: list[str]) -> None:
        super().__init__(logging.INFO)
        self._secrets = secrets
        self._context = context

    def emit(self, record: logging.LogRecord) -> None:
        """Writes one line of the run's page."""
        facts = {name: value for name, value in all_facts(record).items() if name != "run" and value is not None}
        told = " ".join(f"{name}={value}" for name, value in facts.items())
        self._context.log.log(record.levelno, blotted(f"{record.getMessage()} {told}".rstrip(), self._secrets))
