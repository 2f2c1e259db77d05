"""Who a reader is, and what that reader may see.

A user's name comes from a reverse proxy's header, believed only from listed addresses, or from a token; without either
the portal listens on loopback only and shows everything. What a user may see is told by roles in ``users.toml``, read
anew when the file changes; who is not listed sees nothing.
Does not belong here: how a restriction is enforced in the database (``warehouse.scope``).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import ipaddress
import secrets
import threading
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, Field, ValidationError, model_validator

from pipelines.settings import Portal
from pipelines.warehouse.scope import EVERYTHING, Scope

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
"""Names under which a browser may ask for a portal that does not know its users."""


_Model = TypeVar("_Model", bound=BaseModel)


class AccessError(Exception):
    """The settings or files that tell who may read cannot be used: what was found, what is expected."""


class NotKnownError(Exception):
    """Nobody told who the reader is, or what was told is not believed. ``asks_for_token`` tells to ask the browser."""

    def __init__(self, message: str, *, asks_for_token: bool = False) -> None:
        super().__init__(message)
        self.asks_for_token = asks_for_token


class NotAllowedError(Exception):
    """The reader may not see this."""


class Role(BaseModel, extra="forbid", frozen=True):
    """What its users may see. Departments are told by code or name as published; rights are off unless given."""

    districts: Literal["all"] | list[str] = Field(description="District codes, or all.")
    departments: Literal["all"] | list[str] = Field("all", description="Department codes or names, or all.")
    sql: bool = Field(False, description="Free SQL; only for a role that sees everything.")
    delivered_files: bool = Field(False, description="Delivered files as they came, with all that stands in them.")

    @model_validator(mode="after")
    def _sql_sees_everything(self) -> Role:
        if self.sql and not (self.districts == "all" and self.departments == "all"):
            raise ValueError("sql = true needs districts = 'all' and no departments: a statement can read every row")
        if self.delivered_files and self.departments != "all":
            raise ValueError("delivered_files = true needs all departments: a file holds lines of several")
        return self


class Roles(BaseModel, extra="forbid", frozen=True):
    """``users.toml``: roles by name, and the role of each user."""

    roles: dict[str, Role]
    users: dict[str, str]

    @model_validator(mode="after")
    def _roles_are_there(self) -> Roles:
        if unknown := set(self.users.values()) - self.roles.keys():
            raise ValueError(f"users have roles that are not defined: {', '.join(sorted(unknown))}")
        return self


class Tokens(BaseModel, extra="forbid", frozen=True):
    """``tokens.toml``: the SHA-256 of each token, in hexadecimal digits, and the user whom it tells."""

    tokens: dict[str, str]


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads, and what: ``name`` is for the log and the page."""

    name: str
    scope: Scope
    may_ask_sql: bool
    may_have_files: bool


