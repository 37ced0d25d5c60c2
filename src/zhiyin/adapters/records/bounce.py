"""What came back, each message once, and how far the mailbox was read to which it came."""

from __future__ import annotations

from django.db import models

from zhiyin.adapters.records.sentence import SentenceField
from zhiyin.domain.bounce import Fate


class BounceNote(models.Model):
    """One thing that arrived where bounces do. ``key`` tells whether it was read before; the text is not kept.

    ``address`` is the one it is about: that of the ledger where it was matched, else the one it names.
    """

    key = models.CharField(max_length=64, unique=True)
    at = models.DateTimeField()
    source = models.CharField(max_length=40)  # imap, pop3, file, or the name of a provider
    fate = models.CharField(max_length=12, choices=[(fate.value, fate.value) for fate in Fate])
    kind = models.CharField(max_length=12, blank=True, default="")
    reason = models.CharField(max_length=40, blank=True, default="")
    why = models.CharField(max_length=40, blank=True, default="")  # it was not matched
    status = models.CharField(max_length=12, blank=True, default="")
    diagnostic = models.CharField(max_length=300, blank=True, default="")
    token = models.CharField(max_length=32, blank=True, default="")
    customer_id = models.CharField(max_length=200, blank=True, default="", db_index=True)
    address = models.CharField(max_length=254, blank=True, default="", db_index=True)

    class Meta:
        ordering = ("-at", "-pk")
        indexes = (models.Index(fields=("fate", "at")),)


class Mailbox(models.Model):
    """How far a mailbox was read; ``mark`` is a digest of where it is and whose."""

    mark = models.CharField(max_length=64, unique=True)
    validity = models.CharField(max_length=40, blank=True, default="")  # IMAP: while it is the same, ids are
    last_uid = models.BigIntegerField(default=0)  # IMAP: all up to it were read
    seen = models.JSONField(default=list)  # POP3: the ids that were read and are still there
    tried_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)  # the last time that it went well
    next_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)  # in a row
    error: str = SentenceField(blank=True, default="")
