"""Filters for numbers and money, as the reader writes them; an unknown value is a dash."""

from __future__ import annotations

from django import template
from django.utils.translation import get_language

from zhiyin.domain import money as money_of
from zhiyin.entrypoints.console import formats
from zhiyin.entrypoints.site import current

register = template.Library()


@register.filter
def money(minor: float | None, currency: str = "") -> str:
    """Minor units in full: ¥386.00. The shop's currency unless one is given."""
    if minor is None or minor == "":
        return formats.NONE
    return money_of.display(minor, currency or current().settings.shop.currency)


@register.filter
def money_whole(minor: float | None, currency: str = "") -> str:
    """Minor units without decimals: ¥4,236."""
    if minor is None or minor == "":
        return formats.NONE
    return money_of.display(minor, currency or current().settings.shop.currency, whole=True)


@register.filter
def count(value: float | None, digits: int = 0) -> str:
    """A number with thousands and a true minus: 24,860."""
    return formats.NONE if value in (None, "") else formats.number(value, digits)


@register.filter
def signed(value: float | None, digits: int = 0) -> str:
    """A number with its sign: +376."""
    return formats.NONE if value in (None, "") else formats.number(value, digits, signed=True)


@register.filter
def compact(value: float) -> str:
    """For headlines and axes: 184k, in Chinese 18.4 万."""
    return formats.compact(value, get_language() or "en")


@register.filter
def percent(share: float | None, digits: int = 2) -> str:
    """A share: 0.0684 is 6.84%."""
    return formats.percent(share, digits)


@register.filter
def points(difference: float | None, digits: int = 2) -> str:
    """A difference of shares in points, signed, without its unit: 0.0125 is +1.25."""
    return formats.points(difference, digits)
