"""Leases on files: one process at a time, given back by the system when the process dies."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zhiyin.domain.errors import Busy
from zhiyin.domain.text import say


@contextmanager
def lease(
    path: Path,
    what: str,
    *,
    patience: float = 0.0,
    shared: bool = False,
    why: str = "",
) -> Iterator[None]:
    """Hold the file's lock; a shared one may be held by many, but not beside one that is not.

    Raises ``Busy`` where another holds it for longer than ``patience`` seconds.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as file:
        deadline = time.monotonic() + patience
        while not _locked(file.fileno(), fcntl.LOCK_SH if shared else fcntl.LOCK_EX):
            if time.monotonic() >= deadline:
                raise Busy(
                    what,
                    why=why or say("One at a time keeps it whole."),
                    fix=say("Wait until it is done, then try again."),
                )
            time.sleep(0.05)
        yield


def held(path: Path) -> bool:
    """Whether somebody holds the lease just now."""
    if not path.exists():
        return False
    with open(path) as file:
        return not _locked(file.fileno(), fcntl.LOCK_SH)


def _locked(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
