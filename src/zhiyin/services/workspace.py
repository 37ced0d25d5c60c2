"""The workspace: one folder with settings, records, lake, spool and models; every service takes it first."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from zhiyin.adapters import clock
from zhiyin.adapters.children import Children
from zhiyin.adapters.lake import Lake
from zhiyin.adapters.spool import Spool
from zhiyin.domain.ports import Clock
from zhiyin.domain.settings import Settings


@dataclass(frozen=True)
class Workspace:
    """An open workspace: what services work on. ``now()`` is read at the edge and passed inwards."""

    settings: Settings
    lake: Lake
    spool: Spool
    now: Clock = field(default=clock.system)
    children: Children = field(default_factory=lambda: Children("zhiyin.services.shares"), repr=False)

    @classmethod
    def of(cls, settings: Settings) -> Workspace:
        """The workspace that the settings describe."""
        folder = settings.workspace
        return cls(
            settings,
            Lake(
                folder / "lake",
                engine_name=settings.lake.engine,
                threads=settings.lake.threads,
                memory=settings.lake.memory,
            ),
            Spool(folder / "spool"),
            clock.read(settings.simulation.clock),
        )

    @property
    def folder(self) -> Path:
        """The workspace's folder."""
        return self.settings.workspace

    @property
    def models(self) -> Path:
        """The folder of trained models."""
        return self.folder / "models"

    @property
    def timezone(self) -> ZoneInfo:
        """The shop's time zone."""
        return ZoneInfo(self.settings.shop.timezone)

    def today(self) -> datetime:
        """The present in the shop's time zone."""
        return self.now().astimezone(self.timezone)
