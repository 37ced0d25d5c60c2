"""Group commit for an event loop: requests that wait at the same time share one write to the disk."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

from zhiyin.adapters.spool.segments import Spool, framed

_Waiting = tuple[bytes, asyncio.Future[None]]


class GroupCommit:
    """``await append(entry)`` returns when the entry is on disk; of one event loop.

    A thread writes, and goes on with what came meanwhile without asking the loop, which is busy with requests then.
    """

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._lock = threading.Lock()  # of what follows
        self._waiting: list[_Waiting] = []
        self._writing = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self.bytes_waiting = 0

    def append(self, entry: bytes) -> asyncio.Future[None]:
        """Wait until the entry is on disk. Raises ``OSError`` where the disk is full or broken."""
        if self._loop is None:  # asking each time costs a system call in some versions of Python
            self._loop = asyncio.get_running_loop()
        settled: asyncio.Future[None] = self._loop.create_future()
        line = framed(entry)
        self.bytes_waiting += len(line)
        with self._lock:
            self._waiting.append((line, settled))
            start, self._writing = not self._writing, True
        if start:
            self._loop.run_in_executor(None, self._write, self._loop)
        return settled

    def _write(self, loop: asyncio.AbstractEventLoop) -> None:
        """Write until nobody waits."""
        while True:
            with self._lock:
                group, self._waiting = self._waiting, []
                if not group:
                    self._writing = False
                    return
            error: OSError | None = None
            try:
                self._spool.append_lines(b"".join([line for line, _ in group]))
            except OSError as problem:
                error = problem
            loop.call_soon_threadsafe(self._settle, group, error)

    def _settle(self, group: Sequence[_Waiting], error: OSError | None) -> None:
        for line, settled in group:
            self.bytes_waiting -= len(line)
            if settled.done():
                continue  # its client has gone
            if error is None:
                settled.set_result(None)
            else:
                settled.set_exception(error)
