"""Worlds that many tests start from: filled in once, whichever process does it first, and copied from then on."""

from __future__ import annotations

import hashlib
import pickle
import shutil
import tempfile
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from zhiyin.adapters import clock
from zhiyin.adapters.settings import FILE
from zhiyin.domain.settings import ServerSettings, SmtpSettings
from zhiyin.services.workspace import Workspace

P = ParamSpec("P")
T = TypeVar("T")
RECORDS = "records.sqlite3"
SERVER = ServerSettings(secret="of-all-workspaces-in-tests" * 2)
_copied: dict[Path, int] = {}  # workspace → when its records were written last, by whoever made them
_own_shelf = tempfile.TemporaryDirectory(prefix="zhiyin-tests-")
shelf = Path(_own_shelf.name)  # one of all processes of a run, where there are several


def copied(source: Path, folder: Path) -> None:
    """Copy the folder of a workspace, and remember that nobody has written to the copy."""
    shutil.copytree(source, folder)
    _copied[folder] = (folder / RECORDS).stat().st_mtime_ns


def once(ws: Workspace, fill: Callable[Concatenate[Workspace, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    """``fill(ws, …)``; the second time with the same arguments, what it did the first time is copied.

    It is filled in anew every quarter of an hour, since what lies some minutes or days back must not become older;
    and wherever a copy may differ: at another moment of a clock of its own, with other records or settings, or in a
    workspace in use.
    """
    from django.db import connections

    connections.close_all()  # what was written is in the file now
    settings = ws.settings
    untouched = _copied.get(ws.folder) == (ws.folder / RECORDS).stat().st_mtime_ns
    if settings.records.url or (ws.folder / "lake").exists() or not untouched:
        return fill(ws, *args, **kwargs)
    alike = replace(settings, workspace=Path(), smtp=SmtpSettings(), server=SERVER)
    asked = repr((fill.__module__, fill.__qualname__, args, sorted(kwargs.items()), alike, _moment(ws)))
    assert " at 0x" not in asked, "what is asked for must be told apart by what it says"
    kept = shelf / hashlib.sha256(asked.encode()).hexdigest()
    if kept.exists():
        shutil.copytree(kept / "shop", ws.folder, dirs_exist_ok=True)
        return pickle.loads((kept / "result").read_bytes())  # type: ignore[no-any-return]
    result = fill(ws, *args, **kwargs)
    connections.close_all()
    made = shelf / f"{uuid.uuid4().hex}.part"
    shutil.copytree(ws.folder, made / "shop", ignore=shutil.ignore_patterns(FILE))
    (made / "result").write_bytes(pickle.dumps(result))
    try:
        made.rename(kept)
    except OSError:
        shutil.rmtree(made)  # another process was faster
    return result


def share(folder: Path) -> None:
    """Keep what is filled in where the other processes of this run find it."""
    global shelf
    folder.mkdir(exist_ok=True)
    shelf = folder


def same_secret(workspace: Path) -> None:
    """Give a workspace the secret of all others in the tests, so that each may be a copy of another."""
    file = workspace / FILE
    (written,) = (line for line in file.read_text().splitlines() if line.startswith("secret = "))
    file.write_text(file.read_text().replace(written, f'secret = "{SERVER.secret}"'))


def _moment(ws: Workspace) -> object:
    """Which quarter of an hour it is, and how far ahead the clock was moved; of a clock that stands, where."""
    ahead = timedelta(0) if ws.now is clock.system else getattr(ws.now, "ahead", None)
    return ws.now() if ahead is None else (ahead, int(clock.system().timestamp()) // 900)
