"""Group commit for an event loop: requests that wait at the same time share one write to the disk."""

from __future__ import annotations

import asyncio

from zhiyin.adapters.spool.segments import Spool


class GroupCommit:
    """``await append(entry)`` returns when the entry is on disk; of one event loop."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None
        self.bytes_waiting = 0

    def append(self, entry: bytes) -> asyncio.Future[None]:
        """Wait until the entry is on disk. Raises ``OSError`` where the disk is full or broken."""
        loop = asyncio.get_running_loop()
        settled: asyncio.Future[None] = loop.create_future()
        self._waiting.append((entry, settled))
        self.bytes_waiting += len(entry)
        if self._writer is None:
            self._writer = loop.create_task(self._write())
        return settled

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                group, self._waiting = self._waiting, []
                data = [entry for entry, _ in group]
                error: OSError | None = None
                try:
                    await loop.run_in_executor(None, self._spool.append, data)
                except OSError as problem:
                    error = problem
                self.bytes_waiting -= sum(map(len, data))
                for _, settled in group:
                    if settled.done():
                        continue  # its client has gone
                    if error is None:
                        settled.set_result(None)
                    else:
                        settled.set_exception(error)
        finally:
            self._writer = None
