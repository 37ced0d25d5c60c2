"""The spool: payloads survive here, on disk, from the moment they are acknowledged until they are in the lake.

A segment is a file of JSON lines. Its writer holds a lock on it; a segment whose writer is gone or has moved
on is drained by the worker, exactly once, since the lake remembers the name of every drained segment.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from io import FileIO
from pathlib import Path

SEGMENT_SECONDS = 1.0
SEGMENT_BYTES = 16 * 1024 * 1024


class Spool:
    """A folder of segments. ``append`` is durable when it returns; threads share one instance."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self._lock = threading.Lock()
        self._file: FileIO | None = None
        self._opened = 0.0

    def append(self, payloads: Sequence[bytes]) -> None:
        """Write payloads, one JSON document without line breaks each, and wait until they are on disk."""
        with self._lock:
            if self._file is not None and (
                time.monotonic() - self._opened > SEGMENT_SECONDS or self._file.tell() > SEGMENT_BYTES
            ):
                self._close()
            if self._file is None:
                self._open()
            assert self._file is not None
            try:
                _write(self._file, b"".join(payload + b"\n" for payload in payloads))
                os.fdatasync(self._file.fileno())
            except OSError:
                self._close()  # a line may be cut off here, so nothing may follow it
                raise

    def close(self) -> None:
        """Let go of the current segment, so that the worker can drain it."""
        with self._lock:
            self._close()

    def drain(self, take: Callable[[str, list[bytes]], None]) -> int:
        """Give every finished segment to ``take(name, payloads)`` and remove it; returns the payloads taken.

        ``take`` must be idempotent by ``name``: after a crash between taking and removing it is called again.
        The last line of a segment whose writer died in the middle of a write was never acknowledged; it is
        left out if it is incomplete.
        """
        with self._lock:
            if self._file is not None and time.monotonic() - self._opened > SEGMENT_SECONDS:
                self._close()
        taken = 0
        if not self.folder.is_dir():
            return 0
        for path in sorted(self.folder.glob("*.jsonl")):
            with open(path, "rb") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue  # still being written
                if not path.exists():
                    continue  # another worker was faster
                payloads = [line[:-1] for line in file if line.endswith(b"\n")]
                if payloads:
                    take(path.stem, payloads)
                path.unlink()
                taken += len(payloads)
        return taken

    def _open(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{time.time_ns():020d}-{uuid.uuid4().hex[:12]}.jsonl"
        self._file = open(path, "ab", buffering=0)  # noqa: SIM115 - stays open across calls
        fcntl.flock(self._file, fcntl.LOCK_EX)
        directory = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(directory)  # the name of the segment must survive a power cut too
        finally:
            os.close(directory)
        self._opened = time.monotonic()

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()


def _write(file: FileIO, data: bytes) -> None:
    """All of it; without a buffer, which would come back later with what was never acknowledged."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]
