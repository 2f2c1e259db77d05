"""Paths, limits and thresholds: the one place, read from the environment and from ``district-finance.toml``.

Environment variables are prefixed ``DISTRICT_FINANCE_`` and win over the file; nested names are joined by ``__``
(``DISTRICT_FINANCE_LIMITS__MAX_FILE_BYTES``). Does not belong here: column definitions (contracts), code lists.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource


class Limits(BaseModel):
    """What a delivered file may cost at the most; beyond it the file is refused."""

    max_file_bytes: int = Field(4 * 1024**3, gt=0, description="Size of one delivered file.")
    max_archive_bytes: int = Field(4 * 1024**3, gt=0, description="Unpacked size of an archive or a workbook.")
    max_archive_ratio: int = Field(200, gt=0, description="Unpacked size divided by packed size of one member.")
    max_archive_members: int = Field(1000, gt=0, description="Members of an archive.")
    max_columns: int = Field(512, gt=0, description="Columns that hold anything in one sheet.")
    max_cell_characters: int = Field(32_767, gt=0, description="Characters in one cell.")
    header_search_rows: int = Field(30, gt=0, description="First rows among which the header is looked for.")
    batch_rows: int = Field(250_000, gt=0, description="Rows of a text file that are in memory at a time.")
    settle_seconds: float = Field(0.0, ge=0, description="A file younger than this is taken to be still written.")


class SetAside(BaseModel):
    """What share of a dataset's rows or money may be set aside before its district-year is held back."""

    max_row_share: float = Field(0.05, ge=0, le=1)
    max_money_share: float = Field(0.05, ge=0, le=1)


class Settings(BaseSettings):
    """All settings; ``Settings()`` reads environment and file, keyword arguments win over both."""

    model_config = SettingsConfigDict(
        env_prefix="DISTRICT_FINANCE_",
        env_nested_delimiter="__",
        toml_file="district-finance.toml",
        extra="forbid",
    )

    raw: Path = Field(Path("raw"), description="Deliveries as <district>/<fiscal year>/<file>; never changed.")
    warehouse: Path = Field(Path("warehouse"), description="Published database, its reports, and the accepted store.")
    hash_secret: SecretStr = Field(
        SecretStr(""), description="Key of the hash of payee accounts; empty: made once and kept beside the store."
    )
    limits: Limits = Limits()
    set_aside: SetAside = SetAside()
    set_aside_by_dataset: dict[str, SetAside] = Field(default_factory=dict)

    @property
    def database(self) -> Path:
        """The published database, which analysts open read-only."""
        return self.warehouse / "district_finance.duckdb"

    @property
    def accepted(self) -> Path:
        """The accepted store: immutable versions per district and fiscal year."""
        return self.warehouse / "accepted"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Keyword arguments, then environment, then the TOML file."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)
