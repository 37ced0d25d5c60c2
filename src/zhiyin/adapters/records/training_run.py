"""Training runs: what was tried, who was chosen for which placement, and what was published."""

from __future__ import annotations

from django.db import models


class TrainingRun(models.Model):
    """One run of the contest. ``report`` holds figures and names of models, never an id of a customer."""

    started_at = models.DateTimeField(db_index=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    budget = models.FloatField()  # seconds
    seconds = models.FloatField(default=0)
    cpu_seconds = models.FloatField(default=0)
    state = models.CharField(max_length=12, default="running")  # running, done, failed
    protocol = models.TextField(blank=True, default="")
    report = models.JSONField(default=dict)
    warnings = models.JSONField(default=list)

    class Meta:
        ordering = ("-started_at", "-pk")
