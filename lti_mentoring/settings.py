# SPDX-License-Identifier: Apache-2.0
"""What an operator can set: environment over config/*.toml over defaults, as one frozen value."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from dataclasses import field as field_of
from email.utils import parseaddr
from pathlib import Path
from typing import Any, get_type_hints
from urllib.parse import unquote, urlsplit

from lti_mentoring.domain.mail import line, mailable

PREFIX = "LTI_MENTORING_"
PACKAGE = Path(__file__).parent


MOST_REQUESTS = 5
"""Requests that one delivery may need in a row: a token, the columns, a new column, the score, the result."""


MOST_WAITS = 10
"""Answers that one mail may have to be waited for in a row, those of greeting, TLS and sign-in included."""

SECURITIES = ("none", "starttls", "tls")
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class SettingsError(Exception):
    """A setting is missing or cannot be read; the message says which, and what to do."""


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """How long a browser stays signed in."""

    idle_minutes: int
    absolute_hours: int


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """How patiently grades are sent; all in seconds but ``batch``."""

    lease_seconds: int
    base_seconds: int
    cap_seconds: int
    batch: int
    sweep_seconds: int
    most_at_once: int
    per_second: float
    burst: int
    breaker_failures: int
    breaker_seconds: float


@dataclass(frozen=True, slots=True)
class OutboundSettings:
    """How long to wait for an LMS, in seconds."""

    connect_seconds: int
    read_seconds: int


@dataclass(frozen=True, slots=True)
class MailSettings:
    """Where mails go, and from whom; without a host and a folder no mail is made."""

    host: str
    port: int
    user: str
    password: str = field_of(repr=False)
    security: str
    sender: str
    timeout_seconds: int
    wait_seconds: int
    folder: str

    @property
    def place(self) -> str:
        """What takes the mails: the host, or ``folder``; empty where nothing does."""
        return "folder" if self.folder else self.host

    @property
    def sender_parts(self) -> tuple[str, str]:
        """The sender's name and address; the address is empty if it is none."""
        name, address = parseaddr(self.sender)
        return line(name), mailable(address) or ""


@dataclass(frozen=True, slots=True)
class PrivacySettings:
    """How long backups are kept, in days."""

    backup_days: int


@dataclass(frozen=True, slots=True)
class TalkSettings:
    """How the words of pairs are sealed: ``key_wrapper`` is ``package.module:factory`` of a deployer's own ``keys.KeyWrapper``."""

    key_wrapper: str


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting; ``config/default.toml`` describes each."""

    public_url: str
    database_url: str
    queue_url: str
    secret_key: str
    secret_key_fallbacks: tuple[str, ...]
    encryption_keys: tuple[str, ...]
    metrics_token: str
    trusted_proxies: int
    private_platform_hosts: tuple[str, ...]
    platform_ports: tuple[int, ...]
    ca_bundle: str
    outbound_proxy: str
    allow_local_platforms: bool
    sqlite_synchronous: str
    languages: tuple[str, ...]
    clock_leeway_seconds: int
    session: SessionSettings
    delivery: DeliverySettings
    outbound: OutboundSettings
    mail: MailSettings
    privacy: PrivacySettings
    talk: TalkSettings
    smtp_url: str = field_of(repr=False)

    @property
    def launch_url(self) -> str:
        """The one launch and redirect address that an LMS must know."""
        return f"{self.public_url}/lti/launch"

    def require_secrets(self) -> None:
        """Refuse to start without the two secrets."""
        if not self.secret_key or not self.encryption_keys:
            raise SettingsError(
                "LTI_MENTORING_SECRET_KEY and LTI_MENTORING_ENCRYPTION_KEYS must be set; 'lti-mentoring secrets new' prints a set"
            )
        if len(self.secret_key) < 32:
            raise SettingsError("LTI_MENTORING_SECRET_KEY is shorter than 32 characters; 'lti-mentoring secrets new' prints a good one")


def resources(name: str, overlay: Path | None = None) -> list[Path]:
    """The folders called ``name`` ("config" or "templates"), strongest first: the deployer's overlay, then the product's own."""
    bundled = PACKAGE / "_bundled" / name
    own = bundled if bundled.is_dir() else PACKAGE.parent / name
    theirs = [overlay / name] if overlay is not None and (overlay / name).is_dir() else []
    return [*theirs, own]


def load(environ: Mapping[str, str]) -> Settings:
    """Read the settings; SettingsError names the setting and the remedy. Unknown LTI_MENTORING_ names are errors too."""
    overlay = overlay_folder(environ)
    merged: dict[str, Any] = {}
    for folder in reversed(resources("config", overlay)):
        for file in sorted(folder.glob("*.toml")):
            _merge(merged, _read(file))
    known = {_variable(path): path for path in _paths(Settings)}
    for name, text in environ.items():
        if not name.startswith(PREFIX) or name.startswith(f"{PREFIX}TEST_") or name == f"{PREFIX}CONFIG":
            continue
        if name not in known:
            raise SettingsError(f"{name} is not a setting; config/default.toml lists all of them")
        _put(merged, known[name], text)
    settings = _build(Settings, merged, ())
    settings = replace(settings, mail=_by_url(settings.mail, settings.smtp_url))
    _check(settings)
    return replace(settings, database_url=_absolute(settings.database_url), queue_url=_absolute(settings.queue_url))


def _absolute(url: str) -> str:
    """An SQLite address with its file's whole path: workers may be started from another folder."""
    path = url.removeprefix("sqlite:///")
    return url if path == url else f"sqlite:///{Path(path).absolute()}"


