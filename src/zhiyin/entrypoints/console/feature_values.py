"""Values of features for a reader: with their unit, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext, ngettext

from zhiyin.domain.feature import COMPUTED, OWNERS, Feature, Owner, Unit
from zhiyin.entrypoints.console import formats, segment_words, words
from zhiyin.services.workspace import Workspace
from zhiyin.stats.histogram import Bar

# shown at the head of a customer's page already
_IN_SHORT = frozenset(
    {"lifecycle", "rfm_group", "r", "f", "m", "orders", "revenue", "average_order_value", "recency_days",
     "first_order_at", "last_order_at", "last_seen"}
)  # fmt: skip


def shown(feature: Feature, raw: Any, ws: Workspace, language: str) -> str:
    """One value, such as 12 days or 40%."""
    if isinstance(raw, datetime):
        return formats.day(raw, ws.timezone, language)
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        return segment_words.value(feature.name, raw, ws.settings.shop.currency)
    number = formats.number(raw, feature.decimals if raw % 1 else 0)
    match feature.unit:
        case Unit.MONEY | Unit.WEEKDAY:
            return segment_words.value(feature.name, int(raw), ws.settings.shop.currency)
        case Unit.PERCENT:
            return f"{number}%"
        case Unit.DAYS:
            return ngettext("%(n)s day", "%(n)s days", abs(int(raw))) % {"n": number}
        case Unit.YEARS:
            return ngettext("%(n)s year", "%(n)s years", int(raw)) % {"n": number}
        case Unit.HOURS:
            return gettext("%(n)s h") % {"n": number}
        case Unit.SECONDS if raw >= 60:
            return gettext("%(n)s min") % {"n": formats.number(int(raw + 30) // 60)}
        case Unit.SECONDS:
            return gettext("%(n)s s") % {"n": number}
        case Unit.HOUR:
            return f"{int(raw)}:00–{int(raw) + 1}:00"
    return number


def bar_label(feature: Feature, bar: Bar, ws: Workspace, language: str) -> str:
    """What a bar of a histogram stands for."""
    low, high = (
        None if border is None else shown(feature, border, ws, language) for border in (bar.low, bar.high)
    )
    if low is None:
        return gettext("below %(high)s") % {"high": high}
    if high is None:
        return gettext("%(low)s and more") % {"low": low}
    return low if bar.low == bar.high else gettext("%(low)s to below %(high)s") % {"low": low, "high": high}


def window(feature: Feature) -> str:
    """How far a feature looks back."""
    if feature.owner == Owner.CONTACT:
        return formats.NONE
    if feature.window is None:
        return gettext("everything")
    return ngettext("%(n)s day", "%(n)s days", feature.window) % {"n": feature.window}


def by_owner(
    found: Mapping[str, Any], ws: Workspace, language: str
) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """What is known of a customer beyond the short facts: for each owner the names, values and meanings."""
    for owner, label in OWNERS.items():
        rows = [
            (words.tell(one.label), shown(one, found[one.name], ws, language), words.tell(one.meaning))
            for one in COMPUTED
            if one.owner == owner and one.name in found and one.name not in _IN_SHORT
        ]
        if rows:
            yield words.tell(label), rows
