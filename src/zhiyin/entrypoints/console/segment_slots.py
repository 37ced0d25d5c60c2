"""Conditions as sentences with slots: the words of one template per language, controls in between."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any as Json

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from zhiyin.entrypoints.console import segment_words as words
from zhiyin.entrypoints.console.segment_form import MONEY, OTHER, Condition, Form, Group
from zhiyin.services.traits import TraitInfo

ICONS = {"did": "shopping-bag", "never": "ban", "trait": "user", "consent": "mail-check"}
PERIODS = (1, 7, 14, 30, 45, 60, 90, 180, 365, 730)

# *words* are strong. Placeholders are slots; each language puts them where they belong.
SENTENCES: Mapping[str, Json] = {
    "did": _("*did* %(event)s at least %(times)s times %(period)s"),
    "never": _("*did not* %(event)s %(period)s"),
    "where": _("where %(property)s is %(value)s"),
    "trait": _("%(trait)s %(operator)s %(value)s"),
    "trait_days": _("%(trait)s %(operator)s %(value)s days"),
    "trait_alone": _("%(trait)s %(operator)s"),
    "consent": _("*may receive* offers by e-mail"),
}

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
    "within": _("is within the last"),
    "exists": _("is known"),
    "missing": _("is not known"),
}
_OF_KIND = {
    "number": ("at_least", "at_most", "more_than", "less_than", "is", "is_not", "exists", "missing"),
    "money": ("at_least", "at_most", "more_than", "less_than", "exists", "missing"),
    "time": ("within", "exists", "missing"),
    "choice": ("is", "is_not", "in", "not_in", "exists", "missing"),
    "flag": ("is", "exists", "missing"),
    "text": ("is", "is_not", "in", "not_in", "contains", "starts", "ends", "exists", "missing"),
}


@dataclass(frozen=True, slots=True)
class Slot:
    """A control inside a sentence."""

    control: str  # select | number | text | chips
    name: str
    value: str = ""
    label: str = ""
    options: tuple[tuple[str, str], ...] = ()
    chips: tuple[tuple[str, str], ...] = ()
    prefix: str = ""
    reshapes: bool = False  # a change alters which slots there are
    width: int = 0  # characters; 0 leaves it to the control

    @property
    def id(self) -> str:
        """Stable across redraws, so that focus stays."""
        return "slot-" + self.name.replace(".", "-")


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of words or one slot."""

    text: str = ""
    strong: bool = False
    slot: Slot | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """What stands beside a condition or group: who is left after it, or that it is not finished."""

    place: str
    left: int | None = None
    unfinished: bool = False

    @property
    def id(self) -> str:
        """The place as part of an element's id."""
        return self.place.replace(".", "-")

    @property
    def index(self) -> str:
        """The number within the part that holds it."""
        return self.place.rpartition(".")[2]

    @property
    def holder(self) -> str:
        """The field that lists the places of the part that holds it."""
        outer = self.place.rpartition(".")[0]
        return f"{outer}.place" if outer else "place"


