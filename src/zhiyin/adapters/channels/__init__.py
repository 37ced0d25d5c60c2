"""Channels: message → the outside, one file each, chosen by name."""

from __future__ import annotations

from zhiyin.adapters import plugins
from zhiyin.domain.ports import Channel
from zhiyin.domain.settings import Settings

REGISTRY = {"email": "zhiyin.adapters.channels.email:EmailChannel"}


def channel(name: str, settings: Settings) -> Channel:
    """The channel of a name, imported on first use; others may register under ``zhiyin.channels``.

    Raises ``NotFound`` with the known names.
    """
    made: Channel = plugins.load("zhiyin.channels", REGISTRY, name)(settings)
    return made
