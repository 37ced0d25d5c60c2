"""Profile runs: when all customers were profiled, and what was found of the shop as a whole."""

from __future__ import annotations

from django.db import models


class ProfileRun(models.Model):
    """One run over all customers; ``gap_days`` is the usual time between orders, None where nobody ordered twice."""

    at = models.DateTimeField()
    customers = models.BigIntegerField()
    gap_days = models.IntegerField(null=True, blank=True)
