"""Worlds that many tests start from: filled in once per process, and copied from then on."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from zhiyin.adapters import clock
from zhiyin.adapters.settings import FILE
from zhiyin.domain.settings import ServerSettings, SmtpSettings
from zhiyin.services.workspace import Workspace

P = ParamSpec("P")
T = TypeVar("T")
RECORDS = "records.sqlite3"
_copied: dict[Path, int] = {}  # workspace → when its records were written last, by whoever made them
_filled: dict[object, tuple[Path, Any]] = {}
_shelf = tempfile.TemporaryDirectory(prefix="zhiyin-tests-")


def copied(source: Path, folder: Path) -> None:
    """Copy the folder of a workspace, and remember that nobody has written to the copy."""
    shutil.copytree(source, folder)
    _copied[folder] = (folder / RECORDS).stat().st_mtime_ns


def once(ws: Workspace, fill: Callable[Concatenate[Workspace, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    """``fill(ws, …)``; the second time with the same arguments, what it did the first time is copied.

    It is filled in anew every quarter of an hour, since what lies some minutes or days back must not become older;
    and wherever a copy may differ: with another clock, other records or settings, or in a workspace in use.
    """
    from django.db import connections

    connections.close_all()  # what was written is in the file now
    settings = ws.settings
    untouched = _copied.get(ws.folder) == (ws.folder / RECORDS).stat().st_mtime_ns
    if ws.now is not clock.system or settings.records.url or (ws.folder / "lake").exists() or not untouched:
        return fill(ws, *args, **kwargs)
    alike = replace(settings, workspace=Path(), smtp=SmtpSettings(), server=ServerSettings())
    key = fill, args, tuple(sorted(kwargs.items())), alike, int(ws.now().timestamp()) // 900
    if key not in _filled:
        result = fill(ws, *args, **kwargs)
        connections.close_all()
        kept = Path(_shelf.name) / str(len(_filled))
        shutil.copytree(ws.folder, kept, ignore=shutil.ignore_patterns(FILE))
        _filled[key] = kept, result
        return result
    kept, result = _filled[key]
    shutil.copytree(kept, ws.folder, dirs_exist_ok=True)
    return result
