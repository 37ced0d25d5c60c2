"""Forms and what came in through them, with the proof of each consent."""

from __future__ import annotations

from django.db import models

from zhiyin.domain.form import Form as Noun
from zhiyin.domain.form import OptIn, SignUpStatus


class Form(models.Model):
    """One form; what people read and are asked has a version, which every sign-up names."""

    key = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    texts = models.JSONField(default=dict)  # language → what people read
    fields = models.JSONField(default=list)
    topics = models.JSONField(default=list)
    opt_in = models.CharField(
        max_length=8, choices=[(o.value, o.value) for o in OptIn], default=OptIn.DOUBLE.value
    )
    take_disposable = models.BooleanField(default=False)
    origins = models.JSONField(default=list)
    redirects = models.JSONField(default=list)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-pk")

    def __str__(self) -> str:
        return self.name

    @property
    def noun(self) -> Noun:
        """What it is."""
        return Noun(
            self.key, self.name, self.texts, tuple(self.fields), tuple(self.topics), OptIn(self.opt_in),
            self.take_disposable, tuple(self.origins), tuple(self.redirects), self.version,
        )  # fmt: skip


class SignUp(models.Model):
    """One that was taken. Nothing is written of it anywhere else until it is confirmed.

    ``proof`` is what was shown and who asked; ``confirmed_proof`` who pressed the button of the confirmation.
    """

    token = models.CharField(max_length=32, unique=True)
    form = models.ForeignKey(Form, on_delete=models.PROTECT, related_name="sign_ups")
    form_version = models.PositiveIntegerField()
    address = models.CharField(max_length=254, blank=True, db_index=True)
    fields = models.JSONField(default=dict)
    topics = models.JSONField(default=list)
    language = models.CharField(max_length=16)
    disposable = models.BooleanField(default=False)
    status = models.CharField(
        max_length=10,
        choices=[(s.value, s.value) for s in SignUpStatus],
        default=SignUpStatus.PENDING.value,
    )
    customer_id = models.CharField(max_length=200, blank=True, default="", db_index=True)
    proof = models.JSONField(default=dict)
    confirmed_proof = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-pk")
        indexes = (
            models.Index(fields=("form", "created_at")),
            models.Index(fields=("status", "expires_at")),
        )


class SignUpRefusal(models.Model):
    """How many sign-ups a form refused on a day of the shop for a reason; of whom, nobody keeps."""

    form = models.ForeignKey(Form, on_delete=models.CASCADE, related_name="refusals")
    day = models.DateField()
    reason = models.CharField(max_length=20)
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("form", "day", "reason"), name="one_refusal_each"),)
