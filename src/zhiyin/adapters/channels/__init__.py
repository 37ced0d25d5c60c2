"""Channels: message → the outside, one file each, chosen by name."""

from __future__ import annotations

from zhiyin.adapters import plugins
from zhiyin.domain.ports import Channel
from zhiyin.domain.settings import Settings

REGISTRY = {
    "email": "zhiyin.adapters.channels.email:EmailChannel",
    "esp": "zhiyin.adapters.channels.esp:EspChannel",
}


def channel(name: str, settings: Settings) -> Channel:
    """The channel of a name, imported on first use; others may register under ``zhiyin.channels``.

    E-mail goes through the provider of ``esp.name`` if one is set. Raises ``NotFound`` with the known names.
    """
    if name == "email" and settings.esp.name:
        name = "esp"
    made: Channel = plugins.load("zhiyin.channels", REGISTRY, name)(settings)
    return made
