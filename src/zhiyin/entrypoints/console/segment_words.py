"""Rules in words: names of traits and events, and a whole sentence for every kind of condition."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import reduce
from typing import Any as Json

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from zhiyin.domain.feature import FEATURES
from zhiyin.domain.money import display
from zhiyin.domain.segment import All, Any, Did, Not, Rule, Trait
from zhiyin.entrypoints.console import words
from zhiyin.entrypoints.console.segment_form import MONEY

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
    "Unsubscribed",
)

PROPERTIES: Mapping[str, Json] = {"category": _("category"), "item_id": _("item")}

LANGUAGES: Mapping[str, Json] = {"en": "English", "zh-hans": "中文", "zh-Hans": "中文", "zh": "中文"}
FLAGS: Mapping[str, Json] = {"true": _("yes"), "false": _("no")}

CHOICES: Mapping[str, Mapping[str, Json]] = {
    "lifecycle": words.STAGES,
    "rfm_group": words.GROUPS,
    "email_consent": FLAGS,
    "best_weekday": words.WEEKDAYS,
    "main_device": words.DEVICES,
    "main_channel": words.ORIGINS,
}


_SEAM = re.compile(
    r"(?<=[\u4e00-\u9fff])(?<![年月日])(?=[A-Za-z0-9])|(?<=[A-Za-z0-9])(?=[\u4e00-\u9fff])(?![年月日])"
)

_GAP = re.compile(r"(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])")


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
    if name in MONEY and isinstance(raw, int | float):
        return display(raw, currency, whole=raw % 100 == 0)
    if name in CHOICES:
        return str(CHOICES[name].get(str(raw), raw))
    if name == "language":
        return str(LANGUAGES.get(str(raw), raw))
    return f"{raw:,}".replace("-", "−") if isinstance(raw, int) and abs(raw) >= 10_000 else str(raw)


def sentence(rule: Rule, currency: str) -> str:
    """A rule as one sentence in the reader's language, without a full stop."""
    return spaced(_sentence(rule, currency))


def capitalised(rule: Rule, currency: str) -> str:
    """The rule in words, beginning with a capital."""
    words = sentence(rule, currency)
    return words[:1].upper() + words[1:]


def spaced(text: str) -> str:
    """A text with a blank between Chinese and Latin letters or digits, but not inside a date.

    >>> spaced("城市为London，3月12日以来2次")
    '城市为 London，3月12日以来 2 次'
    """
    return _SEAM.sub(" ", _GAP.sub("", text))


def _sentence(rule: Rule, currency: str) -> str:
    match rule:
        case Trait():
            return _trait(rule, currency)
        case Did():
            return _did(rule)
        case Not(Did(at_least=1) as did):
            return _never(did)
        case Not(inner):
            return gettext("not: %(rule)s") % {"rule": _sentence(inner, currency)}
        case All(rules):
            if not rules:
                return gettext("all customers")
            return _joined(gettext("%(one)s, and %(other)s"), rules, currency)
        case Any(rules):
            if not rules:
                return gettext("nobody")
            return _joined(gettext("%(one)s or %(other)s"), rules, currency)


def _joined(template: str, rules: tuple[Rule, ...], currency: str) -> str:
    return reduce(
        lambda one, other: template % {"one": one, "other": other},
        (_sentence(rule, currency) for rule in rules),
    )


def _trait(rule: Trait, currency: str) -> str:
    name = rule.name
    if name == "email_consent" and rule.operator == "is":
        return gettext("may receive e-mail") if rule.value else gettext("may not receive e-mail")
    if isinstance(rule.value, tuple):
        shown = gettext(", ").join(value(name, one, currency) for one in rule.value)
    else:
        shown = value(name, rule.value, currency)
    parts = {"trait": trait(name), "value": shown}
    match rule.operator:
        case "is":
            return gettext("%(trait)s is %(value)s") % parts
        case "is_not":
            return gettext("%(trait)s is not %(value)s") % parts
        case "in":
            return gettext("%(trait)s is one of %(value)s") % parts
        case "not_in":
            return gettext("%(trait)s is none of %(value)s") % parts
        case "at_least":
            return gettext("%(trait)s at least %(value)s") % parts
        case "at_most":
            return gettext("%(trait)s at most %(value)s") % parts
        case "contains":
            return gettext("%(trait)s contains “%(value)s”") % parts
        case "exists":
            known = gettext("%(trait)s is known") if rule.value else gettext("%(trait)s is not known")
            return known % parts
        case _:
            days = int(rule.value) if isinstance(rule.value, int) else 0
            template = ngettext(
                "%(trait)s within the last %(days)s day", "%(trait)s within the last %(days)s days", days
            )
            return template % {**parts, "days": days}


def _did(rule: Did) -> str:
    parts = {"event": event(rule.event), "times": rule.at_least, "days": rule.within_days}
    if rule.within_days is None:
        text = ngettext(
            "did %(event)s at least %(times)s time", "did %(event)s at least %(times)s times", rule.at_least
        )
    elif rule.at_least == 1:
        text = ngettext(
            "did %(event)s within %(days)s day", "did %(event)s within %(days)s days", rule.within_days
        )
    else:
        text = ngettext(
            "did %(event)s at least %(times)s times within %(days)s day",
            "did %(event)s at least %(times)s times within %(days)s days",
            rule.within_days,
        )
    return _where(text % parts, rule)


def _never(rule: Did) -> str:
    parts = {"event": event(rule.event), "days": rule.within_days}
    if rule.within_days is None:
        return _where(gettext("never did %(event)s") % parts, rule)
    text = ngettext(
        "did not %(event)s within %(days)s day", "did not %(event)s within %(days)s days", rule.within_days
    )
    return _where(text % parts, rule)


def _where(text: str, rule: Did) -> str:
    for name, wanted in rule.where:
        template = gettext("%(condition)s, where %(property)s is %(value)s")
        parts = {"condition": text, "property": PROPERTIES.get(name, name), "value": wanted}
        text = template % parts
    return text