class Access:
    """Tells readers apart by the portal's settings; files are read anew when they change."""

    def __init__(self, portal: Portal) -> None:
        """Raises ``AccessError`` where the settings would let anybody in, or a file cannot be used."""
        self._portal = portal
        self._kept: dict[Path, tuple[tuple[int, int, int], BaseModel]] = {}
        self._lock = threading.Lock()
        if self.knows_users:
            self._check_users()
        elif not _is_loopback(portal.host):
            raise AccessError(
                f"portal.host is {portal.host}, which other machines reach, and nothing tells who reads: set "
                "portal.user_header and portal.proxies, or portal.tokens, and portal.users; or listen on 127.0.0.1. "
                "监听地址可被其他机器访问，但未配置用户识别方式；请配置 portal.user_header 与 portal.proxies，"
                "或 portal.tokens，并配置 portal.users；或改为监听 127.0.0.1。"
            )

    def _check_users(self) -> None:
        portal = self._portal
        if portal.users is None:
            raise AccessError(
                "portal.users is not set: users are told by a header or a token, and nothing says what they may see; "
                "name a users.toml. 未配置 portal.users：无法确定各用户可见范围，请指定 users.toml。"
            )
        if portal.user_header and not portal.proxies:
            raise AccessError(
                "portal.user_header is set without portal.proxies: the header of just anybody would be believed; list "
                "the reverse proxy's address. 已配置 portal.user_header 而未配置 portal.proxies，请填写反向代理的地址。"
            )
        self._read(portal.users, Roles)
        if portal.tokens:
            self._read(portal.tokens, Tokens)

    @property
    def knows_users(self) -> bool:
        """Whether readers are told apart at all."""
        return bool(self._portal.user_header or self._portal.tokens)

    def reader(self, address: str | None, headers: Mapping[str, str]) -> Reader:
        """Who asks from ``address`` with these headers.

        Raises:
            NotKnownError: nobody told who it is, or it is not believed.
            NotAllowedError: the user is not listed.
            AccessError: a file became unreadable.
        """
        if not self.knows_users:
            return Reader("local", EVERYTHING, may_ask_sql=True, may_have_files=True)
        user = self._user(address, headers)
        if self._portal.users is None:
            raise AccessError("portal.users is not set")
        roles = self._read(self._portal.users, Roles)
        if user not in roles.users:
            raise NotAllowedError(f"{user} 未列入用户名单。{user} is not listed as a user.")
        role = roles.roles[roles.users[user]]
        scope = Scope(
            None if role.districts == "all" else frozenset(role.districts),
            None if role.departments == "all" else frozenset(role.departments),
        )
        return Reader(user, scope, may_ask_sql=role.sql, may_have_files=role.delivered_files)

    def _user(self, address: str | None, headers: Mapping[str, str]) -> str:
        portal = self._portal
        told = headers.get(portal.user_header.lower(), "").strip() if portal.user_header else ""
        if told and _is_in(address, portal.proxies):
            return told
        if portal.tokens:
            tokens = self._read(portal.tokens, Tokens)
            if user := tokens.tokens.get(_token_hash(headers.get("authorization", ""))):
                return user
            raise NotKnownError("请输入访问令牌。A token is needed.", asks_for_token=True)
        if told:
            raise NotKnownError("请求不是由认证代理转来的。The request did not come through the proxy.")
        raise NotKnownError("未能确认您的身份，请从单位统一入口登录。Nobody told who you are.")

    def _read(self, path: Path, model: type[_Model]) -> _Model:
        """The file as ``model``, from memory while it has not changed."""
        try:
            with path.open("rb") as file:
                found = path.stat()
                state = (found.st_mtime_ns, found.st_size, found.st_ino)
                with self._lock:
                    kept = self._kept.get(path)
                if kept and kept[0] == state and isinstance(kept[1], model):
                    return kept[1]
                read = model.model_validate(tomllib.load(file))
        except OSError as error:
            raise AccessError(f"{path}: cannot be read ({error.strerror}). 无法读取。") from None
        except (tomllib.TOMLDecodeError, ValidationError) as error:
            raise AccessError(f"{path}: is not as expected, see docs/portal.md. 内容有误。{error}") from None
        with self._lock:
            self._kept[path] = (state, read)
        return read


def new_token() -> tuple[str, str]:
    """A token and its SHA-256: the one for the user, the other for ``tokens.toml``."""
    token = secrets.token_urlsafe(32)
    return token, hashlib.sha256(token.encode()).hexdigest()


def _token_hash(authorization: str) -> str:
    """The hash of the token that the header carries: a bearer's, or the password that a browser asked for."""
    kind, _, text = authorization.partition(" ")
    if kind.lower() == "basic":
        try:
            text = base64.b64decode(text, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            text = ""
    elif kind.lower() != "bearer":
        text = ""
    return hashlib.sha256(text.strip().encode()).hexdigest() if text.strip() else ""


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_in(address: str | None, networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return any(found in network for network in networks)
