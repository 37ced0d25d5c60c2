"""Profile runs: when all customers were profiled, and what was found of the shop as a whole."""

from __future__ import annotations

from django.db import models


class ProfileRun(models.Model):
    """One run over all customers; ``facts`` are those of ``loop/profile/facts``, by which some are described anew
    until the next run."""

    at = models.DateTimeField()
    customers = models.BigIntegerField()
    facts = models.JSONField(default=dict)
