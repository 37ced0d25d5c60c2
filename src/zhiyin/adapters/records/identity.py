"""Identities: which customer an anonymous id belongs to."""

from __future__ import annotations

from django.db import models

from zhiyin.adapters.records.customer import Customer


class Identity(models.Model):
    """An anonymous id that was once used together with a customer's own."""

    anonymous_id = models.CharField(max_length=200, primary_key=True)
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="identities")
    since = models.DateTimeField()
