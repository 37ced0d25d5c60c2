"""Decisions: one for every ledger row, written with it in one transaction."""

from __future__ import annotations

from django.db import models


class Decision(models.Model):
    """What was chosen for a customer, among what, by which chance, why, under which versions."""

    message = models.OneToOneField("records.Message", on_delete=models.CASCADE, related_name="decision")
    customer_id = models.CharField(max_length=200, db_index=True)
    choice = models.CharField(max_length=12)  # send | holdout | refuse
    assigned = models.CharField(max_length=12)  # send | holdout: the arm by chance alone
    probability = models.FloatField()
    alternatives = models.JSONField(default=list)
    facts = models.JSONField(default=list)
    versions = models.JSONField(default=dict)
    reason = models.CharField(max_length=40, blank=True, default="")
    decided_at = models.DateTimeField()
