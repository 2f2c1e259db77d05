"""Paths, limits and thresholds: the one place, read from the environment and from ``district-finance.toml``.

Environment variables are prefixed ``DISTRICT_FINANCE_`` and win over the file; nested names are joined by ``__``
(``DISTRICT_FINANCE_LIMITS__MAX_FILE_BYTES``). ``DISTRICT_FINANCE_SETTINGS`` names the file where it lies elsewhere.
Does not belong here: column definitions (contracts), code lists.
"""

from __future__ import annotations

import os
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, Field, IPvAnyNetwork, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource


class _Group(BaseModel, extra="forbid", hide_input_in_errors=True):
    """Settings that belong together. A name that is none of them is refused, and an error repeats no secret."""


class Limits(_Group):
    """What a delivered file may cost at the most; beyond it the file is refused."""

    max_file_bytes: int = Field(4 * 1024**3, gt=0, description="Size of one delivered file.")
    max_archive_bytes: int = Field(4 * 1024**3, gt=0, description="Unpacked size of an archive or a workbook.")
    max_archive_ratio: int = Field(200, gt=0, description="Unpacked size divided by packed size of one member.")
    max_archive_members: int = Field(1000, gt=0, description="Members of an archive.")
    max_columns: int = Field(512, gt=0, description="Columns that hold anything in one sheet.")
    max_cells: int = Field(40_000_000, gt=0, description="Rows times columns of the part of a sheet that holds values.")
    max_sheet_bytes: int = Field(
        512 * 1024**2, gt=0, description="Text in the cells of one sheet, each counted however often it is shared."
    )
    max_cell_characters: int = Field(32_767, gt=0, description="Characters in one cell.")
    max_blank_lines: int = Field(2_000_000, gt=0, description="Lines of one table that hold nothing.")
    header_search_rows: int = Field(30, gt=0, description="First rows among which the header is looked for.")
    batch_rows: int = Field(250_000, gt=0, description="Rows of a text file that are in memory at a time.")
    reading_processes: int | None = Field(
        None, ge=1, description="Files that are read at a time, each in a process of its own; at most one per core."
    )
    reading_memory_mb: int = Field(
        3072, ge=256, description="Memory of the process that reads a file; beyond it the file is refused."
    )
    reading_seconds: float = Field(
        900, gt=0, description="Time in which one file has to be read; beyond it the file is refused."
    )
    settle_seconds: float = Field(0.0, ge=0, description="A file younger than this is taken to be still written.")
    waiting_days: float = Field(
        3, ge=0, description="A file that is not ready for longer than this is refused; an unfinished copy is left out."
    )


class SetAside(_Group):
    """What share of a dataset's rows or money may be set aside before its district-year is held back."""

    max_row_share: float = Field(0.05, ge=0, le=1)
    max_money_share: float = Field(0.05, ge=0, le=1)


class RuleThresholds(_Group):
    """What the rules in ``sql/rules`` compare with; amounts in yuan, rates as ratios. Each names those it reads."""

    yuan_tolerance: Decimal = Field(
        Decimal("0.01"), ge=0, description="Gap of a sum of amounts told in yuan. 元表加总的容许差额。"
    )
    ten_thousand_tolerance_per_row: Decimal = Field(
        Decimal("50.00"),
        ge=0,
        description="Gap that each amount told in 万元 with two decimals may add: 0.005 万元. "
        "两位小数的万元数每个可带来的差额：0.005 万元。",
    )
    ten_thousand_tolerance_at_most: Decimal = Field(
        Decimal("500.00"),
        ge=0,
        description="Largest gap of a sum of amounts told in 万元: 0.05 万元. 万元表加总差额的上限：0.05 万元。",
    )
    published_rate_tolerance: Decimal = Field(
        Decimal("0.0001"),
        ge=0,
        description="Gap between a published rate and the exact one: rounded or truncated. "
        "公布比率与精确比率之差：四舍五入或截尾。",
    )
    published_rate_error_beyond: Decimal = Field(
        Decimal("0.005"),
        ge=0,
        description="Gap of a published rate up to which it is a warning. 公布比率之差在此以内为警告，超出为错误。",
    )
    payments_to_budget_at_most: Decimal = Field(
        Decimal("10"),
        gt=0,
        description="Payments of a district-year divided by its budget; beyond it a unit is wrong. "
        "区年度支付与预算之比，超过即认定单位有误。",
    )
    shifted_lines_at_least: Decimal = Field(
        Decimal("3"),
        gt=1,
        description="Statement lines with a neighbour's amount from which a column is shifted. "
        "执行情况表中填了邻行数字的行数，达到即认定错位。",
    )
    unit_slip_below: Decimal = Field(
        Decimal("10000.00"),
        ge=0,
        description="Budget in a 万元 table below which a slip of the unit is considered. "
        "万元表中预算低于此数（元）才考虑单位有误。",
    )
    unit_slip_share: Decimal = Field(
        Decimal("0.0002"),
        ge=0,
        description="Share of its department below which such a budget is taken for a slip. "
        "占部门预算之比低于此数即疑为单位有误。",
    )


