"""Renewals: customers whom events moved are described anew, and their segments look at them again."""

from __future__ import annotations

from contextlib import suppress

from django.db.models import F, Q

from zhiyin.adapters.records import membership
from zhiyin.adapters.records.models import Customer
from zhiyin.domain.errors import Busy
from zhiyin.loop.profile.listeners import DESCRIBED
from zhiyin.services import facts, memberships, refresh
from zhiyin.services.workspace import Workspace

MOST = 5_000  # customers at a time


def renew(ws: Workspace, limit: int = MOST) -> int:
    """Describe those customers anew whom events moved since they were last described, the longest waiting first; returns
    how many.

    The segments that compare features look at them in the next step. Does nothing where another process is at it, or
    before all customers were profiled once.
    """
    moved = Customer.objects.filter(Q(profiled_at__isnull=True) | Q(profiled_at__lt=F("moved_at")))
    waiting = moved.filter(moved_at__isnull=False).order_by("moved_at").values_list("customer_id", flat=True)
    with suppress(Busy), memberships.alone(ws):
        if facts.latest(ws) is not None and (ids := list(waiting[:limit])):
            # first: nobody looks at them before this is over, and if it never is, it is done again
            membership.touch([(who, DESCRIBED) for who in ids])
            return refresh.refresh(ws, ids, patience=0.0).customers
    return 0
