"""The ways by which a message leaves the house: mail by SMTP, and webhooks of WeCom, DingTalk, Feishu or any address.

An address of a robot is a secret: it is never part of an error. Does not belong here: what is told, and when.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import smtplib
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr
from functools import partial
from http.client import HTTPException
from typing import Any

from pipelines.settings import Mail, Notifications, Webhook

_MAX_BYTES = {"wecom": 2048, "dingtalk": 20_000, "feishu": 20_000, "json": 1_000_000}
"""Bytes of text that a receiver takes; what is longer is cut."""
_FIRST_PAUSE_SECONDS = 0.5
_WORKBOOK = ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet")


class NotDeliveredError(Exception):
    """A receiver could not be reached or refused: what it said."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A workbook that a letter brings along."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """What is told: a title, a text, and the same facts for programs (JSON values; money as text in yuan).

    Only letters bring ``attachments`` along.
    """

    title: str
    text: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()


def channels(settings: Notifications) -> dict[str, Callable[[Message], None]]:
    """Every configured receiver by name; calling it sends the message or raises ``NotDeliveredError``.

    Each mail address is a receiver of its own: one that is refused must not bring the others the same letter again.
    """
    found: dict[str, Callable[[Message], None]] = {}
    if mail := settings.mail:
        for address in mail.recipients:
            send = partial(_send_mail, mail, address, settings.timeout_seconds)
            found[f"mail {address}"] = partial(_patiently, settings, send)
    for name, webhook in settings.webhooks.items():
        found[f"webhook {name}"] = partial(_patiently, settings, partial(_post, webhook, settings.timeout_seconds))
    return found


def department_channels(settings: Notifications) -> dict[str, tuple[str, Callable[[Message], None]]]:
    """Every receiver of a department's watch list by a name of its own: the department, and what sends."""
    found: dict[str, tuple[str, Callable[[Message], None]]] = {}
    if mail := settings.mail:
        for department, addresses in settings.watch_lists.items():
            for address in addresses:
                send = partial(_send_mail, mail, address, settings.timeout_seconds)
                found[f"watch list {department} {address}"] = (department, partial(_patiently, settings, send))
    return found


def _patiently(settings: Notifications, send: Callable[[Message], None], message: Message) -> None:
    pause = _FIRST_PAUSE_SECONDS
    for attempt in range(1, settings.attempts + 1):
        try:
            send(message)
        except NotDeliveredError:
            if attempt == settings.attempts:
                raise
            time.sleep(pause)
            pause *= 2
        else:
            return


def _send_mail(mail: Mail, address: str, timeout: float, message: Message) -> None:
    context = ssl.create_default_context()
    try:
        letter = _letter(mail, address, message)
        if mail.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(mail.host, mail.port, timeout=timeout, context=context)
        else:
            server = smtplib.SMTP(mail.host, mail.port, timeout=timeout)
        with server:
            if mail.security == "starttls":
                server.starttls(context=context)
            if mail.user:
                server.login(mail.user, mail.password.get_secret_value())
            server.send_message(letter)
    except (OSError, smtplib.SMTPException) as error:
        raise NotDeliveredError(f"{mail.host}:{mail.port}: {type(error).__name__}: {error}") from error
    except ValueError as error:
        # A name, address or password that the protocol cannot carry; the error may repeat it.
        raise NotDeliveredError(f"{mail.host}:{mail.port}: {type(error).__name__}: check notifications.mail") from None


def _letter(mail: Mail, address: str, message: Message) -> EmailMessage:
    letter = EmailMessage()
    letter["Subject"] = message.title
    letter["From"] = mail.sender
    letter["To"] = address
    letter["Date"] = formatdate(localtime=True)
    letter["Message-ID"] = make_msgid(domain=parseaddr(mail.sender)[1].rpartition("@")[2] or "localhost")
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(message.text)
    for attachment in message.attachments:
        letter.add_attachment(attachment.content, maintype=_WORKBOOK[0], subtype=_WORKBOOK[1], filename=attachment.name)
    return letter


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """An address that leads elsewhere would take the secret in it along."""

    def redirect_request(self, *_: object) -> None:
        """Follows nothing; the answer then counts as an error."""


