"""Saved blocks: pieces of MJML that several templates use by their key, and all that they ever were."""

from __future__ import annotations

from django.db import models


class Block(models.Model):
    """One or more sections of MJML with Liquid inside."""

    key = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=120)
    language = models.CharField(max_length=16, blank=True, default="")
    body = models.TextField()
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class BlockVersion(models.Model):
    """A saved block as somebody saved it."""

    block = models.ForeignKey("records.Block", on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=120)
    body = models.TextField()
    at = models.DateTimeField()
    by = models.CharField(max_length=254, blank=True, default="")

    class Meta:
        ordering = ("-number",)
        constraints = (models.UniqueConstraint(fields=("block", "number"), name="one_block_version"),)
