"""A column for sentences, which come back from the database as they were said: fit for any language."""

from __future__ import annotations

from typing import Any

from django.db import models

from zhiyin.domain.text import dump, load


class SentenceField(models.TextField):
    """A text column whose ``domain.text.Text`` keeps its template and values."""

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        """Django's hook after reading."""
        return value if value is None else load(value)

    def get_prep_value(self, value: Any) -> Any:
        """Django's hook before writing."""
        return dump(value) if isinstance(value, str) else super().get_prep_value(value)

    def deconstruct(self) -> Any:
        """Migrations see the text column that it is."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.TextField", args, kwargs
