"""Customers, for reads by key: who they are, what they stated, and what was computed about them."""

from __future__ import annotations

from django.db import models


class Customer(models.Model):
    """One person. The computed columns are published by ``services/profiles``; nobody else writes them."""

    customer_id = models.CharField(max_length=200, primary_key=True)
    email = models.CharField(max_length=254, blank=True, default="", db_index=True)
    phone = models.CharField(max_length=40, blank=True, default="")
    name = models.CharField(max_length=200, blank=True, default="", db_index=True)
    language = models.CharField(max_length=16, blank=True, default="")
    traits = models.JSONField(default=dict)  # stated
    stated_at = models.JSONField(default=dict)  # when an event stated each field last, in seconds since 1970
    created_at = models.DateTimeField(null=True, blank=True)

    first_seen = models.DateTimeField(null=True, blank=True)
    last_seen = models.DateTimeField(null=True, blank=True)
    first_order_at = models.DateTimeField(null=True, blank=True)
    last_order_at = models.DateTimeField(null=True, blank=True, db_index=True)
    orders = models.BigIntegerField(default=0, db_index=True)
    revenue = models.BigIntegerField(default=0, db_index=True)  # minor units
    average_order_value = models.BigIntegerField(null=True, blank=True)
    personal_gap_days = models.BigIntegerField(null=True, blank=True)
    recency_days = models.BigIntegerField(null=True, blank=True)
    r = models.SmallIntegerField(null=True, blank=True)
    f = models.SmallIntegerField(null=True, blank=True)
    m = models.SmallIntegerField(null=True, blank=True)
    rfm_group = models.CharField(max_length=32, blank=True, default="", db_index=True)
    lifecycle = models.CharField(max_length=16, blank=True, default="", db_index=True)
    moved_at = models.DateTimeField(
        null=True, blank=True
    )  # when events last changed any of this between profilings
    profiled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("customer_id",)

    def __str__(self) -> str:
        return self.name or self.customer_id
