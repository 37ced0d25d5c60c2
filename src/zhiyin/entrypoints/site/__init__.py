"""Composition: settings → Django → workspace. Every door opens a workspace through here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zhiyin.adapters import clock
from zhiyin.adapters import settings as settings_reader
from zhiyin.domain.errors import BadSetting, Conflict
from zhiyin.domain.text import say

if TYPE_CHECKING:
    from zhiyin.domain.settings import Settings
    from zhiyin.services.workspace import Workspace

_open: Workspace | None = None
_flags: Mapping[str, Any] | None = None


def open_workspace(folder: str | Path, flags: Mapping[str, Any] | None = None) -> Workspace:
    """Open a workspace: read its settings, boot Django on its records, return what services work on."""
    global _open, _flags
    settings = settings_reader.read(folder, flags)
    boot(settings)
    from zhiyin.services.workspace import Workspace

    _open, _flags = Workspace.of(settings), flags
    return _open


def reopen() -> Workspace:
    """Read the settings again, with the same flags; lake and spool stay open as they are.

    Settings of the server and of the lake's engine are read when the process starts.
    """
    global _open
    before = current()
    settings = settings_reader.read(before.folder, _flags)
    _open = replace(before, settings=settings, now=clock.read(settings.simulation.clock))
    return _open


def create_workspace(
    folder: str | Path,
    *,
    name: str,
    language: str = "en",
    currency: str = "CNY",
    timezone: str = "Asia/Shanghai",
) -> Workspace:
    """Make a workspace with fresh secrets and empty records, and open it.

    Raises ``Conflict`` where the folder already holds one, ``BadSetting`` for an unknown language or zone.
    """
    from zoneinfo import available_timezones

    folder = Path(folder).expanduser().resolve()
    if (folder / settings_reader.FILE).exists():
        raise Conflict(
            say("{folder} is a workspace already.", folder=folder),
            fix=say("Use it as it is, or choose another folder."),
        )
    if timezone not in available_timezones():
        raise BadSetting(
            say("There is no time zone {timezone!r}.", timezone=timezone),
            fix=say("Use an IANA name such as Asia/Shanghai."),
        )
    if len(currency) != 3 or not currency.isalpha():
        raise BadSetting(
            say("{currency!r} is not a currency.", currency=currency),
            fix=say("Use an ISO 4217 code such as CNY."),
        )
    shop = {"name": name, "language": language, "currency": currency.upper(), "timezone": timezone}
    path = settings_reader.create(folder, shop=shop)
    try:
        workspace = open_workspace(folder)
    except BadSetting:
        path.unlink()
        raise
    migrate()
    return workspace


def current() -> Workspace:
    """The workspace that this process serves."""
    if _open is None:
        raise RuntimeError("no workspace is open; call open_workspace first")
    return _open


def boot(settings: Settings) -> None:
    """Configure Django for a workspace; a later call points the records at another workspace."""
    import django
    from django.conf import settings as django_settings

    from zhiyin.entrypoints.site.django import options

    if not django_settings.configured:
        django_settings.configure(**options(settings))
        django.setup()
        return
    from asgiref.local import Local
    from django.db import connections

    wanted = options(settings)
    django_settings.SECRET_KEY = wanted["SECRET_KEY"]
    # even where nothing changes: a thread has other connections while an event loop runs in it, and those
    # opened before may still be at a workspace that was left meanwhile
    connections.close_all()
    old, new = connections.settings["default"], wanted["DATABASES"]["default"]
    if any(old.get(key) != value for key, value in new.items()):
        django_settings.DATABASES = wanted["DATABASES"]
        if old["ENGINE"] == new["ENGINE"]:
            old.update(new)  # in place: the connections of other threads share it and follow when they reopen
        else:
            connections.settings = connections.configure_settings(wanted["DATABASES"])
            # the wrappers of other threads would go on with the settings that they began with
            connections._connections = Local(connections.thread_critical)


def migrate() -> None:
    """Bring the records to the current schema."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
