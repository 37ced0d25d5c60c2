"""The Django application that holds the models."""

from django.apps import AppConfig


class RecordsConfig(AppConfig):
    """Models live in one file per noun and are gathered in ``models``."""

    name = "zhiyin.adapters.records"
    label = "records"
    default_auto_field = "django.db.models.BigAutoField"
