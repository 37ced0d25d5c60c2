"""Topics: what the shop writes about."""

from __future__ import annotations

from django.db import models

from zhiyin.domain.topic import Topic as Noun


class Topic(models.Model):
    """One topic; its key is a purpose of consents and never changes."""

    key = models.SlugField(max_length=40, unique=True)
    names = models.JSONField(default=dict)  # language → name
    descriptions = models.JSONField(default=dict)
    public = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("created_at", "pk")

    def __str__(self) -> str:
        return self.key

    @property
    def noun(self) -> Noun:
        """What it is."""
        return Noun(self.key, self.names, self.descriptions, self.public, self.archived_at is not None)
