"""The Django application of the console: templates, static files and translations, no models."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """Pages live in one file per noun."""

    name = "zhiyin.entrypoints.console"
    label = "console"
