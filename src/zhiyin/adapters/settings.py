"""Reads the one settings object: ``zhiyin.toml`` < environment ``ZHIYIN_SECTION_NAME`` < flag."""

from __future__ import annotations

import ipaddress
import os
import re
import secrets
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from zhiyin.domain.errors import BadSetting, WorkspaceNotFound
from zhiyin.domain.esp import ESPS
from zhiyin.domain.settings import (
    BouncesSettings,
    EspSettings,
    PaceSettings,
    ProfileSettings,
    SenderSettings,
    Settings,
)
from zhiyin.domain.text import say

FILE = "zhiyin.toml"
SECTIONS: dict[str, Any] = {f.name: f.default for f in fields(Settings) if is_dataclass(f.default)}
_CHOICES = {
    "shop.language": ("en", "zh-hans"),
    "lake.engine": ("duckdb", "spark"),
    "smtp.security": ("starttls", "tls", "none"),
    "esp.name": ("", *ESPS),
    "bounces.protocol": ("", "imap", "pop3"),
    "bounces.security": ("tls", "starttls", "none", "unsafe"),
    "bounces.after": ("keep", "delete"),
    "campaign.consent": ("opt_in", "opt_out"),
    "calendar.occasions": ("language", "chinese", "western", "both", "none"),
    "collect.keep_ip": ("none", "network", "full"),
}
_ORIGIN = re.compile(r"https?://[^\s/?#@]+/?", re.IGNORECASE)
_RANGES = {
    "campaign.holdout": (0.0, 0.5),
    "campaign.first_share": (0.0, 0.5),
    "campaign.first_minutes": (1, 1440),
    "campaign.first_failures": (0.0, 1.0),
    "campaign.late_hours": (0, 8760),
    "campaign.window_days": (1, 365),
    "server.port": (1, 65535),
    "smtp.port": (1, 65535),
    "smtp.connections": (1, 64),
    "smtp.workers": (1, 64),
    "smtp.timeout": (0.1, 600),
    "bounces.port": (0, 65535),
    "bounces.every_seconds": (10, 86_400),
    "bounces.timeout": (0.1, 600),
    "campaign.margin": (0.0, 1.0),
    "profile.new_gaps": (0.01, 100.0),
    "profile.active_gaps": (0.01, 100.0),
    "profile.lapsed_gaps": (0.01, 1000.0),
    "pace.per_minute": (0, 1_000_000),
    "pace.warm_up_first": (1, 1_000_000),
    "pace.warm_up_growth": (1.0, 10.0),
    "collect.max_waiting_mb": (1, 1_000_000),
    "collect.disk_reserve_mb": (0, 1_000_000_000),
}


@dataclass(frozen=True, slots=True)
class Value:
    """One setting as it stands: its value, where that comes from, its meaning, whether it is secret."""

    key: str
    value: Any
    source: str
    doc: str
    secret: bool

    @property
    def shown(self) -> str:
        """The value for people; secrets are masked."""
        if self.secret:
            return "••••••" if self.value else ""
        return str(self.value)


def read(folder: str | Path, flags: Mapping[str, Any] | None = None) -> Settings:
    """The settings of a workspace. Raises ``WorkspaceNotFound`` or ``BadSetting``."""
    folder = Path(folder).expanduser().resolve()
    sections: dict[str, dict[str, Any]] = {}
    for value in explain(folder, flags):
        section, name = value.key.split(".")
        sections.setdefault(section, {})[name] = value.value
    built: dict[str, Any] = {name: type(SECTIONS[name])(**values) for name, values in sections.items()}
    settings = Settings(folder, **built)
    settings.pace.check()
    settings.profile.check()  # checked at the door, not at the first use
    settings.sender.check()
    settings.bounces.check()
    settings.esp.check()
    return settings


def explain(folder: str | Path, flags: Mapping[str, Any] | None = None) -> list[Value]:
    """Every setting with its value and where it comes from."""
    folder = Path(folder).expanduser().resolve()
    written = _file(folder / FILE)
    flags = {key: value for key, value in (flags or {}).items() if value is not None}
    for key in flags:
        if key not in dict(_known()):
            raise BadSetting(
                say("There is no setting {key!r}.", key=key), fix=say("`zhiyin config` lists them all.")
            )
    values = []
    for key, spec in _known():
        section, name = key.split(".")
        variable = f"ZHIYIN_{section}_{name}".upper()
        default = getattr(SECTIONS[section], name)
        if key in flags:
            raw, source = flags[key], "flag"
        elif variable in os.environ:
            raw, source = os.environ[variable], f"environment {variable}"
        elif name in written.get(section, {}):
            raw, source = written[section][name], FILE
        else:
            raw, source = default, "default"
        values.append(
            Value(
                key,
                _convert(key, raw, default, source),
                source,
                spec.metadata["doc"],
                spec.metadata.get("secret", False),
            )
        )
    return values


