"""Jobs: long work that a page started, with its progress for every process to show."""

from __future__ import annotations

from django.db import models


class Job(models.Model):
    """One piece of work of a kind: how far it is, and where its result stands."""

    key = models.CharField(max_length=32, unique=True)
    kind = models.CharField(max_length=32, db_index=True)
    state = models.CharField(max_length=12, default="running")  # running | done | failed
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True, blank=True)
    url = models.CharField(max_length=300, blank=True, default="")  # of its result
    error = models.JSONField(null=True, blank=True)  # what, why, fix and code, where it failed for a reason
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-started_at", "-pk")

    @property
    def share(self) -> float | None:
        """How much is done, None where that is not known."""
        return min(1.0, self.done / self.total) if self.total else None
