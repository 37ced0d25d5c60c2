"""Trained recommenders: versioned artifacts, one active for each name."""

from __future__ import annotations

from django.db import models


class RecommenderModel(models.Model):
    """A trained model on disk, with the figures of its training and evaluation."""

    name = models.CharField(max_length=40)
    version = models.PositiveIntegerField()
    path = models.CharField(max_length=300)  # relative to the workspace
    trained_at = models.DateTimeField()
    trained_until = models.DateTimeField(null=True, blank=True)
    seconds = models.FloatField(default=0)
    users = models.BigIntegerField(default=0)
    items = models.BigIntegerField(default=0)
    interactions = models.BigIntegerField(default=0)
    active = models.BooleanField(default=True)
    parameters = models.JSONField(default=dict)  # those that differ from the defaults
    run = models.ForeignKey(
        "records.TrainingRun", on_delete=models.SET_NULL, null=True, blank=True, related_name="models"
    )
    evaluation = models.JSONField(default=dict)

    class Meta:
        ordering = ("name", "-version")
        constraints = (models.UniqueConstraint(fields=("name", "version"), name="one_model_version"),)
