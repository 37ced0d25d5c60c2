"""The door of the tracking API: how many requests were refused, noted every few seconds, never one by one."""

from __future__ import annotations

import asyncio
from collections import Counter

from asgiref.sync import sync_to_async
from django.db import DatabaseError

from zhiyin.services import tallies
from zhiyin.services.workspace import Workspace

SECONDS = 10.0  # between two notes: a flood of refused requests costs one write


class Door:
    """Counts of refused requests by HTTP status, until they stand in the records."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._counts: Counter[int] = Counter()
        self._waiting: asyncio.Task[None] | None = None

    def refused(self, status: int) -> None:
        """Count a request. Called from the event loop."""
        self._counts[status] += 1
        if self._waiting is None:
            self._waiting = asyncio.get_running_loop().create_task(self._later())

    async def write(self) -> None:
        """Write what was counted; where the records are busy, it waits for the next time."""
        counts, self._counts = self._counts, Counter()
        if not counts:
            return
        try:
            await sync_to_async(tallies.refused)(self._workspace, counts)
        except DatabaseError:
            self._counts += counts

    async def _later(self) -> None:
        await asyncio.sleep(SECONDS)
        self._waiting = None
        await self.write()
