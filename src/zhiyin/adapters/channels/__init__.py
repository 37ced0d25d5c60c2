"""Channels: message → the outside, one file each, chosen by name."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points

from zhiyin.domain.errors import NotFound
from zhiyin.domain.ports import Channel
from zhiyin.domain.settings import Settings

REGISTRY = {"email": "zhiyin.adapters.channels.email:EmailChannel"}


def channel(name: str, settings: Settings) -> Channel:
    """The channel of a name, imported on first use; others may register under ``zhiyin.channel``.

    Raises ``NotFound`` with the known names.
    """
    known = REGISTRY | {entry.name: entry.value for entry in entry_points(group="zhiyin.channel")}
    if name not in known:
        raise NotFound(f"There is no channel {name!r}.", fix=f"Known channels: {', '.join(sorted(known))}.")
    module, _, attribute = known[name].partition(":")
    made: Channel = getattr(import_module(module), attribute)(settings)
    return made