def overlay_folder(environ: Mapping[str, str]) -> Path | None:
    """The deployer's own folder, if one is named."""
    named = environ.get(f"{PREFIX}CONFIG")
    if not named:
        return None
    folder = Path(named)
    if not folder.is_dir():
        raise SettingsError(f"LTI_MENTORING_CONFIG names {named}, which is no folder")
    return folder


def _check(settings: Settings) -> None:
    url = urlsplit(settings.public_url)
    if url.scheme not in ("http", "https") or not url.netloc or url.path or url.query:
        raise SettingsError("LTI_MENTORING_PUBLIC_URL must look like https://mentoring.example.edu, without a path")
    if url.scheme == "http" and url.hostname not in LOOPBACK:
        raise SettingsError("LTI_MENTORING_PUBLIC_URL must be https: browsers drop the session cookie on plain http")
    if not 0 <= settings.clock_leeway_seconds <= 300:
        raise SettingsError("LTI_MENTORING_CLOCK_LEEWAY_SECONDS must lie between 0 and 300")
    if settings.sqlite_synchronous not in ("FULL", "NORMAL", "EXTRA"):
        raise SettingsError("LTI_MENTORING_SQLITE_SYNCHRONOUS must be FULL, NORMAL or EXTRA")
    for name in ("most_at_once", "burst", "breaker_failures", "batch", "lease_seconds", "sweep_seconds"):
        if getattr(settings.delivery, name) < 1:
            raise SettingsError(f"{_variable(('delivery', name))} must be at least 1")
    for name in ("per_second", "breaker_seconds", "base_seconds", "cap_seconds"):
        if not 0 <= getattr(settings.delivery, name) < 1e9:
            raise SettingsError(f"{_variable(('delivery', name))} must be a number from 0")
    one_request = settings.outbound.connect_seconds + settings.outbound.read_seconds
    if settings.delivery.lease_seconds < MOST_REQUESTS * one_request:
        raise SettingsError(
            f"delivery.lease_seconds must be at least {MOST_REQUESTS} times outbound.connect_seconds plus read_seconds "
            f"({MOST_REQUESTS * one_request}), else two workers could send one grade"
        )
    _check_mail(settings.mail, settings.delivery.lease_seconds)


SMTP = {"smtp": ("starttls", 587), "smtps": ("tls", 465)}
"""Scheme of ``smtp_url`` -> how it is secured, and its usual port."""