class Replacement(_Group):
    """When a later delivery replaces lines of an earlier one (docs/replacement.md); shares are ratios."""

    redelivery_share_at_least: Decimal = Field(
        Decimal("0.8"), gt=0, le=1, description="Lines that come again, of those covered, from which on it re-delivers."
    )
    supplement_share_below: Decimal = Field(
        Decimal("0.2"), ge=0, le=1, description="Lines that come again, of those covered, below which it only adds."
    )
    few_lines_below: int = Field(10, ge=0, description="Of fewer covered lines all but one must come again.")
    doubled_share_at_least: Decimal = Field(
        Decimal("0.9"), gt=0, le=1, description="Share of a file's different lines that stand in it more than once."
    )
    doubled_lines_at_least: int = Field(
        3, ge=1, description="Different lines of a file from which on it may be taken to stand in itself twice."
    )
    withdrawn_share_at_most: Decimal = Field(
        Decimal("0.2"),
        ge=0,
        le=1,
        description="Share of a dataset's money that may be withdrawn or removed at once; below 1 no whole dataset.",
    )
    believed_sources: list[str] = Field(
        default_factory=list,
        description="Patterns of paths below raw/ whose word counts where two sources disagree, as 440103/*/国库*.",
    )


class Schedule(_Group):
    """When the night begins, in which time zone a day begins, and how old a publication may become."""

    cron: str = Field("0 2 * * *", pattern=r"^\S+( \S+){4}$", description="Start of the nightly run.")
    time_zone: str = Field("Asia/Shanghai", description="Time zone of the schedule and of every date in a message.")
    fresh_hours: float = Field(36, gt=0, description="A last successful night older than this is told as stale.")

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError("not a time zone of this machine; expected a name such as Asia/Shanghai") from None
        return name


class Closing(_Group):
    """When a fiscal year is closed: from then on a changed delivery is held back until a person releases it."""

    year_closes_on: str | None = Field(
        None,
        pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|1\d|2\d|3[01])$",
        description="Month and day of the following year, as in 03-31; the year is open on that day. None: stays open.",
    )

    @field_validator("year_closes_on")
    @classmethod
    def _is_a_day_of_every_year(cls, text: str | None) -> str | None:
        if text:
            date.fromisoformat(f"2001-{text}")
        return text

    def is_closed(self, fiscal_year: int, today: date) -> bool:
        """Whether ``fiscal_year`` is closed on ``today``."""
        return bool(self.year_closes_on) and today > date.fromisoformat(f"{fiscal_year + 1}-{self.year_closes_on}")


class Mail(_Group):
    """A mail server that takes the night's message."""

    host: str
    port: int = Field(587, gt=0, lt=65536)
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password: SecretStr = SecretStr("")
    sender: str
    recipients: list[str] = Field(min_length=1)


class Webhook(_Group):
    """A chat robot or another address that takes the night's message by HTTP; its URL is a secret too."""

    kind: Literal["wecom", "dingtalk", "feishu", "json"]
    url: SecretStr
    secret: SecretStr = Field(SecretStr(""), description="Signing secret of a DingTalk or Feishu robot.")

    @field_validator("url")
    @classmethod
    def _is_http(cls, url: SecretStr) -> SecretStr:
        if not url.get_secret_value().startswith(("https://", "http://")):
            raise ValueError("expected an address that begins with https:// (or http:// inside the office)")
        return url


