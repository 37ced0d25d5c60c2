"""The facts of the whole shop, as the last run over all customers found them."""

from __future__ import annotations

from datetime import datetime

from zhiyin.adapters.records.models import ProfileRun
from zhiyin.loop.profile.facts import Facts
from zhiyin.services.workspace import Workspace


def latest(ws: Workspace) -> Facts | None:
    """The facts of the last run; None before the first."""
    run = ProfileRun.objects.order_by("-at").first()
    return Facts.load(run.facts) if run else None


def profiled_at(ws: Workspace) -> datetime | None:
    """When all customers were profiled last; None while there were none."""
    runs = ProfileRun.objects.filter(customers__gt=0).order_by("-at")
    return runs.values_list("at", flat=True).first()


def gap_days(ws: Workspace) -> int:
    """The usual days between orders: the shop's own choice, else as last measured."""
    return ws.settings.profile.gap_days or (latest(ws) or Facts()).gap_days