_opener = urllib.request.build_opener(_NoRedirect)


def _post(webhook: Webhook, timeout: float, message: Message) -> None:
    url, body = _request(webhook, message)
    try:
        request = urllib.request.Request(  # noqa: S310 - settings allow only http and https
            url,
            data=json.dumps(body, ensure_ascii=False).encode(),
            headers={"Content-Type": "application/json; charset=utf-8"},
        )
        with _opener.open(request, timeout=timeout) as response:
            answer = response.read(65_536)
    except urllib.error.HTTPError as error:
        raise NotDeliveredError(f"{webhook.kind}: HTTP status {error.code}") from None
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", None) or type(error).__name__
        raise NotDeliveredError(f"{webhook.kind}: not reached ({reason})") from None
    except ValueError as error:
        # An address with characters that no address has; the error may repeat it.
        raise NotDeliveredError(f"{webhook.kind}: {type(error).__name__}: check the receiver's url") from None
    if webhook.kind != "json":
        _check_answer(webhook.kind, answer)


def _check_answer(kind: str, answer: bytes) -> None:
    """Robots answer with HTTP 200 and tell in the body whether they took the message."""
    try:
        told = json.loads(answer)
        code = told.get("errcode", told.get("code", told.get("StatusCode")))
        said = told.get("errmsg") or told.get("msg") or ""
    except (ValueError, AttributeError):
        raise NotDeliveredError(f"{kind}: the answer is not JSON") from None
    if code != 0:
        raise NotDeliveredError(f"{kind}: refused with code {code} {said}".rstrip())


def _request(webhook: Webhook, message: Message) -> tuple[str, dict[str, Any]]:
    """The address and the body. Texts are plain: names from data are never read as markup or as a mention."""
    url = webhook.url.get_secret_value()
    secret = webhook.secret.get_secret_value()
    text = cut(f"{message.title}\n{message.text}", _MAX_BYTES[webhook.kind])
    match webhook.kind:
        case "json":
            return url, {"title": message.title, "text": message.text, **message.facts}
        case "wecom":
            return url, {"msgtype": "text", "text": {"content": text}}
        case "dingtalk":
            if secret:
                stamp = str(round(time.time() * 1000))
                signed = {"timestamp": stamp, "sign": signature(secret.encode(), f"{stamp}\n{secret}".encode())}
                url += ("&" if "?" in url else "?") + urllib.parse.urlencode(signed)
            return url, {"msgtype": "text", "text": {"content": text}}
        case "feishu":
            body: dict[str, Any] = {"msg_type": "text", "content": {"text": text}}
            if secret:
                stamp = str(int(time.time()))
                body |= {"timestamp": stamp, "sign": signature(f"{stamp}\n{secret}".encode(), b"")}
            return url, body


def signature(key: bytes, content: bytes) -> str:
    """HMAC-SHA256 in Base64: DingTalk signs the stamp with the secret, Feishu nothing with stamp and secret as key."""
    return base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


def cut(text: str, max_bytes: int) -> str:
    """``text`` in at most ``max_bytes`` bytes of UTF-8, with an ellipsis where something was left out."""
    encoded = text.encode()
    if len(encoded) <= max_bytes:
        return text
    return encoded[: max_bytes - len("…".encode())].decode(errors="ignore") + "…"


def plain(text: str) -> str:
    """A text from data for use in a message: one line, and nothing that a chat program takes for a mention or a tag."""
    one_line = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return one_line.translate(_HARMLESS)


_HARMLESS = str.maketrans({"<": "＜", ">": "＞", "@": "＠"})
