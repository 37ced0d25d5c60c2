"""Rules in the reader's words: names of traits and events, and sentences in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any as Json
from zoneinfo import ZoneInfo

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from zhiyin.domain.feature import FEATURES, Unit
from zhiyin.domain.money import display
from zhiyin.domain.segment import Rule
from zhiyin.entrypoints.console import formats, words
from zhiyin.loop.profile import segment_words
from zhiyin.services.workspace import Workspace

MONEY = frozenset(one.name for one in FEATURES if one.unit == Unit.MONEY)  # in minor units

# name -> what a marketer calls it; stated traits that have a usual name are here as well
TRAITS: Mapping[str, Json] = {
    **{feature.name: words.lazily(feature.label) for feature in FEATURES},
    "phone": _("Phone"),
    "city": _("City"),
    "country": _("Country"),
    "province": _("Province"),
    "gender": _("Gender"),
    "birthday": _("Birthday"),
    "birth_year": _("Year of birth"),
    "age": _("Age"),
    "channel": _("Channel"),
    "source": _("Source"),
}

# events that a rule can ask for, in the order of the list
EVENTS = (
    "Order Completed",
    "Product Viewed",
    "Product Added",
    "Order Refunded",
    "Order Cancelled",
    "Email Delivered",
    "Email Opened",
    "Email Link Clicked",
    "Email Bounced",
    "Email Marked as Spam",
    "Unsubscribed",
)

PROPERTIES: Mapping[str, Json] = {
    "category": _("category"),
    "item_id": _("item"),
    "campaign": _("campaign"),
    "amount": _("amount"),
}

# words that a part of a condition can be
OPTIONS: words.Names = {
    "opened": _("opened"),
    "clicked": _("clicked"),
    "received": _("received"),
    "bounced": _("bounced"),
    "unsubscribed": _("unsubscribed from"),
    "category": _("the category"),
    "brand": _("the brand"),
    "price_band": _("the price band"),
    "search": _("the search"),
    **words.CHANNELS,
}

LANGUAGES: Mapping[str, Json] = {"en": "English", "zh-hans": "中文", "zh-Hans": "中文", "zh": "中文"}
FLAGS: Mapping[str, Json] = {"true": _("yes"), "false": _("no")}

CHOICES: Mapping[str, Mapping[str, Json]] = {
    "lifecycle": words.STAGES,
    "rfm_group": words.GROUPS,
    "email_consent": FLAGS,
    "best_weekday": words.WEEKDAYS,
    "main_device": words.DEVICES,
    "main_channel": words.ORIGINS,
    "channel": words.CHANNELS,
    "purpose": words.PURPOSES,
    "price_band": words.PRICE_BANDS,
    **{
        f"{name}_{how}": of
        for name, of in (
            ("gender", words.GENDERS),
            ("region", words.REGIONS),
            ("occupation", words.OCCUPATIONS),
        )
        for how in ("stated", "imputed")
    },
}


_SEAM = re.compile(
    r"(?<=[\u4e00-\u9fff])(?<![年月日])(?=[A-Za-z0-9])|(?<=[A-Za-z0-9])(?=[\u4e00-\u9fff])(?![年月日])"
)

_GAP = re.compile(r"(?<=[\u4e00-\u9fff）”]) (?=[\u4e00-\u9fff（])")


def trait(name: str) -> str:
    """The name of a trait for a reader; a stated trait without a usual name keeps its own."""
    return str(TRAITS.get(name, name))


def event(name: str) -> str:
    """The name of an event for a reader."""
    return words.name(words.EVENTS, name)


def value(name: str, raw: Json, currency: str) -> str:
    """A value of a trait for a reader: stages by name, money with its symbol."""
    if isinstance(raw, bool):
        return str(FLAGS["true" if raw else "false"])
    if name in (*MONEY, "amount") and isinstance(raw, int | float):
        return display(raw, currency, whole=raw % 100 == 0)
    if name in CHOICES:
        return str(CHOICES[name].get(str(raw), raw))
    if name == "language":
        return str(LANGUAGES.get(str(raw), raw))
    return f"{raw:,}".replace("-", "−") if isinstance(raw, int) and abs(raw) >= 10_000 else str(raw)


def moment(at: datetime, zone: ZoneInfo) -> str:
    """A point in time; what is the start of a day is that day."""
    local = at.astimezone(zone)
    whole = (local.hour, local.minute, local.second) == (0, 0, 0)
    return (formats.day if whole else formats.date_time)(at, zone, get_language() or "en")


@dataclass(frozen=True, slots=True)
class Names:
    """How the reader calls things: what ``loop/profile/segment_words`` asks for."""

    currency: str
    zone: ZoneInfo

    def event(self, name: str) -> str:
        """The name of an event."""
        return event(name)

    def trait(self, name: str) -> str:
        """The name of a trait."""
        return trait(name)

    def property(self, name: str) -> str:
        """The name of a property of an event."""
        return str(PROPERTIES.get(name, name))

    def value(self, name: str, raw: object) -> str:
        """A value; a moment at the start of a day is that day."""
        if isinstance(raw, datetime):
            return moment(raw, self.zone)
        if isinstance(raw, date):
            return moment(datetime(raw.year, raw.month, raw.day, tzinfo=self.zone), self.zone)
        if name == "campaign":
            from zhiyin.adapters.records.models import Campaign

            return Campaign.objects.filter(key=str(raw)).values_list("name", flat=True).first() or str(raw)
        if name == "purpose":
            return words.purpose(str(raw))
        return value(name, raw, self.currency)

    def segment(self, key: str) -> str:
        """The name of a segment; the key where there is none."""
        from zhiyin.adapters.records.models import Segment

        return Segment.objects.filter(key=key).values_list("name", flat=True).first() or key


def sentence(ws: Workspace, rule: Rule) -> str:
    """A rule as one sentence in the reader's language, without a full stop."""
    return told(segment_words.sentence(rule, names(ws)))


def names(ws: Workspace) -> Names:
    """How readers of this shop call things."""
    return Names(ws.settings.shop.currency, ws.timezone)


def told(text: str) -> str:
    """A text in the reader's language."""
    return spaced(words.tell(text))


def capitalised(ws: Workspace, rule: Rule) -> str:
    """The rule in words, beginning with a capital."""
    return capital(sentence(ws, rule))


def capital(text: str) -> str:
    """A text that begins with a capital."""
    return text[:1].upper() + text[1:]


def spaced(text: str) -> str:
    """A text with a blank between Chinese and Latin letters or digits, but not inside a date.

    >>> spaced("城市为London，3月12日以来2次")
    '城市为 London，3月12日以来 2 次'
    """
    return _SEAM.sub(" ", _GAP.sub("", text))