class Notifications(_Group):
    """Who is told about a night, and how."""

    language: Literal["zh", "en"] = "zh"
    every_night: bool = Field(False, description="Tell a night that brought nothing new too: a sign of life.")
    mail: Mail | None = None
    webhooks: dict[str, Webhook] = Field(default_factory=dict, description="By a name of your own.")
    watch_lists: dict[str, list[str]] = Field(
        default_factory=dict,
        description="District/department (440103/019001; code or name) → mail addresses for its weekly watch list.",
    )
    watch_list_weekday: int = Field(1, ge=1, le=7, description="From this day of a week on they are sent: 1 is Monday.")
    timeout_seconds: float = Field(10, gt=0)
    attempts: int = Field(3, ge=1, description="Attempts to reach one receiver in one run.")

    @model_validator(mode="after")
    def _can_be_sent(self) -> Notifications:
        if self.watch_lists and not self.mail:
            raise ValueError("watch_lists are sent by mail: set notifications.mail too")
        for department in self.watch_lists:
            district, _, named = department.partition("/")
            if not (len(district) == 6 and district.isdecimal() and named):
                raise ValueError(f"watch_lists: {department!r}; expected district/department, as 440103/019001")
        return self


class Retention(_Group):
    """What ``prune`` leaves. None keeps everything; what counts or is published is never pruned."""

    versions: int | None = Field(None, ge=1, description="Accepted versions of a district-year, the newest ones.")
    delivered_days: int | None = Field(
        None, ge=0, description="Days of delivered files that no kept version names any more; 0 keeps no file at all."
    )
    log_days: int | None = Field(400, ge=1, description="Days of log files.")
    run_days: int | None = Field(90, ge=1, description="Days of Dagster runs.")
    backups: int | None = Field(14, ge=1, description="Backups, the newest ones.")


class Portal(_Group):
    """``district-finance serve``: where it listens, who may read, and what a question may cost."""

    host: str = Field("127.0.0.1", description="Address to listen on; one of other machines needs a way to know users.")
    port: int = Field(8765, ge=0, lt=65536)
    address: str | None = Field(
        None, pattern=r"^https?://\S+[^/\s]$", description="Where browsers reach it, for links; None: host and port."
    )
    host_names: list[str] = Field(
        default_factory=list,
        description="Names under which browsers may ask for it; empty: this machine's loopback names only.",
    )
    users: Path | None = Field(None, description="users.toml: which user may see what. None: everything is visible.")
    user_header: str | None = Field(
        None, pattern=r"^[A-Za-z][A-Za-z0-9-]*$", description="Header in which the reverse proxy names the user."
    )
    proxies: list[IPvAnyNetwork] = Field(
        default_factory=list, description="Addresses from which that header is believed; from others it is refused."
    )
    tokens: Path | None = Field(None, description="tokens.toml: sha256 of a token → user, for readers without a proxy.")
    connections_at_most: int = Field(256, gt=0, description="Open connections; beyond them a request is turned away.")
    request_head_seconds: float = Field(10, gt=0, description="Time in which a request's head must have arrived.")
    page_seconds: float = Field(20, gt=0, description="Time that the queries of one page may take.")
    page_memory_mb: int = Field(1024, ge=200, description="Memory of the database that pages are read from.")
    pages_at_once: int = Field(8, gt=0, description="Pages made at the same time; others wait.")
    file_rows_at_most: int = Field(1_000_000, gt=0, le=1_048_575, description="Rows of a list or a result as a file.")
    kept_publications: int = Field(2, ge=0, description="Earlier publications kept open for pages that show them.")
    sql_at_once: int = Field(4, gt=0, description="Statements that run at the same time; each has a process.")
    sql_at_once_per_user: int = Field(2, gt=0, description="Of these those of one user.")
    sql_waiting_at_most: int = Field(32, ge=0, description="Statements that wait for their turn; others are refused.")
    sql_seconds: float = Field(30, gt=0, description="Time that a statement may take.")
    sql_memory_mb: int = Field(512, ge=128, description="Memory of the database of one statement.")
    sql_rows_per_page: int = Field(200, gt=0, le=2000, description="Rows of a result that a page shows.")
    sql_bytes_at_most: int = Field(512 * 1024**2, gt=0, description="Size of a result as a file.")
    sql_characters_at_most: int = Field(100_000, gt=0, description="Length of a statement.")

    @property
    def link(self) -> str:
        """What links to its pages begin with."""
        return self.address or f"http://{self.host}:{self.port}"


