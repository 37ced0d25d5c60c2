"""Controls of the builder that offer names: events, traits, properties, segments, campaigns, and any few words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any as Json

from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from zhiyin.domain.event import ORDER_COMPLETED
from zhiyin.entrypoints.console import segment_words, words
from zhiyin.entrypoints.console.segment_controls import Single, number, plain
from zhiyin.entrypoints.console.segment_form import Fields, one
from zhiyin.entrypoints.console.segment_shop import Shop
from zhiyin.entrypoints.console.segment_slot import OTHER, Piece, Slot, options, slotted
from zhiyin.entrypoints.site import current
from zhiyin.loop.profile.parts import REQUIRED
from zhiyin.services import topics

# a flag whose answers have words of their own, by the name of its part
ANSWERS: Mapping[str, Mapping[str, Json]] = {
    "granted": {"true": _("agreed to"), "false": _("refused")},
}


class Choice(Single):
    """One of a few names."""

    __slots__ = ()

    def labels(self, shop: Shop) -> Mapping[str, str]:
        """The choices and what they are called."""
        listed = self.part.kind.schema().get("enum", ())
        return {name: words.name(segment_words.OPTIONS, name) for name in listed}

    def draw(self, fields: Fields, path: str, shop: Shop) -> tuple[Piece, ...]:
        value, labels = self.value(fields), dict(self.labels(shop))
        if not value or self.part.default is None:
            labels = {"": gettext("choose…") if self.part.default is REQUIRED else gettext("any")} | labels
        return slotted(Slot("select", path + self.name, value, self.label, options(labels, value)))


class Flag(Choice):
    """Yes or no."""

    __slots__ = ()

    def labels(self, shop: Shop) -> Mapping[str, str]:
        answers = ANSWERS.get(self.part.name, segment_words.FLAGS)
        return {name: str(label) for name, label in answers.items()}

    def typed(self, fields: Fields, shop: Shop) -> Json:
        return {"true": True, "false": False}.get(self.value(fields))

    def shown(self, value: Json, shop: Shop) -> Fields:
        return {self.name: ("true" if value else "false",)}

    def value(self, fields: Fields) -> str:
        return one(
            fields, self.name, str(self.part.default).lower() if self.part.default in (True, False) else ""
        )


class SegmentKey(Choice):
    """One of the other segments."""

    __slots__ = ()

    def labels(self, shop: Shop) -> Mapping[str, str]:
        return shop.segments


class CampaignKey(Choice):
    """One of the campaigns."""

    __slots__ = ()

    def labels(self, shop: Shop) -> Mapping[str, str]:
        return shop.campaigns


class Named(Choice):
    """One of the usual names, or one that is typed."""

    __slots__ = ()
    first = ""

    def called(self, name: str) -> str:
        """What a name is called that is not among the usual ones."""
        return name

    def typed(self, fields: Fields, shop: Shop) -> Json:
        value = self.value(fields)
        return (one(fields, f"{self.name}_other") if value == OTHER else value) or None

    def value(self, fields: Fields) -> str:
        return one(fields, self.name, self.first)

    def draw(self, fields: Fields, path: str, shop: Shop) -> tuple[Piece, ...]:
        value = self.value(fields)
        labels = {
            **dict(options(self.labels(shop), "" if value == OTHER else value, self.called(value))),
            OTHER: gettext("another…"),
        }
        chosen = Slot("select", path + self.name, value, self.label, tuple(labels.items()), reshapes=True)
        if value != OTHER:
            return slotted(chosen)
        other = f"{self.name}_other"
        return slotted(chosen, Slot("text", path + other, one(fields, other), self.label, width=18))


class EventName(Named):
    """The name of an event."""

    __slots__ = ()
    first = ORDER_COMPLETED

    def labels(self, shop: Shop) -> Mapping[str, str]:
        return {name: segment_words.event(name) for name in segment_words.EVENTS}

    def called(self, name: str) -> str:
        return segment_words.event(name)


class TraitName(Named):
    """The name of a trait."""

    __slots__ = ()
    first = "revenue"

    def labels(self, shop: Shop) -> Mapping[str, str]:
        return {name: segment_words.trait(name) for name in shop.traits}

    def called(self, name: str) -> str:
        return segment_words.trait(name)


class PropertyName(Named):
    """The name of a property of an event."""

    __slots__ = ()

    def labels(self, shop: Shop) -> Mapping[str, str]:
        unfit = self.part.kind.schema().get("not", {}).get("enum", ())
        return {name: self.called(name) for name in segment_words.PROPERTIES if name not in unfit}

    def called(self, name: str) -> str:
        return str(segment_words.PROPERTIES.get(name, name))

    def value(self, fields: Fields) -> str:
        return one(fields, self.name, "amount" if self.part.default is REQUIRED else str(self.part.default))


class Measure(TraitName):
    """The name of a trait with an order."""

    __slots__ = ()

    def labels(self, shop: Shop) -> Mapping[str, str]:
        ordered = [name for name, info in shop.traits.items() if info.kind in ("number", "money", "time")]
        return {name: self.called(name) for name in ordered}


class Word(Named):
    """The name of a channel or a purpose."""

    __slots__ = ()
    known: Mapping[str, Mapping[str, Json]] = {"channel": words.CHANNELS, "purpose": words.PURPOSES}

    def labels(self, shop: Shop) -> Mapping[str, str]:
        found = {name: str(label) for name, label in self.known.get(self.name, {}).items()}
        if self.name == "purpose":
            found |= {row.key: row.noun.name(get_language() or "en") for row in topics.list_(current())}
        return found

    def value(self, fields: Fields) -> str:
        default = next(iter(self.known.get(self.name, {})), "")
        return one(fields, self.name, default if self.part.default is REQUIRED else str(self.part.default))


class Aim(Choice):
    """The highest, the lowest, or a number to be near to."""

    __slots__ = ()

    def typed(self, fields: Fields, shop: Shop) -> Json:
        value = self.value(fields)
        return number(one(fields, f"{self.name}_other")) if value == OTHER else value

    def shown(self, value: Json, shop: Shop) -> Fields:
        if isinstance(value, str):
            return {self.name: (value,)}
        return {self.name: (OTHER,), f"{self.name}_other": (plain(value),)}

    def draw(self, fields: Fields, path: str, shop: Shop) -> tuple[Piece, ...]:
        value, other = self.value(fields), f"{self.name}_other"
        labels = {
            "highest": gettext("highest"),
            "lowest": gettext("lowest"),
            OTHER: gettext("nearest to a number"),
        }
        chosen = Slot("select", path + self.name, value, self.label, options(labels, value), reshapes=True)
        if value != OTHER:
            return slotted(chosen)
        return slotted(chosen, Slot("number", path + other, one(fields, other), self.label, width=6))
