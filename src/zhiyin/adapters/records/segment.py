"""Segments: named rules."""

from __future__ import annotations

from django.db import models


class Segment(models.Model):
    """A rule in its JSON form; each saved change of the rule raises the version."""

    key = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=120)
    rule = models.JSONField()
    version = models.PositiveIntegerField(default=1)
    count = models.BigIntegerField(null=True, blank=True)
    counted_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    archived = models.BooleanField(default=False)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class SegmentSize(models.Model):
    """How many were in a segment on a day, by the last count of that day, and under which version."""

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="sizes")
    day = models.DateField()
    version = models.PositiveIntegerField()
    count = models.BigIntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("segment", "day"), name="one_size_a_day"),)
        ordering = ("day",)
