"""Sending domains and their keys; of a private key only what ``server.secret`` opens is kept."""

from __future__ import annotations

from django.db import models

from zhiyin.domain.sending_domain import DkimKey as DkimKeyNoun
from zhiyin.domain.sending_domain import KeyAlgorithm, KeyState


class SendingDomain(models.Model):
    """A domain in whose name messages are sent and signed; in ASCII, as the DNS has it."""

    name = models.CharField(max_length=253, unique=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class DkimKey(models.Model):
    """One key of a domain under its selector."""

    domain = models.ForeignKey(SendingDomain, on_delete=models.CASCADE, related_name="keys")
    selector = models.CharField(max_length=63)
    algorithm = models.CharField(max_length=10, choices=[(a.value, a.value) for a in KeyAlgorithm])
    public = models.TextField()
    sealed = models.TextField()
    created_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("created_at", "pk")
        constraints = (models.UniqueConstraint(fields=("domain", "selector"), name="one_key_of_a_selector"),)

    @property
    def noun(self) -> DkimKeyNoun:
        """The public side."""
        state = KeyState.RETIRED if self.retired_at else KeyState.ACTIVE
        return DkimKeyNoun(
            self.domain.name, self.selector, KeyAlgorithm(self.algorithm), self.public, state, self.created_at
        )
