"""Templates: wordings to start a campaign from, and all that they ever were."""

from __future__ import annotations

from django.db import models

from zhiyin.adapters.records.wording import Worded


class Template(Worded):
    """MJML with Liquid inside, in one or several languages."""

    key = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=120)
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class TemplateVersion(Worded):
    """A template as somebody saved it."""

    template = models.ForeignKey("records.Template", on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=120)
    at = models.DateTimeField()
    by = models.CharField(
        max_length=254, blank=True, default=""
    )  # whose sign-in it was; nobody's from outside

    class Meta:
        ordering = ("-number",)
        constraints = (models.UniqueConstraint(fields=("template", "number"), name="one_template_version"),)
