"""Filters for days and times, shown in the shop's zone and the reader's language."""

from __future__ import annotations

from datetime import UTC, date, datetime

from django import template
from django.utils.translation import get_language

from zhiyin.entrypoints.console import formats
from zhiyin.entrypoints.site import current

register = template.Library()


@register.filter
def day(moment: datetime | None) -> str:
    """12 Mar 2026."""
    return formats.day(moment, current().timezone, get_language() or "en")


@register.filter
def short_day(moment: datetime | None) -> str:
    """12 Mar."""
    return formats.day(moment, current().timezone, get_language() or "en", year=False)


@register.filter
def date_label(of: date) -> str:
    """12 Mar, of a date that is the shop's own already."""
    return formats.date_label(of, get_language() or "en")


@register.filter
def weekday(moment: datetime) -> str:
    """Monday."""
    return formats.weekday(moment, current().timezone, get_language() or "en")


@register.filter
def clock(moment: datetime | None) -> str:
    """14:05."""
    return formats.clock(moment, current().timezone)


@register.filter
def second(moment: datetime) -> str:
    """14:05:09."""
    return f"{moment.astimezone(current().timezone):%H:%M:%S}"


@register.filter
def date_time(moment: datetime | None) -> str:
    """12 Mar 2026, 14:05."""
    return formats.date_time(moment, current().timezone, get_language() or "en")


@register.filter
def ago(moment: datetime | None) -> str:
    """14 s ago; yesterday 12:00; then the date."""
    workspace = current()
    return formats.ago(moment, workspace.now(), workspace.timezone, get_language() or "en")


@register.filter
def days_ago(number_of_days: int | None) -> str:
    """47 days ago, from a number of days."""
    return formats.days(number_of_days)


@register.filter
def iso(text: str) -> datetime:
    """A moment that was kept as ISO 8601 text."""
    return datetime.fromisoformat(text)


@register.filter
def utc(plain: datetime) -> datetime:
    """A plain time of the lake, which is UTC, made aware."""
    return plain.replace(tzinfo=UTC)
