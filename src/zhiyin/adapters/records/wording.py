"""Wordings as rows keep them: the main one in columns, those of further languages beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.db import models

from zhiyin.domain.template import Wording, Wordings

PARTS = ("subject", "preheader", "body", "text", "text_for")


class Worded(models.Model):
    """A row with wordings. ``language`` is that of the main one; ``others`` maps languages to their parts."""

    subject = models.CharField(max_length=300)
    preheader = models.CharField(max_length=300, blank=True, default="")
    body = models.TextField()
    text = models.TextField(blank=True, default="")  # plain text in one's own words
    text_for = models.CharField(
        max_length=16, blank=True, default=""
    )  # the mark of the body it was written for
    language = models.CharField(max_length=16, blank=True, default="")
    others = models.JSONField(blank=True, default=dict)

    class Meta:
        abstract = True

    @property
    def wordings(self) -> Wordings:
        """All wordings of the row."""
        main = Wording(**{part: getattr(self, part) for part in PARTS})
        return Wordings(main, self.language, {name: Wording(**parts) for name, parts in self.others.items()})

    def word(self, wordings: Wordings) -> None:
        """Put other wordings in the place of those of the row."""
        self.language, self.others = wordings.language, columns(wordings)["others"]
        for part in PARTS:
            setattr(self, part, getattr(wordings.main, part))


def columns(wordings: Wordings) -> Mapping[str, Any]:
    """The columns of wordings, by name."""
    others = {name: asdict(one) for name, one in sorted(wordings.others.items())}
    return {**asdict(wordings.main), "language": wordings.language, "others": others}
