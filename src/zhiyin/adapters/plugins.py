"""Plug-ins by name: built-ins from a table, strangers from entry points, each imported on first use."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from zhiyin.domain.errors import NotFound
from zhiyin.domain.text import say


def paths(group: str, built_in: Mapping[str, str]) -> dict[str, str]:
    """Name -> ``module:attribute`` of everything registered; a built-in name cannot be taken over."""
    found = {point.name: point.value for point in entry_points(group=group)}
    return found | dict(built_in)


def load(group: str, built_in: Mapping[str, str], name: str) -> Any:
    """The thing of that name. Raises ``NotFound``, listing the known names."""
    known = paths(group, built_in)
    if name not in known:
        kind = group.rpartition(".")[2].replace("_", " ").removesuffix("s")
        raise NotFound(
            say("There is no {kind} named {name!r}.", kind=kind, name=name),
            fix=say("Use one of {known}.", known=sorted(known)),
        )
    module, _, attribute = known[name].partition(":")
    return getattr(import_module(module), attribute)
