"""Where each channel stands, kept so that every worker knows."""

from __future__ import annotations

from django.db import models

from zhiyin.domain.breaker import BreakerState


class ChannelState(models.Model):
    """The breaker of one channel. ``trying`` is the claim that tries whether it works again."""

    name = models.CharField(max_length=20, unique=True)
    state = models.CharField(
        max_length=10, choices=[(s.value, s.value) for s in BreakerState], default=BreakerState.CLOSED.value
    )
    failures = models.PositiveIntegerField(default=0)  # of the server, in a row
    openings = models.PositiveIntegerField(default=0)  # without anything accepted since
    reason = models.CharField(max_length=40, blank=True, default="")
    detail = models.CharField(max_length=500, blank=True, default="")
    opened_at = models.DateTimeField(null=True, blank=True)
    next_try = models.DateTimeField(null=True, blank=True)
    mark = models.CharField(max_length=40, blank=True, default="")  # of the settings it opened under
    trying = models.CharField(max_length=64, blank=True, default="")
