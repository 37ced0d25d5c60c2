"""Attempts that failed, counted for a while, so that every process knows when to pause."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import F
from django.utils.crypto import salted_hmac


class Attempt(models.Model):
    """How often something was tried in vain since a moment; of what was tried only a keyed hash is kept."""

    mark = models.CharField(max_length=64, unique=True)
    count = models.PositiveIntegerField(default=0)
    ends = models.DateTimeField()  # when the count is forgotten


def failed(what: str, now: datetime) -> int:
    """How many attempts at this failed that are not forgotten yet."""
    rows = Attempt.objects.filter(mark=_mark(what), ends__gt=now)
    return rows.values_list("count", flat=True).first() or 0


def count(what: str, now: datetime, keep: timedelta) -> None:
    """Count a failed attempt; the first one starts the time after which all are forgotten."""
    Attempt.objects.filter(ends__lte=now).delete()
    Attempt.objects.get_or_create(mark=_mark(what), defaults={"ends": now + keep})
    Attempt.objects.filter(mark=_mark(what)).update(count=F("count") + 1)


def forget(what: str) -> None:
    """Begin anew, after an attempt that did not fail."""
    Attempt.objects.filter(mark=_mark(what)).delete()


def _mark(what: str) -> str:
    return salted_hmac("zhiyin.attempt", what, algorithm="sha256").hexdigest()
