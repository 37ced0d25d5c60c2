"""Tallies: what came from each source in each hour, and what became of it."""

from __future__ import annotations

from django.db import models


class Tally(models.Model):
    """Events of one source, hour and outcome: ``received``, ``kept``, or the reason of a refusal.

    Requests that were refused at the door are counted under the source ``""`` as ``http_401`` and the like.
    """

    source = models.CharField(max_length=100)
    hour = models.DateTimeField()
    outcome = models.CharField(max_length=40)
    events = models.BigIntegerField()
    last_at = models.DateTimeField(null=True, blank=True)  # when the last of them came, of what was received

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "hour", "outcome"], name="one_tally")]
        indexes = [models.Index(fields=["hour"])]


class Collected(models.Model):
    """How far the records have followed the spool: the last batch they know."""

    version = models.BigIntegerField()
