"""Settings as a command gets them: environment and file, with the command line on top, and a readable refusal.

Does not belong here: which settings there are (``pipelines.settings``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from pydantic import SecretStr, ValidationError

from pipelines.settings import Mail, Settings, Webhook


def load_settings(*, raw: Path | None = None, warehouse: Path | None = None, published: Path | None = None) -> Settings:
    """The settings with the given directories in place of the configured ones.

    Raises ``click.ClickException`` naming every setting that is wrong, what was found and what is expected.
    """
    given: dict[str, Any] = {"raw": raw, "warehouse": warehouse, "published": published}
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        wrong = "\n".join(
            f"  {'.'.join(map(str, problem['loc']))}: {problem['msg']}{_found(problem['loc'], problem['input'])}"
            for problem in error.errors()
        )
        raise click.ClickException(
            "settings are not valid; correct district-finance.toml or the DISTRICT_FINANCE_ variables\n"
            f"配置有误，请更正 district-finance.toml 或以 DISTRICT_FINANCE_ 开头的环境变量\n{wrong}"
        ) from None


_SECRET_NAMES = frozenset(
    name
    for group in (Settings, Mail, Webhook)
    for name, field in group.model_fields.items()
    if field.annotation is SecretStr
)


def _found(place: tuple[int | str, ...], value: object) -> str:
    """What was found, where that cannot be or hold a secret."""
    is_shown = isinstance(value, str | int | float) and _SECRET_NAMES.isdisjoint(place)
    return f" (found {value!r})" if is_shown else ""
