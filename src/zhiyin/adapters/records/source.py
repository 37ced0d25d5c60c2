"""Sources: who may send events, each with a write key of its own."""

from __future__ import annotations

from django.db import models


class Source(models.Model):
    """A write key of the tracking API, by the name that its events bear; of the key only a hash is kept."""

    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=20, default="web")  # web, server, app
    limit = models.PositiveIntegerField(default=0)  # events a second, 0 for as many as come
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["name"], condition=models.Q(revoked_at=None), name="one_source_of_a_name"
            )
        ]
