"""Imports: what was read from which file, and what became of its rows."""

from __future__ import annotations

from django.db import models

from zhiyin.adapters.records.sentence import SentenceField


class Import(models.Model):
    """One run of the importer; read = imported + rejected, imported = new + unchanged."""

    import_id = models.CharField(max_length=32, unique=True)
    kind = models.CharField(max_length=20)
    files = models.JSONField(default=list)
    mapping = models.JSONField(default=dict)
    fingerprint = models.CharField(max_length=64, blank=True, default="")  # digest of the files' contents
    status = models.CharField(max_length=12, default="running")  # running | done | failed
    read = models.BigIntegerField(default=0)
    imported = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField(default=0)
    new = models.BigIntegerField(default=0)
    unchanged = models.BigIntegerField(default=0)
    changed = models.BigIntegerField(default=0)  # known orders whose amount is another in the files
    changed_orders = models.JSONField(default=list)  # the first of them
    reasons = models.JSONField(default=dict)  # reason -> rows
    doubts = models.JSONField(default=dict)  # reason -> imported addresses
    error: str = SentenceField(blank=True, default="")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-started_at",)
