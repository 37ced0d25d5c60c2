"""Requests to send: what makes the same request, made twice, one message."""

from __future__ import annotations

from django.db import models


class SendRequest(models.Model):
    """One request by its idempotency key. Key and body are kept as keyed hashes, which say nothing of anybody."""

    key = models.CharField(max_length=64, unique=True)
    body = models.CharField(max_length=64)
    message = models.OneToOneField("records.Message", on_delete=models.CASCADE, related_name="request")
    made_at = models.DateTimeField()