@dataclass(frozen=True, slots=True)
class Row:
    """One condition ready to draw: its lines of pieces, and its figure."""

    mark: Mark
    kind: str
    icon: str
    lines: tuple[tuple[Piece, ...], ...]
    can_where: bool
    label: str


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the builder: a row, or a group with its rows."""

    mark: Mark
    row: Row | None = None
    match: str = ""
    rows: tuple[Row, ...] = ()


def draw(
    form: Form,
    traits: Iterable[TraitInfo],
    currency: str,
    left: Mapping[str, int],
    unfinished: Container[str],
) -> list[Part]:
    """The parts of a form, ready for the template. ``left`` and ``unfinished`` go by place."""
    known = {info.name: info for info in traits}

    def mark(place: str) -> Mark:
        return Mark(place, left.get(place), place in unfinished)

    parts = []
    for index, part in enumerate(form.parts):
        place = str(index)
        if isinstance(part, Group):
            rows = tuple(
                _row(c, mark(f"{place}.{n}"), known, currency) for n, c in enumerate(part.conditions)
            )
            parts.append(Part(mark(place), match=part.match, rows=rows))
        else:
            parts.append(Part(mark(place), row=_row(part, mark(place), known, currency)))
    return parts


def marks(parts: Iterable[Part]) -> list[Mark]:
    """The figures of all conditions and groups, to refresh them without touching what is being typed."""
    return [mark for part in parts for mark in (part.mark, *(row.mark for row in part.rows))]


def _row(condition: Condition, mark: Mark, known: Mapping[str, TraitInfo], currency: str) -> Row:
    place = mark.place
    if condition.kind in ("did", "never"):
        lines = [_pieces(condition.kind, _event_slots(condition, place))]
        lines += [_pieces("where", _where_slots(name, value, place)) for name, value in condition.where]
    elif condition.kind == "consent":
        lines = [_pieces("consent", {})]
    else:
        lines = [_trait_line(condition, place, known, currency)]
    return Row(
        mark,
        condition.kind,
        ICONS.get(condition.kind, "user"),
        tuple(lines),
        can_where=condition.kind in ("did", "never"),
        label=gettext("Condition %(place)s") % {"place": _spoken(place)},
    )


def _spoken(place: str) -> str:
    return ".".join(str(int(n) + 1) for n in place.split("."))


def _pieces(sentence: str, slots: Mapping[str, tuple[Slot, ...]]) -> tuple[Piece, ...]:
    """The sentence cut at its slots and at its strong words."""
    pieces: list[Piece] = []
    for part in re.split(r"(%\(\w+\)s|\*[^*]+\*)", str(SENTENCES[sentence])):
        if part.startswith("%("):
            pieces += [Piece(slot=slot) for slot in slots.get(part[2:-2], ())]
        elif part.startswith("*"):
            pieces.append(Piece(part.strip("*"), strong=True))
        elif part.strip():
            pieces.append(Piece(part.strip()))
    return tuple(pieces)


def _event_slots(condition: Condition, place: str) -> dict[str, tuple[Slot, ...]]:
    events = _options({name: words.event(name) for name in words.EVENTS}, condition.event)
    period = [
        Slot(
            "select",
            f"{place}.days",
            condition.days,
            gettext("Period"),
            _options(_periods(), condition.days, _period),
            reshapes=True,
        )
    ]
    if condition.days == OTHER:
        period.append(Slot("number", f"{place}.days_other", condition.days_other, gettext("Days"), width=5))
        period.append(Slot("words", "", gettext("days")))
    return {
        "event": (Slot("select", f"{place}.event", condition.event, gettext("Event"), events),),
        "times": (Slot("number", f"{place}.times", condition.times, gettext("Times"), width=3),),
        "period": tuple(period),
    }


def _where_slots(name: str, value: str, place: str) -> dict[str, tuple[Slot, ...]]:
    options = _options({key: str(label) for key, label in words.PROPERTIES.items()}, name)
    return {
        "property": (Slot("select", f"{place}.where_name", name, gettext("Property"), options),),
        "value": (Slot("text", f"{place}.where_value", value, gettext("Value"), width=14),),
    }


def _trait_line(
    condition: Condition, place: str, known: Mapping[str, TraitInfo], currency: str
) -> tuple[Piece, ...]:
    info = known.get(condition.trait) or TraitInfo(condition.trait, "text", ())
    traits = _options({name: words.trait(name) for name in known}, condition.trait)
    operators = _options({name: str(OPERATORS[name]) for name in _OF_KIND[info.kind]}, condition.operator)
    slots = {
        "trait": (
            Slot("select", f"{place}.trait", condition.trait, gettext("Trait"), traits, reshapes=True),
        ),
        "operator": (
            Slot(
                "select",
                f"{place}.operator",
                condition.operator,
                gettext("Comparison"),
                operators,
                reshapes=True,
            ),
        ),
        "value": (_value_slot(condition, place, info, currency),),
    }
    if condition.operator in ("exists", "missing"):
        return _pieces("trait_alone", slots)
    return _pieces("trait_days" if condition.operator == "within" else "trait", slots)


def _value_slot(condition: Condition, place: str, info: TraitInfo, currency: str) -> Slot:
    name, label = f"{place}.value", gettext("Value")
    first = condition.values[0] if condition.values else ""
    labels = {value: words.value(info.name, value, currency) for value in info.values}
    if condition.operator in ("in", "not_in"):
        chips = tuple((value, labels.get(value, value)) for value in condition.values)
        left = tuple((value, text) for value, text in labels.items() if value not in condition.values)
        return Slot("chips", name, "", label, left, chips)
    if info.kind in ("choice", "flag") and condition.operator != "contains":
        return Slot("select", name, first, label, (("", gettext("choose…")), *_options(labels, first)))
    if info.kind == "number" or condition.operator == "within":
        return Slot("number", name, first, label, width=6)
    if info.name in MONEY:
        return Slot("text", name, first, label, prefix=currency, width=8)
    return Slot("text", name, first, label, tuple(labels.items()), width=14)


def _options(labels: Mapping[str, str], current: str, label: Json = str) -> tuple[tuple[str, str], ...]:
    """The choices, with the current value added where it is not among them: a rule never loses a value."""
    options = tuple(labels.items())
    return options if current in labels or not current else (*options, (current, label(current)))


def _periods() -> dict[str, str]:
    return {
        "": gettext("at any time"),
        **{str(days): _period(str(days)) for days in PERIODS},
        OTHER: gettext("within other days…"),
    }


def _period(days: str) -> str:
    number = int(days) if days.isdigit() else 0
    if number in (180, 365, 730):
        months = {180: 6, 365: 12, 730: 24}[number]
        return gettext("within %(months)s months") % {"months": months}
    return ngettext("within %(days)s day", "within %(days)s days", number) % {"days": number}


def first_operator(info: TraitInfo | None) -> str:
    """What a fresh condition on a trait compares by.

    >>> first_operator(TraitInfo("orders", "number", ()))
    'at_least'
    """
    return _OF_KIND[info.kind][0] if info else "is"


def settle(form: Form, traits: Iterable[TraitInfo]) -> Form:
    """The form after a trait was changed: an operator that does not fit the new trait gives way to the
    trait's first, and values of the old trait are emptied."""
    known = {info.name: info for info in traits}

    def fit(condition: Condition) -> Condition:
        info = known.get(condition.trait)
        if condition.kind != "trait" or info is None:
            return condition
        if condition.operator in _OF_KIND[info.kind]:
            stays = info.kind not in ("choice", "flag") or set(condition.values) <= set(info.values)
            return condition if stays else replace(condition, values=())
        return replace(condition, operator=first_operator(info), values=())

    return replace(
        form,
        parts=tuple(
            replace(part, conditions=tuple(fit(c) for c in part.conditions))
            if isinstance(part, Group)
            else fit(part)
            for part in form.parts
        ),
    )
