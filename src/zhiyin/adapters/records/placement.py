"""Placements: where items are recommended, by which rules, and which model answers there."""

from __future__ import annotations

from django.db import models

from zhiyin.domain.placement import Placement as PlacementNoun
from zhiyin.domain.placement import Question


class Placement(models.Model):
    """One place; ``model`` is the version that answers there, moved by training and by rollback alone."""

    key = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    question = models.CharField(max_length=12, choices=[(q.value, q.value) for q in Question])
    repeats = models.BooleanField(default=False)
    exclude_bought_days = models.PositiveIntegerField(null=True, blank=True)
    most_per_category = models.PositiveIntegerField(null=True, blank=True)
    pinned = models.JSONField(default=list)  # ids of items, the first of a list first
    excluded_items = models.JSONField(default=list)
    excluded_categories = models.JSONField(default=list)
    model = models.ForeignKey(
        "records.RecommenderModel",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="placements",
    )
    previous = models.JSONField(default=list)  # who answered before, the latest first: name, version, since
    since = models.DateTimeField(null=True, blank=True)  # when this recommender began to answer here
    warning = models.CharField(max_length=40, blank=True, default="")  # of the training that put it here

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.key

    @property
    def noun(self) -> PlacementNoun:
        """The placement of the row."""
        return PlacementNoun(
            self.key,
            self.name,
            Question(self.question),
            self.repeats,
            self.exclude_bought_days,
            self.most_per_category,
            tuple(self.pinned),
            tuple(self.excluded_items),
            tuple(self.excluded_categories),
        )
