"""The journal: which segments make up the batch in hand, so that a crash finds the very same batch again."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from zhiyin.adapters.spool.segments import Spool, entries, sync_folder


@dataclass(frozen=True, slots=True)
class Batch:
    """Segments that are taken together, under a version that only grows."""

    version: int
    segments: tuple[Path, ...]

    @property
    def folder(self) -> Path:
        """The spool's folder."""
        return self.segments[0].parent

    def size(self) -> int:
        """Bytes of the segments, those that are gone left out."""
        return sum(path.stat().st_size for path in self.segments if path.exists())

    def entries(self) -> Iterator[tuple[bytes, bool]]:
        """Every entry, in order, each with whether it is whole."""
        for path in self.segments:
            if path.exists():  # removed already where a crash came between taking and removing
                yield from entries(path)


class Journal:
    """The reader's side of a spool; one reader at a time holds it."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._path = spool.folder / "journal.json"

    @contextmanager
    def reading(self) -> Iterator[bool]:
        """Hold the reader's lock; gives False where another process reads."""
        self._spool.folder.mkdir(parents=True, exist_ok=True)
        with open(self._spool.folder / "reader.lock", "w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True

    def claim(self, last: Callable[[], int], *, max_bytes: int) -> Batch | None:
        """The batch to take now, None where nothing is ready.

        A batch that was claimed and not ``done`` is given out again unchanged, also by another process.
        ``last()`` is the highest version that lake, records or memory know; a new batch gets the next one.
        """
        if self._path.exists():
            kept = json.loads(self._path.read_text())
            return Batch(kept["version"], tuple(self._spool.folder / name for name in kept["segments"]))
        ready = _together(self._spool.ready(), max_bytes)
        if not ready:
            return None
        batch = Batch(last() + 1, tuple(ready))
        self._write({"version": batch.version, "segments": [path.name for path in batch.segments]})
        return batch

    def upcoming(self, batch: Batch, *, max_bytes: int) -> Batch | None:
        """The batch that will be claimed after this one, as far as can be told; None where nothing is ready."""
        rest = [path for path in self._spool.ready() if path not in batch.segments]
        return Batch(batch.version + 1, tuple(_together(rest, max_bytes))) if rest else None

    def done(self, batch: Batch) -> None:
        """Everything of the batch is kept elsewhere: remove its segments."""
        # the journal goes last: as long as it stands, its version is known to be over
        for path in batch.segments:
            path.unlink(missing_ok=True)
        sync_folder(self._spool.folder)
        self._path.unlink(missing_ok=True)

    def _write(self, content: dict[str, object]) -> None:
        draft = self._path.with_suffix(".draft")
        with open(draft, "w") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(self._path)
        sync_folder(self._path.parent)


def _together(paths: Sequence[Path], max_bytes: int) -> list[Path]:
    """As many as fit, at least one."""
    chosen: list[Path] = []
    size = 0
    for path in paths:
        size += path.stat().st_size
        if chosen and size > max_bytes:
            break
        chosen.append(path)
    return chosen
