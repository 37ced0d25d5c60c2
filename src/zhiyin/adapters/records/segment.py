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
    live = models.BooleanField(default=True)  # memberships follow each event; else they are counted only
    settled_at = models.DateTimeField(null=True, blank=True)  # when all customers were last looked at for it
    settled_rule = models.CharField(
        max_length=40, blank=True, default=""
    )  # mark of the whole rule at that time

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class SegmentSize(models.Model):
    """How many were in a segment, by the last count of an hour, and under which version; of what is older than a
    week the last of each day stays."""

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="sizes")
    at = models.DateTimeField()  # when the hour began
    version = models.PositiveIntegerField()
    count = models.BigIntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("segment", "at"), name="one_size_an_hour"),)
        indexes = (models.Index(fields=("at",), name="sizes_of_an_hour"),)
        ordering = ("at",)
