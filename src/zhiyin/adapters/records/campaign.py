"""Campaigns: what is sent to which segment."""

from __future__ import annotations

from django.db import models

from zhiyin.adapters.records.sentence import SentenceField
from zhiyin.adapters.records.wording import Worded
from zhiyin.domain.campaign import CampaignStatus


class Campaign(Worded):
    """One campaign; segment rule, wording and holdout are frozen when sending starts."""

    key = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=120)
    segment = models.ForeignKey("records.Segment", on_delete=models.PROTECT, related_name="campaigns")
    segment_rule = models.JSONField(null=True, blank=True)  # as it was at the start
    segment_version = models.PositiveIntegerField(null=True, blank=True)
    blocks = models.JSONField(null=True, blank=True)  # the saved blocks it uses, as they were at the start
    topic = models.CharField(max_length=40, blank=True, default="")  # key of what it is about
    sender_name = models.CharField(max_length=120)
    sender_email = models.CharField(max_length=254)
    reply_to = models.CharField(max_length=254, blank=True, default="")
    holdout = models.FloatField(default=0.1)
    seed = models.CharField(max_length=64)
    window_days = models.PositiveIntegerField(default=7)
    cost = models.BigIntegerField(default=0)  # minor units a message
    placement = models.CharField(max_length=40, default="email")  # whose model and rules its items follow
    recommender = models.CharField(max_length=40, blank=True, default="")
    status = models.CharField(
        max_length=12,
        choices=[(s.value, s.value) for s in CampaignStatus],
        default=CampaignStatus.DRAFT.value,
        db_index=True,
    )
    created_at = models.DateTimeField()
    tested_at = models.DateTimeField(null=True, blank=True)
    send_at = models.DateTimeField(
        null=True, blank=True
    )  # when a scheduled one begins, or a draft is meant to
    local_clock = models.BooleanField(default=False)  # that hour on each recipient's own clock
    started_at = models.DateTimeField(null=True, blank=True)
    planned_at = models.DateTimeField(null=True, blank=True)  # set when every member has a ledger row
    finished_at = models.DateTimeField(null=True, blank=True)
    error: str = SentenceField(blank=True, default="")  # why sending stopped, if it did
    summary = models.JSONField(null=True, blank=True)  # its line in lists, kept once its window has closed

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.name

    @property
    def program(self) -> str:
        """The name under which the send ledger knows it."""
        return f"campaign:{self.key}"