def _by_url(mail: MailSettings, smtp_url: str) -> MailSettings:
    """The mail settings with what the one line says; SettingsError where both name a server, or the line is none."""
    if not smtp_url:
        return mail
    if mail.host:
        raise SettingsError("set LTI_MENTORING_SMTP_URL or LTI_MENTORING_MAIL__HOST, not both")
    url = urlsplit(smtp_url)
    try:
        port = url.port
    except ValueError:
        port = -1
    if url.scheme not in SMTP or not url.hostname or port == -1 or url.path.strip("/") or url.query:
        raise SettingsError("LTI_MENTORING_SMTP_URL must look like smtp://user:password@mail.example.edu:587, or smtps:// for TLS at once")
    security, usual = SMTP[url.scheme]
    user, password = unquote(url.username or ""), unquote(url.password or "")
    return replace(mail, host=url.hostname, port=port or usual, user=user, password=password, security=security)


def _check_mail(mail: MailSettings, lease_seconds: int) -> None:
    if mail.security not in SECURITIES:
        raise SettingsError("LTI_MENTORING_MAIL__SECURITY must be none, starttls or tls")
    if not 0 <= mail.port <= 65535 or mail.wait_seconds < 0:
        raise SettingsError("LTI_MENTORING_MAIL__PORT must lie between 0 and 65535, and LTI_MENTORING_MAIL__WAIT_SECONDS not below 0")
    if mail.host and mail.folder:
        raise SettingsError("set LTI_MENTORING_MAIL__HOST or LTI_MENTORING_MAIL__FOLDER, not both: a folder is for trying out")
    if not mail.place:
        return
    if not mail.sender_parts[1]:
        raise SettingsError("LTI_MENTORING_MAIL__SENDER must be an address such as Mentoring <mentoring@example.edu>")
    if not 1 <= mail.timeout_seconds * MOST_WAITS <= lease_seconds:
        raise SettingsError(
            f"delivery.lease_seconds must be at least {MOST_WAITS} times mail.timeout_seconds, else two workers could send one mail"
        )
    if mail.user and mail.security == "none" and mail.host not in LOOPBACK:
        raise SettingsError("LTI_MENTORING_MAIL__USER needs LTI_MENTORING_MAIL__SECURITY starttls or tls: a password is not sent in clear")


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file}: {error}") from error


def _merge(into: dict[str, Any], other: dict[str, Any]) -> None:
    for key, value in other.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value


def _paths(kind: type, prefix: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    hints = get_type_hints(kind)
    found: list[tuple[str, ...]] = []
    for field in fields(kind):
        path = (*prefix, field.name)
        found += _paths(hints[field.name], path) if is_dataclass(hints[field.name]) else [path]
    return found


def variables() -> list[str]:
    """The names of all settings in the environment, in the order of ``default.toml``."""
    return [_variable(path) for path in _paths(Settings)]


def _variable(path: tuple[str, ...]) -> str:
    return PREFIX + "__".join(path).upper()


def _put(into: dict[str, Any], path: tuple[str, ...], text: str) -> None:
    for key in path[:-1]:
        into = into.setdefault(key, {})
    into[path[-1]] = text


def _build(kind: Any, values: dict[str, Any], prefix: tuple[str, ...]) -> Any:
    hints = get_type_hints(kind)
    extra = set(values) - set(hints)
    if extra:
        raise SettingsError(f"{'.'.join((*prefix, sorted(extra)[0]))} is not a setting; config/default.toml lists all of them")
    made = {}
    for name, hint in hints.items():
        path = (*prefix, name)
        if name not in values:
            raise SettingsError(f"{'.'.join(path)} is not set")
        made[name] = _build(hint, values[name], path) if is_dataclass(hint) else _convert(values[name], hint, path)
    return kind(**made)


def _convert(value: Any, hint: Any, path: tuple[str, ...]) -> Any:
    try:
        if hint is bool:
            return value if isinstance(value, bool) else {"1": True, "true": True, "0": False, "false": False, "": False}[value.lower()]
        if hint is int:
            return int(value)
        if hint is float:
            return float(value)
        if hint is str:
            return str(value)
        parts = [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value
        return tuple(int(part) if hint == tuple[int, ...] else str(part) for part in parts)
    except (KeyError, ValueError, TypeError) as error:
        raise SettingsError(f"{_variable(path)} cannot be read: {value!r}") from error
