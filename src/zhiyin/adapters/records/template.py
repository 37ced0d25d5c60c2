"""Templates: wordings to start a campaign from."""

from __future__ import annotations

from django.db import models


class Template(models.Model):
    """MJML with Liquid inside."""

    key = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=120)
    subject = models.CharField(max_length=300)
    body = models.TextField()
    language = models.CharField(max_length=16, blank=True, default="")
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
