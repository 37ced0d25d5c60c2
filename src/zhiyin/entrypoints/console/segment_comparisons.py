"""A comparison in the builder: of a trait, or of a property of an event. The subject decides which comparisons
there are, and both decide what stands for the value."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any as Json

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from zhiyin.domain.money import SYMBOLS
from zhiyin.entrypoints.console import segment_controls as controls
from zhiyin.entrypoints.console import segment_times as times
from zhiyin.entrypoints.console import segment_words as words
from zhiyin.entrypoints.console.segment_controls import Unfinished
from zhiyin.entrypoints.console.segment_form import Fields, literal, many, one
from zhiyin.entrypoints.console.segment_shop import Shop
from zhiyin.entrypoints.console.segment_slot import OTHER, Adder, Line, Piece, Slot, cut, options, slotted
from zhiyin.loop.profile import comparison
from zhiyin.loop.profile.comparison import EQUALITY, LETTERS, ORDER, TIMES, property_kind, trait_kind
from zhiyin.services.traits import TraitInfo

OPERATORS: Mapping[str, Json] = {
    "is": _("is"),
    "is_not": _("is not"),
    "in": _("is one of"),
    "not_in": _("is none of"),
    "at_least": _("is at least"),
    "at_most": _("is at most"),
    "more_than": _("is more than"),
    "less_than": _("is less than"),
    "contains": _("contains"),
    "starts": _("begins with"),
    "ends": _("ends with"),
    "has": _("has in its list"),
    "within": _("is within the last"),
    "before": _("is before"),
    "after": _("is on or after"),
    "exists": _("is known"),
    "missing": _("is not known"),
}
SEVERAL, ALONE = ("in", "not_in"), ("exists", "missing")
# what comes first, by what a subject holds; the others that apply to it follow
_FIRST = {
    "number": (*ORDER, *EQUALITY),
    "money": (*ORDER, *EQUALITY),
    "time": TIMES,
    "choice": EQUALITY,
    "flag": ("is",),
    "text": (*EQUALITY, *LETTERS),
}
SENTENCE = _("{subject} {operator} {value}")


@dataclass(frozen=True, slots=True)
class Comparison:
    """The control of one comparison. ``subject`` is ``trait`` or ``property``: the field with its name."""

    subject: str

    def read(self, fields: Fields, shop: Shop) -> dict[str, Json]:
        name, operator = self._name(fields), self._operator(fields, shop)
        if not name:
            raise Unfinished
        if operator in ALONE:
            return {self.subject: name, "exists": operator == "exists"}
        fields = self._settled(fields)
        info, kind = self._info(name, shop), self._kind(name)
        value: Json
        if operator in SEVERAL:
            value = self._several(fields, info, kind, shop)
        elif operator == "within":
            value = times.span(fields, "value")
        elif operator in TIMES:
            value = times.local_time(one(fields, "value"))
        else:
            text = self._single(fields)
            value = (
                None if text == "" else self._meant(text, _natural(fields, operator, info, kind), info, shop)
            )
        if value in (None, []):
            raise Unfinished
        return {self.subject: name, operator: value}

    def show(self, form: Mapping[str, Json], shop: Shop) -> Fields:
        name = str(form[self.subject])
        ((operator, value),) = ((key, one) for key, one in form.items() if key != self.subject)
        info, kind = self._info(name, shop), self._kind(name)
        fields: dict[str, tuple[str, ...]] = {self.subject: (name,), f"{self.subject}_was": (name,)}
        if operator == "exists":
            return {**fields, "operator": ("exists" if value else "missing",)}
        fields["operator"] = (operator,)
        if operator in SEVERAL:
            return {**fields, "values": tuple(literal(one) for one in value)}
        if operator == "within":
            return {**fields, **times.spanned(value, "value")}
        if operator in TIMES:
            shown = value if kind == "stated" else times.local(value, shop)
            return {**fields, "value": (shown,)}
        if _type(value) != _natural({}, operator, info, kind):
            fields["value_as"] = (_type(value),)
        return {**fields, "value": (_text(value, info, shop),)}

    def draw(self, fields: Fields, path: str, shop: Shop) -> tuple[Piece, ...]:
        fields = self._settled(fields)
        name, operator = self._name(fields), self._operator(fields, shop)
        info, kind = self._info(name, shop), self._kind(name)
        offered = {one: str(OPERATORS[one]) for one in _offered(info, kind)}
        chosen = Slot(
            "select",
            f"{path}operator",
            operator,
            gettext("Comparison"),
            tuple(offered.items()),
            reshapes=True,
        )
        value = () if operator in ALONE else self._value(fields, path, operator, shop)
        slots = {"subject": self._subject(fields, path, shop), "operator": slotted(chosen), "value": value}
        return cut(str(SENTENCE), slots)

    def lines(self, fields: Fields, path: str, shop: Shop) -> tuple[Line, ...]:
        return ()

    def adder(self, fields: Fields, path: str) -> Adder | None:
        return None

    # --- the subject

    def _labels(self, shop: Shop) -> dict[str, str]:
        names = shop.traits if self.subject == "trait" else words.PROPERTIES
        return {name: self._called(name) for name in names}

    def _called(self, name: str) -> str:
        return words.trait(name) if self.subject == "trait" else str(words.PROPERTIES.get(name, name))

    def _chosen(self, fields: Fields) -> str:
        return one(fields, self.subject, "lifecycle" if self.subject == "trait" else "category")

    def _name(self, fields: Fields) -> str:
        chosen = self._chosen(fields)
        return one(fields, f"{self.subject}_other") if chosen == OTHER else chosen

    def _subject(self, fields: Fields, path: str, shop: Shop) -> tuple[Piece, ...]:
        chosen, label = (
            self._chosen(fields),
            gettext("Trait") if self.subject == "trait" else gettext("Property"),
        )
        labels = dict(options(self._labels(shop), "" if chosen == OTHER else chosen, self._called(chosen)))
        labels[OTHER] = gettext("another…")
        slots = [
            Slot("hidden", f"{path}{self.subject}_was", self._name(fields)),
            Slot("select", path + self.subject, chosen, label, tuple(labels.items()), reshapes=True),
        ]
        if chosen == OTHER:
            other = f"{self.subject}_other"
            slots.append(Slot("text", path + other, one(fields, other), label, width=14))
        return slotted(*slots)

    def _kind(self, name: str) -> comparison.Kind:
        return trait_kind(name) if self.subject == "trait" else property_kind(name)

    def _info(self, name: str, shop: Shop) -> TraitInfo:
        if self.subject == "trait":
            return shop.trait(name)
        return TraitInfo(name, "money" if name == "amount" else "text")

    def _settled(self, fields: Fields) -> Fields:
        """The fields without the value of another subject, which was there before it was changed."""
        was = one(fields, f"{self.subject}_was", self._name(fields))
        if was == self._name(fields):
            return fields
        return {key: value for key, value in fields.items() if not key.startswith("value")}

    def _operator(self, fields: Fields, shop: Shop) -> str:
        """The comparison that was chosen, if it applies to the subject."""
        name = self._name(fields)
        offered = _offered(self._info(name, shop), self._kind(name))
        chosen = one(fields, "operator")
        return chosen if chosen in offered else offered[0]

    # --- the value

    def _single(self, fields: Fields) -> str:
        """One value; the first of a list where the comparison had one before."""
        kept = [_text(_loaded(one), None, None) for one in many(fields, "values")]
        return one(fields, "value") or (kept[0] if kept else "")

    def _several(self, fields: Fields, info: TraitInfo, kind: str, shop: Shop) -> list[Json]:
        natural = _natural({}, "in", info, kind)
        kept = [_loaded(one) for one in many(fields, "values")]
        typed = [self._meant(text, natural, info, shop) for text in _split(one(fields, "value"))]
        found: dict[tuple[type, Json], Json] = {(type(one), one): one for one in (*kept, *typed)}
        return list(found.values())

    def _meant(self, text: str, natural: str, info: TraitInfo, shop: Shop) -> Json:
        """The value that a text means, by the type that is natural there."""
        if natural == "flag" and text in ("true", "false"):
            return text == "true"
        if natural != "number":
            return text
        if info.kind == "money":
            return controls.amount(text, shop.currency)
        return controls.number(text)

    def _value(self, fields: Fields, path: str, operator: str, shop: Shop) -> tuple[Piece, ...]:
        name, label = self._name(fields), gettext("Value")
        info, kind = self._info(name, shop), self._kind(name)
        usual = info.values or (("true", "false") if info.kind == "flag" else ())
        labels = {value: words.value(name, value, shop.currency) for value in usual}
        if operator in SEVERAL:
            return slotted(self._chips(fields, path, labels, info, kind, shop))
        if operator == "within":
            return times.span_slots(fields, path, "value", label, "dw" if kind == "stated" else "mhdw")
        if operator in TIMES:
            control = "date" if kind == "stated" else "datetime-local"
            return slotted(Slot(control, f"{path}value", one(fields, "value"), label))
        value = self._single(fields)
        hidden = one(fields, "value_as")
        typed_as = (Slot("hidden", f"{path}value_as", hidden),) if hidden else ()
        if info.kind in ("choice", "flag") and operator in EQUALITY:
            choices = {"": gettext("choose…"), **labels}
            chosen = Slot("select", f"{path}value", value, label, options(choices, value))
            return slotted(*typed_as, chosen)
        numeric = operator in ORDER or info.kind in ("number", "money")
        return slotted(
            *typed_as,
            Slot(
                "number" if numeric else "text",
                f"{path}value",
                value,
                label,
                () if numeric or operator in LETTERS else tuple(labels.items()),
                prefix=SYMBOLS.get(shop.currency, shop.currency) if info.kind == "money" else "",
                width=6 if numeric else 14,
            ),
        )

    def _chips(
        self,
        fields: Fields,
        path: str,
        labels: Mapping[str, str],
        info: TraitInfo,
        kind: str,
        shop: Shop,
    ) -> Slot:
        try:
            values = self._several(fields, info, kind, shop)
        except Unfinished:  # what was typed last cannot be read; the others stay
            values = self._several({**fields, "value": ()}, info, kind, shop)
        chips = tuple((literal(one), labels.get(str(one)) or _text(one, info, shop)) for one in values)
        left = tuple((value, text) for value, text in labels.items() if value not in map(str, values))
        return Slot("chips", f"{path}value", "", gettext("Value"), left, chips)


def _offered(info: TraitInfo, kind: comparison.Kind) -> tuple[str, ...]:
    """The comparisons that apply, the usual ones first, whether it is known last."""
    applying = [one for one in comparison.OPERATORS[kind] if one != "exists"]
    first = [one for one in _FIRST[info.kind] if one in applying]
    known = ALONE if "exists" in comparison.OPERATORS[kind] else ()
    return (*first, *(one for one in applying if one not in first), *known)


def _natural(fields: Fields, operator: str, info: TraitInfo, kind: str) -> str:
    """The type that a value has unless its field says otherwise: number, flag or text."""
    if operator in LETTERS or kind in ("text", "line"):
        return "text"
    if operator in ORDER or kind == "number":
        return "number"
    return one(fields, "value_as") or {"number": "number", "money": "number", "flag": "flag"}.get(
        info.kind, "text"
    )


def _type(value: Json) -> str:
    if isinstance(value, bool):
        return "flag"
    return "text" if isinstance(value, str) else "number"


def _text(value: Json, info: TraitInfo | None, shop: Shop | None) -> str:
    """A value as one would type it: amounts in major units."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if info is not None and shop is not None and info.kind == "money":
        return controls.major(value, shop.currency)
    return controls.plain(value)


def _loaded(kept: str) -> Json:
    """A value of a list as its field carries it; what is none of ours is a text."""
    try:
        value = json.loads(kept)
    except ValueError:
        return kept
    return value if isinstance(value, str | int | float | bool) else kept


def _split(text: str) -> list[str]:
    for mark in "，、;；\n":
        text = text.replace(mark, ",")
    return [part.strip() for part in text.split(",") if part.strip()]
