"""A lease on a file: one process at a time, given back by the system when the process dies."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zhiyin.domain.errors import Busy


@contextmanager
def lease(path: Path, what: str) -> Iterator[None]:
    """Hold the file's lock. Raises ``Busy`` at once where another process holds it."""
    with open(path, "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Busy(
                what, why="One at a time keeps it whole.", fix="Wait until it is done, then try again."
            ) from error
        yield
