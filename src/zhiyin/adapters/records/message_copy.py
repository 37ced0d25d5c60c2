"""Messages as they were sent, pressed; for as long as the settings keep them."""

from __future__ import annotations

from django.db import models


class Dictionary(models.Model):
    """What the copies of one wording share: its HTML before anybody's name stood in it."""

    digest = models.CharField(max_length=64, unique=True)
    content = models.BinaryField()
    used_at = models.DateTimeField()  # to the hour


class MessageCopy(models.Model):
    """One message as it left, for the last time that it was tried."""

    message = models.OneToOneField(
        "records.Message", on_delete=models.CASCADE, primary_key=True, related_name="copy"
    )
    dictionary = models.ForeignKey(Dictionary, on_delete=models.PROTECT, related_name="copies")
    content = models.BinaryField()
    made_at = models.DateTimeField(db_index=True)
