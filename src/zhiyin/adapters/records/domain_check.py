"""The last check of each sending domain's DNS."""

from __future__ import annotations

from django.db import models


class DomainCheck(models.Model):
    """What DNS said of a domain when it was last asked. ``findings`` are those of ``domain.domain_health``."""

    domain = models.CharField(max_length=253, unique=True)
    selectors = models.JSONField(default=list)  # as they were asked for, and so will be again
    checked_at = models.DateTimeField()
    findings = models.JSONField(default=list)
