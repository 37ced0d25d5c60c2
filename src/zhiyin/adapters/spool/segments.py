"""Segments: entries survive here, on disk, from the moment they are acknowledged until they are in the lake.

A segment is a file of lines, each a checksum, a space and a JSON document. Its writer holds a lock on it; a
segment whose writer is gone or has moved on is ready to be drained.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
import uuid
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from io import FileIO
from pathlib import Path

SEGMENT_SECONDS = 1.0
SEGMENT_BYTES = 32 * 1024 * 1024
SUFFIX = ".spool"


class Spool:
    """A folder of segments. ``append`` is durable when it returns; threads share one instance, and one
    write to the disk serves all who wait for it (group commit)."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self._waiting: list[_Entry] = []
        self._waiting_lock = threading.Lock()
        self._lock = threading.Lock()  # of the file; whoever holds it writes for all who wait
        self._file: FileIO | None = None
        self._size = 0  # of the file

    def append(self, entries: Sequence[bytes]) -> None:
        """Write entries, one JSON document without line breaks each, and wait until they are on disk.

        Raises ``OSError`` where the disk is full or broken; then none of them counts as kept.
        """
        self.append_lines(b"".join(map(framed, entries)))

    def append_lines(self, lines: bytes) -> None:
        """The same for entries that are ``framed`` already."""
        entry = _Entry(lines)
        with self._waiting_lock:
            self._waiting.append(entry)
        with self._lock:
            if not entry.settled:
                with self._waiting_lock:
                    group, self._waiting = self._waiting, []
                self._commit(group)
        if entry.error is not None:
            raise entry.error

    def close(self) -> None:
        """Let go of the current segment, so that it can be drained."""
        with self._lock:
            self._close()

    def size(self) -> int:
        """Bytes that wait to be drained."""
        total = 0
        for path in self.folder.glob(f"*{SUFFIX}"):
            with suppress(FileNotFoundError):  # drained meanwhile
                total += path.stat().st_size
        return total

    def waiting(self) -> float:
        """For how many seconds, at most, anything has waited to be drained."""
        first = min((path.name for path in self.folder.glob(f"*{SUFFIX}")), default=None)
        return 0.0 if first is None else max(0.0, time.time() - int(first.partition("-")[0]) / 1e9)

    def ready(self) -> list[Path]:
        """The segments whose writer has let go of them, oldest first; empty ones are removed."""
        return [path for path in sorted(self.folder.glob(f"*{SUFFIX}")) if _is_ready(path)]

    def _commit(self, group: Sequence[_Entry]) -> None:
        error: OSError | None = None
        try:
            if self._size > SEGMENT_BYTES:
                self._close()
            if self._file is None:
                self._open()
            assert self._file is not None
            lines = b"".join([entry.data for entry in group])
            _write(self._file, lines)
            os.fdatasync(self._file.fileno())
            self._size += len(lines)
        except OSError as problem:
            self._close()  # a line may be cut off here, so nothing may follow it
            error = problem
        for entry in group:
            entry.settled, entry.error = True, error

    def _open(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._file = file = _fresh(self.folder)
        self._size = 0
        sync_folder(self.folder)  # the name of the segment must survive a power cut too
        timer = threading.Timer(SEGMENT_SECONDS, self._expire, [file])
        timer.daemon = True
        timer.start()

    def _expire(self, file: FileIO) -> None:
        """A segment's time is over, whether more comes or not: what it holds must not wait."""
        with self._lock:
            if self._file is file:
                self._close()

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()


class _Entry:
    """What one caller wants written, and how that went."""

    __slots__ = ("data", "error", "settled")

    def __init__(self, data: bytes) -> None:
        self.data, self.settled = data, False
        self.error: OSError | None = None


def framed(entry: bytes) -> bytes:
    """The line that keeps an entry.

    >>> framed(b'{"a":1}')
    b'561a8f80 {"a":1}\\n'
    """
    return b"%08x %b\n" % (zlib.crc32(entry), entry)


def entries(path: Path) -> Iterator[tuple[bytes, bool]]:
    """The entries of a segment, each with whether it is whole.

    A last line that is torn belonged to a writer that died in the middle of a write; it was never
    acknowledged and is left out. Any other line with a wrong checksum was damaged later.
    """
    held: bytes | None = None
    with open(path, "rb") as file:
        for line in file:
            if held is not None:
                yield held, False
                held = None
            entry = line[9:-1]
            if line.endswith(b"\n") and line[:8] == b"%08x" % zlib.crc32(entry):
                yield entry, True
            else:
                held = line  # given out if another line follows


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on disk."""
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _fresh(folder: Path) -> FileIO:
    """A new segment, locked."""
    while True:
        path = folder / f"{time.time_ns():020d}-{uuid.uuid4().hex[:12]}{SUFFIX}"
        file = open(path, "ab", buffering=0)  # noqa: SIM115 - stays open across calls
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            if os.fstat(file.fileno()).st_nlink:
                return file
        except OSError:
            file.close()
            raise
        file.close()  # a reader came before the lock, and removed what looked empty and left


def _is_ready(path: Path) -> bool:
    try:
        with open(path, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(file.fileno()).st_size == 0:
                path.unlink()
                return False
    except (BlockingIOError, FileNotFoundError):
        return False  # still being written, or drained meanwhile
    return True


def _write(file: FileIO, data: bytes) -> None:
    """All of it; without a buffer, which would come back later with what was never acknowledged."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]
