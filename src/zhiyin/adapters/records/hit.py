"""Hits on pixels and links that wait to be judged, and the rule by which those before were."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import models


class Hit(models.Model):
    """A hit that is in the lake and was not judged yet.

    ``at`` is when it happened; ``noted`` when it came into the lake, by the real clock, since one has to wait for
    those that came with it.
    """

    token = models.CharField(max_length=200)  # of the message
    customer_id = models.CharField(max_length=200, db_index=True)  # a plain id: erasure deletes by it
    at = models.DateTimeField()
    noted = models.DateTimeField(db_index=True)
    postponed = models.BooleanField(
        default=False
    )  # once, since the delivery of its message was not known yet


class Judged(models.Model):
    """The version of the rule that judged what does not wait; one row."""

    version = models.PositiveIntegerField()


def note(hits: Iterable[tuple[str, str, datetime]], noted: datetime) -> int:
    """Let hits wait, as token, customer and moment; returns how many those are."""
    rows = [Hit(token=token, customer_id=who, at=at, noted=noted) for token, who, at in hits]
    Hit.objects.bulk_create(rows, batch_size=1_000)
    return len(rows)
