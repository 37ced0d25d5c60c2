"""Write keys of the tracking API."""

from __future__ import annotations

from django.db import models


class ApiKey(models.Model):
    """A key that may send events; only its hash is kept."""

    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=20, default="web")  # web, server, app
    limit = models.PositiveIntegerField(default=0)  # events a second, 0 for as many as come
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
