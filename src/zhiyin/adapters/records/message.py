"""The send ledger: one row for everyone a program planned, written before anything is handed over."""

from __future__ import annotations

from django.db import models

from zhiyin.domain.message import MessageStatus


class Message(models.Model):
    """One planned message. The unique key is what makes a second send impossible.

    ``token`` names it in public links. The address is the one at the claim, kept to answer bounces.
    """

    token = models.CharField(max_length=32, unique=True)
    program = models.CharField(max_length=100)
    step = models.CharField(max_length=40, default="send")
    customer_id = models.CharField(max_length=200)  # kept as a plain id: erasure clears it by its own rule
    channel = models.CharField(max_length=20, default="email")
    occurrence = models.CharField(max_length=40, default="1")
    campaign = models.ForeignKey(
        "records.Campaign", null=True, on_delete=models.PROTECT, related_name="messages"
    )
    status = models.CharField(max_length=12, choices=[(s.value, s.value) for s in MessageStatus])
    reason = models.CharField(max_length=40, blank=True, default="")
    detail = models.TextField(blank=True, default="")
    address = models.CharField(max_length=254, blank=True, default="")
    items = models.JSONField(default=list)  # item ids recommended in it, in order
    attempts = models.PositiveSmallIntegerField(default=0)
    planned_at = models.DateTimeField()
    due_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True, blank=True)
    claimed_by = models.CharField(max_length=64, blank=True, default="")
    handed_over_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    published = models.BooleanField(default=False)  # its outcome is an event in the lake too

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("program", "step", "customer_id", "channel", "occurrence"), name="one_message_each"
            ),
        )
        indexes = (
            models.Index(fields=("campaign", "status", "due_at")),
            models.Index(fields=("status", "due_at")),
            models.Index(fields=("customer_id",)),
            models.Index(
                fields=("finished_at",), condition=models.Q(published=False), name="unpublished_messages"
            ),
        )
