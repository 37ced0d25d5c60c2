"""Consent and suppression: whom we may write to. Changes are events too."""

from __future__ import annotations

from django.db import models


class Consent(models.Model):
    """The latest yes or no of a customer for a channel and purpose."""

    customer = models.ForeignKey("records.Customer", on_delete=models.CASCADE, related_name="consents")
    channel = models.CharField(max_length=20)
    purpose = models.CharField(max_length=40, default="marketing")
    granted = models.BooleanField()
    source = models.CharField(max_length=100, blank=True, default="")
    at = models.DateTimeField()
    proof = models.JSONField(default=dict)  # the text shown, its version, the page, network and browser

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("customer", "channel", "purpose"), name="one_consent_each"),
        )
        indexes = (
            models.Index(fields=("purpose", "granted"), name="consent_answers"),
        )  # the few who said no


class Suppression(models.Model):
    """An address that must not be written to, whoever it belongs to.

    The channel ``customer`` holds marks of erased ids: what of them was still on its way is not taken in.
    """

    channel = models.CharField(max_length=20)
    address = models.CharField(max_length=254)
    reason = models.CharField(max_length=32)
    at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("channel", "address"), name="one_suppression_each"),)
