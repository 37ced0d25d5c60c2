"""Every kind of condition in the builder: its sentences, and the controls that stand in their slots.

All of it follows from what the kind declares (``SENTENCES``, ``PARTS``), so that a new kind is offered, shown and
read without a line here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any as Json

from django.utils.translation import gettext

from zhiyin.domain.errors import BadRule
from zhiyin.domain.segment import Not, Rule
from zhiyin.domain.text import Text
from zhiyin.entrypoints.console import segment_bounds, segment_windows, words
from zhiyin.entrypoints.console import segment_choices as choices
from zhiyin.entrypoints.console import segment_controls as controls
from zhiyin.entrypoints.console import segment_times as times
from zhiyin.entrypoints.console.segment_comparisons import Comparison
from zhiyin.entrypoints.console.segment_controls import Control, Unfinished
from zhiyin.entrypoints.console.segment_filters import Filters, Steps, with_adder
from zhiyin.entrypoints.console.segment_form import Condition
from zhiyin.entrypoints.console.segment_shop import Shop
from zhiyin.entrypoints.console.segment_slot import Line, cut
from zhiyin.loop.profile.conditions import CONDITIONS
from zhiyin.loop.profile.parts import Part
from zhiyin.loop.profile.sentences import GROUPS, SEGMENTS, Sentence

# by the name of a part's kind
CONTROLS: Mapping[str, Callable[[Part, str], Control]] = {
    "event": choices.EventName,
    "trait": choices.TraitName,
    "measure": choices.Measure,
    "property": choices.PropertyName,
    "segment": choices.SegmentKey,
    "campaign": choices.CampaignKey,
    "word": choices.Word,
    "aim": choices.Aim,
    "choice": choices.Choice,
    "flag": choices.Flag,
    "duration": times.Duration,
    "moment": times.Moment,
    "day": times.Day,
    "whole": controls.Number,
    "number": controls.Number,
    "percent": controls.Percent,
    "text": controls.Single,
    "phrase": controls.Single,
    "steps": Steps,
    "filters": lambda part, key: Filters(key),
}
# by the type of a part's JSON Schema, for kinds without a control of their own
_BY_TYPE: Mapping[str, type[controls.Single]] = {
    "string": controls.Single,
    "integer": controls.Number,
    "number": controls.Number,
    "boolean": choices.Flag,
}


@dataclass(frozen=True, slots=True)
class Offer:
    """A line of the menu that adds conditions."""

    token: str
    title: str
    icon: str


@dataclass(frozen=True, slots=True)
class Offers:
    """A group of the menu."""

    title: str
    offers: tuple[Offer, ...]


def menu() -> tuple[Offers, ...]:
    """What can be added, in groups."""
    found: dict[Text, list[Offer]] = {group: [] for group in GROUPS}
    for kind in CONDITIONS:
        for sentence in sentences(kind):
            token = Condition(kind, "!" if sentence.negated else "").token
            offer = Offer(token, words.tell(sentence.title), sentence.icon)
            found.setdefault(sentence.group, []).append(offer)
    return tuple(Offers(words.tell(group), tuple(offers)) for group, offers in found.items() if offers)


@cache
def sentences(kind: str) -> tuple[Sentence, ...]:
    """How a kind is said: as it declares, else by its name with all its parts in a row."""
    declared = CONDITIONS[kind].SENTENCES
    if declared:
        return declared
    text = " ".join((f"*{kind}*", *(f"{{{slot}}}" for slot in slots(kind))))
    return (Sentence(Text(text, {}), Text(kind, {}), SEGMENTS),)


def sentence(condition: Condition) -> Sentence | None:
    """The sentence of a condition; None where its kind or its opposite has none."""
    if condition.kind not in CONDITIONS:
        return None
    opposite = condition.sign == "!"
    return next((one for one in sentences(condition.kind) if one.negated == opposite), None)


@cache
def slots(kind: str) -> Mapping[str, Control]:
    """The controls of a kind by the names of their slots, in the order of its parts."""
    declared = CONDITIONS[kind].PARTS
    if not declared:  # a trait is compared, not called
        return {kind: Comparison(kind)}
    parts = {part.name: part for part in declared}
    found: dict[str, Control] = {}
    for name, part in parts.items():
        if name in segment_windows.NAMES and parts.keys() >= set(segment_windows.NAMES):
            found["window"] = segment_windows.Window()
        elif name in segment_bounds.NAMES and parts.keys() >= set(segment_bounds.NAMES):
            found["bounds"] = segment_bounds.Bounds(parts["at_least"], parts["at_most"], parts.get("of"))
        else:
            found[name] = _control(part, kind if part.head else name)
    return found


def _control(part: Part, key: str) -> Control:
    shape = part.kind.schema()
    by_shape = choices.Choice if "enum" in shape else _BY_TYPE.get(str(shape.get("type")), controls.Single)
    return CONTROLS.get(part.kind.name, by_shape)(part, key)


# --- one condition --------------------------------------------------------------------------------------


def rule_of(condition: Condition, shop: Shop) -> Rule:
    """The rule of a condition. Raises ``Unfinished``."""
    said, kind = sentence(condition), CONDITIONS.get(condition.kind)
    if said is None or kind is None:
        raise Unfinished
    form: dict[str, Json] = {}
    for control in _said(condition, said).values():
        form |= control.read(condition.fields, shop)
    try:
        rule = kind.read(form, gettext("Condition"), shop.zone)
    except BadRule as error:
        raise Unfinished(words.tell(error.what)) from error
    return Not(rule) if condition.sign else rule


def shown(kind: str, form: Mapping[str, Json], shop: Shop, sign: str = "") -> Condition:
    """The condition that shows a JSON form as well as its sentence can; ``rule_of`` tells whether that is all."""
    fields: dict[str, tuple[str, ...]] = {}
    for control in slots(kind).values():
        fields |= control.show(form, shop)
    return Condition(kind, sign, fields)


def lines(condition: Condition, path: str, shop: Shop) -> tuple[Line, ...]:
    """The sentence of a condition with its slots, and the rows below it."""
    said = sentence(condition)
    if said is None:
        return ()
    known = _said(condition, said)
    drawn = {name: control.draw(condition.fields, path, shop) for name, control in known.items()}
    told = cut(gettext(said.text.template), drawn)
    if condition.sign == "!!":
        told = cut(gettext("*not:* {sentence}"), {"sentence": told})
    found = [Line(told)]
    for control in known.values():
        found += control.lines(condition.fields, path, shop)
        found[-1] = with_adder(found[-1], control.adder(condition.fields, path))
    return tuple(found)


def _said(condition: Condition, said: Sentence) -> Mapping[str, Control]:
    """The controls that the sentence has slots for, and those of the rows below it."""
    return {
        name: control
        for name, control in slots(condition.kind).items()
        if f"{{{name}}}" in said.text.template or isinstance(control, Filters | Steps)
    }