def create(folder: str | Path, **given: Mapping[str, Any]) -> Path:
    """Write ``zhiyin.toml`` with a fresh secret and return its path; the file is readable by its owner only."""
    import tomlkit

    folder = Path(folder).expanduser().resolve()
    folder.mkdir(parents=True, exist_ok=True)
    document = tomlkit.document()
    document.add(tomlkit.comment("Settings of this workspace. `zhiyin config` explains every one."))
    sections = {name: dict(values) for name, values in given.items()}
    sections.setdefault("server", {})["secret"] = secrets.token_urlsafe(48)
    for section in SECTIONS:
        if sections.get(section):
            table = tomlkit.table()
            for name, value in sections[section].items():
                table.add(name, value)
            document.add(section, table)
    path = folder / FILE
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(tomlkit.dumps(document))
    return path


def write(folder: str | Path, changes: Mapping[str, Any]) -> None:
    """Change settings in ``zhiyin.toml``, keeping its comments; all are checked before one is written."""
    import tomlkit

    path = Path(folder) / FILE
    document = tomlkit.parse(path.read_text(encoding="utf-8"))
    for key, raw in changes.items():
        if key not in dict(_known()):
            raise BadSetting(
                say("There is no setting {key!r}.", key=key), fix=say("`zhiyin config` lists them all.")
            )
        section, name = key.split(".")
        value = _convert(key, raw, getattr(SECTIONS[section], name), "the form")
        document.setdefault(section, tomlkit.table())[name] = value
    for kind, section in (
        (PaceSettings, "pace"),
        (ProfileSettings, "profile"),
        (SenderSettings, "sender"),
        (BouncesSettings, "bounces"),
        (EspSettings, "esp"),
    ):
        kind(**document.get(section, {})).check()
    fresh = path.with_suffix(".toml.new")
    fresh.touch(mode=0o600)
    fresh.write_text(tomlkit.dumps(document), encoding="utf-8")
    fresh.replace(path)


def _file(path: Path) -> dict[str, dict[str, Any]]:
    if not path.is_file():
        raise WorkspaceNotFound(
            say("{parent} is not a workspace.", parent=path.parent),
            why=say("It has no {file}.", file=FILE),
            fix=say("Run `zhiyin init DIR` to make one, or pass --workspace DIR."),
        )
    try:
        written = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSetting(
            say("{path} cannot be read.", path=path),
            why=say("{said}", said=str(error)),
            fix=say("Correct the file."),
        ) from error
    known = dict(_known())
    for section, values in written.items():
        if section not in SECTIONS or not isinstance(values, dict):
            raise BadSetting(
                say("{path}: there is no section {section!r}.", path=path, section=section),
                fix=say("`zhiyin config` lists them all."),
            )
        for name in values:
            if f"{section}.{name}" not in known:
                raise BadSetting(
                    say(
                        "{path}: there is no setting {section}.{name}.", path=path, section=section, name=name
                    ),
                    fix=say("`zhiyin config` lists them all."),
                )
    return written


def _known() -> Iterator[tuple[str, Any]]:
    for section, default in SECTIONS.items():
        for spec in fields(default):
            yield f"{section}.{spec.name}", spec


def _convert(key: str, raw: Any, default: Any, source: str) -> Any:
    kind = type(default)
    try:
        value = raw if isinstance(raw, kind) else kind(raw)
    except (TypeError, ValueError) as error:
        raise BadSetting(
            say("{key} is {raw!r}.", key=key, raw=raw),
            why=say("It must be of type {type} ({source}).", type=kind.__name__, source=source),
            fix=say("Correct it there."),
        ) from error
    if key in _CHOICES and value not in _CHOICES[key]:
        raise BadSetting(
            say("{key} is {value!r} ({source}).", key=key, value=value, source=source),
            fix=say("Use one of {choices}.", choices=_CHOICES[key]),
        )
    if key in _RANGES and not _RANGES[key][0] <= value <= _RANGES[key][1]:
        low, high = _RANGES[key]
        raise BadSetting(
            say("{key} is {value} ({source}).", key=key, value=value, source=source),
            fix=say("It must lie between {low} and {high}.", low=low, high=high),
        )
    if key == "server.trusted_proxies":
        _check_networks(key, value, source)
    if key == "server.base_url" and value:
        check_origin(key, value, source)
    return value


def check_origin(key: str, value: str, source: str) -> None:
    """A public address is scheme, host and port: browsers compare it so, and links append their own paths."""
    try:
        parts = urlsplit(value)
        fits = bool(_ORIGIN.fullmatch(value) and parts.hostname and parts.port != 0)
    except ValueError:
        fits = False
    if not fits:
        raise BadSetting(
            say("{key} is {value!r} ({source}).", key=key, value=value, source=source),
            fix=say("Write the address alone, such as https://mail.example.com, without a path."),
        )


def _check_networks(key: str, value: str, source: str) -> None:
    for part in value.replace(",", " ").split():
        try:
            ipaddress.ip_network(part, strict=False)
        except ValueError as error:
            raise BadSetting(
                say("{key} holds {part!r} ({source}).", key=key, part=part, source=source),
                fix=say("Write addresses or networks, such as 127.0.0.1 or 10.0.0.0/8."),
            ) from error
