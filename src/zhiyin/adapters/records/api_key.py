"""API keys: who may ask for messages to be sent; of a key only a hash is kept."""

from __future__ import annotations

from django.db import models

from zhiyin.domain.api_key import Scope


class ApiKey(models.Model):
    """One key, by the name of what holds it."""

    name = models.CharField(max_length=100)
    scope = models.CharField(max_length=20, choices=[(s.value, s.value) for s in Scope])
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)  # to the minute
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("name",), condition=models.Q(revoked_at=None), name="one_api_key_of_a_name"
            ),
        )