class Settings(BaseSettings):
    """All settings; ``Settings()`` reads environment and file, keyword arguments win over both."""

    model_config = SettingsConfigDict(
        env_prefix="DISTRICT_FINANCE_",
        env_nested_delimiter="__",
        extra="forbid",
        hide_input_in_errors=True,
    )

    raw: Path = Field(Path("raw"), description="Deliveries as <district>/<fiscal year>/<file>; never changed.")
    published: Path | None = Field(
        None,
        description="Published reports as <district>/<fiscal year>/<file>; by default the folder published beside raw.",
    )
    warehouse: Path = Field(Path("warehouse"), description="Published database, its reports, and the accepted store.")
    districts: tuple[str, ...] | None = Field(
        None, description="Codes of the districts whose deliveries are read; None: all. A province's shard has one."
    )
    province_copied_rows: int = Field(
        10_000_000,
        ge=0,
        description="Rows up to which a table of all districts is copied into a merged province; larger: views.",
    )
    district_names: dict[str, str] = Field(
        default={"440103": "广州市荔湾区", "999999": "虚构示例区"},
        description="District code → name, as reports show it; by default those of the sample deliveries.",
    )
    lock_wait_seconds: float = Field(
        0.0, ge=0, description="How long a run waits for another one that writes to the same warehouse."
    )
    hash_secret: SecretStr = Field(
        SecretStr(""), description="Key of the hash of payee accounts; empty: made once and kept beside the store."
    )
    limits: Limits = Limits()
    set_aside: SetAside = SetAside()
    set_aside_by_dataset: dict[str, SetAside] = Field(default_factory=dict)
    replacement: Replacement = Replacement()
    department_reports: bool = Field(
        False, description="Write page and workbook of every department too, each in a folder of its own."
    )
    schedule: Schedule = Schedule()
    closing: Closing = Closing()
    notifications: Notifications = Notifications()
    retention: Retention = Retention()
    portal: Portal = Portal()
    backups: Path = Field(Path("backups"), description="Where backups are written: best on another disk.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Of the structured log.")
    memory_limit_mb: int = Field(
        700, ge=200, description="Memory of a database that a run works in; what does not fit goes to disk."
    )
    rebuild_days: int | None = Field(
        7,
        ge=0,
        description="Days after which a publication is compared with a build from nothing; None: only when asked for.",
    )
    min_free_bytes: int = Field(2 * 1024**3, ge=0, description="Free disk below which 'doctor' warns.")
    thresholds: RuleThresholds = RuleThresholds()
    thresholds_by_district: dict[str, dict[str, Decimal]] = Field(
        default_factory=dict, description="District code → the thresholds that differ there."
    )
    findings_per_rule: int = Field(
        1000, gt=0, description="Findings of one rule that are listed per district-year; all are counted."
    )

    @field_validator("thresholds_by_district")
    @classmethod
    def _known_thresholds(cls, value: dict[str, dict[str, Decimal]]) -> dict[str, dict[str, Decimal]]:
        for changes in value.values():
            RuleThresholds.model_validate(changes)
        return value

    def thresholds_of(self, district_code: str) -> RuleThresholds:
        """The thresholds in force in a district."""
        changes = self.thresholds_by_district.get(district_code, {})
        return RuleThresholds.model_validate(self.thresholds.model_dump() | changes)

    @property
    def database(self) -> Path:
        """The published database, which analysts open read-only."""
        return self.warehouse / "district_finance.duckdb"

    @property
    def accepted(self) -> Path:
        """The accepted store: immutable versions per district and fiscal year."""
        return self.warehouse / "accepted"

    @property
    def published_reports(self) -> Path:
        """The directory of published reports."""
        return self.published or self.raw.parent / "published"

    @property
    def documents(self) -> Path:
        """What was read of published reports."""
        return self.warehouse / "documents"

    @property
    def workshop(self) -> Path:
        """Where a run builds; whatever a killed run left there is removed by the next."""
        return self.warehouse / ".build"

    @property
    def template(self) -> Path:
        """Where the empty database waits that every build begins with."""
        return self.warehouse / ".template"

    @property
    def logs(self) -> Path:
        """The structured logs, one file a day."""
        return self.warehouse / "logs"

    def local_date(self, moment: datetime) -> date:
        """The day in the schedule's time zone on which ``moment`` (with a time zone) lies."""
        return moment.astimezone(ZoneInfo(self.schedule.time_zone)).date()

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
        file = os.environ.get("DISTRICT_FINANCE_SETTINGS", "district-finance.toml")
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, Path(file))
